//! A message, and the facts that every reader has to find in it.

use std::fmt::Write as _;

use pilotfish::message::BodyType;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The facts that a reader finds, each by name: `subject`, `to`, `to names`, `field x-field`, `/1
/// type`, `/2 name`. A missing value is not a fact.
///
/// Entities are numbered as IMAP does it, with `/` for the outermost.
pub(super) type Facts = Map<String, Value>;

/// One row of the tables, built.
pub(super) struct Case {
    /// The row, and its input: `H4 "=?"`. `deviations` refers to cases by this name.
    pub(super) name: String,
    /// The extensions that carry it: ` 8bit, UTF-8`. Empty if any server can.
    pub(super) variant: String,
    pub(super) data: BodyType,
    pub(super) octets: Vec<u8>,
    pub(super) expected: Expected,
}

#[derive(Clone)]
pub(super) struct Expected {
    /// The facts about the header of the message.
    pub(super) header: Facts,
    /// The contents of the message.
    pub(super) entity: Entity,
}

/// An entity (RFC 2045 section 2.4).
#[derive(Clone)]
pub(super) struct Entity {
    pub(super) media_type: String,
    /// The parameters of the media type, without the boundary.
    pub(super) parameters: Facts,
    pub(super) disposition: Option<String>,
    pub(super) name: Option<String>,
    /// The Content-ID, without its brackets.
    pub(super) id: Option<String>,
    pub(super) language: Option<String>,
    pub(super) content: Content,
}

#[derive(Clone)]
pub(super) enum Content {
    /// A text to display, with its line ends as they are sent.
    Text(String),
    /// A text as it is sent, and as a reader shows it that supports `format=flowed`.
    Flowed(String, String),
    /// Octets to save.
    Octets(Vec<u8>),
    Entities(Vec<Entity>),
    /// A message: its octets, and its contents.
    Message(Vec<u8>, Box<Entity>),
}

impl Expected {
    /// For readers that return the tree of entities.
    pub(super) fn tree(&self) -> Facts {
        let mut facts = self.header();
        self.entity.write("/", &mut facts);
        facts
    }

    /// For readers that return one text, one document and a list of files.
    pub(super) fn list(&self) -> Facts {
        let mut facts = self.header();
        let (mut text, mut html, mut files) = (String::new(), String::new(), 0);
        let leaves = self.entity.leaves();
        for leaf in &leaves {
            match (leaf.media_type.as_str(), &leaf.content) {
                ("text/html", Content::Text(more)) => html.push_str(more),
                ("text/plain", Content::Text(more) | Content::Flowed(_, more)) => {
                    text.push_str(more);
                }
                _ => {
                    files += 1;
                    leaf.write_file(&format!("file {files}"), &mut facts);
                }
            }
        }
        let ids = leaves.iter().filter_map(|leaf| leaf.id.as_ref());
        let linked: usize = ids
            .map(|id| html.matches(&format!("cid:{id}")).count())
            .sum();
        for (name, value) in [("text", text), ("html", html)] {
            if !value.is_empty() {
                facts.insert(name.to_owned(), value.into());
            }
        }
        if linked > 0 {
            facts.insert("linked".to_owned(), linked.into());
        }
        facts
    }

    fn header(&self) -> Facts {
        let mut facts = self.header.clone();
        facts.insert("defects".to_owned(), json!([]));
        facts
    }
}

impl Entity {
    pub(super) fn new(media_type: &str, content: Content) -> Self {
        Self {
            media_type: media_type.to_owned(),
            parameters: Facts::new(),
            disposition: None,
            name: None,
            id: None,
            language: None,
            content,
        }
    }

    /// A text that was converted by `given`, by the rule for line ends: each is a line break, and
    /// there is one at the end.
    pub(super) fn text(media_type: &str, given: &str) -> Self {
        let mut text = given.replace("\r\n", "\n").replace('\r', "\n");
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let text = Content::Text(text.replace('\n', "\r\n"));
        Self::new(media_type, text).parameter("charset", "utf-8")
    }

    /// A file to save.
    pub(super) fn file(media_type: &str, name: &str, octets: &[u8]) -> Self {
        Self {
            disposition: Some("attachment".to_owned()),
            name: Some(name.to_owned()),
            ..Self::new(media_type, Content::Octets(octets.to_vec()))
        }
    }

    /// A file to display.
    pub(super) fn inline(media_type: &str, name: &str, octets: &[u8], id: &str) -> Self {
        Self {
            disposition: Some("inline".to_owned()),
            id: Some(id.to_owned()),
            ..Self::file(media_type, name, octets)
        }
    }

    pub(super) fn multipart(subtype: &str, entities: impl Into<Vec<Self>>) -> Self {
        let media_type = format!("multipart/{subtype}");
        Self::new(&media_type, Content::Entities(entities.into()))
    }

    pub(super) fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn language(mut self, language: &str) -> Self {
        self.language = Some(language.to_owned());
        self
    }

    /// Replaces `#1#`, `#2#` .. by the identifiers that are found in a message.
    pub(super) fn identify(&mut self, ids: &[String]) {
        let replace = |text: &mut String| {
            for (at, id) in ids.iter().enumerate() {
                *text = text.replace(&format!("#{}#", at + 1), id);
            }
        };
        self.id.iter_mut().for_each(replace);
        match &mut self.content {
            Content::Text(text) if !ids.is_empty() => replace(text),
            Content::Entities(entities) => entities.iter_mut().for_each(|e| e.identify(ids)),
            _ => {}
        }
    }

    /// A leaf for readers that treat every leaf as a file.
    fn write_file(&self, place: &str, facts: &mut Facts) {
        let content = match &self.content {
            Content::Text(text) => Content::Octets(text.clone().into()),
            Content::Message(octets, _) => Content::Octets(octets.clone()),
            other => other.clone(),
        };
        Self {
            content,
            ..self.clone()
        }
        .write(place, facts);
    }

    fn write(&self, place: &str, facts: &mut Facts) {
        let mut fact = |name: &str, value: Value| {
            facts.insert(format!("{place} {name}"), value);
        };
        fact("type", self.media_type.as_str().into());
        if !self.parameters.is_empty() {
            fact("parameters", self.parameters.clone().into());
        }
        let more = [
            ("disposition", &self.disposition),
            ("name", &self.name),
            ("id", &self.id),
            ("language", &self.language),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                fact(name, value.as_str().into());
            }
        }
        match &self.content {
            Content::Text(text) | Content::Flowed(text, _) => fact("text", text.as_str().into()),
            Content::Octets(octets) => fact("octets", fingerprint(octets).into()),
            Content::Message(_, inner) => {
                inner.write(&format!("{}/1", place.trim_end_matches('/')), facts);
            }
            Content::Entities(entities) => {
                for (at, entity) in entities.iter().enumerate() {
                    let place = place.trim_end_matches('/');
                    entity.write(&format!("{place}/{}", at + 1), facts);
                }
            }
        }
    }

    fn leaves(&self) -> Vec<&Self> {
        match &self.content {
            Content::Entities(entities) => entities.iter().flat_map(Self::leaves).collect(),
            _ => vec![self],
        }
    }
}

/// The number of octets, and their SHA-256.
pub(super) fn fingerprint(octets: &[u8]) -> String {
    let mut text = format!("{} ", octets.len());
    for octet in Sha256::digest(octets) {
        write!(text, "{octet:02x}").unwrap();
    }
    text
}
