//! The header section of a finished message, taken apart.

use bytes::Bytes;

use super::field::{BLIND_COPIES, Field, field_name, split_fields};
use crate::address::{Domain, with_domain};
use crate::message::encoding::lines;
use crate::message::error::{BodyError, MessageError, limit, shown};
use crate::message::header::{MessageId, is_one_of};
use crate::message::source::Body;
use crate::message::warning::Warning;

/// The header section of a message (RFC 5322 section 2.2), every octet of it as it was found.
///
/// It is read as mail servers do:
///
/// * CRLF, CR and LF are one line end each, so that no other program finds other fields in it;
/// * white space between a name and its colon is accepted (RFC 5322 section 4.5);
/// * a line that is neither a field nor the continuation of one ends the section and begins the
///   body, as does the end of the message; without a field at its beginning, all of a message is
///   body;
/// * before the first field, a byte order mark and the `From ` line of an mbox file are
///   not part of it.
#[derive(Debug)]
pub(crate) struct HeaderSection<'a> {
    pub(super) fields: Vec<Field<'a>>,
    /// The empty line after them; no octets if there is none.
    pub(super) blank_line: &'a [u8],
    /// How many lines come before the body.
    pub(super) lines: u64,
    /// Where the body begins, in octets from the beginning of the message.
    pub(super) body_offset: usize,
    /// Whether there is a body, be it empty, and so an empty line before it to be written.
    pub(super) has_body: bool,
    /// The domain of addresses that have none.
    local_domain: Option<Domain>,
}

impl<'a> HeaderSection<'a> {
    /// The most octets that a header section may have, with the empty line after it.
    pub(crate) const MAX_LEN: usize = 1024 * 1024;
    /// The most fields it may have.
    pub(crate) const MAX_FIELDS: usize = 10_000;

    /// Opens a message, and returns as much of it as [`read`](Self::read) needs. A message that can be
    /// read only once is spooled.
    pub(crate) async fn beginning(message: &mut Body) -> Result<Bytes, BodyError> {
        message.make_repeatable().await?;
        message.read(Self::MAX_LEN + 1).await
    }

    /// Reads it from the beginning of a message: from the whole message, or from more than
    /// [`MAX_LEN`](HeaderSection::MAX_LEN) octets of it.
    ///
    /// # Errors
    ///
    /// If it is over one of the limits, or if there is a blind copy after it that was
    /// meant to be in it, where everybody would see it.
    pub(crate) fn read(beginning: &'a [u8]) -> Result<Self, MessageError> {
        let mut fields = Vec::new();
        let mut offset = preface_len(beginning);
        for field in split_fields(beginning.get(offset..).unwrap_or_default()) {
            if field.name.is_empty() {
                break;
            }
            offset += field.octets.len();
            fields.push(field);
            limit(
                "the number of header fields",
                fields.len(),
                Self::MAX_FIELDS,
            )?;
        }
        let rest = beginning.get(offset..).unwrap_or_default();
        let blank_line = match lines(rest).next() {
            Some(line) if line.text.is_empty() => rest.get(..line.len).unwrap_or_default(),
            _ => b"",
        };
        offset += blank_line.len();
        limit("the length of the header in octets", offset, Self::MAX_LEN)?;
        if fields.is_empty() || blank_line.is_empty() {
            no_blind_copy(beginning.get(offset..).unwrap_or_default())?;
        }
        Ok(Self {
            fields,
            blank_line,
            lines: lines(beginning.get(..offset).unwrap_or_default()).count() as u64,
            body_offset: offset,
            has_body: !rest.is_empty(),
            local_domain: None,
        })
    }

    /// Completes addresses without a domain by this one.
    pub(crate) fn with_local_domain(mut self, domain: Option<Domain>) -> Self {
        self.local_domain = domain;
        self
    }

    /// The domain of addresses that have none.
    pub(crate) fn local_domain(&self) -> Option<&Domain> {
        self.local_domain.as_ref()
    }

    /// The value of a field of addresses, each with a domain; `None` if they have one already.
    pub(super) fn completed(&self, field: &Field<'_>) -> Option<String> {
        let value = field.unfolded_lossy();
        let completed = with_domain(&value, self.local_domain.as_ref()?);
        (completed != value).then(|| completed.into_owned())
    }

