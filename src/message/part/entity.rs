//! The parts of a message, as a tree.

use std::collections::HashSet;
use std::sync::Arc;

use super::attachment::{Attachment, EmbeddedMessage};
use super::media_type::{INVALID, MediaType};
use super::part_fields::{ContentId, Language};
use super::text::Text;
use crate::message::encoding::DelSp;
use crate::message::error::{BodyError, MessageError};
use crate::message::first_error::FirstError;
use crate::message::source::{Body, FileOpener};
use crate::message::warning::Warning;

/// A part of a message: a text, an attachment, a whole other message, or several parts together
/// (RFC 2045 section 2.4).
///
/// A [`MessageBuilder`](crate::message::MessageBuilder) builds the tree that readers expect. A program
/// that needs another tree builds it and passes it to
/// [`MessageBuilder::content`](crate::message::MessageBuilder::content):
///
/// ```
/// # use pilotfish::message::{Attachment, Entity, Message};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let results = Attachment::file("example.net!1700000000!1700086399.json.gz");
/// let report = Entity::multipart("report; report-type=tlsrpt", [
///     Entity::text("How servers reached example.net by TLS yesterday.\n"),
///     results.media_type("application/tlsrpt+gzip").into(),
/// ]);
/// let message = Message::builder()
///     .from("tls@example.org")
///     .to("reports@example.net")
///     .subject("Report Domain: example.net")
///     .content(report)
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// No method fails: the first error is kept, and building the message returns it.
#[derive(Debug)]
#[must_use]
pub struct Entity {
    pub(crate) kind: EntityKind,
    pub(crate) content_id: Option<ContentId>,
    pub(crate) language: Option<Language>,
    pub(crate) error: FirstError,
}

#[derive(Debug)]
pub(crate) enum EntityKind {
    /// A text of this media type, the charset left out.
    Text(MediaType, Text),
    Attachment(Attachment),
    Message(EmbeddedMessage),
    Multipart(Multipart),
}

/// Several parts together (RFC 2046 section 5.1).
#[derive(Debug)]
pub(crate) struct Multipart {
    media_type: MediaType,
    pub(crate) parts: Vec<Entity>,
    /// How many levels of parts there are, this one included.
    depth: usize,
}

impl Multipart {
    /// What it is, once its parts are open.
    pub(crate) fn media_type(&self) -> MediaType {
        let media_type = self.media_type.clone();
        match self.parts.first() {
            // RFC 2387 section 3.1: mandatory, and what some readers go by.
            Some(root)
                if media_type.essence() == "multipart/related" && !media_type.has("type") =>
            {
                media_type.with("type", root.media_type().essence())
            }
            _ => media_type,
        }
    }
}

impl Entity {
    /// How deep parts may be nested.
    pub const MAX_DEPTH: usize = 50;
    /// The most parts of a message in all.
    pub const MAX_PARTS: usize = 10_000;
    /// The longest text in the format "flowed", in octets. It is in memory as a whole, as a paragraph may
    /// be a single line of any length.
    pub const MAX_FLOWED: usize = 8 * 1024 * 1024;

    /// A text, in any script: `text/plain`.
    ///
    /// CRLF, CR and LF are one line break each and arrive as one; a text that does not end with
    /// one gets one, unless it is empty. A byte order mark at the beginning of a file is left out. Apart
    /// from that the text arrives exactly as it is, in UTF-8.
    ///
    /// A text may be of any size, and in a [file](Body::file): it is read once when the message is
    /// built, and again piece by piece when it is sent. It is an error if it is not in UTF-8, or comes
    /// from a [reader](Body::reader), which can be read only once.
    pub fn text(text: impl Into<Body>) -> Self {
        Self::text_kind(MediaType::fixed("text/plain", &[]), text)
    }

    /// A text whose long lines the reader fits to the screen; see
    /// [`MessageBuilder::text_flowed`](crate::message::MessageBuilder::text_flowed). It has at most
    /// [`MAX_FLOWED`](Self::MAX_FLOWED) octets. Its lines are broken when the message is built, which
    /// reads a file.
    pub fn flowed(text: impl Into<Body>) -> Self {
        let media_type = MediaType::fixed("text/plain", &[("format", "flowed")]);
        Self::of(EntityKind::Text(media_type, Text::flowed(text)))
    }

    /// A document in HTML: `text/html`; size, line breaks and source are as in a [`text`](Self::text).
    pub fn html(html: impl Into<Body>) -> Self {
        Self::text_kind(MediaType::fixed("text/html", &[]), html)
    }

