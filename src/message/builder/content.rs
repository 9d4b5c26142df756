//! The content of a message as readers expect it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::message::error::{MessageError, limit, shown};
use crate::message::html::cid;
#[cfg(feature = "html")]
use crate::message::html::images::local_images;
use crate::message::html::pictures::{Picture, has_base, pictures};
use crate::message::part::{Attachment, ContentId, Disposition, Entity, EntityKind, Language};
use crate::message::warning::Warning;

/// The most attachments and inline parts together.
pub(super) const MAX_ATTACHMENTS: usize = 1_000;

#[derive(Default)]
pub(super) struct MessageContent {
    pub(super) text: Option<Entity>,
    pub(super) html: Option<String>,
    /// How many lines of metadata were left out of the text.
    pub(super) metadata: usize,
    pub(super) calendar: Option<Entity>,
    pub(super) inline: Vec<(String, Attachment)>,
    /// The directory of the pictures of the document.
    #[cfg(feature = "html")]
    pub(super) images: Option<std::path::PathBuf>,
    pub(super) attachments: Vec<Entity>,
    pub(super) language: Option<Language>,
    pub(super) whole: Option<Entity>,
}

impl MessageContent {
    /// One part that contains all others, and the warnings about it.
    pub(super) fn into_entity(mut self) -> Result<(Entity, Vec<Warning>), MessageError> {
        let lines = self.metadata;
        let metadata = (lines > 0).then_some(Warning::MetadataLeftOut { lines });
        let mut ids = HashMap::new();
        let entity = match self.whole.take() {
            Some(whole) => {
                self.nothing_else()?;
                whole
            }
            None => self.compose(&mut ids)?,
        };
        let parts = entity.all().count();
        limit("the number of parts", parts, Entity::MAX_PARTS)?;
        let odd = warnings(&entity, &ids)?;
        Ok((entity, metadata.into_iter().chain(odd).collect()))
    }

    fn nothing_else(&self) -> Result<(), MessageError> {
        let others = [
            ("a text", self.text.is_some()),
            ("a document in HTML", self.html.is_some()),
            ("a calendar", self.calendar.is_some()),
            ("inline parts", !self.inline.is_empty()),
            ("attachments", !self.attachments.is_empty()),
            ("a language", self.language.is_some()),
            #[cfg(feature = "html")]
            ("a directory of pictures", self.images.is_some()),
        ];
        match others.into_iter().find(|(_, there)| *there) {
            Some((other, _)) => Err(MessageError::TwoContents { other }),
            None => Ok(()),
        }
    }

    /// Adds the Content-ID of each inline part to `ids`, by the part's label.
    fn compose(mut self, ids: &mut HashMap<String, ContentId>) -> Result<Entity, MessageError> {
        #[cfg(feature = "html")]
        self.take_images()?;
        let attachments = self.attachments.len() + self.inline.len();
        limit("the number of attachments", attachments, MAX_ATTACHMENTS)?;
        let language = self.language.take();
        let in_language = |mut entity: Entity| {
            entity.language.clone_from(&language);
            entity
        };
        let inline = identified(self.inline, ids)?;
        let text = self.text.map(in_language);
        // What is shown after the text, if no document shows it.
        let mut after_text = Vec::new();
        let mut related = None;
        match self.html {
            Some(html) => {
                let replacement = |label: &str| ids.get(label).map(ToString::to_string);
                let html = if ids.is_empty() {
                    html
                } else {
                    cid::replace(&html, replacement)
                };
                let document = in_language(Entity::html(html));
                let parts = [document].into_iter().chain(inline);
                related = Some(one_or(Entity::related, parts));
            }
            None => after_text = inline,
        }
        let mut forms = text
            .into_iter()
            .chain(related)
            .chain(self.calendar.map(in_language))
            .peekable();
        let has_forms = forms.peek().is_some();
        if after_text.is_empty() && self.attachments.is_empty() {
            return Ok(if has_forms {
                one_or(Entity::alternative, forms)
            } else {
                Entity::text("")
            });
        }
        let body = has_forms.then(|| one_or(Entity::alternative, forms));
        // A single attachment is in a multipart, too: readers show its name there.
        let parts = body.into_iter().chain(after_text).chain(self.attachments);
        Ok(Entity::mixed(parts))
    }

