//! The length and the body type of octets once their line ends are CRLF.

use memchr::{memchr, memchr2_iter};

use super::body_encoding::BodyType;
use super::line_ends::MAX_LINE;

/// Reads octets block by block, and computes properties of what
/// [`LineEnds`](super::line_ends::LineEnds) makes of them.
///
/// The body type follows from them: with lines of at most 998 octets and no NUL it is 7bit, or 8bit
/// if an octet is over 127; otherwise it is binary (RFC 2045 sections 2.7 to 2.9).
#[derive(Debug, Default, Clone)]
pub(crate) struct Scan {
    /// Octets of the lines that have ended, with CRLF.
    ended: u64,
    /// Octets of the line that has not.
    open: u64,
    after_cr: bool,
    has_eight_bit: bool,
    /// How many lines have ended.
    lines: u64,
    trouble: Option<Trouble>,
}

/// The first line that is not one of 8bit data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Its number, from 1 on.
    pub(crate) line: u64,
    /// What it contains.
    pub(crate) found: &'static str,
}

impl Scan {
    /// Reads the next block. Blocks may be split anywhere.
    pub(crate) fn apply(&mut self, block: &[u8]) {
        let nul = memchr(0, block).filter(|_| self.trouble.is_none());
        let (before, after) = block.split_at_checked(nul.unwrap_or(0)).unwrap_or_default();
        self.lines(before);
        if nul.is_some() {
            self.note("a NUL");
        }
        self.lines(after);
    }

    /// Records what the current line contains, unless an earlier line was recorded.
    fn note(&mut self, found: &'static str) {
        let line = self.lines + 1;
        self.trouble.get_or_insert(Trouble { line, found });
    }

    fn lines(&mut self, block: &[u8]) {
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
                self.check();
                self.ended += self.open + 2;
                self.open = 0;
                self.lines += 1;
            }
            start = at + 1;
        }
        self.open += (block.len() - start) as u64;
        self.check();
        self.after_cr = *last == b'\r';
        self.has_eight_bit |= !block.is_ascii();
    }

    /// Checks the length of the current line.
    fn check(&mut self) {
        if self.open > MAX_LINE as u64 {
            self.note("over 998 octets");
        }
    }

    /// How many octets there will be, with the end of the last line.
    pub(crate) fn len(&self) -> u64 {
        match self.open {
            0 => self.ended,
            open => self.ended + open + 2,
        }
    }

    /// What the result can be sent as.
    ///
    /// # Errors
    ///
    /// The first line that is not one of 8bit data, if there is one.
    pub(crate) fn body_type(&self) -> Result<BodyType, Trouble> {
        match self.trouble {
            Some(trouble) => Err(trouble),
            None if self.has_eight_bit => Ok(BodyType::EightBit),
            None => Ok(BodyType::SevenBit),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::encoding::line_ends::tests::{blocks, oracle};

    fn scan(blocks: &[&[u8]]) -> Scan {
        let mut scan = Scan::default();
        for block in blocks {
            scan.apply(block);
        }
        scan
    }

    #[test]
    fn lengths_are_those_of_the_result() {
        for (blocks, len) in [
            (&["", ""][..], 0),
            (&["a"], 3),
            (&["a\r", "\nb"], 6),
            (&["a\r", "b\n"], 6),
            (&["abc", "def\rg"], 11),
            (&["\n", "\n", "\r", "\n"], 6),
            (&["a\n", "abc"], 8),
        ] {
            let octets: Vec<&[u8]> = blocks.iter().map(|block| block.as_bytes()).collect();
            assert_eq!(scan(&octets).len(), len, "{blocks:?}");
        }
    }

    #[test]
    fn the_first_bad_line_is_known() {
        let x = |count: usize| "x".repeat(count);
        for (text, expected) in [
            (x(998), None),
            (x(999), Some((1, "over 998 octets"))),
            (
                format!("a\r\n\r\n{}\n\0", x(999)),
                Some((3, "over 998 octets")),
            ),
            (format!("a\rb\n\0\n{}", x(999)), Some((3, "a NUL"))),
            (
                format!("\n\n{}\n{}", x(998), x(2_000)),
                Some((4, "over 998 octets")),
            ),
            ("\0".to_owned(), Some((1, "a NUL"))),
        ] {
            for size in [1, 7, 997, 998, 999, 5_000] {
                let pieces: Vec<_> = text.as_bytes().chunks(size).collect();
                let found = scan(&pieces).body_type().err();
                assert_eq!(found.map(|found| (found.line, found.found)), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn any_octets_in_any_blocks(blocks in blocks()) {
            let pieces: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
            let scan = scan(&pieces);
            let result = oracle(&blocks.concat());
            prop_assert_eq!(scan.len(), result.len() as u64);
            prop_assert_eq!(scan.has_eight_bit, result.iter().any(|b| *b > 127));
            let mut lines = result.split(|b| *b == b'\n');
            let bad = lines.position(|line| line.contains(&0));
            prop_assert_eq!(scan.trouble.map(|found| found.line), bad.map(|line| line as u64 + 1));
        }
    }
}
