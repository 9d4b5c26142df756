//! What is wrong with an address, and where.

use std::convert::Infallible;
use std::fmt;

/// How many octets of the input are shown on either side of the problem.
const CONTEXT: usize = 24;

/// Why a text is not an address, or why addresses do not make an envelope.
///
/// `Display` names the cause, what to do about it, and the place in the input. The input is
/// shown escaped and shortened, so that the message is safe in a log and on a terminal.
///
/// ```
/// use pilotfish::address::AddrSpec;
///
/// let error = "ann@example.org\r\nDATA".parse::<AddrSpec>().unwrap_err();
/// assert_eq!(error.position(), Some(15));
/// assert_eq!(
///     error.to_string(),
///     r#"the address contains a control character or a line separator: remove it (at offset 15 of "ann@example.org\r\nDATA")"#,
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddressError {
    problem: Problem,
    /// Where in the input the problem is, and the text around it.
    place: Option<(usize, Box<str>)>,
}

impl AddressError {
    /// The position of the problem in the input, in octets from its start; `None` if no text was read,
    /// as for an envelope without recipients.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        self.place.as_ref().map(|(position, _)| *position)
    }

    /// The error of values that were not read from a text.
    pub(super) fn of_values(problem: Problem) -> Self {
        Self {
            problem,
            place: None,
        }
    }

    /// The error of a text with this fault.
    pub(super) fn of_text(input: &str, fault: ParseFault) -> Self {
        Self {
            problem: fault.problem,
            place: Some((fault.position, excerpt(input, fault.position))),
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)?;
        match &self.place {
            Some((position, excerpt)) if !excerpt.is_empty() => {
                write!(f, " (at offset {position} of \"{excerpt}\")")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for AddressError {}

/// For values that need no conversion, where a text is accepted too.
impl From<Infallible> for AddressError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The surroundings of `position`, escaped.
pub(super) fn excerpt(input: &str, position: usize) -> Box<str> {
    let start = input.floor_char_boundary(position.saturating_sub(CONTEXT));
    let end = input.ceil_char_boundary(position.saturating_add(CONTEXT));
    let window = input.get(start..end).unwrap_or_default().escape_debug();
    let before = if start > 0 { "..." } else { "" };
    let after = if end < input.len() { "..." } else { "" };
    format!("{before}{window}{after}").into()
}

/// A problem at an octet offset of the text being read.
#[derive(Debug)]
pub(super) struct ParseFault {
    pub(super) problem: Problem,
    pub(super) position: usize,
}

/// All problems. The user sees these texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("there is no address: write one such as ann@example.org")]
    Empty,
    #[error("the list of addresses is longer than {0} octets: read it in smaller parts")]
    InputTooLong(usize),
    #[error("the address contains a control character or a line separator: remove it")]
    Control,
    #[error(
        "the address contains white space: remove it, or put the part before the @ in quotation marks"
    )]
    WhiteSpace,
    #[error("the address contains a comment: remove it")]
    Comment,
    #[error("the address alone is expected here: remove the angle brackets")]
    AngleBracket,
    #[error(
        "one address is expected here, not several: keep one, or put a name with a comma in quotation marks"
    )]
    Comma,
    #[error(
        "the address has a second @: put it in quotation marks if it belongs to the name, or to the part before the @"
    )]
    SecondAt,
    #[error("the character {0:?} is not allowed here: remove it, or put it in quotation marks")]
    Unexpected(char),

    #[error("the address has no @: write it like ann@example.org")]
    NoAt,
    #[error("nothing stands before the @: write the name of the mailbox there")]
    NoLocalPart,
    #[error(
        "the part before the @ begins or ends with a dot, or has two in a row: remove the dot, or use quotation marks"
    )]
    MisplacedDot,
    #[error("{} looks like another character: type the ordinary one in its place", code_point(.0))]
    LookAlike(char),
    #[error("the address contains {}, which is invisible: remove it", code_point(.0))]
    Invisible(char),
    #[error("this is a link and not an address: leave \"mailto:\" out")]
    Mailto,
    #[error("the part before the @ is longer than {0} octets: use a shorter one")]
    LocalPartTooLong(usize),
    #[error("the address is longer than {0} octets: use a shorter one")]
    AddrSpecTooLong(usize),

    #[error("the domain is missing: write a name such as example.org")]
    NoDomain,
    #[error("the domain begins or ends with a dot, or has two in a row: remove the dot")]
    EmptyLabel,
    #[error("the domain contains {0:?}: use letters, digits and hyphens only")]
    DomainCharacter(char),
    #[error(
        "the domain contains the quotation mark {0:?}: remove the quotation marks around the address"
    )]
    DomainQuote(char),
    #[error("a part of the domain begins or ends with a hyphen: remove the hyphen")]
    LabelHyphen,
    #[error("a part of the domain is longer than {0} octets: use a shorter one")]
    LabelTooLong(usize),
    #[error("the domain is longer than {0} octets: use a shorter one")]
    DomainTooLong(usize),
    #[error("the domain is not allowed by IDNA: check its spelling")]
    Idna,
    #[error("the domain is read as \"{0}\" by IDNA: write that if you mean it")]
    IdnaReading(Box<str>),
    #[error("an IP address needs brackets: write it like [192.0.2.1]")]
    BareIp,
    #[error("the brackets contain no IP address: write it like [192.0.2.1] or [IPv6:2001:db8::1]")]
    Literal,

    #[error("a quotation mark is not closed: add the closing one")]
    UnclosedQuote,
    #[error("a comment is not closed: add the ')'")]
    UnclosedComment,
    #[error("comments are nested more than {0} deep: remove them")]
    CommentDepth(usize),
    #[error("an angle bracket is not closed: add the '>' right after the address")]
    UnclosedAngle,
    #[error("the angle brackets are empty: write an address such as ann@example.org in them")]
    EmptyAngle,
    #[error("source routes are obsolete: write the address alone")]
    SourceRoute,
    #[error(
        "a name has no address: write Name <ann@example.org>, and put a name with a comma in quotation marks"
    )]
    NameAlone,
    #[error("words stand before the address: write Name <ann@example.org>")]
    WordsBeforeAt,
    #[error("white space or a comment stands before the @: remove it")]
    GapBeforeAt,
    #[error("the name contains an @: put the name in quotation marks")]
    AtInName,
    #[error("a '>' has no '<' before the address: add the '<', or remove the '>'")]
    StrayAngle,
    #[error("text stands after the address: separate addresses by a comma")]
    TextBehind,
    #[error("separate addresses by a comma, and not by ';'")]
    Semicolon,
    #[error(
        "one mailbox is expected here, not a group: write the addresses of its members, or put a name with ':' in quotation marks"
    )]
    Group,
    #[error(
        "a group stands in a group: close the first with ';', or put a name with ':' in quotation marks"
    )]
    NestedGroup,
    #[error(
        "a ':' begins a group that is not closed: put a name with ':' in quotation marks, or add \
         the ';'"
    )]
    UnclosedGroup,

    #[error("the display name is empty: leave it out")]
    NoName,
    #[error("the display name is longer than {0} octets: use a shorter one")]
    NameTooLong(usize),

    #[error("the envelope has no recipient: add at least one")]
    NoRecipient,
}

