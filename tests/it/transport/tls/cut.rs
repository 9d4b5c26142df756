//! A handshake that is cut after any octet, in each direction.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pilotfish::transport::TlsConfig;
use pilotfish::{Error, ErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, DuplexStream, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::made::{client, good};
use super::server::{TlsStart, secured};

/// What happens to a stream that is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Close,
    Reset,
    Silence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    FromServer,
    FromClient,
}

/// The client's end of a pipe, which is cut after this many octets in one direction.
#[derive(Debug)]
struct CutStream {
    stream: DuplexStream,
    cut: Cut,
    direction: Direction,
    left: usize,
}

impl CutStream {
    fn is_cut(&self) -> bool {
        self.left == 0
    }

    fn reset() -> io::Error {
        io::ErrorKind::ConnectionReset.into()
    }
}

impl AsyncRead for CutStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_cut() {
            return match self.cut {
                Cut::Close => Poll::Ready(Ok(())),
                Cut::Reset => Poll::Ready(Err(Self::reset())),
                Cut::Silence => Poll::Pending,
            };
        }
        let most = match self.direction {
            Direction::FromServer => self.left.min(buffer.remaining()),
            Direction::FromClient => buffer.remaining(),
        };
        let mut octets = vec![0; most];
        let mut part = ReadBuf::new(&mut octets);
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
        let count = part.filled().len();
        buffer.put_slice(part.filled());
        if self.direction == Direction::FromServer {
            self.left -= count;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CutStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_cut() {
            return match self.cut {
                Cut::Close => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                Cut::Reset => Poll::Ready(Err(Self::reset())),
                // Into the buffers of the system.
                Cut::Silence => Poll::Ready(Ok(octets.len())),
            };
        }
        let most = match self.direction {
            Direction::FromServer => octets.len(),
            Direction::FromClient => octets.len().min(self.left),
        };
        let count =
            std::task::ready!(Pin::new(&mut self.stream).poll_write(context, &octets[..most]))?;
        if self.direction == Direction::FromClient {
            self.left -= count;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A handshake with a server that sends nothing afterwards, cut at an octet. Returns the error, or
/// `None` if the handshake had ended by then. The server must not have received anything.
async fn cut(
    config: &Arc<ServerConfig>,
    tls: &TlsConfig,
    direction: Direction,
    cut: Cut,
    octets: usize,
) -> Option<Error> {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let fragile = CutStream {
        stream: here,
        cut,
        direction,
        left: octets,
    };
    let server = async {
        let acceptor = TlsAcceptor::from(Arc::clone(config));
        let Ok(mut stream) = acceptor.accept(there).await else {
            return (Vec::new(), false);
        };
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        (heard, true)
    };
    let host = "server.example".parse().unwrap();
    let client = secured(fragile, TlsStart::Implicit, tls, &host);
    // A client that was cut off after its last octet waits for a greeting that does not come.
    let (outcome, (heard, accepted)) = tokio::join!(client, server);
    assert_eq!(heard, b"", "at {octets}");
    let error = outcome.expect_err("the server greeted");
    let done = accepted || error.stage() == Some(pilotfish::Stage::Greeting);
    (!done).then_some(error)
}

/// Cuts after each octet until the handshake completes. Returns the number of cuts.
async fn cut_everywhere(direction: Direction, how: Cut, kind: ErrorKind) -> usize {
    let config = Arc::new(good().config());
    // A resumed session would make another handshake.
    let tls = || client();
    let mut octets = 0;
    while let Some(error) = cut(&config, &tls(), direction, how, octets).await {
        let facts = (error.kind(), error.is_transient());
        assert_eq!(
            facts,
            (kind, true),
            "{direction:?} {how:?} {octets}: {error:?}"
        );
        octets += 1;
    }
    octets
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_cut_at_any_octet() {
    let mut cuts = 0;
    for direction in [Direction::FromServer, Direction::FromClient] {
        for (how, kind) in [
            (Cut::Close, ErrorKind::Io),
            (Cut::Reset, ErrorKind::Io),
            (Cut::Silence, ErrorKind::Timeout),
        ] {
            let count = cut_everywhere(direction, how, kind).await;
            assert!(count > 500, "{direction:?} {how:?}: {count}");
            cuts += count;
        }
    }
    println!("{cuts} handshakes were cut");
}
