//! From a finished message to one that can be sent.

use crate::address::{
    AddrSpec, Address, AddressError, Domain, Envelope, ForwardPath, IntoAddresses, Mailbox,
    ReversePath,
};
use crate::message::Message;
use crate::message::encoding::BodyType;
use crate::message::error::{MessageError, limit, shown};
use crate::message::first_error::FirstError;
use crate::message::header::{Date, MessageId};
use crate::message::raw::{HeaderSection, MAX_MAILBOXES, Missing, sendable};
use crate::message::render::Template;
use crate::message::source::Body;
use crate::message::warning::Warning;

/// Collects what sending a message needs that another program made; see [`Message::raw`].
///
/// The message is sent octet by octet as it is, with these exceptions:
///
/// * CRLF, CR and LF are one line end each and go out as CRLF;
/// * Bcc, Resent-Bcc and Return-Path are removed;
/// * Date, From and Message-ID are added if they are missing or empty, Message-ID also if there
///   is no identifier in it, which a [warning](Warning::IdReplaced) says; an empty Sender is
///   removed;
/// * an empty To, Cc, Reply-To, In-Reply-To, References or Keywords is left out, which a
///   [warning](Warning::EmptyFieldLeftOut) says; a message with a DKIM-Signature keeps it unless a
///   repair is asked for, as the signature may be of it;
/// * a line of a header field that is over 998 octets is folded at white space;
/// * a byte order mark and the `From ` line of an mbox file before it are left out;
/// * names and text beyond ASCII in header fields are in encoded words (RFC 2047) if that makes all
///   fields ASCII, as servers further on may not offer SMTPUTF8; a message with a DKIM-Signature,
///   which would not hold afterwards, keeps its fields for a server that offers SMTPUTF8;
/// * addresses without a domain get one if there is a [local domain](RawBuilder::local_domain);
/// * what no server has to take is changed if that is [asked for](RawBuilder::repair).
///
/// A header section has at most a mebibyte, and 10,000 fields. A body has any length, and a long one is
/// never in memory as a whole.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RawBuilder {
    message: Body,
    from: Option<Mailbox>,
    recipients: Vec<Address>,
    /// Whether the recipients that the fields name get the message.
    from_fields: bool,
    reverse_path: Option<ReversePath>,
    local_domain: Option<Domain>,
    repair: bool,
    error: FirstError,
}

/// What the message is called in errors and warnings.
const WHAT: &str = "the message";

/// What to do with one that cannot be sent as it is.
const HINT: &str = "encode that part in another way, or let `repair` do it";

impl Message {
    /// Begins with a message that another program made. It is sent as it is, with the few changes
    /// that [`RawBuilder`] lists.
    ///
    /// ```
    /// # use pilotfish::message::Message;
    /// # use std::path::Path;
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let message = Message::raw(Path::new("draft.eml"))
    ///     .recipients_from_fields()
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(message: impl Into<Body>) -> RawBuilder {
        RawBuilder {
            message: message.into(),
            from: None,
            recipients: Vec::new(),
            from_fields: false,
            reverse_path: None,
            local_domain: None,
            repair: false,
            error: FirstError::default(),
        }
    }
}

impl RawBuilder {
    /// Sets the author, for a message without one.
    pub fn from(mut self, author: impl IntoAddresses) -> Self {
        self.from = self.error.mailbox("From", author);
        self
    }

    /// Adds recipients, who appear in no field. Together with those of the fields, there may be as many
    /// as [`MessageBuilder::MAX_MAILBOXES`](crate::message::MessageBuilder::MAX_MAILBOXES).
    pub fn to(mut self, recipients: impl IntoAddresses) -> Self {
        let recipients = self.error.addresses("the recipients", recipients);
        self.recipients.extend(recipients);
        self
    }

    /// Adds all addresses in To, Cc and Bcc as recipients. If the message is resent, only those of the
    /// latest resending count (RFC 5322 section 3.6.6).
    pub fn recipients_from_fields(mut self) -> Self {
        self.from_fields = true;
        self
    }

    /// Sets the address for reports of failed delivery (RFC 5321 section 4.4). By default it is the
    /// sender of the message or else its first author. With this address set, the message needs no
    /// sender that can be read, as with messages of cron.
    pub fn reverse_path(
        mut self,
        path: impl TryInto<ReversePath, Error: Into<AddressError>>,
    ) -> Self {
        self.reverse_path = self.error.address("the reverse path", path);
        self
    }

    /// Completes addresses that are a local part alone, such as `root`, by this domain: in From,
    /// Sender, Reply-To, To, Cc and the same fields of a resending. Programs on the same machine write
    /// such addresses, and a server elsewhere does not know which machine is meant.
    pub fn local_domain(mut self, domain: impl TryInto<Domain, Error: Into<AddressError>>) -> Self {
        self.local_domain = self.error.address("the local domain", domain);
        self
    }

