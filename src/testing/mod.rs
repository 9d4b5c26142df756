//! A submission server in the process: for tests of whole flows, and for demonstrations.
//!
//! [`Server`] listens on the loopback interface, makes a certificate authority of its own
//! for every start, and behaves as a careful mail submission server does (RFC 6409): TLS
//! before passwords, passwords before mail. What it takes it keeps, to be looked at
//! afterwards as [`Received`].
//!
//! It is strict where real servers are lenient. Whatever a client may not send is written
//! down as a violation and answered with a permanent refusal: a bare CR or LF, a line too
//! long, a parameter of an extension that was not offered, octets behind STARTTLS. Where RFC
//! 1870 lets SIZE be an estimate, it must be exact here.
//! [`Server::shutdown`] brings violations to the caller, so that a test fails for what a
//! server in production would have let pass. It shares no code with the client for reading
//! commands and messages: what the one does wrong the other does not repeat.
//!
//! Faults are made to order, see [`Fault`], and so are bad habits, see [`Quirk`]. It counts the
//! [round trips](Server::round_trips) that its clients take, and it can speak
//! [LMTP](ServerBuilder::lmtp), over a [Unix socket](ServerBuilder::unix_socket) too.
//!
//! ```
//! use pilotfish::testing::{Security, Server};
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
//! use tokio::net::TcpStream;
//!
//! /// Says something and returns the last line of the answer.
//! async fn tell(client: &mut BufStream<TcpStream>, text: &str) -> std::io::Result<String> {
//!     client.write_all(text.as_bytes()).await?;
//!     client.flush().await?;
//!     loop {
//!         let mut line = String::new();
//!         client.read_line(&mut line).await?;
//!         if line.get(3..4) != Some("-") {
//!             return Ok(line);
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder()
//!     .security(Security::Cleartext)
//!     .anonymous()
//!     .start()
//!     .await?;
//!
//! let mut client = BufStream::new(TcpStream::connect(server.addr()).await?);
//! assert!(tell(&mut client, "").await?.starts_with("220 "));
//! tell(&mut client, "EHLO client.example\r\n").await?;
//! tell(&mut client, "MAIL FROM:<ada@client.example>\r\n").await?;
//! tell(&mut client, "RCPT TO:<bob@there.example>\r\n").await?;
//! tell(&mut client, "DATA\r\n").await?;
//! tell(&mut client, "Subject: noon\r\n\r\n..at twelve\r\n.\r\n").await?;
//! tell(&mut client, "QUIT\r\n").await?;
//!
//! let received = server.next_received().await?;
//! assert_eq!(received.reverse_path, "ada@client.example");
//! assert_eq!(received.octets, "Subject: noon\r\n\r\n.at twelve\r\n");
//!
//! // This fails if the client has done what it may not do.
//! server.shutdown().await?;
//! # Ok(())
//! # }
//! ```

mod asked;
mod builder;
mod certificate;
mod chunks;
mod commands;
mod connection;
mod data;
mod dialogue;
mod failure;
mod fault;
mod input;
mod keyword;
mod limits;
mod listeners;
mod log;
mod mechanism;
mod offer;
mod open_connections;
mod quirk;
mod received;
mod seen;
mod server;
mod store;
mod syntax;
#[cfg(test)]
mod tests;

pub use builder::{Security, ServerBuilder};
pub use failure::Failure;
pub use fault::{Fault, Point};
pub use offer::Offer;
pub use quirk::Quirk;
pub use received::{Received, TlsVersion};
pub use server::Server;
pub use store::Store;
