//! Where the octets of a part come from.

mod body;
mod file;
mod file_opener;
mod look_through;
mod media_guess;
mod regular_file;
mod spool;
mod text_body;
mod verbatim_body;

pub use body::Body;
pub(crate) use body::{BodySource, BoxedReader};
pub(crate) use file::FileReader;
pub(crate) use file_opener::FileOpener;
pub(crate) use media_guess::guess;
#[cfg(feature = "merge")]
pub(crate) use regular_file::{FileIdentity, open_regular};
pub(crate) use spool::Spool;
pub(crate) use text_body::TextBody;
pub(crate) use verbatim_body::VerbatimBody;
