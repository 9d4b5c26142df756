//! Rows that one worker has.

use std::time::Duration;

use bytes::Bytes;

use super::content::ContentId;
use super::job::JobId;
use super::outcome::Answer;

/// What a worker can take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Want {
    /// The accounts that it can send by.
    pub accounts: Vec<String>,
    /// A job alone. `None`: any job.
    pub job: Option<JobId>,
    /// The most rows: from 1 to [`Want::MAX_ROWS`].
    pub most: u32,
    /// How long a claim lasts without [`extend`](super::Spool::extend) or
    /// [`record`](super::Spool::record): from a second to an hour.
    pub lease: Duration,
}

impl Want {
    /// The most rows of a claim.
    pub const MAX_ROWS: u32 = 500;

    /// Up to 64 rows of any job by this account, for a minute.
    pub fn new(account: impl Into<String>) -> Self {
        Self {
            accounts: vec![account.into()],
            job: None,
            most: 64,
            lease: Duration::from_mins(1),
        }
    }

    /// Of this job alone.
    #[must_use]
    pub fn of_job(mut self, job: JobId) -> Self {
        self.job = Some(job);
        self
    }

    /// At most this many rows.
    #[must_use]
    pub fn most(mut self, rows: u32) -> Self {
        self.most = rows.clamp(1, Self::MAX_ROWS);
        self
    }

    /// For this long, if nothing is recorded.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.clamp(Duration::from_secs(1), Duration::from_hours(1));
        self
    }
}

/// Rows of one job that a worker has claimed together.
#[derive(Debug)]
#[non_exhaustive]
pub struct Claim {
    /// The right to record for them.
    pub token: Token,
    /// Their job.
    pub job: JobId,
    /// The account of the job.
    pub account: String,
    /// The rows, in their order.
    pub mails: Vec<ClaimedMail>,
}

impl Claim {
    /// What a store gives a worker.
    #[must_use]
    pub fn new(token: Token, job: JobId, account: String, mails: Vec<ClaimedMail>) -> Self {
        Self {
            token,
            job,
            account,
            mails,
        }
    }
}

/// The right to record for the rows of a claim. There is one for each claim, and it cannot be copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    claim: u64,
    fence: u64,
}

impl Token {
    /// For stores: the number of the claim, and a number that changes when the claim is taken over.
    #[must_use]
    pub const fn new(claim: u64, fence: u64) -> Self {
        Self { claim, fence }
    }

    /// The number of the claim.
    #[must_use]
    pub const fn claim(&self) -> u64 {
        self.claim
    }

    /// The number that tells it from other claims of the same rows.
    #[must_use]
    pub const fn fence(&self) -> u64 {
        self.fence
    }

    /// For stores that count up at each record.
    pub fn set_fence(&mut self, fence: u64) {
        self.fence = fence;
    }
}

/// A mail that a worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimedMail {
    /// Its number in the job, from 1.
    pub row: u64,
    /// What it is called in the job.
    pub key: String,
    /// What the job knows of it.
    pub data: Bytes,
    /// Its content, if that is in the store.
    pub content: Option<ContentId>,
    /// How many attempts have been recorded.
    pub attempts: u32,
    /// How long ago it was added.
    pub age: Duration,
    /// What became of the last attempt, if it was deferred. Its detail says which recipients have the mail.
    pub previous: Option<Answer>,
}

impl ClaimedMail {
    /// A mail that no attempt has been made with.
    #[must_use]
    pub fn new(row: u64, key: String, data: Bytes) -> Self {
        Self {
            row,
            key,
            data,
            content: None,
            attempts: 0,
            age: Duration::ZERO,
            previous: None,
        }
    }
}
