//! Finished messages: made elsewhere, and sent as they are but for a few repairs.

mod charset;
mod edit;
mod field;
mod header;
mod part;
mod recipients;
mod recode;
mod writer;

pub(crate) use edit::Missing;
#[cfg(feature = "dkim")]
pub(crate) use field::Field;
pub(crate) use field::split_fields;
pub(crate) use header::HeaderSection;
pub(crate) use recipients::MAX_MAILBOXES;
pub(crate) use recode::sendable;
