//! The text of a message: its line ends, and how it is encoded.

use bytes::Bytes;
use memchr::memchr2;

use super::base64_lines::base64_lines;
use super::quoted_printable::quoted_printable;

/// The longest line of text that is sent as it is (RFC 5322 section 2.1.1 wants no more).
const LINE: usize = 78;

/// A text as it is sent.
#[derive(Debug)]
pub(super) struct Text {
    /// The name of its encoding, for Content-Transfer-Encoding.
    pub(super) encoding: &'static str,
    /// Its octets: empty, or ended by CRLF.
    pub(super) octets: Bytes,
}

impl Text {
    /// Normalises and encodes a text.
    ///
    /// * 7bit, if it is ASCII that no system on the way has reason to change: lines of at most
    ///   78 octets, none with white space at its end, none that begins with `From ` or is a
    ///   lone dot (RFC 2049 section 3), and no control character but the tab;
    /// * else base64, if there is a NUL in it, or if that is shorter;
    /// * else quoted-printable, which can be read as it is.
    pub(super) fn new(text: &str) -> Self {
        let text = normalised(text);
        if is_plain(&text) {
            return Self {
                encoding: "7bit",
                octets: text.into(),
            };
        }
        // What both encodings add at the ends of lines is about the same, and not counted.
        let escaped = text
            .bytes()
            .filter(|b| !matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n'));
        let quoted_len = text.len() + 2 * escaped.count();
        if text.contains('\0') || quoted_len > text.len().div_ceil(3) * 4 {
            let mut octets = Vec::new();
            base64_lines(text.as_bytes(), &mut octets);
            return Self {
                encoding: "base64",
                octets: octets.into(),
            };
        }
        Self {
            encoding: "quoted-printable",
            octets: quoted_printable(&text).into(),
        }
    }
}

/// The text with CRLF for every line break, be it CRLF, CR or LF, and with one at its end unless
/// it is empty.
fn normalised(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = memchr2(b'\r', b'\n', rest.as_bytes()) {
        let (line, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        rest = after
            .strip_prefix("\r\n")
            .or_else(|| after.get(1..))
            .unwrap_or_default();
        if out.is_empty() {
            out.reserve(text.len() + text.len() / 32 + 2);
        }
        out.push_str(line);
        out.push_str("\r\n");
    }
    if !rest.is_empty() {
        out.push_str(rest);
        out.push_str("\r\n");
    }
    out
}

fn is_plain(text: &str) -> bool {
    text.split_terminator("\r\n").all(|line| {
        line.len() <= LINE
            && line.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t'))
            && !line.ends_with([' ', '\t'])
            && !line.starts_with("From ")
            && line != "."
    })
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
            assert_eq!(Text::new(text).encoding, encoding, "{text:?}");
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
                text.octets
                    .split(|b| *b == b'\n')
                    .all(|line| line.len() <= 77)
            );
        }
    }
}