/// The number of a character that may be invisible, as Unicode writes it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the derived Display hands over references"
)]
fn code_point(c: &char) -> String {
    format!("U+{:04X}", u32::from(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(input: &str, position: usize) -> AddressError {
        AddressError::of_text(
            input,
            ParseFault {
                problem: Problem::Comment,
                position,
            },
        )
    }

    #[test]
    fn the_input_is_shown_escaped_and_short() {
        let shown = |input: &str, position| {
            let text = error(input, position).to_string();
            text.split_once(" (at ").map(|(_, rest)| rest.to_owned())
        };
        for (input, position, expected) in [
            ("a(b", 1, Some(r#"offset 1 of "a(b")"#)),
            (
                "\u{1b}[2J\u{202e}\r\n",
                0,
                Some(r#"offset 0 of "\u{1b}[2J\u{202e}\r\n")"#),
            ),
            ("\"", 0, Some(r#"offset 0 of "\"")"#)),
            ("", 0, None),
        ] {
            assert_eq!(shown(input, position).as_deref(), expected, "{input:?}");
        }
        let long = "é".repeat(10_000);
        assert!(error(&long, 9_999).to_string().len() < 200);
        assert!(error(&long, usize::MAX).to_string().len() < 200);
    }

    #[test]
    fn texts_are_phrases() {
        for problem in [
            Problem::Empty,
            Problem::NoAt,
            Problem::NoRecipient,
            Problem::Idna,
        ] {
            let text = problem.to_string();
            assert!(
                text.starts_with(char::is_lowercase) && !text.ends_with('.'),
                "{text}"
            );
        }
    }
}
