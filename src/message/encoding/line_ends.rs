//! Line ends: CRLF, whatever they were.

use std::iter;

use memchr::{memchr2, memchr2_iter};

/// The most octets of a line, without its CRLF (RFC 5322 section 2.1.1).
pub(crate) const MAX_LINE: usize = 998;

/// Converts every line break, CRLF, CR or LF, to CRLF, so that no single CR or LF remains (RFC 5322
/// section 2.3).
///
/// The octets come in blocks that may be split anywhere, also between CR and LF.
#[derive(Debug, Default)]
pub(crate) struct LineEnds {
    /// Whether the last octet was a CR, whose line break an LF would belong to.
    after_cr: bool,
    /// Whether the current line has octets.
    in_line: bool,
}

impl LineEnds {
    /// The state after this octet, or at the beginning if there is none.
    pub(crate) fn after(octet: Option<u8>) -> Self {
        Self {
            after_cr: octet == Some(b'\r'),
            in_line: octet.is_some_and(|octet| !matches!(octet, b'\r' | b'\n')),
        }
    }

    /// Appends the converted block: at most two octets for each of its octets.
    pub(crate) fn apply(&mut self, block: &[u8], out: &mut Vec<u8>) {
        let Some(last) = block.last() else { return };
        let block = match block {
            [b'\n', rest @ ..] if self.after_cr => rest,
            _ => block,
        };
        out.reserve(block.len());
        let mut copied = 0;
        let mut breaks = memchr2_iter(b'\r', b'\n', block);
        while let Some(at) = breaks.next() {
            let next = at + 1;
            if block.get(at..=next) == Some(b"\r\n") {
                breaks.next();
                continue;
            }
            out.extend_from_slice(block.get(copied..at).unwrap_or_default());
            out.extend_from_slice(b"\r\n");
            copied = next;
        }
        out.extend_from_slice(block.get(copied..).unwrap_or_default());
        self.after_cr = *last == b'\r';
        self.in_line = !matches!(last, b'\r' | b'\n');
    }

    /// Ends the last line, if it has octets but no line end.
    pub(crate) fn finish(self, out: &mut Vec<u8>) {
        if self.in_line {
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// A line as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextLine<'a> {
    /// The line without its line end.
    pub(crate) text: &'a [u8],
    /// How many octets it has with its line end, which the last line may lack.
    pub(crate) len: usize,
}

/// Splits octets into lines, with the same line breaks as [`LineEnds`].
pub(crate) fn lines(octets: &[u8]) -> impl Iterator<Item = TextLine<'_>> {
    let mut rest = octets;
    iter::from_fn(move || {
        let end = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let (text, after) = rest.split_at_checked(end)?;
        let next = match after {
            [b'\r', b'\n', next @ ..] | [b'\r' | b'\n', next @ ..] => next,
            _ => after,
        };
        let len = rest.len() - next.len();
        rest = next;
        (len > 0).then_some(TextLine { text, len })
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normalised(blocks: &[&[u8]]) -> Vec<u8> {
        let mut line_ends = LineEnds::default();
        let mut out = Vec::new();
        for block in blocks {
            line_ends.apply(block, &mut out);
        }
        line_ends.finish(&mut out);
        out
    }

    /// The same, octet by octet.
    pub(crate) fn oracle(octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut octets = octets.iter().peekable();
        while let Some(octet) = octets.next() {
            match octet {
                b'\r' => {
                    octets.next_if(|next| **next == b'\n');
                    out.extend_from_slice(b"\r\n");
                }
                b'\n' => out.extend_from_slice(b"\r\n"),
                other => out.push(*other),
            }
        }
        if !out.is_empty() && !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    /// Blocks of octets among which line ends are frequent.
    pub(crate) fn blocks() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let octet = prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a'), any::<u8>()];
        prop::collection::vec(prop::collection::vec(octet, 0..40), 0..6)
    }

    #[test]
    fn every_line_break_is_one() {
        for (octets, expected) in [
            ("", ""),
            ("\n", "\r\n"),
            ("a", "a\r\n"),
            ("a\r\n", "a\r\n"),
            ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd\r\n"),
            ("\r\r\n", "\r\n\r\n"),
            ("\n\r", "\r\n\r\n"),
            ("\n\r\n\r", "\r\n\r\n\r\n"),
            ("\r\n\r\n", "\r\n\r\n"),
            ("a\r", "a\r\n"),
            ("\0\n.\r", "\0\r\n.\r\n"),
        ] {
            assert_eq!(
                normalised(&[octets.as_bytes()]),
                expected.as_bytes(),
                "{octets:?}"
            );
        }
    }

    #[test]
    fn all_short_octets_at_all_splits() {
        for length in 0..=8_u32 {
            for number in 0..3_usize.pow(length) {
                let octets: Vec<u8> = (0..length)
                    .map(|digit| b"a\r\n"[number / 3_usize.pow(digit) % 3])
                    .collect();
                let expected = oracle(&octets);
                for split in 0..=octets.len() {
                    let halves = [&octets[..split], &octets[split..]];
                    assert_eq!(normalised(&halves), expected, "{octets:?} at {split}");
                }
                let single: Vec<&[u8]> = octets.chunks(1).collect();
                assert_eq!(normalised(&single), expected, "{octets:?} octet by octet");
            }
        }
    }

    #[test]
    fn a_line_has_the_octets_of_its_end() {
        for (octets, expected) in [
            ("", &[][..]),
            ("a", &[("a", 1)]),
            ("a\n", &[("a", 2)]),
            ("a\r\n\r\nb", &[("a", 3), ("", 2), ("b", 1)]),
            ("\n\r\r\n", &[("", 1), ("", 1), ("", 2)]),
        ] {
            let found: Vec<_> = lines(octets.as_bytes())
                .map(|line| (str::from_utf8(line.text).unwrap(), line.len))
                .collect();
            assert_eq!(found, expected, "{octets:?}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_in_any_blocks(blocks in blocks()) {
            let pieces: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
            let octets = blocks.concat();
            let out = normalised(&pieces);
            prop_assert_eq!(&out, &oracle(&octets));
            prop_assert_eq!(normalised(&[&out]), out.clone(), "once is enough");
            let mut joined: Vec<u8> = Vec::new();
            for line in lines(&octets) {
                joined.extend_from_slice(line.text);
                joined.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(joined, out);
            prop_assert_eq!(lines(&octets).map(|line| line.len).sum::<usize>(), octets.len());
        }
    }
}
