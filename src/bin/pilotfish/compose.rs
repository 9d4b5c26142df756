//! From what was typed to a message.

use pilotfish::address::Mailbox;
use pilotfish::{Attachment, Message};

use crate::args::MailArguments;
use crate::attach_spec::AttachSpec;
use crate::exit;
use crate::failure::Failure;

/// Builds the message. Everything that it is made of is opened here, before anything is sent.
pub(crate) async fn compose(mail: MailArguments, from: Mailbox) -> Result<Message, Failure> {
    let mut builder = Message::builder().from(from);
    for recipient in mail.to.into_iter().flatten() {
        builder = builder.to(recipient);
    }
    for recipient in mail.cc.into_iter().flatten() {
        builder = builder.cc(recipient);
    }
    for recipient in mail.bcc.into_iter().flatten() {
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
