//! A server that runs.

use std::any::Any;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::builder::{Settings, TestServerBuilder};
use super::certificate;
use super::connection;
use super::failure::Failure;
use super::fault::{Fault, Faults, Often};
use super::listeners::{Accepted, Listeners};
use super::log::Log;
use super::open_connections::{OpenConnections, Room};
use super::store::Budget;

/// How long connections may take to end by themselves when the server is shut down. Those
/// whose clients have gone need no time, but what these sent last has still to be read.
const GRACE: Duration = Duration::from_millis(250);

/// A submission server on the loopback interface: see the [module](super) for what it does.
///
/// Dropping it ends it and its connections at once. What went wrong is then not told to
/// anybody: a test calls [`shutdown`](Self::shutdown).
#[derive(Debug)]
pub struct TestServer {
    addr: SocketAddr,
    ca_pem: String,
    pub(super) shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// What the connections of a server have in common.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) faults: Faults,
    pub(super) log: Log,
    pub(super) connections: Arc<OpenConnections>,
    pub(super) budget: Arc<Budget>,
    pub(super) acceptor: TlsAcceptor,
    pub(super) stop: CancellationToken,
    queued: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// A name for the next message.
    pub(super) fn queue_id(&self) -> String {
        let number = self.queued.fetch_add(1, Ordering::Relaxed);
        format!("4C1F{number:08X}")
    }
}

impl TestServer {
    /// A server to be described and then [started](TestServerBuilder::start).
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
    }

    pub(super) async fn start(settings: Settings, faults: Vec<(Fault, Often)>) -> io::Result<Self> {
        let identity = certificate::make(&settings.host_names)?;
        let listeners = Listeners::open(&settings).await?;
        let addr = listeners.addr()?;
        let shared = Arc::new(Shared {
            settings,
            faults: Faults::new(faults),
            log: Log::default(),
            connections: Arc::default(),
            budget: Arc::default(),
            acceptor: TlsAcceptor::from(identity.config),
            stop: CancellationToken::new(),
            queued: AtomicU64::new(0),
        });
        let listening = tokio::spawn(listen(listeners, Arc::clone(&shared), connection::serve));
        Ok(Self {
            addr,
            ca_pem: identity.ca_pem,
            shared,
            listening,
        })
    }

    /// Where the server listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The Unix domain socket where the server listens, too, if
    /// [`TestServerBuilder::unix_socket`] asked for one.
    #[cfg(unix)]
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.shared.settings.unix_socket.as_deref()
    }

    /// The certificate that clients have to trust, in PEM (RFC 7468).
    ///
    /// It belongs to an authority made for this server alone, which certified the host names
    /// of [`TestServerBuilder::host_names`].
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Stops listening, lets connections end that are about to, aborts the others, and says
    /// what went wrong.
    ///
    /// # Errors
    ///
    /// [`Failure`] if a client broke the rules or a task of the server panicked.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the server at once, as dropping the server does.
    pub async fn shutdown(mut self) -> Result<(), Failure> {
        self.shared.stop.cancel();
        if let Err(error) = (&mut self.listening).await {
            record_panic(&self.shared.log, error);
        }
        self.shared.log.failure().map_or(Ok(()), Err)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Accepts connections until told to stop, and sees each to its end.
async fn listen<F>(
    listeners: Listeners,
    shared: Arc<Shared>,
    serve: impl Fn(Accepted, u64, Room, Arc<Shared>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => break,
            Some(ended) = connections.join_next() => note_end(&shared.log, ended),
            accepted = listeners.accept() => match accepted {
                Ok(stream) => {
                    number += 1;
                    shared.log.add_connection(stream.round_trips());
                    let limit = shared.settings.max_connections;
                    let (presence, room) = shared.connections.add(&stream, number, limit);
                    let served = serve(stream, number, room, Arc::clone(&shared));
                    connections.spawn(async move {
                        served.await;
                        // Only now, when the connection has been closed.
                        drop(presence);
                    });
                }
                // Of a connection that ended before it was accepted, for example.
                Err(error) => tracing::debug!(target: "pilotfish::testing", %error, "not accepted"),
            },
        }
    }
    drop(listeners);
    let ended = async {
        while let Some(ended) = connections.join_next().await {
            note_end(&shared.log, ended);
        }
    };
    if timeout(GRACE, ended).await.is_err() {
        connections.abort_all();
        while let Some(ended) = connections.join_next().await {
            note_end(&shared.log, ended);
        }
    }
}

fn note_end(log: &Log, ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        record_panic(log, error);
    }
}

fn record_panic(log: &Log, error: JoinError) {
    if let Ok(panic) = error.try_into_panic() {
        log.add_panic(panic_message(panic.as_ref()));
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    /// Runs a server whose connections do this with their number.
    async fn run(serve: impl Fn(u64) + Send + Sync + 'static) -> Result<(), Failure> {
        let mut server = TestServer::builder().start().await.unwrap();
        server.listening.abort();
        let listeners = Listeners::open(&server.shared.settings).await.unwrap();
        let addr = listeners.addr().unwrap();
        let serve = Arc::new(serve);
        let listening = listen(
            listeners,
            Arc::clone(&server.shared),
            move |_, number, _, _| {
                let serve = Arc::clone(&serve);
                async move { serve(number) }
            },
        );
        server.listening = tokio::spawn(listening);
        for _ in 0..2 {
            let mut peer = TcpStream::connect(addr).await.unwrap();
            // The end of the stream: the connection has been served.
            let _ = tokio::io::AsyncReadExt::read(&mut peer, &mut [0]).await;
        }
        server.shutdown().await
    }

    #[tokio::test]
    async fn panics_reach_the_caller() {
        let failure = run(|number| panic!("number {number}")).await.unwrap_err();
        assert_eq!(failure.panics, ["number 1", "number 2"]);
        assert_eq!(failure.violations, [""; 0]);
    }

    #[tokio::test]
    async fn connections_that_end_well_are_no_failure() {
        assert_eq!(run(|_| {}).await, Ok(()));
    }
}
