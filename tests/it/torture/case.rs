//! A message, and what every reader has to find in it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// What a reader finds, each fact under a name of its own: `subject`, `to`, `to names`,
/// `field x-field`, `/1 type`, `/2 name`. A fact that is not there is no fact.
///
/// Entities are numbered as IMAP does it, with `/` for the outermost.
pub(super) type Facts = Map<String, Value>;

/// One row of the tables, built.
pub(super) struct Case {
    /// The row, and its input: `H4 "=?"`. Deviations go by it.
    pub(super) name: String,
    pub(super) octets: Vec<u8>,
    pub(super) expected: Expected,
}

pub(super) struct Expected {
    /// The facts about the header of the message.
    pub(super) header: Facts,
    /// What the message is made of.
    pub(super) entity: Entity,
}

/// An entity (RFC 2045 section 2.4).
#[derive(Clone)]
pub(super) struct Entity {
    pub(super) media_type: String,
    /// Those of the media type, without the boundary.
    pub(super) parameters: Facts,
    pub(super) disposition: Option<String>,
    pub(super) name: Option<String>,
    /// The Content-ID, without its brackets.
    pub(super) id: Option<String>,
    pub(super) content: Content,
}

#[derive(Clone)]
pub(super) enum Content {
    /// A text to be shown; its line ends as they travel.
    Text(String),
    /// Octets to be saved.
    Octets(Vec<u8>),
    Entities(Vec<Entity>),
}

impl Expected {
    /// For readers that give the tree of entities.
    pub(super) fn tree(&self) -> Facts {
        let mut facts = self.header();
        self.entity.write("/", &mut facts);
        facts
    }

    /// For readers that give one text, one document and a list of files.
    pub(super) fn list(&self) -> Facts {
        let mut facts = self.header();
        let (mut text, mut html, mut files) = (String::new(), String::new(), 0);
        for leaf in self.entity.leaves() {
            match &leaf.content {
                Content::Text(more) if leaf.media_type == "text/html" => html.push_str(more),
                Content::Text(more) => text.push_str(more),
                _ => {
                    files += 1;
                    leaf.write(&format!("file {files}"), &mut facts);
                }
            }
        }
        for (name, value) in [("text", text), ("html", html)] {
            if !value.is_empty() {
                facts.insert(name.to_owned(), value.into());
            }
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
        ];
        for (name, value) in more {
            if let Some(value) = value {
                fact(name, value.as_str().into());
            }
        }
        match &self.content {
            Content::Text(text) => fact("text", text.as_str().into()),
            Content::Octets(octets) => fact("octets", fingerprint(octets).into()),
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

/// How many octets there are, and their SHA-256.
pub(super) fn fingerprint(octets: &[u8]) -> String {
    let mut text = format!("{} ", octets.len());
    for octet in Sha256::digest(octets) {
        write!(text, "{octet:02x}").unwrap();
    }
    text
}
