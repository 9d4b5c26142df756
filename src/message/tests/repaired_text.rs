//! The line ends of a text in a finished message that is repaired.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::repaired::repaired;

/// RFC 2046 section 4.1.1. In UTF-16 and UTF-32 an octet that looks like a line end may be part of a
/// character, and what is not text has no line ends.
#[test]
fn the_line_ends_of_a_text_are_crlf_in_base64_too() {
    let little = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>()
    };
    let big = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>()
    };
    let four = |text: &str| {
        let octets = text.chars().flat_map(|c| u32::from(c).to_le_bytes());
        octets.collect::<Vec<_>>()
    };
    let plain = "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
    let latin = "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n";
    let json = "Content-Type: application/json\r\n\r\n";
    let none = "\r\n";
    // A character that has an octet as LF has, U+0A05, among lines.
    let gurmukhi = "\u{a05}\u{a06}a\nb\nc\nd\n";
    for (header, body, expected) in [
        (
            none,
            b"a\0b\nc\rd\r\ne\n".to_vec(),
            &b"a\0b\r\nc\r\nd\r\ne\r\n"[..],
        ),
        (plain, b"\na\0\nb\ncd\n".to_vec(), b"\r\na\0\r\nb\r\ncd\r\n"),
        (
            latin,
            b"\xfc\0\n\xfc\n\xfc\n".to_vec(),
            b"\xfc\0\r\n\xfc\r\n\xfc\r\n",
        ),
        (json, b"a\0\nb\n".to_vec(), b"a\0\nb\n"),
        (none, little("a\nb\r\nc"), &little("a\nb\r\nc")),
        (plain, big("a\nb\rc\n"), &big("a\nb\rc\n")),
        (
            none,
            little("\u{4e00}\n\u{4e8c}\n"),
            &little("\u{4e00}\n\u{4e8c}\n"),
        ),
        (none, big(gurmukhi), &big(gurmukhi)),
        (none, four("a\nb\n"), &four("a\nb\n")),
    ] {
        let (sent, warnings) = repaired(&[header.as_bytes(), &body].concat());
        assert!(
            warnings.ends_with("had a NUL, so the encoding is base64 now"),
            "{warnings}"
        );
        let at = memchr::memmem::find(&sent, b"\r\n\r\n").unwrap() + 4;
        let digits: Vec<_> = sent[at..]
            .iter()
            .copied()
            .filter(u8::is_ascii_graphic)
            .collect();
        let content = BASE64_STANDARD.decode(digits).unwrap();
        assert_eq!(content, expected, "{body:?}");
    }
}
