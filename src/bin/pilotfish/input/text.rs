//! `STR|@FILE|-`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::failure::Failure;
use crate::input::{Input, without_byte_order_mark};

/// How the names of files with a text end.
const TEXT_FILES: [&str; 4] = [".txt", ".html", ".htm", ".md"];

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

    /// Reads the text, which has to be UTF-8. It is the value of this flag.
    ///
    /// A given text that looks like the name of a file is refused.
    pub(crate) async fn text(self, flag: &str) -> Result<String, Failure> {
        match self {
            Self::Given(text) if is_file_name(&text) => {
                let shown = text.escape_debug();
                let message = format!("{flag} '{shown}' is the name of a file, not a text");
                let help = format!("did you mean {flag} @{shown}");
                Err(Failure::usage(message).with_help(help))
            }
            Self::Given(text) => Ok(without_byte_order_mark(text)),
            Self::Read(input) => input.text().await,
        }
    }
}

/// Whether this names a file that exists, or looks like the name of a file with a text. A text
/// that was typed with @@ is one.
fn is_file_name(text: &str) -> bool {
    if text.starts_with('@') {
        return false;
    }
    let is_phrase = text.contains(char::is_whitespace);
    let is_link = text.contains("://");
    let lower = text.to_ascii_lowercase();
    let ends_like_one = TEXT_FILES.iter().any(|end| lower.ends_with(end));
    (ends_like_one && !is_phrase && !is_link) || Path::new(text).is_file()
}
