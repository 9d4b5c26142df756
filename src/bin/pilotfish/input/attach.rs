//! Attachments and pictures: `FILE[;name=..][;type=..]` and `LABEL=FILE|auto`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::str::FromStr;

use pilotfish::Attachment;
use pilotfish::message::{FileName, MediaType};

use crate::failure::Failure;
use crate::input::Input;

/// An attachment as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachSpec {
    pub(crate) input: Input,
    pub(crate) name: Option<FileName>,
    pub(crate) media_type: Option<MediaType>,
}

impl AttachSpec {
    /// The path ends where the first `;name=` or `;type=` begins, so it may have other
    /// semicolons. It need not be UTF-8.
    pub(crate) fn parse(typed: &OsStr) -> Result<Self, String> {
        let octets = typed.as_bytes();
        let is_key = |at: &usize| {
            let rest = octets.get(*at..).unwrap_or_default();
            rest.starts_with(b";name=") || rest.starts_with(b";type=")
        };
        let end = (0..octets.len()).find(is_key).unwrap_or(octets.len());
        let (path, rest) = octets.split_at_checked(end).unwrap_or((octets, b""));
        let input = Input::parse(OsStr::from_bytes(path).to_owned())?;
        let mut rest =
            std::str::from_utf8(rest).map_err(|_| "what follows the file name is not UTF-8")?;
        let mut spec = Self {
            input,
            name: None,
            media_type: None,
        };
        while !rest.is_empty() {
            let (key, value);
            (key, value, rest) = parameter(rest)?;
            match key {
                "name" if spec.name.is_none() => spec.name = Some(parse(&value)?),
                "type" if spec.media_type.is_none() => spec.media_type = Some(parse(&value)?),
                "name" | "type" => return Err(format!("there are two values for {key}")),
                other => return Err(format!("there is no \";{other}=\", only name and type")),
            }
        }
        Ok(spec)
    }

    pub(crate) async fn attachment(self) -> Result<Attachment, Failure> {
        if let Some(key) = self.unknown_parameter() {
            let path = self.input.path().unwrap_or(Path::new(""));
            let message = format!(
                "there is no file {:?}, and no parameter \";{key}=\", only \";name=\" and \";type=\"",
                path.display().to_string()
            );
            return Err(Failure::usage(message));
        }
        let attachment = match (self.input, self.name) {
            (input, Some(name)) => Attachment::new(input.body().await?, name),
            (Input::File(path), None) => Attachment::file(path),
            (Input::Stdin, None) => {
                let message = "standard input has no name to attach it under: write '-;name=..'";
                return Err(Failure::usage(message));
            }
        };
        Ok(match self.media_type {
            Some(media_type) => attachment.media_type(media_type),
            None => attachment,
        })
    }

    /// What looks like a parameter at the end of the path, if there is no file with this path.
    fn unknown_parameter(&self) -> Option<&str> {
        let path = self.input.path().filter(|path| !path.exists())?;
        let (_, parameter) = path.to_str()?.split_once(';')?;
        let (key, _) = parameter.split_once('=')?;
        let is_word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic());
        is_word.then_some(key)
    }
}

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

fn parse<T: FromStr<Err: std::fmt::Display>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error.to_string())
}

/// Splits `;key=value` off the front. Returns key, value and rest.
fn parameter(text: &str) -> Result<(&str, String, &str), String> {
    let text = text
        .strip_prefix(';')
        .ok_or("a ; is missing after the quoted value")?;
    let (key, rest) = text
        .split_once('=')
        .ok_or("a ; is followed by name= or type=")?;
    let Some(quoted) = rest.strip_prefix('"') else {
        // A media type may have parameters of its own; only our keys end a value.
        let end = [";name=", ";type="]
            .iter()
            .filter_map(|key| rest.find(key))
            .min();
        let (value, rest) = rest.split_at(end.unwrap_or(rest.len()));
        return Ok((key, value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next() {
            Some('"') => return Ok((key, value, characters.as_str())),
            Some('\\') => value.extend(characters.next()),
            Some(other) => value.push(other),
            None => return Err("the closing quote is missing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn what_can_be_typed() {
        for (text, path, name, media_type) in [
            ("shark.png", "shark.png", None, None),
            ("a;b.png", "a;b.png", None, None),
            ("x;name=y.png", "x", Some("y.png"), None),
            ("x;type=image/png", "x", None, Some("image/png")),
            ("x;type=image/png;name=y", "x", Some("y"), Some("image/png")),
            (
                "x;name=a b;type=text/plain",
                "x",
                Some("a b"),
                Some("text/plain"),
            ),
            (
                "x;name=\"a;type=\\\"b\\\"\";type=image/png",
                "x",
                Some("a;type=\"b\""),
                Some("image/png"),
            ),
            (
                "x;type=text/plain;charset=utf-8;name=y",
                "x",
                Some("y"),
                Some("text/plain"),
            ),
            (
                "Hä 🦈.png;name=\"日本語.jpg\"",
                "Hä 🦈.png",
                Some("日本語.jpg"),
                None,
            ),
        ] {
            let spec = AttachSpec::parse(text.as_ref()).unwrap();
            assert_eq!(spec.input.path(), Some(Path::new(path)), "{text}");
            assert_eq!(spec.name.as_ref().map(FileName::as_str), name, "{text}");
            assert_eq!(
                spec.media_type.as_ref().map(MediaType::essence),
                media_type,
                "{text}"
            );
        }
    }

    #[test]
    fn a_path_need_not_be_utf8() {
        let spec = AttachSpec::parse(OsStr::from_bytes(b"a\xff;b;name=c")).unwrap();
        let path = PathBuf::from(OsStr::from_bytes(b"a\xff;b"));
        assert_eq!(spec.input, Input::File(path));
        assert_eq!(spec.name.as_ref().map(FileName::as_str), Some("c"));
        assert!(AttachSpec::parse(OsStr::from_bytes(b"a;name=\xff")).is_err());
    }

    #[test]
    fn a_hyphen_is_standard_input() {
        let spec = AttachSpec::parse("-;name=a;type=text/plain".as_ref()).unwrap();
        assert_eq!(spec.input, Input::Stdin);
        let spec = AttachSpec::parse("./-".as_ref()).unwrap();
        assert_eq!(spec.input.path(), Some(Path::new("./-")));
    }

    #[test]
    fn what_cannot() {
        for text in [
            "",
            ";name=x",
            "x;name=",
            "x;name=a;name=b",
            "x;type=image",
            "x;name=\"a",
            "x;name=\"a\"b",
            "x;name=a\r\nb",
        ] {
            assert!(AttachSpec::parse(text.as_ref()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn pictures_that_can_be_typed_and_others() {
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
