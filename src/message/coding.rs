//! How the octets of a body are written.

use super::base64_lines::{LINE, base64_lines, base64_lines_len};

/// How the octets of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// In base64.
    Base64,
    /// As they are.
    Identity,
}

/// The most octets that a piece has when it is written.
pub(super) const MAX_PIECE: usize = 64 * 1024;

/// How many lines of base64 make one piece.
const LINES: usize = 840;

impl Coding {
    /// How many octets of a body make one piece. Base64 can be written piece by piece if each
    /// has whole lines.
    pub(super) fn piece(self) -> usize {
        match self {
            Self::Base64 => LINES * LINE,
            Self::Identity => MAX_PIECE,
        }
    }

    /// The most octets that so many have when they are written.
    pub(super) fn max_len(self, octets: usize) -> usize {
        match self {
            Self::Base64 => base64_lines_len(octets as u64)
                .and_then(|len| usize::try_from(len).ok())
                .unwrap_or(MAX_PIECE),
            Self::Identity => octets,
        }
    }

    /// How many octets a body of this length has when it is written; nothing if a number of 64
    /// bits cannot say it.
    pub(super) fn len(self, octets: u64) -> Option<u64> {
        match self {
            Self::Base64 => base64_lines_len(octets),
            Self::Identity => Some(octets),
        }
    }

    /// Appends a piece as it is written.
    pub(super) fn encode(self, octets: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Base64 => base64_lines(octets, out),
            Self::Identity => out.extend_from_slice(octets),
        }
    }
}

const _: () = assert!(LINES * (LINE / 3 * 4 + 2) <= MAX_PIECE, "a piece of base64");
