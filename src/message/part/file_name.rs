//! Names of attachments.

use std::ffi::OsStr;
use std::str::FromStr;

use crate::address::try_from_text;
use crate::message::error::MessageError;

/// The name under which an attachment is offered to its reader: text of any script, at most
/// [255 characters](FileName::MAX_CHARS).
///
/// It is a name and never a path: of `../../etc/passwd` and of `C:\x\y.png` only what follows
/// the last separator, `/` or `\`, is kept (RFC 2183 section 2.3). Apart from that it is kept
/// to the character; what a system cannot store, the system that stores it has to replace.
///
/// ```
/// # use pilotfish::message::FileName;
/// let name: FileName = r"C:\photos\Hä 🦈.png".parse()?;
/// assert_eq!(name.as_str(), "Hä 🦈.png");
/// assert!("..".parse::<FileName>().is_err());
/// # Ok::<(), pilotfish::message::MessageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// The longest name there may be, in characters: what the usual file systems can store.
    pub const MAX_CHARS: usize = 255;

    /// The name of a file.
    pub(crate) fn of(name: &OsStr) -> Result<Self, MessageError> {
        match name.to_str() {
            Some(name) => name.parse(),
            None => Err(invalid(&name.to_string_lossy(), "it is not UTF-8")),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileName {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let hint = if name.is_empty() || name == "." || name == ".." {
            "there is no name in it"
        } else if text.chars().any(is_separator) {
            "remove the control characters and line separators"
        } else if name.chars().count() > Self::MAX_CHARS {
            "use at most 255 characters"
        } else {
            return Ok(Self(name.to_owned()));
        };
        Err(invalid(text, hint))
    }
}

fn invalid(text: &str, hint: &'static str) -> MessageError {
    MessageError::invalid(text, "cannot be the name of an attachment", hint)
}

/// C0 and C1 controls, DEL, and the line and paragraph separators.
fn is_separator(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

try_from_text!(FileName, displayed);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_to_the_character() {
        for name in [
            "shark.png",
            "no extension",
            ".hidden",
            "a.tar.gz",
            "CON",
            "%41.png",
            "a'b.png",
            "a*b=c.png",
            "日本語.jpg",
            "e\u{301}",
            "\u{202e}gnp.exe",
            " a ",
            "...",
            &"é".repeat(255),
        ] {
            assert_eq!(name.parse::<FileName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn of_a_path_the_last_component_is_kept() {
        for (path, name) in [
            ("../../etc/passwd", "passwd"),
            (r"C:\x\y.png", "y.png"),
            ("/abs", "abs"),
            ("a/b", "b"),
            (r#"Hä"i\; 🦈 (1).png"#, "; 🦈 (1).png"),
        ] {
            assert_eq!(path.parse::<FileName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            ".",
            "..",
            "a/",
            r"a\",
            "a/..",
            "a\r\nb",
            "a\0",
            "\u{1b}[2J",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "a\n/b",
            &"é".repeat(256),
        ] {
            assert!(text.parse::<FileName>().is_err(), "{text:?}");
        }
    }
}
