//! Asynchronous mail submission for Tokio: text, HTML and attachments of any size, over TLS, and an
//! exact result for every recipient.
//!
//! ```no_run
//! use pilotfish::{Client, Credentials, Message, ServerConfig};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ServerConfig::builder("smtp.gmail.com")
//!     .credentials(Credentials::new("me@gmail.com", "app password")?)
//!     .build()?;
//! let message = Message::builder()
//!     .from("Me <me@gmail.com>")
//!     .to("Ann <ann@example.org>")
//!     .subject("A shark")
//!     .text("Look what swam by.\n")
//!     .attach("shark.png")
//!     .build()
//!     .await?;
//!
//! let client = Client::new(server);
//! let receipt = client.send(message).await?;
//! println!("{}", receipt.reply);
//! for (recipient, reply) in &receipt.rejected {
//!     println!("not to {recipient}: {reply}");
//! }
//! client.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! A [`Receipt`] means that the server accepted the mail for at least one recipient. It may have
//! rejected others: then [`Receipt::is_partial`] is true. [`session::recipient_outcomes`] returns one
//! outcome for each recipient, whatever the result.
//!
//! Start with [`Client`], [`ServerConfig`] and [`Message`]. When sending fails, [`Error`] says what
//! failed and whether a retry makes sense. The [`manual`] explains the design, and
//! [`manual::client`] how a client manages its connections.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `cli` (default) | the command `pilotfish`; users of the library leave it out |
//! | `config` | [`config`]: accounts from a TOML file, passwords from files, descriptors and commands |
//! | `ring` (default) | the cryptography for TLS, DKIM and SCRAM |
//! | `aws-lc-rs` | another cryptography, which is used if both are enabled; one of the two is required |
//! | `post-quantum` (default) | the hybrid key exchange X25519MLKEM768 with `ring`; `aws-lc-rs` always has it |
//! | `charsets` | [`message::RawBuilder::repair`] of fields that are in a charset before UTF-8, such as ISO 8859-1 |
//! | `cram-md5` | logins by CRAM-MD5, for servers that offer nothing else; neither cryptography library has MD5 |
//! | `dkim` | [`message::dkim`] and [`Message::sign`]: DKIM signatures (RFC 6376) |
//! | `metrics` | counters, gauges and histograms through the `metrics` facade: [`manual::observing`] |
//! | `html` | `markdown` and `inline_images` of [`message::MessageBuilder`] |
//! | `keyring` | `config::Keyring`: passwords in the keyring of the desktop |
//! | `merge` | [`merge`]: one message for each row of a table, from a template |
//! | `oauth` | [`oauth`]: logins by OAuth 2.0, and access tokens that are renewed |
//! | `proxy` | connections through SOCKS 5 and HTTP proxies: [`transport::Proxy`] |
//! | `report` | [`report`]: the report of a job of many mails as HTML, CSV or JSON |
//! | `saslprep` | user names and passwords that are not ASCII in logins by SCRAM (RFC 4013); without it they go by PLAIN, inside TLS alone |
//! | `spool` | [`spool`]: a durable store of mails to send, which survives the process, and [`runner`], which sends them |
//! | `spreadsheet` | tables of [`merge`] from xlsx and ods files |
//! | `sqlite` | `spool::SqliteSpool`: that store in one file, for the workers of one machine |
//! | `system-roots` | the certificate authorities that the operating system trusts: [`transport::TlsRoots`] |
//! | `tower` | [`client::ClientService`]: a client as a tower service |
//! | `testing` | [`testing`]: a submission server and an authorization server in the same process |
//!
//! # Map
//!
//! Data flows in one direction, from the top to the bottom. A module uses only modules below it, and
//! only those that the table names. A test checks this.
//!
//! ```text
//!         bin/pilotfish                  the command: public API only
//!             |
//!          config ------ oauth           accounts, sources of passwords | access tokens
//!             |            |  \
//!             |            |   transport  HTTP over the same TLS and routes
//!             |            |
//!           client ------ services       many mails: workers, a queue, retry, rates, throttling
//!              |
//!           session  ------------+       one dialogue
//!              |                 |
//!          transport          message    sockets, TLS, codec | RFC 5322 and MIME, streamed
//!              |                 |
//!           protocol ------> address     SMTP without I/O | RFC 5321 addresses
//!              \____ secret, error, observe, cryptography    leaves
//!
//!          merge --- message, address    rows and a template become messages
//!
//!      report                            what became of many mails, for people: no mail, no network
//!      testing                           parses and replies by code of its own
//! ```
//!
//! | module | uses | knows nothing of |
//! |---|---|---|
//! | [`address`] | - | anything else |
//! | [`protocol`] | address, secret, cryptography | sockets, clocks, logs, randomness |
//! | [`message`] | address, secret, cryptography | how messages are sent |
//! | [`transport`] | protocol, secret, error, cryptography | what a mail is |
//! | [`session`] | protocol, transport, message, address, secret, error, observe | other sessions |
//! | [`services`] | session, secret | how their limits are kept |
//! | [`client`] | services, session, message, address, error, observe | commands, TLS |
//! | [`oauth`] | session, transport, protocol, secret, error, cryptography | clients, accounts |
//! | [`runner`] | spool, client, session, protocol, address, error | how mails are stored and made |
//! | [`spool`] | cryptography | how mails are made and sent |
//! | [`merge`] | message, address, cryptography | how messages are sent |
//! | [`report`] | cryptography | where its data comes from |
//! | [`config`] | address, secret, error, protocol, message, session, transport, services, client, oauth | the queues of clients |
//! | [`testing`] | secret, cryptography; in one file the client and its settings | the code that it tests |
//!
//! `observe` collects metrics: it knows only names and numbers. `cryptography` wraps `aws-lc-rs` or
//! `ring`.
//!
//! [`Error`] uses protocol and address because it carries replies and forward-paths as values: the
//! caller receives them, and not only their text.
//!
//! # Invariants
//!
//! * All octets that are sent or received pass through `transport::wire`. Only this module logs them
//!   (target `pilotfish::wire`: commands and replies at DEBUG; at TRACE the size of each block of a
//!   message, never its content).
//! * A command is one line. The types of its arguments cannot hold a control character.
//! * Credentials are stored as [`Secret`], and only [`session::Secured`] sends them.
//! * STARTTLS consumes [`session::Greeted`], so nothing that the server said in clear text is used
//!   afterwards.
//! * A message's size and its octets come from the same list of segments.
//! * Building a message fixes everything but the encoding of its parts, which depends on the server.
//! * If a mail is dropped, cancelled or fails before the end of data, its connection is closed
//!   without an end of data.
//!
// Without its feature an item does not exist. Links to it then lead to the table of features.
#![cfg_attr(not(feature = "config"), doc = "[`config`]: #features")]
#![cfg_attr(not(feature = "dkim"), doc = "[`message::dkim`]: #features")]
#![cfg_attr(not(feature = "dkim"), doc = "[`Message::sign`]: #features")]
#![cfg_attr(not(feature = "merge"), doc = "[`merge`]: #features")]
#![cfg_attr(not(feature = "oauth"), doc = "[`oauth`]: #features")]
#![cfg_attr(not(feature = "proxy"), doc = "[`transport::Proxy`]: #features")]
#![cfg_attr(not(feature = "report"), doc = "[`report`]: #features")]
#![cfg_attr(not(feature = "spool"), doc = "[`runner`]: #features")]
#![cfg_attr(not(feature = "spool"), doc = "[`spool`]: #features")]
#![cfg_attr(not(feature = "tower"), doc = "[`client::ClientService`]: #features")]
#![cfg_attr(not(feature = "testing"), doc = "[`testing`]: #features")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("pilotfish needs a cryptography library: enable the feature `aws-lc-rs` or `ring`");

pub mod address;
pub mod client;
#[cfg(feature = "config")]
pub mod config;
mod cryptography;
mod descriptors;
mod error;
mod error_sources;
pub mod manual;
#[cfg(feature = "merge")]
pub mod merge;
pub mod message;
#[cfg(feature = "oauth")]
pub mod oauth;
mod observe;
pub mod protocol;
#[cfg(feature = "report")]
pub mod report;
#[cfg(feature = "spool")]
pub mod runner;
pub mod secret;
pub mod services;
pub mod session;
#[cfg(feature = "spool")]
pub mod spool;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;

pub use address::Envelope;
pub use client::{Client, Retry};
pub use error::{Error, ErrorKind, Fate, Problem, Result};
pub use message::{Attachment, Body, Message};
pub use protocol::{Credentials, Stage};
pub use secret::Secret;
pub use session::{Mail, Receipt, Security, ServerConfig};
pub use transport::TlsConfig;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
