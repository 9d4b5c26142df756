//! The text of a message: its line ends, and how it is encoded.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::message::encoding::{
    BodyType, LineEnds, MAX_LINE, base64_lines, lines, quoted_printable,
};

/// The longest line of text that is sent as it is, which RFC 5322 section 2.1.1 recommends.
const LINE: usize = 78;

/// A text, and what may be done with it.
pub(crate) struct Text {
    /// With CRLF for every line break, and at the end unless it is empty.
    octets: Bytes,
    /// The body type of the text as it is; `None` if it must be encoded.
    plain: Option<BodyType>,
    /// The text encoded, once it has been.
    encoded: OnceLock<(&'static str, Bytes)>,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self::normal(normalised(text), b" \t")
    }

    /// A text in the format "flowed", whose spaces at the ends of lines everybody knows to be
    /// meant (RFC 3676 section 4.1).
    pub(crate) fn flowed(text: String) -> Self {
        Self::normal(text, b"\t")
    }

    /// A text whose line ends are all CRLF, and the characters at the ends of lines that may get
    /// lost on the way.
    fn normal(text: String, fragile: &[u8]) -> Self {
        Self {
            plain: is_plain(text.as_bytes(), fragile).then_some(if text.is_ascii() {
                BodyType::SevenBit
            } else {
                BodyType::EightBit
            }),
            octets: text.into(),
            encoded: OnceLock::new(),
        }
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.octets).unwrap_or_default()
    }

    /// The body type that it is sent as, if the server supports up to `most`.
    pub(crate) fn body_type(&self, most: BodyType) -> BodyType {
        match self.plain {
            Some(data) if data <= most => data,
            // Line ends are CRLF in any case, so nothing else is to be seen to.
            _ if most == BodyType::Binary => BodyType::Binary,
            _ => BodyType::SevenBit,
        }
    }

    /// The name of its encoding, for Content-Transfer-Encoding, and its octets: empty, or ended
    /// by CRLF.
    ///
    /// * 7bit or 8bit, if it is text that no system on the way has reason to change: lines of at
    ///   most 78 characters, none with white space at its end, none that begins with `From ` or
    ///   is a lone dot (RFC 2049 section 3), and no control character but the tab;
    /// * else binary, where that can be carried;
    /// * else base64, if there is a NUL in it, or if that is shorter;
    /// * else quoted-printable, which can be read as it is.
    pub(crate) fn encoded(&self, most: BodyType) -> (&'static str, &Bytes) {
        match self.body_type(most) {
            BodyType::SevenBit if self.plain != Some(BodyType::SevenBit) => {
                let (name, octets) = self.encoded.get_or_init(|| encode(self.as_str()));
                (name, octets)
            }
            data => (data.name(), &self.octets),
        }
    }
}

/// Shows none of the text.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text")
            .field("len", &self.octets.len())
            .finish_non_exhaustive()
    }
}

fn encode(text: &str) -> (&'static str, Bytes) {
    let octets = text.as_bytes();
    // What both encodings add at the ends of lines is about the same, and not counted.
    let quoted_len = octets.len() + 2 * escaped(octets);
    if octets.contains(&0) || quoted_len > octets.len().div_ceil(3) * 4 {
        let mut encoded = Vec::new();
        base64_lines(octets, &mut encoded);
        return ("base64", encoded.into());
    }
    ("quoted-printable", quoted_printable(text).into())
}

/// How many octets must be escaped. They are counted in `u8`, which compilers vectorize.
fn escaped(octets: &[u8]) -> usize {
    let is_escaped = |octet: &u8| !matches!(octet, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    let in_block = |block: &[u8]| -> u8 { block.iter().map(|b| u8::from(is_escaped(b))).sum() };
    octets.chunks(128).map(in_block).map(usize::from).sum()
}

/// The text with CRLF for every line break, be it CRLF, CR or LF, and with one at its end unless
/// it is empty.
pub(crate) fn normalised(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32 + 2);
    let mut line_ends = LineEnds::default();
    line_ends.apply(text.as_bytes(), &mut out);
    line_ends.finish(&mut out);
    // Nothing but ASCII has changed, so that it is as much UTF-8 as it was.
    String::from_utf8(out).unwrap_or_default()
}

