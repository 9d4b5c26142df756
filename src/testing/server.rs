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

use super::builder::{ServerBuilder, Settings};
use super::certificate;
use super::connection;
use super::failure::Failure;
use super::fault::{Fault, Faults, Often};
use super::listeners::{Accepted, Listeners};
use super::log::Log;
use super::received::Received;
use super::store::Budget;

/// How long connections may take to end by themselves when the server is shut down. Those
/// whose clients have gone need no time, but what these sent last has still to be read.
const GRACE: Duration = Duration::from_millis(250);

/// A submission server on the loopback interface: see the [module](super) for what it does.
///
/// Dropping it ends it and its connections at once. What went wrong is then not told to
/// anybody: a test calls [`shutdown`](Self::shutdown).
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    ca_pem: String,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// What the connections of a server have in common.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) faults: Faults,
    pub(super) log: Log,
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

impl Server {
    /// A server to be described and then [started](ServerBuilder::start).
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    pub(super) async fn start(settings: Settings, faults: Vec<(Fault, Often)>) -> io::Result<Self> {
        let identity = certificate::make(&settings.host_names)?;
        let listeners = Listeners::open(&settings).await?;
        let addr = listeners.addr()?;
        let shared = Arc::new(Shared {
            settings,
            faults: Faults::new(faults),
            log: Log::default(),
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
    /// [`ServerBuilder::unix_socket`] asked for one.
    #[cfg(unix)]
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.shared.settings.unix_socket.as_deref()
    }

    /// The certificate that clients have to trust, in PEM (RFC 7468).
    ///
    /// It belongs to an authority made for this server alone, which certified the host names
    /// of [`ServerBuilder::host_names`].
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The messages taken so far, the earliest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.log.received()
    }

    /// Waits for the next message: each that is taken is returned once, in order.
    ///
    /// # Errors
    ///
    /// [`Failure`] if there is no message to return and a client has broken the rules, or
    /// the server has panicked: what was waited for may then never come.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no message.
    pub async fn next_received(&self) -> Result<Received, Failure> {
        self.shared.log.next_received().await
    }

    /// How many round trips each connection has taken so far, in the order in which they came;
    /// over a network this is what they cost in time.
    ///
    /// Counted are: 1 for the TCP handshake, and none where a Unix socket is connected; 1 for
    /// a TLS handshake, or 2 with TLS 1.2 in full or with a second hello (RFC 8446, section
    /// 2.1); and 1 for each time that the server sends what it has to say, because it has
    /// nothing left to read and the client may be waiting: the greeting, a reply, or the
    /// replies to a whole group. So a mail of its own over port 587, with STARTTLS and a login
    /// in one step, takes 9 until it has been answered, and over port 465 it takes 7. The
    /// answer to QUIT adds one.
    ///
    /// A client that goes on sending while replies are on their way is not waiting, and the
    /// server cannot know: the figure is then an upper bound.
    #[must_use]
    pub fn round_trips(&self) -> Vec<u64> {
        self.shared.log.round_trips()
    }

    /// What clients have sent against the rules so far, one sentence each with the section
    /// that forbids it.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.shared.log.violations()
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

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Accepts connections until told to stop, and sees each to its end.
async fn listen<F>(
    listeners: Listeners,
    shared: Arc<Shared>,
    serve: impl Fn(Accepted, u64, Arc<Shared>) -> F,
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
                    connections.spawn(serve(stream, number, Arc::clone(&shared)));
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
        let mut server = Server::builder().start().await.unwrap();
        server.listening.abort();
        let listeners = Listeners::open(&server.shared.settings).await.unwrap();
        let addr = listeners.addr().unwrap();
        let serve = Arc::new(serve);
        let listening = listen(
            listeners,
            Arc::clone(&server.shared),
            move |_, number, _| {
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
