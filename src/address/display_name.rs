//! The words before an address.

use std::str::FromStr;

use super::error::{AddressError, ParseFault, Problem};
use super::parser::is_forbidden;

/// The most octets of a name. No RFC has a limit; this one is the length of the longest line.
const MAX_OCTETS: usize = 998;

/// What a person or a list is called: RFC 5322, 3.4 `display-name`, as text.
///
/// Nothing in the text has a meaning: it is neither unquoted nor decoded, so any text goes in
/// and comes out as it was, apart from white space at the ends, which is removed. It has 1 to
/// 998 octets.
///
/// # Errors
///
/// Reading fails on control characters, the separators U+2028 and U+2029, nothing but white
/// space, and more than 998 octets.
///
/// ```
/// use pilotfish::address::DisplayName;
///
/// let name: DisplayName = " Müller, Jörg ".parse()?;
/// assert_eq!(name.as_str(), "Müller, Jörg");
/// assert!("Jörg\r\nBcc: x@example.org".parse::<DisplayName>().is_err());
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What of a text fits into a name.
    pub(super) fn beginning(text: &str) -> &str {
        let end = text.floor_char_boundary(MAX_OCTETS);
        text.get(..end).unwrap_or(text)
    }

    /// The name, its text having been at `position`.
    pub(super) fn checked(text: &str, position: usize) -> Result<Self, ParseFault> {
        let fault = |problem, offset| ParseFault {
            problem,
            position: position + offset,
        };
        if let Some((offset, _)) = text.char_indices().find(|&(_, c)| is_forbidden(c)) {
            return Err(fault(Problem::Control, offset));
        }
        match text.trim() {
            "" => Err(fault(Problem::NoName, 0)),
            name if name.len() > MAX_OCTETS => Err(fault(Problem::NameTooLong(MAX_OCTETS), 0)),
            name => Ok(Self(name.to_owned())),
        }
    }
}

impl FromStr for DisplayName {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::checked(text, 0).map_err(|fault| AddressError::of_text(text, fault))
    }
}

// The text is not quoted.
try_from_text!(DisplayName, displayed);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text() {
        for (input, expected) in [
            ("Ann", Ok("Ann")),
            ("  Ann  Lee\u{a0}", Ok("Ann  Lee")),
            ("a, b", Ok("a, b")),
            ("\"quoted\"", Ok("\"quoted\"")),
            ("back\\slash", Ok("back\\slash")),
            ("ends in \\", Ok("ends in \\")),
            ("(c)", Ok("(c)")),
            ("x@y", Ok("x@y")),
            ("<>", Ok("<>")),
            ("=?utf-8?q?a?=", Ok("=?utf-8?q?a?=")),
            ("Müller, Jörg", Ok("Müller, Jörg")),
            ("", Err(0)),
            ("   ", Err(0)),
            ("Ann\r\nBcc: x@y", Err(3)),
            ("a\0", Err(1)),
            ("a\tb", Err(1)),
            ("a\u{7f}", Err(1)),
            ("a\u{85}", Err(1)),
            ("a\u{2028}", Err(1)),
            ("a\u{2029}", Err(1)),
        ] {
            let read = input.parse::<DisplayName>();
            let read = read.map(|x| x.to_string()).map_err(|e| e.position());
            assert_eq!(read, expected.map(str::to_owned).map_err(Some), "{input:?}");
        }
    }

    #[test]
    fn octets_are_counted() {
        assert!("🦈".repeat(200).parse::<DisplayName>().is_ok());
        assert!("a".repeat(998).parse::<DisplayName>().is_ok());
        assert!("a".repeat(999).parse::<DisplayName>().is_err());
    }
}
