//! From what was typed to a message.

use std::path::Path;
use std::str::FromStr;

use pilotfish::Message;
use pilotfish::address::{AddrSpec, Address, AddressError, Mailbox, ReversePath};
use pilotfish::message::{BodyError, Data, ListUnsubscribe, MessageBuilder, MessageError, Method};

use crate::args::{AddressArguments, ContentArguments, FieldArguments, MailArguments};
use crate::exit;
use crate::failure::Failure;
use crate::inline_spec::InlineSpec;
use crate::input::Input;

/// Makes the message. Everything that it is made of is opened here, before anything is sent.
///
/// `default_from` is whom it is from where `--from` does not say it.
pub(crate) async fn compose(
    mail: MailArguments,
    default_from: Option<Mailbox>,
) -> Result<Message, Failure> {
    one_stdin(&mail)?;
    let authors = authors(mail.addresses.from.as_deref(), default_from)?;
    let made = match mail.finished.raw {
        Some(input) => {
            let read_recipients = mail.finished.read_recipients;
            finished(input, read_recipients, authors, &mail.addresses).await?
        }
        None => {
            if authors.is_empty() {
                return Err(no_author());
            }
            let builder = Message::builder().from(authors);
            let builder = addressed(builder, &mail.addresses)?;
            let builder = with_fields(builder, mail.fields)?;
            with_content(builder, mail.content).await?.build().await
        }
    };
    made.map_err(cannot_make)
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

/// A message that was made elsewhere.
async fn finished(
    input: Input,
    read_recipients: bool,
    authors: Vec<Address>,
    addresses: &AddressArguments,
) -> Result<Result<Message, MessageError>, Failure> {
    let mut builder = Message::raw(input.body().await?)
        .to(list("--to", &addresses.to)?)
        .to(list("--cc", &addresses.cc)?)
        .to(list("--bcc", &addresses.bcc)?);
    if read_recipients {
        builder = builder.recipients_from_fields();
    }
    if let Some(path) = reverse_path(addresses)? {
        builder = builder.reverse_path(path);
    }
    match <[Address; 1]>::try_from(authors) {
        Ok([Address::Mailbox(author)]) => builder = builder.from(author),
        Err(none) if none.is_empty() => {}
        _ => {
            return Err(Failure::bad_mail(
                "in --from: a finished message that has no author gets one, not several",
            ));
        }
    }
    Ok(builder.build().await)
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
    let address = fields.list_unsubscribe_mailto;
    let address: Option<AddrSpec> = address
        .map(|text| parse("--list-unsubscribe-mailto", &text))
        .transpose()?;
    let way_out = match (fields.list_unsubscribe, address) {
        (Some(url), Some(address)) => Some(url.or_mail_to(&address)),
        (url, None) => url,
        (None, Some(address)) => Some(ListUnsubscribe::mail_to(&address)),
    };
    if let Some(way_out) = way_out {
        builder = builder.list_unsubscribe(way_out);
    }
    if let Some(automatic) = fields.auto_submitted {
        builder = builder.auto_submitted(automatic.into());
    }
    for (name, value) in fields.header {
        builder = builder.header(name, value);
    }
    Ok(builder)
}

async fn with_content(
    mut builder: MessageBuilder,
    content: ContentArguments,
) -> Result<MessageBuilder, Failure> {
    let html = content.html.as_ref().and_then(|source| source.input());
    let document = html.or(content.markdown.as_ref()).and_then(Input::path);
    let directory = document.and_then(Path::parent).unwrap_or(Path::new(""));
    let directory = directory.to_owned();
    if let Some(source) = content.text {
        let text = source.text().await?;
        builder = if content.flowed {
            builder.text_flowed(text)
        } else {
            builder.text(text)
        };
    }
    if let Some(source) = content.html {
        builder = builder.html(source.text().await?);
    }
    if let Some(input) = content.markdown {
        builder = builder.markdown(input.text().await?);
    }
    for spec in content.inline {
        builder = match spec {
            InlineSpec::Part(label, file) => builder.inline(label, file.attachment().await?),
            InlineSpec::Auto => builder.inline_images(directory.clone()),
        };
    }
    for spec in content.attach {
        builder = builder.attach(spec.attachment().await?);
    }
    for input in content.forward {
        builder = builder.forward(input.body().await?);
    }
    if let Some(input) = content.calendar {
        let icalendar = input.text().await?;
        let method = Method::of(&icalendar).map_err(cannot_make)?;
        builder = builder.calendar(method, icalendar);
    }
    if let Some(language) = content.language {
        builder = builder.language(language);
    }
    Ok(builder.data(content.body.map_or(Data::EightBit, Data::from)))
}

/// Whom the mail is from: nobody if neither says it.
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

fn no_author() -> Failure {
    Failure::new(exit::USAGE, "there is no sender: add --from")
}

/// What is wrong, in the words of the command line where the library speaks of its own methods.
fn cannot_make(error: MessageError) -> Failure {
    match &error {
        MessageError::Body(error) => unreadable(error),
        MessageError::NoFrom => no_author(),
        MessageError::NoSender { authors } => Failure::bad_mail(format!(
            "in --from: there are {authors} authors: say by --sender who of them sends the mail"
        )),
        MessageError::NoRecipient => {
            Failure::bad_mail("there is no recipient: name one by --to, --cc or --bcc")
        }
        MessageError::Reserved { field, hint } => Failure::bad_mail(format!(
            "the field {field} cannot be added by --header: {}",
            instead(field).unwrap_or(hint)
        )),
        _ => Failure::of(exit::DATA, &error),
    }
}

fn instead(field: &str) -> Option<&'static str> {
    match field.to_ascii_lowercase().as_str() {
        "from" => Some("use --from"),
        "sender" => Some("use --sender"),
        "reply-to" => Some("use --reply-to"),
        "to" => Some("use --to"),
        "cc" => Some("use --cc"),
        "bcc" => Some("use --bcc"),
        "subject" => Some("use --subject"),
        "date" => Some("use --date"),
        "message-id" => Some("use --message-id"),
        "in-reply-to" => Some("use --in-reply-to"),
        "references" => Some("use --references"),
        "auto-submitted" => Some("use --auto-submitted"),
        "list-unsubscribe" => Some("use --list-unsubscribe or --list-unsubscribe-mailto"),
        "list-unsubscribe-post" => Some("use --list-unsubscribe"),
        "mime-version" => Some("each mail has it"),
        "content-language" => Some("use --language"),
        name if name.starts_with("content-") => Some("it follows from the text and --attach"),
        _ => None,
    }
}

fn unreadable(error: &BodyError) -> Failure {
    let mut failure = Failure::of(exit::NO_INPUT, error);
    if matches!(error, BodyError::Name { .. }) {
        failure.message.push_str(" by ;name=");
    }
    failure
}