    /// A text of another media type, such as `text/calendar; method=REQUEST`. It is sent in
    /// UTF-8, and a parameter `charset` is replaced by that. A media type that is not of the kind
    /// `text` is an error.
    pub fn text_of(
        media_type: impl TryInto<MediaType, Error: Into<MessageError>>,
        text: impl Into<Body>,
    ) -> Self {
        let mut error = FirstError::default();
        let media_type: Option<MediaType> = error.value(media_type);
        let media_type = media_type.unwrap_or_else(|| MediaType::fixed("text/plain", &[]));
        if !media_type.essence().starts_with("text/") {
            let hint = "use a text type for a text, or attach it";
            error.keep(MessageError::invalid(
                &media_type.to_string(),
                INVALID,
                hint,
            ));
        }
        let entity = Self::text_kind(media_type.without("charset"), text);
        Self { error, ..entity }
    }

    /// Another message, whole: `message/rfc822` (RFC 2046 section 5.2.1).
    ///
    /// It is checked when the message is built, and sent as it is, except that its line ends become
    /// CRLF. Its Bcc and Resent-Bcc, and the `From ` line of an mbox file before it, are omitted. With
    /// fields in UTF-8 it is `message/global` (RFC 6532 section 3.7), and a field in any other charset
    /// is an error. As these types must not be encoded, a line of over 998 octets or a NUL is an error,
    /// too, and octets over 127 require a server with 8BITMIME. A message that cannot be sent like that
    /// can be attached as a file.
    pub fn message(message: impl Into<Body>) -> Self {
        Self::of(EntityKind::Message(EmbeddedMessage::new(message.into())))
    }

    /// Parts that readers show one after the other, such as a text and its attachments:
    /// `multipart/mixed` (RFC 2046 section 5.1.3).
    pub fn mixed(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::multipart("mixed", parts)
    }

    /// The same content in several forms, the simplest first: `multipart/alternative` (RFC 2046
    /// section 5.1.4). A reader shows the last form that it supports.
    pub fn alternative(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::multipart("alternative", parts)
    }

    /// A document, followed by the pictures and other parts that it shows by their Content-IDs:
    /// `multipart/related` (RFC 2387).
    pub fn related(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::multipart("related", parts)
    }

    /// Parts under any other subtype of `multipart`, which may have parameters, such as
    /// `report; report-type=delivery-status` (RFC 6522). The parameter `boundary` is replaced.
    ///
    /// It is an error if there are no parts (RFC 2046 section 5.1.1 requires one), if parts are
    /// nested deeper than [`MAX_DEPTH`](Self::MAX_DEPTH), or if the subtype or a parameter is
    /// malformed.
    pub fn multipart(subtype: &str, parts: impl IntoIterator<Item = Self>) -> Self {
        let mut error = FirstError::default();
        let mut parts: Vec<_> = parts.into_iter().collect();
        for part in &mut parts {
            error.take_over(&mut part.error);
        }
        if parts.is_empty() {
            error.keep(MessageError::NoPart);
        }
        let mut depth = 1 + parts.iter().map(Self::depth).max().unwrap_or_default();
        if depth > Self::MAX_DEPTH {
            error.keep(MessageError::Limit {
                what: "the depth of parts",
                limit: Self::MAX_DEPTH,
            });
            // The tree is dropped by recursion, which has to be bounded.
            parts.clear();
            depth = 1;
        }
        let media_type = MediaType::read(&format!("multipart/{subtype}"));
        let media_type = media_type.unwrap_or_else(|wrong| {
            error.keep(wrong);
            MediaType::octet_stream()
        });
        let multipart = Self::of(EntityKind::Multipart(Multipart {
            media_type,
            parts,
            depth,
        }));
        Self { error, ..multipart }
    }

    /// Sets the Content-ID, by which another part can show this part.
    pub fn content_id(mut self, id: impl TryInto<ContentId, Error: Into<MessageError>>) -> Self {
        self.content_id = self.error.value(id);
        self
    }

    /// Sets the language of the part (RFC 3282).
    pub fn language(mut self, language: impl TryInto<Language, Error: Into<MessageError>>) -> Self {
        self.language = self.error.value(language);
        self
    }

    fn text_kind(media_type: MediaType, text: impl Into<Body>) -> Self {
        Self::of(EntityKind::Text(media_type, Text::new(text)))
    }

    fn of(kind: EntityKind) -> Self {
        Self {
            kind,
            content_id: None,
            language: None,
            error: FirstError::default(),
        }
    }

