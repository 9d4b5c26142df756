//! The message.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::encoding::BodyType;
use super::error::MessageError;
use super::header::{HeaderCharset, MessageId};
use super::render::{MessageReader, Rendition, Template};
use super::warning::Warning;
use crate::address::Envelope;

/// How many characters of the name of a part are shown.
const SHOWN: usize = 40;

/// A mail that is ready to be sent, with its envelope.
///
/// Cloning is cheap and copies no text. All clones are the same message, and any of them can be
/// sent, even at the same time. If a body [can be read only once](Self::is_repeatable), only the
/// first clone that reads it can be sent, and sending another clone is an error.
#[derive(Clone)]
pub struct Message(pub(super) Arc<MessageParts>);

/// What clones of a message have in common.
#[derive(Clone)]
pub(super) struct MessageParts {
    pub(super) envelope: Envelope,
    pub(super) id: MessageId,
    /// Fields before all others.
    pub(super) signatures: Bytes,
    pub(super) template: Arc<Template>,
    /// The richest body type that may be used.
    pub(super) most: BodyType,
    /// The charset that the fields of a finished message with a DKIM-Signature may have.
    pub(super) charset: HeaderCharset,
    pub(super) needs_smtputf8: bool,
    pub(super) warnings: Vec<Warning>,
}

impl Message {
    /// A message without a signature, whose body type is at most `most`.
    pub(super) fn unsigned(
        envelope: Envelope,
        id: MessageId,
        template: Template,
        most: BodyType,
        needs_smtputf8: bool,
        warnings: Vec<Warning>,
    ) -> Result<Self, MessageError> {
        let message = Self(Arc::new(MessageParts {
            envelope,
            id,
            signatures: Bytes::new(),
            template: Arc::new(template),
            most,
            charset: HeaderCharset::Utf8,
            needs_smtputf8,
            warnings: Warning::limited(warnings),
        }));
        if message.rendition(most).exact_size() == u64::MAX {
            return Err(MessageError::TooLarge);
        }
        Ok(message)
    }

    /// The same message for this envelope, such as other recipients than those in its fields.
    #[must_use]
    pub fn with_envelope(mut self, envelope: Envelope) -> Self {
        let parts = Arc::make_mut(&mut self.0);
        parts.needs_smtputf8 |= envelope.needs_smtputf8();
        parts.envelope = envelope;
        self
    }

