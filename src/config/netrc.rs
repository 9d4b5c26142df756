//! Passwords in the format of netrc(5), which ftp and curl read.

use zeroize::Zeroizing;

/// The password for this host and user: that of the first entry `machine HOST` or `default` with it. An
/// entry without a `login` is for every user.
pub(super) fn password(text: &[u8], host: &str, user: Option<&str>) -> Option<Zeroizing<Vec<u8>>> {
    let mut words = Words(text);
    let mut entry = Entry::default();
    loop {
        let word = words.next();
        if matches!(word, None | Some(b"machine" | b"default"))
            && entry.is_for(user)
            && let Some(found) = entry.password
        {
            return Some(Zeroizing::new(found.to_vec()));
        }
        match word? {
            b"machine" => {
                let is_host = words.next()?.eq_ignore_ascii_case(host.as_bytes());
                entry = Entry {
                    is_host,
                    ..Entry::default()
                };
            }
            b"default" => {
                entry = Entry {
                    is_host: true,
                    ..Entry::default()
                };
            }
            b"login" => entry.login = words.next(),
            b"password" => entry.password = words.next(),
            b"account" => {
                words.next();
            }
            b"macdef" => words.skip_macro(),
            _ => {}
        }
    }
}

#[derive(Default)]
struct Entry<'a> {
    is_host: bool,
    login: Option<&'a [u8]>,
    password: Option<&'a [u8]>,
}

impl Entry<'_> {
    fn is_for(&self, user: Option<&str>) -> bool {
        let is_user = |login: &[u8]| user.is_none_or(|user| user.as_bytes() == login);
        self.is_host && self.login.is_none_or(is_user)
    }
}

/// Words with white space between them. A word may be in quotation marks, and a line that begins with
/// `#` is a comment.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            self.0 = self.0.trim_ascii_start();
            if !self.0.starts_with(b"#") {
                break;
            }
            self.until(|octet| octet == b'\n');
        }
        if let Some(quoted) = self.0.strip_prefix(b"\"") {
            self.0 = quoted;
            return Some(self.until(|octet| octet == b'"'));
        }
        let word = self.until(|octet| octet.is_ascii_whitespace());
        (!word.is_empty()).then_some(word)
    }

    /// What is before such an octet, which is left out.
    fn until(&mut self, is_end: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|octet| is_end(*octet));
        let (before, after) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = after.get(1..).unwrap_or_default();
        before
    }

    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        while !self.0.is_empty() && !self.until(|octet| octet == b'\n').trim_ascii().is_empty() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        const FILE: &str = "# mine\nmachine a.test login me password one\n\
            machine a.test\n\tlogin you\n\tpassword \"two words\"\n\
            macdef init\nmachine b.test password no\n\nmachine c.test password three account x\n";
        for (text, host, user, expected) in [
            (FILE, "a.test", Some("me"), Some("one")),
            (FILE, "A.TEST", Some("me"), Some("one")),
            (FILE, "a.test", None, Some("one")),
            (FILE, "a.test", Some("you"), Some("two words")),
            (FILE, "a.test", Some("eve"), None),
            (FILE, "b.test", None, None),
            (FILE, "c.test", Some("me"), Some("three")),
            (
                "default login me password p",
                "x.test",
                Some("me"),
                Some("p"),
            ),
            ("default login me password p", "x.test", Some("you"), None),
            ("machine x.test", "x.test", None, None),
            ("machine x.test password", "x.test", None, None),
            ("machine", "x.test", None, None),
            ("", "x.test", None, None),
        ] {
            let found = password(text.as_bytes(), host, user);
            let expected = expected.map(str::as_bytes);
            assert_eq!(
                found.as_deref().map(Vec::as_slice),
                expected,
                "{host} {user:?}"
            );
        }
    }
}
