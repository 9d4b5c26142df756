//! The methods of a message builder for the content of the message.

#[cfg(feature = "html")]
use std::path::PathBuf;

use super::message_builder::MessageBuilder;
use crate::message::error::MessageError;
#[cfg(feature = "html")]
use crate::message::html;
use crate::message::part::{Attachment, Entity, Language, Method};
use crate::message::source::Body;

impl MessageBuilder {
    /// Sets the text of the message, in any script; see [`Entity::text`].
    ///
    /// ```
    /// # use std::path::Path;
    /// # use pilotfish::message::Message;
    /// let short = Message::builder().text("At one, as always.\n");
    /// let from_a_file = Message::builder().text(Path::new("minutes.txt"));
    /// ```
    pub fn text(mut self, text: impl Into<Body>) -> Self {
        self.draft.content.text = Some(Entity::text(text));
        self
    }

    /// Sets the text of the message, whose long lines the reader fits to the screen:
    /// `format=flowed` (RFC 3676).
    ///
    /// The lines are broken at 78 characters in a way that readers undo. Readers that do not know
    /// the format show short lines. White space at the end of a line is lost, except in the
    /// signature's `-- `.
    ///
    /// The text may be in a [file](Body::file), and may have at most
    /// [`Entity::MAX_FLOWED`] octets.
    pub fn text_flowed(mut self, text: impl Into<Body>) -> Self {
        self.draft.content.text = Some(Entity::flowed(text));
        self
    }

    /// Sets the HTML document of the message, which most readers show instead of the text; see
    /// [`Entity::html`].
    ///
    /// `<img src="cid:LABEL">` shows a picture that [`inline`](Self::inline) adds. A document whose
    /// references are replaced is written anew when the message is built: into memory if it has less than
    /// a mebibyte, and otherwise into a temporary file without a name, so that a document of any size takes
    /// little memory. The temporary file stays open until the message is dropped.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use pilotfish::message::Message;
    /// let short = Message::builder().html("<p>At one, as always.");
    /// let from_a_file = Message::builder().html(Path::new("minutes.html"));
    /// ```
    pub fn html(mut self, html: impl Into<Body>) -> Self {
        self.draft.content.html = Some(html.into());
        self
    }

    /// Sets the text of the message to Markdown, and the HTML document to its rendering. The
    /// Markdown itself is sent unchanged as the text.
    ///
    /// Metadata at the beginning, in YAML between lines `---` or in TOML between lines `+++`, is
    /// omitted with a [warning](crate::message::Warning::MetadataLeftOut). Its first key must be one
    /// that programs for web pages use, such as `title` or `date`; other lines are text.
    #[cfg(feature = "html")]
    pub fn markdown(mut self, source: impl AsRef<str>) -> Self {
        let (metadata, text) = html::split_metadata(source.as_ref());
        self.draft.content.metadata = metadata.trim_end().lines().count();
        self.text(text).html(html::markdown(text))
    }

    /// Adds an invitation, or another message between calendars (RFC 6047): the text of an
    /// iCalendar object. If the object names a METHOD, it must be the same; if not, `method` is added.
    pub fn calendar(
        mut self,
        method: impl TryInto<Method, Error: Into<MessageError>>,
        icalendar: impl AsRef<str>,
    ) -> Self {
        let calendar = Entity::calendar(method, icalendar.as_ref());
        self.draft.content.calendar = Some(self.checked(calendar));
        self
    }

    /// Adds a picture, or another part, that the HTML document shows as `cid:LABEL`.
    ///
    /// The part gets a globally unique Content-ID, which replaces the label in the document. A label
    /// that has the form of an identifier itself, `left@right`, is kept. A label must not be empty or
    /// used twice. Without an HTML document, readers show the part after the text.
    ///
    /// ```
    /// # use pilotfish::message::Message;
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let message = Message::builder()
    ///     .from("me@example.org")
    ///     .to("ann@example.org")
    ///     .text("A shark was here.\n")
    ///     .html("<p>Look: <img src='cid:shark'>")
    ///     .inline("shark", "pictures/shark.png")
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn inline(mut self, label: impl Into<String>, part: impl Into<Attachment>) -> Self {
        let mut part = part.into();
        self.draft.error.take_over(&mut part.error);
        self.draft.content.inline.push((label.into(), part));
        self
    }

    /// Adds the pictures that the HTML document shows from files: those of `<img src="FILE">`,
    /// `srcset`, `background`, and `url(FILE)` in CSS. Paths are relative to `directory`, and only a
    /// symbolic link can lead outside of it: a path that begins with `/` or `file:`, or contains
    /// `..`, is an error.
    ///
    /// URLs with other schemes stay as they are. A file without the extension of a picture, such as a
    /// font, is not added, which is a [warning](crate::message::Warning::LocalPicture). It is an error
    /// if there is no HTML document.
    #[cfg(feature = "html")]
    pub fn inline_images(mut self, directory: impl Into<PathBuf>) -> Self {
        self.draft.content.images = Some(directory.into());
        self
    }

    /// Adds an attachment: a path to a file, or an [`Attachment`].
    ///
    /// ```
    /// # use pilotfish::message::{Attachment, Message};
    /// let builder = Message::builder()
    ///     .attach("pictures/shark.png")
    ///     .attach(Attachment::new("a,b\r\n1,2\r\n", "table.csv"));
    /// ```
    pub fn attach(mut self, attachment: impl Into<Attachment>) -> Self {
        let attachment = self.checked(attachment.into());
        self.draft.content.attachments.push(attachment);
        self
    }

    /// Adds another message, whole, as an attachment; see [`Entity::message`].
    pub fn forward(mut self, message: impl Into<Body>) -> Self {
        self.draft
            .content
            .attachments
            .push(Entity::message(message));
        self
    }

    /// Changes what servers need not accept in messages that are [forwarded](Self::forward), instead
    /// of failing; see [`RawBuilder::repair`](crate::message::RawBuilder::repair).
    pub fn repair_forwarded(mut self) -> Self {
        self.draft.repair = true;
        self
    }

    /// Sets the whole content, instead of one that is built from a text, attachments and so on.
    pub fn content(mut self, content: Entity) -> Self {
        self.draft.content.whole = Some(self.checked(content));
        self
    }

    /// Sets the language of the text (RFC 3282).
    pub fn language(mut self, language: impl TryInto<Language, Error: Into<MessageError>>) -> Self {
        self.draft.content.language = self.draft.error.value(language);
        self
    }

    /// The part, whose error the builder takes over.
    fn checked(&mut self, part: impl Into<Entity>) -> Entity {
        let mut part = part.into();
        self.draft.error.take_over(&mut part.error);
        part
    }
}
