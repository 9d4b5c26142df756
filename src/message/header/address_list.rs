//! Fields of addresses: From, Sender, Reply-To, To, Cc.

use std::fmt::Write as _;

use super::message_id::is_atext;
use super::writer::Header;
use crate::address::{AddrSpec, Address, Group, Mailbox};
use crate::message::encoding::EncodedWords;

impl Header {
    /// Writes a field of one or more addresses (RFC 5322 section 3.4), folded between them, and
    /// within one only if it is too long for a line.
    pub(crate) fn addresses(&mut self, name: &str, addresses: &[Address]) {
        self.begin(name);
        for (address, comma) in separated(addresses, "") {
            match address {
                Address::Mailbox(mailbox) => self.mailbox(mailbox, comma),
                Address::Group(group) => self.group(group, comma),
            }
        }
        self.end();
    }

    /// Writes a field of one or more mailboxes, in the same way.
    pub(crate) fn mailboxes(&mut self, name: &str, mailboxes: &[Mailbox]) {
        self.begin(name);
        for (mailbox, comma) in separated(mailboxes, "") {
            self.mailbox(mailbox, comma);
        }
        self.end();
    }

    fn group(&mut self, group: &Group, comma: &str) {
        let name = group.name().as_str();
        let end = format!(";{comma}");
        let colon = if group.members().is_empty() {
            format!(":{end}")
        } else {
            ":".to_owned()
        };
        // RFC 2047 section 5 (3): nothing stands right after an encoded word of a phrase.
        let apart = format!(" {colon}");
        match self.phrase(name, &apart) {
            Some(word) if word.ends_with("?=") => self.word(&format!("{word}{apart}")),
            Some(phrase) => self.word(&format!("{phrase}{colon}")),
            None => self.encoded_phrase(name, &apart),
        }
        for (member, comma) in separated(group.members(), &end) {
            self.mailbox(member, comma);
        }
    }

    fn mailbox(&mut self, mailbox: &Mailbox, comma: &str) {
        let addr_spec = mailbox.addr_spec();
        let Some(name) = mailbox.name() else {
            return self.word_of(|out| {
                if is_bare(addr_spec) {
                    addr_spec.write(out)?;
                } else {
                    addr_spec.write_path(out)?;
                }
                out.write_str(comma)
            });
        };
        let address = format!("<{addr_spec}>{comma}");
        let Some(phrase) = self.phrase(name.as_str(), "") else {
            self.encoded_phrase(name.as_str(), "");
            return self.word(&address);
        };
        let len = phrase.len() + 1 + address.len();
        if !self.fits(len) && self.foldable {
            self.fold();
        }
        self.word(&phrase);
        self.word(&address);
    }

    /// A display name as atoms, as a quoted string, or as one encoded word: the first form that readers
    /// decode exactly and that fits on a line with what follows it. `None` if the name needs several
    /// encoded words.
    fn phrase(&self, name: &str, tail: &str) -> Option<String> {
        let room = self.most_room() - tail.len();
        if self.charset.is_clear(name) {
            let phrase = if name.split(' ').all(is_atom) {
                name.to_owned()
            } else {
                quoted(name)
            };
            if phrase.len() <= room {
                return Some(phrase);
            }
        }
        let mut words = EncodedWords::new(name);
        let word = words.next_within(room);
        words.is_empty().then_some(word)
    }

    fn encoded_phrase(&mut self, name: &str, tail: &str) {
        if self.foldable {
            self.fold();
        }
        self.encoded(name, tail);
    }
}

/// The elements of a list, each with what follows it: a comma, or `end` after the last.
pub(super) fn separated<'a, T>(
    all: &'a [T],
    end: &'a str,
) -> impl Iterator<Item = (&'a T, &'a str)> {
    let last = all.len().saturating_sub(1);
    let followed = move |(at, element)| (element, if at == last { end } else { "," });
    all.iter().enumerate().map(followed)
}

/// Whether every reader finds the end of the address without angle brackets. Quoted strings and
/// address literals need them, as they may contain spaces, colons and at signs.
fn is_bare(addr_spec: &AddrSpec) -> bool {
    !addr_spec.domain().is_literal() && !addr_spec.local_part().is_quoted()
}

fn is_atom(word: &str) -> bool {
    // RFC 6532 section 3.2: beyond ASCII everything is; the charset has been checked.
    !word.is_empty() && word.bytes().all(|b| is_atext(b) || !b.is_ascii())
}

