//! One field of a finished message, every octet of it as it was found.

use std::iter;

use crate::message::encoding::lines;
use crate::message::error::{MessageError, shown};
use crate::message::header::is_one_of;

/// A field of a header section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Its name, as it was written.
    pub(crate) name: &'a str,
    /// All of it: its name, and its lines with their ends.
    pub(crate) octets: &'a [u8],
}

impl<'a> Field<'a> {
    /// Whether it has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether it has one of these names, which have spaces between them.
    pub(crate) fn is_one_of(&self, names: &str) -> bool {
        is_one_of(names, self.name)
    }

    /// If it belongs to a resending of the message, its name without Resent-.
    pub(crate) fn resent_name(&self) -> Option<&'a str> {
        let (prefix, name) = self.name.split_at_checked("Resent-".len())?;
        prefix.eq_ignore_ascii_case("Resent-").then_some(name)
    }

    /// Whether there is nothing in it but white space.
    pub(crate) fn is_blank(&self) -> bool {
        self.body().trim_ascii().is_empty()
    }

    /// Where the value begins: after the name and the colon.
    pub(crate) fn body_offset(&self) -> usize {
        memchr::memchr(b':', self.octets).map_or(0, |colon| colon + 1)
    }

    /// The value with its line ends.
    pub(crate) fn body(&self) -> &'a [u8] {
        self.octets.get(self.body_offset()..).unwrap_or_default()
    }

    /// The value on one line (RFC 5322 section 2.2.3).
    ///
    /// # Errors
    ///
    /// If that is not UTF-8.
    pub(crate) fn unfolded(&self) -> Result<String, MessageError> {
        let body = self.text()?.get(self.body_offset()..).unwrap_or_default();
        Ok(body.replace(['\r', '\n'], ""))
    }

    /// The same, with U+FFFD in place of what is not UTF-8.
    pub(crate) fn unfolded_lossy(&self) -> String {
        String::from_utf8_lossy(self.body()).replace(['\r', '\n'], "")
    }

    /// All of it, as it was found.
    ///
    /// # Errors
    ///
    /// If that is not UTF-8.
    pub(crate) fn text(&self) -> Result<&'a str, MessageError> {
        str::from_utf8(self.octets).map_err(|_| self.unsendable(NOT_UTF8))
    }

    /// The error that the field cannot be sent.
    pub(crate) fn unsendable(&self, found: &'static str) -> MessageError {
        MessageError::UnsendableField {
            field: shown(self.name),
            found,
        }
    }
}

/// What is wrong with a field whose text is in another charset.
pub(super) const NOT_UTF8: &str = if cfg!(feature = "charsets") {
    "is not UTF-8"
} else {
    "is not UTF-8 (`repair` needs the feature `charsets` for it)"
};

/// The fields of recipients that no other recipient may see (RFC 5322 section 3.6.3).
pub(crate) const BLIND_COPIES: &str = "Bcc Resent-Bcc";

/// The name of the field that begins with this line, if one does.
pub(crate) fn field_name(line: &[u8]) -> Option<&str> {
    let colon = memchr::memchr(b':', line)?;
    let name = line.get(..colon)?.trim_ascii_end();
    let legal = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    str::from_utf8(name).ok().filter(|_| legal)
}

/// The fields of a header up to the empty line, each with all of its lines. What begins with another
/// line than a field does has no name.
pub(crate) fn split_fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut lines = lines(header)
        .take_while(|line| !line.text.is_empty())
        .peekable();
    let mut offset = 0;
    iter::from_fn(move || {
        let start = offset;
        let first = lines.next()?;
        offset += first.len;
        while let Some(line) =
            lines.next_if(|line| line.text.starts_with(b" ") || line.text.starts_with(b"\t"))
        {
            offset += line.len;
        }
        let name = field_name(first.text).unwrap_or_default();
        let octets = header.get(start..offset)?;
        Some(Field { name, octets })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::raw::header::HeaderSection;

    #[test]
    fn fields_keep_their_octets_and_can_be_unfolded() {
        let message = b"Subject : a\r\n b\n\tc:d \r  e\n\nx";
        let section = HeaderSection::read(message).unwrap();
        let field = section.fields[0];
        assert_eq!(field.octets, &message[..message.len() - 2]);
        assert_eq!(field.unfolded().unwrap(), " a b\tc:d   e");
        assert!(field.is("subject") && section.has("SUBJECT") && !section.has("Subjec"));
        let latin = HeaderSection::read(b"To: J\xf6rg <a@b>\n\n").unwrap();
        assert_eq!(
            latin.fields[0].unfolded().unwrap_err().to_string(),
            format!(
                "the field To {NOT_UTF8}, which no server has to take: write it in encoded words \
                 (RFC 2047), or let `repair` do it"
            )
        );
    }

    #[test]
    fn kinds_of_fields() {
        for (name, resent, blind) in [
            ("Bcc", false, true),
            ("RESENT-BCC", true, true),
            ("resent-to", true, false),
            ("Resent-", true, false),
            ("X-Resent-Bcc", false, false),
            ("Resent", false, false),
            ("Bccc", false, false),
        ] {
            let line = format!("{name}: x");
            let section = HeaderSection::read(line.as_bytes()).unwrap();
            let field = section.fields[0];
            assert_eq!(
                (field.resent_name().is_some(), field.is_one_of(BLIND_COPIES)),
                (resent, blind),
                "{name}"
            );
        }
    }
}
