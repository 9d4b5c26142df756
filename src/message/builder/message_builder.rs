//! From the parts of a message to the message.

use std::fmt;

use super::content::{self, MessageContent};
use super::fields::{self, HeaderFields};
use crate::address::{AddressError, IntoAddresses, ReversePath};
use crate::message::Message;
use crate::message::encoding::BodyType;
use crate::message::error::MessageError;
use crate::message::first_error::FirstError;
use crate::message::header::{
    AutoSubmitted, Date, FieldName, Header, HeaderCharset, ListUnsubscribe, MessageId,
};
use crate::message::raw;
use crate::message::render::Template;

/// Collects the fields and the content of a message, in any order; see [`Message::builder`].
///
/// Methods that add something can be called several times. Every method takes texts as well as
/// values of the types of this crate: a date is a text such as
/// `"Tue, 1 Jul 2003 10:52:37 +0200"`, a [`Date`] or a [`SystemTime`](std::time::SystemTime). No
/// method fails or blocks. The builder keeps the first error, which
/// [`build`](MessageBuilder::build) returns.
///
/// ```
/// use std::time::SystemTime;
/// use pilotfish::message::{Attachment, Date, Message};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), pilotfish::message::MessageError> {
/// let message = Message::builder()
///     .from(("Lee, Ann", "ann@example.org"))
///     .to(["bo@example.net", "Cy <cy@example.net>"])
///     .reverse_path("bounces@example.org")
///     .date(SystemTime::now())
///     .message_id("<7@example.org>")
///     .in_reply_to("<6@example.net>")
///     .header("X-Mailer", "pilotfish")
///     .language("en")
///     .text("Here is the table.\n")
///     .attach(Attachment::new(*b"a,b\r\n1,2\r\n", "table.csv").media_type("text/csv"))
///     .build()
///     .await?;
/// assert_eq!(message.message_id().as_str(), "<7@example.org>");
///
/// let error = Message::builder().date("today").build().await.unwrap_err();
/// assert!(error.to_string().starts_with("\"today\" is not a date"));
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct MessageBuilder {
    // In a box, as the builder moves with each call.
    pub(super) draft: Box<Draft>,
}

#[derive(Default)]
pub(super) struct Draft {
    fields: HeaderFields,
    pub(super) content: MessageContent,
    reverse_path: Option<ReversePath>,
    /// The richest body type; `EightBit` if the caller names none.
    most: Option<BodyType>,
    pub(super) repair: bool,
    pub(super) error: FirstError,
}

impl Message {
    /// Begins a message.
    ///
    /// ```
    /// # use pilotfish::message::Message;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let message = Message::builder()
    ///     .from("ann@example.org")
    ///     .bcc("bo@example.net")
    ///     .subject("Lunch?")
    ///     .text("At one, as always.\n")
    ///     .build()
    ///     .await?;
    /// assert_eq!(message.envelope().forward_paths().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> MessageBuilder {
        MessageBuilder::default()
    }
}

impl MessageBuilder {
    /// The most mailboxes in all the fields together.
    pub const MAX_MAILBOXES: usize = raw::MAX_MAILBOXES;
    /// The most attachments and inline parts together.
    pub const MAX_ATTACHMENTS: usize = content::MAX_ATTACHMENTS;
    /// The most fields added with [`header`](MessageBuilder::header).
    pub const MAX_FIELDS: usize = fields::MAX_FIELDS;
    /// The longest subject or value of a field, in octets.
    pub const MAX_VALUE: usize = fields::MAX_VALUE;
    /// The most identifiers in References.
    pub const MAX_REFERENCES: usize = fields::MAX_REFERENCES;

    /// Adds an author, or several of them (RFC 5322 section 3.6.2). A message needs at least one
    /// author, and with several authors it needs a [`sender`](MessageBuilder::sender).
    pub fn from(mut self, author: impl IntoAddresses) -> Self {
        let authors = self.draft.error.mailboxes("From", author);
        add(&mut self.draft.fields.from, authors);
        self
    }

    /// Sets the sender, if that is not the only author (RFC 5322 section 3.6.2). It must be one
    /// mailbox.
    pub fn sender(mut self, sender: impl IntoAddresses) -> Self {
        self.draft.fields.sender = self.draft.error.mailbox("Sender", sender);
        self
    }

