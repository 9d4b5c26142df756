//! How a text can be sent: its length, its lines, and what it contains.

use memchr::{memchr, memchr2_iter};

use super::base64::base64_lines_len;
use super::body_encoding::BodyType;
use super::line_ends::MAX_LINE;
use super::text_encoder::TextEncoding;

/// The longest line of text that is sent as it is, which RFC 5322 section 2.1.1 recommends.
const LINE: u64 = 78;

/// What no line that is sent as it is begins with (RFC 2049 section 3).
const FROM: [u8; 5] = *b"From ";

/// Reads a text block by block, and computes properties of what
/// [`LineEnds`](super::line_ends::LineEnds) makes of it. Blocks may be split anywhere.
#[derive(Debug)]
pub(crate) struct TextScan {
    /// The characters at the ends of lines that may get lost on the way.
    fragile: &'static [u8],
    /// Octets of the lines that have ended, with CRLF.
    ended: u64,
    line: Line,
    after_cr: bool,
    /// Whether all lines that have ended can be sent as they are.
    is_plain: bool,
    has_nul: bool,
    /// Which octets it has.
    octets: BodyType,
    /// How many octets must be escaped in quoted-printable.
    escaped: u64,
    utf8: Utf8,
}

/// The line that has not ended.
#[derive(Debug, Default)]
struct Line {
    len: u64,
    /// How many of its octets continue a character of UTF-8.
    continuing: u64,
    beginning: [u8; FROM.len()],
    last: u8,
}

impl TextScan {
    pub(crate) fn new(fragile: &'static [u8]) -> Self {
        Self {
            fragile,
            ended: 0,
            line: Line::default(),
            after_cr: false,
            is_plain: true,
            has_nul: false,
            octets: BodyType::SevenBit,
            escaped: 0,
            utf8: Utf8::default(),
        }
    }

    /// Reads the next block.
    pub(crate) fn apply(&mut self, block: &[u8]) {
        let is_ascii = block.is_ascii();
        if !is_ascii {
            self.octets = BodyType::EightBit;
        }
        self.utf8.apply(block, is_ascii);
        let mut breaks = 0;
        let mut start = 0;
        for at in memchr2_iter(b'\r', b'\n', block) {
            breaks += 1;
            let line = block.get(start..at).unwrap_or_default();
            // The LF of a CRLF ends no line of its own.
            let is_rest = self.after_cr && line.is_empty() && block.get(at) == Some(&b'\n');
            if !is_rest {
                self.line.push(line, is_ascii);
                self.end_line();
            }
            self.after_cr = block.get(at) == Some(&b'\r');
            start = at + 1;
        }
        if let Some(line @ [_, ..]) = block.get(start..) {
            self.line.push(line, is_ascii);
            self.after_cr = false;
        }
        if count(block, |octet| !matches!(octet, b' '..=b'~')) > breaks {
            self.escaped += count(block, is_escaped);
            self.is_plain &= !has_control(block);
            self.has_nul |= memchr(0, block).is_some();
        }
    }

    fn end_line(&mut self) {
        self.ended += self.line.len + 2;
        self.is_plain &= self.line.is_plain(self.fragile);
        self.line.len = 0;
        self.line.continuing = 0;
    }

    /// Ends the last line, if it has octets but no line end.
    pub(crate) fn finish(&mut self) {
        self.utf8.finish();
        if self.line.len > 0 {
            self.end_line();
        }
    }

    /// How many octets the text has with CRLF for every line break.
    pub(crate) fn len(&self) -> u64 {
        self.ended
    }

    /// The place of the first octet that is not UTF-8.
    pub(crate) fn not_utf8(&self) -> Option<u64> {
        self.utf8.wrong
    }

    /// The body type of the text as it is; `None` if it must be encoded.
    pub(crate) fn plain(&self) -> Option<BodyType> {
        self.is_plain.then_some(self.octets)
    }

