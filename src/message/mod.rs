//! Messages: built once, sized exactly, and sent in constant memory.
//!
//! ```
//! use pilotfish::message::Message;
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let message = Message::builder()
//!     .from("Jörg Müller <joerg@example.org>")
//!     .to("Ann <ann@example.net>, bo@example.net")
//!     .subject("The shark 🦈")
//!     .text("Seen this morning.\n")
//!     .html("<p>Seen <b>this morning</b>:<p><img src='cid:shark'>")
//!     .inline("shark", "shark.png")
//!     .attach("report.pdf")
//!     .build()
//!     .await?;
//!
//! println!("{} has {} octets", message.message_id(), message.exact_size());
//! # Ok(())
//! # }
//! ```
//!
//! A [`Message`] is fixed when it is built: its Date, its Message-ID and the boundaries of its
//! parts too, so that a second attempt to send it sends the same message. It is made of header
//! fields (RFC 5322) and of [entities](Entity) (RFC 2045): texts, a document in HTML, pictures in
//! it, attachments. It comes with the [envelope](crate::address::Envelope) that its fields say.
//!
//! # What goes out
//!
//! What servers can carry differs, and a [`Rendition`] is the message for one of them: text that
//! is sent as it is where a server offers 8BITMIME is quoted-printable or base64 elsewhere. What
//! is decoded in the end is the same. [`MessageBuilder::max_body_type`] sets how much use is made of that;
//! with [`BodyType::SevenBit`], the octets are the same for every server.
//!
//! [`MessageReader`] gives it block by block. A file or what a reader gives is never in memory as a
//! whole, and a body that does not have the length it should have ends the message before its
//! last octet.
//!
//! An address with a non-ASCII local part can only be written in UTF-8, and a message with one
//! [needs SMTPUTF8](Message::needs_smtputf8) (RFC 6532). Its other fields are in UTF-8 then, too.
//!
//! # What goes in
//!
//! No value of these types can end its line or begin a field of its own: every text that goes
//! into a header is checked for control characters, either by its type or by
//! [`MessageBuilder::build`]. There are limits to the number of mailboxes, fields and
//! attachments and to the length of fields, which are constants of [`MessageBuilder`] and of the
//! types; there are none for a text, apart from memory, nor for bodies.

mod address_list;
mod attachment;
mod auto_submitted;
mod base64_lines;
mod body;
mod builder;
mod calendar;
mod coding;
mod content_id;
mod data;
mod date;
#[cfg(feature = "dkim")]
pub mod dkim;
mod encoded_field;
mod encoded_word;
mod entity;
mod error;
mod feed;
mod field;
mod file;
mod file_identity;
mod file_name;
mod flowed;
mod header;
mod html;
mod inner_message;
mod language;
mod largest;
mod layout;
mod line_body;
mod line_ends;
mod list_unsubscribe;
mod media_guess;
mod media_type;
mod message_id;
mod octets;
mod parameter;
mod quoted_printable;
mod random;
mod raw;
mod regular_file;
mod rendition;
mod scan;
#[cfg(feature = "dkim")]
mod sign;
mod spool;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod warning;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use attachment::{Attachment, Disposition};
pub use auto_submitted::AutoSubmitted;
pub use body::Body;
pub use builder::MessageBuilder;
pub use calendar::Method;
pub use content_id::ContentId;
pub use data::BodyType;
pub use date::Date;
pub use entity::Entity;
pub use error::{BodyError, MessageError, Origin};
pub use field::FieldName;
pub use file_name::FileName;
pub use language::Language;
pub use list_unsubscribe::ListUnsubscribe;
pub use media_type::MediaType;
pub use message_id::MessageId;
pub use octets::{Block, MessageReader};
pub use raw::RawBuilder;
pub use rendition::Rendition;
pub use warning::Warning;

use bytes::Bytes;

use crate::address::Envelope;
use header::Script;
use layout::Layout;
use template::Template;

/// A mail that is ready to be sent, with its envelope.
///
/// Cloning is cheap, and copies no text. All clones are the same message, and any of them can be
/// sent, even at the same time; but if a body [can be read only once](Self::is_repeatable), only
/// the first to read it can, and sending it again is an error.
#[derive(Clone)]
pub struct Message(Arc<Shared>);

/// What clones of a message have in common.
#[derive(Clone)]
struct Shared {
    envelope: Envelope,
    id: MessageId,
    /// Fields in front of all others.
    signatures: Bytes,
    template: Arc<Template>,
    /// The most that may be made use of.
    most: BodyType,
    /// What the fields of a finished message with a DKIM-Signature may be written in.
    script: Script,
    needs_smtputf8: bool,
    warnings: Vec<Warning>,
}

