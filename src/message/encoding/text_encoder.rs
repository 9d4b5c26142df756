//! Text in an encoding, piece by piece.

use std::mem;

use super::base64::{LINE, base64_lines};
use super::line_ends::LineEnds;
use super::quoted_printable::QuotedPrintable;

/// How the octets of a text are encoded, after its line ends have become CRLF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    QuotedPrintable,
    Base64,
}

impl TextEncoding {
    /// Its name in the field Content-Transfer-Encoding.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }

    /// The encoding of a whole text.
    pub(crate) fn encode(self, text: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(text.len() + text.len() / 3);
        TextEncoder::new(self).apply(text, true, &mut encoded);
        encoded
    }
}

/// Encodes a text whose pieces may be split anywhere.
#[derive(Debug)]
pub(crate) struct TextEncoder {
    encoding: TextEncoding,
    line_ends: LineEnds,
    quoted_printable: QuotedPrintable,
    /// What is not encoded yet. Its line ends are CRLF.
    pending: Vec<u8>,
}

impl TextEncoder {
    /// How many octets of a text are encoded together, which is some tenths of a millisecond of work.
    pub(crate) const PIECE: usize = 32 * 1024 - 256;

    pub(crate) fn new(encoding: TextEncoding) -> Self {
        Self {
            encoding,
            line_ends: LineEnds::default(),
            quoted_printable: QuotedPrintable::default(),
            pending: Vec::new(),
        }
    }

    /// The most octets that the encoding of a piece has: with quoted-printable, 25 octets may take a
    /// line, and so may each LF. Some octets of the piece before may be among them.
    pub(crate) fn max_len(octets: usize) -> usize {
        4 * octets + 512
    }

    /// Appends the next piece, encoded as far as what follows does not matter. The last piece gets a
    /// line end unless the text has one there or is empty.
    pub(crate) fn apply(&mut self, piece: &[u8], is_last: bool, out: &mut Vec<u8>) {
        self.line_ends.apply(piece, &mut self.pending);
        if is_last {
            mem::take(&mut self.line_ends).finish(&mut self.pending);
        }
        let taken = match self.encoding {
            TextEncoding::QuotedPrintable => {
                self.quoted_printable.apply(&self.pending, is_last, out)
            }
            TextEncoding::Base64 => {
                let len = self.pending.len();
                let taken = if is_last { len } else { len - len % LINE };
                base64_lines(self.pending.get(..taken).unwrap_or_default(), out);
                taken
            }
        };
        self.pending.drain(..taken);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(encoding: TextEncoding, pieces: &[&[u8]]) -> Vec<u8> {
        let mut encoder = TextEncoder::new(encoding);
        let mut out = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let before = out.len();
            encoder.apply(piece, at + 1 == pieces.len(), &mut out);
            assert!(out.len() - before <= TextEncoder::max_len(piece.len()));
        }
        out
    }

    #[test]
    fn the_largest_piece_fits_into_a_block() {
        assert!(TextEncoder::max_len(TextEncoder::PIECE) <= super::super::MAX_PIECE);
        for worst in ["\n", "\u{c}", "é", ".\n", " \n", "From \n", "\0"] {
            let text = worst.repeat(TextEncoder::PIECE / worst.len());
            for encoding in [TextEncoding::QuotedPrintable, TextEncoding::Base64] {
                pieces(encoding, &[text.as_bytes(), text.as_bytes(), b"x"]);
            }
        }
    }

    #[test]
    fn long_lines_are_cut() {
        for text in [
            "x".repeat(1_000_000),
            "日".repeat(1_000),
            "é a".repeat(1_000),
        ] {
            for encoding in [TextEncoding::QuotedPrintable, TextEncoding::Base64] {
                let encoded = encoding.encode(text.as_bytes());
                assert!(encoded.split(|b| *b == b'\n').all(|line| line.len() <= 77));
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(
            text in "([ -~é日\t\u{c}=.F\r\n]{0,90}|x{70,160}|From |[.]\r\n){0,12}",
            cuts in proptest::collection::vec(0_usize..2_000, 0..6),
        ) {
            let octets = text.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (octets.len() + 1)).collect();
            cuts.extend([0, octets.len()]);
            cuts.sort_unstable();
            let split: Vec<_> = cuts.windows(2).map(|cut| &octets[cut[0]..cut[1]]).collect();
            for encoding in [TextEncoding::QuotedPrintable, TextEncoding::Base64] {
                prop_assert_eq!(pieces(encoding, &split), encoding.encode(octets));
            }
        }
    }
}
