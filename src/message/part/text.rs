//! The text of a part.

use bytes::Bytes;

use crate::message::encoding::LineEnds;
use crate::message::error::{BodyError, MessageError};
use crate::message::source::{Body, BodySource, TextBody};

/// A text in UTF-8, with any line ends.
#[derive(Debug)]
pub(crate) struct Text {
    pub(super) body: Body,
    /// The characters at the ends of lines that may get lost on the way.
    fragile: &'static [u8],
    /// The text as it is sent, once it has been looked through.
    opened: Option<TextBody>,
}

impl Text {
    pub(crate) fn new(text: impl Into<Body>) -> Self {
        Self {
            body: text.into(),
            fragile: b" \t",
            opened: None,
        }
    }

    /// A text in the format "flowed", whose spaces at the ends of lines are known to have a meaning
    /// (RFC 3676 section 4.1).
    pub(crate) fn flowed(text: String) -> Self {
        Self {
            fragile: b"\t",
            ..Self::new(text)
        }
    }

    /// Looks through the text, whose body is open.
    pub(super) async fn look_through(&mut self) -> Result<(), MessageError> {
        self.opened = Some(TextBody::new(self.body.handle(), self.fragile).await?);
        Ok(())
    }

    /// The text, if it is in memory.
    pub(crate) fn in_memory(&self) -> Option<Bytes> {
        match self.body.handle().into_source() {
            BodySource::Bytes(octets) => Some(octets),
            _ => None,
        }
    }

    /// The text as it is sent.
    pub(crate) fn into_body(self) -> Result<TextBody, BodyError> {
        self.opened.ok_or(BodyError::Spent)
    }
}

/// The text with CRLF for every line break, be it CRLF, CR or LF, and with one at its end unless
/// it is empty.
pub(crate) fn normalised(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32 + 2);
    let mut line_ends = LineEnds::default();
    line_ends.apply(text.as_bytes(), &mut out);
    line_ends.finish(&mut out);
    // Nothing but ASCII has changed, so that it is as much UTF-8 as it was.
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_break_is_one() {
        for (text, lines) in [
            ("", ""),
            ("\n", "\r\n"),
            ("a", "a\r\n"),
            ("a\r\n", "a\r\n"),
            ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd\r\n"),
            ("\r\r\n", "\r\n\r\n"),
            ("\n\r", "\r\n\r\n"),
            ("\r\n\r\n", "\r\n\r\n"),
            ("é\n日\r", "é\r\n日\r\n"),
        ] {
            assert_eq!(normalised(text), lines, "{text:?}");
        }
    }
}
