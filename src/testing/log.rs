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
    /// How many each connection has brought.
    by_connection: Vec<u64>,
    /// Of each connection.
    round_trips: Vec<u64>,
}

impl Log {
    /// A connection has come, which took so many round trips to come about.
    pub(super) fn add_connection(&self, round_trips: u64) {
        let mut entries = self.entries();
        entries.round_trips.push(round_trips);
        entries.by_connection.push(0);
    }

    pub(super) fn add_round_trips(&self, connection: u64, count: u64) {
        if let Some(round_trips) = self.entries().round_trips.get_mut(index_of(connection)) {
            *round_trips += count;
        }
    }

    pub(super) fn round_trips(&self) -> Vec<u64> {
        self.entries().round_trips.clone()
    }

    pub(super) fn round_trips_of(&self, connection: u64) -> u64 {
        let round_trips = &self.entries().round_trips;
        round_trips.get(index_of(connection)).copied().unwrap_or(0)
    }

    pub(super) fn received_by_connection(&self) -> Vec<u64> {
        self.entries().by_connection.clone()
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.entries().received.clone()
    }

    /// What was received, which is forgotten.
    pub(super) fn take_received(&self) -> Vec<Received> {
        let mut entries = self.entries();
        entries.handed_out = 0;
        std::mem::take(&mut entries.received)
    }

    /// How many have been received, and are known still.
    pub(super) fn received_count(&self) -> usize {
        self.entries().received.len()
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
            in_vain: None,
        })
    }

    pub(super) async fn next_received(&self) -> Result<Received, Failure> {
        self.wait(|| self.hand_out()).await
    }

    pub(super) async fn wait_for(&self, count: usize) -> Result<(), Failure> {
        self.wait(|| (self.received_count() >= count).then_some(()))
            .await
    }

    /// Looks again whenever there is news.
    async fn wait<T>(&self, look: impl Fn() -> Option<T>) -> Result<T, Failure> {
        loop {
            // Made before looking, so that nothing is missed between looking and waiting.
            let news = self.news.notified();
            if let Some(found) = look() {
                return Ok(found);
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
        let mut entries = self.entries();
        if let Some(count) = entries.by_connection.get_mut(index_of(received.connection)) {
            *count += 1;
        }
        entries.received.push(received);
        drop(entries);
        self.news.notify_waiters();
    }

    pub(super) fn add_violation(&self, text: String) {
        tracing::warn!(target: "pilotfish::testing", text, "violation");
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

/// Connections are counted from 1.
fn index_of(connection: u64) -> usize {
    usize::try_from(connection - 1).unwrap_or(usize::MAX)
}
