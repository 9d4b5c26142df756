//! What a server offers in its reply to EHLO (RFC 5321 section 4.1.1.1).

use super::auth::Mechanism;
use super::reply::Reply;

/// An extension that this client makes use of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// STARTTLS (RFC 3207).
    StartTls,
    /// PIPELINING (RFC 2920).
    Pipelining,
    /// SIZE (RFC 1870): a message's size may be declared.
    Size,
    /// 8BITMIME (RFC 6152): a message may have octets over 127.
    EightBitMime,
    /// SMTPUTF8 (RFC 6531).
    SmtpUtf8,
    /// CHUNKING (RFC 3030): a message may go by BDAT.
    Chunking,
    /// BINARYMIME (RFC 3030): a message that goes by BDAT may have octets of any kind.
    BinaryMime,
    /// AUTH (RFC 4954), be it with mechanisms unknown here.
    Auth,
}

/// The extensions that a server offers in the present state of the session.
///
/// What was learnt before STARTTLS is worth nothing after it (RFC 3207 section 4.2): the
/// session takes a new list then. Keywords are read without regard to case; what is not
/// known is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    offered: Vec<Extension>,
    size_limit: Option<u64>,
    mechanisms: Vec<Mechanism>,
}

impl Extensions {
    /// Reads the reply to EHLO. Its first line is a greeting.
    #[must_use]
    pub fn from_ehlo(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines().iter().skip(1) {
            extensions.add_line(line);
        }
        extensions
    }

    /// Whether the server offers this.
    #[must_use]
    pub fn offers(&self, extension: Extension) -> bool {
        self.offered.contains(&extension)
    }

    /// The largest message that the server takes, in octets, where it names a limit
    /// (RFC 1870 section 4).
    #[must_use]
    pub fn size_limit(&self) -> Option<u64> {
        self.size_limit
    }

    /// The AUTH mechanisms that both sides know, in the order in which the server names them.
    #[must_use]
    pub fn mechanisms(&self) -> &[Mechanism] {
        &self.mechanisms
    }

    fn add_line(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let Some(keyword) = words.next() else { return };
        match keyword.to_ascii_uppercase().as_str() {
            "STARTTLS" => self.add(Extension::StartTls),
            "PIPELINING" => self.add(Extension::Pipelining),
            "8BITMIME" => self.add(Extension::EightBitMime),
            "SMTPUTF8" => self.add(Extension::SmtpUtf8),
            "CHUNKING" => self.add(Extension::Chunking),
            "BINARYMIME" => self.add(Extension::BinaryMime),
            "SIZE" => {
                self.add(Extension::Size);
                // RFC 1870 section 4: zero, or no number, is no limit.
                self.size_limit = words
                    .next()
                    .and_then(|number| number.parse().ok())
                    .filter(|limit| *limit > 0);
            }
            "AUTH" => self.add_mechanisms(words),
            // The form of old servers: AUTH=LOGIN PLAIN.
            other => {
                if let Some(first) = other.strip_prefix("AUTH=") {
                    self.add_mechanisms(std::iter::once(first).chain(words));
                }
            }
        }
    }

    fn add(&mut self, extension: Extension) {
        if !self.offers(extension) {
            self.offered.push(extension);
        }
    }

    fn add_mechanisms<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        self.add(Extension::Auth);
        for mechanism in names.filter_map(Mechanism::from_name) {
            if !self.mechanisms.contains(&mechanism) {
                self.mechanisms.push(mechanism);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::super::ReplyDecoder;
    use super::*;

    fn offered(lines: &[&str]) -> Extensions {
        let (last, others) = lines.split_last().unwrap();
        let mut octets: String = others
            .iter()
            .flat_map(|line| ["250-", line, "\r\n"])
            .collect();
        octets.extend(["250 ", last, "\r\n"]);
        let mut buffer = BytesMut::from(octets.as_bytes());
        Extensions::from_ehlo(
            &ReplyDecoder::default()
                .decode(&mut buffer)
                .unwrap()
                .unwrap(),
        )
    }

    #[test]
    fn gmail_after_starttls() {
        let extensions = offered(&[
            "smtp.gmail.com at your service, [203.0.113.7]",
            "SIZE 35882577",
            "8BITMIME",
            "AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH",
            "ENHANCEDSTATUSCODES",
            "PIPELINING",
            "CHUNKING",
            "SMTPUTF8",
        ]);
        let expected = Extensions {
            offered: vec![
                Extension::Size,
                Extension::EightBitMime,
                Extension::Auth,
                Extension::Pipelining,
                Extension::Chunking,
                Extension::SmtpUtf8,
            ],
            size_limit: Some(35_882_577),
            mechanisms: vec![
                Mechanism::Login,
                Mechanism::Plain,
                Mechanism::XOAuth2,
                Mechanism::OAuthBearer,
            ],
        };
        assert_eq!(extensions, expected);
    }

    #[test]
    fn exchange_online_takes_binary_messages() {
        let extensions = offered(&["x", "8bitmime", "BINARYMIME", "CHUNKING"]);
        let expected = [
            Extension::EightBitMime,
            Extension::BinaryMime,
            Extension::Chunking,
        ];
        assert_eq!(extensions.offered, expected);
    }

    #[test]
    fn the_first_line_is_no_keyword() {
        assert_eq!(offered(&["PIPELINING"]), Extensions::default());
    }

    #[test]
    fn size_limits() {
        for (line, limit) in [
            ("SIZE", None),
            ("SIZE 0", None),
            ("size 10", Some(10)),
            ("SIZE 99999999999999999999", None),
            ("SIZE x", None),
            ("SIZE 9000000000", Some(9_000_000_000)),
        ] {
            let extensions = offered(&["x", line]);
            assert!(extensions.offers(Extension::Size));
            assert_eq!(extensions.size_limit(), limit, "{line}");
        }
    }

    #[test]
    fn mechanisms_in_all_forms() {
        for (lines, expected) in [
            (
                vec!["x", "AUTH PLAIN LOGIN"],
                vec![Mechanism::Plain, Mechanism::Login],
            ),
            (vec!["x", "auth plain"], vec![Mechanism::Plain]),
            (
                vec!["x", "AUTH=LOGIN PLAIN"],
                vec![Mechanism::Login, Mechanism::Plain],
            ),
            (
                vec!["x", "AUTH LOGIN", "AUTH=LOGIN PLAIN"],
                vec![Mechanism::Login, Mechanism::Plain],
            ),
            (vec!["x", "AUTH XOAUTH2 GSSAPI"], vec![Mechanism::XOAuth2]),
        ] {
            let extensions = offered(&lines);
            assert!(extensions.offers(Extension::Auth));
            assert_eq!(extensions.mechanisms(), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_not_a_known_keyword_is_left_out() {
        for line in [
            "",
            "   ",
            "Ok",
            // What some firewalls make of STARTTLS.
            "XXXXXXXA",
            "250 8 BITMIME",
            "PIPELININGS",
            "\u{fffd}",
        ] {
            assert_eq!(offered(&["x", line]), Extensions::default(), "{line:?}");
        }
    }
}
