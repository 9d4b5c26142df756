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

// The folders, from the lowest to the highest; `tests/it/tidy` checks that none names a higher one:
// encoding, source, header, html, raw, part, render, message, builder, dkim.

mod builder;
#[cfg(feature = "dkim")]
pub mod dkim;
mod encoding;
mod error;
mod first_error;
mod header;
mod html;
#[expect(
    clippy::module_inception,
    reason = "the type that the module is named after"
)]
mod message;
mod part;
mod random;
mod raw;
mod render;
mod source;
#[cfg(test)]
mod tests;
mod warning;

pub use builder::{MessageBuilder, RawBuilder};
pub use encoding::BodyType;
pub use error::{BodyError, MessageError};
pub use header::{AutoSubmitted, Date, FieldName, ListUnsubscribe, MessageId};
pub use message::Message;
pub use part::{Attachment, ContentId, Disposition, Entity, FileName, Language, MediaType, Method};
pub use render::{MessageReader, Rendition};
pub use source::Body;
pub use warning::Warning;
