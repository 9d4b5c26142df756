//! How octets and text are written so that mail can carry them.

mod base64;
mod body_encoding;
mod encoded_word;
mod flowed;
mod line_ends;
mod line_scan;
mod quoted_printable;
mod text_encoder;
mod text_scan;

pub(crate) use base64::base64_lines;
pub use body_encoding::BodyType;
pub(crate) use body_encoding::{BodyEncoding, MAX_PIECE};
pub(crate) use encoded_word::{EncodedWords, MIN_ROOM};
pub(crate) use flowed::{DelSp, FormatFlowed};
pub(crate) use line_ends::{LineEnds, MAX_LINE, lines};
pub(crate) use line_scan::{Scan, Trouble};
pub(crate) use quoted_printable::{quoted_printable, shortened};
pub(crate) use text_encoder::{TextEncoder, TextEncoding};
pub(crate) use text_scan::TextScan;