impl Message {
    /// Begins a message.
    ///
    /// ```
    /// # use pilotfish::message::Message;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let message = Message::builder()
    ///     .from("ann@example.org")
    ///     .bcc("bo@example.net")
    ///     .subject("Lunch?")
    ///     .text("At one, as always.\n")
    ///     .build()
    ///     .await?;
    /// assert_eq!(message.envelope().forward_paths().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> MessageBuilder {
        MessageBuilder::default()
    }

    /// Begins with a message that was made elsewhere, and is sent as it is but for what would
    /// hinder it; see [`RawBuilder`].
    ///
    /// ```
    /// # use pilotfish::message::Message;
    /// # use std::path::Path;
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let message = Message::raw(Path::new("draft.eml"))
    ///     .recipients_from_fields()
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(message: impl Into<Body>) -> RawBuilder {
        RawBuilder::new(message.into())
    }

    /// A message that makes use of `most`, and has no signature.
    fn unsigned(
        envelope: Envelope,
        id: MessageId,
        template: Template,
        most: BodyType,
        needs_smtputf8: bool,
    ) -> Result<Self, MessageError> {
        let len = template
            .layout(most, Script::Ascii, Layout::default())
            .finish()
            .1;
        len.ok_or(MessageError::TooLarge)?;
        Ok(Self(Arc::new(Shared {
            envelope,
            id,
            signatures: Bytes::new(),
            template: Arc::new(template),
            most,
            script: Script::Utf8,
            needs_smtputf8,
            warnings: Vec::new(),
        })))
    }

    fn with_warnings(mut self, warnings: Vec<Warning>) -> Self {
        Arc::make_mut(&mut self.0).warnings = warnings;
        self
    }

    /// From whom and to whom it goes: back to the sender, or else the first author; and to
    /// everybody in To, Cc and Bcc, once each.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.0.envelope
    }

    /// Its identifier, which is the same in every attempt.
    #[must_use]
    pub fn message_id(&self) -> &MessageId {
        &self.0.id
    }

    /// How many octets it has for a server that takes the least; see
    /// [`Rendition::exact_size`]. For others it has mostly less.
    #[must_use]
    pub fn exact_size(&self) -> u64 {
        self.rendition(BodyType::SevenBit).exact_size()
    }

    /// Whether only a server that offers SMTPUTF8 can take it (RFC 6531): whether an address in
    /// a field or in the envelope has a non-ASCII local part, or an identifier in a field is not
    /// ASCII. Nothing else needs it: other text of a finished message can be
    /// [encoded](Self::rendition).
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.0.needs_smtputf8
    }

    /// Whether it makes use of a server that carries any octets.
    pub(crate) fn asks_for_binary(&self) -> bool {
        self.0.most == BodyType::Binary
            && self.0.template.data(BodyType::Binary) == BodyType::Binary
    }

    /// What is odd about it, and may be meant.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// The files that are sent with it, by their absolute paths.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.template.files()
    }

    /// The message for a server that can carry so much.
    ///
    /// It makes no more use of that than [`MessageBuilder::max_body_type`] says. Names and text beyond
    /// ASCII in the fields of a finished message are in encoded words (RFC 2047), unless the
    /// message [needs SMTPUTF8](Self::needs_smtputf8).
    #[must_use]
    pub fn rendition(&self, most: BodyType) -> Rendition {
        self.rendition_in(most, Script::Ascii)
    }

    /// The message for a server that can carry so much, and that offers SMTPUTF8 (RFC 6531).
    ///
    /// It differs from [`rendition`](Self::rendition) in that the fields of a finished message with
    /// a DKIM-Signature stay as they are.
    #[must_use]
    pub fn rendition_with_smtputf8(&self, most: BodyType) -> Rendition {
        self.rendition_in(most, self.0.script)
    }

    fn rendition_in(&self, most: BodyType, script: Script) -> Rendition {
        let most = most.min(self.0.most);
        let mut layout = Layout::default();
        layout.octets(&self.0.signatures);
        let (segments, len) = self.0.template.layout(most, script, layout).finish();
        let needs_smtputf8 = self.0.needs_smtputf8 || self.0.template.is_utf8(script);
        let fields = if needs_smtputf8 {
            BodyType::EightBit
        } else {
            BodyType::SevenBit
        };
        Rendition {
            segments,
            len: len.unwrap_or(u64::MAX),
            data: self.0.template.data(most).max(fields),
            needs_smtputf8,
        }
    }

    /// Whether it can be sent more than once: whether none of its bodies is a
    /// [reader](Body::reader), which can be read only once.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.0.template.is_repeatable()
    }

    /// Whether a body that can be read only once has been read, by this message or a clone.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.template.is_spent()
    }

    /// Its octets for a server that takes the least.
    #[must_use]
    pub fn into_octets(self) -> MessageReader {
        self.rendition(BodyType::SevenBit).into_octets()
    }
}

/// Shows what the message is known by, and none of its content.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("message_id", &self.0.id)
            .field("exact_size", &self.exact_size())
            .finish_non_exhaustive()
    }
}
