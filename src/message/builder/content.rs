//! The content of a message as readers expect it.

use std::collections::HashSet;

use super::super::entity::Kind;
use super::super::html::cid;
use super::super::{Attachment, ContentId, Disposition, Entity, Language, MessageError, Warning};
use super::{MessageBuilder, limit};

#[derive(Default)]
pub(super) struct Content {
    pub(super) text: Option<Entity>,
    pub(super) html: Option<String>,
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

impl Content {
    /// One part with all the others in it.
    pub(super) fn into_entity(mut self) -> Result<Root, MessageError> {
        limit(
            "the number of attachments",
            self.attachments.len() + self.inline.len(),
            MessageBuilder::MAX_ATTACHMENTS,
        )?;
        let root = match self.whole.take() {
            Some(whole) => {
                self.nothing_else()?;
                whole
            }
            None => self.compose()?,
        };
        Ok(Root {
            warnings: warnings(&root),
            entity: root,
        })
    }

    fn nothing_else(&self) -> Result<(), MessageError> {
        let others = [
            ("a text", self.text.is_some()),
            ("a document in HTML", self.html.is_some()),
            ("a calendar", self.calendar.is_some()),
            ("inline parts", !self.inline.is_empty()),
            ("attachments", !self.attachments.is_empty()),
        ];
        match others.into_iter().find(|(_, there)| *there) {
            Some((other, _)) => Err(MessageError::TwoContents { other }),
            None => Ok(()),
        }
    }

    fn compose(mut self) -> Result<Entity, MessageError> {
        #[cfg(feature = "html")]
        self.take_images()?;
        let language = self.language.take();
        let in_language = |mut entity: Entity| {
            entity.language.clone_from(&language);
            entity
        };
        let inline = identified(self.inline)?;
        let mut forms: Vec<_> = self.text.into_iter().map(in_language).collect();
        // What is shown behind the text, if no document shows it.
        let mut shown = Vec::new();
        match self.html {
            Some(html) => {
                let find = |label: &str| inline.iter().find(|part| part.label == label);
                let html = cid::replace(&html, |label| find(label).map(|part| part.id.to_string()));
                let document = in_language(Entity::html(&html));
                let parts = inline.into_iter().map(|part| part.entity);
                forms.push(one_or(
                    Entity::related,
                    [document].into_iter().chain(parts),
                )?);
            }
            None => shown.extend(inline.into_iter().map(|part| part.entity)),
        }
        forms.extend(self.calendar.map(in_language));
        let has_parts = !shown.is_empty() || !self.attachments.is_empty();
        if forms.is_empty() && !has_parts {
            forms.push(Entity::text(""));
        }
        let body = if forms.is_empty() {
            None
        } else {
            Some(one_or(Entity::alternative, forms)?)
        };
        if !has_parts {
            return body.ok_or(MessageError::NoPart);
        }
        // An attachment alone is one in a multipart, too: readers show it with its name.
        Entity::mixed(body.into_iter().chain(shown).chain(self.attachments))
    }

    #[cfg(feature = "html")]
    fn take_images(&mut self) -> Result<(), MessageError> {
        let (Some(directory), Some(html)) = (self.images.take(), &self.html) else {
            return Ok(());
        };
        let found = super::super::html::images::local_images(html)?;
        for image in found.images {
            let file = Attachment::file(directory.join(image.path));
            self.inline.push((image.label, file));
        }
        self.html = Some(found.html);
        Ok(())
    }
}

/// A part that is shown, and what it is called.
struct Shown {
    label: String,
    id: ContentId,
    entity: Entity,
}

fn identified(inline: Vec<(String, Attachment)>) -> Result<Vec<Shown>, MessageError> {
    let mut shown: Vec<Shown> = Vec::with_capacity(inline.len());
    let mut labels = HashSet::new();
    for (label, attachment) in inline {
        if !labels.insert(label.clone()) {
            return Err(MessageError::Label { label });
        }
        let id = label.parse().or_else(|_| ContentId::random())?;
        let part = attachment.disposition(Disposition::Inline);
        shown.push(Shown {
            label,
            entity: Entity::from(part).content_id(id.clone()),
            id,
        });
    }
    Ok(shown)
}

/// The only part, or a multipart of all.
fn one_or<I: IntoIterator<Item = Entity>>(
    multipart: fn(Vec<Entity>) -> Result<Entity, MessageError>,
    parts: I,
) -> Result<Entity, MessageError> {
    let mut parts: Vec<_> = parts.into_iter().collect();
    match parts.pop() {
        Some(only) if parts.is_empty() => Ok(only),
        last => {
            parts.extend(last);
            multipart(parts)
        }
    }
}

impl Root {
    /// That there are not too many parts, nor too deep.
    pub(super) fn check(&self) -> Result<(), MessageError> {
        let (mut count, mut deepest) = (0, 0);
        self.entity.visit(&mut |_, depth| {
            count += 1;
            deepest = deepest.max(depth);
        });
        limit("the number of parts", count, Entity::MAX_PARTS)?;
        limit("the depth of parts", deepest, Entity::MAX_DEPTH)
    }
}

/// References of documents to parts that are not there, and parts that none refers to.
fn warnings(root: &Entity) -> Vec<Warning> {
    let mut references = HashSet::new();
    let mut ids = Vec::new();
    root.visit(&mut |entity, _| {
        if let Kind::Text(media_type, text) = &entity.kind
            && media_type.essence() == "text/html"
        {
            references.extend(cid::references(text.as_str()));
        }
        ids.extend(entity.content_id.as_ref().map(ContentId::as_str));
    });
    let mut missing: Vec<_> = references
        .iter()
        .filter(|id| !ids.contains(&id.as_str()))
        .map(|id| Warning::NoPart { id: id.clone() })
        .collect();
    missing.sort_by_key(ToString::to_string);
    let unused = ids
        .into_iter()
        .filter(|id| !references.contains(*id))
        .map(|id| Warning::NotShown { id: id.to_owned() });
    missing.into_iter().chain(unused).collect()
}