    /// Whether there is a field of this name that is not blank.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.said(name).next().is_some()
    }

    /// What the message is known by, if it says it: the first identifier in Message-ID.
    pub(crate) fn message_id(&self) -> Option<MessageId> {
        self.said("Message-ID")
            .find_map(|field| MessageId::first_in(field.octets))
    }

    /// The value of the first field of this name that is not blank, with U+FFFD in place of what is
    /// not UTF-8.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.said(name).next().map(Field::unfolded_lossy)
    }

    /// The fields of this name that are not blank.
    fn said(&self, name: &str) -> impl Iterator<Item = &Field<'a>> {
        let is_said = move |field: &&Field<'_>| field.is(name) && !field.is_blank();
        self.fields.iter().filter(is_said)
    }

    /// A warning if there is an empty line before what looks like the fields.
    pub(crate) fn fields_in_text(&self, beginning: &[u8]) -> Option<Warning> {
        if !self.fields.is_empty() || self.blank_line.is_empty() {
            return None;
        }
        let mut lines = lines(beginning.get(self.body_offset..)?).map(|line| line.text);
        let line = lines.find(|text| !text.is_empty())?;
        field_name(line)?;
        let line = shown(&String::from_utf8_lossy(line));
        Some(Warning::FieldsInText { line })
    }

    /// Checks that there are fields, from which the sender and recipients can be read.
    pub(crate) fn not_empty(&self) -> Result<(), MessageError> {
        let hint = match (self.fields.as_slice(), self.has_body) {
            ([_, ..], _) => return Ok(()),
            ([], false) => "it is empty",
            ([], true) if self.blank_line.is_empty() => {
                "its first line is not a field such as `To: ann@example.org`"
            }
            ([], true) => "its first line is empty, so that all that follows is text: remove it",
        };
        Err(MessageError::NoFields { hint })
    }
}

/// The length of what comes before the first field and is not part of the message: a byte order mark,
/// and the separator of an mbox file, which other programs may have quoted or repeated. What looks
/// like a separator is text if no field follows it.
fn preface_len(beginning: &[u8]) -> usize {
    let message = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    let mark = beginning.len() - message.len();
    let mut separators = 0;
    for line in lines(message) {
        if field_name(line.text).is_some() {
            return mark + separators;
        }
        let unquoted = line.text.iter().position(|octet| *octet != b'>');
        let rest = line.text.get(unquoted.unwrap_or_default()..);
        if !rest.is_some_and(|rest| rest.starts_with(b"From ")) {
            break;
        }
        separators += line.len;
    }
    mark
}

/// Checks that a body does not begin with secret fields that were meant for the header.
fn no_blind_copy(body: &[u8]) -> Result<(), MessageError> {
    let first_lines = lines(body).take_while(|line| !line.text.is_empty());
    let mut names = first_lines.filter_map(|line| hidden_name(line.text));
    match names.find(|name| is_one_of(BLIND_COPIES, name)) {
        None => Ok(()),
        Some(name) => Err(MessageError::Field {
            field: name.to_owned(),
            hint: "a line before it is not a field, so that it is in the body, where every recipient would \
                   see it: put all fields at the beginning, and an empty line after them",
        }),
    }
}

