//! Messages within a message.

use super::header::Header;
use super::line_body::LineBody;
use super::{Body, BodyError, FileName, MessageError};

/// A message that is a part of another (RFC 2046 section 5.2.1).
#[derive(Debug)]
pub(super) struct InnerMessage {
    body: Body,
    name: Option<FileName>,
    lines: Option<LineBody>,
}

impl InnerMessage {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            name: None,
            lines: None,
        }
    }

    /// Opens the body, and looks through it.
    pub(super) async fn open(&mut self) -> Result<(), MessageError> {
        self.body.keep().await?;
        let name = self.body.path().and_then(|path| path.file_name());
        self.name = name.and_then(|name| name.to_string_lossy().parse().ok());
        let lines = LineBody::new(self.body.share(), "attach it as a file").await?;
        self.lines = Some(lines);
        Ok(())
    }

    /// Writes the header of the part, up to its encoding; gives the body.
    pub(super) fn write(self, header: &mut Header) -> Result<LineBody, MessageError> {
        header.fixed("Content-Type", "message/rfc822");
        if let Some(name) = &self.name {
            header.begin("Content-Disposition");
            header.word("attachment");
            header.file_name("filename", name.as_str());
            header.end();
        }
        self.lines.ok_or(MessageError::Body(BodyError::Spent))
    }
}
