//! What a report says of a job.

use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use super::course::{Course, Latency};
use super::facts::Facts;
use super::kept::Problems;
use super::replies::ReplyClass;
use super::time;

/// Everything that the report of a job says.
///
/// [`ReportData::new`] makes an empty report. Set the fields that are known.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ReportData {
    /// The name of the job.
    pub job: String,
    /// Whether the job runs, waits or has ended.
    #[serde(flatten)]
    pub state: JobState,
    /// The account whose server accepts the mails.
    pub account: Option<String>,
    /// The host and the port of the server.
    pub server: Option<String>,
    /// The address in the field From.
    pub sender: Option<String>,
    /// When the first mail was tried.
    #[serde(serialize_with = "time::serialize_optional")]
    pub started: Option<SystemTime>,
    /// When the job ended. `None` while it runs or is paused.
    #[serde(serialize_with = "time::serialize_optional")]
    pub ended: Option<SystemTime>,
    /// When the data was collected.
    #[serde(serialize_with = "time::serialize")]
    pub made: SystemTime,
    /// The name of the time zone of the HTML file, such as `Europe/Berlin`. `None`: the system's.
    #[serde(skip)]
    pub time_zone: Option<String>,
    /// How many mails have which outcome.
    pub counts: Counts,
    /// The outcomes over time.
    pub course: Course,
    /// When nothing was sent, and why.
    pub pauses: Vec<Pause>,
    /// The time from the end of a mail to its reply, of the whole job.
    pub latency: Option<Latency>,
    /// The replies that rejected or deferred mails.
    pub replies: Vec<ReplyClass>,
    /// The rows that were not accepted.
    pub problems: Problems,
    /// What was sent, and how.
    pub facts: Facts,
}

/// Whether a job runs, waits or has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum JobState {
    /// Mails are being sent.
    Running,
    /// No mail is sent until the cause has ended.
    Paused {
        /// Why, in words such as `the daily limit of work is reached`.
        reason: String,
        /// When the job continues by itself. `None`: somebody has to resume it.
        #[serde(serialize_with = "time::serialize_optional")]
        until: Option<SystemTime>,
    },
    /// Every mail has its outcome.
    Finished,
    /// The rest of the mails is not sent.
    Cancelled,
}

/// How many mails have which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// All mails of the job.
    pub mails: u64,
    /// The server accepted them.
    pub accepted: u64,
    /// The server rejected them for good.
    pub rejected: u64,
    /// The server or the network failed for now.
    pub deferred: u64,
    /// The whole mail was sent, and no reply came.
    pub unknown: u64,
    /// Nothing that counts was sent: the mails that are left, or that a cancelled job did not reach.
    pub not_tried: u64,
}

/// The outcome of one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// The server accepted the mail.
    Accepted,
    /// The server rejected the mail for good.
    Rejected,
    /// The server or the network failed, and the mail may be accepted later.
    Deferred,
    /// The whole mail was sent, and no reply came.
    Unknown,
    /// Nothing that counts was sent.
    NotTried,
}

/// A time in which nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Pause {
    /// Its first moment.
    #[serde(serialize_with = "time::serialize")]
    pub from: SystemTime,
    /// Its end. `None`: it lasts.
    #[serde(serialize_with = "time::serialize_optional")]
    pub until: Option<SystemTime>,
    /// Why, in words such as `daily limit of work`.
    pub reason: String,
}

impl ReportData {
    /// The report of a job that runs and has no mail yet, made now.
    #[must_use]
    pub fn new(job: impl Into<String>) -> Self {
        Self {
            job: job.into(),
            state: JobState::Running,
            account: None,
            server: None,
            sender: None,
            started: None,
            ended: None,
            made: SystemTime::now(),
            time_zone: None,
            counts: Counts::default(),
            course: Course::default(),
            pauses: Vec::new(),
            latency: None,
            replies: Vec::new(),
            problems: Problems::default(),
            facts: Facts::default(),
        }
    }
}

impl Counts {
    /// How many mails have this outcome.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Accepted => self.accepted,
            Outcome::Rejected => self.rejected,
            Outcome::Deferred => self.deferred,
            Outcome::Unknown => self.unknown,
            Outcome::NotTried => self.not_tried,
        }
    }
}

impl Outcome {
    /// All outcomes, in the order of the report.
    pub const ALL: [Self; 5] = [
        Self::Accepted,
        Self::Rejected,
        Self::Deferred,
        Self::Unknown,
        Self::NotTried,
    ];

    /// The name for programs: `accepted`, `rejected`, `deferred`, `unknown` or `not-tried`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
            Self::Unknown => "unknown",
            Self::NotTried => "not-tried",
        }
    }
}

/// The words for people: `not tried` without a hyphen.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTried => f.write_str("not tried"),
            other => f.write_str(other.name()),
        }
    }
}

impl Pause {
    /// A pause that lasts.
    #[must_use]
    pub fn new(from: SystemTime, reason: impl Into<String>) -> Self {
        Self {
            from,
            until: None,
            reason: reason.into(),
        }
    }
}
