//! What happened at a server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::failure::TestServerError;
use super::received::Received;

/// What the connections of a server write and the test reads.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Mutex<Entries>,
    news: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) received: Vec<Received>,
    /// How many of them the test has got one by one.
    pub(super) returned: usize,
    pub(super) violations: Vec<String>,
    panics: Vec<String>,
    /// How many messages each connection has brought.
    pub(super) by_connection: Vec<u64>,
    /// How many round trips each connection has taken.
    pub(super) round_trips: Vec<u64>,
}

impl Log {
    /// Adds a connection that has taken this many round trips so far.
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

    pub(super) fn round_trips_of(&self, connection: u64) -> u64 {
        let round_trips = &self.entries().round_trips;
        round_trips.get(index_of(connection)).copied().unwrap_or(0)
    }

    /// What went wrong so far, if anything did.
    pub(super) fn failure(&self) -> Option<TestServerError> {
        let entries = self.entries();
        if entries.violations.is_empty() && entries.panics.is_empty() {
            return None;
        }
        Some(TestServerError {
            violations: entries.violations.clone(),
            panics: entries.panics.clone(),
            timed_out: None,
        })
    }

    /// Waits until `look` finds what it looks for. Fails if something went wrong before.
    pub(super) async fn wait<T>(
        &self,
        look: impl Fn(&mut Entries) -> Option<T>,
    ) -> Result<T, TestServerError> {
        loop {
            // Created before looking, so that nothing is missed between looking and waiting.
            let news = self.news.notified();
            if let Some(found) = look(&mut self.entries()) {
                return Ok(found);
            }
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
            news.await;
        }
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

    pub(super) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections are counted from 1.
fn index_of(connection: u64) -> usize {
    usize::try_from(connection - 1).unwrap_or(usize::MAX)
}
