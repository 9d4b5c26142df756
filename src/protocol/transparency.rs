//! Transparency and the end of data (RFC 5321 sections 2.3.8, 4.1.1.4 and 4.5.2).

/// Makes a message safe to follow DATA: a leading dot is doubled, and CR and LF appear as
/// CRLF alone.
///
/// The latter closes "SMTP smuggling": no server, however lenient with line ends, can find an
/// end of data inside the message. Blocks are changed in place, and not even moved where
/// nothing is to be done, which is nearly always.
#[derive(Debug)]
pub struct Transparency {
    last: Last,
}

/// What the octets so far end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    LineStart,
    Cr,
    Other,
}

impl Last {
    fn at(octet: u8) -> Self {
        match octet {
            b'\n' => Self::LineStart,
            b'\r' => Self::Cr,
            _ => Self::Other,
        }
    }
}

impl Default for Transparency {
    fn default() -> Self {
        Self {
            last: Last::LineStart,
        }
    }
}

impl Transparency {
    /// Makes the next block of the message safe. Blocks may be split anywhere.
    pub fn apply(&mut self, block: &mut Vec<u8>) {
        let insertions = self.insertions(block);
        if insertions.is_empty() {
            return;
        }
        let mut safe = Vec::with_capacity(block.len() + insertions.len());
        let mut copied = 0;
        for (position, octet) in insertions {
            safe.extend_from_slice(block.get(copied..position).unwrap_or_default());
            safe.push(octet);
            copied = position;
        }
        safe.extend_from_slice(block.get(copied..).unwrap_or_default());
        *block = safe;
    }

    /// Makes the next block safe if it consists of whole lines of base64. It is safe already: these
    /// lines end with CRLF, and neither a dot nor another CR or LF is in them.
    pub(crate) fn apply_to_base64(&mut self, block: &mut Vec<u8>) {
        if self.last != Last::LineStart || !block.ends_with(b"\r\n") {
            self.apply(block);
        }
    }

    /// Appends the end of data, so that it leaves with the last block.
    ///
    /// A message that ends in CRLF gets `.` CRLF and no empty line.
    pub fn end_of_data(self, block: &mut Vec<u8>) {
        block.extend_from_slice(match self.last {
            Last::LineStart => b".\r\n",
            Last::Cr => b"\n.\r\n",
            Last::Other => b"\r\n.\r\n",
        });
    }

    /// The octets to insert, each with the position before which it belongs.
    fn insertions(&mut self, block: &[u8]) -> Vec<(usize, u8)> {
        let mut insertions = Vec::new();
        let (Some(first), Some(last)) = (block.first(), block.last()) else {
            return insertions;
        };
        let is_safe = (self.last == Last::Cr) == (*first == b'\n')
            && (self.last, *first) != (Last::LineStart, b'.')
            && is_safe_inside(block);
        if is_safe {
            self.last = Last::at(*last);
            return insertions;
        }
        let is_dot = |position: usize| block.get(position) == Some(&b'.');
        if self.last == Last::Cr && *first != b'\n' {
            insertions.push((0, b'\n'));
            self.last = Last::LineStart;
        }
        if self.last == Last::LineStart && *first == b'.' {
            insertions.push((0, b'.'));
        }
        let mut after_cr = (self.last == Last::Cr).then_some(0);
        for position in memchr::memchr2_iter(b'\r', b'\n', block) {
            let next = position + 1;
            if block.get(position) == Some(&b'\n') {
                if after_cr != Some(position) {
                    insertions.push((position, b'\r'));
                }
            } else if let Some(b'\n') | None = block.get(next) {
                after_cr = Some(next);
                continue;
            } else {
                insertions.push((next, b'\n'));
            }
            if is_dot(next) {
                insertions.push((next, b'.'));
            }
        }
        self.last = Last::at(*last);
        insertions
    }
}

