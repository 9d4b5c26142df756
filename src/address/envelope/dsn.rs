//! Delivery status notifications (RFC 3461).

use std::fmt;
use std::ops::BitOr;
use std::str::FromStr;

use super::error::EnvelopeError;
use crate::address::AddrSpec;
use crate::address::error::excerpt;
use crate::address::escape::{write_utf8_address, xtext};

/// How many octets an envelope identifier has as it is sent, at most (RFC 3461 section 4.4).
const MAX_ENVELOPE_ID: usize = 100;

/// How much of the message a notification of failure returns: RFC 3461 section 4.3.
///
/// Its `Display` is what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ret {
    /// All of it.
    Full,
    /// Its header fields.
    Headers,
}

/// `full` or `hdrs`, in any case.
impl FromStr for Ret {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Full, Self::Headers];
        let mut found = all
            .into_iter()
            .filter(|ret| ret.to_string().eq_ignore_ascii_case(text));
        found.next().ok_or_else(|| EnvelopeError::Ret {
            found: excerpt(text, 0),
        })
    }
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        })
    }
}

/// The identifier of the envelope in notifications: RFC 3461 section 4.4.
///
/// It is printable ASCII, with spaces or without, of 1 to 100 octets as it is sent: a space, `+` and `=`
/// count for three. Its `Display` is what is sent, in xtext.
///
/// ```
/// use pilotfish::address::envelope::EnvelopeId;
///
/// let id: EnvelopeId = "order 7+8".parse()?;
/// assert_eq!(id.as_str(), "order 7+8");
/// assert_eq!(id.to_string(), "order+207+2B8");
/// # Ok::<(), pilotfish::address::envelope::EnvelopeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnvelopeId(Box<str>);

impl EnvelopeId {
    /// The identifier, without encoding.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvelopeId {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let printable = text.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        if printable && (1..=MAX_ENVELOPE_ID).contains(&xtext(text).len()) {
            return Ok(Self(text.into()));
        }
        let found = excerpt(text, 0);
        Err(EnvelopeError::EnvelopeId { found })
    }
}

try_from_text!(EnvelopeId);

impl fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&xtext(&self.0))
    }
}

/// When the sender is notified about a recipient: RFC 3461 section 4.1. Without it, servers report
/// failures and mostly long delays.
///
/// Its `Display` is what is sent.
///
/// ```
/// use pilotfish::address::envelope::{Event, Notify};
///
/// let notify: Notify = Event::Success | Event::Failure;
/// assert_eq!(notify.to_string(), "SUCCESS,FAILURE");
/// assert_eq!(Notify::NEVER.to_string(), "NEVER");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Notify(u8);

impl Notify {
    /// The sender is not notified, whatever happens.
    pub const NEVER: Self = Self(0);
}

/// `never`, or some of `success`, `failure` and `delay`, separated by commas, in any case.
impl FromStr for Notify {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("never") {
            return Ok(Self::NEVER);
        }
        let event = |word: &str| {
            let mut all = Event::ALL.into_iter();
            let event = all.find(|event| event.to_string().eq_ignore_ascii_case(word.trim()));
            event.map(Self::from)
        };
        let events = text.split(',').map(event);
        let all = events.reduce(|some, more| Some(some? | more?));
        all.flatten().ok_or_else(|| EnvelopeError::Notify {
            found: excerpt(text, 0),
        })
    }
}

/// What the sender can be notified of: RFC 3461 section 4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// The mail is in the recipient's mailbox.
    Success,
    /// The mail cannot be delivered.
    Failure,
    /// The mail takes unusually long.
    Delay,
}

impl Event {
    const ALL: [Self; 3] = [Self::Success, Self::Failure, Self::Delay];

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Delay => "DELAY",
        })
    }
}

impl From<Event> for Notify {
    fn from(event: Event) -> Self {
        Self(event.bit())
    }
}

impl<E: Into<Self>> BitOr<E> for Notify {
    type Output = Self;

    fn bitor(self, other: E) -> Self {
        Self(self.0 | other.into().0)
    }
}

impl<E: Into<Notify>> BitOr<E> for Event {
    type Output = Notify;

    fn bitor(self, other: E) -> Notify {
        Notify::from(self) | other
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NEVER {
            return f.write_str("NEVER");
        }
        let events = Event::ALL.iter().filter(|event| self.0 & event.bit() != 0);
        events.enumerate().try_for_each(|(index, event)| {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{event}")
        })
    }
}

/// The original address of the recipient as the parameter ORCPT: `rfc822;` and xtext, or `utf-8;` with
/// the encoding of RFC 6533 section 3 that every server accepts.
pub(crate) struct OriginalRecipient<'a>(pub(crate) &'a AddrSpec);

impl fmt::Display for OriginalRecipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.0.to_string();
        if self.0.is_ascii() {
            f.write_str("rfc822;")?;
            f.write_str(&xtext(&address))
        } else {
            f.write_str("utf-8;")?;
            write_utf8_address(f, &address)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<String> {
        text.parse().ok().map(|id: EnvelopeId| id.to_string())
    }

    #[test]
    fn envelope_identifiers() {
        for (text, sent) in [
            ("QQ314159", Some("QQ314159".to_owned())),
            ("a b+c=d", Some("a+20b+2Bc+3Dd".to_owned())),
            (&"x".repeat(100), Some("x".repeat(100))),
            (&"x".repeat(101), None),
            (&"=".repeat(33), Some("+3D".repeat(33))),
            (&"=".repeat(34), None),
            ("", None),
            ("ö", None),
            ("a\u{2028}", None),
            ("a\u{85}", None),
        ] {
            assert_eq!(id(text), sent, "{text:?}");
        }
        for control in ('\0'..' ').chain(['\u{7f}']) {
            assert_eq!(id(&format!("a{control}b")), None, "{control:?}");
        }
    }

    #[test]
    fn a_bad_identifier_is_shown_escaped_and_shortened() {
        let error = "a\r\nDATA".repeat(40).parse::<EnvelopeId>().unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(r#""a\r\nDATA"#), "{text}");
        assert!(text.len() < 220, "{text}");
    }

    #[test]
    fn sets_of_events() {
        for (notify, sent) in [
            (Notify::NEVER, "NEVER"),
            (Event::Delay.into(), "DELAY"),
            (Event::Delay | Event::Success, "SUCCESS,DELAY"),
            (Event::Failure | Event::Failure, "FAILURE"),
            (
                Event::Delay | Event::Failure | Event::Success,
                "SUCCESS,FAILURE,DELAY",
            ),
        ] {
            assert_eq!(notify.to_string(), sent);
        }
    }

    #[test]
    fn original_recipients() {
        for (address, sent) in [
            ("bo@x.test", "rfc822;bo@x.test"),
            ("bo+list@x.test", "rfc822;bo+2Blist@x.test"),
            ("\"b o\"@x.test", "rfc822;\"b+20o\"@x.test"),
            ("bo@bücher.test", "rfc822;bo@xn--bcher-kva.test"),
            ("jörg@x.test", r"utf-8;j\x{F6}rg@x.test"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(OriginalRecipient(&address).to_string(), sent);
        }
        assert!("bo".parse::<AddrSpec>().is_err());
        let controls = ('\0'..' ').chain(['\u{7f}', '\u{85}', '\u{2028}']);
        for control in controls {
            for address in [format!("b{control}o@x.test"), format!("bo@x.test{control}")] {
                assert!(address.parse::<AddrSpec>().is_err(), "{address:?}");
            }
        }
    }
}
