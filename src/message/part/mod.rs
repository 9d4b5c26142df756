//! The parts of a message.

mod attachment;
mod calendar;
mod content_id;
mod entity;
mod file_name;
mod language;
mod media_type;
mod text;

pub(crate) use attachment::HINT;
pub use attachment::{Attachment, Disposition};
pub use calendar::Method;
pub use content_id::ContentId;
pub use entity::Entity;
pub(crate) use entity::{EntityKind, Multipart};
pub use file_name::FileName;
pub use language::Language;
pub use media_type::MediaType;
pub(crate) use text::Text;
