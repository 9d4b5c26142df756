//! The charset of a field that is not UTF-8.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::part::parameter;

/// The text of a field, on one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// The name of the charset that it was taken for.
    pub(crate) charset: String,
}

impl Decoded {
    /// Decodes it as UTF-8 if it is that; else by the charset that Content-Type declares for the
    /// body, as programs that write octets into fields write both in the same; else as
    /// Windows-1252, which most of what remains is, and which has ISO 8859-1 in it.
    pub(crate) fn new(body: &[u8], content_type: &str) -> Self {
        let declared = parameter(content_type, "charset");
        let declared = declared.and_then(|name| Encoding::for_label(name.as_bytes()));
        // UTF-16 is a charset of bodies alone, as a field has ASCII in it.
        let declared = declared.filter(|encoding| encoding.is_ascii_compatible());
        let line: Vec<u8> = body
            .iter()
            .copied()
            .filter(|b| !b"\r\n".contains(b))
            .collect();
        let candidates = [Some(UTF_8), declared, Some(WINDOWS_1252)];
        for encoding in candidates.into_iter().flatten() {
            let decoded = encoding.decode_without_bom_handling_and_without_replacement(&line);
            if let Some(text) = decoded {
                return Self {
                    text: text.into_owned(),
                    charset: encoding.name().to_owned(),
                };
            }
        }
        Self {
            text: String::from_utf8_lossy(&line).into_owned(),
            charset: UTF_8.name().to_owned(),
        }
    }
}

#[cfg(test)]
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
            let decoded = Decoded::new(octets, content_type);
            assert_eq!(
                (decoded.text.as_str(), decoded.charset.as_str()),
                (text, charset)
            );
        }
    }
}
