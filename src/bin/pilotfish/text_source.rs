//! `STR|@FILE|-`.

use std::path::PathBuf;
use std::str::FromStr;

use crate::failure::Failure;
use crate::input::Input;

/// Where the text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextSource {
    Given(String),
    Read(Input),
}

impl FromStr for TextSource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        Ok(match text.strip_prefix('@') {
            Some("") => return Err("no file name follows the @ (write @@ for the text \"@\")"),
            Some(escaped) if escaped.starts_with('@') => Self::Given(escaped.to_owned()),
            Some(path) => Self::Read(Input::File(PathBuf::from(path))),
            None if text == "-" => Self::Read(Input::Stdin),
            None => Self::Given(text.to_owned()),
        })
    }
}

impl TextSource {
    /// Where it is read from, unless it is given.
    pub(crate) fn input(&self) -> Option<&Input> {
        match self {
            Self::Given(_) => None,
            Self::Read(input) => Some(input),
        }
    }

    /// Reads the text, which has to be UTF-8.
    pub(crate) async fn text(self) -> Result<String, Failure> {
        match self {
            Self::Given(text) => Ok(text),
            Self::Read(input) => input.text().await,
        }
    }
}
