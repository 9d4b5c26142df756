//! From the parts of a message to the message.

use std::fmt;

use bytes::Bytes;

use super::field::without_controls;
use super::header::Header;
use super::layout::{Layout, Segment};
use super::random::random_token;
use super::text::Text;
use super::{Attachment, Date, FieldName, Message, MessageError, MessageId};
use crate::address::{AddrSpec, Envelope, ForwardPath, Mailbox, ReversePath};

/// Takes what a message is made of, in any order; see [`Message::builder`].
///
/// Methods that add something can be called again for more. Those for lists, applied to a list:
///
/// ```
/// # use pilotfish::address::{AddressError, Mailbox};
/// # use pilotfish::message::{Message, MessageBuilder};
/// # fn example(team: Vec<Mailbox>) {
/// let builder = team.into_iter().fold(Message::builder(), MessageBuilder::to);
/// # }
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct MessageBuilder {
    from: Vec<Mailbox>,
    sender: Option<Mailbox>,
    reply_to: Vec<Mailbox>,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    bcc: Vec<Mailbox>,
    reverse_path: Option<ReversePath>,
    subject: Option<String>,
    date: Option<Date>,
    message_id: Option<MessageId>,
    fields: Vec<(FieldName, String)>,
    text: Option<String>,
    attachments: Vec<Attachment>,
}

impl MessageBuilder {
    /// The most mailboxes in all the fields together.
    pub const MAX_MAILBOXES: usize = 100_000;
    /// The most attachments.
    pub const MAX_ATTACHMENTS: usize = 1_000;
    /// The most fields added with [`header`](MessageBuilder::header).
    pub const MAX_FIELDS: usize = 1_000;
    /// The longest subject or value of a field, in octets.
    pub const MAX_VALUE: usize = 256 * 1024;

    /// Adds an author (RFC 5322 section 3.6.2). There has to be one; if there are more, it has
    /// to be said with [`sender`](MessageBuilder::sender) who sends the message.
    pub fn from(mut self, author: Mailbox) -> Self {
        self.from.push(author);
        self
    }

    /// Says who sends the message, if that is not its only author (RFC 5322 section 3.6.2).
    pub fn sender(mut self, sender: Mailbox) -> Self {
        self.sender = Some(sender);
        self
    }

    /// Adds a mailbox that answers should go to, if that is not the author.
    pub fn reply_to(mut self, mailbox: Mailbox) -> Self {
        self.reply_to.push(mailbox);
        self
    }

    /// Adds a recipient.
    pub fn to(mut self, recipient: Mailbox) -> Self {
        self.to.push(recipient);
        self
    }

    /// Adds a recipient of a copy.
    pub fn cc(mut self, recipient: Mailbox) -> Self {
        self.cc.push(recipient);
        self
    }

    /// Adds a recipient whom no other is to know of: it is in the envelope and in no field
    /// (RFC 5322 section 3.6.3).
    pub fn bcc(mut self, recipient: Mailbox) -> Self {
        self.bcc.push(recipient);
        self
    }

    /// Says where reports of failure go (RFC 5321 section 4.4), if that is not the sender or
    /// else the first author.
    pub fn reverse_path(mut self, path: ReversePath) -> Self {
        self.reverse_path = Some(path);
        self
    }

    /// Says what the message is about, in any script.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Gives the message another date than that of [`build`](MessageBuilder::build).
    pub fn date(mut self, date: Date) -> Self {
        self.date = Some(date);
        self
    }

    /// Gives the message another identifier than a random one.
    pub fn message_id(mut self, id: MessageId) -> Self {
        self.message_id = Some(id);
        self
    }

