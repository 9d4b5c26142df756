//! What became of a mail.

use std::time::Duration;

use bytes::Bytes;

use super::mail::MailState;

/// What became of a row that was about to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The server has taken responsibility for the mail.
    Accepted(Answer),
    /// The server has rejected it permanently.
    Rejected(Answer),
    /// The whole mail was sent, and no reply came.
    Unknown(Answer),
    /// It was not tried, and trying it again unchanged is useless.
    Failed(Answer),
    /// It can be tried again after this time.
    Deferred {
        /// Why.
        answer: Answer,
        /// From now on, by the store's clock.
        after: Duration,
    },
    /// It has not left, for a reason that is not its own. It is ready at once, and this is no attempt.
    NotSent,
}

impl Outcome {
    /// The state of the row then.
    #[must_use]
    pub const fn state(&self) -> MailState {
        match self {
            Self::Accepted(_) => MailState::Accepted,
            Self::Rejected(_) => MailState::Rejected,
            Self::Unknown(_) => MailState::Unknown,
            Self::Failed(_) => MailState::Failed,
            Self::Deferred { .. } => MailState::Waiting,
            Self::NotSent => MailState::Ready,
        }
    }

    /// What the server or the worker said.
    #[must_use]
    pub const fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Accepted(answer)
            | Self::Rejected(answer)
            | Self::Unknown(answer)
            | Self::Failed(answer)
            | Self::Deferred { answer, .. } => Some(answer),
            Self::NotSent => None,
        }
    }
}

/// The reply of the server to a mail, or the reason of the worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The code of the reply.
    pub code: Option<u16>,
    /// The enhanced status code, as in `5.1.1`.
    pub enhanced: Option<String>,
    /// The text of the reply, or the reason: at most [`Answer::MAX_TEXT`] octets.
    pub text: String,
    /// How long the attempt took, in milliseconds.
    pub milliseconds: Option<u32>,
    /// What the caller wants to know later, such as the outcome for each recipient: at most
    /// [`Answer::MAX_DETAIL`] octets.
    pub detail: Bytes,
}

impl Answer {
    /// The most octets of a text. A longer one is cut.
    pub const MAX_TEXT: usize = 2_048;

    /// The most octets of a detail.
    pub const MAX_DETAIL: usize = 256 * 1_024;

    /// An answer with this text.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(Self::MAX_TEXT));
        Self {
            text,
            ..Self::default()
        }
    }
}

/// What a person decides of rows whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resolution {
    /// To send them again. Some recipients may get the mail twice.
    Send,
    /// The mail has arrived.
    Accepted,
    /// The mail has not arrived, and is not to be sent.
    Rejected,
}