fn is_plain(text: &[u8], fragile: &[u8]) -> bool {
    lines(text).all(|line| {
        let line = line.text;
        let short = line.len() <= LINE || (line.len() <= MAX_LINE && characters(line) <= LINE);
        short
            && !has_control(line)
            && !line.last().is_some_and(|last| fragile.contains(last))
            && !line.starts_with(b"From ")
            && line != b"."
    })
}

/// How many characters a line of UTF-8 has.
fn characters(line: &[u8]) -> usize {
    let continuing = line.iter().filter(|octet| matches!(octet, 0x80..=0xbf));
    line.len() - continuing.count()
}

/// Whether there is a control character other than the tab. Without a branch for each octet, the
/// compiler takes many of them at once.
fn has_control(line: &[u8]) -> bool {
    let is_control = |octet: &u8| matches!(octet, 0..=8 | 10..=31 | 127);
    line.iter()
        .fold(false, |any, octet| any | is_control(octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_break_is_one() {
        for (text, lines) in [
            ("", ""),
            ("\n", "\r\n"),
            ("a", "a\r\n"),
            ("a\r\n", "a\r\n"),
            ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd\r\n"),
            ("\r\r\n", "\r\n\r\n"),
            ("\n\r", "\r\n\r\n"),
            ("\r\n\r\n", "\r\n\r\n"),
            ("é\n日\r", "é\r\n日\r\n"),
        ] {
            assert_eq!(normalised(text), lines, "{text:?}");
        }
    }

    #[test]
    fn the_encoding_depends_on_the_text_alone() {
        let long = "x".repeat(79);
        for (text, encoding) in [
            ("", "7bit"),
            ("plain\ttext\n", "7bit"),
            (&long[1..], "7bit"),
            ("..\n. x\n>From x\nFrom:", "7bit"),
            (&long, "quoted-printable"),
            (".\n", "quoted-printable"),
            ("From x", "quoted-printable"),
            ("space \n", "quoted-printable"),
            ("tab\t", "quoted-printable"),
            ("\u{c}form feed", "quoted-printable"),
            ("plain\u{7f}text", "quoted-printable"),
            (
                "Viele Grüße aus dem schönen Bremen, Jörg",
                "quoted-printable",
            ),
            ("nul \0 in plain text", "base64"),
            ("日本語", "base64"),
            ("Привет", "base64"),
        ] {
            let text = Text::new(text);
            assert_eq!(text.encoded(BodyType::SevenBit).0, encoding, "{text:?}");
        }
    }

    #[test]
    fn more_can_be_sent_as_it_is_where_more_is_carried() {
        for (text, eight_bit, binary) in [
            ("plain", "7bit", "7bit"),
            ("Grüße", "8bit", "8bit"),
            (&"日".repeat(78), "8bit", "8bit"),
            (&"日".repeat(79), "base64", "binary"),
            (&"x".repeat(79), "quoted-printable", "binary"),
            (
                "From Jörg Müller-Lüdenscheidt",
                "quoted-printable",
                "binary",
            ),
            ("nul \0", "base64", "binary"),
        ] {
            let text = Text::new(text);
            assert_eq!(text.encoded(BodyType::EightBit).0, eight_bit, "{text:?}");
            assert_eq!(text.encoded(BodyType::Binary).0, binary, "{text:?}");
        }
    }

    #[test]
    fn long_lines_are_cut() {
        for text in [
            "x".repeat(1_000_000),
            "日".repeat(1_000),
            "é a".repeat(1_000),
        ] {
            let text = Text::new(&text);
            assert!(
                text.encoded(BodyType::SevenBit)
                    .1
                    .split(|b| *b == b'\n')
                    .all(|line| line.len() <= 77)
            );
        }
    }
}
