//! What happened to a job, for the report.

use std::time::SystemTime;

use bytes::Bytes;

use super::job::JobId;

/// Something that happened to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its number in the store. Later events have higher ones.
    pub number: u64,
    /// When, by the store's clock.
    pub at: SystemTime,
    /// The job.
    pub job: JobId,
    /// What it is called, as in `paused`: at most 64 octets.
    pub name: String,
    /// What there is to know of it: at most 4,096 octets.
    pub detail: Bytes,
}

impl Event {
    /// How many events a store keeps for each job, at least. It may drop the oldest beyond.
    pub const KEPT: usize = 10_000;

    /// An event with this number.
    #[must_use]
    pub fn new(number: u64, at: SystemTime, job: JobId, name: String, detail: Bytes) -> Self {
        Self {
            number,
            at,
            job,
            name,
            detail,
        }
    }
}
