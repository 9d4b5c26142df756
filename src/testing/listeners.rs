//! Where a server listens.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::time::sleep;

use super::settings::ServerSettings;

/// How long no connection is accepted after one could not be.
const PAUSE: Duration = Duration::from_millis(20);

/// A connection of any kind: TCP or a Unix socket, in clear text or inside TLS.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> ByteStream for S {}

/// A TCP port of the loopback interface, and a Unix socket if the settings name one.
pub(super) struct Listeners {
    tcp: TcpListener,
    /// The file is removed when it closes.
    #[cfg(unix)]
    unix: Option<(UnixListener, std::path::PathBuf)>,
}

/// An accepted connection.
pub(super) struct Accepted {
    pub(super) stream: Box<dyn ByteStream>,
    /// How many round trips it took to connect (RFC 9293, section 3.5).
    pub(super) round_trips: u64,
    /// A second handle of the socket: a task reads from the stream while the server looks whether the
    /// client has closed its end. `None` if the process has no descriptor left for it.
    #[cfg(target_os = "linux")]
    pub(super) socket: Option<OwnedFd>,
}

impl Listeners {
    #[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix has a choice"))]
    pub(super) async fn open(settings: &ServerSettings) -> io::Result<Self> {
        Ok(Self {
            tcp: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
            #[cfg(unix)]
            unix: match &settings.unix_socket {
                Some(path) => Some((UnixListener::bind(path)?, path.clone())),
                None => None,
            },
        })
    }

    pub(super) fn addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// The next connection. Dropping the future loses none.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        #[cfg(unix)]
        if let Some((unix, _)) = &self.unix {
            return tokio::select! {
                accepted = self.accept_tcp() => accepted,
                accepted = unix.accept() => {
                    let (stream, _) = accepted?;
                    Ok(Accepted {
                        round_trips: 0,
                        #[cfg(target_os = "linux")]
                        socket: stream.as_fd().try_clone_to_owned().ok(),
                        stream: Box::new(stream),
                    })
                }
            };
        }
        self.accept_tcp().await
    }

    async fn accept_tcp(&self) -> io::Result<Accepted> {
        let (stream, _) = self.tcp.accept().await?;
        // Replies are whole when they are written: waiting for more would only delay them.
        stream.set_nodelay(true)?;
        Ok(Accepted {
            round_trips: 1,
            #[cfg(target_os = "linux")]
            socket: stream.as_fd().try_clone_to_owned().ok(),
            stream: Box::new(stream),
        })
    }
}

/// Waits after a connection that could not be accepted: the process may have no free descriptor.
pub(super) async fn not_accepted(error: &io::Error) {
    tracing::debug!(target: "pilotfish::testing", %error, "not accepted");
    sleep(PAUSE).await;
}

#[cfg(unix)]
impl Drop for Listeners {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.unix {
            // There is no caller for an error, and nothing depends on it.
            let _ = std::fs::remove_file(path);
        }
    }
}
