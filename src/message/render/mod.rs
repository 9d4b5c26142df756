//! From the parts of a message to the octets for one server.

mod body_reader;
mod layout;
mod octets;
mod rendition;
mod template;

pub(crate) use layout::Layout;
pub use octets::{Block, MessageReader};
pub use rendition::Rendition;
pub(crate) use template::Template;
