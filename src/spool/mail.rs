//! Mails that are added, and the states that they pass.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::content::ContentId;

/// A mail that is added to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewMail {
    /// What it is called in the job: a mail with a key that the job has is not added again. From 1 to
    /// [`NewMail::MAX_KEY`] octets.
    pub key: String,
    /// What the worker needs to make the mail: at most [`NewMail::MAX_DATA`] octets.
    pub data: Bytes,
    /// Its content, which [`add_content`](super::Spool::add_content) has stored before.
    pub content: Option<ContentId>,
    /// How long it waits before its first attempt.
    pub delay: Duration,
}

impl NewMail {
    /// The most octets of a key.
    pub const MAX_KEY: usize = 255;

    /// The most octets of the data. Larger content is stored by
    /// [`add_content`](super::Spool::add_content).
    pub const MAX_DATA: usize = 1024 * 1024;

    /// A mail that can be sent at once.
    pub fn new(key: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self {
            key: key.into(),
            data: data.into(),
            content: None,
            delay: Duration::ZERO,
        }
    }

    /// With this content.
    #[must_use]
    pub fn with_content(mut self, content: ContentId) -> Self {
        self.content = Some(content);
        self
    }

    /// With a first attempt that is not made before this time has passed.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// How many mails were added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Added {
    /// Mails that are new.
    pub new: u64,
    /// Mails whose key the job had already.
    pub duplicates: u64,
}

impl Added {
    /// These numbers.
    #[must_use]
    pub const fn new(new: u64, duplicates: u64) -> Self {
        Self { new, duplicates }
    }
}

/// The state of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MailState {
    /// It can be claimed.
    Ready,
    /// It can be claimed when its time has come.
    Waiting,
    /// A worker has it, and it has not left.
    Claimed,
    /// It has left, or is about to, and has no outcome.
    InFlight,
    /// The server has taken responsibility for it.
    Accepted,
    /// The server has rejected it.
    Rejected,
    /// It may have arrived or not.
    Unknown,
    /// It was not tried, and trying it again unchanged is useless.
    Failed,
    /// A person has cancelled it before it left.
    Cancelled,
}

impl MailState {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Ready,
        Self::Waiting,
        Self::Claimed,
        Self::InFlight,
        Self::Accepted,
        Self::Rejected,
        Self::Unknown,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its number, from 0, which stores may keep: it does not change.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Waiting => 1,
            Self::Claimed => 2,
            Self::InFlight => 3,
            Self::Accepted => 4,
            Self::Rejected => 5,
            Self::Unknown => 6,
            Self::Failed => 7,
            Self::Cancelled => 8,
        }
    }

    /// The state with this number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// One or two words in lower case, as in `in flight`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Claimed => "claimed",
            Self::InFlight => "in flight",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it is settled: only [`Spool::resolve`](super::Spool::resolve) changes it, from unknown.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Accepted | Self::Rejected | Self::Unknown | Self::Failed | Self::Cancelled
        )
    }
}

/// The [`name`](MailState::name).
impl fmt::Display for MailState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_states() {
        for (number, state) in (0..).zip(MailState::ALL) {
            assert_eq!(state.number(), number);
            assert_eq!(MailState::of_number(number), Some(state));
        }
        assert_eq!(MailState::of_number(9), None);
    }
}
