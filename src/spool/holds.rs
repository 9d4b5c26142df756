//! What is not sent for now.

use std::time::{Duration, SystemTime};

use super::job::JobId;

/// What a hold is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// All mails by an account.
    Account(String),
    /// A job.
    Job(JobId),
    /// One row of a job.
    Mail(JobId, u64),
}

/// Why something is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hold {
    /// Whose decision it is.
    pub reason: HoldReason,
    /// The reason in words: at most 2,048 octets.
    pub text: String,
    /// Since when, by the store's clock.
    pub since: SystemTime,
    /// When it ends by itself.
    pub until: Option<SystemTime>,
}

impl Hold {
    /// A hold that begins at `since`, and ends after `lasts`, if that is given.
    pub fn new(
        reason: HoldReason,
        text: impl Into<String>,
        since: SystemTime,
        lasts: Option<Duration>,
    ) -> Self {
        Self {
            reason,
            text: text.into(),
            since,
            until: lasts.and_then(|lasts| since.checked_add(lasts)),
        }
    }

    /// Whether it holds at this time.
    #[must_use]
    pub fn holds_at(&self, now: SystemTime) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Whose decision a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HoldReason {
    /// A person has paused it.
    Person,
    /// The server rejected the login.
    Login,
    /// The limit of the account is reached.
    Limit,
    /// The server cannot be reached, or does not accept mails now.
    Server,
    /// Too many mails in a row were not accepted.
    Errors,
}
