//! What is sent: a message in its envelope.

use crate::address::Envelope;
use crate::message::Message;

/// A message in its envelope (RFC 5321 section 2.3.1).
#[derive(Debug)]
#[non_exhaustive]
pub struct Mail {
    /// Where it goes, and where reports go.
    pub envelope: Envelope,
    /// What is delivered.
    pub message: Message,
}

impl Mail {
    /// Puts a message into an envelope, which need not be its own.
    #[must_use]
    pub fn new(envelope: Envelope, message: Message) -> Self {
        Self { envelope, message }
    }

    /// The same mail once more, if its message can be read again: see [`Message::try_clone`].
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        Some(Self {
            envelope: self.envelope.clone(),
            message: self.message.try_clone()?,
        })
    }
}

/// A message in its [own](Message::envelope) envelope.
impl From<Message> for Mail {
    fn from(message: Message) -> Self {
        Self {
            envelope: message.envelope().clone(),
            message,
        }
    }
}
