//! From the parts of a message to the octets for one server.

mod body_reader;
mod message_reader;
mod rendition;
mod segment;
mod template;

pub(crate) use body_reader::BodyReader;
pub use message_reader::MessageReader;
pub use rendition::Rendition;
pub(crate) use template::Template;
