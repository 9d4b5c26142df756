//! The message in chunks: its lines, where it has any (RFC 3030, section 2).

use super::data::{Flaw, LONGEST_LINE};

/// Looks at a message in pieces of any size, in constant memory. There is no transparency.
#[derive(Debug, Default)]
pub(super) struct ChunkReader {
    after_cr: bool,
    line_octets: usize,
    flaws: Vec<Flaw>,
}

impl ChunkReader {
    /// Looks at the next piece.
    pub(super) fn feed(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(&first) = rest.first() {
            let text = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            if self.after_cr && first != b'\n' {
                self.note(Flaw::BareCr);
                self.after_cr = false;
            }
            let (text, tail) = rest.split_at(text);
            self.text(text);
            match tail.split_first() {
                Some((b'\n', tail)) => {
                    if !self.after_cr {
                        self.note(Flaw::BareLf);
                    }
                    self.after_cr = false;
                    self.line_octets = 0;
                    rest = tail;
                }
                Some((_, tail)) => {
                    self.after_cr = true;
                    rest = tail;
                }
                None => rest = tail,
            }
        }
    }

    /// What was wrong with the message, each once; all that is wrong only if it is binary.
    pub(super) fn finish(mut self) -> Vec<Flaw> {
        if self.after_cr {
            self.note(Flaw::BareCr);
        }
        self.flaws
    }

    fn text(&mut self, text: &[u8]) {
        if !text.is_ascii() {
            self.note(Flaw::EightBit);
        }
        if memchr::memchr(0, text).is_some() {
            self.note(Flaw::Nul);
        }
        self.line_octets += text.len();
        if self.line_octets > LONGEST_LINE {
            self.note(Flaw::LongLine);
        }
    }

    fn note(&mut self, flaw: Flaw) {
        if !self.flaws.contains(&flaw) {
            self.flaws.push(flaw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flaws_at_all_splits() {
        let cases: &[(&[u8], &[Flaw])] = &[
            (b"a\r\n.\r\n\r\n", &[]),
            (b"a", &[]),
            (b"a\nb", &[Flaw::BareLf]),
            (b"a\rb", &[Flaw::BareCr]),
            (b"a\r\r\n", &[Flaw::BareCr]),
            (b"a\r", &[Flaw::BareCr]),
            (b"\xff", &[Flaw::EightBit]),
            (b"\0", &[Flaw::Nul]),
        ];
        for (message, flaws) in cases {
            for split in 0..=message.len() {
                let (first, second) = message.split_at(split);
                let mut reader = ChunkReader::default();
                reader.feed(first);
                reader.feed(second);
                assert_eq!(reader.finish(), *flaws, "{message:?} at {split}");
            }
        }
    }

    #[test]
    fn a_line_has_998_octets() {
        for (octets, flaws) in [(998, vec![]), (999, vec![Flaw::LongLine])] {
            let mut reader = ChunkReader::default();
            for _ in 0..octets {
                reader.feed(b"a");
            }
            reader.feed(b"\r\n");
            assert_eq!(reader.finish(), flaws);
        }
    }
}
