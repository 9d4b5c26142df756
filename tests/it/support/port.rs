//! A port of the loopback interface, whose server starts later and stops at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use super::mini_server::{MiniServer, Replies, Store};

/// A change of the replies of one connection: see [`MiniServer::fate`].
pub(crate) type ReplyFault = Box<dyn FnMut(&mut Vec<u8>) -> bool + Send>;

/// A port that refuses connections.
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

    /// Serves connections until it is dropped. It calls `fate` for each connection, with the
    /// connection's number from 0.
    pub(crate) async fn serve(
        self,
        keywords: &'static [&'static str],
        store: Store,
        mut fate: impl FnMut(usize) -> ReplyFault,
    ) {
        let listener = self.listen();
        let mut serving = JoinSet::new();
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let mini_server = MiniServer::new(stream, Replies::Offering(keywords), &store);
            serving.spawn(mini_server.fate(fate(number)).serve());
        }
    }
}

/// A counter that connections share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    /// Adds one. Returns the count before.
    pub(crate) fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn all(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces positive replies to RCPT: `reply` gets the number of the reply.
    pub(crate) fn replies_to_rcpt<'a>(
        &self,
        reply: impl Fn(usize) -> Option<&'a str> + Send + 'static,
    ) -> ReplyFault {
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
