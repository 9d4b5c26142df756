//! Which octets a message may contain, and how those of a body are written.

use super::base64::{LINE, base64_lines, base64_lines_len};
use super::line_ends::LineEnds;
use super::text_encoder::{TextEncoder, TextEncoding};

/// Which octets a message may contain, from what every server accepts to unrestricted (RFC 2045
/// sections 2.7 to 2.9).
///
/// ```
/// # use pilotfish::message::BodyType;
/// assert!(BodyType::SevenBit < BodyType::EightBit && BodyType::EightBit < BodyType::Binary);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BodyType {
    /// Lines of at most 998 octets below 128, none of them NUL.
    #[default]
    SevenBit,
    /// Lines of at most 998 octets, none of them NUL: for servers that offer 8BITMIME
    /// (RFC 6152).
    EightBit,
    /// Any octets at all: for servers that offer BINARYMIME and CHUNKING (RFC 3030).
    Binary,
}

impl BodyType {
    /// Its name in the field Content-Transfer-Encoding.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Binary => "binary",
        }
    }
}

/// How the octets of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyEncoding {
    /// In base64.
    Base64,
    /// As they are.
    Identity,
    /// As lines that end with CRLF, with the number of octets of the result.
    Lines(u64),
    /// As a text in an encoding, with the number of octets of the result. As a piece depends on those
    /// before it, a [`TextEncoder`] writes it.
    Text(TextEncoding, u64),
}

/// The most octets that a piece has when it is written.
pub(crate) const MAX_PIECE: usize = 128 * 1024;

/// How many lines of base64 make one piece.
const LINES: usize = 1680;

impl BodyEncoding {
    /// How many octets of a body make one piece. Base64 can be written piece by piece if each
    /// has whole lines.
    pub(crate) fn piece(self) -> usize {
        match self {
            Self::Base64 => LINES * LINE,
            Self::Identity => MAX_PIECE,
            // Each octet may be a line, and the last line may lack its end.
            Self::Lines(_) => MAX_PIECE / 2 - 1,
            Self::Text(..) => TextEncoder::PIECE,
        }
    }

    /// Whether writing a piece needs the octet before it.
    pub(crate) fn looks_back(self) -> bool {
        matches!(self, Self::Lines(_))
    }

    /// The most octets that `octets` octets have when they are written.
    pub(crate) fn max_len(self, octets: usize) -> usize {
        match self {
            Self::Base64 => base64_lines_len(octets as u64)
                .and_then(|len| usize::try_from(len).ok())
                .unwrap_or(MAX_PIECE),
            Self::Identity => octets,
            Self::Lines(_) => 2 * octets + 2,
            Self::Text(..) => TextEncoder::max_len(octets),
        }
    }

    /// How many octets a body of this length has when it is written; `None` on `u64` overflow.
    pub(crate) fn len(self, octets: u64) -> Option<u64> {
        match self {
            Self::Base64 => base64_lines_len(octets),
            Self::Identity => Some(octets),
            Self::Lines(len) | Self::Text(_, len) => Some(len),
        }
    }

    /// Appends a piece as it is written, or as a [`TextEncoder`] needs it. `before` is the octet before
    /// it; the last piece ends the last line.
    pub(crate) fn encode(
        self,
        before: Option<u8>,
        octets: &[u8],
        is_last: bool,
        out: &mut Vec<u8>,
    ) {
        match self {
            Self::Base64 => base64_lines(octets, out),
            Self::Identity | Self::Text(..) => out.extend_from_slice(octets),
            Self::Lines(_) => {
                let mut line_ends = LineEnds::after(before);
                line_ends.apply(octets, out);
                if is_last {
                    line_ends.finish(out);
                }
            }
        }
    }
}

const _: () = assert!(LINES * (LINE / 3 * 4 + 2) <= MAX_PIECE, "a piece of base64");
