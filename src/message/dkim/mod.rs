//! Signatures that show which domain is answerable for a message (DKIM, RFC 6376).
//!
//! A [`Signer`] has a [`SigningKey`], the domain it signs for and the [`Selector`] of the key's
//! record in the DNS. It makes one field, DKIM-Signature, which goes in front of the message.
//!
//! ```
//! # use std::time::SystemTime;
//! use pilotfish::message::dkim::{DkimError, Signer};
//!
//! /// A message, signed.
//! fn signed(signer: &Signer, header: &str, body: &str) -> Result<String, DkimError> {
//!     let mut hash = signer.body_hash();
//!     hash.push(body.as_bytes());
//!     let field = signer.sign(header.as_bytes(), &hash.finish(), SystemTime::now())?;
//!     Ok(format!("{field}{header}\r\n{body}"))
//! }
//! ```
//!
//! The body is hashed block by block, and no part of it is kept, so that a body of any size
//! takes the same memory.
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
mod canonical;
mod error;
mod fields;
mod key;
mod selector;
mod signature;
mod signer;
#[cfg(test)]
mod tests;

pub use body::{BodyDigest, BodyHash};
pub use canonical::Canonicalization;
pub use error::DkimError;
pub use key::SigningKey;
pub use selector::Selector;
pub use signer::{Signer, SignerBuilder};
