//! Waiting on the wire.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::poll;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};

use super::{MaybeTls, Timeouts, Wire};
use crate::error::Stage;

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
        MaybeTls::Clear(stream) => stream.flushes,
        MaybeTls::Tls(_) => panic!("nobody asked for TLS"),
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
