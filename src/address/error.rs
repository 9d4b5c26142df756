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
///     r#"a control character or line separator in an address, remove it (at offset 15 of "ann@example.org\r\nDATA")"#,
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
    #[error("no address, write one as local-part@domain")]
    Empty,
    #[error("more than {0} octets of addresses, read them in smaller lists")]
    InputTooLong(usize),
    #[error("a control character or line separator in an address, remove it")]
    Control,
    #[error("white space in an address, remove it or put the local part in quotation marks")]
    WhiteSpace,
    #[error("a comment inside an address, remove it")]
    Comment,
    #[error("angle brackets where a bare address is expected, remove them")]
    AngleBracket,
    #[error("more than one address where one is expected, keep one or quote the ','")]
    Comma,
    #[error("a second '@', put it in quotation marks if it belongs to a name or local part")]
    SecondAt,
    #[error("{0:?} cannot stand here, remove it or put it in quotation marks")]
    Unexpected(char),

    #[error("no '@' in an address, write it as local-part@domain")]
    NoAt,
    #[error("nothing before the '@', write the mailbox's name there")]
    NoLocalPart,
    #[error("a dot at the start or end, or two in a row; remove it or use quotation marks")]
    MisplacedDot,
    #[error("{} looks like another character, write the one of ASCII in its place", code_point(.0))]
    LookAlike(char),
    #[error("{} in an address cannot be seen, remove it", code_point(.0))]
    Invisible(char),
    #[error("a link and not an address, leave \"mailto:\" out")]
    Mailto,
    #[error("a local part of more than {0} octets, use a shorter one")]
    LocalPartTooLong(usize),
    #[error("an address of more than {0} octets, use a shorter one")]
    AddrSpecTooLong(usize),

    #[error("no domain, write a name such as example.org")]
    NoDomain,
    #[error("an empty label in the domain, remove the dot")]
    EmptyLabel,
    #[error("{0:?} in the domain, use letters, digits and hyphens only")]
    DomainCharacter(char),
    #[error("a quotation mark {0:?} in the domain, remove the quotation marks around the address")]
    DomainQuote(char),
    #[error("a hyphen at the start or end of a domain label, remove it")]
    LabelHyphen,
    #[error("a domain label of more than {0} octets, use a shorter one")]
    LabelTooLong(usize),
    #[error("a domain of more than {0} octets, use a shorter one")]
    DomainTooLong(usize),
    #[error("a domain that IDNA does not allow, check its spelling")]
    Idna,
    #[error("a domain that IDNA reads as \"{0}\", write that if it is meant")]
    IdnaReading(Box<str>),
    #[error("an IP address without brackets, write it as [192.0.2.1]")]
    BareIp,
    #[error("no address literal, write it as [192.0.2.1] or [IPv6:2001:db8::1]")]
    Literal,

    #[error("a quotation mark that is not closed, add the closing one")]
    UnclosedQuote,
    #[error("a comment that is not closed, add the ')'")]
    UnclosedComment,
    #[error("comments more than {0} deep, remove them")]
    CommentDepth(usize),
    #[error("an angle bracket that is not closed, add the '>' right after the address")]
    UnclosedAngle,
    #[error("no address in the angle brackets, write one as local-part@domain")]
    EmptyAngle,
    #[error("a source route, which is obsolete; write the address alone")]
    SourceRoute,
    #[error("a name without an address, add it in angle brackets, or quote a ',' in the name")]
    NameAlone,
    #[error("words before an address, write it in angle brackets: name <local-part@domain>")]
    WordsBeforeAt,
    #[error("white space or a comment before the '@', remove it")]
    GapBeforeAt,
    #[error("an '@' in an unquoted name, put the name in quotation marks")]
    AtInName,
    #[error("a '>' without a '<' before the address, add the '<' or remove the '>'")]
    StrayAngle,
    #[error("text after an address, separate addresses with ','")]
    TextBehind,
    #[error("a ';' that ends no group, separate addresses with ','")]
    Semicolon,
    #[error(
        "a group where one mailbox is expected, write its members' addresses, or put a name with ':' in quotation marks"
    )]
    Group,
    #[error(
        "a group inside a group, close the first with ';', or put a name with ':' in quotation marks"
    )]
    NestedGroup,
    #[error(
        "a ':' begins a group that is not closed, put a name with ':' in quotation marks, or add \
         the ';'"
    )]
    UnclosedGroup,

    #[error("a display name without text, leave it out")]
    NoName,
    #[error("a display name of more than {0} octets, use a shorter one")]
    NameTooLong(usize),

    #[error("an envelope without a recipient, add at least one")]
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
