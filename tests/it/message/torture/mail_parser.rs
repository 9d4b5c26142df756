//! The facts that the crate `mail-parser` finds in a mail.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::{
    Address, Encoding, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders,
    PartType,
};
use serde_json::json;

use super::case::{Facts, fingerprint};

pub(super) fn read(octets: &[u8]) -> Facts {
    let parser = MessageParser::new()
        .with_mime_headers()
        .with_date_headers()
        .with_address_headers()
        .with_message_ids()
        .default_header_text();
    let message = parser.parse(octets).unwrap();
    let mut facts = Facts::new();
    let problems = message.parts.iter().filter(|part| part.is_encoding_problem);
    let problems: Vec<_> = problems.map(|part| part.content_type().is_some()).collect();
    facts.insert("defects".to_owned(), json!(problems));
    for header in message.headers() {
        let name = header.name.as_str().to_lowercase();
        match (&header.name, &header.value) {
            (_, HeaderValue::Address(address)) => mailboxes(&name, address, &mut facts),
            (HeaderName::Date, HeaderValue::DateTime(date)) => {
                let minutes = i64::from(date.tz_hour) * 60 + i64::from(date.tz_minute);
                let zone = if date.tz_before_gmt {
                    -minutes
                } else {
                    minutes
                };
                facts.insert("date".to_owned(), date.to_timestamp().into());
                facts.insert("zone".to_owned(), zone.into());
            }
            (HeaderName::Subject | HeaderName::MessageId, value) => {
                facts.insert(name, value.as_text().unwrap_or_default().into());
            }
            (HeaderName::References | HeaderName::InReplyTo, value) => {
                let list = value.as_text_list().map(|ids| json!(ids));
                let ids = list.unwrap_or_else(|| json!([value.as_text().unwrap_or_default()]));
                facts.insert(format!("ids {name}"), ids);
            }
            (mime, _) if mime.is_mime_header() || *mime == HeaderName::MimeVersion => {}
            (_, value) => {
                let values = facts.entry(format!("field {name}"));
                let values = values.or_insert_with(|| json!([]));
                let value = value.as_text().unwrap_or_default();
                values.as_array_mut().unwrap().push(value.into());
            }
        }
    }
    entity(&message, message.root_part(), "/", &mut facts);
    facts
}

fn mailboxes(field: &str, address: &Address, facts: &mut Facts) {
    let found: Vec<_> = address.iter().collect();
    if !found.is_empty() {
        let addresses: Vec<_> = found.iter().map(|one| one.address()).collect();
        let names: Vec<_> = found.iter().map(|o| o.name().unwrap_or_default()).collect();
        facts.insert(field.to_owned(), json!(addresses));
        facts.insert(format!("{field} names"), json!(names));
    }
    if let Address::Group(groups) = address {
        let names: Vec<_> = groups.iter().filter_map(|g| g.name.as_deref()).collect();
        if !names.is_empty() {
            facts.insert(format!("{field} groups"), json!(names));
        }
    }
}

fn entity(message: &Message, part: &MessagePart, place: &str, facts: &mut Facts) {
    let mut fact = |name: &str, value| {
        facts.insert(format!("{place} {name}"), value);
    };
    if let Some(found) = part.content_type() {
        let media_type = match found.subtype() {
            Some(subtype) => format!("{}/{subtype}", found.ctype()),
            None => found.ctype().to_owned(),
        };
        fact("type", media_type.into());
        let parameters = found.attributes().unwrap_or_default().iter();
        let parameters: Facts = parameters
            .filter(|one| one.name != "boundary")
            .map(|one| (one.name.to_string(), one.value.as_ref().into()))
            .collect();
        if !parameters.is_empty() {
            fact("parameters", parameters.into());
        }
    }
    if let Some(found) = part.content_disposition() {
        fact("disposition", found.ctype().into());
    }
    if let Some(name) = part.attachment_name() {
        fact("name", name.into());
    }
    if let Some(id) = part.content_id() {
        fact("id", id.into());
    }
    if let Some(language) = part.content_language().as_text() {
        fact("language", language.into());
    }
    let is_attachment = part
        .content_disposition()
        .is_some_and(mail_parser::ContentType::is_attachment);
    match &part.body {
        PartType::Text(text) | PartType::Html(text) if !is_attachment => {
            fact("text", text.as_ref().into());
        }
        PartType::Multipart(children) => {
            for (at, child) in children.iter().enumerate() {
                let place = place.trim_end_matches('/');
                let child = message.part(*child).unwrap();
                entity(message, child, &format!("{place}/{}", at + 1), facts);
            }
        }
        PartType::Message(inner) => {
            let place = place.trim_end_matches('/');
            entity(inner, inner.root_part(), &format!("{place}/1"), facts);
        }
        // It also decodes the charset of a text that is attached.
        PartType::Text(_) | PartType::Html(_) => {
            let range = part.raw_body_offset() as usize..part.raw_end_offset() as usize;
            let raw = &message.raw_message()[range];
            let octets = match part.encoding {
                Encoding::Base64 => &base64_decode(raw).unwrap()[..],
                _ => raw,
            };
            fact("octets", fingerprint(octets).into());
        }
        _ => fact("octets", fingerprint(part.contents()).into()),
    }
}
