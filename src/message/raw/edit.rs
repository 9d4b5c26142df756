//! The repairs of the header section of a finished message.

use super::super::error::shown;
use super::super::field::without_controls;
use super::super::header::{Header, LONGEST, Script};
use super::super::line_ends::lines;
use super::super::{Date, MessageError, MessageId};
use super::field::Field;
use super::header::HeaderSection;
use crate::address::Mailbox;

/// What a message gets that does not say it itself.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    pub(super) from: Option<Mailbox>,
    pub(super) date: Date,
    pub(super) message_id: MessageId,
}

impl HeaderSection<'_> {
    /// The header section as it is sent, with the empty line behind it if there is a body.
    ///
    /// These are all the repairs there are:
    ///
    /// * line ends become CRLF;
    /// * Bcc and Resent-Bcc are removed, as the recipients are not to see them (RFC 5322
    ///   sections 3.6.3 and 3.6.6), and Return-Path, which only the last server may write
    ///   (RFC 5321 section 4.4);
    /// * a line over 998 octets is folded at the last white space that makes it short enough;
    /// * Date, From and Message-ID are added at the end if they are missing (RFC 5322
    ///   section 3.6), in a message that is resent, too; no Resent- field is added;
    /// * Message-ID is removed, and so missing, if there is no identifier in it.
    ///
    /// Characters beyond ASCII stay. With one of them here, the message needs SMTPUTF8
    /// (RFC 6532).
    ///
    /// # Errors
    ///
    /// If a field that stays is not UTF-8, has a control character other than the tab in it, or
    /// a line that is too long and cannot be folded; or if there is no author.
    pub(super) fn repaired(&self, missing: &Missing) -> Result<Vec<u8>, MessageError> {
        let mut out = Vec::new();
        let has_id = self.message_id().is_some();
        for field in self.fields() {
            if is_removed(field) || (field.is("Message-ID") && !has_id) {
                continue;
            }
            field.text()?;
            write_field(field, &mut out)?;
        }
        let mut added = Header::new(Script::Ascii);
        if !self.has("Date") {
            added.fixed("Date", missing.date.as_str());
        }
        if !self.has("From") {
            let from = missing.from.as_ref().ok_or(MessageError::NoFrom)?;
            added.mailboxes("From", std::slice::from_ref(from));
        }
        if !has_id {
            added.fixed("Message-ID", missing.message_id.as_str());
        }
        if self.has_body() {
            added.blank_line();
        }
        out.extend_from_slice(added.into_text().as_bytes());
        Ok(out)
    }
}

impl HeaderSection<'_> {
    /// The header section of a message that is sent within another, with the empty line behind
    /// it if there is one: as it is, but with CRLF as line ends, and without Bcc and Resent-Bcc,
    /// of which nobody is to know.
    ///
    /// # Errors
    ///
    /// If a field that stays is not UTF-8.
    pub(in super::super) fn forwarded(&self) -> Result<Vec<u8>, MessageError> {
        let mut out = Vec::new();
        for field in self.fields().iter().filter(|field| !field.is_blind_copy()) {
            field.text()?;
            append_lines(field.octets, &mut out);
        }
        append_lines(self.blank_line(), &mut out);
        Ok(out)
    }
}

/// Appends what is whole lines, whatever stood in front of it.
fn append_lines(octets: &[u8], out: &mut Vec<u8>) {
    for line in lines(octets) {
        out.extend_from_slice(line.text);
        out.extend_from_slice(b"\r\n");
    }
}

fn is_removed(field: &Field<'_>) -> bool {
    field.is_blind_copy() || field.is("Return-Path")
}

fn write_field(field: &Field<'_>, out: &mut Vec<u8>) -> Result<(), MessageError> {
    let name = shown(field.name);
    // What is in front of this cannot be folded: in the first line, the name.
    let mut fixed = field.body_offset();
    for line in lines(field.octets) {
        without_controls(&name, line.text)?;
        let mut rest = line.text;
        // A fold must not leave a line of nothing but white space.
        let mut content = rest.trim_ascii_end().len();
        while rest.len() > LONGEST {
            let (folded, after) = (fixed..content.min(LONGEST + 1))
                .rev()
                .find(|at| is_fold(rest, *at))
                .and_then(|at| rest.split_at_checked(at))
                .ok_or_else(|| {
                    field.unsendable("it has over 998 octets without white space: fold it")
                })?;
            out.extend_from_slice(folded);
            out.extend_from_slice(b"\r\n");
            content -= folded.len();
            rest = after;
            fixed = 0;
        }
        out.extend_from_slice(rest);
        out.extend_from_slice(b"\r\n");
        fixed = 0;
    }
    Ok(())
}

