//! Finished messages: made elsewhere, and sent as they are but for a few repairs.

mod builder;
mod edit;
mod field;
mod header;
mod recipients;

pub use builder::RawBuilder;
pub(super) use header::HeaderSection;
