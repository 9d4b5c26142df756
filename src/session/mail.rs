//! A mail: a message in its envelope.

use tokio::time::Instant;
use tracing::Span;

use super::withdrawal::Withdrawal;
use crate::address::Envelope;
use crate::error::{Error, ErrorKind};
use crate::message::Message;
use crate::protocol::Defect;

/// A message in its envelope (RFC 5321 section 2.3.1).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Mail {
    /// The recipients, and the address for delivery reports.
    pub envelope: Envelope,
    /// The message that is delivered.
    pub message: Message,
    pub(crate) withdrawal: Withdrawal,
    /// Since when the mail waits, and in which span.
    pub(super) queued: Option<(Instant, Span)>,
    /// The defect of the server that its refusal of this mail suggests. The mail is sent again in a way
    /// that avoids the defect.
    pub(super) suspected: Option<Defect>,
}

impl Mail {
    /// Puts a message into an envelope, which need not be its own.
    #[must_use]
    pub fn new(envelope: Envelope, message: Message) -> Self {
        Self {
            envelope,
            message,
            withdrawal: Withdrawal::default(),
            queued: None,
            suspected: None,
        }
    }

    /// Notes that the mail begins to wait now, in the current span: its
    /// [`Timing::queue`](super::Timing::queue) begins here, and its
    /// [transaction](crate::manual::observing) becomes a part of that span. A
    /// [`Client`](crate::Client) calls this by itself.
    #[must_use]
    pub fn queued(mut self) -> Self {
        self.queued = Some((Instant::now(), Span::current()));
        self
    }
}

/// A message in its [own](Message::envelope) envelope.
impl From<Message> for Mail {
    fn from(message: Message) -> Self {
        Self::new(message.envelope().clone(), message)
    }
}

/// A message that was built for the mail, or the reason why it could not be: what
/// [`Client::send_all`](crate::Client::send_all) takes.
impl<M: Into<Mail>, E: Into<Error>> TryFrom<Result<M, E>> for Mail {
    type Error = Error;

    fn try_from(built: Result<M, E>) -> Result<Self, Error> {
        built.map(Into::into).map_err(Into::into)
    }
}

/// The error of a mail that has been withdrawn. No user sees it, since no caller waits for the mail.
pub(super) fn withdrawn() -> Error {
    Error::new(ErrorKind::Closed, "the mail was withdrawn")
}
