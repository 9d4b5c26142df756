//! From flags to a message.

mod addresses;
mod content;
mod errors;
mod fields;

use pilotfish::Message;
use pilotfish::address::{Address, Mailbox};
use pilotfish::message::{MessageBuilder, RawBuilder};

pub(crate) use addresses::{list, parse};

use crate::args::{AddressArguments, MailArguments};
use crate::failure::Failure;
use crate::input::{self, Input};
use addresses::{authors, reverse_path};
use content::with_content;
use errors::{cannot_make, no_author};
use fields::with_fields;

/// Makes the message. All its files are opened here, before anything is sent.
///
/// `default_from` is the author if `--from` names none. `stdin_is_taken` says that a password,
/// a key or another file is read from standard input.
pub(crate) async fn compose(
    mut mail: MailArguments,
    default_from: Option<Mailbox>,
    stdin_is_taken: bool,
) -> Result<Message, Failure> {
    input::assign(&mut mail, stdin_is_taken)?;
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
    let made = if let Some(input) = finished.raw {
        let mut builder = raw(input, authors, &addresses).await?;
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
async fn raw(
    input: Input,
    authors: Vec<Address>,
    addresses: &AddressArguments,
) -> Result<RawBuilder, Failure> {
    let body = input::raw::body(input, "--raw").await?;
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
