//! The server over sockets, with a peer that plays transcripts and knows no protocol.

mod auth;
mod bdat;
mod extensions;
mod faults;
mod flow;
mod limits;
mod lmtp;
mod order;
mod python;
mod quirks;
mod tls;
mod violations;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use rustls_pemfile::certs;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::certificate::cryptography;
use super::{Security, TestServer, TestServerBuilder};

/// The longest that an answer may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail up to its message.
const ENVELOPE: &str = "
    C: MAIL FROM:<>
    C: RCPT TO:<a@b.example>
    C: DATA
    S: 250 2.1.0 Sender ok
    S: 250 2.1.5 Recipient ok
    S: 354 End data with <CR><LF>.<CR><LF>
";

/// The dialogue up to the first MAIL, where everything is offered but TLS.
const HELLO: &str = "
    S: 220 localhost ESMTP Pilotfish
    C: EHLO client.example
    S: 250-localhost
    S: 250-PIPELINING
    S: 250-SIZE 67108864
    S: 250-8BITMIME
    S: 250-ENHANCEDSTATUSCODES
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250 BINARYMIME
";

/// A server in clear text that takes mail from anybody.
fn open_server() -> TestServerBuilder {
    TestServer::builder()
        .security(Security::Cleartext)
        .anonymous()
}

/// Starts a server, plays a transcript with it, and returns what it says of the client.
async fn violations_of(builder: TestServerBuilder, transcript: &str) -> Vec<String> {
    let server = builder.start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(transcript).await;
    server.violations()
}

struct Peer<S> {
    stream: S,
}

impl Peer<TcpStream> {
    async fn connect(server: &TestServer) -> Self {
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        Self { stream }
    }

    /// Goes on inside TLS, as a client that trusts the server's authority.
    async fn handshake(self, server: &TestServer) -> Peer<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        for certificate in certs(&mut server.ca_pem().as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config =
            ClientConfig::builder_with_provider(Arc::new(cryptography::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, self.stream).await.unwrap();
        Peer { stream }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Plays a transcript: `C:` is sent with CRLF, `C>` without, `S:` is expected. Lines of
    /// the client that follow one another are sent in one write. `\r`, `\n` and `\0` are
    /// written as in Rust; `S: EOF` is the end of the connection.
    async fn play(&mut self, transcript: &str) {
        let mut sending = String::new();
        for line in transcript.lines().map(str::trim_start) {
            match line.split_at_checked(3) {
                Some(("C: ", text)) => write!(sending, "{text}\r\n").unwrap(),
                Some(("C> ", text)) => sending.push_str(text),
                Some(("S: ", text)) => {
                    self.send(unescape(&sending).as_bytes()).await;
                    sending.clear();
                    self.expect(text).await;
                }
                _ => assert!(line.is_empty(), "{line}"),
            }
        }
        self.send(unescape(&sending).as_bytes()).await;
    }

    async fn send(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn expect(&mut self, text: &str) {
        let line = timeout(PATIENCE, self.line()).await;
        let line = line.unwrap_or_else(|_| panic!("nothing, not {text:?}"));
        assert_eq!(line, text);
    }

    /// The next line, or `EOF`.
    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            match self.stream.read_u8().await {
                Ok(octet) => line.push(octet),
                Err(_) if line.is_empty() => return "EOF".to_owned(),
                Err(error) => panic!("{error} behind {line:?}"),
            }
        }
        line.truncate(line.len() - 2);
        String::from_utf8(line).unwrap()
    }
}

fn unescape(text: &str) -> String {
    text.replace(r"\r", "\r")
        .replace(r"\n", "\n")
        .replace(r"\0", "\0")
}
