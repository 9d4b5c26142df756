//! From flags to header fields.

use pilotfish::address::Mailbox;
use pilotfish::message::{ListUnsubscribe, MessageBuilder};

use super::addresses::bad_address;
use super::{list, parse};
use crate::args::FieldArguments;
use crate::failure::Failure;

pub(super) fn with_fields(
    mut builder: MessageBuilder,
    fields: FieldArguments,
) -> Result<MessageBuilder, Failure> {
    builder = builder.reply_to(list("--reply-to", &fields.reply_to)?);
    if let Some(subject) = fields.subject {
        builder = builder.subject(subject);
    }
    if let Some(sender) = fields.sender {
        let sender: Mailbox = parse("--sender", &sender)?;
        builder = builder.sender(sender);
    }
    if let Some(date) = fields.date {
        builder = builder.date(date);
    }
    if let Some(id) = fields.message_id {
        builder = builder.message_id(id);
    }
    // A conversation has at least the mail that is answered (RFC 5322 section 3.6.4).
    let references = match fields.references {
        none if none.is_empty() => fields.in_reply_to.clone(),
        references => references,
    };
    for id in fields.in_reply_to.into_iter().flat_map(|ids| ids.0) {
        builder = builder.in_reply_to(id);
    }
    for id in references.into_iter().flat_map(|ids| ids.0) {
        builder = builder.reference(id);
    }
    let unsubscribe = match (fields.list_unsubscribe, fields.list_unsubscribe_mailto) {
        (Some(url), Some(address)) => Some(url.or_mail_to(address)),
        (url, None) => url.map(Ok),
        (None, Some(address)) => Some(ListUnsubscribe::mail_to(address)),
    };
    let bad = |error| bad_address("--list-unsubscribe-mailto", &error);
    if let Some(unsubscribe) = unsubscribe.transpose().map_err(bad)? {
        builder = builder.list_unsubscribe(unsubscribe);
    }
    if let Some(automatic) = fields.auto_submitted {
        builder = builder.auto_submitted(automatic);
    }
    for (name, value) in fields.header {
        builder = builder.header(name, value);
    }
    Ok(builder)
}