    /// The envelope: the reverse path is the sender or else the first author, and the recipients
    /// are all addresses in To, Cc and Bcc, once each.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.0.envelope
    }

    /// The Message-ID, which is the same in every attempt.
    #[must_use]
    pub fn message_id(&self) -> &MessageId {
        &self.0.id
    }

    /// The number of octets for a server without extensions; see [`Rendition::exact_size`]. For other
    /// servers the message is usually smaller.
    #[must_use]
    pub fn exact_size(&self) -> u64 {
        self.rendition(BodyType::SevenBit).exact_size()
    }

    /// Whether the message requires a server that offers SMTPUTF8 (RFC 6531). It does if an address
    /// in a field or in the envelope has a non-ASCII local part, or an identifier in a field is not
    /// ASCII. Other text can be [encoded](Self::rendition).
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.0.needs_smtputf8
    }

    /// Whether a server that supports BINARYMIME gets the message in binary.
    pub(crate) fn asks_for_binary(&self) -> bool {
        self.0.most == BodyType::Binary
            && self.0.template.body_type(BodyType::Binary) == BodyType::Binary
    }

    /// What may be a mistake, although the message can be sent.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// The files that are sent with it, by their absolute paths.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.template.files()
    }

    /// The message for a server that supports body types up to `most`.
    ///
    /// The message uses no richer type than
    /// [`max_body_type`](crate::message::MessageBuilder::max_body_type). Non-ASCII names and text in
    /// the fields of a finished message are in encoded words (RFC 2047), unless the message
    /// [needs SMTPUTF8](Self::needs_smtputf8).
    #[must_use]
    pub fn rendition(&self, most: BodyType) -> Rendition {
        self.rendition_in(most, HeaderCharset::Ascii)
    }

    /// The message for a server that supports body types up to `most` and offers SMTPUTF8 (RFC 6531).
    ///
    /// It differs from [`rendition`](Self::rendition) in that the fields of a finished message with
    /// a DKIM-Signature stay as they are.
    #[must_use]
    pub fn rendition_with_smtputf8(&self, most: BodyType) -> Rendition {
        self.rendition_in(most, self.0.charset)
    }

    fn rendition_in(&self, most: BodyType, charset: HeaderCharset) -> Rendition {
        Rendition::new(
            Arc::clone(&self.0.template),
            self.0.signatures.clone(),
            most.min(self.0.most),
            charset,
            self.0.needs_smtputf8,
        )
    }

    /// Whether the message can be sent more than once. It cannot if one of its bodies is a
    /// [reader](crate::message::Body::reader), which can be read only once.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.0.template.is_repeatable()
    }

    /// Whether a body that can be read only once has been read, by this message or a clone.
    pub(crate) fn is_consumed(&self) -> bool {
        self.0.template.is_consumed()
    }

    /// The `count` largest attachments, each with its name and its octets as they are sent to a
    /// server that can carry so much. The largest is the first.
    pub(crate) fn largest_parts(&self, most: BodyType, count: usize) -> Vec<String> {
        let mut largest = Vec::new();
        for (name, size) in self.0.template.named_parts(most.min(self.0.most)) {
            let place = largest.partition_point(|(_, other)| *other >= size);
            if place < count {
                largest.insert(place, (name, size));
                largest.truncate(count);
            }
        }
        let shown = largest.into_iter().map(|(name, size)| {
            let mut characters = name.chars();
            let shown: String = characters.by_ref().take(SHOWN).collect();
            let more = characters.next().map_or("", |_| "...");
            format!("{}{more} ({size} octets)", shown.escape_debug())
        });
        shown.collect()
    }

    /// The octets for a server without any extension.
    #[must_use]
    pub fn into_octets(self) -> MessageReader {
        self.rendition(BodyType::SevenBit).into_octets()
    }
}

/// Shows the Message-ID and the size, and none of the content.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("message_id", &self.0.id)
            .field("exact_size", &self.exact_size())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::part::Attachment;
    use crate::message::source::Body;

    async fn message(sizes: &[(&str, usize)]) -> Message {
        let builder = Message::builder()
            .from("ann@example.org")
            .to("bo@example.org")
            .text("Look:");
        let builder = sizes.iter().fold(builder, |builder, (name, size)| {
            let attachment = Attachment::new(Body::bytes(vec![0; *size]), *name);
            builder.attach(attachment)
        });
        builder.build().await.unwrap()
    }

    fn largest(message: &Message, most: BodyType, count: usize) -> String {
        let parts = message.largest_parts(most, count);
        let parts: Vec<_> = parts.iter().map(ToString::to_string).collect();
        parts.join(", ")
    }

    #[tokio::test]
    async fn the_largest_come_first_and_of_equal_ones_the_first() {
        let sizes = [("a", 57), ("b", 0), ("c", 114), ("d", 57), ("e", 3)];
        let message = message(&sizes).await;
        for (count, expected) in [
            (0, ""),
            (1, "c (156 octets)"),
            (3, "c (156 octets), a (78 octets), d (78 octets)"),
            (
                9,
                "c (156 octets), a (78 octets), d (78 octets), e (6 octets), b (0 octets)",
            ),
        ] {
            assert_eq!(largest(&message, BodyType::SevenBit, count), expected);
        }
        assert_eq!(
            largest(&self::message(&[]).await, BodyType::SevenBit, 3),
            ""
        );
    }

    #[tokio::test]
    async fn a_name_is_shown_shortened_and_with_quotes_escaped() {
        let name = format!("\"{}", "é".repeat(60));
        let message = message(&[(&name, 1)]).await;
        let expected = format!("\\\"{}... (6 octets)", "é".repeat(39));
        assert_eq!(largest(&message, BodyType::SevenBit, 1), expected);
    }
}
