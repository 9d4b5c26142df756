//! Finished messages: made elsewhere, and sent as they are but for a few repairs.

mod builder;
mod charset;
mod edit;
mod field;
mod header;
mod part;
mod recipients;
mod recode;
mod writer;

pub use builder::RawBuilder;
pub(super) use header::HeaderSection;
pub(super) use recode::sendable;

/// What is done about octets that no server has to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    /// They are refused, and the hint says what to do.
    Refused { hint: &'static str },
    /// They are encoded, and a warning says so.
    Made,
}
