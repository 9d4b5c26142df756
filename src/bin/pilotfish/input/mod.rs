//! What the mail is made of, as it is typed: files, texts, attachments, pictures.

mod attach;
pub(crate) mod raw;
pub(crate) mod standard_input;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{OsStringValueParser, TypedValueParser};
use pilotfish::message::{Body, BodyError};
use tokio::io::{AsyncRead, AsyncReadExt as _};

pub(crate) use attach::{AttachSpec, InlineSpec};
pub(crate) use standard_input::is_standard_input;

use crate::args::{ContentArguments, MailArguments};
use crate::exit;
use crate::failure::Failure;

/// The largest text that is held in memory, in octets; a larger one is attached instead.
const MAX_TEXT: u64 = 64 << 20;

/// Files with a text of more octets stay on the disk.
const IN_MEMORY: u64 = 64 << 10;

/// The most octets of standard input that can be attached. They are kept on the disk until they are sent.
const MAX_SPOOLED: u64 = 16 << 30;

/// How the names of files with a text end.
const TEXT_FILES: [&str; 4] = [".txt", ".html", ".htm", ".md"];

/// Where a part of the mail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    File(PathBuf),
    Stdin,
}

impl Input {
    pub(crate) fn parse(typed: OsString) -> Result<Self, &'static str> {
        match typed.to_str() {
            Some("") => Err("there is no file name"),
            Some("-") => Ok(Self::Stdin),
            _ => Ok(Self::File(PathBuf::from(typed))),
        }
    }

    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        OsStringValueParser::new().try_map(Self::parse)
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdin => None,
        }
    }

    /// Reads a text, which has to be UTF-8. A byte order mark at the beginning is left out.
    pub(crate) async fn text(&self) -> Result<String, Failure> {
        let (name, read) = match self {
            Self::Stdin => {
                let read = beginning(tokio::io::stdin()).await;
                ("standard input".to_owned(), read.map_err(unread))
            }
            Self::File(path) => {
                let read = async { beginning(tokio::fs::File::open(path).await?).await };
                let read = read.await.map_err(|error| unreadable(path, error));
                (named(path), read)
            }
        };
        let octets = read?;
        if octets.len() as u64 > MAX_TEXT {
            return Err(Failure::bad_mail(format!(
                "{name} is over 64 MiB: attach it instead"
            )));
        }
        let text = String::from_utf8(octets).map_err(|_| {
            Failure::bad_mail(format!("{name} is not in UTF-8: convert it, or attach it"))
        })?;
        Ok(without_byte_order_mark(text))
    }

    /// A text as a part of the mail; nothing if it is blank. The library reads a large file, piece by
    /// piece.
    pub(crate) async fn text_body(&self) -> Result<Option<Body>, Failure> {
        if let Self::File(path) = self
            && let Ok(metadata) = tokio::fs::metadata(path).await
            && metadata.is_file()
            && metadata.len() > IN_MEMORY
        {
            let blank = is_blank(path)
                .await
                .map_err(|error| unreadable(path, error))?;
            return Ok((!blank).then(|| Body::file(path)));
        }
        let text = self.text().await?;
        Ok((!text.trim().is_empty()).then(|| text.into()))
    }

    /// The octets as they are. Standard input is read now, as its length is not known before, and
    /// must not be empty: the program that writes it has failed then.
    pub(crate) async fn body(self) -> Result<Body, Failure> {
        match self {
            Self::File(path) => Ok(Body::file(path)),
            Self::Stdin => {
                let body = spooled(tokio::io::stdin()).await?;
                if body.is_empty() {
                    let message = "standard input is empty: check the program that writes it";
                    let help = "an empty file can be attached by its name";
                    return Err(Failure::bad_mail(message).with_help(help));
                }
                Ok(body)
            }
        }
    }
}