/// A quoted string (RFC 5322 section 3.2.4) of printable ASCII.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::header::writer::{FOLDED, HeaderCharset};

    fn field(mailboxes: &[(&str, &str)]) -> String {
        let mailboxes: Vec<_> = mailboxes
            .iter()
            .map(|(name, address)| {
                let mailbox = Mailbox::new(address.parse().unwrap());
                if name.is_empty() {
                    mailbox
                } else {
                    mailbox.with_name(name.parse().unwrap())
                }
            })
            .map(Address::from)
            .collect();
        let mut header = Header::new(HeaderCharset::Ascii);
        header.addresses("To", &mailboxes);
        header.into_text()
    }

    #[test]
    fn groups() {
        let long = "member@domain.test, ".repeat(10);
        for (list, field) in [
            (
                "undisclosed-recipients:;",
                "To: undisclosed-recipients:;\r\n",
            ),
            ("g:a@b;, c@d", "To: g: a@b;, c@d\r\n"),
            (
                "x@y, \"a, b\": Ann <a@b>, c@d;",
                "To: x@y, \"a, b\": Ann <a@b>, c@d;\r\n",
            ),
            ("Jörg:a@b;", "To: =?utf-8?b?SsO2cmc=?= : a@b;\r\n"),
            (
                &format!("g:{long};"),
                &format!(
                    "To: g: {0}, {0}, {0},\r\n {0}, {0}, {0},\r\n {0}, {0}, {0},\r\n {0};\r\n",
                    "member@domain.test"
                ),
            ),
        ] {
            let mut header = Header::new(HeaderCharset::Ascii);
            header.addresses("To", &Address::parse_list(list).unwrap());
            assert_eq!(header.into_text(), field);
        }
    }

    #[test]
    fn display_names() {
        for (name, phrase) in [
            ("Ann Lee", "Ann Lee"),
            ("a, b", "\"a, b\""),
            ("\"quoted\"", r#""\"quoted\"""#),
            ("back\\slash", r#""back\\slash""#),
            ("ends in \\", r#""ends in \\""#),
            ("(c)", "\"(c)\""),
            ("x@y", "\"x@y\""),
            ("<>", "\"<>\""),
            ("J. Doe", "\"J. Doe\""),
            ("two  spaces", "\"two  spaces\""),
            ("Müller, Jörg", "=?utf-8?b?TcO8bGxlciwgSsO2cmc=?="),
            ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
        ] {
            assert_eq!(
                field(&[(name, "a@x.test")]),
                format!("To: {phrase} <a@x.test>\r\n")
            );
        }
    }

    #[test]
    fn addresses_are_not_touched() {
        for (address, alone) in [
            ("a@x.test", "a@x.test"),
            (r#""a b"@x.test"#, r#"<"a b"@x.test>"#),
            ("a+b@x", "a+b@x"),
            (r#""@"@x.test"#, r#"<"@"@x.test>"#),
            ("a@[127.0.0.1]", "<a@[127.0.0.1]>"),
            ("jörg@x.test", "jörg@x.test"),
            ("a@xn--bcher-kva.test", "a@xn--bcher-kva.test"),
        ] {
            assert_eq!(field(&[("", address)]), format!("To: {alone}\r\n"));
            assert_eq!(field(&[("N", address)]), format!("To: N <{address}>\r\n"));
        }
    }

    #[test]
    fn folds_are_between_addresses() {
        let many = vec![("Some Name", "recipient@domain.test"); 10_000];
        let field = field(&many);
        assert_eq!(
            field.matches("Some Name <recipient@domain.test>").count(),
            10_000
        );
        for line in field.lines() {
            assert!(line.len() <= 76 && line.starts_with(['T', ' ']), "{line}");
            assert!(line.ends_with([',', '>']), "{line}");
        }
    }

    #[test]
    fn long_mailboxes_are_folded_within() {
        let long = format!("{}@{}.test", "l".repeat(64), "d".repeat(60));
        for name in ["N", "Ann Lee", &"n, ".repeat(60), &"🦈".repeat(200)] {
            let field = field(&[(name, &long), ("", "a@x.test"), (name, "b@x.test")]);
            let mut lines = field.lines();
            assert!(
                lines.all(|line| line.len() <= FOLDED || line.contains(&long)),
                "{field}"
            );
            assert!(field.contains(&format!("<{long}>,")), "{field}");
        }
    }

    #[test]
    fn no_name_makes_a_line_too_long() {
        for len in 1..160 {
            for piece in ["x", "x,", "é", "🦈"] {
                let name: String = piece.chars().cycle().take(len).collect();
                let list = format!("{name:?}: {name:?} <a@x.test>;, {name:?}:;");
                let list = Address::parse_list(&list).unwrap();
                for field in ["To", "Reply-To"] {
                    let mut header = Header::new(HeaderCharset::Ascii);
                    header.addresses(field, &list);
                    let text = header.into_text();
                    assert!(text.lines().all(|line| line.len() <= FOLDED), "{text}");
                    assert!(text.lines().all(|line| !line.trim().is_empty()), "{text}");
                }
            }
        }
    }
}
