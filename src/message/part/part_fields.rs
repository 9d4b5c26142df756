//! What can be said of a part: its identifier, and its language.

use std::str::FromStr;

use crate::address::try_from_text;
use crate::message::error::MessageError;
use crate::message::header::MessageId;
use crate::message::random::push_random;

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
        let mut id = String::with_capacity(48);
        push_random(&mut id)?;
        id.push_str("@cid.invalid");
        Ok(Self(id))
    }
}

impl FromStr for ContentId {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = text.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
        let inner = inner.unwrap_or(text);
        match MessageId::standard(&format!("<{inner}>")) {
            Ok(_) => Ok(Self(inner.to_owned())),
            Err(_) => Err(MessageError::invalid(
                text,
                "is not an identifier of a part",
                "use the form left@right",
            )),
        }
    }
}

try_from_text!(ContentId, displayed);

/// One or more language tags, as in the field Content-Language (RFC 3282 section 2): `de`, or
/// `de, en-GB`.
///
/// Only the form of the tags is looked at (RFC 5646 section 2.1): subtags of one to eight
/// letters and digits, the first of them of letters alone. There are at most 100 octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(String);

impl Language {
    /// The tags.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each tag, with the comma after it if there is one.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }
}

try_from_text!(Language);

impl FromStr for Language {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_subtag = |tag: &str| {
            (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let is_tag = |tag: &str| {
            let first = tag.split('-').next().unwrap_or_default();
            first.bytes().all(|b| b.is_ascii_alphabetic()) && tag.split('-').all(is_subtag)
        };
        if text.len() <= 100 && text.split(", ").all(is_tag) {
            return Ok(Self(text.to_owned()));
        }
        let hint = "use tags such as de or en-GB";
        Err(MessageError::invalid(text, "is not a language", hint))
    }
}

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

    #[test]
    fn tags_have_a_form() {
        for tag in ["de", "en-GB", "de, en-GB", "zh-Hant-TW", "x-klingon"] {
            assert_eq!(tag.parse::<Language>().unwrap().as_str(), tag);
        }
        for wrong in [
            "",
            "1a",
            "de-",
            "-de",
            "de,en",
            "deutsche-sprachlich",
            "abcdefghi",
            "dé",
            "de\r\n",
        ] {
            assert!(wrong.parse::<Language>().is_err(), "{wrong:?}");
        }
    }
}
