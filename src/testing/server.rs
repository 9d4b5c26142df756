//! A running server.

use std::any::Any;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::certificate;
use super::connection;
use super::fault::Faults;
use super::listeners::{ByteStream, Listeners, not_accepted};
use super::settings::ServerSettings;
use super::shared::{Log, Shared, TestServerError};

/// How long connections may take to end by themselves when the server shuts down. If the client has
/// closed its end, the server still reads what the client sent last.
const GRACE: Duration = Duration::from_millis(250);

/// A submission server on the loopback interface: see the [module](super) for what it does.
///
/// Dropping it ends the server and its connections at once, and does not report what went wrong.
/// A test calls [`shutdown`](Self::shutdown).
#[derive(Debug)]
pub struct TestServer {
    addr: SocketAddr,
    ca_pem: String,
    pub(super) shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

impl TestServer {
    pub(super) async fn start(settings: ServerSettings, faults: Faults) -> io::Result<Self> {
        let (acceptor, ca_pem) = certificate::make(&settings.host_names)?;
        let listeners = Listeners::open(&settings).await?;
        let addr = listeners.addr()?;
        let shared = Arc::new(Shared {
            settings,
            faults,
            log: Log::default(),
            connections: Arc::default(),
            budget: Arc::default(),
            acceptor,
            stop: CancellationToken::new(),
            queued: AtomicU64::new(0),
        });
        let listening = tokio::spawn(listen(listeners, Arc::clone(&shared), connection::serve));
        Ok(Self {
            addr,
            ca_pem,
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
    /// [`TestServerBuilder::unix_socket`](super::TestServerBuilder::unix_socket) asked for one.
    #[cfg(unix)]
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.shared.settings.unix_socket.as_deref()
    }

    /// The certificate that clients have to trust, in PEM (RFC 7468).
    ///
    /// It belongs to an authority that exists for this server alone and certified the host names
    /// of [`TestServerBuilder::host_names`](super::TestServerBuilder::host_names).
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Stops listening, gives connections a moment to end, aborts the others, and returns what went
    /// wrong.
    ///
    /// # Errors
    ///
    /// [`TestServerError`] if a client broke the rules or a task of the server panicked.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the server at once, as dropping the server does.
    pub async fn shutdown(mut self) -> Result<(), TestServerError> {
        self.shared.stop.cancel();
        record_panic(&self.shared.log, (&mut self.listening).await);
        self.shared.log.failure().map_or(Ok(()), Err)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Accepts and serves connections until the server shuts down.
async fn listen<F>(
    listeners: Listeners,
    shared: Arc<Shared>,
    serve: impl Fn(Box<dyn ByteStream>, u64, bool, Arc<Shared>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => break,
            Some(ended) = connections.join_next() => record_panic(&shared.log, ended),
            accepted = listeners.accept() => match accepted {
                Ok(mut accepted) => {
                    number += 1;
                    shared.log.add_connection(accepted.round_trips);
                    let limit = shared.settings.max_connections;
                    let (presence, too_many) = shared.connections.add(&mut accepted, number, limit);
                    let served = serve(accepted.stream, number, too_many, Arc::clone(&shared));
                    connections.spawn(async move {
                        served.await;
                        // The connection counts as open until here.
                        drop(presence);
                    });
                }
                Err(error) => not_accepted(&error).await,
            },
        }
    }
    drop(listeners);
    let ended = async |connections: &mut JoinSet<()>| {
        while let Some(ended) = connections.join_next().await {
            record_panic(&shared.log, ended);
        }
    };
    if timeout(GRACE, ended(&mut connections)).await.is_err() {
        connections.abort_all();
        ended(&mut connections).await;
    }
}

pub(super) fn record_panic(log: &Log, ended: Result<(), JoinError>) {
    if let Some(panic) = ended.err().and_then(|error| error.try_into_panic().ok()) {
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
    async fn run(serve: impl Fn(u64) + Send + Sync + 'static) -> Result<(), TestServerError> {
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
