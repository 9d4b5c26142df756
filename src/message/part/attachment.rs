//! Attachments, and messages within a message.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::file_name::FileName;
use super::media_type::MediaType;
use crate::message::encoding::Scan;
use crate::message::error::{BodyError, MessageError};
use crate::message::first_error::FirstError;
use crate::message::header::Header;
use crate::message::raw::{HeaderSection, sendable};
use crate::message::source::{Body, FileOpener, VerbatimBody, guess};
use crate::message::warning::Warning;

/// A body with a name and a media type, which readers offer for saving or show (RFC 2183).
///
/// The octets arrive unchanged, even of a text: they are sent in base64, or unencoded in a
/// [binary](crate::message::BodyType::Binary) message.
///
/// Where an attachment is expected, a path can be given: `"pictures/shark.png"` is
/// [`Attachment::file`].
///
/// The media type is guessed when the message is built: from the first octets if they are of a
/// known format, else from the extension of the name, else it is `application/octet-stream`.
/// If the content is a container that many formats use, such as zip, the extension decides. Text
/// whose first mebibyte is UTF-8 and not ASCII has the charset `utf-8`. Other text has no charset,
/// as it is not known.
///
/// No method fails: the first error is kept, and building the message returns it.
#[derive(Debug)]
#[must_use]
pub struct Attachment {
    body: Body,
    /// None for a file under its own name.
    name: Option<FileName>,
    media_type: Option<MediaType>,
    disposition: Disposition,
    pub(crate) error: FirstError,
}

/// What readers should do with a part (RFC 2183 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disposition {
    /// Offer it for saving.
    Attachment,
    /// Show it in its place.
    Inline,
}

/// What a message within another is called in errors and warnings.
const WHAT: &str = "the forwarded message";

/// What to do with a message that cannot be sent within another.
const HINT: &str = "attach it as a file, or let `repair_forwarded` encode what it is in";

/// How many octets of a text are looked at for its charset.
const CHARSET_PREFIX: usize = 1 << 20;

impl Attachment {
    /// A body under a name.
    ///
    /// ```
    /// # use pilotfish::message::Attachment;
    /// let table = Attachment::new("a,b\r\n1,2\r\n", "table.csv");
    /// let octets: Vec<u8> = vec![1, 2, 3];
    /// let data = Attachment::new(octets, "data.bin").media_type("application/octet-stream");
    /// ```
    pub fn new(
        body: impl Into<Body>,
        name: impl TryInto<FileName, Error: Into<MessageError>>,
    ) -> Self {
        Self::of(body.into()).name(name)
    }

    fn of(body: Body) -> Self {
        Self {
            body,
            name: None,
            media_type: None,
            disposition: Disposition::Attachment,
            error: FirstError::default(),
        }
    }

    /// The file at `path` under its own name. If it has at most 64 KiB, it is read when the message is
    /// built, and else it must not change until it has been sent; see [`Body::file`]. If the name is not UTF-8, building
    /// the message fails unless [another name](Self::name) is set.
    ///
    /// ```
    /// # use pilotfish::message::Attachment;
    /// let shark = Attachment::file("pictures/shark.png").name("Hai.png");
    /// ```
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::of(Body::file(path))
    }

    /// Sets the name.
    pub fn name(mut self, name: impl TryInto<FileName, Error: Into<MessageError>>) -> Self {
        self.name = self.error.value(name);
        self
    }

    /// Sets the media type, instead of guessing it.
    pub fn media_type(
        mut self,
        media_type: impl TryInto<MediaType, Error: Into<MessageError>>,
    ) -> Self {
        self.media_type = self.error.value(media_type);
        self
    }

    /// Sets what readers should do with the attachment. By default they offer it for saving.
    pub fn disposition(mut self, disposition: Disposition) -> Self {
        self.disposition = disposition;
        self
    }

    /// What its reader will know it by, if it has a name.
    pub(crate) fn shown_name(&self) -> Option<String> {
        let of_path = || self.body.path()?.file_name();
        match &self.name {
            Some(name) => Some(name.as_str().to_owned()),
            None => of_path().map(|name| name.to_string_lossy().into_owned()),
        }
    }

    /// Whether [`blocking_open`](Self::blocking_open) blocks the thread.
    pub(crate) fn needs_blocking(&self) -> bool {
        self.body.needs_blocking()
    }

    /// Opens the body, and settles the name and the media type.
    pub(crate) fn blocking_open(&mut self, opener: &mut FileOpener) -> Result<(), BodyError> {
        self.body.blocking_open(opener)?;
        if self.name.is_none() {
            let path = self.body.path().unwrap_or(Path::new(""));
            let name = FileName::of(path.file_name().unwrap_or_default());
            let name = name.map_err(|source| BodyError::Name {
                path: path.to_owned(),
                source: Box::new(source),
            })?;
            self.name = Some(name);
        }
        if self.media_type.is_none()
            && let Some(name) = &self.name
        {
            let guess = guess(self.body.content(), self.body.path(), name.as_str());
            let kind = MediaType::fixed(guess, &[]);
            self.media_type = Some(match self.charset(&kind)? {
                Some(charset) => kind.with("charset", charset),
                None => kind,
            });
        }
        Ok(())
    }

    /// The charset of a text, as far as its first octets show it. ASCII needs none.
    fn charset(&self, kind: &MediaType) -> Result<Option<&'static str>, BodyError> {
        let is_text = kind.essence().starts_with("text/") && !kind.has("charset");
        if !is_text || !self.body.is_repeatable() {
            return Ok(None);
        }
        let octets = self.body.blocking_read(CHARSET_PREFIX)?;
        let is_utf8 = match str::from_utf8(&octets) {
            Ok(_) => true,
            // A character may be cut.
            Err(error) => {
                error.error_len().is_none() && self.body.len() > Some(octets.len() as u64)
            }
        };
        Ok((is_utf8 && !octets.is_ascii()).then_some("utf-8"))
    }

    /// What it is, once it is open.
    pub(crate) fn kind(&self) -> MediaType {
        self.media_type
            .clone()
            .unwrap_or_else(MediaType::octet_stream)
    }

    /// Writes the header of the part; gives the body and its name.
    pub(crate) fn write(self, header: &mut Header) -> (Body, Option<FileName>) {
        self.kind().write(&[], header);
        let disposition = match self.disposition {
            Disposition::Attachment => "attachment",
            Disposition::Inline => "inline",
        };
        write_disposition(header, disposition, self.name.as_ref());
        (self.body, self.name)
    }
}

