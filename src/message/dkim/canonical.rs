//! The canonical forms, which survive what relays do to a message (RFC 6376 section 3.4).

/// How much may change on the way without breaking the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Canonicalization {
    /// Hardly anything: blank lines at the end of the body may come and go (RFC 6376
    /// sections 3.4.1 and 3.4.3).
    Simple,
    /// White space at the ends of lines, the amount of white space elsewhere, and in the header
    /// the folds and the case of names, too (RFC 6376 sections 3.4.2 and 3.4.4).
    #[default]
    Relaxed,
}

impl Canonicalization {
    /// Its name in a signature.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Relaxed => "relaxed",
        }
    }

    /// Appends the canonical form of a field; neither has the CRLF at the end.
    pub(super) fn field(self, field: &[u8], out: &mut Vec<u8>) {
        let mut name_and_value = field.splitn(2, |octet| *octet == b':');
        match (self, name_and_value.next(), name_and_value.next()) {
            (Self::Relaxed, Some(name), Some(value)) => {
                out.extend(name.trim_ascii_end().to_ascii_lowercase());
                out.push(b':');
                let words = value.split(|octet| b" \t\r\n".contains(octet));
                for (at, word) in words.filter(|word| !word.is_empty()).enumerate() {
                    if at > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(word);
                }
            }
            _ => out.extend_from_slice(field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(canonicalization: Canonicalization, field: &str) -> String {
        let mut out = Vec::new();
        canonicalization.field(field.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_are_relaxed() {
        for (input, expected) in [
            // RFC 6376 section 3.4.5.
            ("A: X", "a:X"),
            ("B : Y\t\r\n\tZ  ", "b:Y Z"),
            ("X:", "x:"),
            ("X: \t", "x:"),
            ("X:\r\n a", "x:a"),
            ("SUBJect:a: b:  c", "subject:a: b: c"),
            ("X: é\t🦈", "x:é 🦈"),
            ("X: a\u{b}b\u{c}c", "x:a\u{b}b\u{c}c"),
        ] {
            assert_eq!(field(Canonicalization::Relaxed, input), expected);
            assert_eq!(field(Canonicalization::Simple, input), input);
        }
    }
}