    /// Changes what servers need not accept, instead of failing.
    ///
    /// * A header field that is not UTF-8, or has over 998 octets without white space, is put
    ///   into encoded words (RFC 2047). With the feature `charsets`, its octets are read in the
    ///   charset that the field Content-Type declares, or else as Windows-1252. Without this
    ///   feature, a field that is not UTF-8 stays an error.
    /// * A part with a line of over 998 octets or a NUL is encoded in quoted-printable or base64.
    ///   Its content stays the same; the line ends of a text become CRLF.
    ///
    /// Each change is one of the [warnings](Message::warnings). A signature by DKIM does not
    /// hold afterwards, which is another. A part that is signed itself, by S/MIME or PGP, is
    /// never changed: that is an error. A body that is repaired is in memory for it, and has at
    /// most 64 MiB.
    pub fn repair(mut self) -> Self {
        self.repair = true;
        self
    }

    /// Opens the message, reads its header section, and looks through its body.
    ///
    /// # Errors
    ///
    /// If the message cannot be read; if its header section is over the limits or has control
    /// characters, or fields that are needed cannot be read; if there is no author or no
    /// recipient, or too many; or if it has a field that is not UTF-8, or a line that is over 998
    /// octets or has a NUL, and that may not or cannot be [repaired](RawBuilder::repair).
    ///
    /// # Panics
    ///
    /// If it is polled outside of a Tokio runtime, unless the message is in memory and its body
    /// needs no repair.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what has been opened.
    pub async fn build(mut self) -> Result<Message, MessageError> {
        self.error.result()?;
        let beginning = HeaderSection::beginning(&mut self.message).await?;
        let section = HeaderSection::read(&beginning)?;
        let section = section.with_local_domain(self.local_domain.take());
        let envelope = self.envelope(&section)?;
        let mut warnings = Vec::from_iter(section.fields_in_text(&beginning));
        let (body, encoding) = sendable(
            &section,
            &self.message,
            (WHAT, HINT),
            self.repair,
            &mut warnings,
        )
        .await?;
        let missing = Missing {
            from: self.from.clone(),
            date: Date::now(),
            message_id: self.message_id(&section, &envelope, &mut warnings)?,
        };
        let finished = section.finished(&missing, encoding, self.repair, &mut warnings)?;
        let is_signed = section.has("DKIM-Signature");
        let place = match &finished.ascii {
            _ if warnings.iter().any(Warning::is_repair) => Some("after the repair"),
            Some(_) => Some("on a server without SMTPUTF8, for which its fields are encoded"),
            None => None,
        };
        let broken = place.filter(|_| is_signed);
        warnings.extend(broken.map(|place| Warning::SignatureBroken { place }));
        let needs_smtputf8 = envelope.needs_smtputf8() || finished.needs_smtputf8();
        let (header, ascii) = match finished.ascii {
            // The next server may not offer SMTPUTF8, though this one does.
            Some(ascii) if !is_signed => (ascii, None),
            ascii => (finished.header, ascii),
        };
        let template = Template::finished(header, ascii, body);
        let id = missing.message_id;
        let most = BodyType::EightBit;
        Message::unsigned(envelope, id, template, most, needs_smtputf8, warnings)
    }

    fn envelope(&self, section: &HeaderSection<'_>) -> Result<Envelope, MessageError> {
        let reverse_path = match &self.reverse_path {
            Some(path) => path.clone(),
            None => ReversePath::Address(self.sender(section)?.into_addr_spec()),
        };
        let mailboxes = self.recipients.iter().flat_map(Address::mailboxes);
        let mut paths: Vec<_> = mailboxes
            .take(MAX_MAILBOXES + 1)
            .map(|mailbox| ForwardPath::from(mailbox.addr_spec().clone()))
            .collect();
        if self.from_fields {
            paths.extend(section.recipients()?);
        }
        limit("the number of mailboxes", paths.len(), MAX_MAILBOXES)?;
        Envelope::new(reverse_path, paths).map_err(|_| MessageError::NoRecipient)
    }

    /// The sender that the message names, or else the author that was given for it.
    fn sender(&self, section: &HeaderSection<'_>) -> Result<Mailbox, MessageError> {
        let sender = section.sender()?.or_else(|| self.from.clone());
        match sender {
            Some(sender) => Ok(sender),
            None => section.not_empty().and(Err(MessageError::NoFrom)),
        }
    }

    /// The identifier of the message, or else a new one.
    fn message_id(
        &self,
        section: &HeaderSection<'_>,
        envelope: &Envelope,
        warnings: &mut Vec<Warning>,
    ) -> Result<MessageId, MessageError> {
        if let Some(id) = section.message_id() {
            return Ok(id);
        }
        // The sender may be one that cannot be read, or one of this machine, whose name is not unique.
        let sender = self.sender(section).ok().map(Mailbox::into_addr_spec);
        let is_local = |sender: &AddrSpec| section.local_domain() == Some(sender.domain());
        let sender = sender.filter(|sender| !is_local(sender));
        let sender = sender.as_ref().or(envelope.reverse_path().addr_spec());
        let domain = sender.map(|sender| sender.domain().to_string());
        let id = MessageId::random(domain.as_deref().unwrap_or("localhost"))?;
        if let Some(found) = section.value("Message-ID") {
            warnings.push(Warning::IdReplaced {
                found: shown(found.trim()),
                id: id.to_string(),
            });
        }
        Ok(id)
    }
}
