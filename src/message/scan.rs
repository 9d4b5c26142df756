//! What octets will be once their line ends are CRLF.

use memchr::{memchr, memchr2_iter};

/// One pass over octets, block by block, that says what [`LineEnds`](super::line_ends::LineEnds)
/// will make of them.
///
/// From this follows how they can be sent: with lines of at most 998 octets and no NUL they are
/// 7bit data, or 8bit data if an octet is over 127; else only binary data (RFC 2045 section 2.7
/// to 2.9).
#[derive(Debug, Default, Clone)]
pub(super) struct Scan {
    /// Octets of the lines that have ended, with CRLF.
    ended: u64,
    /// Octets of the line that has not.
    open: u64,
    longest: u64,
    after_cr: bool,
    has_eight_bit: bool,
    has_nul: bool,
}

impl Scan {
    /// Looks at the next block. Blocks may be split anywhere.
    pub(super) fn apply(&mut self, block: &[u8]) {
        let Some(last) = block.last() else { return };
        let mut start = 0;
        for at in memchr2_iter(b'\r', b'\n', block) {
            let after_cr = match at.checked_sub(1) {
                Some(previous) => block.get(previous) == Some(&b'\r'),
                None => self.after_cr,
            };
            // The LF of a CRLF ends no line of its own.
            if !(after_cr && block.get(at) == Some(&b'\n')) {
                self.open += (at - start) as u64;
                self.longest = self.longest.max(self.open);
                self.ended += self.open + 2;
                self.open = 0;
            }
            start = at + 1;
        }
        self.open += (block.len() - start) as u64;
        self.after_cr = *last == b'\r';
        self.has_eight_bit |= !block.is_ascii();
        self.has_nul |= memchr(0, block).is_some();
    }

    /// How many octets there will be, with the end of the last line.
    pub(super) fn len(&self) -> u64 {
        match self.open {
            0 => self.ended,
            open => self.ended + open + 2,
        }
    }

    /// The octets of the longest line, without its CRLF.
    pub(super) fn longest_line(&self) -> u64 {
        self.longest.max(self.open)
    }

    /// Whether there is an octet over 127.
    pub(super) fn has_eight_bit(&self) -> bool {
        self.has_eight_bit
    }

    /// Whether there is a NUL.
    pub(super) fn has_nul(&self) -> bool {
        self.has_nul
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::line_ends::tests::{blocks, oracle};
    use super::*;

    fn scan(blocks: &[&[u8]]) -> Scan {
        let mut scan = Scan::default();
        for block in blocks {
            scan.apply(block);
        }
        scan
    }

    #[test]
    fn lengths_are_those_of_the_result() {
        for (blocks, len, longest) in [
            (&["", ""][..], 0, 0),
            (&["a"], 3, 1),
            (&["a\r", "\nb"], 6, 1),
            (&["a\r", "b\n"], 6, 1),
            (&["abc", "def\rg"], 11, 6),
            (&["\n", "\n", "\r", "\n"], 6, 0),
            (&["a\n", "abc"], 8, 3),
        ] {
            let octets: Vec<&[u8]> = blocks.iter().map(|block| block.as_bytes()).collect();
            let scan = scan(&octets);
            assert_eq!(
                (scan.len(), scan.longest_line()),
                (len, longest),
                "{blocks:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_octets_in_any_blocks(blocks in blocks()) {
            let pieces: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
            let scan = scan(&pieces);
            let result = oracle(&blocks.concat());
            prop_assert_eq!(scan.len(), result.len() as u64);
            let longest = result.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).len());
            prop_assert_eq!(scan.longest_line(), longest.max().unwrap() as u64);
            prop_assert_eq!(scan.has_eight_bit(), result.iter().any(|b| *b > 127));
            prop_assert_eq!(scan.has_nul(), result.contains(&0));
        }
    }
}