    /// The encoding, if the text must be encoded: base64 if it has a NUL, or if that is shorter.
    pub(crate) fn encoding(&self) -> TextEncoding {
        // What both encodings add at the ends of lines is about the same, and not counted.
        let quoted_len = self.ended + 2 * self.escaped;
        if self.has_nul || quoted_len > self.ended.div_ceil(3) * 4 {
            TextEncoding::Base64
        } else {
            TextEncoding::QuotedPrintable
        }
    }

    /// How many octets the text has in base64.
    pub(crate) fn base64_len(&self) -> Option<u64> {
        base64_lines_len(self.ended)
    }
}

impl Line {
    /// Adds octets, and those of characters that go on only if the block is not ASCII.
    fn push(&mut self, octets: &[u8], is_ascii: bool) {
        let Some(last) = octets.last() else { return };
        match octets.first_chunk() {
            Some(beginning) if self.len == 0 => self.beginning = *beginning,
            _ => {
                let known = usize::try_from(self.len).unwrap_or(FROM.len());
                for (place, octet) in self.beginning.iter_mut().skip(known).zip(octets) {
                    *place = *octet;
                }
            }
        }
        self.len += octets.len() as u64;
        if !is_ascii {
            self.continuing += count(octets, |octet| matches!(octet, 0x80..=0xbf));
        }
        self.last = *last;
    }

    fn is_plain(&self, fragile: &[u8]) -> bool {
        if self.len == 0 {
            return true;
        }
        let is_short =
            self.len <= LINE || (self.len <= MAX_LINE as u64 && self.len - self.continuing <= LINE);
        let is_from = self.len >= FROM.len() as u64 && self.beginning == FROM;
        let is_dot = self.len == 1 && self.last == b'.';
        is_short && !is_from && !is_dot && !fragile.contains(&self.last)
    }
}

/// Whether the blocks are UTF-8.
#[derive(Debug, Default)]
struct Utf8 {
    /// Octets of the blocks before.
    before: u64,
    /// The beginning of a character, at the end of the block before.
    open: Vec<u8>,
    /// The place of the first octet that is not UTF-8.
    wrong: Option<u64>,
}

impl Utf8 {
    fn apply(&mut self, block: &[u8], is_ascii: bool) {
        let mut rest = block;
        while let [octet, after @ ..] = rest
            && !self.open.is_empty()
            && self.wrong.is_none()
        {
            self.open.push(*octet);
            rest = after;
            let place = self.before + (block.len() - rest.len()) as u64;
            match str::from_utf8(&self.open) {
                Ok(_) => self.open.clear(),
                Err(error) if error.error_len().is_some() => {
                    self.wrong = Some(place - self.open.len() as u64);
                }
                Err(_) => {}
            }
        }
        if !is_ascii
            && self.wrong.is_none()
            && let Err(error) = str::from_utf8(rest)
        {
            let valid = error.valid_up_to();
            match error.error_len() {
                Some(_) => {
                    let place = block.len() - rest.len() + valid;
                    self.wrong = Some(self.before + place as u64);
                }
                None => self.open = rest.get(valid..).unwrap_or_default().to_vec(),
            }
        }
        self.before += block.len() as u64;
    }

    fn finish(&mut self) {
        if !self.open.is_empty() {
            let place = self.before - self.open.len() as u64;
            self.wrong.get_or_insert(place);
        }
    }
}

