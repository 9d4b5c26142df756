//! Turns a row of a table into a message and its expected facts. Only this file uses the builder.

use std::fmt::Debug;
use std::str::FromStr;

use pilotfish::address::Mailbox;
use pilotfish::message::{Attachment, Body, BodyType, Message, MessageBuilder};
use serde_json::{Value, json};

use crate::support::built::try_built;

use super::case::{Case, Content, Entity, Expected, Facts};
use super::wire::octets;

const DATE: (&str, i64, i64) = ("Tue, 1 Jul 2003 10:52:37 +0200", 1_057_049_557, 120);
const ID: &str = "1.2@x.test";

/// Starts a mail for a row: from `from@x.test` to `to@x.test`, unless the row sets them.
pub(super) fn mail(row: &str, input: &str) -> Mail {
    Mail {
        name: format!("{row} {}", shown(input)),
        ..Mail::default()
    }
}

/// The contents of a mail.
#[derive(Default)]
pub(super) struct Mail {
    name: String,
    /// By field name: `from`, `to`, ..
    mailboxes: Vec<(&'static str, Address)>,
    subject: Option<String>,
    date: Option<(&'static str, i64, i64)>,
    message_id: Option<String>,
    fields: Vec<(String, String)>,
    ids: Vec<(&'static str, Vec<String>)>,
    text: Option<String>,
    files: Vec<File>,
    /// Any other field, and the text that a reader finds.
    others: Vec<Build>,
    facts: Facts,
    seen: Option<Entity>,
    variant: &'static str,
}

type Build = Box<dyn FnOnce(MessageBuilder) -> MessageBuilder>;

struct Address {
    name: String,
    given: String,
    /// The text that a reader finds.
    seen: String,
}

struct File {
    given: String,
    /// Only if it cannot be guessed.
    media_type: Option<String>,
    expected: Entity,
}

impl Mail {
    /// Adds a mailbox to one of the fields that have mailboxes.
    pub(super) fn mailbox(self, field: &'static str, name: &str, address: &str) -> Self {
        self.mailbox_seen_as(field, name, address, address)
    }

    /// Adds a mailbox whose address is written in another form than given.
    pub(super) fn mailbox_seen_as(
        mut self,
        field: &'static str,
        name: &str,
        given: &str,
        seen: &str,
    ) -> Self {
        let [name, given, seen] = [name, given, seen].map(str::to_owned);
        self.mailboxes.push((field, Address { name, given, seen }));
        self
    }

    pub(super) fn subject(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    /// Sets the date: the text, the seconds since 1970, and the offset from UTC in minutes.
    pub(super) fn date(mut self, date: &'static str, seconds: i64, zone: i64) -> Self {
        self.date = Some((date, seconds, zone));
        self
    }

    pub(super) fn message_id(mut self, id: &str) -> Self {
        self.message_id = Some(id.to_owned());
        self
    }

    pub(super) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a field of message identifiers, given without their brackets.
    pub(super) fn ids(mut self, name: &'static str, ids: Vec<String>) -> Self {
        self.ids.push((name, ids));
        self
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.text = Some(text.to_owned());
        self
    }

    /// Attaches an image.
    pub(super) fn attach(self, name: &str, octets: &[u8]) -> Self {
        self.attach_seen_as(name, name, octets)
    }

    /// Attaches an image whose name is only a part of the given text.
    pub(super) fn attach_seen_as(self, given: &str, seen: &str, octets: &[u8]) -> Self {
        self.file(given, seen, octets, Some("image/png"), "image/png")
    }

    /// Attaches octets whose media type has to be guessed.
    pub(super) fn guess(self, name: &str, octets: &[u8], media_type: &str) -> Self {
        self.file(name, name, octets, None, media_type)
    }

    /// Attaches an image with the given media type, and the type that readers find.
    pub(super) fn attach_as(self, given: &str, seen: &str, parameters: Value) -> Self {
        let mut mail = self.file("a.png", "a.png", b"octets", Some(given), seen);
        let Value::Object(parameters) = parameters else {
            panic!("parameters are an object");
        };
        mail.files.last_mut().unwrap().expected.parameters = parameters;
        mail
    }

    fn file(
        mut self,
        given: &str,
        seen: &str,
        octets: &[u8],
        given_type: Option<&str>,
        media_type: &str,
    ) -> Self {
        self.files.push(File {
            given: given.to_owned(),
            media_type: given_type.map(str::to_owned),
            expected: Entity::file(media_type, seen, octets),
        });
        self
    }

    /// Adds any other content.
    pub(super) fn with(
        mut self,
        build: impl FnOnce(MessageBuilder) -> MessageBuilder + 'static,
    ) -> Self {
        self.others.push(Box::new(build));
        self
    }

    /// Sets the facts that a reader finds in the header.
    pub(super) fn fact(mut self, fact: &str, value: Value) -> Self {
        self.facts.insert(fact.to_owned(), value);
        self
    }

    /// Sets the content that a reader finds.
    pub(super) fn seen(mut self, entity: Entity) -> Self {
        self.seen = Some(entity);
        self
    }

    /// Adds an address that makes the fields of the mail UTF-8 (RFC 6532).
    pub(super) fn in_utf8(mut self) -> Self {
        self.variant = "UTF-8";
        self.mailbox("cc", "", "jörg@x.test")
    }

    /// Builds the message for every kind of server that makes a difference.
    pub(super) fn cases(mut self) -> Vec<Case> {
        for field in ["from", "to"] {
            let fields: &[&str] = match field {
                "to" => &["to", "cc", "bcc"],
                _ => &["from"],
            };
            if !self.mailboxes.iter().any(|(f, _)| fields.contains(f)) {
                self = self.mailbox(field, "", &format!("{field}@x.test"));
            }
        }
        let seen = self.seen.take();
        let expected = Expected {
            header: self.expected_header(),
            entity: seen.unwrap_or_else(|| self.expected_entity()),
        };
        let message = self.message();
        let mut cases: Vec<Case> = Vec::new();
        for (most, label) in [
            (BodyType::SevenBit, ""),
            (BodyType::EightBit, "8bit"),
            (BodyType::Binary, "binary"),
        ] {
            let rendition = message.rendition(most);
            let data = rendition.body_type();
            let octets = octets(&self.name, rendition);
            if cases.last().is_some_and(|before| before.octets == octets) {
                continue;
            }
            let mut expected = expected.clone();
            expected.entity.identify(&ids(&octets));
            cases.push(Case {
                name: self.name.clone(),
                variant: format!("{label} {}", self.variant).trim().to_owned(),
                data,
                octets,
                expected,
            });
        }
        cases
    }

    fn message(&mut self) -> Message {
        let (date, ..) = self.date.unwrap_or(DATE);
        let id = self.message_id.as_deref().unwrap_or(ID);
        let mut builder = Message::builder()
            .max_body_type(BodyType::Binary)
            .date(date)
            .message_id(format!("<{id}>"));
        for (field, address) in &self.mailboxes {
            let mut mailbox = Mailbox::new(parsed(&address.given));
            if !address.name.is_empty() {
                mailbox = mailbox.with_name(parsed(&address.name));
            }
            builder = match *field {
                "from" => builder.from(mailbox),
                "sender" => builder.sender(mailbox),
                "reply-to" => builder.reply_to(mailbox),
                "to" => builder.to(mailbox),
                "cc" => builder.cc(mailbox),
                "bcc" => builder.bcc(mailbox),
                other => panic!("no mailboxes in {other}"),
            };
        }
        if let Some(subject) = &self.subject {
            builder = builder.subject(subject);
        }
        for (name, value) in &self.fields {
            builder = builder.header(name, value);
        }
        for (name, ids) in &self.ids {
            for id in ids {
                let id = &format!("<{id}>");
                builder = match *name {
                    "In-Reply-To" => builder.in_reply_to(id),
                    _ => builder.reference(id),
                };
            }
        }
        if let Some(text) = &self.text {
            builder = builder.text(text);
        }
        for file in &self.files {
            let Content::Octets(octets) = &file.expected.content else {
                unreachable!("a file has octets");
            };
            let mut file_built = Attachment::new(Body::bytes(octets.clone()), &file.given);
            if let Some(media_type) = &file.media_type {
                file_built = file_built.media_type(media_type);
            }
            builder = builder.attach(file_built);
        }
        for build in self.others.drain(..) {
            builder = build(builder);
        }
        try_built(builder).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn expected_header(&self) -> Facts {
        let mut facts = Facts::new();
        let mut append = |fact: String, value: &str| {
            let values = facts.entry(fact).or_insert_with(|| json!([]));
            values.as_array_mut().unwrap().push(value.into());
        };
        for (field, address) in self.mailboxes.iter().filter(|(field, _)| *field != "bcc") {
            append((*field).to_owned(), &address.seen);
            append(format!("{field} names"), &address.name);
        }
        for (name, value) in &self.fields {
            append(format!("field {}", name.to_lowercase()), value);
        }
        for (name, ids) in &self.ids {
            facts.insert(format!("ids {}", name.to_lowercase()), json!(ids));
        }
        // RFC 5322 section 3.4: a group without members.
        if !facts.contains_key("to") && !facts.contains_key("cc") {
            facts.insert("to groups".to_owned(), json!(["undisclosed-recipients"]));
        }
        if let Some(subject) = &self.subject {
            facts.insert("subject".to_owned(), subject.as_str().into());
        }
        let (_, seconds, zone) = self.date.unwrap_or(DATE);
        facts.insert("date".to_owned(), seconds.into());
        facts.insert("zone".to_owned(), zone.into());
        let id = self.message_id.as_deref().unwrap_or(ID);
        facts.insert("message-id".to_owned(), id.into());
        facts.extend(self.facts.clone());
        facts
    }

    fn expected_entity(&self) -> Entity {
        let text = self.text.as_deref();
        let text = text.map(|text| Entity::text("text/plain", text));
        if self.files.is_empty() {
            return text.unwrap_or_else(|| Entity::text("text/plain", ""));
        }
        let files = self.files.iter().map(|file| file.expected.clone());
        let entities: Vec<_> = text.into_iter().chain(files).collect();
        Entity::multipart("mixed", entities)
    }
}

/// The identifiers of the entities, in order.
fn ids(octets: &[u8]) -> Vec<String> {
    let lines = octets.split(|octet| *octet == b'\n');
    let ids = lines.filter_map(|line| line.strip_prefix(b"Content-ID: <"));
    ids.map(|id| {
        String::from_utf8_lossy(id)
            .trim_end_matches(['>', '\r'])
            .to_owned()
    })
    .collect()
}

pub(super) fn parsed<T: FromStr>(text: &str) -> T
where
    T::Err: Debug,
{
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

/// A shortened input for the name of a case.
fn shown(input: &str) -> String {
    const SHOWN: usize = 16;
    let count = input.chars().count();
    if count <= 2 * SHOWN {
        return format!("{input:?}");
    }
    let first: String = input.chars().take(SHOWN).collect();
    let last: String = input.chars().skip(count - SHOWN).collect();
    format!("{first:?}..{last:?} ({count})")
}
