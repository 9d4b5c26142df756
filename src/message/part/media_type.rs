//! Media types.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::address::try_from_text;
use crate::message::error::MessageError;
use crate::message::header::{Header, quoted};

/// What an attachment is: `type/subtype`, and parameters if there are any (RFC 2045
/// section 5.1).
///
/// The type and the names of parameters are in lower case, as case has no meaning there; the
/// values of parameters are as given, and may be of any script.
///
/// The composite types, `message/*` and `multipart/*`, are refused: their content must not be
/// encoded (RFC 2046 sections 5.1 and 5.2.1), while an attachment always is. Attach such
/// content as `application/octet-stream`.
///
/// ```
/// # use pilotfish::message::MediaType;
/// let media_type: MediaType = "Text/Plain; charset=iso-8859-1".parse()?;
/// assert_eq!(media_type.to_string(), "text/plain; charset=iso-8859-1");
/// assert!("message/rfc822".parse::<MediaType>().is_err());
/// # Ok::<(), pilotfish::message::MessageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaType {
    essence: Cow<'static, str>,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// The longest type, and the longest subtype, in octets (RFC 6838 section 4.2).
    pub const MAX_NAME_LEN: usize = 127;

    /// The longest media type with all of its parameters, in octets.
    pub const MAX_LEN: usize = 2_000;

    /// The type and the subtype without parameters: `image/png`.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// What is to be said of octets nothing is known about.
    pub(crate) fn octet_stream() -> Self {
        Self::fixed("application/octet-stream", &[])
    }

    /// A type that is known to be one, and parameters.
    pub(crate) fn fixed(essence: &'static str, parameters: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            essence: essence.into(),
            parameters: parameters.iter().map(owned).collect(),
        }
    }

    /// Any type, a composite one too.
    pub(super) fn read(text: &str) -> Result<Self, MessageError> {
        let wrong = |hint| MessageError::invalid(text, INVALID, hint);
        if text.len() > Self::MAX_LEN || text.chars().any(char::is_control) {
            return Err(wrong("use at most 2,000 octets and no control characters"));
        }
        let (essence, mut rest) = match text.split_once(';') {
            Some((essence, rest)) => (essence, Some(rest)),
            None => (text, None),
        };
        let essence = essence.trim_matches(' ').to_ascii_lowercase();
        let is_name = |name: &str| name.len() <= Self::MAX_NAME_LEN && is_token(name);
        match essence.split_once('/') {
            Some((kind, subtype)) if is_name(kind) && is_name(subtype) => {}
            _ => return Err(wrong("use the form type/subtype")),
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        while let Some(text) = rest.filter(|rest| !rest.trim_matches(' ').is_empty()) {
            let (name, value, after) =
                parameter(text).ok_or_else(|| wrong("use the form ; name=value for parameters"))?;
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(wrong("name every parameter once"));
            }
            parameters.push((name, value));
            rest = after;
        }
        Ok(Self {
            essence: essence.into(),
            parameters,
        })
    }

    /// Whether there is a parameter of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(known, _)| known == name)
    }

    /// The same with this parameter, in the place of one of its name.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        let mut media_type = self.without(name);
        media_type
            .parameters
            .push((name.to_owned(), value.to_owned()));
        media_type
    }

    /// The same without the parameter of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// Writes the Content-Type field, with these parameters in the place of those of their names.
    pub(crate) fn write(&self, more: &[(&str, &str)], header: &mut Header) {
        header.begin("Content-Type");
        header.word(&self.essence);
        let is_replaced = |name: &str| more.iter().any(|(new, _)| *new == name);
        for (name, value) in self
            .parameters
            .iter()
            .filter(|(name, _)| !is_replaced(name))
        {
            header.parameter(name, value);
        }
        for (name, value) in more {
            header.parameter(name, value);
        }
        header.end();
    }
}

/// What an error says of a text that is not a media type.
pub(super) const INVALID: &str = "is not a media type";

impl FromStr for MediaType {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let media_type = Self::read(text)?;
        match media_type.essence.split_once('/') {
            Some(("message" | "multipart", _)) => {
                let hint = "attach composite types as application/octet-stream";
                Err(MessageError::invalid(text, INVALID, hint))
            }
            _ => Ok(media_type),
        }
    }
}

/// Takes one parameter off `text`; gives its name, its value, and what follows the semicolon.
fn parameter(text: &str) -> Option<(String, String, Option<&str>)> {
    let (name, text) = text.split_once('=')?;
    let name = name.trim_matches(' ').to_ascii_lowercase();
    if !is_token(&name) || name.len() > 40 || name.contains(['*', '\'', '%']) {
        return None;
    }
    let Some(text) = text.strip_prefix('"') else {
        let (value, after) = match text.split_once(';') {
            Some((value, after)) => (value, Some(after)),
            None => (text, None),
        };
        let value = value.trim_matches(' ');
        return is_token(value).then(|| (name, value.to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            '"' => {
                let after = text.get(at + 1..)?.trim_start_matches(' ');
                let after = if after.is_empty() {
                    None
                } else {
                    Some(after.strip_prefix(';')?)
                };
                return Some((name, value, after));
            }
            _ => value.push(character),
        }
    }
    None
}

/// `token` of RFC 2045 section 5.1.
fn is_token(text: &str) -> bool {
    let is_special = |b: u8| b"()<>@,;:\\\"/[]?=".contains(&b);
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !is_special(b))
}

try_from_text!(MediaType);

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.essence)?;
        for (name, value) in &self.parameters {
            if is_token(value) {
                write!(f, "; {name}={value}")?;
            } else {
                write!(f, "; {name}={}", quoted(value))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_read_and_written() {
        for (text, written) in [
            ("image/png", "image/png"),
            ("IMAGE/PNG", "image/png"),
            ("application/vnd.ms-excel", "application/vnd.ms-excel"),
            ("text/plain;charset=UTF-8", "text/plain; charset=UTF-8"),
            (
                "text/plain ; Charset=\"UTF-8\" ;",
                "text/plain; charset=UTF-8",
            ),
            (r#"a/b; x="q\"\\;="; y=z"#, r#"a/b; x="q\"\\;="; y=z"#),
            ("a/b; x=\"\"", "a/b; x=\"\""),
            ("a/b; x=\"日本\"", "a/b; x=\"日本\""),
        ] {
            let media_type: MediaType = text.parse().unwrap();
            assert_eq!(media_type.to_string(), written);
            assert_eq!(written.parse::<MediaType>().unwrap(), media_type);
        }
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for text in [
            "",
            "image",
            "image/",
            "/png",
            "a/b/c",
            "a b/c",
            "a/b; x",
            "a/b; =y",
            "a/b; x=",
            "a/b; x=a b",
            "a/b; x=\"open",
            "a/b; x=\"a\" b",
            "a/b; x*=y",
            "a/b; x=1; X=2",
            "ä/b",
            "a/b\r\nX: y",
            "a/b; x=\"\r\n\"",
            "a/b; x=y\0",
            "message/rfc822",
            "Multipart/Mixed; boundary=x",
            &format!("a/{}", "b".repeat(128)),
        ] {
            assert!(text.parse::<MediaType>().is_err(), "{text:?}");
        }
    }
}
