//! The content of a message as readers expect it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::message_builder::{MessageBuilder, limit};
use crate::message::error;
use crate::message::error::MessageError;
use crate::message::html::cid;
use crate::message::html::pictures::{Picture, has_base, pictures};
use crate::message::part::{Attachment, ContentId, Disposition, Entity, EntityKind, Language};
use crate::message::warning::Warning;

#[derive(Default)]
pub(super) struct MessageContent {
    pub(super) text: Option<Entity>,
    pub(super) html: Option<String>,
    /// How many lines of metadata were left out of the text.
    pub(super) metadata: usize,
    pub(super) calendar: Option<Entity>,
    pub(super) inline: Vec<(String, Attachment)>,
    /// Where pictures of the document are looked for.
    #[cfg(feature = "html")]
    pub(super) images: Option<std::path::PathBuf>,
    pub(super) attachments: Vec<Entity>,
    pub(super) language: Option<Language>,
    pub(super) whole: Option<Entity>,
}

/// The whole content, and what is odd about it.
pub(super) struct Root {
    pub(super) entity: Entity,
    pub(super) warnings: Vec<Warning>,
}

impl MessageContent {
    /// One part with all the others in it.
    pub(super) fn into_entity(mut self) -> Result<Root, MessageError> {
        let lines = self.metadata;
        let metadata = (lines > 0).then_some(Warning::MetadataLeftOut { lines });
        let mut labels = HashMap::new();
        let entity = match self.whole.take() {
            Some(whole) => {
                self.nothing_else()?;
                whole
            }
            None => self.compose(&mut labels)?,
        };
        limit(
            "the number of parts",
            entity.all().count(),
            Entity::MAX_PARTS,
        )?;
        let warnings = metadata
            .into_iter()
            .chain(warnings(&entity, &labels)?)
            .collect();
        Ok(Root { entity, warnings })
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

    /// Adds the label of each inline part to `labels`, by the part's Content-ID.
    fn compose(mut self, labels: &mut HashMap<String, String>) -> Result<Entity, MessageError> {
        #[cfg(feature = "html")]
        self.take_images()?;
        limit(
            "the number of attachments",
            self.attachments.len() + self.inline.len(),
            MessageBuilder::MAX_ATTACHMENTS,
        )?;
        let language = self.language.take();
        let in_language = |mut entity: Entity| {
            entity.language.clone_from(&language);
            entity
        };
        let inline = identified(self.inline)?;
        let each = inline.iter();
        labels.extend(each.map(|part| (part.id.to_string(), part.label.clone())));
        let mut forms: Vec<_> = self.text.into_iter().map(in_language).collect();
        // What is shown after the text, if no document shows it.
        let mut shown = Vec::new();
        match self.html {
            Some(html) => {
                let ids: HashMap<_, _> = inline
                    .iter()
                    .map(|part| (part.label.as_str(), part.id.as_str()))
                    .collect();
                let html = cid::replace(&html, |label| ids.get(label).map(ToString::to_string));
                let document = in_language(Entity::html(&html));
                let parts = inline.into_iter().map(|part| part.entity);
                let parts = [document].into_iter().chain(parts);
                forms.push(one_or(Entity::related, parts));
            }
            None => shown.extend(inline.into_iter().map(|part| part.entity)),
        }
        forms.extend(self.calendar.map(in_language));
        let has_parts = !shown.is_empty() || !self.attachments.is_empty();
        if !has_parts {
            if forms.is_empty() {
                forms.push(Entity::text(""));
            }
            return Ok(one_or(Entity::alternative, forms));
        }
        let body = (!forms.is_empty()).then(|| one_or(Entity::alternative, forms));
        // A single attachment is in a multipart, too: readers show its name there.
        let parts = body.into_iter().chain(shown).chain(self.attachments);
        Ok(Entity::mixed(parts))
    }

    #[cfg(feature = "html")]
    fn take_images(&mut self) -> Result<(), MessageError> {
        let Some(directory) = self.images.take() else {
            return Ok(());
        };
        let html = self.html.as_ref().ok_or(MessageError::NoHtml)?;
        let labels = self.inline.iter().map(|(label, _)| label.as_str());
        let found = crate::message::html::images::local_images(html, labels)?;
        for image in found.images {
            let file = Attachment::file(directory.join(image.path));
            self.inline.push((image.label, file));
        }
        self.html = Some(found.html);
        Ok(())
    }
}

/// A part that is shown, and what it is called.
struct InlinePart {
    label: String,
    id: ContentId,
    entity: Entity,
}

fn identified(inline: Vec<(String, Attachment)>) -> Result<Vec<InlinePart>, MessageError> {
    let mut shown: Vec<InlinePart> = Vec::with_capacity(inline.len());
    let mut labels = HashSet::new();
    for (label, attachment) in inline {
        let wrong = |hint| MessageError::Label {
            label: error::shown(&label),
            hint,
        };
        if label.is_empty() {
            return Err(wrong("use at least one character"));
        }
        if !labels.insert(label.clone()) {
            return Err(wrong("give each part a label of its own"));
        }
        let id = label.parse().or_else(|_| ContentId::random())?;
        let part = attachment.disposition(Disposition::Inline);
        shown.push(InlinePart {
            label,
            entity: Entity::from(part).content_id(id.clone()),
            id,
        });
    }
    Ok(shown)
}

/// The only part, or a multipart of all.
fn one_or<I: IntoIterator<Item = Entity>>(
    multipart: fn(Vec<Entity>) -> Entity,
    parts: I,
) -> Entity {
    let mut parts: Vec<_> = parts.into_iter().collect();
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            multipart(parts)
        }
    }
}

/// References of documents to parts that are not there, and parts that none refers to. `labels` has
/// the labels of parts by their Content-IDs. It is an error if two parts cannot be told apart.
fn warnings(root: &Entity, labels: &HashMap<String, String>) -> Result<Vec<Warning>, MessageError> {
    let mut has_document = false;
    let mut local = BTreeSet::new();
    let mut references = BTreeSet::new();
    let mut ids = BTreeMap::new();
    for entity in root.all() {
        if let EntityKind::Text(media_type, text) = &entity.kind
            && media_type.essence() == "text/html"
        {
            has_document = true;
            references.extend(cid::references(text.as_str()));
            let is_elsewhere = has_base(text.as_str());
            let pictures = pictures(text.as_str()).filter(|_| !is_elsewhere);
            local.extend(
                pictures
                    .filter(Picture::is_local)
                    .map(|picture| error::shown(picture.raw)),
            );
        }
        if let Some(id) = &entity.content_id
            && ids.insert(id.as_str(), entity).is_some()
        {
            let id = error::shown(id.as_str());
            return Err(MessageError::SameContentId { id });
        }
    }
    let missing = references
        .iter()
        .filter(|id| !ids.contains_key(id.as_str()));
    let missing = missing.map(|id| Warning::NoPart {
        id: error::shown(id),
    });
    // Without a document, all parts are shown one after the other.
    let unused = ids
        .iter()
        .filter(|(id, _)| has_document && !references.contains(**id));
    let unused = unused.map(|(id, entity)| Warning::NotShown {
        id: error::shown(labels.get(*id).map_or(*id, String::as_str)),
        name: entity.shown_name().as_deref().map(error::shown),
    });
    let local = local.into_iter().map(|src| Warning::LocalPicture { src });
    Ok(missing
        .chain(unused)
        .chain(local)
        .take(Warning::MAX)
        .collect())
}
