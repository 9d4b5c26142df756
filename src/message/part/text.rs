//! The text of a part.

use std::collections::HashSet;
use std::sync::Arc;

use super::entity::Entity;
use crate::message::encoding::{DelSp, FormatFlowed, LineEnds};
use crate::message::error::{BodyError, MessageError, limit};
use crate::message::html::{ReferenceScan, References};
use crate::message::source::{Body, TextBody};

/// Of more octets, lines are broken in a thread that may block.
const AT_ONCE: u64 = 64 * 1024;

/// A text in UTF-8, with any line ends.
#[derive(Debug)]
pub(crate) struct Text {
    pub(super) body: Body,
    /// Whether its lines are to be broken in the format "flowed".
    pub(super) is_flowed: bool,
    /// The text as it is sent, once it has been looked through.
    opened: Option<TextBody>,
    /// What it refers to, if it is a document in HTML and has been looked through.
    references: Option<References>,
}

impl Text {
    pub(crate) fn new(text: impl Into<Body>) -> Self {
        Self {
            body: text.into(),
            is_flowed: false,
            opened: None,
            references: None,
        }
    }

    /// A text in the format "flowed".
    pub(crate) fn flowed(text: impl Into<Body>) -> Self {
        Self {
            is_flowed: true,
            ..Self::new(text)
        }
    }

    /// Breaks the lines of a text in the format "flowed", whose body is open.
    pub(super) async fn break_lines(&mut self) -> Result<DelSp, MessageError> {
        let len = self.body.len().unwrap_or_default();
        let octets = usize::try_from(len).unwrap_or(usize::MAX);
        limit(
            "the length of a flowed text in octets",
            octets,
            Entity::MAX_FLOWED,
        )?;
        let mut body = self.body.handle();
        let mark = body.skip_mark();
        let octets = body.read(Entity::MAX_FLOWED).await?;
        let break_lines = move || match str::from_utf8(&octets) {
            Ok(text) => Ok(FormatFlowed::new(text)),
            Err(error) => {
                let place = (mark + error.valid_up_to()) as u64;
                Err(MessageError::NotUtf8 { place })
            }
        };
        let flowed = if len > AT_ONCE {
            let broken = tokio::task::spawn_blocking(break_lines).await;
            broken.map_err(BodyError::stopped)??
        } else {
            break_lines()?
        };
        self.body = flowed.text.into();
        Ok(flowed.delsp)
    }

    /// Looks through the text, whose body is open. `ids` has the identifiers of all parts if it is a
    /// document in HTML.
    pub(super) async fn look_through(
        &mut self,
        ids: Option<Arc<HashSet<String>>>,
    ) -> Result<(), MessageError> {
        let mark = self.body.skip_mark() as u64;
        // Spaces at the ends of lines are known to have a meaning in the format "flowed" (RFC 3676
        // section 4.1).
        let fragile: &[u8] = if self.is_flowed { b"\t" } else { b" \t" };
        let scan = ids.map(ReferenceScan::new);
        let apply = |scan: &mut Option<ReferenceScan>, block: &[u8]| {
            if let Some(scan) = scan {
                scan.apply(block);
            }
        };
        let opened = TextBody::new(self.body.handle(), fragile, scan, apply).await;
        let (text, scan) = opened.map_err(|error| match error {
            MessageError::NotUtf8 { place } => {
                let place = place + mark;
                MessageError::NotUtf8 { place }
            }
            other => other,
        })?;
        self.opened = Some(text);
        self.references = scan.map(ReferenceScan::finish);
        Ok(())
    }

    /// What it refers to, if it is a document in HTML.
    pub(crate) fn references(&self) -> Option<&References> {
        self.references.as_ref()
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
