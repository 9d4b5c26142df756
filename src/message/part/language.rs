//! Languages of parts.

use std::str::FromStr;

use crate::address::try_from_text;
use crate::message::error::MessageError;

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
