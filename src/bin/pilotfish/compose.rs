//! From what was typed to a message.

use pilotfish::address::{AddressError, Mailbox};
use pilotfish::message::{Body, BodyError, MessageError};
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
    let from = match mail.from {
        Some(text) => text
            .parse()
            .map_err(|error| bad_address("--from", &error))?,
        None => default_from
            .ok_or_else(|| Failure::new(exit::USAGE, "there is no sender: add --from"))?,
    };
    let mut builder = Message::builder().from(from);
    for recipient in mailboxes("--to", &mail.to)? {
        builder = builder.to(recipient);
    }
    for recipient in mailboxes("--cc", &mail.cc)? {
        builder = builder.cc(recipient);
    }
    for recipient in mailboxes("--bcc", &mail.bcc)? {
        builder = builder.bcc(recipient);
    }
    for mailbox in mailboxes("--reply-to", &mail.reply_to)? {
        builder = builder.reply_to(mailbox);
    }
    if let Some(subject) = mail.subject {
        builder = builder.subject(subject);
    }
    for (name, value) in mail.header {
        builder = builder.header(name, value);
    }
    for spec in mail.attach {
        builder = builder.attach(attachment(spec).await?);
    }
    if let Some(source) = mail.text {
        builder = builder.text(source.read().await?);
    }
    builder.build().map_err(|error| match &error {
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

fn mailboxes(flag: &str, lists: &[String]) -> Result<Vec<Mailbox>, Failure> {
    let mut mailboxes = Vec::new();
    for list in lists {
        mailboxes.extend(Mailbox::parse_list(list).map_err(|error| bad_address(flag, &error))?);
    }
    Ok(mailboxes)
}

fn bad_address(flag: &str, error: &AddressError) -> Failure {
    Failure::bad_mail(format!("in {flag}: {error}"))
}

async fn attachment(spec: AttachSpec) -> Result<Attachment, Failure> {
    let unreadable = |error: BodyError| Failure::of(exit::NO_INPUT, &error);
    let mut attachment = match (Attachment::file(&spec.path).await, spec.name) {
        (Ok(attachment), None) => attachment,
        (Ok(attachment), Some(name)) => attachment.name(name),
        // Its own name need not be one that an attachment can have.
        (Err(BodyError::Name { path, .. }), Some(name)) => {
            Attachment::new(Body::file(path).await.map_err(unreadable)?, name)
        }
        (Err(error @ BodyError::Name { .. }), None) => {
            let mut failure = unreadable(error);
            failure.message.push_str(" by ;name=");
            return Err(failure);
        }
        (Err(error), _) => return Err(unreadable(error)),
    };
    if let Some(media_type) = spec.media_type {
        attachment = attachment.media_type(media_type);
    }
    Ok(attachment)
}
