//! Reading the rows of a job.

use std::time::SystemTime;

use bytes::Bytes;

use super::content::ContentId;
use super::job::JobId;
use super::mail::MailState;
use super::outcome::Answer;

/// Which rows of a job are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// The job.
    pub job: JobId,
    /// In these states; none: in any.
    pub states: Vec<MailState>,
    /// With a higher number than this.
    pub after: u64,
    /// At most so many: from 1 to [`Query::MAX_ROWS`]. A shorter answer is the last one.
    pub most: u32,
}

impl Query {
    /// The most rows of an answer.
    pub const MAX_ROWS: u32 = 1_000;

    /// The first rows of a job.
    #[must_use]
    pub fn new(job: JobId) -> Self {
        Self {
            job,
            states: Vec::new(),
            after: 0,
            most: Self::MAX_ROWS,
        }
    }

    /// In this state; if it is called again, in that one too.
    #[must_use]
    pub fn in_state(mut self, state: MailState) -> Self {
        self.states.push(state);
        self
    }

    /// With a higher number than this.
    #[must_use]
    pub fn after(mut self, row: u64) -> Self {
        self.after = row;
        self
    }

    /// At most so many.
    #[must_use]
    pub fn most(mut self, rows: u32) -> Self {
        self.most = rows.clamp(1, Self::MAX_ROWS);
        self
    }
}

/// A row, as a store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailRecord {
    /// Its number in the job, from 1.
    pub row: u64,
    /// What it is called in the job.
    pub key: String,
    /// What the job knows of it. Empty once it was dropped.
    pub data: Bytes,
    /// Its content, until that is dropped.
    pub content: Option<ContentId>,
    /// Its state.
    pub state: MailState,
    /// How many attempts have been recorded.
    pub attempts: u32,
    /// When it was added.
    pub added: SystemTime,
    /// When it can be claimed again, if it waits.
    pub due: Option<SystemTime>,
    /// What became of the last attempt.
    pub answer: Option<Answer>,
    /// When the last attempt was recorded.
    pub at: Option<SystemTime>,
}

impl MailRecord {
    /// A row that was added at this time.
    #[must_use]
    pub fn new(row: u64, key: String, data: Bytes, added: SystemTime) -> Self {
        Self {
            row,
            key,
            data,
            content: None,
            state: MailState::Ready,
            attempts: 0,
            added,
            due: None,
            answer: None,
            at: None,
        }
    }
}