    /// Adds a field of free text (RFC 5322 section 3.6.8), such as `X-Mailer`. Fields of the
    /// same name stay side by side, in their order.
    ///
    /// The text is folded at single spaces, and encoded (RFC 2047) if it would not come back
    /// exactly otherwise. So a field with a syntax, such as `References` or `List-Unsubscribe`,
    /// can be given if its value is printable ASCII, does not need to be folded at other places,
    /// and has `=?` nowhere.
    ///
    /// [`build`](MessageBuilder::build) refuses `From`, `Sender`, `Reply-To`, `To`, `Cc`, `Bcc`,
    /// `Subject`, `Date` and `Message-ID`, which have methods of their own; `MIME-Version` and
    /// everything that begins with `Content-`, which follow from the content; `Return-Path` and
    /// `Received`, which servers write; and everything that begins with `Resent-`.
    pub fn header(mut self, name: FieldName, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Gives the message a text, in any script.
    ///
    /// CRLF, CR and LF are one line break each and arrive as one; a text that does not end with
    /// one gets one, unless it is empty. Apart from that it arrives exactly as it is.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Adds an attachment.
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Puts the message together. From here on it is fixed to the last octet.
    ///
    /// With a text, or nothing, for content it is one part of `text/plain`; with attachments it
    /// is `multipart/mixed`, the text first if there is one.
    ///
    /// # Errors
    ///
    /// If there is no author, no recipient, or no sender among several authors; if there are
    /// control characters in the subject or a field, or a field that is not to be added; if
    /// something is over the limits given here; or if there is no randomness to be had.
    pub fn build(self) -> Result<Message, MessageError> {
        self.check()?;
        let envelope = self.envelope()?;
        let needs_smtputf8 = envelope.needs_smtputf8()
            || !self
                .mailboxes()
                .all(|mailbox| mailbox.addr_spec().is_ascii());
        let message_id = match self.message_id.clone() {
            Some(id) => id,
            None => MessageId::random(&self.author()?.domain().to_string())?,
        };
        let mut header = Header::default();
        self.write_fields(&message_id, &mut header);
        let layout = Layout::new(content(header, self.text, self.attachments)?)?;
        Ok(Message {
            envelope,
            id: message_id,
            layout,
            needs_smtputf8,
        })
    }

    fn check(&self) -> Result<(), MessageError> {
        if self.from.len() > 1 && self.sender.is_none() {
            return Err(MessageError::NoSender {
                authors: self.from.len(),
            });
        }
        limit(
            "the number of mailboxes",
            self.mailboxes().count(),
            Self::MAX_MAILBOXES,
        )?;
        limit(
            "the number of attachments",
            self.attachments.len(),
            Self::MAX_ATTACHMENTS,
        )?;
        limit(
            "the number of added fields",
            self.fields.len(),
            Self::MAX_FIELDS,
        )?;
        if let Some(subject) = &self.subject {
            limit(
                "the length of the subject in octets",
                subject.len(),
                Self::MAX_VALUE,
            )?;
            without_controls("Subject", subject)?;
        }
        for (name, value) in &self.fields {
            if let Some(hint) = name.reserved() {
                return Err(MessageError::Reserved {
                    field: name.to_string(),
                    hint,
                });
            }
            limit(
                "the length of a field in octets",
                value.len(),
                Self::MAX_VALUE,
            )?;
            without_controls(name.as_str(), value)?;
        }
        Ok(())
    }

    /// Every mailbox that is in a field or in the envelope.
    fn mailboxes(&self) -> impl Iterator<Item = &Mailbox> {
        let lists = [&self.from, &self.reply_to, &self.to, &self.cc, &self.bcc];
        lists.into_iter().flatten().chain(&self.sender)
    }

    fn author(&self) -> Result<&AddrSpec, MessageError> {
        self.from
            .first()
            .map(Mailbox::addr_spec)
            .ok_or(MessageError::NoFrom)
    }

    fn envelope(&self) -> Result<Envelope, MessageError> {
        let sender = match &self.sender {
            Some(sender) => sender.addr_spec(),
            None => self.author()?,
        };
        let reverse_path = self
            .reverse_path
            .clone()
            .unwrap_or_else(|| sender.clone().into());
        let recipients = self.to.iter().chain(&self.cc).chain(&self.bcc);
        let paths = recipients.map(|mailbox| ForwardPath::from(mailbox.addr_spec().clone()));
        Envelope::new(reverse_path, paths).map_err(|_| MessageError::NoRecipient)
    }

    /// Writes all fields but those about the content.
    fn write_fields(&self, message_id: &MessageId, header: &mut Header) {
        let date = self.date.clone().unwrap_or_else(Date::now);
        header.fixed("Date", date.as_str());
        header.mailboxes("From", &self.from);
        // RFC 5322 section 3.6.2: not if it says the same as From.
        if let Some(sender) = self.sender.as_ref().filter(|s| self.from != [(*s).clone()]) {
            header.mailboxes("Sender", std::slice::from_ref(sender));
        }
        let lists = [
            ("Reply-To", &self.reply_to),
            ("To", &self.to),
            ("Cc", &self.cc),
        ];
        for (name, mailboxes) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            header.mailboxes(name, mailboxes);
        }
        if self.to.is_empty() && self.cc.is_empty() {
            header.fixed("To", "undisclosed-recipients:;");
        }
        if let Some(subject) = &self.subject {
            header.unstructured("Subject", subject);
        }
        header.fixed("Message-ID", message_id.as_str());
        for (name, value) in &self.fields {
            header.unstructured(name.as_str(), value);
        }
        header.fixed("MIME-Version", "1.0");
    }
}

