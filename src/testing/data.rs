//! The message after 354 or in chunks: its end, its transparency, its lines (RFC 5321, section
//! 4.5.2; RFC 3030, section 2).

/// The longest text line without its CRLF (RFC 5321, section 4.5.3.1.6).
const LONGEST_LINE: usize = 998;

/// Something that a message must not contain, unless BODY has announced it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    BareCr,
    BareLf,
    LongLine,
    Nul,
    SingleDot,
    EightBit,
}

impl Flaw {
    /// What it is, and which section forbids it.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::BareCr => "bare CR in the message (RFC 5321, section 2.3.8)",
            Self::BareLf => "bare LF in the message (RFC 5321, section 2.3.8)",
            Self::LongLine => "line of more than 998 octets (RFC 5321, section 4.5.3.1.6)",
            Self::Nul => "NUL in the message (RFC 2045, sections 2.7 and 2.8)",
            Self::SingleDot => "line with a dot that was not doubled (RFC 5321, section 4.5.2)",
            Self::EightBit => "octet above 127 without BODY=8BITMIME (RFC 6152, section 3)",
        }
    }
}

/// Where in a line the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum LinePosition {
    #[default]
    Start,
    /// After a dot that began the line.
    Dot,
    /// After a dot that began the line, and CR.
    DotCr,
    Inside,
    Cr,
    EndOfData,
}

/// Reads a message in pieces of any size, in constant memory.
///
/// After 354 a line is what CRLF ends, on the wire and in the message: a bare CR or LF is a part of
/// its line and counts for its length. In chunks there are no lines on the wire (RFC 3030, section
/// 2), but unless BODY is BINARYMIME the message still consists of lines of at most 998 octets
/// (RFC 2045, sections 2.7 and 2.8). There a bare CR or LF ends a line: it is one flaw, and the line
/// around it is not too long as well.
#[derive(Debug, Default)]
pub(super) struct DataReader {
    /// Whether the message comes in chunks, without transparency and end of data.
    chunked: bool,
    position: LinePosition,
    line_octets: usize,
    wire_octets: u64,
    flaws: Vec<Flaw>,
}

impl DataReader {
    /// A reader for a message in chunks; the default is for a message after 354.
    pub(super) fn of_chunks() -> Self {
        Self {
            chunked: true,
            ..Self::default()
        }
    }

    /// Reads a piece, appends its content to `message`, and returns how many octets of the piece
    /// belong to the message: all of them, unless the message has ended.
    pub(super) fn feed(&mut self, piece: &[u8], message: &mut Vec<u8>) -> usize {
        let mut rest = piece;
        while !self.has_ended() {
            if self.position == LinePosition::Inside {
                let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                let (text, tail) = rest.split_at(end);
                self.text(text, message);
                rest = tail;
            }
            let Some((&octet, tail)) = rest.split_first() else {
                break;
            };
            rest = tail;
            self.octet(octet, message);
        }
        let consumed = piece.len() - rest.len();
        self.wire_octets += consumed as u64;
        consumed
    }

    /// Whether the end of data has been read.
    pub(super) fn has_ended(&self) -> bool {
        self.position == LinePosition::EndOfData
    }

    /// The octets read so far, with transparency and the end of data.
    pub(super) fn wire_octets(&self) -> u64 {
        self.wire_octets
    }

