//! Attachments.

use std::path::PathBuf;

use super::header::Header;
use super::media_guess::guess;
use super::{Body, BodyError, FileName, MediaType};

/// A body with a name and a media type, to be offered to the reader for saving (RFC 2183
/// section 2.2).
///
/// Its octets arrive exactly as they are, text too: they are always sent in base64.
#[derive(Debug)]
pub struct Attachment {
    body: Body,
    name: FileName,
    guess: MediaType,
    given: Option<MediaType>,
}

impl Attachment {
    /// A body under a name.
    ///
    /// The media type is guessed: from the first octets if they show a known format, else from
    /// the extension of the name, else it is `application/octet-stream`. Content that shows a
    /// container on which many formats are built, such as zip, is what the extension says. No
    /// charset is claimed for text, as it is not known.
    #[must_use]
    pub fn new(body: Body, name: FileName) -> Self {
        let guess = guess(body.content(), &name);
        Self {
            body,
            name,
            guess,
            given: None,
        }
    }

    /// The file at `path` under its own name; see [`Body::file`].
    ///
    /// ```
    /// # use pilotfish::message::Attachment;
    /// # async fn example() -> Result<(), pilotfish::message::BodyError> {
    /// let shark = Attachment::file("pictures/shark.png").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Body::file`]; and if the name of the file cannot be a [`FileName`]. Such a file
    /// can be attached with [`new`](Attachment::new). What is not UTF-8 in a name is no error: it
    /// is replaced by U+FFFD.
    ///
    /// # Cancel safety
    ///
    /// As for [`Body::file`].
    pub async fn file(path: impl Into<PathBuf>) -> Result<Self, BodyError> {
        let path = path.into();
        let body = Body::file(&path).await?;
        let name = path.file_name().map(|name| name.to_string_lossy());
        match name.unwrap_or_default().parse() {
            Ok(name) => Ok(Self::new(body, name)),
            Err(source) => Err(BodyError::Name { path, source }),
        }
    }

    /// Gives it another name. The media type is guessed again, if the new name says anything
    /// about it.
    #[must_use]
    pub fn name(mut self, name: FileName) -> Self {
        let guess = guess(self.body.content(), &name);
        if guess != MediaType::octet_stream() {
            self.guess = guess;
        }
        self.name = name;
        self
    }

    /// Says what it is, in place of the guess.
    #[must_use]
    pub fn media_type(mut self, media_type: MediaType) -> Self {
        self.given = Some(media_type);
        self
    }

    /// Writes the header of the part; gives the body.
    ///
    /// The name is in Content-Disposition alone (RFC 2183 section 2.3), once and in full. With
    /// a second one beside it that is reduced to ASCII, some readers show that one; and `name`
    /// in Content-Type could only tell more readers of names in other scripts with an encoded
    /// word in quotes, which RFC 2047 section 5 forbids.
    pub(super) fn write(self, header: &mut Header) -> Body {
        self.given.unwrap_or(self.guess).write(header);
        header.fixed("Content-Transfer-Encoding", "base64");
        header.begin("Content-Disposition");
        header.word("attachment");
        header.parameter("filename", self.name.as_str());
        header.end();
        header.blank_line();
        self.body
    }
}
