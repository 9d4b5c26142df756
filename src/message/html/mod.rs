//! HTML texts: what they refer to, and how they are made from Markdown.

pub(super) mod cid;
mod decode;
#[cfg(feature = "html")]
pub(super) mod images;
#[cfg(feature = "html")]
pub(super) mod markdown;
pub(super) mod pictures;
mod url_positions;
mod urls;
