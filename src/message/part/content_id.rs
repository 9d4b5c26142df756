//! Identifiers of the parts of a message.

use std::str::FromStr;

use crate::address::try_from_text;
use crate::message::error::MessageError;
use crate::message::header::MessageId;
use crate::message::random::random_token;

/// The identifier of a part, by which an HTML text of the same message shows it: `cid:` and
/// the identifier (RFC 2045 section 7, RFC 2392 section 2).
///
/// It has the form `left@right`, each side as in a [`MessageId`], and is written in angle
/// brackets in the field Content-ID.
///
/// ```
/// # use pilotfish::message::ContentId;
/// let id: ContentId = "shark@pictures.example".parse()?;
/// assert_eq!(id.to_string(), "shark@pictures.example");
/// assert!("shark".parse::<ContentId>().is_err());
/// # Ok::<(), pilotfish::message::MessageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContentId(String);

impl ContentId {
    /// The identifier without brackets, as it stands after `cid:`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new identifier of 128 random bits.
    pub(crate) fn random() -> Result<Self, MessageError> {
        // What stands on the right only has to be in the form of a domain.
        Ok(Self(format!("{}@cid.invalid", random_token()?)))
    }
}

impl FromStr for ContentId {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = if text.starts_with('<') {
            MessageId::standard(text)
        } else {
            MessageId::standard(&format!("<{text}>"))
        };
        let wrong = |_| {
            let problem = "is not an identifier of a part";
            MessageError::invalid(text, problem, "use the form left@right")
        };
        let id = id.map_err(wrong)?;
        Ok(Self(id.as_str().trim_matches(['<', '>']).to_owned()))
    }
}

try_from_text!(ContentId, displayed);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_with_brackets_and_without() {
        for text in ["a@b", "<a@b>"] {
            assert_eq!(text.parse::<ContentId>().unwrap().as_str(), "a@b");
        }
        for wrong in ["", "a", "<a>", "<a@b", "a@b>", "a b@c", "ä@b", "a@b\r\n"] {
            assert!(wrong.parse::<ContentId>().is_err(), "{wrong:?}");
        }
        assert_ne!(ContentId::random().unwrap(), ContentId::random().unwrap());
    }
}
