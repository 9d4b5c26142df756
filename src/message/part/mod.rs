//! The parts of a message.

mod attachment;
mod calendar;
mod entity;
mod file_name;
mod media_type;
mod part_fields;
mod text;

pub use attachment::{Attachment, Disposition};
pub use calendar::Method;
pub use entity::Entity;
pub(crate) use entity::{EntityKind, Multipart};
pub use file_name::FileName;
pub use media_type::MediaType;
pub use part_fields::{ContentId, Language};
