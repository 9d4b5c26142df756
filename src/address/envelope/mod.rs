//! The envelope: the paths of a mail, and the options that extensions add to them.

mod deliver_by;
mod dsn;
mod error;
mod hold;
mod options;
mod paths;
mod priority;
#[cfg(test)]
mod tests;
mod xtext;

pub use deliver_by::DeliverBy;
pub(crate) use dsn::OriginalRecipient;
pub use dsn::{EnvelopeId, Event, Notify, Ret};
pub use error::EnvelopeError;
pub use hold::{DateTime, Hold, HoldSeconds};
pub use options::{Dsn, Options, Partial, RecipientOptions, Submitter, TlsOnward};
pub use paths::Envelope;
pub use priority::Priority;