/// Whether an octet must be escaped in quoted-printable.
fn is_escaped(octet: u8) -> bool {
    !matches!(octet, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

/// How many octets are of a kind. They are counted in `u8`, which compilers vectorize.
fn count(octets: &[u8], is_of_kind: impl Fn(u8) -> bool) -> u64 {
    let in_block =
        |block: &[u8; 128]| -> u8 { block.iter().map(|b| u8::from(is_of_kind(*b))).sum() };
    let (blocks, rest) = octets.as_chunks();
    let in_blocks: u64 = blocks.iter().map(in_block).map(u64::from).sum();
    in_blocks + rest.iter().filter(|octet| is_of_kind(**octet)).count() as u64
}

/// Whether there is a control character other than the tab and those of line breaks. Without a branch
/// for each octet, the compiler takes many of them at once.
fn has_control(octets: &[u8]) -> bool {
    let is_control = |octet: &u8| matches!(octet, 0..=8 | 11 | 12 | 14..=31 | 127);
    let any = |any, octet| any | is_control(octet);
    octets.iter().fold(false, any)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::line_ends::{LineEnds, lines};
    use super::*;

    fn scan(blocks: &[&[u8]]) -> TextScan {
        let mut scan = TextScan::new(b" \t");
        for block in blocks {
            scan.apply(block);
        }
        scan.finish();
        scan
    }

    /// Whether a whole text can be sent as it is, by the rules one after the other.
    fn is_plain(text: &str) -> bool {
        lines(text.as_bytes()).all(|line| {
            let line = str::from_utf8(line.text).unwrap();
            line.len() <= MAX_LINE
                && line.chars().count() <= 78
                && !line.bytes().any(|b| b != b'\t' && b.is_ascii_control())
                && !line.ends_with([' ', '\t'])
                && !line.starts_with("From ")
                && line != "."
        })
    }

    #[test]
    fn what_is_not_utf8_is_found() {
        for (text, place) in [
            (&b"plain"[..], None),
            ("Grüße, 日本 🦈".as_bytes(), None),
            (b"ab\xffcd", Some(2)),
            (b"ab\xc3", Some(2)),
            (b"ab\xf0\x9f\xa6", Some(2)),
            (b"ab\xf0\x9f\xa6cd", Some(2)),
            (b"\xc3\xa9\xed\xa0\x80", Some(2)),
            (b"\xc0\xaf", Some(0)),
        ] {
            let single: Vec<_> = text.chunks(1).collect();
            assert_eq!(scan(&[text]).not_utf8(), place, "{text:?}");
            assert_eq!(scan(&single).not_utf8(), place, "{text:?} octet by octet");
            for split in 0..text.len() {
                let (one, other) = text.split_at(split);
                assert_eq!(scan(&[one, other]).not_utf8(), place, "{text:?} at {split}");
            }
        }
    }

    proptest! {
        #[test]
        fn blocks_give_what_the_whole_gives(
            text in "([ -~]{0,30}|x{77,79}|é{76,79}|[é日\t\0\x0c\x7f]{1,3}|[ \t]|From |[.]|\r\n|\r|\n){0,16}",
            cuts in proptest::collection::vec(0_usize..2_000, 0..6),
        ) {
            let octets = text.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (octets.len() + 1)).collect();
            cuts.extend([0, octets.len()]);
            cuts.sort_unstable();
            let blocks: Vec<_> = cuts.windows(2).map(|cut| &octets[cut[0]..cut[1]]).collect();
            let scan = scan(&blocks);
            let mut normal = Vec::new();
            let mut line_ends = LineEnds::default();
            line_ends.apply(octets, &mut normal);
            line_ends.finish(&mut normal);
            prop_assert_eq!(scan.len(), normal.len() as u64);
            prop_assert_eq!(scan.plain().is_some(), is_plain(&text));
            let eight_bit = scan.plain() == Some(BodyType::EightBit);
            prop_assert_eq!(eight_bit, is_plain(&text) && !text.is_ascii());
            prop_assert_eq!(scan.not_utf8(), None);
            let escaped = text.bytes().filter(|b| !matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n'));
            let quoted = normal.len() + 2 * escaped.count();
            let is_base64 = text.contains('\0') || quoted > normal.len().div_ceil(3) * 4;
            prop_assert_eq!(scan.encoding() == TextEncoding::Base64, is_base64);
        }
    }
}