/// The file at a path.
impl<P: Into<PathBuf>> From<P> for Attachment {
    fn from(path: P) -> Self {
        Self::file(path)
    }
}

/// A message that is a part of another (RFC 2046 section 5.2.1).
#[derive(Debug)]
pub(crate) struct EmbeddedMessage {
    message: Body,
    name: Option<FileName>,
    /// The header section and the body as they are sent, once the message is open.
    opened: Option<(Bytes, VerbatimBody)>,
}

impl EmbeddedMessage {
    pub(crate) fn new(message: Body) -> Self {
        Self {
            message,
            name: None,
            opened: None,
        }
    }

    /// Whether [`blocking_open`](Self::blocking_open) blocks the thread.
    pub(crate) fn needs_blocking(&self) -> bool {
        self.message.needs_blocking()
    }

    /// Opens the file, if the message is one.
    pub(crate) fn blocking_open(&mut self, opener: &mut FileOpener) -> Result<(), BodyError> {
        self.message.blocking_open(opener)
    }

    /// Opens the message, and looks through it.
    pub(crate) async fn open(
        &mut self,
        repair: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), MessageError> {
        let beginning = HeaderSection::beginning(&mut self.message).await?;
        let name = self.message.path().and_then(|path| path.file_name());
        self.name = name.and_then(|name| FileName::of(name).ok());
        let section = HeaderSection::read(&beginning)?;
        let (mut body, encoding) =
            sendable(&section, &self.message, (WHAT, HINT), repair, warnings).await?;
        let header = section.forwarded(encoding, repair, warnings)?;
        // It is held to the same as the body.
        let mut scan = Scan::default();
        scan.apply(&header);
        let of_header = scan
            .body_type()
            .map_err(|trouble| MessageError::Unsendable {
                what: WHAT,
                line: trouble.line,
                found: trouble.found,
                hint: HINT,
            })?;
        body.body_type = body.body_type.max(of_header);
        self.opened = Some((header.into(), body));
        Ok(())
    }

    /// Writes the header of the part, up to its encoding; gives the header of the message, and
    /// its body.
    pub(crate) fn write(self, header: &mut Header) -> Result<(Bytes, VerbatimBody), MessageError> {
        let opened = self.opened.ok_or(MessageError::Body(BodyError::Spent))?;
        // RFC 6532 section 3.7.
        let media_type = if opened.0.is_ascii() {
            "message/rfc822"
        } else {
            "message/global"
        };
        header.fixed("Content-Type", media_type);
        if let Some(name) = &self.name {
            write_disposition(header, "attachment", Some(name));
        }
        Ok(opened)
    }
}

/// Writes what a reader is to do with a part.
///
/// Only Content-Disposition has the name (RFC 2183 section 2.3). For more readers of names in other
/// scripts, the parameter `name` of Content-Type would have to be an encoded word in quotes, which
/// RFC 2047 section 5 forbids.
fn write_disposition(header: &mut Header, disposition: &str, name: Option<&FileName>) {
    header.begin("Content-Disposition");
    header.word(disposition);
    if let Some(name) = name {
        header.file_name("filename", name.as_str());
    }
    header.end();
}
