//! What became of a mail.

use super::timing::Timing;
use crate::address::ForwardPath;
use crate::protocol::Reply;
use crate::transport::TlsParameters;

/// The server has taken responsibility for a mail (RFC 5321 section 4.2.5), for at least one of
/// its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "some recipients may have been rejected"]
#[non_exhaustive]
pub struct Receipt {
    /// The recipients for whom the server has taken the mail.
    pub accepted: Vec<ForwardPath>,
    /// The recipients who will not get it, with the server's words for each.
    pub rejected: Vec<(ForwardPath, Reply)>,
    /// The server's words to the whole mail. They mostly have its queue id in them.
    pub reply: Reply,
    /// The message's size in octets, as it was declared: CRLF line ends included, without
    /// transparency and end of data.
    pub size: u64,
    /// What TLS agreed on; `None` if the mail went in clear text.
    pub tls: Option<TlsParameters>,
    /// How long it took.
    pub timing: Timing,
}

impl Receipt {
    /// Whether some recipients will not get the mail.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.rejected.is_empty()
    }
}
