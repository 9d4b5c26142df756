//! A socket for a dialogue of short messages.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// A connected socket, over TCP without delays at either end.
///
/// At this end `TCP_NODELAY` is set. The client writes whole groups and blocks, so holding a part
/// back gains nothing (RFC 9293 section 3.7.4).
///
/// A server that answers in two segments may hold the second back until this end acknowledges the
/// first, which the system would delay for 40 ms or more (RFC 9293 section 3.8.6.3). That happens in
/// each TLS 1.3 handshake with a server that does not set `TCP_NODELAY`: session tickets come first,
/// then the reply to EHLO. So [flushing](AsyncWrite::poll_flush) also sends acknowledgements, where
/// the system supports that (Linux), and the client flushes when it waits for the rest of a reply.
/// When it answers instead, the answer carries the acknowledgement.
#[derive(Debug)]
pub struct Socket {
    stream: SocketStream,
    /// Whether the other end is a proxy.
    #[cfg(feature = "proxy")]
    pub(super) through_proxy: bool,
    /// Whether something has been read, and nothing written since.
    unacknowledged: bool,
}

#[derive(Debug)]
enum SocketStream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// The traits that all kinds of sockets have.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

impl Socket {
    fn new(stream: SocketStream) -> Self {
        Self {
            stream,
            #[cfg(feature = "proxy")]
            through_proxy: false,
            unacknowledged: false,
        }
    }

    pub(super) fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self::new(SocketStream::Tcp(stream)))
    }

    #[cfg(unix)]
    pub(super) fn unix(stream: UnixStream) -> Self {
        Self::new(SocketStream::Unix(stream))
    }

    /// The address of this end as the server may know it. Over a Unix socket and through a proxy the
    /// server does not know it: then this is 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The system's error if the connection no longer exists.
    pub fn local_address(&self) -> io::Result<IpAddr> {
        #[cfg(feature = "proxy")]
        if self.through_proxy {
            return Ok(Ipv4Addr::LOCALHOST.into());
        }
        match &self.stream {
            SocketStream::Tcp(stream) => Ok(stream.local_addr()?.ip().to_canonical()),
            #[cfg(unix)]
            SocketStream::Unix(_) => Ok(Ipv4Addr::LOCALHOST.into()),
        }
    }

    fn stream(&mut self) -> Pin<&mut dyn Stream> {
        match &mut self.stream {
            SocketStream::Tcp(stream) => Pin::new(stream),
            #[cfg(unix)]
            SocketStream::Unix(stream) => Pin::new(stream),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn acknowledge(&self) {
        if let SocketStream::Tcp(stream) = &self.stream {
            // The system does this once. A failure costs no more than a delay.
            let _ = stream.set_quickack(true);
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::unused_self, reason = "the same signature on all systems")]
    fn acknowledge(&self) {}
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = this.stream().poll_read(context, buffer);
        this.unacknowledged |= read.is_ready();
        read
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
        this.unacknowledged &= written.is_pending();
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream().poll_write_vectored(context, slices);
        this.unacknowledged &= written.is_pending();
        written
    }

    fn is_write_vectored(&self) -> bool {
        // All kinds of sockets are.
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.unacknowledged) {
            this.acknowledge();
        }
        this.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A socket, and the server's end of it.
    async fn connected() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (stream, accepted) = tokio::join!(connecting, listener.accept());
        (Socket::tcp(stream.unwrap()).unwrap(), accepted.unwrap().0)
    }

    fn tcp(socket: &Socket) -> &TcpStream {
        let SocketStream::Tcp(stream) = &socket.stream else {
            panic!("another kind of socket");
        };
        stream
    }

    #[tokio::test]
    async fn nagle_is_off() {
        let (socket, _server) = connected().await;
        assert!(tcp(&socket).nodelay().unwrap());
    }

    /// Where this is true, acknowledgements are not put off.
    #[cfg(target_os = "linux")]
    fn acknowledges_at_once(socket: &Socket) -> bool {
        tcp(socket).quickack().unwrap()
    }

    /// The server writes, the client reads, and does this then: has it acknowledged?
    #[cfg(target_os = "linux")]
    async fn acknowledges(then: impl AsyncFn(&mut Socket)) -> bool {
        let (mut socket, mut server) = connected().await;
        server.write_all(b"220 h").await.unwrap();
        socket.read_exact(&mut [0; 5]).await.unwrap();
        tcp(&socket).set_quickack(false).unwrap();
        then(&mut socket).await;
        acknowledges_at_once(&socket)
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_has_come_is_acknowledged_by_a_flush_or_an_answer() {
        assert!(!acknowledges(async |_| {}).await);
        assert!(acknowledges(async |socket| socket.flush().await.unwrap()).await);
        let answer = async |socket: &mut Socket| {
            socket.write_all(b"EHLO c").await.unwrap();
            socket.flush().await.unwrap();
        };
        assert!(!acknowledges(answer).await);
    }
}
