//! A server in clear text, each reply of which the test sends.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};

use super::run::Run;
use crate::support::peer::Stream;

/// A port that a test listens on.
pub(crate) struct Peer(TcpListener);

/// A connection to it.
pub(crate) struct PeerConnection<S = TcpStream>(BufStream<S>);

impl Peer {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// `pilotfish send` to this port with these arguments, in clear text and without a login.
    pub(crate) fn send(&self, arguments: &str) -> Run {
        Run::new("send --tls none --from me@example.org --server")
            .args([self.address()])
            .args(Run::words(arguments))
    }

    pub(crate) fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    pub(crate) async fn accept(&self) -> PeerConnection {
        PeerConnection::new(self.0.accept().await.unwrap().0)
    }

    /// Accepts a connection, and plays the dialogue up to the beginning of the message.
    pub(crate) async fn accept_up_to_data(&self) -> PeerConnection {
        let mut client = self.accept().await;
        client.dialogue_up_to_data().await;
        client
    }
}

impl<S: Stream> PeerConnection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(BufStream::new(stream))
    }

    pub(crate) fn into_inner(self) -> S {
        self.0.into_inner()
    }

    pub(crate) async fn dialogue_up_to_data(&mut self) {
        self.reply("220 there.example").await;
        for command in ["EHLO ", "MAIL ", "RCPT "] {
            self.expect_line(command).await;
            self.reply("250 ok").await;
        }
        self.expect_line("DATA").await;
        self.reply("354 go on").await;
    }

    pub(crate) async fn reply(&mut self, line: &str) {
        self.0.write_all(line.as_bytes()).await.unwrap();
        self.0.write_all(b"\r\n").await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Reads a line, which must begin with this text, and returns it.
    pub(crate) async fn expect_line(&mut self, beginning: &str) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        assert!(line.starts_with(beginning), "{line:?} is no {beginning:?}");
        line
    }

    /// Reads a message with its end of data.
    pub(crate) async fn expect_message(&mut self) {
        let mut line = Vec::new();
        while line != b".\r\n" {
            line.clear();
            let octets = self.0.read_until(b'\n', &mut line).await.unwrap();
            assert!(octets > 0, "the connection ended within the message");
        }
    }

    /// Reads what follows. No octet is the end of the stream in order.
    pub(crate) async fn read_on(&mut self) -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        self.0.read_to_end(&mut octets).await?;
        Ok(octets)
    }

    /// Reads until the client closes the connection. Returns the last octets.
    pub(crate) async fn expect_close(&mut self) -> Vec<u8> {
        let mut last = Vec::new();
        let mut block = vec![0; 65_536];
        loop {
            let octets = self.0.read(&mut block).await.unwrap_or_default();
            if octets == 0 {
                return last;
            }
            block[..octets].clone_into(&mut last);
        }
    }
}
