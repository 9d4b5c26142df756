//! The limits of a server (RFC 9422).

/// The limits that a server names in its reply to EHLO (RFC 9422 section 4). `None` means that the server
/// does not name the limit; it may have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Limits {
    /// Mails in a session (`MAILMAX`).
    pub mails: Option<u32>,
    /// Recipients of a mail (`RCPTMAX`).
    pub recipients: Option<u32>,
    /// Domains among the recipients of all mails of a session (`RCPTDOMAINMAX`).
    pub domains: Option<u32>,
}

impl Limits {
    /// Reads the words after LIMITS. An unknown or malformed limit is ignored (RFC 9422 section 3). If a
    /// limit occurs twice, the smaller one applies.
    pub(super) fn add<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for (name, value) in words.filter_map(|word| word.split_once('=')) {
            let limit = match name.to_ascii_uppercase().as_str() {
                "MAILMAX" => &mut self.mails,
                "RCPTMAX" => &mut self.recipients,
                "RCPTDOMAINMAX" => &mut self.domains,
                _ => continue,
            };
            *limit = [*limit, number(value)].into_iter().flatten().min();
        }
    }
}

/// One to six digits. The first is not 0.
fn number(value: &str) -> Option<u32> {
    let digits = value.bytes().all(|octet| octet.is_ascii_digit());
    if !digits || value.len() > 6 || value.starts_with('0') {
        return None;
    }
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_what_is_odd_is_left_out() {
        for (words, mails, recipients, domains) in [
            ("MAILMAX=20 RCPTMAX=100 RCPTDOMAINMAX=1", 20, 100, 1),
            ("rcptmax=5", 0, 5, 0),
            ("RCPTMAX=5 RCPTMAX=3 RCPTMAX=9", 0, 3, 0),
            ("RCPTMAX=999999", 0, 999_999, 0),
            ("RCPTMAX=1000000", 0, 0, 0),
            ("RCPTMAX=0 MAILMAX=007 RCPTDOMAINMAX=", 0, 0, 0),
            ("RCPTMAX=+5 MAILMAX=-1 RCPTDOMAINMAX=x", 0, 0, 0),
            ("RCPTMAX = 5", 0, 0, 0),
            ("RCPTMAX MAILMAX=3 FOO=2", 3, 0, 0),
            ("", 0, 0, 0),
        ] {
            let mut limits = Limits::default();
            limits.add(words.split_ascii_whitespace());
            let expected = Limits {
                mails: Some(mails).filter(|most| *most > 0),
                recipients: Some(recipients).filter(|most| *most > 0),
                domains: Some(domains).filter(|most| *most > 0),
            };
            assert_eq!(limits, expected, "{words}");
        }
    }
}
