//! The content of a message as readers expect it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::message::error::{MessageError, limit, shown};
use crate::message::html::References;
use crate::message::part::{Attachment, ContentId, Entity, EntityKind, Language};
use crate::message::source::Body;
use crate::message::warning::Warning;

/// The most attachments and inline parts together.
pub(super) const MAX_ATTACHMENTS: usize = 1_000;

#[derive(Default)]
pub(super) struct MessageContent {
    pub(super) text: Option<Entity>,
    pub(super) html: Option<Body>,
    /// How many lines of metadata were left out of the text.
    pub(super) metadata: usize,
    pub(super) calendar: Option<Entity>,
    pub(super) inline: Vec<(String, Attachment)>,
    /// The inline parts that have a Content-ID, and that Content-ID by the label of the part.
    pub(super) shown: Vec<Entity>,
    pub(super) ids: HashMap<String, ContentId>,
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
        let entity = match self.whole.take() {
            Some(whole) => {
                self.nothing_else()?;
                whole
            }
            None => self.compose()?,
        };
        let parts = entity.all().count();
        limit("the number of parts", parts, Entity::MAX_PARTS)?;
        unique_ids(&entity)?;
        Ok((entity, metadata.into_iter().collect()))
    }

    /// How many attachments and inline parts there are.
    pub(super) fn attachments(&self) -> usize {
        self.attachments.len() + self.inline.len() + self.shown.len()
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

    fn compose(mut self) -> Result<Entity, MessageError> {
        limit(
            "the number of attachments",
            self.attachments(),
            MAX_ATTACHMENTS,
        )?;
        let language = self.language.take();
        let in_language = |mut entity: Entity| {
            entity.language.clone_from(&language);
            entity
        };
        let text = self.text.map(in_language);
        // What is shown after the text, if no document shows it.
        let mut after_text = Vec::new();
        let mut related = None;
        match self.html {
            Some(html) => {
                let document = in_language(Entity::html(html));
                let parts = [document].into_iter().chain(self.shown);
                related = Some(one_or(Entity::related, parts));
            }
            None => after_text = self.shown,
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

/// It is an error if two parts have the same Content-ID.
fn unique_ids(root: &Entity) -> Result<(), MessageError> {
    let mut ids = HashSet::new();
    for id in root.all().filter_map(|entity| entity.content_id.as_ref()) {
        if !ids.insert(id.as_str()) {
            let id = shown(id.as_str());
            return Err(MessageError::SameContentId { id });
        }
    }
    Ok(())
}

/// References of documents to parts that are not there, and parts that none refers to, of a content that
/// is open. `ids` has the Content-IDs of parts by their labels.
pub(super) fn warnings(root: &Entity, ids: &HashMap<String, ContentId>) -> Vec<Warning> {
    let documents = root.all().filter_map(|entity| match &entity.kind {
        EntityKind::Text(_, text) => text.references(),
        _ => None,
    });
    let mut references: Option<References> = None;
    for document in documents {
        references.get_or_insert_default().extend(document);
    }
    // Without a document, all parts are shown one after the other.
    let Some(references) = references else {
        return Vec::new();
    };
    let missing = references.missing.into_iter();
    let missing = missing.map(|id| Warning::NoPart { id });
    let labels = ids.iter().map(|(label, id)| (id.as_str(), label.as_str()));
    let labels: HashMap<_, _> = labels.collect();
    let parts = root
        .all()
        .filter_map(|entity| Some((entity.content_id.as_ref()?.as_str(), entity)));
    let parts: BTreeMap<_, _> = parts.collect();
    let unused = parts
        .iter()
        .filter(|(id, _)| !references.parts.contains(**id));
    let unused = unused.map(|(id, entity)| Warning::NotShown {
        id: shown(labels.get(id).unwrap_or(id)),
        name: entity.shown_name().as_deref().map(shown),
    });
    let local = references.local.into_iter();
    let local = local.map(|src| Warning::LocalPicture { src });
    missing
        .chain(unused)
        .chain(local)
        .take(Warning::MAX)
        .collect()
}
