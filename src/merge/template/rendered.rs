//! The mail of one row.

use std::path::{Path, PathBuf};

use crate::address::{AddrSpec, Address, Mailbox, ReversePath};
use crate::merge::attachments::{Attachments, Pinned};
use crate::merge::error::{MergeError, MergeErrorKind};
use crate::merge::rows::Row;
use crate::message::{ListUnsubscribe, Message, MessageBuilder};

/// The mail that a template makes of one row.
#[derive(Debug, Clone)]
pub struct Rendered {
    table: String,
    line: u64,
    row: u64,
    template: String,
    from: Vec<Mailbox>,
    envelope_from: Option<ReversePath>,
    reply_to: Vec<Address>,
    to: Vec<Address>,
    cc: Vec<Address>,
    bcc: Vec<Address>,
    subject: Option<String>,
    headers: Vec<(String, String)>,
    pub(super) list_unsubscribe: Option<ListUnsubscribe>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    attachments: Vec<PathBuf>,
    inline: Vec<(String, PathBuf)>,
}

impl Rendered {
    pub(super) fn new(row: &Row, template: &str) -> Self {
        Self {
            table: row.table().to_owned(),
            line: row.line(),
            row: row.number(),
            template: template.to_owned(),
            from: Vec::new(),
            envelope_from: None,
            reply_to: Vec::new(),
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: None,
            headers: Vec::new(),
            list_unsubscribe: None,
            text: None,
            html: None,
            attachments: Vec::new(),
            inline: Vec::new(),
        }
    }

    /// The number of its [row](Row::number).
    #[must_use]
    pub fn row(&self) -> u64 {
        self.row
    }

    /// The authors.
    #[must_use]
    pub fn from(&self) -> &[Mailbox] {
        &self.from
    }

    /// All recipients: those of To, Cc and Bcc.
    pub fn recipients(&self) -> impl Iterator<Item = &Mailbox> {
        let lists = [&self.to, &self.cc, &self.bcc];
        lists.into_iter().flatten().flat_map(Address::mailboxes)
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The text; `None` if the template is HTML.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The HTML document; `None` if the template is a plain text.
    #[must_use]
    pub fn html(&self) -> Option<&str> {
        self.html.as_deref()
    }

    /// The paths of its attachments, and then those of its pictures.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let pictures = self.inline.iter().map(|(_, path)| path);
        self.attachments
            .iter()
            .chain(pictures)
            .map(PathBuf::as_path)
    }

    /// What its files are now; see [`Attachments::pin`].
    ///
    /// # Errors
    ///
    /// If one of them cannot be read. The error is that of the row.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no trace.
    pub async fn pin(&self, attachments: &Attachments) -> Result<Vec<Pinned>, MergeError> {
        let mut pinned = Vec::new();
        for path in self.files() {
            let file = attachments.pin(path).await;
            pinned.push(file.map_err(|error| self.at(error))?);
        }
        Ok(pinned)
    }

    /// Sends it to this recipient alone, such as for a test.
    #[must_use]
    pub fn only_to(mut self, recipient: Mailbox) -> Self {
        self.to = vec![recipient.into()];
        self.cc.clear();
        self.bcc.clear();
        self
    }

    /// Leaves out the recipients that `is_left_out` names. Returns whether one is left.
    pub fn leave_out(&mut self, is_left_out: impl Fn(&AddrSpec) -> bool) -> bool {
        for list in [&mut self.to, &mut self.cc, &mut self.bcc] {
            if !list
                .iter()
                .flat_map(Address::mailboxes)
                .any(|mailbox| is_left_out(mailbox.addr_spec()))
            {
                continue;
            }
            // A group of which some are left out is its other members.
            let kept = list.iter().flat_map(Address::mailboxes);
            let kept = kept.filter(|mailbox| !is_left_out(mailbox.addr_spec()));
            *list = kept.cloned().map(Address::from).collect();
        }
        self.recipients().next().is_some()
    }

