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
//! A [`Message`] is fixed when it is built, with its Date, its Message-ID and the boundaries of its
//! parts, so that a second attempt to send it sends the same message. It consists of header
//! fields (RFC 5322) and [entities](Entity) (RFC 2045): texts, an HTML document with its pictures,
//! attachments. It contains the [envelope](crate::address::Envelope) that follows from its fields.
//!
//! # What goes out
//!
//! Servers differ in the body types that they support, and a [`Rendition`] is the message for one
//! server: text that is sent unencoded to a server with 8BITMIME is quoted-printable or base64 for
//! other servers. All renditions decode to the same content. [`MessageBuilder::max_body_type`] limits
//! the body type; with [`BodyType::SevenBit`], every server gets the same octets.
//!
//! [`MessageReader`] reads a rendition block by block. Files and readers are never in memory as a
//! whole. If a body does not have the declared length, reading fails before the last octet of the
//! message.
//!
//! An address with a non-ASCII local part can only be written in UTF-8, and a message with one
//! [needs SMTPUTF8](Message::needs_smtputf8) (RFC 6532). Its other fields are then in UTF-8, too.
//!
//! # What goes in
//!
//! No value of these types can end its line or begin another field: every text for a
//! header is checked for control characters, either by its type or by
//! [`MessageBuilder::build`]. The number of mailboxes, fields and attachments and the length of
//! fields are limited, by constants of [`MessageBuilder`] and of the types. Texts, documents in HTML and
//! bodies are not limited, and take little memory in a [file](Body::file). Text in the format "flowed" is
//! limited to [`Entity::MAX_FLOWED`]; Markdown and calendars are in memory as a whole.

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
#[cfg(feature = "merge")]
pub(crate) use html::{markdown_with, place as markdown_place};
pub use message::Message;
pub use part::{Attachment, ContentId, Disposition, Entity, FileName, Language, MediaType, Method};
pub use render::{MessageReader, Rendition};
pub use source::Body;
#[cfg(feature = "merge")]
pub(crate) use source::{FileIdentity, open_regular};
pub use warning::Warning;