    /// Adds addresses for replies, if they should not go to the author.
    pub fn reply_to(mut self, addresses: impl IntoAddresses) -> Self {
        let addresses = self.draft.error.addresses("Reply-To", addresses);
        add(&mut self.draft.fields.reply_to, addresses);
        self
    }

    /// Adds recipients. A group stays a group in the field, and its members get the message.
    ///
    /// ```
    /// # use pilotfish::message::Message;
    /// let builder = Message::builder()
    ///     .to("Ann <ann@example.org>, crew: bo@example.org, cy@example.org;")
    ///     .to(("Lee, Dan", "dan@example.org"));
    /// ```
    pub fn to(mut self, recipients: impl IntoAddresses) -> Self {
        let addresses = self.draft.error.addresses("To", recipients);
        add(&mut self.draft.fields.to, addresses);
        self
    }

    /// Adds recipients of a copy.
    pub fn cc(mut self, recipients: impl IntoAddresses) -> Self {
        let addresses = self.draft.error.addresses("Cc", recipients);
        add(&mut self.draft.fields.cc, addresses);
        self
    }

    /// Adds recipients that no other recipient may see: they are in the envelope and in no field
    /// (RFC 5322 section 3.6.3).
    pub fn bcc(mut self, recipients: impl IntoAddresses) -> Self {
        let addresses = self.draft.error.addresses("Bcc", recipients);
        add(&mut self.draft.fields.bcc, addresses);
        self
    }

    /// Sets the address for reports of failed delivery (RFC 5321 section 4.4). By default it is the
    /// sender or else the first author.
    pub fn reverse_path(
        mut self,
        path: impl TryInto<ReversePath, Error: Into<AddressError>>,
    ) -> Self {
        self.draft.reverse_path = self.draft.error.address("the reverse path", path);
        self
    }

