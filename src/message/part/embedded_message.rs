//! Messages within a message.

use bytes::Bytes;

use super::file_name::FileName;
use crate::message::error::{BodyError, MessageError};
use crate::message::header::Header;
use crate::message::raw::{HeaderSection, Repair, sendable};
use crate::message::source::{Body, VerbatimBody};
use crate::message::warning::Warning;

/// What the message is called in errors and warnings.
const WHAT: &str = "the forwarded message";

/// What to do with a message that cannot be sent within another.
pub(crate) const HINT: &str = "attach it as a file, or let `repair_forwarded` encode what it is in";

/// A message that is a part of another (RFC 2046 section 5.2.1).
#[derive(Debug)]
pub(crate) struct EmbeddedMessage {
    message: Body,
    name: Option<FileName>,
    /// What was repaired of it.
    pub(crate) warnings: Vec<Warning>,
    opened: Option<Opened>,
}

/// It as it is sent.
#[derive(Debug)]
struct Opened {
    header: Bytes,
    body: VerbatimBody,
}

impl EmbeddedMessage {
    pub(crate) fn new(message: Body) -> Self {
        Self {
            message,
            name: None,
            warnings: Vec::new(),
            opened: None,
        }
    }

    /// Opens the message, and looks through it.
    pub(crate) async fn open(&mut self, repair: Repair) -> Result<(), MessageError> {
        let beginning = HeaderSection::beginning(&mut self.message).await?;
        let name = self.message.path().and_then(|path| path.file_name());
        self.name = name.and_then(|name| FileName::of(name).ok());
        let section = HeaderSection::read(&beginning)?;
        let (mut body, encoding) =
            sendable(&section, &self.message, WHAT, repair, &mut self.warnings).await?;
        let header = section.forwarded(encoding, repair, &mut self.warnings)?;
        let header = Bytes::from(header);
        // It is held to the same as the body.
        body.body_type = match VerbatimBody::new(Body::bytes(header.clone())).await? {
            Ok(header) => body.body_type.max(header.body_type),
            Err(trouble) => {
                return Err(MessageError::Unsendable {
                    what: WHAT,
                    line: trouble.line,
                    found: trouble.found,
                    hint: HINT,
                });
            }
        };
        self.opened = Some(Opened { header, body });
        Ok(())
    }

    /// Writes the header of the part, up to its encoding; gives the header of the message, and
    /// its body.
    pub(crate) fn write(self, header: &mut Header) -> Result<(Bytes, VerbatimBody), MessageError> {
        let opened = self.opened.ok_or(MessageError::Body(BodyError::Spent))?;
        // RFC 6532 section 3.7.
        let media_type = if opened.header.is_ascii() {
            "message/rfc822"
        } else {
            "message/global"
        };
        header.fixed("Content-Type", media_type);
        if let Some(name) = &self.name {
            header.begin("Content-Disposition");
            header.word("attachment");
            header.file_name("filename", name.as_str());
            header.end();
        }
        Ok((opened.header, opened.body))
    }
}