    /// The message, with the files as `attachments` has them. Each is the same as when it was
    /// [pinned](Attachments::pin), or else this is an error.
    ///
    /// # Errors
    ///
    /// If the message cannot be built, or if a file cannot be read or has changed. The error is that of the
    /// row.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no trace.
    pub async fn message(
        &self,
        attachments: &Attachments,
        pinned: &[Pinned],
    ) -> Result<Message, MergeError> {
        let mut builder = self.builder();
        for path in &self.attachments {
            let attached = attachments.attachment(path, pinned).await;
            builder = builder.attach(attached.map_err(|error| self.at(error))?);
        }
        for (label, path) in &self.inline {
            let attached = attachments.attachment(path, pinned).await;
            builder = builder.inline(label, attached.map_err(|error| self.at(error))?);
        }
        let message = builder.build().await.map_err(|error| {
            let message = format!("{error} ({})", self.template);
            self.at(MergeError::new(MergeErrorKind::Message, message).caused_by(error))
        })?;
        // Now the message has noted what the large files are, and fails if they change after this.
        let verified = attachments.verify_large(self.files(), pinned).await;
        verified.map_err(|error| self.at(error))?;
        Ok(message)
    }

    fn builder(&self) -> MessageBuilder {
        let mut builder = Message::builder()
            .from(self.from.clone())
            .reply_to(self.reply_to.clone())
            .to(self.to.clone())
            .cc(self.cc.clone())
            .bcc(self.bcc.clone());
        if let Some(path) = &self.envelope_from {
            builder = builder.reverse_path(path);
        }
        if let Some(subject) = &self.subject {
            builder = builder.subject(subject);
        }
        if let Some(unsubscribe) = &self.list_unsubscribe {
            builder = builder.list_unsubscribe(unsubscribe.clone());
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        if let Some(text) = &self.text {
            builder = builder.text(text);
        }
        if let Some(html) = &self.html {
            builder = builder.html(html);
        }
        builder
    }

    /// The error as one of this row.
    fn at(&self, error: MergeError) -> MergeError {
        error
            .in_file(&self.table)
            .at_line(self.line)
            .of_row(self.row)
    }

    pub(super) fn add_file(&mut self, path: Option<PathBuf>, label: Option<&str>) {
        match (path, label) {
            (None, _) => {}
            (Some(path), None) => self.attachments.push(path),
            (Some(path), Some("")) => {
                let name = path.file_name().unwrap_or_default();
                self.inline
                    .push((name.to_string_lossy().into_owned(), path));
            }
            (Some(path), Some(label)) => self.inline.push((label.to_owned(), path)),
        }
    }

    /// Adds the subject, or the field of this name.
    pub(super) fn add_text(&mut self, name: Option<&str>, line: String) {
        match name {
            Some(name) => self.headers.push((name.to_owned(), line)),
            None => self.subject = Some(line),
        }
    }

    pub(super) fn add_addresses(
        &mut self,
        field: &str,
        addresses: Vec<Address>,
    ) -> Result<(), &'static str> {
        let list = match field {
            "to" => &mut self.to,
            "cc" => &mut self.cc,
            "bcc" => &mut self.bcc,
            "reply-to" => &mut self.reply_to,
            "envelope-from" => {
                let mut mailboxes = addresses.into_iter().flat_map(|a| a.mailboxes().to_vec());
                self.envelope_from = mailboxes
                    .next()
                    .map(|mailbox| mailbox.into_addr_spec().into());
                return match mailboxes.next() {
                    None => Ok(()),
                    Some(_) => Err("there are several addresses: keep one"),
                };
            }
            _ => {
                self.from = addresses
                    .iter()
                    .flat_map(Address::mailboxes)
                    .cloned()
                    .collect();
                return match self.from.as_slice() {
                    [] | [_] => Ok(()),
                    _ => Err("there are several authors: keep one"),
                };
            }
        };
        list.extend(addresses);
        Ok(())
    }

    /// Sets the author if there is none, and checks that there are recipients.
    pub(super) fn settle_addresses(&mut self, default: Option<&Mailbox>) -> Result<(), MergeError> {
        if self.from.is_empty() {
            self.from.extend(default.cloned());
        }
        let wrong = |message: &str| {
            let message = format!("{message} ({})", self.template);
            self.at(MergeError::new(MergeErrorKind::Address, message))
        };
        if self.from.is_empty() {
            return Err(wrong("the mail has no author").with_help("add a field \"from: ..\""));
        }
        if self.recipients().next().is_none() {
            return Err(
                wrong("the mail has no recipient").with_help("write an address in this row")
            );
        }
        Ok(())
    }
}
