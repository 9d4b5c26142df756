//! A socket for a dialogue of short turns.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// Writes up to this size, in octets, are commands and handshakes: an answer is waited for.
const TURN: usize = 2_048;

/// A connected socket, over TCP without delays at either end.
///
/// At this end, `TCP_NODELAY` is set. What is written here is written in whole groups and blocks,
/// and nothing is gained by holding a part back (RFC 9293 section 3.7.4).
///
/// At the other end, a server that answers in two segments may hold the second back until the
/// first is acknowledged, which this end would put off for 40 ms or more (RFC 9293 section
/// 3.8.6.3). It happens in each TLS 1.3 handshake with a server that does not set
/// `TCP_NODELAY`: session tickets, then the reply to EHLO. So after each small write what comes
/// is acknowledged at once, where the system knows how (Linux).
#[derive(Debug)]
pub struct Socket(Inner);

#[derive(Debug)]
enum Inner {
    Tcp(TcpStream),
    /// The other end is a proxy.
    #[cfg(feature = "proxy")]
    Tunnel(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// What all kinds of sockets can do.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

impl Socket {
    pub(super) fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(Inner::Tcp(stream)))
    }

    /// A connection through a proxy, whose `TCP_NODELAY` is set.
    #[cfg(feature = "proxy")]
    pub(super) fn tunnel(stream: TcpStream) -> Self {
        Self(Inner::Tunnel(stream))
    }

    #[cfg(unix)]
    pub(super) fn unix(stream: UnixStream) -> Self {
        Self(Inner::Unix(stream))
    }

    /// The address of this end as the server may know it; 127.0.0.1 over a Unix socket and
    /// behind a proxy, where it does not.
    ///
    /// # Errors
    ///
    /// What the system says if the connection has gone.
    pub fn local_address(&self) -> io::Result<IpAddr> {
        match &self.0 {
            Inner::Tcp(stream) => Ok(stream.local_addr()?.ip().to_canonical()),
            #[cfg(any(unix, feature = "proxy"))]
            _ => Ok(Ipv4Addr::LOCALHOST.into()),
        }
    }

    fn stream(&mut self) -> Pin<&mut dyn Stream> {
        match &mut self.0 {
            Inner::Tcp(stream) => Pin::new(stream),
            #[cfg(feature = "proxy")]
            Inner::Tunnel(stream) => Pin::new(stream),
            #[cfg(unix)]
            Inner::Unix(stream) => Pin::new(stream),
        }
    }

    /// The system takes this for the next exchange only.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn acknowledge_at_once(&self) {
        // A delay is all that a failure costs.
        let _ = match &self.0 {
            Inner::Tcp(stream) => socket2::SockRef::from(stream).set_tcp_quickack(true),
            #[cfg(feature = "proxy")]
            Inner::Tunnel(stream) => socket2::SockRef::from(stream).set_tcp_quickack(true),
            #[cfg(unix)]
            Inner::Unix(_) => Ok(()),
        };
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::unused_self, reason = "the same signature on all systems")]
    fn acknowledge_at_once(&self) {}
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().stream().poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream().poll_write(context, octets);
        if octets.len() <= TURN && written.is_ready() {
            this.acknowledge_at_once();
        }
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream().poll_write_vectored(context, slices);
        if matches!(written, Poll::Ready(Ok(..=TURN))) {
            this.acknowledge_at_once();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        // All kinds are.
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn nagle_is_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let Inner::Tcp(stream) = Socket::tcp(stream).unwrap().0 else {
            panic!("another kind of socket");
        };
        assert!(stream.nodelay().unwrap());
    }
}