    /// What the part is.
    pub(crate) fn media_type(&self) -> MediaType {
        match &self.kind {
            EntityKind::Text(media_type, _) => media_type.clone(),
            EntityKind::Attachment(attachment) => attachment.kind(),
            EntityKind::Message(_) => MediaType::fixed("message/rfc822", &[]),
            EntityKind::Multipart(multipart) => multipart.media_type(),
        }
    }

    /// How many levels of parts there are, this one included.
    fn depth(&self) -> usize {
        match &self.kind {
            EntityKind::Multipart(multipart) => multipart.depth,
            _ => 1,
        }
    }

    /// The name of its file, if it is an attachment.
    pub(crate) fn shown_name(&self) -> Option<String> {
        match &self.kind {
            EntityKind::Attachment(attachment) => attachment.shown_name(),
            _ => None,
        }
    }

    /// The part and all that are in it, the outer first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Self> {
        let mut first = Some(self);
        let mut waiting = Vec::new();
        std::iter::from_fn(move || {
            let entity = first.take().or_else(|| waiting.pop())?;
            if let EntityKind::Multipart(multipart) = &entity.kind {
                waiting.extend(multipart.parts.iter().rev());
            }
            Some(entity)
        })
    }

    /// Opens all files that are in it, in one go. Messages in it may be repaired, which `warnings` say
    /// then.
    pub(crate) async fn open(
        mut self,
        repair: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, MessageError> {
        if self.needs_blocking() {
            let opening = tokio::task::spawn_blocking(move || {
                self.blocking_open(&mut FileOpener::new());
                self
            });
            self = opening.await.map_err(BodyError::stopped)?;
        } else {
            self.blocking_open(&mut FileOpener::new());
        }
        let ids = self.ids();
        let mut first = Some(&mut self);
        let mut waiting = Vec::new();
        while let Some(entity) = first.take().or_else(|| waiting.pop()) {
            entity.error.result()?;
            match &mut entity.kind {
                EntityKind::Text(media_type, text) => {
                    if text.is_flowed && text.break_lines().await? == DelSp::Yes {
                        *media_type = media_type.clone().with("delsp", "yes");
                    }
                    let ids = ids.clone().filter(|_| is_html(media_type));
                    text.look_through(ids).await?;
                }
                EntityKind::Attachment(_) => {}
                EntityKind::Message(message) => message.open(repair, warnings).await?,
                EntityKind::Multipart(multipart) => {
                    waiting.extend(multipart.parts.iter_mut().rev());
                }
            }
        }
        Ok(self)
    }

    /// The Content-IDs in it, if there is a document that may refer to them.
    fn ids(&self) -> Option<Arc<HashSet<String>>> {
        let is_document = |entity: &Self| match &entity.kind {
            EntityKind::Text(media_type, _) => is_html(media_type),
            _ => false,
        };
        self.all().any(is_document).then(|| {
            let ids = self.all().filter_map(|entity| entity.content_id.as_ref());
            Arc::new(ids.map(|id| id.as_str().to_owned()).collect())
        })
    }

    /// Whether opening its files blocks the thread.
    fn needs_blocking(&self) -> bool {
        match &self.kind {
            EntityKind::Text(_, text) => text.body.needs_blocking(),
            EntityKind::Attachment(attachment) => attachment.needs_blocking(),
            EntityKind::Message(message) => message.needs_blocking(),
            EntityKind::Multipart(multipart) => multipart.parts.iter().any(Self::needs_blocking),
        }
    }

    /// Opens the files in it up to the first that cannot be opened, whose part keeps the error. Returns
    /// whether all are open.
    fn blocking_open(&mut self, opener: &mut FileOpener) -> bool {
        let result = match &mut self.kind {
            EntityKind::Text(_, text) => text.body.blocking_open(opener),
            EntityKind::Attachment(attachment) => attachment.blocking_open(opener),
            EntityKind::Message(message) => message.blocking_open(opener),
            EntityKind::Multipart(multipart) => {
                let mut parts = multipart.parts.iter_mut();
                return parts.all(|part| part.blocking_open(opener));
            }
        };
        result.map_err(|error| self.error.keep(error)).is_ok()
    }
}

fn is_html(media_type: &MediaType) -> bool {
    media_type.essence() == "text/html"
}

impl From<Attachment> for Entity {
    fn from(mut attachment: Attachment) -> Self {
        let error = std::mem::take(&mut attachment.error);
        let entity = Self::of(EntityKind::Attachment(attachment));
        Self { error, ..entity }
    }
}
