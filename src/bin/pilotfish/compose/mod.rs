//! From what was typed to a message.

mod addresses;
mod content;
mod fields;
mod wrong;

use pilotfish::Message;
use pilotfish::address::{Address, Mailbox};
use pilotfish::message::{MessageBuilder, RawBuilder};

pub(crate) use addresses::{list, parse};

use crate::args::{AddressArguments, MailArguments};
use crate::exit;
use crate::failure::Failure;
use crate::inline_spec::InlineSpec;
use crate::input::Input;
use addresses::{authors, reverse_path};
use content::with_content;
use fields::with_fields;
use wrong::{cannot_make, no_author};

/// Makes the message. Everything that it is made of is opened here, before anything is sent.
///
/// `default_from` is whom it is from where `--from` does not say it.
pub(crate) async fn compose(
    mail: MailArguments,
    default_from: Option<Mailbox>,
) -> Result<Message, Failure> {
    one_stdin(&mail)?;
    let MailArguments {
        addresses,
        content,
        fields,
        finished,
    } = mail;
    let authors = authors(addresses.from.as_deref(), default_from)?;
    let made = if let Some(input) = finished.raw {
        let mut builder = raw(input, authors, &addresses).await?;
        if finished.read_recipients {
            builder = builder.recipients_from_fields();
        }
        builder.build().await
    } else {
        if authors.is_empty() {
            return Err(no_author());
        }
        let builder = addressed(Message::builder().from(authors), &addresses)?;
        let builder = with_fields(builder, fields)?;
        with_content(builder, content).await?.build().await
    };
    made.map_err(|error| cannot_make(&error))
}

/// Standard input can be read only once.
fn one_stdin(mail: &MailArguments) -> Result<(), Failure> {
    let readers = mail.inputs().filter(|input| **input == Input::Stdin);
    if readers.count() <= 1 {
        return Ok(());
    }
    let message = "standard input (-) is named twice and can be read once: put one into a file";
    Err(Failure::new(exit::USAGE, message))
}

impl MailArguments {
    /// All that is read.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Input> {
        let content = &self.content;
        let texts = [&content.text, &content.html].into_iter().flatten();
        let inline = content.inline.iter().filter_map(|spec| match spec {
            InlineSpec::Part(_, file) => Some(&file.input),
            InlineSpec::Auto => None,
        });
        texts
            .filter_map(|source| source.input())
            .chain(&content.markdown)
            .chain(inline)
            .chain(content.attach.iter().map(|spec| &spec.input))
            .chain(&content.forward)
            .chain(&content.calendar)
            .chain(&self.finished.raw)
    }
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
    let mut builder = Message::raw(input.body().await?)
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
