//! From flags to a message.

mod content;
mod errors;

use std::str::FromStr;

use pilotfish::Message;
use pilotfish::address::{Address, AddressError, Mailbox, ReversePath};
use pilotfish::message::{Body, ListUnsubscribe, MessageBuilder, RawBuilder};

use crate::args::{AddressArguments, FieldArguments, MailArguments};
use crate::failure::Failure;
use content::with_content;
pub(crate) use errors::cannot_make;
use errors::no_author;

/// Makes the message. All its files are opened here, before anything is sent.
///
/// `body` is the finished message, if one is sent. `default_from` is the author if `--from` names none.
pub(crate) async fn compose(
    mail: MailArguments,
    body: Option<Body>,
    default_from: Option<Mailbox>,
) -> Result<Message, Failure> {
    let MailArguments {
        addresses,
        content,
        fields,
        raw: finished,
    } = mail;
    if finished.repair && finished.raw.is_none() && content.forward.is_empty() {
        let message = "--repair is for the mails of --raw and --forward: add one of them";
        return Err(Failure::usage(message));
    }
    let authors = authors(addresses.from.as_deref(), default_from)?;
    let made = if let Some(body) = body {
        let mut builder = raw(body, authors, &addresses)?;
        if finished.read_recipients {
            builder = builder.recipients_from_fields();
        }
        if finished.repair {
            builder = builder.repair();
        }
        builder.build().await
    } else {
        if authors.is_empty() {
            return Err(no_author());
        }
        let builder = addressed(Message::builder().from(authors), &addresses)?;
        let mut builder = with_fields(builder, fields)?;
        if finished.repair {
            builder = builder.repair_forwarded();
        }
        with_content(builder, content).await?.build().await
    };
    made.map_err(|error| cannot_make(&error))
}

fn addressed(
    builder: MessageBuilder,
    addresses: &AddressArguments,
) -> Result<MessageBuilder, Failure> {
    let builder = builder
        .to(list("--to", &addresses.to)?)
        .cc(list("--cc", &addresses.cc)?)
        .bcc(list("--bcc", &addresses.bcc)?);
    Ok(match reverse_path(addresses)? {
        Some(path) => builder.reverse_path(path),
        None => builder,
    })
}

/// A message that was made elsewhere.
fn raw(
    body: Body,
    authors: Vec<Address>,
    addresses: &AddressArguments,
) -> Result<RawBuilder, Failure> {
    let mut builder = Message::raw(body)
        .to(list("--to", &addresses.to)?)
        .to(list("--cc", &addresses.cc)?)
        .to(list("--bcc", &addresses.bcc)?);
    if let Some(path) = reverse_path(addresses)? {
        builder = builder.reverse_path(path);
    }
    match <[Address; 1]>::try_from(authors) {
        Ok([Address::Mailbox(author)]) => Ok(builder.from(author)),
        Err(none) if none.is_empty() => Ok(builder),
        _ => Err(Failure::bad_mail(
            "in --from: a finished message that has no author gets one mailbox, no list",
        )),
    }
}

fn with_fields(
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

/// The authors of the mail: none if neither names one.
fn authors(from: Option<&str>, default: Option<Mailbox>) -> Result<Vec<Address>, Failure> {
    match from {
        Some(from) => Address::parse_list(from).map_err(|error| bad_address("--from", &error)),
        None => Ok(default.map(Address::from).into_iter().collect()),
    }
}

/// Reads the addresses of a flag that can be given several times.
pub(crate) fn list(flag: &str, lists: &[String]) -> Result<Vec<Address>, Failure> {
    let mut addresses = Vec::new();
    for list in lists {
        addresses.extend(Address::parse_list(list).map_err(|error| bad_address(flag, &error))?);
    }
    Ok(addresses)
}

fn reverse_path(addresses: &AddressArguments) -> Result<Option<ReversePath>, Failure> {
    match addresses.envelope_from.as_deref() {
        Some("<>") => Ok(Some(ReversePath::Null)),
        Some(address) => parse("--envelope-from", address).map(Some),
        None => Ok(None),
    }
}

/// Reads a single address or domain of a flag.
pub(crate) fn parse<T: FromStr<Err = AddressError>>(flag: &str, text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| bad_address(flag, &error))
}

fn bad_address(flag: &str, error: &AddressError) -> Failure {
    Failure::bad_mail(format!("in {flag}: {error}"))
}
