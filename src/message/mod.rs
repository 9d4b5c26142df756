//! Messages: built once, sized exactly, and sent in constant memory.
//!
//! ```
//! use pilotfish::message::{Attachment, Message};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let message = Message::builder()
//!     .from("Jörg Müller <joerg@example.org>".parse()?)
//!     .to("ann@example.net".parse()?)
//!     .subject("The shark 🦈")
//!     .text("Seen this morning.\n")
//!     .attach(Attachment::file("shark.png").await?)
//!     .build()?;
//!
//! println!("{} has {} octets", message.message_id(), message.exact_size());
//! # Ok(())
//! # }
//! ```
//!
//! A [`Message`] is fixed to the last octet when it is built: its Date, its Message-ID and the
//! boundaries of its parts too, so that a second attempt to send it sends the same message. It
//! is made of header fields (RFC 5322), a text and [attachments](Attachment) (RFC 2045, RFC
//! 2183), and comes with the [envelope](crate::address::Envelope) that its fields say.
//!
//! # What goes out
//!
//! [`Octets`] gives it block by block. A file or what a reader gives is never in memory as a
//! whole, and a body that does not have the length it should have ends the message before its
//! last octet.
//!
//! All of it is 7 bit, whatever the server could take, with one exception: an address with a
//! non-ASCII local part can only be written in UTF-8, and such a message
//! [needs SMTPUTF8](Message::needs_smtputf8) (RFC 6532). In return, the same message is the same
//! octets whichever server takes it; what a dry run shows is what is sent; and no server on the
//! way has a reason to recode, which would break signatures. Attachments are in base64, and text
//! is as plain as its characters allow.
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
mod base64_lines;
mod body;
mod builder;
mod date;
#[cfg(feature = "dkim")]
pub mod dkim;
mod encoded_word;
mod error;
mod feed;
mod field;
mod file;
mod file_name;
mod header;
mod layout;
mod media_guess;
mod media_type;
mod message_id;
mod octets;
mod parameter;
mod quoted_printable;
mod random;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

pub use attachment::Attachment;
pub use body::Body;
pub use builder::MessageBuilder;
pub use date::Date;
pub use error::{BodyError, MessageError, Origin};
pub use field::FieldName;
pub use file_name::FileName;
pub use media_type::MediaType;
pub use message_id::MessageId;
pub use octets::{Block, Octets};

use crate::address::Envelope;
use layout::Layout;

/// A mail that is ready to be sent, with its envelope.
pub struct Message {
    envelope: Envelope,
    id: MessageId,
    layout: Layout,
    needs_smtputf8: bool,
}

impl Message {
    /// Begins a message.
    ///
    /// ```
    /// # use pilotfish::message::Message;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let message = Message::builder()
    ///     .from("ann@example.org".parse()?)
    ///     .bcc("bo@example.net".parse()?)
    ///     .subject("Lunch?")
    ///     .text("At one, as always.\n")
    ///     .build()?;
    /// assert_eq!(message.envelope().forward_paths().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> MessageBuilder {
        MessageBuilder::default()
    }

    /// From whom and to whom it goes: back to the sender, or else the first author; and to
    /// everybody in To, Cc and Bcc, once each.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Its identifier, which is the same in every attempt.
    #[must_use]
    pub fn message_id(&self) -> &MessageId {
        &self.id
    }

    /// How many octets it has, with its line ends as CRLF, without dot stuffing and the end of
    /// data: what the parameter `SIZE=` of `MAIL` wants (RFC 1870 section 5), and exactly what
    /// [`Octets`] will hand out.
    #[must_use]
    pub fn exact_size(&self) -> u64 {
        self.layout.len()
    }

    /// Whether only a server that offers SMTPUTF8 can take it (RFC 6531): whether an address in
    /// a field or in the envelope has a non-ASCII local part. Nothing else needs it.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.needs_smtputf8
    }

    /// The same message once more, to send it again; none if one of its bodies is a
    /// [reader](Body::reader), which can be read only once.
    ///
    /// Octets are not copied, and files are not opened again.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        Some(Self {
            envelope: self.envelope.clone(),
            id: self.id.clone(),
            layout: self.layout.try_clone()?,
            needs_smtputf8: self.needs_smtputf8,
        })
    }

    /// Its octets, to be sent.
    #[must_use]
    pub fn into_octets(self) -> Octets {
        Octets::new(self.layout)
    }
}

/// Shows what the message is known by, and none of its content.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("message_id", &self.id)
            .field("exact_size", &self.exact_size())
            .finish_non_exhaustive()
    }
}
