//! From what was typed to a message.

use pilotfish::address::{AddressError, Mailbox};
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
            .ok_or_else(|| Failure::new(exit::USAGE, "nobody is named by --from: add it"))?,
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
    builder
        .build()
        .map_err(|error| Failure::of(exit::DATA, &error))
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
    let mut attachment = Attachment::file(spec.path)
        .await
        .map_err(|error| Failure::of(exit::NO_INPUT, &error))?;
    if let Some(name) = spec.name {
        attachment = attachment.name(name);
    }
    if let Some(media_type) = spec.media_type {
        attachment = attachment.media_type(media_type);
    }
    Ok(attachment)
}
