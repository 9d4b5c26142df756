//! A submission server and an authorization server in the process, so that a service can test its mail without a container,
//! and a program can be shown without an account.
//!
//! [`TestServer`] listens on a free port of the loopback interface, makes a certificate authority of its
//! own for every start, and behaves as a careful mail submission server does (RFC 6409): TLS before
//! passwords, passwords before mail. It keeps each accepted message as [`Received`], records what a
//! client must not do, and fails where a test asks it to.
//!
//! # A first test
//!
//! The service's own code sends, by a [`Client`](crate::Client) of the test server.
//!
//! ```
//! use std::time::Duration;
//!
//! use mail_parser::{MessageParser, MimeHeaders as _};
//! use pilotfish::message::Body;
//! use pilotfish::{Attachment, Client, Message, testing};
//!
//! /// What is to be tested.
//! async fn mail_report(client: &Client, to: &str) -> Result<(), Box<dyn std::error::Error>> {
//!     let report = Attachment::new(Body::bytes("fish\nshark\n"), "report.csv");
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
//! let submission = testing::TestServer::builder()
//!     .user("reports", "swordfish")
//!     .start()
//!     .await?;
//!
//! // A client that trusts the server's certificate and logs in as its first user.
//! let client = submission.client()?;
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
//! // This fails if the client has broken a rule.
//! client.close().await;
//! submission.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Settings
//!
//! | what | by |
//! |---|---|
//! | accounts, their mechanisms, or none at all | [`user`](TestServerBuilder::user), [`mechanism`](TestServerBuilder::mechanism), [`anonymous`](TestServerBuilder::anonymous) |
//! | logins by token | [`tokens_of`](TestServerBuilder::tokens_of), [`token_refusal`](TestServerBuilder::token_refusal) |
//! | STARTTLS, implicit TLS, clear text | [`security`](TestServerBuilder::security), and [`host_names`](TestServerBuilder::host_names) for the certificate |
//! | extensions | [`without`](TestServerBuilder::without) and [`offer`](TestServerBuilder::offer), which takes an [`Offer`] |
//! | refused recipients | [`refuse_recipient`](TestServerBuilder::refuse_recipient) |
//! | what goes wrong once, always, or every so many times | [`fault`](TestServerBuilder::fault), [`fault_always`](TestServerBuilder::fault_always), [`fault_every`](TestServerBuilder::fault_every), [`fault_every_in_connection`](TestServerBuilder::fault_every_in_connection), which take a [`Fault`] |
//! | what real servers do wrong | [`quirk`](TestServerBuilder::quirk), which takes a [`Quirk`] |
//! | slow replies, a limit for idle clients and for connections | [`delay`](TestServerBuilder::delay), [`idle_timeout`](TestServerBuilder::idle_timeout), [`max_connections`](TestServerBuilder::max_connections) |
//! | LMTP, a Unix socket | [`lmtp`](TestServerBuilder::lmtp), [`unix_socket`](TestServerBuilder::unix_socket) |
//! | where messages are kept, and how large they may be | [`store`](TestServerBuilder::store), [`max_size`](TestServerBuilder::max_size) |
//!
//! # Questions
//!
//! | what | by |
//! |---|---|
//! | the messages | [`received`](TestServer::received), [`next_received`](TestServer::next_received), [`wait_for`](TestServer::wait_for), [`take_received`](TestServer::take_received) |
//! | how many came over each connection | [`received_by_connection`](TestServer::received_by_connection) |
//! | how many connections are open, and were | [`open_connections`](TestServer::open_connections), [`most_open_connections`](TestServer::most_open_connections) |
//! | how often the client waited for the network | [`round_trips`](TestServer::round_trips) |
//! | what clients did wrong | [`violations`](TestServer::violations), [`shutdown`](TestServer::shutdown) |
//!
//! # Logins by OAuth 2.0
//!
//! [`AuthorizationServer`] issues tokens as the large providers do, with a page where a user logs in,
//! and [`TestServerBuilder::tokens_of`] makes a submission server that checks them. Its example tests
//! the login of a service. [`AuthorizationServer::issue`] makes a token without a login.
//!
//! | what | by |
//! |---|---|
//! | users, clients, service accounts | [`user`](AuthorizationServerBuilder::user), [`client`](AuthorizationServerBuilder::client), [`confidential_client`](AuthorizationServerBuilder::confidential_client), [`service_account`](AuthorizationServerBuilder::service_account) |
//! | what access tokens are for, and how long | [`mail_scope`](AuthorizationServerBuilder::mail_scope), [`scope`](AuthorizationServerBuilder::scope), [`audience`](AuthorizationServerBuilder::audience), [`access_token_lifetime`](AuthorizationServerBuilder::access_token_lifetime) |
//! | what the user does | [`log_in`](AuthorizationServer::log_in), [`refuse_login`](AuthorizationServer::refuse_login), [`approve_device`](AuthorizationServer::approve_device), [`deny_device`](AuthorizationServer::deny_device), or [`consent_at_once`](AuthorizationServerBuilder::consent_at_once) |
//! | tokens that are no longer valid | [`revoke`](AuthorizationServer::revoke), [`revoke_all`](AuthorizationServer::revoke_all), [`revoke_access_tokens`](AuthorizationServer::revoke_access_tokens), [`rotate_refresh_tokens`](AuthorizationServerBuilder::rotate_refresh_tokens) |
//! | what goes wrong | [`fault`](AuthorizationServer::fault), [`fault_always`](AuthorizationServer::fault_always), which take an [`EndpointFault`] |
//! | how often clients asked | [`requests`](AuthorizationServer::requests), [`token_requests`](AuthorizationServer::token_requests) |
//!
//! # Strictness
//!
//! It is strict where real servers are lenient. The server records what a client
//! must not send as a violation and refuses it permanently: a bare CR or LF, a line that is too
//! long, a parameter of an extension that was not offered, octets after STARTTLS. Where RFC
//! 1870 lets SIZE be an estimate, it must be exact here. [`TestServer::shutdown`] brings violations
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
//! once: it makes [`delay`](TestServerBuilder::delay) and [`idle_timeout`](TestServerBuilder::idle_timeout)
//! cost nothing. Where files are read, names are looked up or there are several threads, leave the
//! clock running.

mod authorization;
mod builder;
mod certificate;
mod client;
mod commands;
mod connection;
mod data;
mod extensions;
mod fault;
mod input;
mod inspection;
mod listeners;
mod open_connections;
mod received;
mod server;
mod session;
mod settings;
mod shared;
mod store;
mod syntax;
#[cfg(test)]
mod tests;

pub use authorization::{
    AccessToken, AuthorizationServer, AuthorizationServerBuilder, Endpoint, EndpointFault,
    GrantType, LoginPage, TokenRefusal,
};
pub use builder::TestServerBuilder;
#[doc(no_inline)]
pub use client::{Security, TlsVersion};
pub use extensions::Offer;
pub use fault::{Fault, Point, Quirk};
pub use received::Received;
pub use server::TestServer;
pub use shared::TestServerError;
pub use store::Store;