/// What a reader sees as the name of a field, although white space of any kind, or a byte order mark,
/// prevents it from being one.
fn hidden_name(line: &[u8]) -> Option<&str> {
    let name = line.get(..memchr::memchr(b':', line)?)?;
    let start = name.iter().position(u8::is_ascii_graphic)?;
    let end = name.iter().rposition(u8::is_ascii_graphic)?;
    str::from_utf8(name.get(start..=end)?).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The fields by name, and the body.
    fn split(message: &str) -> (String, &str) {
        let section = HeaderSection::read(message.as_bytes()).unwrap();
        let names: Vec<_> = section.fields.iter().map(|field| field.name).collect();
        (names.join(" "), &message[section.body_offset..])
    }

    #[test]
    fn where_the_header_ends() {
        for (message, names, body) in [
            ("", "", ""),
            ("\r\n", "", ""),
            ("A: 1\r\nB: 2\r\n\r\ntext\r\n", "A B", "text\r\n"),
            ("A: 1\nB: 2\n\ntext\n", "A B", "text\n"),
            ("A: 1\rB: 2\r\rtext\r", "A B", "text\r"),
            ("A: 1\n\r\n\ntext", "A", "\ntext"),
            ("A: 1\r\r\ntext", "A", "text"),
            ("A: 1", "A", ""),
            ("A: 1\r", "A", ""),
            ("A: 1\n\n", "A", ""),
            ("A:\nB:\n\n", "A B", ""),
            ("A: 1\n 2\n\t3\n \nB: 4\n\n", "A B", ""),
            ("A \t: 1\nB\t:2\n\n", "A B", ""),
            ("no header", "", "no header"),
            ("no header\nA: 1\n\n", "", "no header\nA: 1\n\n"),
            ("\nA: 1\n\n", "", "A: 1\n\n"),
            (" A: 1\nB: 2\n\n", "", " A: 1\nB: 2\n\n"),
            (" \nB: 2\n\n", "", " \nB: 2\n\n"),
            ("A: 1\ntext\nB: 2\n\n", "A", "text\nB: 2\n\n"),
            ("A: 1\n: 2\n\n", "A", ": 2\n\n"),
            ("A: 1\nÄ: 2\n\n", "A", "Ä: 2\n\n"),
            ("A: 1\nB C: 2\n\n", "A", "B C: 2\n\n"),
            ("A: 1\nhttp://x.test/\n", "A http", ""),
        ] {
            assert_eq!(split(message), (names.to_owned(), body), "{message:?}");
        }
    }

    #[test]
    fn what_stands_in_front_of_the_first_field() {
        for (message, names, body) in [
            (
                "From a@x.test Mon Jan  1 10:00:00 2024\nA: 1\n\nx",
                "A",
                "x",
            ),
            (">From a@x.test x\nFrom b\r\nA: 1\n\nx", "A", "x"),
            ("\u{feff}A: 1\n\nx", "A", "x"),
            ("\u{feff}From a\nA: 1\n\nx", "A", "x"),
            ("\u{feff}x", "", "x"),
            ("From here on\nit is text", "", "From here on\nit is text"),
            ("From a\n\nx", "", "From a\n\nx"),
            ("From : a@x.test\n\nx", "From", "x"),
            ("From: a@x.test\nFrom b\n\nx", "From", "From b\n\nx"),
        ] {
            assert_eq!(split(message), (names.to_owned(), body), "{message:?}");
        }
    }

    #[test]
    fn a_blind_copy_is_not_taken_for_text() {
        for (message, is_secret) in [
            ("\nFrom: a@b\nBcc: c@d\n\nx", false),
            (" From: a@b\nResent-Bcc : c@d\n\nx", false),
            ("A: 1\nÄ: 2\nbcc: c@d\n\nx", false),
            ("text\nBcc: c@d", false),
            (" Bcc: c@d\nFrom: a@b\n\nx", false),
            ("\t \tBcc: c@d\n\nx", false),
            ("\u{feff}\u{feff}Bcc: c@d\n\nx", false),
            ("\u{a0}Bcc : c@d\n\nx", false),
            ("From: a@b\n\u{feff}Bcc: c@d\n\nx", false),
            ("From: a@b\nBcc\u{a0}: c@d\n\nx", false),
            ("Dear Bcc: c@d\n\nx", true),
            ("A: 1\n\nBcc: c@d", true),
            ("A: 1\ntext\n\nBcc: c@d", true),
            ("text\n\nBcc: c@d", true),
        ] {
            let section = HeaderSection::read(message.as_bytes());
            assert_eq!(section.is_ok(), is_secret, "{message:?}");
        }
    }

    #[test]
    fn a_header_is_bounded() {
        let max = HeaderSection::MAX_LEN;
        let message = |len: usize| format!("A:{}\n\r\nx{}", "b".repeat(len - 5), "y".repeat(10));
        assert_eq!(split(&message(max)).1, "xyyyyyyyyyy");
        let read = |message: &str| HeaderSection::read(message.as_bytes()).map(|_| ());
        let over = |result: Result<(), MessageError>| match result {
            Err(MessageError::Limit { what, limit }) => (what, limit),
            other => panic!("{other:?}"),
        };
        let length = ("the length of the header in octets", max);
        assert_eq!(over(read(&message(max + 1))), length);
        // What is over the limit need not be there.
        for line in ["b", "A: b\n", "A:\n b\n b\n"] {
            let mut beginning = format!("A: {}", line.repeat(max / line.len()));
            beginning.truncate(max + 1);
            assert!(read(&beginning).is_err(), "{line:?}");
        }
        assert!(read(&"a".repeat(max + 1)).is_ok(), "all of it is body");

        let fields = |count: usize| "A: b\n".repeat(count) + "\n";
        let max = HeaderSection::MAX_FIELDS;
        assert!(read(&fields(max)).is_ok());
        let count = ("the number of header fields", max);
        assert_eq!(over(read(&fields(max + 1))), count);
    }

    /// Messages with a header of sorts.
    pub(in crate::message::raw) fn messages() -> impl Strategy<Value = Vec<u8>> {
        const PIECES: &[&str] = &[
            "\n",
            "\r",
            "\r\n",
            " ",
            "\t",
            ":",
            "A",
            "Subject: x",
            "From ",
            ">From ",
            "Bcc:",
            "\u{feff}",
            "Resent-To: a@b",
            "ä",
            "\0",
            "text",
        ];
        let piece = prop_oneof![
            prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..3),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_changed(message in messages()) {
            let Ok(section) = HeaderSection::read(&message) else { return Ok(()) };
            let (header, body) = message.split_at(section.body_offset);
            let fields: Vec<u8> = section.fields.iter().flat_map(|field| field.octets).copied().collect();
            let rest = &header[preface_len(&message)..];
            prop_assert!(rest.starts_with(&fields));
            let blank = &rest[fields.len()..];
            prop_assert!([&b""[..], b"\n", b"\r", b"\r\n"].contains(&blank), "{:?}", blank);
            prop_assert!(blank != b"\r" || !body.starts_with(b"\n"));
            prop_assert!(section.has_body || (blank.is_empty() && body.is_empty()));
            for field in section.fields {
                prop_assert!(!field.octets.is_empty() && !field.name.is_empty());
            }
        }
    }
}
