//! From what was typed to a message.

use pilotfish::address::{Address, AddressError, Mailbox};
use pilotfish::message::{BodyError, MessageError};
use pilotfish::{Attachment, Message};

use crate::args::MailArguments;
use crate::attach_spec::AttachSpec;
use crate::exit;
use crate::failure::Failure;

/// Builds the message. Everything that it is made of is opened here, before anything is sent.
///
/// `default_from` is whom it is from where `--from` does not say it.
pub(crate) async fn compose(
    mail: MailArguments,
    default_from: Option<Mailbox>,
) -> Result<Message, Failure> {
    let from: Mailbox = match mail.from {
        Some(text) => text
            .parse()
            .map_err(|error| bad_address("--from", &error))?,
        None => default_from
            .ok_or_else(|| Failure::new(exit::USAGE, "there is no sender: add --from"))?,
    };
    let mut builder = Message::builder().from(from);
    builder = builder
        .to(addresses("--to", &mail.to)?)
        .cc(addresses("--cc", &mail.cc)?)
        .bcc(addresses("--bcc", &mail.bcc)?)
        .reply_to(addresses("--reply-to", &mail.reply_to)?);
    if let Some(subject) = mail.subject {
        builder = builder.subject(subject);
    }
    for (name, value) in mail.header {
        builder = builder.header(name, value);
    }
    for spec in mail.attach {
        builder = builder.attach(attachment(spec));
    }
    if let Some(source) = mail.text {
        builder = builder.text(source.read().await?);
    }
    builder.build().await.map_err(|error| match &error {
        MessageError::Body(error) => unreadable(error),
        MessageError::Reserved { field, hint } => Failure::bad_mail(format!(
            "the field {field} cannot be added by --header: {}",
            instead(field).unwrap_or(hint)
        )),
        _ => Failure::of(exit::DATA, &error),
    })
}

/// What to do instead of adding this field, where the library speaks of its own methods.
fn instead(field: &str) -> Option<&'static str> {
    match field.to_ascii_lowercase().as_str() {
        "from" | "sender" => Some("use --from"),
        "reply-to" => Some("use --reply-to"),
        "to" => Some("use --to"),
        "cc" => Some("use --cc"),
        "bcc" => Some("use --bcc"),
        "subject" => Some("use --subject"),
        "date" | "message-id" | "mime-version" => Some("each mail gets one of its own"),
        name if name.starts_with("content-") => Some("it follows from the text and --attach"),
        _ => None,
    }
}

fn addresses(flag: &str, lists: &[String]) -> Result<Vec<Address>, Failure> {
    let mut addresses = Vec::new();
    for list in lists {
        addresses.extend(Address::parse_list(list).map_err(|error| bad_address(flag, &error))?);
    }
    Ok(addresses)
}

fn bad_address(flag: &str, error: &AddressError) -> Failure {
    Failure::bad_mail(format!("in {flag}: {error}"))
}

fn attachment(spec: AttachSpec) -> Attachment {
    let mut attachment = Attachment::file(spec.path);
    if let Some(name) = spec.name {
        attachment = attachment.name(name);
    }
    if let Some(media_type) = spec.media_type {
        attachment = attachment.media_type(media_type);
    }
    attachment
}

fn unreadable(error: &BodyError) -> Failure {
    let mut failure = Failure::of(exit::NO_INPUT, error);
    if matches!(error, BodyError::Name { .. }) {
        failure.message.push_str(" by ;name=");
    }
    failure
}
