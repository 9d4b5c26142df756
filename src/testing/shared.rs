//! What the connections of a server share, and what they report to the test.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::fault::Faults;
use super::open_connections::OpenConnections;
use super::received::Received;
use super::settings::ServerSettings;
use super::store::Budget;

/// What the connections of a server share.
pub(super) struct Shared {
    pub(super) settings: ServerSettings,
    pub(super) faults: Faults,
    pub(super) log: Log,
    pub(super) connections: Arc<OpenConnections>,
    pub(super) budget: Arc<Budget>,
    pub(super) acceptor: TlsAcceptor,
    /// Cancelled when the server shuts down.
    pub(super) stop: CancellationToken,
    /// How many messages have got a queue identifier.
    pub(super) queued: AtomicU64,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// The queue identifier of the next message.
    pub(super) fn queue_id(&self) -> String {
        let number = self.queued.fetch_add(1, Ordering::Relaxed);
        format!("4C1F{number:08X}")
    }
}

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

/// What went wrong while the server ran: what clients did that they must not do, panics
/// of the server itself, and a wait that timed out.
///
/// ```
/// use pilotfish::testing::{Security, TestServer};
/// use tokio::io::AsyncWriteExt;
/// use tokio::net::TcpStream;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = TestServer::builder()
///     .security(Security::Cleartext)
///     .start()
///     .await?;
///
/// // A client that has not read RFC 5321, section 2.3.8.
/// let mut client = TcpStream::connect(server.addr()).await?;
/// client.write_all(b"EHLO client.example\n").await?;
/// let failure = server.next_received().await.unwrap_err();
/// assert!(failure.violations[0].starts_with("connection 1: bare LF in a command"));
/// assert!(server.shutdown().await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestServerError {
    /// What clients sent against the rules, one sentence each with the section that forbids
    /// it.
    pub violations: Vec<String>,
    /// The messages of panics in the server's tasks.
    pub panics: Vec<String>,
    /// What [`TestServer::wait_for`](super::TestServer::wait_for) waited for, if its time was over.
    pub timed_out: Option<String>,
}

impl fmt::Display for TestServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let violations = self.violations.iter().map(|text| ("violation", text));
        let panics = self.panics.iter().map(|text| ("panic", text));
        let mut separator = "";
        for (what, text) in panics.chain(violations) {
            write!(f, "{separator}{what}: {text}")?;
            separator = "; ";
        }
        match &self.timed_out {
            Some(text) => write!(f, "{separator}{text}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TestServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_everything() {
        let failure = TestServerError {
            violations: vec!["bare LF".into()],
            panics: vec!["overflow".into()],
            timed_out: Some("waited 1s".into()),
        };
        assert_eq!(
            failure.to_string(),
            "panic: overflow; violation: bare LF; waited 1s"
        );
    }
}
