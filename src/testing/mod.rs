//! A submission server in the process, so that a service can test its mail without a container,
//! and a program can be shown without an account.
//!
//! [`Server`] listens on a free port of the loopback interface, makes a certificate authority of its
//! own for every start, and behaves as a careful mail submission server does (RFC 6409): TLS before
//! passwords, passwords before mail. What it takes it keeps, to be looked at as [`Received`]; what a
//! client may not do it writes down; and it fails to order.
//!
//! # A first test
//!
//! The service's own code sends, with a [`Server`](crate::Server) that leads here.
//!
//! ```
//! use std::time::Duration;
//!
//! use mail_parser::{MessageParser, MimeHeaders as _};
//! use pilotfish::message::Body;
//! use pilotfish::transport::TlsClient;
//! use pilotfish::{Attachment, Client, Credentials, Message, Server, testing};
//!
//! /// What is to be tested.
//! async fn mail_report(client: &Client, to: &str) -> Result<(), Box<dyn std::error::Error>> {
//!     let report = Attachment::new(Body::bytes("fish\nshark\n"), "report.csv".parse()?);
//!     let message = Message::builder()
//!         .from("Reports <reports@example.org>")
//!         .to(to)
//!         .subject("Your report")
//!         .text("It is attached.\n")
//!         .attach(report)
//!         .build()
//!         .await?;
//!     client.send(message).await?;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A server with an account.
//! let submission = testing::Server::builder()
//!     .user("reports", "swordfish")
//!     .start()
//!     .await?;
//!
//! // The way there: address, authority, account.
//! let authority = TlsClient::builder().ca_pem(submission.ca_pem().as_bytes())?.build()?;
//! let server = Server::builder(submission.addr().ip().into())
//!     .port(submission.addr().port())
//!     .tls(authority)
//!     .credentials(Credentials::new("reports", "swordfish")?)
//!     .build()?;
//! let client = Client::new(server);
//!
//! mail_report(&client, "ann@example.org").await?;
//!
//! // The envelope, and the message for a parser that is not the sender's own.
//! let received = submission.wait_for(1, Duration::from_secs(10)).await?;
//! assert_eq!(received[0].reverse_path, "reports@example.org");
//! assert_eq!(received[0].forward_paths, ["ann@example.org"]);
//! assert_eq!(received[0].authenticated_as.as_deref(), Some("reports"));
//! let message = MessageParser::default().parse(&received[0].octets).expect("a message");
//! assert_eq!(message.subject(), Some("Your report"));
//! assert_eq!(message.body_text(0).as_deref(), Some("It is attached.\r\n"));
//! let report = message.attachment(0).expect("an attachment");
//! assert_eq!(report.attachment_name(), Some("report.csv"));
//! assert_eq!(report.contents(), b"fish\nshark\n");
//!
//! // This fails if the client has done what it may not do.
//! client.close().await;
//! submission.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What can be ordered
//!
//! | what | by |
//! |---|---|
//! | accounts, their mechanisms, or none at all | [`user`](ServerBuilder::user), [`mechanism`](ServerBuilder::mechanism), [`anonymous`](ServerBuilder::anonymous) |
//! | STARTTLS, implicit TLS, clear text | [`security`](ServerBuilder::security), and [`host_names`](ServerBuilder::host_names) for the certificate |
//! | extensions | [`without`](ServerBuilder::without) and [`offer`](ServerBuilder::offer), which takes an [`Offer`] |
//! | recipients that are refused | [`refuse_recipient`](ServerBuilder::refuse_recipient) |
//! | what goes wrong once, always, or every so many times | [`fault`](ServerBuilder::fault), [`fault_always`](ServerBuilder::fault_always), [`fault_every`](ServerBuilder::fault_every), [`fault_every_in_connection`](ServerBuilder::fault_every_in_connection), which take a [`Fault`] |
//! | what real servers do wrong | [`quirk`](ServerBuilder::quirk), which takes a [`Quirk`] |
//! | slow replies, leave taken of idle clients, few connections | [`delay`](ServerBuilder::delay), [`idle_timeout`](ServerBuilder::idle_timeout), [`max_connections`](ServerBuilder::max_connections) |
//! | LMTP, a Unix socket | [`lmtp`](ServerBuilder::lmtp), [`unix_socket`](ServerBuilder::unix_socket) |
//! | where messages are kept, and how large they may be | [`store`](ServerBuilder::store), [`max_size`](ServerBuilder::max_size) |
//!
//! # What can be asked
//!
//! | what | by |
//! |---|---|
//! | the messages | [`received`](Server::received), [`next_received`](Server::next_received), [`wait_for`](Server::wait_for), [`take_received`](Server::take_received) |
//! | how many came over each connection | [`received_by_connection`](Server::received_by_connection) |
//! | how many connections are open, and were | [`open_connections`](Server::open_connections), [`most_open_connections`](Server::most_open_connections) |
//! | how often the client waited for the network | [`round_trips`](Server::round_trips) |
//! | what clients have done wrong | [`violations`](Server::violations), [`shutdown`](Server::shutdown) |
//!
//! # Strictness
//!
//! It is strict where real servers are lenient. Whatever a client may not send is written
//! down as a violation and answered with a permanent refusal: a bare CR or LF, a line too
//! long, a parameter of an extension that was not offered, octets behind STARTTLS. Where RFC
//! 1870 lets SIZE be an estimate, it must be exact here. [`Server::shutdown`] brings violations
//! to the caller, so that a test fails for what a server in production would have let pass; they
//! are logged at WARN too, as they happen. It shares no code with the client for reading
//! commands and messages: what the one does wrong the other does not repeat.
//!
//! # Time
//!
//! Everything here waits in Tokio's time, and over sockets. A paused clock
//! (`tokio::time::pause`) leaps whenever all tasks of its runtime wait, for the other end of a
//! socket too, and so to any time limit on the way. Where client and server are in one
//! `current_thread` runtime this mostly goes well, since what one has sent is there for the other at
//! once: it makes [`delay`](ServerBuilder::delay) and [`idle_timeout`](ServerBuilder::idle_timeout)
//! cost nothing. Where files are read, names are looked up or there are several threads, leave the
//! clock running.

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