/// Shows how much there is of what, and none of the content.
impl fmt::Debug for MessageBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageBuilder")
            .field("mailboxes", &self.mailboxes().count())
            .field("fields", &self.fields.len())
            .field("attachments", &self.attachments)
            .finish_non_exhaustive()
    }
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), MessageError> {
    if found <= limit {
        Ok(())
    } else {
        Err(MessageError::Limit { what, limit })
    }
}

/// Completes the header with the fields about the content, and adds the content (RFC 2046
/// section 5.1).
fn content(
    mut header: Header,
    text: Option<String>,
    attachments: Vec<Attachment>,
) -> Result<Vec<Segment>, MessageError> {
    if attachments.is_empty() {
        let text = write_text(&text.unwrap_or_default(), &mut header);
        return Ok(vec![octets(header), Segment::Octets(text)]);
    }
    // No line of quoted-printable or base64 has `=_`, so that only plain text could have the
    // boundary in it, and nobody can guess it.
    let boundary = format!("=_{}", random_token()?);
    header.begin("Content-Type");
    header.word("multipart/mixed;");
    header.word(&format!("boundary=\"{boundary}\""));
    header.end();
    header.blank_line();

    // The line end in front of a delimiter belongs to the delimiter. Every body here ends with
    // one that can be it, unless it is text, which keeps its own, or empty.
    let mut segments = Vec::new();
    let mut delimiter = format!("--{boundary}");
    if let Some(text) = text {
        header.append(&delimiter);
        header.end();
        let text = write_text(&text, &mut header);
        segments.extend([octets(header), Segment::Octets(text)]);
        header = Header::default();
        delimiter.insert_str(0, "\r\n");
    }
    for attachment in attachments {
        header.append(&delimiter);
        header.end();
        let body = attachment.write(&mut header);
        delimiter = format!("{}--{boundary}", if body.is_empty() { "\r\n" } else { "" });
        segments.extend([octets(header), Segment::Base64(body)]);
        header = Header::default();
    }
    header.append(&delimiter);
    header.append("--");
    header.end();
    segments.push(octets(header));
    Ok(segments)
}

fn octets(header: Header) -> Segment {
    Segment::Octets(header.into_text().into())
}

/// Writes the fields about the text; gives its octets.
fn write_text(text: &str, header: &mut Header) -> Bytes {
    let text = Text::new(text);
    header.fixed("Content-Type", "text/plain; charset=utf-8");
    header.fixed("Content-Transfer-Encoding", text.encoding);
    header.blank_line();
    text.octets
}
