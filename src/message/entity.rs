//! The parts of a message, as a tree.

use super::attachment::Attachment;
use super::flowed::{DelSp, FormatFlowed};
use super::inner_message::InnerMessage;
use super::text::{Text, normalised};
use super::{Body, ContentId, Language, MediaType, MessageError};

/// A part of a message: a text, an attachment, a whole other message, or several parts together
/// (RFC 2045 section 2.4).
///
/// A [`MessageBuilder`](super::MessageBuilder) makes the tree that readers expect. Whoever needs
/// another builds it by hand, and hands it to
/// [`MessageBuilder::content`](super::MessageBuilder::content):
///
/// ```
/// # use pilotfish::message::{Attachment, Body, Entity, MediaType, Message};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let report = Entity::multipart("report", [
///     Entity::text("The mail to bo@example.net was delayed.\n"),
///     Entity::text_of("text/x-log".parse()?, "4.4.1 no answer\n")?,
///     Attachment::new(Body::file("trace.bin"), "trace.bin".parse()?).into(),
/// ])?;
/// let message = Message::builder()
///     .from("postmaster@example.org")
///     .to("ann@example.org")
///     .subject("Delayed")
///     .content(report)
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Entity {
    pub(super) kind: Kind,
    pub(super) content_id: Option<ContentId>,
    pub(super) language: Option<Language>,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A text of this media type, the charset left out.
    Text(MediaType, Text),
    Attachment(Attachment),
    Message(InnerMessage),
    Multipart(Multipart),
}

/// Several parts together (RFC 2046 section 5.1).
#[derive(Debug)]
pub(super) struct Multipart {
    pub(super) media_type: MediaType,
    pub(super) parts: Vec<Entity>,
}

impl Entity {
    /// How deep parts may stand inside of each other.
    pub const MAX_DEPTH: usize = 50;
    /// The most parts of a message in all.
    pub const MAX_PARTS: usize = 10_000;

