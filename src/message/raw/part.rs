//! The header of a part of a finished message, as far as the repair of its body needs it.

use super::field::{Field, split_fields};
use super::header::HeaderSection;
use crate::message::encoding::lines;
use crate::message::header::parameters;

/// What a part is, and how it is encoded.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// The value of Content-Type, on one line; empty if there is none.
    pub(crate) content_type: String,
    /// The value of Content-Transfer-Encoding in lower case; empty if there is none.
    pub(crate) encoding: String,
}

impl Head {
    /// That of a whole message.
    pub(crate) fn of_section(section: &HeaderSection<'_>) -> Self {
        let mut head = Self::default();
        section.fields.iter().for_each(|field| head.note(field));
        head
    }

    /// Reads that of a part: gives it, its octets with the empty line, and the body.
    pub(crate) fn read(part: &[u8]) -> (Self, &[u8], &[u8]) {
        let mut head = Self::default();
        let mut offset = 0;
        for field in split_fields(part) {
            offset += field.octets.len();
            head.note(&field);
        }
        let rest = part.get(offset..).unwrap_or_default();
        offset += lines(rest).next().map_or(0, |blank| blank.len);
        let (header, body) = part.split_at_checked(offset).unwrap_or((part, b""));
        (head, header, body)
    }

    /// Appends a header with this encoding in place of the one that it names.
    pub(crate) fn write_with(header: &[u8], encoding: &str, out: &mut Vec<u8>) {
        for field in split_fields(header) {
            if !field.is("Content-Transfer-Encoding") {
                out.extend_from_slice(field.octets);
                if !field.octets.ends_with(b"\n") && !field.octets.ends_with(b"\r") {
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
        let field = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n");
        out.extend_from_slice(field.as_bytes());
    }

    /// Notes a field. The first one of its name counts, as for most readers.
    fn note(&mut self, field: &Field<'_>) {
        let value = || field.unfolded_lossy().trim().to_owned();
        if field.is("Content-Type") && self.content_type.is_empty() {
            self.content_type = value();
        } else if field.is("Content-Transfer-Encoding") && self.encoding.is_empty() {
            self.encoding = value().to_ascii_lowercase();
        }
    }

    /// The encoding without a comment, or a semicolon that programs put there by mistake.
    pub(crate) fn encoding_name(&self) -> &str {
        let mut words = self.encoding.split([' ', '\t', ';', '(']);
        words.next().unwrap_or_default()
    }

    /// Whether the charset has more than one octet for every character, even of ASCII.
    pub(crate) fn is_wide(&self) -> bool {
        const WIDE: &str = "utf-16 utf16 utf-32 utf32 ucs iso-10646-ucs unicode";
        let charset = parameter(&self.content_type, "charset").unwrap_or_default();
        let charset = charset.to_ascii_lowercase();
        WIDE.split(' ').any(|wide| charset.starts_with(wide))
    }

    /// The type and the subtype in lower case; empty if they are not said.
    pub(crate) fn essence(&self) -> String {
        let essence = self.content_type.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }
}

/// The value of a parameter of a field, unless it is empty.
pub(crate) fn parameter(value: &str, name: &str) -> Option<String> {
    let found = parameters(value)
        .1
        .find(|found| found.name.eq_ignore_ascii_case(name))?;
    Some(found.value()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found() {
        for (value, expected) in [
            ("multipart/mixed; boundary=abc", Some("abc")),
            ("multipart/mixed; Boundary = \"a b;c\" ; x=y", Some("a b;c")),
            ("multipart/mixed; x=\"boundary=1\"; boundary=2", Some("2")),
            ("multipart/mixed; a=b;boundary=c;d=e", Some("c")),
            (
                "multipart/mixed; boundary=\"a\\\"b;c\"; d=e",
                Some("a\"b;c"),
            ),
            ("multipart/mixed; boundary=abc (a comment)", Some("abc")),
            ("multipart/mixed; boundary=\"abc", Some("abc")),
            ("multipart/mixed; boundary=\"\"", None),
            ("multipart/mixed", None),
            ("multipart/mixed; boundary", None),
        ] {
            assert_eq!(parameter(value, "boundary").as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_header_gets_another_encoding() {
        for (part, expected) in [
            (
                "A: 1\n\nx",
                "A: 1\nContent-Transfer-Encoding: base64\r\n\r\n|x",
            ),
            (
                "content-transfer-encoding:\n 8bit\nA: 1\r\n\r\nx",
                "A: 1\r\nContent-Transfer-Encoding: base64\r\n\r\n|x",
            ),
            ("\nx", "Content-Transfer-Encoding: base64\r\n\r\n|x"),
            ("A: 1", "A: 1\r\nContent-Transfer-Encoding: base64\r\n\r\n|"),
        ] {
            let (_, header, body) = Head::read(part.as_bytes());
            let mut out = Vec::new();
            Head::write_with(header, "base64", &mut out);
            out.push(b'|');
            out.extend_from_slice(body);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{part:?}");
        }
    }
}
