//! HTML texts: what they refer to, and how they are made from Markdown.

mod cid;
mod comment;
mod decode;
#[cfg(feature = "merge")]
mod filled;
#[cfg(feature = "html")]
mod images;
#[cfg(feature = "html")]
mod markdown;
mod pictures;
mod references;
mod rewrite;
mod url;
mod url_values;
mod urls;

#[cfg(feature = "merge")]
pub(crate) use filled::{markdown_with, place};
#[cfg(feature = "html")]
pub(super) use images::{LocalImages, picture_path};
#[cfg(feature = "html")]
pub(super) use markdown::{markdown, split_metadata};
pub(super) use references::{ReferenceScan, References};
pub(super) use rewrite::{Rewriter, reference};
pub(super) use url::HtmlUrl;
#[cfg(feature = "html")]
pub(super) use urls::HtmlUrls;
