//! A server that speaks TLS over a pipe, and records what it receives.

use std::sync::Arc;

use pilotfish::Result;
use pilotfish::session::{Greeted, Secured};
use pilotfish::transport::{Host, Timeouts, TlsConfig};
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::support::client::{ACCOUNT, name};
use crate::support::peer::Stream;

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsStart {
    Implicit,
    StartTls,
}

pub(super) const BOTH: [TlsStart; 2] = [TlsStart::Implicit, TlsStart::StartTls];

/// The server's side of the handshake.
#[derive(Clone)]
pub(super) enum Side {
    Rustls(Arc<ServerConfig>),
    /// The kind of server at this port.
    Port(u16),
}

impl From<ServerConfig> for Side {
    fn from(config: ServerConfig) -> Self {
        Self::Rustls(Arc::new(config))
    }
}

/// Logs in and quits. Returns what the server received inside TLS.
pub(super) async fn log_in(
    side: &Side,
    begin: TlsStart,
    tls: &TlsConfig,
    host: &str,
) -> (Result<()>, Vec<u8>) {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let host: Host = host.parse().unwrap();
    let client = async {
        let secured = secured(here, begin, tls, &host).await?;
        let session = secured.authenticate(&ACCOUNT.credentials()).await?;
        drop(session);
        Ok(())
    };
    tokio::join!(client, serve(there, begin, side))
}

/// The client's side up to EHLO inside TLS.
pub(super) async fn secured<S: Stream>(
    stream: S,
    begin: TlsStart,
    tls: &TlsConfig,
    host: &Host,
) -> Result<Secured<S>> {
    match begin {
        TlsStart::Implicit => {
            Secured::implicit_tls(stream, tls, host, name(), Timeouts::default()).await
        }
        TlsStart::StartTls => {
            let greeted = Greeted::greet(stream, name(), Timeouts::default()).await?;
            greeted.starttls(tls, host).await
        }
    }
}

/// The server's side, to the end. Returns what it received inside TLS.
async fn serve(stream: DuplexStream, begin: TlsStart, side: &Side) -> Vec<u8> {
    let mut stream = BufReader::new(stream);
    if begin == TlsStart::StartTls {
        send_in_clear(&mut stream).await;
    }
    let mut stream = stream.into_inner();
    match side {
        Side::Rustls(config) => {
            let acceptor = TlsAcceptor::from(Arc::clone(config));
            match acceptor.accept(stream).await {
                Ok(stream) => converse(stream, begin).await,
                Err(_) => Vec::new(),
            }
        }
        Side::Port(port) => {
            let mut other = tokio::net::TcpStream::connect(("127.0.0.1", *port))
                .await
                .unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut other).await;
            Vec::new()
        }
    }
}

/// Up to STARTTLS.
pub(super) async fn send_in_clear<S: Stream>(stream: &mut BufReader<S>) {
    let mut line = String::new();
    stream.write_all(b"220 server.example\r\n").await.unwrap();
    stream.read_line(&mut line).await.unwrap();
    let offer = b"250-server.example\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n";
    stream.write_all(offer).await.unwrap();
    stream.read_line(&mut line).await.unwrap();
    assert_eq!(line, "EHLO client.example\r\nSTARTTLS\r\n");
    stream.write_all(b"220 go\r\n").await.unwrap();
}

/// Inside TLS: accepts any login, and reads everything else to the end.
async fn converse<S: Stream>(stream: S, begin: TlsStart) -> Vec<u8> {
    let mut stream = BufReader::new(stream);
    let mut heard = Vec::new();
    if begin == TlsStart::Implicit {
        let _ = stream.write_all(b"220 server.example\r\n").await;
    }
    for reply in [
        "250-server.example\r\n250 AUTH PLAIN\r\n",
        "235 welcome\r\n",
    ] {
        let _ = stream.flush().await;
        if stream.read_until(b'\n', &mut heard).await.unwrap_or(0) == 0 {
            return heard;
        }
        let _ = stream.write_all(reply.as_bytes()).await;
    }
    let _ = stream.flush().await;
    let _ = stream.read_to_end(&mut heard).await;
    heard
}
