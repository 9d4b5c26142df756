//! Where a server listens.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, BorrowedFd};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::settings::ServerSettings;

/// A connection of any kind: TCP or a Unix socket, in clear text or inside TLS.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> ByteStream for S {}

/// A TCP port of the loopback interface, and a Unix socket if the settings name one.
pub(super) struct Listeners {
    tcp: TcpListener,
    #[cfg(unix)]
    unix: Option<UnixSocket>,
}

/// An accepted connection.
pub(super) enum Accepted {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

#[cfg(target_os = "linux")]
impl AsFd for Accepted {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Accepted {
    pub(super) fn into_stream(self) -> Box<dyn ByteStream> {
        match self {
            Self::Tcp(stream) => Box::new(stream),
            #[cfg(unix)]
            Self::Unix(stream) => Box::new(stream),
        }
    }

    /// How many round trips it took to connect (RFC 9293, section 3.5).
    pub(super) fn round_trips(&self) -> u64 {
        match self {
            Self::Tcp(_) => 1,
            #[cfg(unix)]
            Self::Unix(_) => 0,
        }
    }
}

impl Listeners {
    #[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix has a choice"))]
    pub(super) async fn open(settings: &ServerSettings) -> io::Result<Self> {
        Ok(Self {
            tcp: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
            #[cfg(unix)]
            unix: settings
                .unix_socket
                .clone()
                .map(UnixSocket::open)
                .transpose()?,
        })
    }

    pub(super) fn addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// The next connection. Dropping the future loses none.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        #[cfg(unix)]
        if let Some(unix) = &self.unix {
            return tokio::select! {
                accepted = self.accept_tcp() => accepted,
                accepted = unix.listener.accept() => Ok(Accepted::Unix(accepted?.0)),
            };
        }
        self.accept_tcp().await
    }

    async fn accept_tcp(&self) -> io::Result<Accepted> {
        let (stream, _) = self.tcp.accept().await?;
        // Replies are whole when they are written: waiting for more would only delay them.
        stream.set_nodelay(true)?;
        Ok(Accepted::Tcp(stream))
    }
}

/// A socket whose file is removed when it closes.
#[cfg(unix)]
struct UnixSocket {
    listener: UnixListener,
    path: std::path::PathBuf,
}

#[cfg(unix)]
impl UnixSocket {
    fn open(path: std::path::PathBuf) -> io::Result<Self> {
        let listener = UnixListener::bind(&path)?;
        Ok(Self { listener, path })
    }
}

#[cfg(unix)]
impl Drop for UnixSocket {
    fn drop(&mut self) {
        // There is no caller for an error, and nothing depends on it.
        let _ = std::fs::remove_file(&self.path);
    }
}