/// Whether a line can be folded here: in front of white space with something before it, which
/// must not be a backslash that quotes the white space (RFC 5322 section 3.2.1).
fn is_fold(line: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| line.get(before));
    matches!(line.get(at), Some(b' ' | b'\t'))
        && before.is_some_and(|before| !matches!(before, b' ' | b'\t' | b'\\'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::header::tests::messages;
    use super::*;

    const ADDED: &str = "Date: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
                         From: Ann <ann@x.test>\r\n\
                         Message-ID: <1@x.test>\r\n";

    fn missing() -> Missing {
        Missing {
            from: Some("Ann <ann@x.test>".parse().unwrap()),
            date: "Tue, 1 Jul 2003 10:52:37 +0200".parse().unwrap(),
            message_id: "<1@x.test>".parse().unwrap(),
        }
    }

    fn repaired(message: &[u8]) -> Result<String, MessageError> {
        let octets = HeaderSection::read(message)?.repaired(&missing())?;
        Ok(String::from_utf8_lossy(&octets).into_owned())
    }

    /// What becomes of a header that has all it must have behind these fields.
    fn kept(fields: &[u8]) -> Result<String, MessageError> {
        const REST: &str = "Date:\r\nFrom:\r\nMessage-Id:<2@x>\r\n\r\n";
        let message = [fields, REST.as_bytes()].concat();
        let text = repaired(&message)?;
        let kept = text.strip_suffix(REST);
        Ok(kept.expect("what is there is not touched").to_owned())
    }

    #[test]
    fn what_is_missing_is_added() {
        let [date, from, id] = [0, 1, 2].map(|line| ADDED.split_inclusive('\n').nth(line).unwrap());
        for (message, expected) in [
            ("", ADDED.to_owned()),
            ("text", format!("{ADDED}\r\n")),
            ("\ntext", format!("{ADDED}\r\n")),
            ("A: 1", format!("A: 1\r\n{ADDED}")),
            ("A: 1\ntext", format!("A: 1\r\n{ADDED}\r\n")),
            ("date: x\n\n", format!("date: x\r\n{from}{id}\r\n")),
            ("FROM : x\n\n", format!("FROM : x\r\n{date}{id}\r\n")),
            (
                "Message-id: <2@x> x\n\n",
                format!("Message-id: <2@x> x\r\n{date}{from}\r\n"),
            ),
            ("Message-ID:\n\n", format!("{ADDED}\r\n")),
            ("message-id: x\nA: 1\n\n", format!("A: 1\r\n{ADDED}\r\n")),
            (
                "Message-ID: x\nMessage-ID: <2@x>\n\n",
                format!("Message-ID: x\r\nMessage-ID: <2@x>\r\n{date}{from}\r\n"),
            ),
            (
                "Resent-From: a@b\nResent-Date: x\nResent-Message-ID: <2@b>\n\n",
                format!(
                    "Resent-From: a@b\r\nResent-Date: x\r\nResent-Message-ID: <2@b>\r\n{ADDED}\r\n"
                ),
            ),
        ] {
            assert_eq!(
                repaired(message.as_bytes()).unwrap(),
                expected,
                "{message:?}"
            );
        }
        let nobody = Missing {
            from: None,
            ..missing()
        };
        let repaired = |message: &[u8]| HeaderSection::read(message).unwrap().repaired(&nobody);
        assert!(matches!(repaired(b"A: 1\n\n"), Err(MessageError::NoFrom)));
        assert!(repaired(b"From: a@b\n\n").is_ok());
    }

    #[test]
    fn what_is_secret_or_not_the_senders_is_removed() {
        for (fields, expected) in [
            ("From x\nA: 1\n", "A: 1\r\n"),
            ("A: 1\nBcc: a@b,\n c@d\n\te@f\nB: 2\n", "A: 1\r\nB: 2\r\n"),
            ("BCC : a@b\nbcc:\nBcc: c@d\n", ""),
            ("A: 1\rBcc: a@b\r c@d\r", "A: 1\r\n"),
            ("Return-Path: <a@b>\nReceived: x\n", "Received: x\r\n"),
            (
                "Resent-To: a@b\nResent-Bcc: c@d\nResent-Cc: e@f\n",
                "Resent-To: a@b\r\nResent-Cc: e@f\r\n",
            ),
            ("X-Bcc: a@b\nBcc-X: c@d\n", "X-Bcc: a@b\r\nBcc-X: c@d\r\n"),
        ] {
            assert_eq!(kept(fields.as_bytes()).unwrap(), expected, "{fields:?}");
        }
    }

    #[test]
    fn all_else_stays() {
        for fields in [
            "A:1\r\nA:  2  \r\n\t3\r\n \r\nA :\r\n",
            "Received: x\r\nTo: a@b\r\nTo: c@d\r\nDate: 1\r\nDate: 2\r\n",
            "Subject: Grüße, =?utf-8?q?x?= \u{85}\r\n",
            "To: undisclosed-recipients:;\r\n",
        ] {
            assert_eq!(kept(fields.as_bytes()).unwrap(), fields);
        }
    }

    #[test]
    fn what_is_not_utf_8_is_refused() {
        for field in [
            &b"Subject: Gr\xfc\xdfe\r\n"[..],
            b"Subject: Gr\xc3\n \xbc\n",
        ] {
            assert_eq!(
                repaired(field).unwrap_err().to_string(),
                "the field Subject of the message cannot be sent: it is not UTF-8: write it in \
                 encoded words (RFC 2047)"
            );
        }
        assert!(repaired(b"Bcc: \xfc\n").is_ok(), "it is removed");
    }

    #[test]
    fn control_characters_are_refused() {
        for (fields, character) in [
            ("Subject: a\0b\n", '\0'),
            ("Subject: \u{1b}[2J\n", '\u{1b}'),
            ("Subject: a\n b\u{7f}\n", '\u{7f}'),
        ] {
            let expected = MessageError::Control {
                field: "Subject".to_owned(),
                character,
            };
            let error = kept(fields.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), expected.to_string(), "{fields:?}");
        }
        assert_eq!(
            kept(b"Bcc: \0\n").unwrap(),
            "",
            "what is removed is not looked at"
        );
    }

    #[test]
    fn long_lines_are_folded_at_white_space() {
        let x = |count: usize| "x".repeat(count);
        for (field, expected) in [
            (format!("A: {}", x(995)), vec![998]),
            (format!("A: {}", x(996)), vec![2, 997]),
            (format!("A: b {}", x(994)), vec![4, 995]),
            (format!("A: {} b", x(995)), vec![998, 2]),
            (format!("A: {}  b c", x(995)), vec![998, 5]),
            (format!("A: {}   {}", x(500), x(500)), vec![503, 503]),
            (format!("A: {} b   ", x(995)), vec![998, 5]),
            (
                format!("A: {}\n {}", x(1), " x".repeat(600)),
                vec![4, 997, 204],
            ),
            (format!("A: \"{} c\\ {}\"", x(900), x(100)), vec![904, 105]),
        ] {
            let out = kept(format!("{field}\n").as_bytes()).unwrap();
            assert_eq!(out.replace("\r\n", ""), field.replace('\n', ""));
            assert_eq!(out.lines().map(str::len).collect::<Vec<_>>(), expected);
        }
        for field in [
            format!("A:{}", x(997)),
            format!("A: {}", x(998)),
            format!("A: {}", x(100_000)),
            format!("A: b\n {}", x(998)),
            format!("A: b{}", " ".repeat(1_000)),
            format!("A: \"{}\"", "\\ ".repeat(1_000)),
            format!("{}: b", x(998)),
            format!("A{}: b", " ".repeat(998)),
        ] {
            let error = kept(format!("{field}\n").as_bytes()).unwrap_err();
            assert!(matches!(error, MessageError::Field { .. }), "{error}");
            assert!(error.to_string().len() < 400, "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_header_can_be_read_again(message in messages()) {
            let Ok(section) = HeaderSection::read(&message) else { return Ok(()) };
            let Ok(octets) = section.repaired(&missing()) else { return Ok(()) };
            let again = HeaderSection::read(&octets).unwrap();
            prop_assert_eq!(again.body_offset(), octets.len());
            prop_assert_eq!(again.has_body(), section.has_body());
            prop_assert!(!again.fields().iter().any(Field::is_blind_copy));
            for name in ["Date", "From", "Message-ID"] {
                prop_assert!(again.has(name));
            }
            prop_assert_eq!(again.repaired(&missing()).unwrap(), octets, "once is enough");
        }

        #[test]
        fn long_lines_unfold_to_what_they_were(words in prop::collection::vec(
            (0..300_usize, prop::sample::select(&[" ", "\t", "  ", "\\ "][..])), 0..40)) {
            let words = words.iter().map(|(len, space)| "x".repeat(*len) + space);
            let field = format!("A: {}", words.collect::<String>());
            let Ok(out) = kept(format!("{field}\n").as_bytes()) else { return Ok(()) };
            prop_assert_eq!(out.replace("\r\n", ""), field);
            for line in out.lines() {
                prop_assert!(line.len() <= LONGEST && !line.trim().is_empty());
            }
        }
    }
}
