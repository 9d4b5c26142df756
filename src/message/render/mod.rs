//! From the parts of a message to the octets for one server.

mod body_reader;
mod rendition;
mod template;

pub(crate) use rendition::Segment;
pub use rendition::{MessageReader, Rendition};
pub(crate) use template::Template;
