//! Jobs: mails that belong together.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use bytes::Bytes;

use super::content::ContentId;
use super::error::{SpoolError, SpoolErrorKind};
use super::holds::Hold;
use super::mail::MailState;

/// The name of a job: from 1 to 64 letters, digits, `-` and `_` of ASCII.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

impl JobId {
    /// The most characters of a name.
    pub const MAX: usize = 64;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = SpoolError;

    fn from_str(name: &str) -> Result<Self, SpoolError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > Self::MAX || !name.chars().all(is_plain) {
            let shown: String = name.escape_debug().take(Self::MAX).collect();
            let message = format!(
                "\"{shown}\" is not the name of a job: use 1 to {} letters, digits, - and _",
                Self::MAX
            );
            return Err(SpoolError::new(SpoolErrorKind::Invalid, message));
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobKind {
    /// All of its mails are added first, and sent once it is [started](super::Spool::start).
    Batch,
    /// Mails are added at any time, and sent when a worker comes. It never finishes.
    Queue,
}

/// A job that is created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewJob {
    /// Its name.
    pub id: JobId,
    /// What it is for.
    pub kind: JobKind,
    /// The account that sends its mails: at most 255 octets.
    pub account: String,
    /// What workers need to know of all of its mails: at most [`NewJob::MAX_SPEC`] octets. It has no
    /// secret.
    pub spec: Bytes,
    /// The content that the whole job needs, such as a template. It stays until the job is removed.
    pub content: Vec<ContentId>,
}

impl NewJob {
    /// The most octets of a specification.
    pub const MAX_SPEC: usize = 1024 * 1024;

    /// A job without content.
    pub fn new(id: JobId, kind: JobKind, account: impl Into<String>) -> Self {
        Self {
            id,
            kind,
            account: account.into(),
            spec: Bytes::new(),
            content: Vec::new(),
        }
    }

    /// With this specification.
    #[must_use]
    pub fn with_spec(mut self, spec: impl Into<Bytes>) -> Self {
        self.spec = spec.into();
        self
    }

    /// With this content, too.
    #[must_use]
    pub fn with_content(mut self, content: ContentId) -> Self {
        self.content.push(content);
        self
    }
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobPhase {
    /// Mails are being added to a batch, and none is sent.
    Adding,
    /// Its mails are sent.
    Started,
    /// A person has cancelled it.
    Cancelled,
}

/// A job, as a store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it is for.
    pub kind: JobKind,
    /// The account that sends its mails.
    pub account: String,
    /// What workers need to know of all of its mails.
    pub spec: Bytes,
    /// How far it has come.
    pub phase: JobPhase,
    /// Why its mails are not sent now, if a person or a worker holds the job itself.
    pub hold: Option<Hold>,
    /// How many rows are in which state.
    pub counts: Counts,
    /// When it was created.
    pub created: SystemTime,
    /// When it was started.
    pub started: Option<SystemTime>,
    /// When a row was settled last.
    pub settled: Option<SystemTime>,
    /// The workers that have rows of it now.
    pub workers: Vec<String>,
}

impl Job {
    /// A job that has just been created.
    #[must_use]
    pub fn new(job: NewJob, created: SystemTime) -> Self {
        Self {
            phase: match job.kind {
                JobKind::Batch => JobPhase::Adding,
                JobKind::Queue => JobPhase::Started,
            },
            id: job.id,
            kind: job.kind,
            account: job.account,
            spec: job.spec,
            hold: None,
            counts: Counts::default(),
            created,
            started: None,
            settled: None,
            workers: Vec::new(),
        }
    }

    /// Whether a batch has no row that is still to be sent.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let is_complete = match self.phase {
            JobPhase::Adding => false,
            JobPhase::Started => self.kind == JobKind::Batch,
            JobPhase::Cancelled => true,
        };
        is_complete && self.counts.unsettled() == 0
    }
}

/// How many rows of a job are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; MailState::ALL.len()]);

impl Counts {
    /// The rows in this state.
    #[must_use]
    pub fn get(&self, state: MailState) -> u64 {
        self.0
            .get(usize::from(state.number()))
            .copied()
            .unwrap_or_default()
    }

    /// Sets the number of rows in this state.
    pub fn set(&mut self, state: MailState, rows: u64) {
        if let Some(count) = self.0.get_mut(usize::from(state.number())) {
            *count = rows;
        }
    }

    /// All rows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The rows that are not settled.
    #[must_use]
    pub fn unsettled(&self) -> u64 {
        let states = MailState::ALL.into_iter();
        let open = states.filter(|state| !state.is_settled());
        open.map(|state| self.get(state)).sum()
    }

    /// Moves one row from a state to another.
    pub fn shift(&mut self, from: MailState, to: MailState) {
        self.set(from, self.get(from).saturating_sub(1));
        self.set(to, self.get(to) + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_jobs() {
        for name in ["a", "invite-3", "queue_work", &"a".repeat(64)] {
            assert_eq!(name.parse::<JobId>().unwrap().as_str(), name);
        }
        for name in ["", "a b", "a.b", "a/b", "é", "a\n", &"a".repeat(65)] {
            let error = name.parse::<JobId>().unwrap_err();
            assert_eq!(error.kind(), SpoolErrorKind::Invalid, "{name}");
        }
    }
}
