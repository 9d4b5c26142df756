//! The header section of a finished message as it is sent.

use super::field::{BLIND_COPIES, Field};
use super::header::HeaderSection;
use super::writer::{Finished, Writer};
use crate::address::Mailbox;
use crate::message::encoding::LineEnds;
use crate::message::error::{MessageError, shown};
use crate::message::header::{Date, Header, HeaderCharset, MessageId, is_one_of};
use crate::message::warning::Warning;

/// What a message gets that does not say it itself.
#[derive(Debug, Clone)]
pub(crate) struct Missing {
    pub(crate) from: Option<Mailbox>,
    pub(crate) date: Date,
    pub(crate) message_id: MessageId,
}

impl HeaderSection<'_> {
    /// The header section as it is sent.
    ///
    /// These are all the changes that need not be asked for:
    ///
    /// * line ends become CRLF;
    /// * Bcc and Resent-Bcc are removed, as the recipients are not to see them (RFC 5322
    ///   sections 3.6.3 and 3.6.6), and Return-Path, which only the last server may write
    ///   (RFC 5321 section 4.4);
    /// * a line over 998 octets is folded at the last white space that makes it short enough;
    /// * From, Sender, Date and Message-ID are removed if there is nothing in them, and
    ///   Message-ID if there is no identifier in it;
    /// * other fields that must name something, such as To, are removed if there is nothing in
    ///   them, and a warning says so; a message with a DKIM-Signature keeps them unless it is
    ///   repaired, as the signature may be of them;
    /// * Date, From and Message-ID are added at the end if they are missing (RFC 5322
    ///   section 3.6), in a message that is resent, too; no Resent- field is added;
    /// * addresses without a domain get that of [`with_local_domain`](Self::with_local_domain).
    ///
    /// Characters beyond ASCII stay, as RFC 6532 has it, and are encoded words in the form for
    /// servers without SMTPUTF8. The encoding of the body is another if there is one here.
    ///
    /// # Errors
    ///
    /// If a field that stays has a control character other than the tab in it; if it is not
    /// UTF-8, or has a line that is too long and cannot be folded, and may not be repaired; or if
    /// there is no author.
    pub(crate) fn finished(
        &self,
        missing: &Missing,
        encoding: Option<&str>,
        repair: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Finished, MessageError> {
        let mut out = Writer::new(self, repair, warnings);
        let has_id = self.message_id().is_some();
        let is_signed = self.has("DKIM-Signature") || self.has("ARC-Message-Signature");
        let keeps_empty = is_signed && !repair;
        for field in &self.fields {
            let is_replaced = (field.is("Message-ID") && !has_id)
                || (encoding.is_some() && field.is("Content-Transfer-Encoding"));
            if is_removed(field) || is_replaced {
                continue;
            }
            if is_empty_list(field) && !keeps_empty {
                let field = shown(field.name);
                out.warnings.push(Warning::EmptyFieldLeftOut { field });
            } else if let Some(value) = self.completed_addresses(field) {
                let octets = format!("{}:{value}\r\n", field.name);
                out.field(&Field {
                    octets: octets.as_bytes(),
                    ..*field
                })?;
            } else {
                out.field(field)?;
            }
        }
        let mut added = Header::new(HeaderCharset::Ascii);
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
        out.encoding(encoding, &mut added);
        if self.has_body {
            added.end();
        }
        Ok(out.finish(&added.into_text()))
    }

    /// The header section of a message that is sent within another: as it is, but with CRLF as
    /// line ends, and without Bcc and Resent-Bcc, which only their recipients may see. The
    /// encoding of the body is another if there is one here.
    ///
    /// # Errors
    ///
    /// If a field that stays is not UTF-8, and may not be repaired.
    pub(crate) fn forwarded(
        &self,
        encoding: Option<&str>,
        repair: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<u8>, MessageError> {
        let mut out = Writer::new(self, repair, warnings);
        for field in &self.fields {
            let is_replaced = encoding.is_some() && field.is("Content-Transfer-Encoding");
            if is_replaced || field.is_one_of(BLIND_COPIES) {
                continue;
            }
            if repair {
                out.field(field)?;
            } else {
                field.text()?;
                append_lines(field.octets, &mut out.header);
            }
        }
        let mut added = Header::new(HeaderCharset::Ascii);
        out.encoding(encoding, &mut added);
        // A header that ends without an empty line needs one after a field that is added.
        let is_added = encoding.is_some() && self.has_body;
        let mut finished = out.finish(&added.into_text());
        let blank_line = if is_added { b"\r\n" } else { self.blank_line };
        append_lines(blank_line, &mut finished.header);
        Ok(finished.header)
    }
}

impl HeaderSection<'_> {
    /// The value of a field with a domain at each address, if it is a field of addresses that lacks
    /// one.
    fn completed_addresses(&self, field: &Field<'_>) -> Option<String> {
        const ADDRESSES: &str = "From Sender Reply-To To Cc";
        let name = field.resent_name().unwrap_or(field.name);
        let is_readable = is_one_of(ADDRESSES, name) && field.text().is_ok();
        is_readable.then(|| self.completed(field)).flatten()
    }
}

