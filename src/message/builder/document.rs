//! The HTML document of a message, and the parts that it shows.

use std::collections::HashMap;

use super::content::{MAX_ATTACHMENTS, MessageContent};
use crate::message::encoding::BodyEncoding;
use crate::message::error::{BodyError, MessageError, limit, shown};
use crate::message::html::{HtmlUrl, Rewriter, reference};
#[cfg(feature = "html")]
use crate::message::html::{HtmlUrls, LocalImages, picture_path};
use crate::message::part::{Attachment, ContentId, Disposition, Entity};
use crate::message::render::BodyReader;
use crate::message::source::{Body, Spool};

/// How many octets of a document are worked on until others can run.
const BLOCK: usize = 64 * 1024;

impl MessageContent {
    /// Whether there are parts that the document may show.
    pub(super) fn has_inline(&self) -> bool {
        #[cfg(feature = "html")]
        let has_images = self.images.is_some();
        #[cfg(not(feature = "html"))]
        let has_images = false;
        self.whole.is_none() && (has_images || !self.inline.is_empty())
    }

    /// Gives each inline part a Content-ID, and makes the document refer to them.
    ///
    /// The document is read block by block. A new document is made only if there is something to
    /// replace in it, and is kept as [`Body::spool`] keeps it: in memory if it is small.
    pub(super) async fn identify_inline(&mut self) -> Result<(), MessageError> {
        #[cfg(feature = "html")]
        let images = self.local_images().await?;
        #[cfg(not(feature = "html"))]
        let images = HashMap::<String, ContentId>::new();
        limit(
            "the number of attachments",
            self.attachments(),
            MAX_ATTACHMENTS,
        )?;
        for (label, attachment) in std::mem::take(&mut self.inline) {
            let wrong = |hint| {
                let label = shown(&label);
                Err(MessageError::Label { label, hint })
            };
            if label.is_empty() {
                return wrong("use at least one character");
            }
            if self.ids.contains_key(&label) {
                return wrong("give each part a label of its own");
            }
            let id = label.parse().or_else(|_| ContentId::random())?;
            self.shown.push(inline(attachment, &id));
            self.ids.insert(label, id);
        }
        let ids = &self.ids;
        let replacement = |url: &HtmlUrl<'_>| match url.label() {
            Some(label) => reference(url, ids.get(&label)?.as_str()),
            #[cfg(feature = "html")]
            None => reference(url, images.get(&picture_path(url).ok()??)?.as_str()),
            #[cfg(not(feature = "html"))]
            None => None,
        };
        if let Some(html) = self.html.take() {
            let has_other = ids.iter().any(|(label, id)| label != id.as_str());
            self.html = Some(if has_other || !images.is_empty() {
                rewritten(html, replacement).await?
            } else {
                html
            });
        }
        Ok(())
    }

    /// Adds the local pictures of the document, if they are to be in the message. Returns their Content-IDs
    /// by their paths.
    #[cfg(feature = "html")]
    async fn local_images(&mut self) -> Result<HashMap<String, ContentId>, MessageError> {
        let mut ids = HashMap::new();
        let Some(directory) = self.images.take() else {
            return Ok(ids);
        };
        let html = self.html.as_mut().ok_or(MessageError::NoHtml)?;
        let mut images = LocalImages::new(MAX_ATTACHMENTS + 1);
        let mut urls = HtmlUrls::new();
        let mut blocks = Blocks::of(html).await?;
        while let Some(block) = blocks.next().await? {
            urls.apply(block, |url| images.add(url));
        }
        urls.finish(|url| images.add(url));
        if urls.has_base() {
            return Ok(ids);
        }
        for path in images.into_paths()? {
            let id = ContentId::random()?;
            let file = Attachment::file(directory.join(&path));
            self.shown.push(inline(file, &id));
            ids.insert(path, id);
        }
        Ok(ids)
    }
}

fn inline(attachment: Attachment, id: &ContentId) -> Entity {
    Entity::from(attachment.disposition(Disposition::Inline)).content_id(id)
}

/// The document with its URLs replaced.
async fn rewritten(
    mut html: Body,
    replacement: impl FnMut(&HtmlUrl<'_>) -> Option<(std::ops::Range<u64>, String)>,
) -> Result<Body, MessageError> {
    let mut rewriter = Rewriter::new(replacement);
    let mut spool = Spool::default();
    let mut blocks = Blocks::of(&mut html).await?;
    while let Some(block) = blocks.next().await? {
        rewriter.apply(block, spool.buffer());
        spool.flush().await?;
    }
    rewriter.finish(spool.buffer());
    Ok(spool.finish().await?)
}

/// The octets of a body in blocks, after which others can run.
struct Blocks {
    reader: BodyReader,
    piece: Vec<u8>,
    /// How many octets of the piece have been taken.
    taken: usize,
}

impl Blocks {
    async fn of(body: &mut Body) -> Result<Self, MessageError> {
        if !body.is_repeatable() {
            return Err(MessageError::ReadOnceText);
        }
        body.open().await?;
        body.skip_mark();
        Ok(Self {
            reader: BodyReader::new(body.handle(), BodyEncoding::Identity),
            piece: Vec::new(),
            taken: 0,
        })
    }

    async fn next(&mut self) -> Result<Option<&[u8]>, BodyError> {
        if self.taken > 0 {
            tokio::task::yield_now().await;
        }
        if self.taken == self.piece.len() {
            if self.reader.next_len().is_none() {
                return Ok(None);
            }
            self.piece.clear();
            self.taken = 0;
            self.reader.next_piece(&mut self.piece).await?;
        }
        let block = self.piece.get(self.taken..).unwrap_or_default();
        let block = block.get(..BLOCK).unwrap_or(block);
        self.taken += block.len();
        Ok(Some(block))
    }
}
