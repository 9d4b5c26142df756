//! A port of the loopback interface, on which a server listens later, and not for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use super::mini_server::{Knowing, Store, Words};

/// What is done to the replies of one connection: see [`Knowing::fate`].
pub(crate) type Fate = Box<dyn FnMut(&mut Vec<u8>) -> bool + Send>;

/// A port on which connections are refused.
pub(crate) struct Port(TcpSocket);

impl Port {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn number(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    pub(crate) fn listen(self) -> TcpListener {
        self.0.listen(64).unwrap()
    }

    /// Serves whoever connects, until it is dropped: `fate` is asked for each connection, by its
    /// number from 0.
    pub(crate) async fn serve(
        self,
        keywords: &'static [&'static str],
        store: Store,
        mut fate: impl FnMut(usize) -> Fate,
    ) {
        let listener = self.listen();
        let mut serving = JoinSet::new();
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let knowing = Knowing::new(stream, Words::Offering(keywords), &store);
            serving.spawn(knowing.fate(fate(number)).serve());
        }
    }
}

/// Counts across connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    /// One more; how many there were before.
    pub(crate) fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn all(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Has yes to RCPT replaced, as `reply` says for the number of it.
    pub(crate) fn replies_to_rcpt<'a>(
        &self,
        reply: impl Fn(usize) -> Option<&'a str> + Send + 'static,
    ) -> Fate {
        let count = self.clone();
        Box::new(move |said| {
            if said.starts_with(b"250 2.1.5")
                && let Some(reply) = reply(count.add())
            {
                *said = format!("{reply}\r\n").into_bytes();
            }
            false
        })
    }
}