/// Appends what is whole lines, whatever stood before it.
fn append_lines(octets: &[u8], out: &mut Vec<u8>) {
    let mut line_ends = LineEnds::default();
    line_ends.apply(octets, out);
    line_ends.finish(out);
}

fn is_removed(field: &Field<'_>) -> bool {
    let is_empty = field.is_one_of("From Sender Date Message-ID") && field.is_blank();
    is_empty || field.is_one_of(BLIND_COPIES) || field.is("Return-Path")
}

/// Whether there is nothing in a field for which RFC 5322 section 3.6 wants at least one address,
/// identifier or phrase. Bcc alone may be empty.
fn is_empty_list(field: &Field<'_>) -> bool {
    const LISTS: &str = "To Cc Reply-To In-Reply-To References Keywords Resent-To Resent-Cc \
        Resent-Sender";
    field.is_one_of(LISTS) && field.is_blank()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::encoding::MAX_LINE;
    use crate::message::raw::field::NOT_UTF8;
    use crate::message::raw::header::tests::messages;

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

    fn finished(message: &[u8]) -> Result<Finished, MessageError> {
        let section = HeaderSection::read(message)?;
        section.finished(&missing(), None, false, &mut Vec::new())
    }

    fn repaired(message: &[u8]) -> Result<String, MessageError> {
        let octets = finished(message)?.header;
        Ok(String::from_utf8_lossy(&octets).into_owned())
    }

    /// What becomes of a header that has all it must have after these fields.
    fn kept(fields: &[u8]) -> Result<String, MessageError> {
        const REST: &str = "Date:x\r\nFrom:x\r\nMessage-Id:<2@x>\r\n\r\n";
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
            (
                "From:\nDate: \n \t\nMessage-ID:\n \n\n",
                format!("{ADDED}\r\n"),
            ),
            ("Sender: \nTo:\n\n", format!("{ADDED}\r\n")),
            (
                "From:\nFrom: a@b\n\n",
                format!("From: a@b\r\n{date}{id}\r\n"),
            ),
            (
                "Message-ID: <yes>\n\n",
                format!("Message-ID: <yes>\r\n{date}{from}\r\n"),
            ),
            (
                "Message-ID: <1@ü>\n\n",
                format!("Message-ID: <1@ü>\r\n{date}{from}\r\n"),
            ),
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
        let without_from = Missing {
            from: None,
            ..missing()
        };
        let repaired = |message: &[u8]| {
            let section = HeaderSection::read(message).unwrap();
            section.finished(&without_from, None, false, &mut Vec::new())
        };
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
                format!(
                    "the field Subject {NOT_UTF8}, which no server has to take: write it in \
                     encoded words (RFC 2047), or let `repair` do it"
                )
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
            assert!(
                matches!(error, MessageError::UnsendableField { .. }),
                "{error}"
            );
            assert!(error.to_string().len() < 400, "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_header_can_be_read_again(message in messages()) {
            let Ok(section) = HeaderSection::read(&message) else { return Ok(()) };
            let finished = section.finished(&missing(), None, false, &mut Vec::new());
            let Ok(Finished { header: octets, ascii }) = finished else { return Ok(()) };
            let again = HeaderSection::read(&octets).unwrap();
            prop_assert_eq!(again.body_offset, octets.len());
            prop_assert_eq!(again.has_body, section.has_body);
            prop_assert!(!again.fields.iter().any(|field| field.is_one_of(BLIND_COPIES)));
            for name in ["Date", "From", "Message-ID"] {
                prop_assert!(again.has(name));
            }
            let twice = again.finished(&missing(), None, false, &mut Vec::new()).unwrap();
            prop_assert_eq!(&twice.header, &octets, "once is enough");
            if let Some(ascii) = ascii {
                prop_assert!(ascii.is_ascii() && !octets.is_ascii());
                let names = |octets: &[u8]| {
                    let section = HeaderSection::read(octets).unwrap();
                    section.fields.iter().map(|field| field.name.to_owned()).collect::<Vec<_>>()
                };
                prop_assert_eq!(names(&ascii), names(&octets));
            }
        }

        #[test]
        fn long_lines_unfold_to_what_they_were(words in prop::collection::vec(
            (0..300_usize, prop::sample::select(&[" ", "\t", "  ", "\\ "][..])), 0..40)) {
            let words = words.iter().map(|(len, space)| "x".repeat(*len) + space);
            let field = format!("A: {}", words.collect::<String>());
            let Ok(out) = kept(format!("{field}\n").as_bytes()) else { return Ok(()) };
            prop_assert_eq!(out.replace("\r\n", ""), field);
            for line in out.lines() {
                prop_assert!(line.len() <= MAX_LINE && !line.trim().is_empty());
            }
        }
    }
}
