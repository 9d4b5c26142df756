//! `LABEL=FILE|auto`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::input::AttachSpec;

/// A picture in the HTML as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InlineSpec {
    /// A file, and what it is called in the HTML.
    Part(String, AttachSpec),
    /// All that the HTML shows from files.
    Auto,
}

impl InlineSpec {
    pub(crate) fn parse(typed: &OsStr) -> Result<Self, String> {
        if typed == "auto" {
            return Ok(Self::Auto);
        }
        let mut sides = typed.as_bytes().splitn(2, |octet| *octet == b'=');
        match (sides.next(), sides.next()) {
            (Some(label), Some(file)) if !label.is_empty() => {
                let label = std::str::from_utf8(label).map_err(|_| "the label is not UTF-8")?;
                let file = AttachSpec::parse(OsStr::from_bytes(file))?;
                Ok(Self::Part(label.to_owned(), file))
            }
            _ => Err("a picture is given as LABEL=FILE, all of them as auto".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_typed_and_what_cannot() {
        let part = |label: &str, file: &str| {
            let file = AttachSpec::parse(file.as_ref()).unwrap();
            Some(InlineSpec::Part(label.to_owned(), file))
        };
        for (typed, expected) in [
            ("auto", Some(InlineSpec::Auto)),
            ("a=b.png", part("a", "b.png")),
            ("a@b=c=d.png", part("a@b", "c=d.png")),
            (
                "a=b;name=c;type=image/png",
                part("a", "b;name=c;type=image/png"),
            ),
            ("auto=b", part("auto", "b")),
            ("", None),
            ("a.png", None),
            ("=a.png", None),
            ("a=", None),
            ("a=b;name=", None),
        ] {
            assert_eq!(InlineSpec::parse(typed.as_ref()).ok(), expected, "{typed}");
        }
    }
}
