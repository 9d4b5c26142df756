//! Values of a signature: the selector of the key, and the canonical forms.

use std::str::FromStr;

use super::DkimError;
use crate::address::{Domain, try_from_text};
use crate::message::error::shown;

/// Which of the domain's keys it is: the key of the selector `s1` of `example.org` is in the TXT
/// record of `s1._domainkey.example.org` (RFC 6376 sections 3.1 and 3.6.2.1).
///
/// It has one or several labels of letters, digits and inner hyphens. Like a
/// [`Domain`], it may be given in Unicode and is kept in lower case and A-labels (RFC 8616
/// section 4).
///
/// ```
/// use pilotfish::message::dkim::Selector;
///
/// assert_eq!("S1.2026".parse::<Selector>()?.as_str(), "s1.2026");
/// assert!("s1; d=example.net".parse::<Selector>().is_err());
/// # Ok::<(), pilotfish::message::dkim::DkimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// The labels, joined by dots.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Selector {
    type Err = DkimError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let domain = text.parse::<Domain>().ok();
        let name = domain.as_ref().and_then(Domain::as_name);
        match name {
            Some(name) => Ok(Self(name.to_owned())),
            None => Err(DkimError::Selector { found: shown(text) }),
        }
    }
}

try_from_text!(Selector, displayed);

/// How much may change on the way without breaking the signature (RFC 6376 section 3.4).
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

    #[test]
    fn selectors_follow_the_grammar() {
        for (input, expected) in [
            ("s1", Some("s1")),
            ("2026-11", Some("2026-11")),
            ("Brisbane.East", Some("brisbane.east")),
            ("schlüssel", Some("xn--schlssel-95a")),
            ("", None),
            (".", None),
            ("a..b", None),
            ("a_b", None),
            ("-a", None),
            ("a;b", None),
            ("a b", None),
            ("a\r\nb", None),
            ("[127.0.0.1]", None),
        ] {
            let selector = input.parse::<Selector>().ok();
            assert_eq!(
                selector.as_ref().map(Selector::as_str),
                expected,
                "{input:?}"
            );
        }
    }

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
