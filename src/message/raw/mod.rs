//! Finished messages: made elsewhere, and sent as they are but for a few repairs.

mod edit;
mod field;
mod header;
mod recipients;
