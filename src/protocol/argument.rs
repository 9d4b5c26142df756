//! Free text in a command (RFC 5321 section 4.1.2 `String`).

use std::fmt;
use std::str::FromStr;

/// How many octets of text fit into a command line with the longest verb, its space and its
/// CRLF (RFC 5321 section 4.5.3.1.4).
const MAX: usize = 512 - "VRFY \r\n".len();

/// The text behind VRFY or HELP: 1 to 505 octets of printable ASCII that neither begin nor end
/// with a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument(Box<str>);

/// A text that no command has room for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this cannot be the argument of a command: use 1 to 505 characters of printable ASCII, with no \
     space at either end"
)]
#[non_exhaustive]
pub struct ArgumentError;

impl FromStr for Argument {
    type Err = ArgumentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let printable = text.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        if printable && (1..=MAX).contains(&text.len()) && text.trim() == text {
            Ok(Self(text.into()))
        } else {
            Err(ArgumentError)
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_fit_a_command() {
        for (text, fits) in [
            ("ann", true),
            ("Ann Lee <ann@example.org>", true),
            (&"a".repeat(505), true),
            (&"a".repeat(506), false),
            ("", false),
            (" ann", false),
            ("ann ", false),
            ("ö", false),
            ("a\u{2028}b", false),
            ("a\u{85}b", false),
        ] {
            assert_eq!(text.parse::<Argument>().is_ok(), fits, "{text:?}");
        }
        for control in ('\0'..' ').chain(['\u{7f}']) {
            assert!(format!("a{control}b").parse::<Argument>().is_err());
        }
    }
}
