//! The part of an address before the `@`.

use std::fmt;
use std::sync::Arc;

use super::addr_spec;
use super::error::{ParseFault, Problem};
use super::parser::{
    Cursor, is_atext, is_dot_atom, is_forbidden, is_invisible, quoted_len, write_quoted,
};

/// The most octets of a local part as it is sent: as many as an address has, without `@` and
/// the shortest domain.
const MAX_OCTETS: usize = addr_spec::MAX_OCTETS - 2;

/// A mailbox's name at its domain: RFC 5321, 4.1.2 `Local-part`, with the non-ASCII
/// characters of RFC 6531, 3.3.
///
/// It is a dot-string (`ann.lee`) or a quoted string (`"ann lee"`). Only the content of a quoted string
/// is stored, so `"ann"` equals `ann`. Upper and lower case differ, as only the mailbox's own server
/// knows whether they are the same (RFC 5321, 2.4). The text is not normalised; RFC 6531 recommends
/// normalisation form C.
///
/// It has at most 496 octets as it is sent, with quotation marks and backslashes. Servers must accept
/// only 64, but a client may send more and leave the decision to the server (RFC 5321, 4.5.3.1): reply
/// addresses of ticket systems and return paths of lists are often longer.
///
/// # Errors
///
/// Reading fails on control characters and line separators, in quotation marks too, on dots
/// at the ends or in a row outside of them, on non-ASCII white space and look-alikes of `@`,
/// on characters that cannot be seen, such as U+200B, and on more than 496 octets.
///
/// ```
/// use pilotfish::address::LocalPart;
///
/// let local_part: LocalPart = r#""ann\ lee""#.parse()?;
/// assert_eq!(local_part.as_str(), "ann lee");
/// assert_eq!(local_part.to_string(), r#""ann lee""#);
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocalPart(Arc<str>);

impl LocalPart {
    /// The content, without quotation marks and backslashes. To send it, use `Display`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can be sent to a server that does not offer SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ParseFault> {
        let start = cursor.clone();
        let is_quoted = cursor.peek() == Some('"');
        let content: Arc<str> = if is_quoted {
            cursor.quoted_string()?.into()
        } else {
            let text = cursor.take_while(|c| c == '.' || is_atext(c));
            if text.is_empty() {
                return Err(start.fault(match start.peek() {
                    None => Problem::Empty,
                    Some('@') => Problem::NoLocalPart,
                    Some(c) => Problem::unexpected(c),
                }));
            }
            if !is_dot_atom(text) {
                return Err(start.fault(Problem::MisplacedDot));
            }
            text.into()
        };
        // `atext` of ASCII has none of these characters.
        if (is_quoted || !content.is_ascii())
            && let Some(problem) = content.chars().find_map(Problem::of_character)
        {
            return Err(start.fault(problem));
        }
        let local_part = Self(content);
        if local_part.is_longer_than(MAX_OCTETS) {
            return Err(start.fault(Problem::LocalPartTooLong(MAX_OCTETS)));
        }
        Ok(local_part)
    }

    /// Whether it is in quotation marks as it is sent: only if it has to be (RFC 5321, 4.1.2).
    pub(crate) fn is_quoted(&self) -> bool {
        !is_dot_atom(&self.0)
    }

    /// Whether it has more octets as it is sent.
    pub(super) fn is_longer_than(&self, most: usize) -> bool {
        // At most each octet is quoted.
        let may_be = 2 * self.0.len() + 2 > most;
        may_be && (self.0.len() > most || (self.is_quoted() && quoted_len(&self.0) > most))
    }

    /// Writes it as it is sent.
    pub(super) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        if self.is_quoted() {
            write_quoted(out, &self.0)
        } else {
            out.write_str(&self.0)
        }
    }
}

impl Problem {
    /// The problem with a character that a local part must not contain, even in quotation marks.
    pub(super) fn of_character(c: char) -> Option<Self> {
        match c {
            c if is_forbidden(c) => Some(Self::Control),
            // Software that normalises text could take these for a space or an '@'.
            '\u{ff20}' | '\u{fe6b}' => Some(Self::LookAlike(c)),
            c if !c.is_ascii() && c.is_whitespace() => Some(Self::LookAlike(c)),
            // It replaces octets that could not be decoded.
            '\u{fffd}' => Some(Self::LookAlike(c)),
            c if is_invisible(c) => Some(Self::Invisible(c)),
            _ => None,
        }
    }
}

read_from_str!(LocalPart);

/// As it is sent: quoted only if it has to be (RFC 5321, 4.1.2).
impl fmt::Display for LocalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_parts_are_read_and_written() {
        for (input, expected) in [
            ("ann", Ok("ann")),
            ("Ann.Lee", Ok("Ann.Lee")),
            ("a+b", Ok("a+b")),
            ("!#$%&'*+-/=?^_`{|}~", Ok("!#$%&'*+-/=?^_`{|}~")),
            ("jörg", Ok("jörg")),
            ("\u{560d}\u{560a}", Ok("\u{560d}\u{560a}")),
            (r#""ann""#, Ok("ann")),
            (r#""a b""#, Ok(r#""a b""#)),
            (r#""@""#, Ok(r#""@""#)),
            (r#"".a""#, Ok(r#"".a""#)),
            (r#""a..b""#, Ok(r#""a..b""#)),
            (r#""\a\"\\""#, Ok(r#""a\"\\""#)),
            (r#""""#, Ok(r#""""#)),
            ("", Err(0)),
            (".a", Err(0)),
            ("a.", Err(0)),
            ("a..b", Err(0)),
            ("a b", Err(1)),
            (" a", Err(0)),
            ("a@b", Err(1)),
            ("a(c)", Err(1)),
            (r#""a"#, Err(0)),
            (r#""a"b"#, Err(3)),
            (r#""a".b"#, Err(3)),
            (r#"a."b""#, Err(0)),
            ("a\r\nb", Err(1)),
            ("\"a\r\n b\"", Err(2)),
            ("\"a\\\nb\"", Err(3)),
            ("a\u{85}b", Err(1)),
            ("a\u{2028}b", Err(1)),
            ("a\u{a0}b", Err(0)),
            ("a\u{ff20}b", Err(0)),
        ] {
            let read = input.parse::<LocalPart>();
            let read = read.map(|x| x.to_string()).map_err(|e| e.position());
            assert_eq!(read, expected.map(str::to_owned).map_err(Some), "{input:?}");
        }
    }

    #[test]
    fn octets_are_counted_as_sent() {
        let fits = |text: String| text.parse::<LocalPart>().is_ok();
        assert!(fits("a".repeat(496)));
        assert!(!fits("a".repeat(497)));
        assert!(fits(format!("\"{}\"", "a".repeat(496))));
        assert!(fits(format!("\"{}\"", " ".repeat(494))));
        assert!(!fits(format!("\"{}\"", " ".repeat(495))));
        assert!(fits("é".repeat(248)));
        assert!(!fits("é".repeat(249)));
    }
}
