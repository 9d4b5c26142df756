//! Waiting on the wire.

use std::future::{pending, poll_fn, ready};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::poll;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
};
use tokio::time::{Instant, advance};
use tokio_util::either::Either;

use super::{Timeouts, TlsConfig, Wire, within};
use crate::error::{ErrorKind, Stage};

/// Counts how often it is flushed.
struct Counting {
    stream: DuplexStream,
    flushes: usize,
}

impl AsyncRead for Counting {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes += 1;
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// A socket acknowledges what has come when it is flushed, and a server may wait for that.
#[tokio::test]
async fn who_waits_for_the_rest_of_a_reply_flushes() {
    let (stream, mut server) = duplex(1024);
    let mut wire = Wire::clear(Counting { stream, flushes: 0 }, Timeouts::default());
    let flushes = |wire: &Wire<Counting>| match wire.framed.get_ref() {
        Either::Left(stream) => stream.flushes,
        Either::Right(_) => panic!("the wire uses TLS"),
    };

    server.write_all(b"220 server.exam").await.unwrap();
    assert!(poll!(pin!(wire.receive(Stage::Greeting))).is_pending());
    assert_eq!(flushes(&wire), 1);

    server.write_all(b"ple\r\n").await.unwrap();
    let reply = wire.receive(Stage::Greeting).await.unwrap();
    assert_eq!(reply.to_string(), "220 server.example");
    assert_eq!(flushes(&wire), 1, "what is whole is answered, with no need");

    assert!(!wire.has_reply().await);
    assert_eq!(flushes(&wire), 1, "whoever looks does not wait");
    assert!(poll!(pin!(wire.readable())).is_pending());
    assert_eq!(flushes(&wire), 2);
}

/// The socket of a process that was stopped: what came meanwhile is seen a moment after the timers
/// have fired, and as much room there is then.
#[derive(Debug)]
struct Stopped {
    until: Instant,
    /// Whether it has been looked at since.
    looked: bool,
    octets: &'static [u8],
}

impl Stopped {
    fn is_seen(&mut self) -> bool {
        if Instant::now() < self.until {
            return false;
        }
        std::mem::replace(&mut self.looked, true)
    }
}

impl AsyncRead for Stopped {
    fn poll_read(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.octets.is_empty() || !this.is_seen() {
            return Poll::Pending;
        }
        buffer.put_slice(std::mem::take(&mut this.octets));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stopped {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.get_mut().is_seen() {
            Poll::Ready(Ok(octets.len()))
        } else {
            Poll::Pending
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A wire over such a socket, and how long its process is stopped: longer than any limit.
fn stopped(octets: &'static [u8]) -> (Wire<Stopped>, Duration) {
    let pause = Duration::from_hours(1);
    let stream = Stopped {
        until: Instant::now() + pause,
        looked: false,
        octets,
    };
    (Wire::clear(stream, Timeouts::default()), pause)
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_came_while_the_process_was_stopped_is_received() {
    let (mut wire, pause) = stopped(b"220 server.example\r\n");
    let mut receiving = pin!(wire.receive(Stage::Greeting));
    assert!(poll!(receiving.as_mut()).is_pending());
    advance(pause).await;
    assert_eq!(receiving.await.unwrap().to_string(), "220 server.example");

    let (mut wire, pause) = stopped(b"");
    let mut receiving = pin!(wire.receive(Stage::Greeting));
    assert!(poll!(receiving.as_mut()).is_pending());
    advance(pause).await;
    let begin = Instant::now();
    assert_eq!(receiving.await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(
        begin.elapsed() <= Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
}

/// The alert that ends a handshake (RFC 8446 section 6.2).
#[tokio::test(start_paused = true)]
async fn a_handshake_goes_on_after_the_process_was_stopped() {
    let (wire, pause) = stopped(b"\x15\x03\x03\x00\x02\x02\x28");
    let (tls, host) = (TlsConfig::builder(), "server.example".parse().unwrap());
    let tls = tls.danger_accept_invalid_certificates().build().unwrap();
    let mut upgrading = pin!(wire.begin_tls(Stage::Connect, &tls, &host));
    assert!(poll!(upgrading.as_mut()).is_pending());
    advance(pause).await;
    assert_eq!(upgrading.await.unwrap_err().kind(), ErrorKind::Tls);
}

/// As connections and proxies are waited for.
#[tokio::test(start_paused = true)]
async fn what_came_while_the_process_was_stopped_is_within_the_limit() {
    let limit = Duration::from_secs(5);
    let until = Instant::now() + Duration::from_hours(1);
    let mut looked = false;
    let mut waiting = pin!(within(
        limit,
        poll_fn(|_| {
            let is_late = Instant::now() >= until;
            if is_late && std::mem::replace(&mut looked, true) {
                Poll::Ready("connected")
            } else {
                Poll::Pending
            }
        })
    ));
    assert!(poll!(waiting.as_mut()).is_pending());
    advance(Duration::from_hours(1)).await;
    assert_eq!(waiting.await, Some("connected"));

    let begin = Instant::now();
    assert_eq!(within(limit, pending::<()>()).await, None);
    assert_eq!(begin.elapsed().as_secs(), limit.as_secs());
    assert_eq!(within(limit, ready(1)).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn room_that_came_while_the_process_was_stopped_is_used() {
    let (mut wire, pause) = stopped(b"");
    let mut block = pin!(wire.block(b"octets"));
    assert!(poll!(block.as_mut()).is_pending());
    advance(pause).await;
    block.await.unwrap();
}

/// Unread octets would turn the end of the connection into a reset.
#[tokio::test]
async fn who_leaves_at_once_reads_what_has_come_and_waits_for_nothing() {
    for reply in ["221 bye\r\n", "22", ""] {
        let (stream, mut server) = duplex(1024);
        let serving = tokio::spawn(async move {
            let mut quit = [0; 6];
            server.read_exact(&mut quit).await.unwrap();
            server.write_all(reply.as_bytes()).await.unwrap();
            let end = server.read(&mut quit).await.unwrap();
            assert_eq!((&quit, end), (b"QUIT\r\n", 0));
            server
        });
        let mut wire = Wire::clear(stream, Timeouts::default()).leaving_at_once();
        wire.expected_replies = 0;
        wire.quit().await;
        let unread = wire.framed.read_buffer().len();
        let replies = wire.pending_replies.len();
        let read = (usize::from(reply.len() > 2), reply.len() % 9);
        assert_eq!((replies, unread), read, "{reply:?}");
        drop(serving.await.unwrap());
    }
}
