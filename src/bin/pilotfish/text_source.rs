//! `STR|@FILE|-`.

use std::path::PathBuf;
use std::str::FromStr;

use tokio::io::AsyncReadExt as _;

use crate::failure::Failure;

/// The largest text that is taken, in octets. A text is held in memory; what is larger is an
/// attachment.
const MAX_TEXT: u64 = 64 * 1024 * 1024;

/// Where the text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextSource {
    Given(String),
    File(PathBuf),
    Stdin,
}

impl FromStr for TextSource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        Ok(match text.strip_prefix('@') {
            Some("") => return Err("no file name follows the @ (write @@ for the text \"@\")"),
            Some(escaped) if escaped.starts_with('@') => Self::Given(escaped.to_owned()),
            Some(path) => Self::File(PathBuf::from(path)),
            None if text == "-" => Self::Stdin,
            None => Self::Given(text.to_owned()),
        })
    }
}

impl TextSource {
    /// Reads the text, which has to be UTF-8.
    pub(crate) async fn read(self) -> Result<String, Failure> {
        let (name, octets) = match self {
            Self::Given(text) => return Ok(text),
            Self::Stdin => {
                let name = "standard input".to_owned();
                let mut octets = Vec::new();
                let mut stdin = tokio::io::stdin().take(MAX_TEXT + 1);
                let read = stdin.read_to_end(&mut octets).await;
                read.map_err(|error| Failure::input(format!("cannot read {name}"), error))?;
                (name, octets)
            }
            Self::File(path) => {
                let name = format!("the text in {}", path.display());
                let unreadable = |error| {
                    let message =
                        format!("cannot read {name}: check that it exists and may be read");
                    Failure::input(message, error)
                };
                let file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
                let mut octets = Vec::new();
                file.take(MAX_TEXT + 1)
                    .read_to_end(&mut octets)
                    .await
                    .map_err(unreadable)?;
                (name, octets)
            }
        };
        if octets.len() as u64 > MAX_TEXT {
            return Err(Failure::bad_mail(format!(
                "{name} is over 64 MiB: attach it instead"
            )));
        }
        String::from_utf8(octets).map_err(|_| {
            Failure::bad_mail(format!("{name} is not in UTF-8: convert it, or attach it"))
        })
    }
}
