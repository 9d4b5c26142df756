//! The charset of a field that is not in UTF-8.

#[cfg(feature = "charsets")]
use super::part::parameter;

/// The text of a field, on one line, and the name of the charset that it was decoded from. `None` if
/// no charset that this program knows is left: without the feature `charsets` it knows UTF-8.
pub(super) fn decode(body: &[u8], content_type: &str) -> Option<(String, &'static str)> {
    let mut line = body.to_vec();
    line.retain(|octet| !b"\r\n".contains(octet));
    match String::from_utf8(line) {
        Ok(text) => Some((text, "UTF-8")),
        Err(error) => decode_legacy(error.as_bytes(), content_type),
    }
}

#[cfg(not(feature = "charsets"))]
fn decode_legacy(_line: &[u8], _content_type: &str) -> Option<(String, &'static str)> {
    None
}

/// Decodes the charset that Content-Type declares for the body, as programs that write octets into
/// fields write both in the same; else Windows-1252, which most of what remains is, and which
/// includes ISO 8859-1.
#[cfg(feature = "charsets")]
fn decode_legacy(line: &[u8], content_type: &str) -> Option<(String, &'static str)> {
    use encoding_rs::{Encoding, WINDOWS_1252};

    let declared = parameter(content_type, "charset");
    let declared = declared.and_then(|name| Encoding::for_label(name.as_bytes()));
    // UTF-16 is a charset of bodies alone, as a field has ASCII in it.
    let declared = declared.filter(|encoding| encoding.is_ascii_compatible());
    let mut candidates = declared.into_iter().chain([WINDOWS_1252]);
    candidates.find_map(|encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(line)?;
        Some((text.into_owned(), encoding.name()))
    })
}

#[cfg(all(test, feature = "charsets"))]
mod tests {
    use super::*;

    #[test]
    fn the_charset_is_declared_or_guessed() {
        for (octets, content_type, text, charset) in [
            (&b" Gr\xfc\xdfe"[..], "", " Grüße", "windows-1252"),
            (b"Gr\xfc\r\n \xdfe", "", "Grü ße", "windows-1252"),
            (
                b"\x93a\x94",
                "text/plain",
                "\u{201c}a\u{201d}",
                "windows-1252",
            ),
            (b"\xc4\xa1", "text/plain; charset=iso-8859-3", "ġ", "UTF-8"),
            (b"\xcf\xd2", "text/plain; charset=koi8-r", "ор", "KOI8-R"),
            (
                b"\x93\xfa\x96{",
                "text/plain; charset=\"Shift_JIS\"",
                "日本",
                "Shift_JIS",
            ),
            (b"\xfc", "text/plain; charset=utf-8", "ü", "windows-1252"),
            (
                b"Gr\xfc\xfc",
                "text/plain; charset=utf-16",
                "Gr\u{fc}\u{fc}",
                "windows-1252",
            ),
            (
                b"  \xfc\xfc",
                "text/plain; charset=utf-16be",
                "  \u{fc}\u{fc}",
                "windows-1252",
            ),
            (b"\xfc", "text/plain; charset=nonsense", "ü", "windows-1252"),
        ] {
            let found = decode(octets, content_type);
            assert_eq!(found, Some((text.to_owned(), charset)));
        }
    }
}
