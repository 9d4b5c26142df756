//! Header fields: their values, and the one writer of them.

mod address_list;
mod automatic;
mod date;
mod encoded_field;
mod field_name;
mod field_pieces;
mod message_id;
mod parameter;
mod writer;

pub(crate) use address_list::quoted;
pub use automatic::{AutoSubmitted, ListUnsubscribe};
pub use date::Date;
pub(crate) use encoded_field::{encoded_field, has_addresses};
pub use field_name::FieldName;
pub(crate) use field_name::{is_one_of, without_controls};
pub use message_id::MessageId;
pub(crate) use parameter::{parameters, percent_encoded};
#[cfg(feature = "dkim")]
pub(crate) use writer::FOLDED;
pub(crate) use writer::{Header, HeaderCharset};