    #[cfg(feature = "html")]
    fn take_images(&mut self) -> Result<(), MessageError> {
        let Some(directory) = self.images.take() else {
            return Ok(());
        };
        let html = self.html.as_ref().ok_or(MessageError::NoHtml)?;
        let labels = self.inline.iter().map(|(label, _)| label.as_str());
        let (html, images) = local_images(html, labels)?;
        for image in images {
            let file = Attachment::file(directory.join(image.path));
            self.inline.push((image.label, file));
        }
        self.html = Some(html);
        Ok(())
    }
}

/// The inline parts, each with a Content-ID.
fn identified(
    inline: Vec<(String, Attachment)>,
    ids: &mut HashMap<String, ContentId>,
) -> Result<Vec<Entity>, MessageError> {
    let identified = inline.into_iter().map(|(label, attachment)| {
        let wrong = |hint| {
            let label = shown(&label);
            Err(MessageError::Label { label, hint })
        };
        if label.is_empty() {
            return wrong("use at least one character");
        }
        if ids.contains_key(&label) {
            return wrong("give each part a label of its own");
        }
        let id = label.parse().or_else(|_| ContentId::random())?;
        let part = Entity::from(attachment.disposition(Disposition::Inline)).content_id(&id);
        ids.insert(label, id);
        Ok(part)
    });
    identified.collect()
}

/// The only part, or a multipart of all.
fn one_or<I: IntoIterator<Item = Entity>>(
    multipart: fn(Vec<Entity>) -> Entity,
    parts: I,
) -> Entity {
    let mut parts = parts.into_iter();
    match (parts.next(), parts.next()) {
        (Some(only), None) => only,
        (first, second) => multipart(first.into_iter().chain(second).chain(parts).collect()),
    }
}

/// References of documents to parts that are not there, and parts that none refers to. `ids` has
/// the Content-IDs of parts by their labels. It is an error if two parts have the same Content-ID.
fn warnings(root: &Entity, ids: &HashMap<String, ContentId>) -> Result<Vec<Warning>, MessageError> {
    let mut has_document = false;
    let mut local = BTreeSet::new();
    let mut references = BTreeSet::new();
    let mut parts = BTreeMap::new();
    for entity in root.all() {
        if let EntityKind::Text(media_type, text) = &entity.kind
            && media_type.essence() == "text/html"
            && let Some(html) = text.in_memory()
            && let Ok(html) = str::from_utf8(&html)
        {
            has_document = true;
            references.extend(cid::references(html));
            if !has_base(html) {
                let pictures = pictures(html).filter(Picture::is_local);
                local.extend(pictures.map(|picture| shown(picture.raw)));
            }
        }
        if let Some(id) = &entity.content_id
            && parts.insert(id.as_str(), entity).is_some()
        {
            let id = shown(id.as_str());
            return Err(MessageError::SameContentId { id });
        }
    }
    let missing = references
        .iter()
        .filter(|id| !parts.contains_key(id.as_str()));
    let missing = missing.map(|id| Warning::NoPart { id: shown(id) });
    let labels = ids.iter().map(|(label, id)| (id.as_str(), label.as_str()));
    let labels: HashMap<_, _> = labels.collect();
    // Without a document, all parts are shown one after the other.
    let unused = parts
        .iter()
        .filter(|(id, _)| has_document && !references.contains(**id));
    let unused = unused.map(|(id, entity)| Warning::NotShown {
        id: shown(labels.get(id).unwrap_or(id)),
        name: entity.shown_name().as_deref().map(shown),
    });
    let local = local.into_iter().map(|src| Warning::LocalPicture { src });
    let all = missing.chain(unused).chain(local);
    Ok(all.take(Warning::MAX).collect())
}
