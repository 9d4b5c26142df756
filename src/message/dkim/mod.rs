//! Signatures that show which domain is answerable for a message (DKIM, RFC 6376).
//!
//! A [`Signer`] has a [`SigningKey`], the domain it signs for and the [`Selector`] of the key's
//! record in the DNS. [`Message::sign`](crate::message::Message::sign) puts its field, DKIM-Signature, in
//! front of a message.
//!
//! ```no_run
//! use pilotfish::message::Message;
//! use pilotfish::message::dkim::{Signer, SigningKey};
//!
//! # async fn example(client: pilotfish::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::pem_file("/etc/pilotfish/dkim.pem").await?;
//! let signer = Signer::builder("example.org", "s1", key).build()?;
//!
//! let message = Message::builder()
//!     .from("News <news@example.org>")
//!     .to("ann@example.net")
//!     .subject("The shark")
//!     .text("It is back.\n")
//!     .attach("shark.mp4")
//!     .build()
//!     .await?
//!     .sign(&signer)
//!     .await?;
//! client.send(message).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The message is read once more for it, block by block, so that one of any size takes the same
//! memory. Most providers sign for their own domain what they send, and need no help with it: a
//! signature of one's own is for a domain of one's own.
//!
//! # Keys
//!
//! `openssl genrsa -out dkim.pem 2048` makes one. Verifiers look for its public half in the DNS,
//! in the TXT record of `s1._domainkey.example.org` where `s1` is the selector and `example.org`
//! the domain; [`SigningKey::public_record`] gives the record's text. By hand it is
//! `v=DKIM1; k=rsa; p=` and the lines between the first and the last of what
//! `openssl rsa -in dkim.pem -pubout` prints, joined.
//!
//! A key is replaced by another with another selector, whose record is published first. The old
//! record stays for as long as mails are under way.
//!
//! # What is not a message yet
//!
//! [`Signer::sign`] takes any header and the hash of any body:
//!
//! ```
//! # use std::time::SystemTime;
//! use pilotfish::message::dkim::{DkimError, Signer};
//!
//! /// A message, signed.
//! fn signed(signer: &Signer, header: &str, body: &str) -> Result<String, DkimError> {
//!     let mut hash = signer.body_hash();
//!     hash.push(body.as_bytes());
//!     let field = signer.sign(header.as_bytes(), hash, SystemTime::now())?;
//!     Ok(format!("{field}{header}\r\n{body}"))
//! }
//! ```
//!
//! # What is signed
//!
//! All of the body. The length tag `l=`, by which a signature may cover the beginning of the
//! body alone, is never written: anybody could append to the message what they like, and readers
//! would show it as signed (RFC 6376 section 8.2).
//!
//! Of the header, the fields of RFC 6376 section 5.4.1; List-Unsubscribe-Post, without which
//! no mail box offers to unsubscribe with one click (RFC 8058 section 4); Sender, Message-ID,
//! and those that say what the body is: MIME-Version, Content-Type, Content-Transfer-Encoding
//! and Content-Disposition. [`SignerBuilder::fields`] has other fields signed.
//!
//! From, Reply-To, To, Cc and Subject are listed once more than they are there, so that the
//! signature breaks if somebody adds another, which a reader might show instead (RFC 6376
//! section 8.15). So are, if they are there at all, Date, Message-ID, In-Reply-To, References
//! and the four of the body; if they are not there, the submission server may add them (RFC 6409
//! section 8). What mailing lists add to a message, List-Id and the like, can be added.

mod body;
mod error;
mod fields;
mod key;
mod sign;
mod signature;
mod signer;
mod tags;
#[cfg(test)]
mod tests;

pub use body::BodyHash;
pub use error::DkimError;
pub use key::SigningKey;
pub use signer::{Signer, SignerBuilder};
pub use tags::{Canonicalization, Selector};
