//! The envelope: the paths of a mail, and the options that extensions add to them.

mod delivery_time;
mod dsn;
mod error;
mod options;
pub(super) mod paths;
#[cfg(test)]
mod tests;

pub use delivery_time::{DateTime, DeliverBy, Hold, HoldSeconds, Priority};
pub(crate) use dsn::OriginalRecipient;
pub use dsn::{EnvelopeId, Event, Notify, Ret};
pub use error::EnvelopeError;
pub use options::{Dsn, Options, Partial, RecipientOptions, Submitter, TlsOnward};