    /// What is wrong with the message so far, each once. For a binary message nothing of it need be
    /// wrong.
    pub(super) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = self.flaws.clone();
        if self.position == LinePosition::Cr && !flaws.contains(&Flaw::BareCr) {
            flaws.push(Flaw::BareCr);
        }
        flaws
    }

    fn octet(&mut self, octet: u8, message: &mut Vec<u8>) {
        use LinePosition::{Cr, Dot, DotCr, EndOfData, Inside, Start};

        let position = self.position;
        if matches!(position, Cr | DotCr) && octet != b'\n' {
            self.note(Flaw::BareCr);
            // A bare CR is text. Only after a dot it has not been appended yet.
            if position == DotCr {
                message.push(b'\r');
            }
            self.line_octets = if self.chunked {
                0
            } else {
                self.line_octets + 1
            };
            self.text(b"", message);
        }
        if position == Dot && octet != b'.' && octet != b'\r' || position == DotCr && octet != b'\n'
        {
            self.note(Flaw::SingleDot);
        }
        self.position = match (position, octet) {
            (Start, b'.') if !self.chunked => Dot,
            (Dot, b'\r') => DotCr,
            (DotCr, b'\n') => EndOfData,
            (Cr, b'\n') => {
                message.push(b'\n');
                self.line_octets = 0;
                Start
            }
            (_, b'\r') => {
                message.push(b'\r');
                Cr
            }
            (_, b'\n') => {
                self.note(Flaw::BareLf);
                if self.chunked {
                    self.line_octets = 0;
                    message.push(octet);
                } else {
                    self.text(&[octet], message);
                }
                Inside
            }
            _ => {
                self.text(&[octet], message);
                Inside
            }
        };
    }

    /// Reads octets of the current line.
    fn text(&mut self, text: &[u8], message: &mut Vec<u8>) {
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
        message.extend_from_slice(text);
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

    /// What came out of reading these pieces one after another: the message, the flaws, and
    /// what followed the end.
    fn read(pieces: &[&[u8]]) -> (Vec<u8>, Vec<Flaw>, Vec<u8>) {
        let mut reader = DataReader::default();
        let (mut message, mut after) = (Vec::new(), Vec::new());
        for piece in pieces {
            let consumed = reader.feed(piece, &mut message);
            after.extend_from_slice(&piece[consumed..]);
        }
        assert!(reader.has_ended(), "{pieces:?}");
        let sent: usize = pieces.iter().map(|piece| piece.len()).sum();
        assert_eq!(reader.wire_octets(), (sent - after.len()) as u64);
        (message, reader.flaws(), after)
    }

    /// All ways to cut these octets into pieces.
    fn splits(octets: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
        (0_u32..1 << (octets.len() - 1)).map(move |cuts| {
            let mut pieces = Vec::new();
            let mut begin = 0;
            for end in 1..octets.len() {
                if cuts & (1 << (end - 1)) != 0 {
                    pieces.push(&octets[begin..end]);
                    begin = end;
                }
            }
            pieces.push(&octets[begin..]);
            pieces
        })
    }

    #[test]
    fn transparency_is_removed_at_all_splits() {
        let cases: &[(&[u8], &[u8])] = &[
            (b".\r\n", b""),
            (b"\r\n.\r\n", b"\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"...\r\n..a\r\n.\r\n", b"..\r\n.a\r\n"),
            (b"a.\r\n.\r\n", b"a.\r\n"),
            (b"a\r\n\r\n..\r\n.\r\n", b"a\r\n\r\n.\r\n"),
        ];
        for (wire, message) in cases {
            for pieces in splits(wire) {
                let expected = (message.to_vec(), Vec::new(), Vec::new());
                assert_eq!(read(&pieces), expected, "{pieces:?}");
            }
        }
    }

    #[test]
    fn what_follows_the_end_is_left_at_all_splits() {
        for pieces in splits(b"a\r\n.\r\nRSET\r\n") {
            let (message, flaws, after) = read(&pieces);
            assert_eq!((&message[..], &flaws[..]), (&b"a\r\n"[..], &[][..]));
            assert_eq!(after, b"RSET\r\n");
        }
    }

    #[test]
    fn only_crlf_dot_crlf_ends_a_message() {
        use Flaw::{BareCr, BareLf, SingleDot};
        let cases: &[(&[u8], &[u8], &[Flaw])] = &[
            (b"a\n.\r\n.\r\n", b"a\n.\r\n", &[BareLf]),
            (b"a\n.\n\r\n.\r\n", b"a\n.\n\r\n", &[BareLf]),
            (b"a\r.\r\r\n.\r\n", b"a\r.\r\r\n", &[BareCr]),
            (b"a\r\n.\n\r\n.\r\n", b"a\r\n\n\r\n", &[SingleDot, BareLf]),
            (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n", &[BareCr, SingleDot]),
            (b"a\r\n.b\r\n.\r\n", b"a\r\nb\r\n", &[SingleDot]),
        ];
        for (wire, message, flaws) in cases {
            for pieces in splits(wire) {
                let (read, noted, _) = read(&pieces);
                assert_eq!(read, *message, "{pieces:?}");
                assert_eq!(noted, *flaws, "{pieces:?}");
            }
        }
    }

    #[test]
    fn a_line_has_998_octets_without_its_doubled_dot() {
        let line = |octets: usize| [&vec![b'a'; octets][..], b"\r\n.\r\n"].concat();
        assert_eq!(read(&[&line(998)]).1, []);
        assert_eq!(read(&[&line(999)]).1, [Flaw::LongLine]);
        let dotted = |octets: usize| [&b".."[..], &line(octets - 1)].concat();
        assert_eq!(read(&[&dotted(998)]).1, []);
        assert_eq!(read(&[&dotted(999)]).1, [Flaw::LongLine]);
    }

    #[test]
    fn octets_that_are_no_text_are_noted() {
        assert_eq!(read(&[b"\xc3\xa9\r\n.\r\n"]).1, [Flaw::EightBit]);
        assert_eq!(read(&[b"a\0\r\n.\r\n"]).1, [Flaw::Nul]);
    }

    #[test]
    fn flaws_in_chunks_at_all_splits() {
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
                let mut reader = DataReader::of_chunks();
                let mut octets = Vec::new();
                reader.feed(first, &mut octets);
                reader.feed(second, &mut octets);
                assert_eq!(octets, *message);
                assert_eq!(reader.flaws(), *flaws, "{message:?} at {split}");
            }
        }
    }

    /// What a bare CR or LF is in the middle of this many octets, in chunks and after 354.
    #[test]
    fn a_bare_line_end_ends_a_line_in_chunks_only() {
        for (bare, flaw) in [(b"\n", Flaw::BareLf), (b"\r", Flaw::BareCr)] {
            let half = vec![b'a'; 998];
            let message = [&half[..], bare, &half, b"\r\n"].concat();
            let mut reader = DataReader::of_chunks();
            reader.feed(&message, &mut Vec::new());
            assert_eq!(reader.flaws(), [flaw]);
            assert_eq!(
                read(&[&message, b".\r\n"])
                    .1
                    .iter()
                    .find(|found| **found == Flaw::LongLine),
                Some(&Flaw::LongLine)
            );
            // The line after it has its own length.
            let long = [&half[..], bare, &half, b"a\r\n"].concat();
            let mut reader = DataReader::of_chunks();
            reader.feed(&long, &mut Vec::new());
            assert_eq!(reader.flaws(), [flaw, Flaw::LongLine]);
        }
    }

    #[test]
    fn a_line_in_chunks_has_998_octets() {
        for (octets, flaws) in [(998, vec![]), (999, vec![Flaw::LongLine])] {
            let mut reader = DataReader::of_chunks();
            for _ in 0..octets {
                reader.feed(b"a", &mut Vec::new());
            }
            reader.feed(b"\r\n", &mut Vec::new());
            assert_eq!(reader.flaws(), flaws);
        }
    }
}
