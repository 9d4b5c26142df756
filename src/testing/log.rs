//! What a server has seen.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::failure::Failure;
use super::received::Received;

/// What the connections of a server write and its owner reads.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Mutex<Entries>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    received: Vec<Received>,
    /// How many of them have been handed out one by one.
    handed_out: usize,
    violations: Vec<String>,
    panics: Vec<String>,
    /// Of each connection.
    round_trips: Vec<u64>,
}

impl Log {
    /// A connection has come, which took so many round trips to come about.
    pub(super) fn add_connection(&self, round_trips: u64) {
        self.entries().round_trips.push(round_trips);
    }

    pub(super) fn add_round_trips(&self, connection: u64, count: u64) {
        let index = usize::try_from(connection - 1).unwrap_or(usize::MAX);
        if let Some(round_trips) = self.entries().round_trips.get_mut(index) {
            *round_trips += count;
        }
    }

    pub(super) fn round_trips(&self) -> Vec<u64> {
        self.entries().round_trips.clone()
    }

    pub(super) fn round_trips_of(&self, connection: u64) -> u64 {
        let index = usize::try_from(connection - 1).unwrap_or(usize::MAX);
        self.entries().round_trips.get(index).copied().unwrap_or(0)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.entries().received.clone()
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.entries().violations.clone()
    }

    /// What went wrong so far, if anything did.
    pub(super) fn failure(&self) -> Option<Failure> {
        let entries = self.entries();
        if entries.violations.is_empty() && entries.panics.is_empty() {
            return None;
        }
        Some(Failure {
            violations: entries.violations.clone(),
            panics: entries.panics.clone(),
        })
    }

    pub(super) async fn next_received(&self) -> Result<Received, Failure> {
        loop {
            // Made before looking, so that nothing is missed between looking and waiting.
            let news = self.news.notified();
            if let Some(received) = self.hand_out() {
                return Ok(received);
            }
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
            news.await;
        }
    }

    fn hand_out(&self) -> Option<Received> {
        let mut entries = self.entries();
        let received = entries.received.get(entries.handed_out).cloned()?;
        entries.handed_out += 1;
        Some(received)
    }

    pub(super) fn add_received(&self, received: Received) {
        self.entries().received.push(received);
        self.news.notify_waiters();
    }

    pub(super) fn add_violation(&self, text: String) {
        self.entries().violations.push(text);
        self.news.notify_waiters();
    }

    pub(super) fn add_panic(&self, text: String) {
        self.entries().panics.push(text);
        self.news.notify_waiters();
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
