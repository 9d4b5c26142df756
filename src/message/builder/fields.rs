//! The fields of a message, except for those about its content.

use crate::address::{AddrSpec, Address, Envelope, ForwardPath, Mailbox, ReversePath};
use crate::message::error::{MessageError, limit};
use crate::message::header::{
    AutoSubmitted, Date, FieldName, Header, HeaderCharset, ListUnsubscribe, MessageId,
    encoded_field, has_addresses, without_controls,
};
use crate::message::raw::MAX_MAILBOXES;

/// The most fields that a caller adds.
pub(super) const MAX_FIELDS: usize = 1_000;
/// The longest subject or value of a field, in octets.
pub(super) const MAX_VALUE: usize = 256 * 1024;
/// The most identifiers in References.
pub(super) const MAX_REFERENCES: usize = 1_000;

#[derive(Default)]
pub(super) struct HeaderFields {
    pub(super) from: Vec<Mailbox>,
    pub(super) sender: Option<Mailbox>,
    pub(super) reply_to: Vec<Address>,
    pub(super) to: Vec<Address>,
    pub(super) cc: Vec<Address>,
    pub(super) bcc: Vec<Address>,
    pub(super) subject: Option<String>,
    pub(super) date: Option<Date>,
    pub(super) message_id: Option<MessageId>,
    pub(super) in_reply_to: Vec<MessageId>,
    pub(super) references: Vec<MessageId>,
    pub(super) list_unsubscribe: Option<ListUnsubscribe>,
    pub(super) auto_submitted: Option<AutoSubmitted>,
    pub(super) others: Vec<(FieldName, String)>,
}

impl HeaderFields {
    pub(super) fn check(&self) -> Result<(), MessageError> {
        if self.from.len() > 1 && self.sender.is_none() {
            let authors = self.from.len();
            return Err(MessageError::NoSender { authors });
        }
        let mailboxes = self.mailboxes().count();
        let references = self.references.len().max(self.in_reply_to.len());
        let subject = self.subject.as_deref().unwrap_or_default();
        limit("the number of mailboxes", mailboxes, MAX_MAILBOXES)?;
        limit("the number of references", references, MAX_REFERENCES)?;
        limit("the number of added fields", self.others.len(), MAX_FIELDS)?;
        limit(
            "the length of the subject in octets",
            subject.len(),
            MAX_VALUE,
        )?;
        without_controls("Subject", subject)?;
        for (name, value) in &self.others {
            if let Some(hint) = name.reserved() {
                let field = name.to_string();
                return Err(MessageError::Reserved { field, hint });
            }
            let name = name.as_str();
            limit("the length of a field in octets", value.len(), MAX_VALUE)?;
            without_controls(name, value)?;
            let is_encoded = has_addresses(name) && self.charset() == HeaderCharset::Ascii;
            if is_encoded && !value.is_ascii() && encoded_field(name, value).is_none() {
                return Err(MessageError::Field {
                    field: name.to_owned(),
                    hint: "an address in it is not ASCII or cannot be read, and only the names \
                           beside addresses can be encoded: correct it",
                });
            }
        }
        Ok(())
    }

    /// All mailboxes in the fields and in the envelope.
    pub(super) fn mailboxes(&self) -> impl Iterator<Item = &Mailbox> {
        let blind = self.bcc.iter().flat_map(Address::mailboxes);
        self.written().chain(blind)
    }

    /// All mailboxes in the fields.
    fn written(&self) -> impl Iterator<Item = &Mailbox> {
        let lists = [&self.reply_to, &self.to, &self.cc];
        let addresses = lists.into_iter().flatten().flat_map(Address::mailboxes);
        self.from.iter().chain(addresses).chain(&self.sender)
    }

    /// The charset of the fields: UTF-8 if an address or an identifier requires it.
    pub(super) fn charset(&self) -> HeaderCharset {
        let mut written = self.written();
        let mut ids = self.in_reply_to.iter().chain(&self.references);
        if written.all(|mailbox| mailbox.addr_spec().is_ascii()) && ids.all(MessageId::is_ascii) {
            HeaderCharset::Ascii
        } else {
            HeaderCharset::Utf8
        }
    }

    fn author(&self) -> Result<&AddrSpec, MessageError> {
        self.from
            .first()
            .map(Mailbox::addr_spec)
            .ok_or(MessageError::NoFrom)
    }

    /// The identifier that was given, or a random one.
    pub(super) fn message_id(&self) -> Result<MessageId, MessageError> {
        match self.message_id.clone() {
            Some(id) => id.if_standard(),
            None => MessageId::random(self.author()?.domain()),
        }
    }

    pub(super) fn envelope(
        &self,
        reverse_path: Option<ReversePath>,
    ) -> Result<Envelope, MessageError> {
        let sender = match &self.sender {
            Some(sender) => sender.addr_spec(),
            None => self.author()?,
        };
        let reverse_path = reverse_path.unwrap_or_else(|| sender.clone().into());
        let recipients = self.to.iter().chain(&self.cc).chain(&self.bcc);
        let paths = recipients
            .flat_map(Address::mailboxes)
            .map(|mailbox| ForwardPath::from(mailbox.addr_spec().clone()));
        Envelope::new(reverse_path, paths).map_err(|_| MessageError::NoRecipient)
    }

    /// Writes the fields.
    pub(super) fn write(&self, message_id: &MessageId, header: &mut Header) {
        let date = self.date.clone().unwrap_or_else(Date::now);
        header.fixed("Date", date.as_str());
        header.mailboxes("From", &self.from);
        // RFC 5322 section 3.6.2: not if it is the same as From.
        if let Some(sender) = self.sender.as_ref().filter(|s| self.from != [(*s).clone()]) {
            header.mailboxes("Sender", std::slice::from_ref(sender));
        }
        let lists = [
            ("Reply-To", &self.reply_to),
            ("To", &self.to),
            ("Cc", &self.cc),
        ];
        for (name, addresses) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            header.addresses(name, addresses);
        }
        if self.to.is_empty() && self.cc.is_empty() {
            header.fixed("To", "undisclosed-recipients:;");
        }
        if let Some(subject) = &self.subject {
            header.unstructured("Subject", subject);
        }
        header.fixed("Message-ID", message_id.as_str());
        let threads = [
            ("In-Reply-To", &self.in_reply_to),
            ("References", &self.references),
        ];
        for (name, ids) in threads.into_iter().filter(|(_, ids)| !ids.is_empty()) {
            header.begin(name);
            for id in ids {
                header.word(id.as_str());
            }
            header.end();
        }
        if let Some(list_unsubscribe) = &self.list_unsubscribe {
            list_unsubscribe.write(header);
        }
        if let Some(auto_submitted) = self.auto_submitted {
            header.fixed("Auto-Submitted", auto_submitted.as_str());
        }
        for (name, value) in &self.others {
            let name = name.as_str();
            let is_encoded = has_addresses(name) && header.charset == HeaderCharset::Ascii;
            match encoded_field(name, value).filter(|_| is_encoded) {
                Some(field) => header.field(&field),
                None => header.unstructured(name, value),
            }
        }
        header.fixed("MIME-Version", "1.0");
    }
}
