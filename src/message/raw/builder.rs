//! From a finished message to one that can be sent.

use super::super::line_body::LineBody;
use super::super::template::Template;
use super::super::{Body, Data, Date, Message, MessageBuilder, MessageError, MessageId};
use super::edit::Missing;
use super::header::HeaderSection;
use super::recipients::limited;
use crate::address::{Address, Envelope, ForwardPath, IntoAddresses, Mailbox, ReversePath};

/// Takes a message that was made elsewhere, and what its sending needs besides; see
/// [`Message::raw`].
///
/// It goes out octet by octet as it is, with these exceptions, which are all there are:
///
/// * CRLF, CR and LF are one line end each and go out as CRLF;
/// * Bcc, Resent-Bcc and Return-Path are removed;
/// * Date, From and Message-ID are added if they are missing, Message-ID also if there is no
///   identifier in it by which the message could be known, which is then removed;
/// * a line of a header field that is over 998 octets is folded at white space;
/// * a byte order mark and the `From ` line of an mbox file in front of it are left out.
///
/// A header section has at most a mebibyte, and 10,000 fields. A body has any length, and is
/// never in memory as a whole.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RawBuilder {
    message: Body,
    from: Option<Mailbox>,
    recipients: Vec<Address>,
    from_fields: FromFields,
    reverse_path: Option<ReversePath>,
    error: Option<MessageError>,
}

/// Whether the recipients that the fields name get the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FromFields {
    Yes,
    No,
}

impl RawBuilder {
    pub(in crate::message) fn new(message: Body) -> Self {
        Self {
            message,
            from: None,
            recipients: Vec::new(),
            from_fields: FromFields::No,
            reverse_path: None,
            error: None,
        }
    }

    /// Says who the author is, should the message not say it.
    pub fn from(mut self, author: Mailbox) -> Self {
        self.from = Some(author);
        self
    }

    /// Adds recipients. No field tells of them. With those of the fields, there may be as many
    /// as [`MessageBuilder::MAX_MAILBOXES`].
    pub fn to(mut self, recipients: impl IntoAddresses) -> Self {
        match recipients.into_addresses() {
            Ok(addresses) => self.recipients.extend(addresses),
            Err(source) => {
                let field = "the recipients";
                self.error
                    .get_or_insert(MessageError::Address { field, source });
            }
        }
        self
    }

    /// Adds everybody in To, Cc and Bcc. If the message is resent, these are the fields of the
    /// latest resending alone (RFC 5322 section 3.6.6).
    pub fn recipients_from_fields(mut self) -> Self {
        self.from_fields = FromFields::Yes;
        self
    }

    /// Says where reports of failure go (RFC 5321 section 4.4), if that is not whom the message
    /// has for its sender, or else its first author.
    pub fn reverse_path(mut self, path: ReversePath) -> Self {
        self.reverse_path = Some(path);
        self
    }

    /// Opens the message, reads its header section, and looks through its body.
    ///
    /// # Errors
    ///
    /// If the message cannot be read; if its header section is over the limits, is not UTF-8 or
    /// has control characters, or fields that are needed cannot be read; if there is no author or
    /// no recipient, or too many; or if a line of its body is over 998 octets or has a NUL, which
    /// could only be sent if it was recoded.
    ///
    /// # Panics
    ///
    /// If it is polled outside of a Tokio runtime, unless the message is in memory.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what has been opened.
    pub async fn build(mut self) -> Result<Message, MessageError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let beginning = HeaderSection::beginning(&mut self.message).await?;
        let section = HeaderSection::read(&beginning)?;
        let envelope = self.envelope(&section)?;
        let (header, id) = self.header(&section)?;
        let body = self.message.skip(section.body_offset());
        let hint = "encode that part anew, or attach the message as a file";
        let body = LineBody::new(body, hint).await?;
        let needs_smtputf8 = envelope.needs_smtputf8() || !header.is_ascii();
        let template = Template::finished(header, body);
        Message::unsigned(envelope, id, template, Data::EightBit, needs_smtputf8)
    }

    fn envelope(&self, section: &HeaderSection<'_>) -> Result<Envelope, MessageError> {
        let reverse_path = if let Some(path) = &self.reverse_path {
            path.clone()
        } else {
            self.sender(section)?.into_addr_spec().into()
        };
        let mailboxes = self.recipients.iter().flat_map(Address::mailboxes);
        let mut paths: Vec<_> = mailboxes
            .take(MessageBuilder::MAX_MAILBOXES + 1)
            .map(|mailbox| ForwardPath::from(mailbox.addr_spec().clone()))
            .collect();
        if self.from_fields == FromFields::Yes {
            paths.extend(section.recipients()?);
        }
        limited(&paths)?;
        Envelope::new(reverse_path, paths).map_err(|_| MessageError::NoRecipient)
    }

    /// Whom the message has for its sender, or else the author that it is given.
    fn sender(&self, section: &HeaderSection<'_>) -> Result<Mailbox, MessageError> {
        let sender = section.sender()?.or_else(|| self.from.clone());
        sender.ok_or(MessageError::NoFrom)
    }

    /// The header section as it is sent, and the identifier of the message.
    fn header(&self, section: &HeaderSection<'_>) -> Result<(Vec<u8>, MessageId), MessageError> {
        let id = if let Some(id) = section.message_id() {
            id
        } else {
            let sender = self.sender(section)?.into_addr_spec();
            MessageId::random(&sender.domain().to_string())?
        };
        let missing = Missing {
            from: self.from.clone(),
            date: Date::now(),
            message_id: id.clone(),
        };
        Ok((section.repaired(&missing)?, id))
    }
}
