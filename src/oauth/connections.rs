//! The connections of browsers to the listener of a login.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

/// The most connections at once. Browsers open some that they do not use.
const MAX_CONNECTIONS: usize = 16;

/// How long no connection is accepted after one could not be: the process may have no free descriptor.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether a connection has sent something.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard(Arc<AtomicBool>);

impl Heard {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is done with the connections, the oldest first.
pub(super) struct Connections<'a, T>(VecDeque<Connection<'a, T>>);

struct Connection<'a, T> {
    heard: Heard,
    visit: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
}

impl<'a, T> Connections<'a, T> {
    pub(super) fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Adds one. If there are too many, the oldest that has sent nothing is dropped, or else the oldest.
    pub(super) fn add<F>(&mut self, visit: impl FnOnce(Heard) -> F)
    where
        F: Future<Output = T> + Send + 'a,
    {
        if self.0.len() >= MAX_CONNECTIONS {
            let idle = self.0.iter().position(|connection| !connection.heard.get());
            self.0.remove(idle.unwrap_or(0));
        }
        let heard = Heard::default();
        let visit = Box::pin(visit(heard.clone()));
        self.0.push_back(Connection { heard, visit });
    }

    /// The outcome of the next one that ends. It waits for ever if there is none.
    pub(super) async fn next(&mut self) -> T {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<T> {
        for index in 0..self.0.len() {
            let Some(connection) = self.0.get_mut(index) else {
                break;
            };
            if let Poll::Ready(outcome) = connection.visit.as_mut().poll(context) {
                self.0.remove(index);
                return Poll::Ready(outcome);
            }
        }
        Poll::Pending
    }
}

/// The next connection. A failure, as without a free descriptor, is not the end of the login.
pub(super) async fn next_of<A>(accept: impl Fn() -> A) -> TcpStream
where
    A: Future<Output = io::Result<TcpStream>>,
{
    loop {
        match accept().await {
            Ok(browser) => return browser,
            Err(_) => sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;

    /// By the clock of the runtime, which stands still otherwise.
    #[tokio::test(start_paused = true)]
    async fn a_process_without_descriptors_pauses() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let _browser = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let failures = Cell::new(3);
        let began = Instant::now();
        next_of(|| {
            let fails = failures.replace(failures.get() - 1) > 0;
            let listener = &listener;
            async move {
                if fails {
                    // EMFILE.
                    return Err(io::Error::from_raw_os_error(24));
                }
                Ok(listener.accept().await?.0)
            }
        })
        .await;
        assert_eq!(failures.get(), -1);
        assert!(began.elapsed() >= 3 * PAUSE);
    }

    /// The connections that have sent something, and the one that makes room for another.
    #[test]
    fn an_idle_connection_makes_room() {
        for (heard, dropped) in [(0..0, 0), (0..1, 1), (1..16, 0), (0..15, 15), (0..16, 0)] {
            let mut connections = Connections::<()>::new();
            let mut kept = Vec::new();
            for index in 0..=MAX_CONNECTIONS {
                let token = Arc::new(());
                kept.push(Arc::downgrade(&token));
                connections.add(|own| {
                    if heard.contains(&index) {
                        own.set();
                    }
                    async move {
                        std::future::pending::<()>().await;
                        drop(token);
                    }
                });
            }
            let gone = kept
                .iter()
                .enumerate()
                .filter(|(_, token)| token.upgrade().is_none());
            let gone: Vec<_> = gone.map(|(index, _)| index).collect();
            assert_eq!(gone, [dropped], "{heard:?}");
        }
    }
}
