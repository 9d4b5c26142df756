//! The state of a dialogue between two calls.
//!
//! ```text
//!             begin_mail                        all_answered
//!        +------------------> Sending ----------------------+
//!        |                       |                          |
//!        |                       |  the connection fails    |
//!      Idle <--------------------|--------------------------+
//!       | ^                      |
//!       | +-- answered --+       |
//!       |                |       v
//!       +-- ask ----> Asking --> Ended
//! ```
//!
//! A caller that finds `Sending` or `Asking` knows that a future was dropped in the middle of it. The
//! next reply would belong to the earlier command, so nothing can be sent any more.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(super) enum DialogueState {
    /// Since when no mail has been on its way; `None` before the first.
    Idle(Option<Instant>),
    Sending,
    /// As [`Idle`](Self::Idle) before and after.
    Asking(Option<Instant>),
    Ended,
}

impl DialogueState {
    /// A mail is begun, the first or another.
    pub(super) fn begin_mail(&mut self) {
        *self = Self::Sending;
    }

    /// No mail is on its way any more.
    pub(super) fn all_answered(&mut self) {
        if let Self::Sending = self {
            *self = Self::Idle(Some(Instant::now()));
        }
    }

    /// A command leaves between two mails.
    pub(super) fn ask(&mut self) {
        if let Self::Idle(since) = *self {
            *self = Self::Asking(since);
        }
    }

    /// The reply to it has come.
    pub(super) fn answered(&mut self) {
        if let Self::Asking(since) = *self {
            *self = Self::Idle(since);
        }
    }

    /// The connection has failed, or one side has ended the dialogue.
    pub(super) fn end(&mut self) {
        *self = Self::Ended;
    }

    /// Whether a command can be sent.
    pub(super) fn is_idle(self) -> bool {
        matches!(self, Self::Idle(_))
    }

    /// Whether the dialogue has ended.
    pub(super) fn has_ended(self) -> bool {
        matches!(self, Self::Ended)
    }

    /// How long no mail has been on its way; `None` before the first.
    pub(super) fn idle_for(self) -> Option<Duration> {
        match self {
            Self::Idle(since) => since.map(|since| since.elapsed()),
            _ => None,
        }
    }
}