/// Whether nothing has to be inserted after the first octet of a block, as in nearly every block.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches, many octets are looked at in one go"
)]
fn is_safe_inside(block: &[u8]) -> bool {
    let next = block.get(1..).unwrap_or_default();
    let is_wrong = |(octet, next): (&u8, &u8)| {
        ((*octet == b'\r') != (*next == b'\n')) | ((*octet == b'\n') & (*next == b'.'))
    };
    !block
        .iter()
        .zip(next)
        .fold(false, |any, pair| any | is_wrong(pair))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn send(blocks: &[&[u8]]) -> Vec<u8> {
        let mut transparency = Transparency::default();
        let mut sent = Vec::new();
        for block in blocks {
            let mut block = block.to_vec();
            transparency.apply(&mut block);
            sent.extend_from_slice(&block);
        }
        transparency.end_of_data(&mut sent);
        sent
    }

    /// RFC 5321 section 4.5.2 as a receiver reads it, line by line.
    fn receive(sent: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        let mut rest = sent;
        loop {
            let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
            let (line, after) = rest.split_at(end);
            if line == b".\r\n" {
                assert_eq!(after, b"", "octets behind the end of data");
                return message;
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            rest = after;
        }
    }

    /// Every CR, LF or CRLF is one line break, and the last line is ended.
    fn normalised(octets: &[u8]) -> Vec<u8> {
        let mut lines = Vec::new();
        let mut octets = octets.iter().peekable();
        while let Some(octet) = octets.next() {
            match octet {
                b'\r' => {
                    octets.next_if(|next| **next == b'\n');
                    lines.extend_from_slice(b"\r\n");
                }
                b'\n' => lines.extend_from_slice(b"\r\n"),
                other => lines.push(*other),
            }
        }
        if !lines.is_empty() && !lines.ends_with(b"\r\n") {
            lines.extend_from_slice(b"\r\n");
        }
        lines
    }

    fn has_bare_cr_or_lf(octets: &[u8]) -> bool {
        let crlf = octets.windows(2).filter(|pair| pair == b"\r\n").count();
        let cr = memchr::memchr_iter(b'\r', octets).count();
        let lf = memchr::memchr_iter(b'\n', octets).count();
        cr != crlf || lf != crlf
    }

    #[test]
    fn what_is_sent() {
        for (message, sent) in [
            ("", ".\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("\r\n", "\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("..", "...\r\n.\r\n"),
            ("a\r\n.b\r\n", "a\r\n..b\r\n.\r\n"),
            ("a\r\n\r\n.\r\n", "a\r\n\r\n..\r\n.\r\n"),
            ("a.\r\nb.", "a.\r\nb.\r\n.\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r", "a\r\n.\r\n"),
            ("a\r\r\n", "a\r\n\r\n.\r\n"),
            ("a\n\r", "a\r\n\r\n.\r\n"),
        ] {
            assert_eq!(send(&[message.as_bytes()]), sent.as_bytes(), "{message:?}");
        }
    }

    #[test]
    fn all_short_texts_at_all_splits() {
        let alphabet = *b"a.\r\n";
        for length in 0..=7_u32 {
            for number in 0..4_usize.pow(length) {
                let text: Vec<u8> = (0..length)
                    .map(|digit| alphabet[number >> (2 * digit) & 3])
                    .collect();
                let sent = send(&[&text]);
                assert!(!has_bare_cr_or_lf(&sent), "{text:?}");
                assert_eq!(receive(&sent), normalised(&text), "{text:?}");
                for split in 0..=text.len() {
                    let halves = [&text[..split], &text[split..]];
                    assert_eq!(send(&halves), sent, "{text:?} at {split}");
                }
                let single: Vec<&[u8]> = text.chunks(1).collect();
                assert_eq!(send(&single), sent, "{text:?} octet by octet");
            }
        }
    }

    #[test]
    fn a_harmless_block_stays_where_it_is() {
        let mut transparency = Transparency::default();
        let mut block = b"harmless\r\nlines. all\r\n of them\r\n".repeat(100);
        let address = block.as_ptr();
        transparency.apply(&mut block);
        assert_eq!(block.as_ptr(), address);
    }

    #[test]
    fn base64_is_sent_as_it_is() {
        for (before, after) in [("", ""), ("a\r\n", ".b\r\n"), ("a\r", "b"), ("a", ".\r\n")] {
            for base64 in ["", "QUJD\r\n", "QUJD\r\nRA==\r\n", "QUJD"] {
                let mut transparency = Transparency::default();
                let mut blocks = [before, base64, after].map(|block| block.as_bytes().to_vec());
                let [first, second, third] = &mut blocks;
                transparency.apply(first);
                transparency.apply_to_base64(second);
                transparency.apply(third);
                let mut sent = blocks.concat();
                transparency.end_of_data(&mut sent);
                let whole = [before, base64, after].concat();
                assert_eq!(sent, send(&[whole.as_bytes()]), "{whole:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_octets_in_any_blocks(blocks in prop::collection::vec(
            prop::collection::vec(prop_oneof![
                Just(b'.'), Just(b'\r'), Just(b'\n'), any::<u8>()
            ], 0..40), 0..6)) {
            let pieces: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
            let sent = send(&pieces);
            prop_assert!(!has_bare_cr_or_lf(&sent));
            prop_assert_eq!(receive(&sent), normalised(&blocks.concat()));
        }
    }
}