    /// Sets the subject, in any script.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.draft.fields.subject = Some(subject.into());
        self
    }

    /// Sets the date. By default it is the time of [`build`](MessageBuilder::build).
    pub fn date(mut self, date: impl TryInto<Date, Error: Into<MessageError>>) -> Self {
        self.draft.fields.date = self.draft.error.value(date);
        self
    }

    /// Sets the identifier. By default it is random. It must follow the grammar, as some receivers
    /// reject or replace other identifiers: see [`MessageId`].
    pub fn message_id(mut self, id: impl TryInto<MessageId, Error: Into<MessageError>>) -> Self {
        self.draft.fields.message_id = self.draft.error.value(id);
        self
    }

    /// Adds the identifier of a message that this one answers (RFC 5322 section 3.6.4), whether or
    /// not it follows the grammar.
    pub fn in_reply_to(mut self, id: impl TryInto<MessageId, Error: Into<MessageError>>) -> Self {
        self.draft
            .fields
            .in_reply_to
            .extend(self.draft.error.value(id));
        self
    }

    /// Adds the identifier of an earlier message of the conversation, the oldest first (RFC 5322
    /// section 3.6.4).
    pub fn reference(mut self, id: impl TryInto<MessageId, Error: Into<MessageError>>) -> Self {
        self.draft
            .fields
            .references
            .extend(self.draft.error.value(id));
        self
    }

    /// Sets how a recipient unsubscribes from the list that the message is sent to.
    pub fn list_unsubscribe(mut self, unsubscribe: ListUnsubscribe) -> Self {
        self.draft.fields.list_unsubscribe = Some(unsubscribe);
        self
    }

    /// Says that a program sends the message, and why (RFC 3834 section 5).
    pub fn auto_submitted(mut self, auto_submitted: AutoSubmitted) -> Self {
        self.draft.fields.auto_submitted = Some(auto_submitted);
        self
    }

    /// Adds a field of free text (RFC 5322 section 3.6.8), such as `X-Mailer`. Fields of the
    /// same name stay side by side, in their order.
    ///
    /// The text is folded at spaces, and encoded (RFC 2047) if readers would not get it back exactly
    /// otherwise. In fields that are known to contain addresses, such as
    /// `Disposition-Notification-To`, only the names are encoded. Another structured field, such as
    /// `List-Id`, can be added if its value is printable ASCII, can be folded at any space, and
    /// contains neither `=?` nor two spaces in a row.
    ///
    /// [`build`](MessageBuilder::build) refuses fields that have methods of their own, from
    /// `From` to `Auto-Submitted`; `MIME-Version` and everything that begins with `Content-`,
    /// which follow from the content; `Return-Path` and `Received`, which servers write; and
    /// everything that begins with `Resent-`.
    pub fn header(
        mut self,
        name: impl TryInto<FieldName, Error: Into<MessageError>>,
        value: impl Into<String>,
    ) -> Self {
        let name = self.draft.error.value(name);
        let field = name.map(|name| (name, value.into()));
        self.draft.fields.others.extend(field);
        self
    }

    /// Sets the richest body type to use if the server supports it. The default is
    /// [`BodyType::EightBit`].
    ///
    /// With [`BodyType::Binary`], a server that supports BINARYMIME gets attachments unencoded,
    /// which saves a quarter of their size; servers further on may have to encode them. With
    /// [`BodyType::SevenBit`], every server gets the same octets.
    pub fn max_body_type(mut self, most: BodyType) -> Self {
        self.draft.most = Some(most);
        self
    }

    /// Builds the message, and opens its files. Small files are [read](crate::message::Body::file).
    /// From then on the message is fixed, with its Date, its Message-ID and its boundaries. Only the
    /// encoding of the parts depends on the server.
    ///
    /// The parts are in the order that readers expect, in whatever order they were added:
    ///
    /// ```text
    /// mixed
    ///   alternative
    ///     text
    ///     related
    ///       html
    ///       inline parts
    ///     calendar
    ///   attachments
    /// ```
    ///
    /// A multipart with only one part is replaced by that part. Attachments are always in a `mixed`,
    /// even a single one without a text, as readers show its name there.
    ///
    /// # Errors
    ///
    /// The first error of a method; or if the message has no author, no recipient, or several authors
    /// and no sender; if the subject or a field contains a control character; if a field must not be
    /// added; if a text is not UTF-8; if a file cannot be opened; if a temporary file cannot be written; if something is over a limit of this
    /// type; or if the operating system has no random octets.
    ///
    /// # Panics
    ///
    /// If it is polled outside of a Tokio runtime, and there is a file to open, a forwarded message to
    /// repair, an HTML document of a mebibyte or more whose references are replaced, or a flowed text of
    /// more than 64 KiB.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no trace. A file that is open is closed when it has been looked at.
    pub async fn build(self) -> Result<Message, MessageError> {
        let mut draft = self.draft;
        draft.error.result()?;
        let fields = &draft.fields;
        fields.check()?;
        let envelope = fields.envelope(draft.reverse_path)?;
        let charset = fields.charset();
        let needs_smtputf8 = envelope.needs_smtputf8() || charset == HeaderCharset::Utf8;
        let id = fields.message_id()?;
        if draft.content.has_inline() {
            // In a box, as few messages have such parts.
            Box::pin(draft.content.identify_inline()).await?;
        }
        let ids = std::mem::take(&mut draft.content.ids);
        let (root, mut warnings) = draft.content.into_entity()?;
        let root = root.open(draft.repair, &mut warnings).await?;
        warnings.extend(content::warnings(&root, &ids));
        let mut header = Header::new(charset);
        fields.write(&id, &mut header);
        let template = Template::new(header, root)?;
        let most = draft.most.unwrap_or(BodyType::EightBit);
        Message::unsigned(envelope, id, template, most, needs_smtputf8, warnings)
    }
}

/// Appends `more` to a list, which for the most part is empty.
fn add<T>(list: &mut Vec<T>, more: Vec<T>) {
    if list.is_empty() {
        *list = more;
    } else {
        list.extend(more);
    }
}

/// Shows how many mailboxes, fields and attachments there are, and none of the content.
impl fmt::Debug for MessageBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageBuilder")
            .field("mailboxes", &self.draft.fields.mailboxes().count())
            .field("fields", &self.draft.fields.others.len())
            .field("attachments", &self.draft.content.attachments.len())
            .finish_non_exhaustive()
    }
}