/// Where the text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextSource {
    Given(String),
    Read(Input),
    /// It was read before, or an editor made it.
    Made(String),
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
            Self::Given(_) | Self::Made(_) => None,
            Self::Read(input) => Some(input),
        }
    }

    /// The text, which is the value of this flag. One that is read and blank counts as missing: the
    /// program or the file that it is from has failed.
    ///
    /// A given text that looks like the name of a file is refused.
    pub(crate) async fn body(self, flag: &str) -> Result<Option<Body>, Failure> {
        match self {
            Self::Given(text) if is_file_name(&text) => {
                let shown = text.escape_debug();
                let message = format!("{flag} '{shown}' is the name of a file");
                let help = format!("the text of the file: {flag} @{shown}");
                Err(Failure::usage(message).with_help(help))
            }
            Self::Given(text) => Ok(Some(without_byte_order_mark(text).into())),
            Self::Read(input) => input.text_body().await,
            Self::Made(text) => Ok((!text.trim().is_empty()).then(|| text.into())),
        }
    }

    /// Reads the text if it is small or from standard input, so that it can be looked at.
    pub(crate) async fn made(self) -> Result<Self, Failure> {
        let is_small = match &self {
            Self::Read(Input::Stdin) => true,
            Self::Read(Input::File(path)) => tokio::fs::metadata(path)
                .await
                .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= IN_MEMORY),
            Self::Given(_) | Self::Made(_) => false,
        };
        match self {
            Self::Read(input) if is_small => input.text().await.map(Self::Made),
            other => Ok(other),
        }
    }

    /// The text, if it is in memory.
    pub(crate) fn known(&self) -> Option<&str> {
        match self {
            Self::Given(text) | Self::Made(text) => Some(text),
            Self::Read(_) => None,
        }
    }

    /// The text with which an editor begins.
    pub(crate) async fn draft(self) -> Result<String, Failure> {
        match self {
            Self::Given(text) | Self::Made(text) => Ok(text),
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

/// Reads a file on a thread of its own: it may be a pipe without a writer, and signals have to end the
/// command all the same.
pub(crate) async fn blocking<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Standard input, kept on the disk until it is sent.
pub(crate) async fn spooled(stdin: impl AsyncRead + Send + Unpin) -> Result<Body, Failure> {
    let body = Body::spool(stdin, MAX_SPOOLED).await;
    body.map_err(|error| match error {
        BodyError::OverLimit { .. } => {
            Failure::bad_mail("standard input gives over 16 GiB: put it into a file, and name that")
        }
        BodyError::Read { source, .. } => unread(source),
        error => Failure::of(exit::CANNOT_CREATE, &error),
    })
}

/// Leaves the mark out that editors on Windows write at the beginning of a text.
fn without_byte_order_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// Whether a file has nothing but white space. It is read up to the first other octet.
async fn is_blank(path: &Path) -> std::io::Result<bool> {
    let mut file = tokio::fs::File::open(path).await?;
    let mut block = vec![0; 64 << 10];
    loop {
        let len = file.read(&mut block).await?;
        let octets = block.get(..len).unwrap_or_default();
        if octets.is_empty() || !octets.trim_ascii().is_empty() {
            return Ok(octets.is_empty());
        }
    }
}

fn named(path: &Path) -> String {
    format!("the text in {}", path.display())
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    let name = named(path);
    let message = format!("cannot read {name}: check that it exists and may be read");
    Failure::io(exit::NO_INPUT, message, error)
}

/// All octets, or one more than the limit.
async fn beginning(source: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    source.take(MAX_TEXT + 1).read_to_end(&mut octets).await?;
    Ok(octets)
}

fn unread(error: std::io::Error) -> Failure {
    Failure::io(exit::NO_INPUT, "cannot read standard input", error)
}

impl MailArguments {
    /// Whether a flag names the text, or a message that has one.
    fn has_text(&self) -> bool {
        let content = &self.content;
        content.edit
            || content.text.is_some()
            || content.html.is_some()
            || content.markdown.is_some()
            || self.raw.raw.is_some()
    }

    /// All that is read.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Input> {
        let content = &self.content;
        let texts = [&content.text, &content.html].into_iter().flatten();
        let inline = content.inline.iter().filter_map(|spec| match spec {
            InlineSpec::Part(_, file) => Some(&file.input),
            InlineSpec::Auto => None,
        });
        texts
            .filter_map(|source| source.input())
            .chain(&content.markdown)
            .chain(inline)
            .chain(content.attach.iter().map(|spec| &spec.input))
            .chain(&content.forward)
            .chain(&content.calendar)
            .chain(&self.raw.raw)
    }
}

impl ContentArguments {
    /// Whether there is something else in the mail than a text.
    pub(crate) fn has_parts(&self) -> bool {
        let is_part = |spec: &InlineSpec| matches!(spec, InlineSpec::Part(..));
        !self.attach.is_empty()
            || self.inline.iter().any(is_part)
            || !self.forward.is_empty()
            || self.calendar.is_some()
    }
}
