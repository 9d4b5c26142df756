//! `FILE[;name=..][;type=..]`.

use std::path::PathBuf;
use std::str::FromStr;

use pilotfish::message::{FileName, MediaType};

/// An attachment as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachSpec {
    pub(crate) path: PathBuf,
    pub(crate) name: Option<FileName>,
    pub(crate) media_type: Option<MediaType>,
}

impl FromStr for AttachSpec {
    type Err = String;

    /// The path ends where the first `;name=` or `;type=` begins, so it may have other
    /// semicolons.
    fn from_str(text: &str) -> Result<Self, String> {
        let end = [";name=", ";type="]
            .iter()
            .filter_map(|key| text.find(key))
            .min();
        let (path, mut rest) = text.split_at(end.unwrap_or(text.len()));
        if path.is_empty() {
            return Err("there is no file name".to_owned());
        }
        let mut spec = Self {
            path: PathBuf::from(path),
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
}

fn parse<T: FromStr<Err: std::fmt::Display>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error.to_string())
}

/// Splits `;key=value` off the front. Returns key, value and rest.
fn parameter(text: &str) -> Result<(&str, String, &str), String> {
    let text = text
        .strip_prefix(';')
        .ok_or("a ; is missing behind the quoted value")?;
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
            let spec: AttachSpec = text.parse().unwrap();
            assert_eq!(spec.path, PathBuf::from(path), "{text}");
            assert_eq!(spec.name.as_ref().map(FileName::as_str), name, "{text}");
            assert_eq!(
                spec.media_type.as_ref().map(MediaType::essence),
                media_type,
                "{text}"
            );
        }
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
            assert!(text.parse::<AttachSpec>().is_err(), "{text:?}");
        }
    }
}