    /// A text, in any script: `text/plain`.
    ///
    /// CRLF, CR and LF are one line break each and arrive as one; a text that does not end with
    /// one gets one, unless it is empty. Apart from that it arrives exactly as it is, in UTF-8.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::text_kind(MediaType::fixed("text/plain", &[]), text)
    }

    /// A text whose long lines the reader fits to the screen; see
    /// [`MessageBuilder::text_flowed`](super::MessageBuilder::text_flowed).
    #[must_use]
    pub fn flowed(text: &str) -> Self {
        let flowed = FormatFlowed::new(&normalised(text));
        let mut parameters = vec![("format", "flowed")];
        if flowed.delsp == DelSp::Yes {
            parameters.push(("delsp", "yes"));
        }
        let media_type = MediaType::fixed("text/plain", &parameters);
        Self::of(Kind::Text(media_type, Text::flowed(flowed.text)))
    }

    /// A document in HTML: `text/html`; line breaks are as in a [`text`](Self::text).
    #[must_use]
    pub fn html(html: &str) -> Self {
        Self::text_kind(MediaType::fixed("text/html", &[]), html)
    }

    /// A text of another media type, such as `text/calendar; method=REQUEST`. It is sent in
    /// UTF-8, and a parameter `charset` is replaced by that.
    ///
    /// # Errors
    ///
    /// If the media type is not of the kind `text`.
    pub fn text_of(media_type: MediaType, text: &str) -> Result<Self, MessageError> {
        if !media_type.essence().starts_with("text/") {
            return Err(MessageError::MediaType {
                found: media_type.to_string(),
                hint: "use a text type for a text, or attach it",
            });
        }
        Ok(Self::text_kind(media_type.without("charset"), text))
    }

    /// Another message, whole: `message/rfc822` (RFC 2046 section 5.2.1).
    ///
    /// It is looked through when the message is built, and goes out as it is, but for its line
    /// ends, which become CRLF. As this type must not be encoded, a line of over 998 octets or a
    /// NUL is an error then, and if there are octets over 127, only a server with 8BITMIME takes
    /// it. What cannot be sent like that can be attached as a file.
    #[must_use]
    pub fn message(message: Body) -> Self {
        Self::of(Kind::Message(InnerMessage::new(message)))
    }

    /// Parts that belong together and are shown one after the other, such as a text and what is
    /// attached to it: `multipart/mixed` (RFC 2046 section 5.1.3).
    ///
    /// # Errors
    ///
    /// If there is no part.
    pub fn mixed(parts: impl IntoIterator<Item = Self>) -> Result<Self, MessageError> {
        Self::multipart("mixed", parts)
    }

    /// The same content in several forms, the plainest first; a reader shows the last one that
    /// it can show: `multipart/alternative` (RFC 2046 section 5.1.4).
    ///
    /// # Errors
    ///
    /// If there is no part.
    pub fn alternative(parts: impl IntoIterator<Item = Self>) -> Result<Self, MessageError> {
        Self::multipart("alternative", parts)
    }

    /// A document, and behind it the pictures and other parts that it shows by their Content-ID:
    /// `multipart/related` (RFC 2387).
    ///
    /// # Errors
    ///
    /// If there is no part.
    pub fn related(parts: impl IntoIterator<Item = Self>) -> Result<Self, MessageError> {
        let mut related = Self::multipart("related", parts)?;
        if let Kind::Multipart(multipart) = &mut related.kind
            && let Some(root) = multipart.parts.first()
        {
            // RFC 2387 section 3.1: mandatory, and what some readers go by.
            let root = root.media_type().essence().to_owned();
            multipart.media_type = MediaType::fixed("multipart/related", &[("type", &root)]);
        }
        Ok(related)
    }

    /// Parts under any other subtype of `multipart`.
    ///
    /// # Errors
    ///
    /// If there is no part (RFC 2046 section 5.1.1 wants one), or if the subtype is no token.
    pub fn multipart(
        subtype: &str,
        parts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MessageError> {
        let parts: Vec<_> = parts.into_iter().collect();
        if parts.is_empty() {
            return Err(MessageError::NoPart);
        }
        Ok(Self::of(Kind::Multipart(Multipart {
            media_type: MediaType::multipart(subtype)?,
            parts,
        })))
    }

    /// Gives the part an identifier, by which another part can show it.
    #[must_use]
    pub fn content_id(mut self, id: ContentId) -> Self {
        self.content_id = Some(id);
        self
    }

    /// Says what language the part is in (RFC 3282).
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    fn text_kind(media_type: MediaType, text: &str) -> Self {
        Self::of(Kind::Text(media_type, Text::new(text)))
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            content_id: None,
            language: None,
        }
    }

    /// What the part is.
    pub(super) fn media_type(&self) -> MediaType {
        match &self.kind {
            Kind::Text(media_type, _) => media_type.clone(),
            Kind::Attachment(attachment) => attachment.kind(),
            Kind::Message(_) => MediaType::fixed("message/rfc822", &[]),
            Kind::Multipart(multipart) => multipart.media_type.clone(),
        }
    }

    /// Visits the part and all that are in it, the outer first, each with how deep it stands.
    pub(super) fn visit<'a>(&'a self, visitor: &mut impl FnMut(&'a Self, usize)) {
        let mut waiting = vec![(self, 1)];
        while let Some((entity, depth)) = waiting.pop() {
            visitor(entity, depth);
            if let Kind::Multipart(multipart) = &entity.kind {
                waiting.extend(multipart.parts.iter().rev().map(|part| (part, depth + 1)));
            }
        }
    }

    /// Opens all files that are in it.
    pub(super) async fn open(&mut self) -> Result<(), MessageError> {
        let mut waiting = vec![self];
        while let Some(entity) = waiting.pop() {
            match &mut entity.kind {
                Kind::Text(..) => {}
                Kind::Attachment(attachment) => attachment.open().await?,
                Kind::Message(message) => message.open().await?,
                Kind::Multipart(multipart) => waiting.extend(multipart.parts.iter_mut().rev()),
            }
        }
        Ok(())
    }
}

impl From<Attachment> for Entity {
    fn from(attachment: Attachment) -> Self {
        Self::of(Kind::Attachment(attachment))
    }
}
