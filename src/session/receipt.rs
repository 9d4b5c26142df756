//! What became of a mail.

use super::queue_id::queue_id;
use super::timing::Timing;
use crate::address::ForwardPath;
use crate::message::MessageId;
use crate::protocol::Reply;
use crate::transport::TlsParameters;

/// The server has taken responsibility for a mail (RFC 5321 section 4.2.5), for at least one of its
/// recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "some recipients may have been rejected"]
#[non_exhaustive]
pub struct Receipt {
    /// The recipients for whom the server has taken the mail.
    pub accepted: Vec<ForwardPath>,
    /// The recipients that will not get it, with the server's reply to each.
    pub rejected: Vec<(ForwardPath, Reply)>,
    /// The server's reply to the whole mail.
    pub reply: Reply,
    /// The message's size in octets, as it was declared: CRLF line ends included, without
    /// transparency and end of data.
    pub size: u64,
    /// What TLS agreed on; `None` if the mail went in clear text.
    pub tls: Option<TlsParameters>,
    /// How long it took.
    pub timing: Timing,
    pub(super) message_id: MessageId,
}

impl Receipt {
    /// The Message-ID of the message (RFC 5322 section 3.6.4), to find it in mailboxes and logs.
    #[must_use]
    pub fn message_id(&self) -> &MessageId {
        &self.message_id
    }

    /// The id that the server gave to the mail, to find it in the server's log. It is read from the
    /// [`reply`](Self::reply) as Postfix, Exim, Sendmail, `OpenSMTPD`, qmail, Exchange, Gmail, Amazon SES
    /// and Dovecot write it; `None` if the server says no id, or says it in another form.
    #[must_use]
    pub fn queue_id(&self) -> Option<&str> {
        queue_id(&self.reply)
    }

    /// Whether some recipients will not get the mail.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.rejected.is_empty()
    }
}
