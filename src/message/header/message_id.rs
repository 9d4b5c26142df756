//! Message identifiers.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use crate::address::try_from_text;
use crate::message::error::MessageError;
use crate::message::random::push_random;

/// The identifier of a message: `<left@right>`, with its angle brackets (RFC 5322
/// section 3.6.4, `msg-id`).
///
/// It is the same in every attempt to send the message, as it is the only way for a receiver to
/// distinguish a repetition from a new message.
///
/// Any identifier that another program has made can be read: `<`, anything but white space,
/// control characters and angle brackets, `>`. Not all of them follow the grammar, and an answer
/// has to repeat the one that it answers. They may be in UTF-8 (RFC 6532 section 3.2); a message
/// with such an identifier in a field needs SMTPUTF8.
///
/// The identifier of a new message has to follow the grammar: both sides are `dot-atom-text`, or
/// the right one is a literal in brackets; see
/// [`MessageBuilder::message_id`](crate::message::MessageBuilder::message_id).
///
/// ```
/// # use pilotfish::message::MessageId;
/// let id: MessageId = "<1234@host.example>".parse()?;
/// assert_eq!(id.to_string(), "<1234@host.example>");
/// assert!("1234@host.example".parse::<MessageId>().is_err());
/// # Ok::<(), pilotfish::message::MessageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(Arc<str>);

impl MessageId {
    /// The longest identifier there may be, in octets with its brackets: it cannot be folded,
    /// and a line has at most 998 octets.
    pub const MAX_LEN: usize = 900;

    /// The identifier with its brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first identifier in these octets.
    pub(crate) fn first_in(octets: &[u8]) -> Option<Self> {
        octets
            .split(|octet| *octet == b'<')
            .skip(1)
            .find_map(|rest| {
                let end = memchr::memchr(b'>', rest).filter(|end| *end < Self::MAX_LEN)?;
                let inner = str::from_utf8(rest.get(..end)?).ok()?;
                format!("<{inner}>").parse().ok()
            })
    }

    /// A new identifier of 128 random bits, `right` being a domain or a literal in its wire
    /// form, which always follows the grammar.
    pub(crate) fn random(right: impl fmt::Display) -> Result<Self, MessageError> {
        let mut id = String::with_capacity(ROOM);
        id.push('<');
        push_random(&mut id)?;
        // Writing to a string does not fail.
        write!(id, "@{right}>").ok();
        Ok(Self(id.into()))
    }

    /// An identifier that follows the grammar.
    pub(crate) fn standard(text: &str) -> Result<Self, MessageError> {
        text.parse::<Self>()?.if_standard()
    }

    /// The identifier if it follows the grammar.
    pub(crate) fn if_standard(self) -> Result<Self, MessageError> {
        if self.is_standard() {
            Ok(self)
        } else {
            Err(wrong(&self.0))
        }
    }

    /// Whether it follows the grammar.
    pub(crate) fn is_standard(&self) -> bool {
        inner(&self.0)
            .and_then(|inner| inner.split_once('@'))
            .is_some_and(|(left, right)| dot_atom(left) && (dot_atom(right) || literal(right)))
    }

    /// Whether it can be in a field without SMTPUTF8 (RFC 6532 section 3.2).
    pub(crate) fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }
}

/// How many octets there is room for in a new identifier at first.
const ROOM: usize = 64;

fn wrong(text: &str) -> MessageError {
    MessageError::invalid(
        text,
        "is not a message identifier",
        "use the form <left@right>",
    )
}

/// What is between the angle brackets.
fn inner(text: &str) -> Option<&str> {
    text.strip_prefix('<')?.strip_suffix('>')
}

impl FromStr for MessageId {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>');
        match inner(text) {
            Some(id) if !id.is_empty() && !id.contains(is_odd) && text.len() <= Self::MAX_LEN => {
                Ok(Self(text.into()))
            }
            _ => Err(wrong(text)),
        }
    }
}

try_from_text!(MessageId, displayed);

/// `atext` of RFC 5322 section 3.2.3.
pub(crate) fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

/// `dot-atom-text` of RFC 5322 section 3.2.3.
fn dot_atom(text: &str) -> bool {
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

/// `no-fold-literal` of RFC 5322 section 3.6.4.
fn literal(text: &str) -> bool {
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| {
        inner
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'[' | b']' | b'\\'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_programs_make_can_be_read() {
        for (id, is_standard) in [
            ("<a@b>", true),
            ("<a.b+c@x.test>", true),
            ("<1@[127.0.0.1]>", true),
            ("<1@[IPv6:::1]>", true),
            ("<yes>", false),
            ("<@b>", false),
            ("<a@>", false),
            ("<a..b@c>", false),
            ("<a@b@c>", false),
            ("<a@[b[>", false),
            ("<ä@b>", false),
            ("<1.a@bücher.test>", false),
            ("<\"a(b\"@c,d>", false),
        ] {
            let read = id.parse::<MessageId>().unwrap();
            assert_eq!((read.as_str(), read.is_standard()), (id, is_standard));
            assert_eq!(MessageId::standard(id).is_ok(), is_standard);
        }
        for wrong in [
            "",
            "a@b",
            "<a@b",
            "a@b>",
            "<>",
            "<a\u{a0}@b>",
            "<a@\u{2028}b>",
            "<a<@b>",
            "<a b@c>",
            "<a@b c>",
            "<a@b>\r\n",
            "<a\r\n@b>",
            "< a@b>",
            "<\0@b>",
        ] {
            assert!(wrong.parse::<MessageId>().is_err(), "{wrong:?}");
        }
        assert!(
            format!("<{}@b>", "a".repeat(896))
                .parse::<MessageId>()
                .is_ok()
        );
        assert!(
            format!("<{}@b>", "a".repeat(897))
                .parse::<MessageId>()
                .is_err()
        );
    }

    #[test]
    fn the_first_is_found() {
        for (text, expected) in [
            ("<a@b>", Some("<a@b>")),
            (" <a@b>, x", Some("<a@b>")),
            ("(of) <a b@c> <<a@b> <c@d>", Some("<a@b>")),
            ("<a@\r\n b> <c@d>", Some("<c@d>")),
            ("", None),
            ("a@b", None),
            ("<a@b", None),
            ("<>", None),
            ("<ä@b>", Some("<ä@b>")),
            ("<yes> <a@b>", Some("<yes>")),
        ] {
            let found = MessageId::first_in(text.as_bytes());
            assert_eq!(found.as_ref().map(MessageId::as_str), expected, "{text:?}");
        }
        assert_eq!(MessageId::first_in(b"<\xff@b>"), None);
        let long = format!("<{}@b><c@d>", "a".repeat(2_000));
        let found = MessageId::first_in(long.as_bytes());
        assert_eq!(found, Some(MessageId("<c@d>".into())));
    }

    #[test]
    fn random_identifiers_differ() {
        let one = MessageId::random("x.test").unwrap();
        assert_ne!(one, MessageId::random("x.test").unwrap());
        assert_eq!(one.as_str().len(), "<@x.test>".len() + 32);
        assert!(MessageId::random("[IPv6:::1]").unwrap().is_standard());
    }
}
