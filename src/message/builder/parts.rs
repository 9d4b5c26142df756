//! The methods of a message builder for the content of the message.

#[cfg(feature = "html")]
use std::path::PathBuf;

use super::message_builder::MessageBuilder;
use crate::message::error::MessageError;
#[cfg(feature = "html")]
use crate::message::html::markdown;
use crate::message::part::{Attachment, Entity, Language, Method};
use crate::message::source::Body;

impl MessageBuilder {
    /// Gives the message a text, in any script; see [`Entity::text`].
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.content.text = Some(Entity::text(&text.into()));
        self
    }

    /// Gives the message a text whose long lines are to be fitted to the screen by the reader:
    /// `format=flowed` (RFC 3676).
    ///
    /// The lines are cut at 78 characters in a way that readers undo, and readers that do not
    /// know the format see short lines. White space at the end of a line is lost, but for the
    /// signature's `-- `.
    pub fn text_flowed(mut self, text: impl Into<String>) -> Self {
        self.content.text = Some(Entity::flowed(&text.into()));
        self
    }

    /// Gives the message a document in HTML, which most readers show in place of the text.
    ///
    /// Pictures that are added by [`inline`](Self::inline) are shown by `<img src="cid:LABEL">`.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.content.html = Some(html.into());
        self
    }

    /// Gives the message a text in Markdown, and a document in HTML that is made from it. The
    /// text is sent as it is: Markdown is made to be read.
    ///
    /// Metadata at its beginning, in YAML between lines `---` or in TOML between lines `+++`, is
    /// left out, which is a [warning](crate::message::Warning::MetadataLeftOut). Its first key has to be one that
    /// programs for web pages use, such as `title` or `date`; other lines are text.
    #[cfg(feature = "html")]
    pub fn markdown(mut self, source: impl AsRef<str>) -> Self {
        let (metadata, text) = markdown::split_metadata(source.as_ref());
        self.content.metadata = metadata.trim_end().lines().count();
        self.text(text).html(markdown::markdown(text))
    }

    /// Adds an invitation, or another message between calendars (RFC 6047): the text of an
    /// iCalendar object. If the object names a METHOD, it must be the same; if not, `method` is added.
    pub fn calendar(
        mut self,
        method: impl TryInto<Method, Error: Into<MessageError>>,
        icalendar: impl AsRef<str>,
    ) -> Self {
        let calendar = Entity::calendar(method, icalendar.as_ref());
        self.content.calendar = Some(self.checked(calendar));
        self
    }

    /// Adds a picture, or another part, that the document in HTML shows as `cid:LABEL`.
    ///
    /// It gets a globally unique Content-ID, which replaces the label in the document. A label that
    /// has the form of an identifier itself, `left@right`, is kept. Labels must not be empty, nor
    /// used twice. Without a document, the part is shown after the text.
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
        self.error.take_over(&mut part.error);
        self.content.inline.push((label.into(), part));
        self
    }

    /// Takes the pictures that the document in HTML shows from files into the message: those of
    /// `<img src="FILE">`, `srcset`, `background`, and `url(FILE)` in CSS. A file is named by its
    /// path from `directory`, and cannot be outside of it but by a symbolic link: the path of a
    /// picture that begins with `/` or `file:`, or has `..` in it, is an error.
    ///
    /// Addresses on the web and such are left as they are. A file without the extension of a
    /// picture, such as a font, is left too, with a [warning](crate::message::Warning::LocalPicture). There has to
    /// be a document.
    #[cfg(feature = "html")]
    pub fn inline_images(mut self, directory: impl Into<PathBuf>) -> Self {
        self.content.images = Some(directory.into());
        self
    }

    /// Adds an attachment: a path, or an [`Attachment`] made of a [`Body`].
    ///
    /// ```
    /// # use pilotfish::message::{Attachment, Message};
    /// let builder = Message::builder()
    ///     .attach("pictures/shark.png")
    ///     .attach(Attachment::new("a,b\r\n1,2\r\n", "table.csv"));
    /// ```
    pub fn attach(mut self, attachment: impl Into<Attachment>) -> Self {
        let attachment = self.checked(attachment.into());
        self.content.attachments.push(attachment);
        self
    }

    /// Adds another message, whole, as an attachment; see [`Entity::message`].
    pub fn forward(mut self, message: impl Into<Body>) -> Self {
        self.content.attachments.push(Entity::message(message));
        self
    }

    /// Changes what no server has to take in messages that are [forwarded](Self::forward), in
    /// place of refusing them; see [`RawBuilder::repair`](crate::message::RawBuilder::repair).
    pub fn repair_forwarded(mut self) -> Self {
        self.repair = true;
        self
    }

    /// Gives the message this content, in place of one that is made of a text, attachments and
    /// so on.
    pub fn content(mut self, content: Entity) -> Self {
        self.content.whole = Some(self.checked(content));
        self
    }

    /// Says what language the text is in (RFC 3282).
    pub fn language(mut self, language: impl TryInto<Language, Error: Into<MessageError>>) -> Self {
        self.content.language = self.error.value(language);
        self
    }

    /// The part, whose error the builder takes over.
    fn checked(&mut self, part: impl Into<Entity>) -> Entity {
        let mut part = part.into();
        self.error.take_over(&mut part.error);
        part
    }
}
