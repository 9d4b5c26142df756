//! Asynchronous mail submission for Tokio: text, HTML and attachments of any size, over TLS, with
//! the truth for every recipient.
//!
//! ```no_run
//! use pilotfish::{Client, Credentials, Message, ServerConfig};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ServerConfig::builder("smtp.gmail.com".parse()?)
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
//! refused others: [`Receipt::is_partial`] says so, and [`session::recipient_outcomes`] gives one
//! outcome for each recipient, whatever the result.
//!
//! Begin with [`Client`], [`ServerConfig`] and [`Message`]; when something fails, [`Error`] says what
//! can be done. [`manual`] has the reasons behind it all, and [`manual::client`] what a client does
//! with its connections.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `cli` (default) | the command `pilotfish`; a library user leaves it out |
//! | `config` | [`config`]: accounts from a TOML file, passwords from files, descriptors and commands |
//! | `aws-lc-rs` (default) | the cryptography of TLS, DKIM and SCRAM, with the hybrid key exchange X25519MLKEM768 |
//! | `ring` | another cryptography, which is used where `aws-lc-rs` is left out; one of them is needed |
//! | `cram-md5` | logins by CRAM-MD5, for servers that offer nothing else; the cryptography has no MD5 |
//! | `dkim` | [`message::dkim`] and [`Message::sign`]: signatures that show the domain (RFC 6376) |
//! | `metrics` | counters, gauges and histograms for a recorder of that facade: [`manual::observing`] |
//! | `html` | `markdown` and `inline_images` of [`message::MessageBuilder`] |
//! | `proxy` | ways to a server by SOCKS 5 and HTTP proxies, by [`transport::Proxy`] |
//! | `system-roots` | the certificate authorities that the system trusts, by [`transport::TlsRoots`] |
//! | `tower` | [`client::ClientService`]: a client as a service of tower |
//! | `testing` | [`testing`]: a submission server inside the process |
//!
//! # Map
//!
//! Data flows one way, from the top to the bottom. A module knows those that stand below it, and
//! only those that the table names; a test checks it.
//!
//! ```text
//!         bin/pilotfish                  the command: public API only
//!             |
//!          config                        accounts, password sources
//!             |
//!           client                       many mails: workers, a queue, retry, rates, throttling
//!              |
//!           session  ------------+       one dialogue
//!              |                 |
//!          transport          message    sockets, TLS, codec | RFC 5322 and MIME, streamed
//!              |                 |
//!           protocol ------> address     SMTP without I/O | RFC 5321 addresses
//!              \____ secret, error, observe, cryptography    leaves
//!
//!      testing                           shares no code with the rest
//! ```
//!
//! | module | knows | does not know |
//! |---|---|---|
//! | [`address`] | - | anything else |
//! | [`protocol`] | address, secret, cryptography | sockets, clocks, logs, randomness |
//! | [`message`] | address, secret, cryptography | how it is sent |
//! | [`transport`] | protocol, secret, error, cryptography | what a mail is |
//! | [`session`] | protocol, transport, message, address, error, observe | other sessions |
//! | [`client`] | session, message, address, error, observe | commands, TLS |
//! | [`config`] | address, secret, error, protocol, message, session, transport | clients and their queues |
//! | [`testing`] | secret, cryptography; the client in the one file that makes one | all that it is to test |
//!
//! `observe` has the figures that are gathered, and knows names and numbers alone. `cryptography` is
//! `aws-lc-rs` or `ring`.
//!
//! [`Error`] carries replies and forward-paths as values, and so knows protocol and address: the
//! caller is to get them, not their text.
//!
//! # Invariants
//!
//! * Everything that is sent or received passes `transport::wire`, the one place that logs it
//!   (target `pilotfish::wire`: commands and replies at DEBUG, blocks of the message at TRACE and
//!   by their size alone).
//! * A command is one line. What goes into it is of a type that has no room for a control
//!   character.
//! * Credentials exist as [`Secret`], and leave over [`session::Secured`] alone.
//! * What was learnt in clear text is gone after STARTTLS: [`session::Greeted`] is consumed.
//! * A message's size and its octets come from the same list of segments.
//! * A message is fixed when it is built, but for how its parts are encoded for a server.
//! * Whatever is dropped, cancelled or failed before the end of data leaves a connection that is
//!   closed without one.
//!
// What a feature adds is not there without it: such a link leads to the table of features then.
#![cfg_attr(not(feature = "config"), doc = "[`config`]: #features")]
#![cfg_attr(not(feature = "dkim"), doc = "[`message::dkim`]: #features")]
#![cfg_attr(not(feature = "dkim"), doc = "[`Message::sign`]: #features")]
#![cfg_attr(not(feature = "proxy"), doc = "[`transport::Proxy`]: #features")]
#![cfg_attr(not(feature = "tower"), doc = "[`client::ClientService`]: #features")]
#![cfg_attr(not(feature = "testing"), doc = "[`testing`]: #features")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("pilotfish needs a cryptography: choose the feature `aws-lc-rs` or `ring`");

pub mod address;
pub mod client;
#[cfg(feature = "config")]
pub mod config;
mod cryptography;
mod descriptors;
mod error;
mod error_sources;
pub mod manual;
pub mod message;
mod observe;
pub mod protocol;
pub mod secret;
pub mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;

pub use client::Client;
pub use error::{Error, ErrorKind, Fate, Result};
pub use message::{Attachment, Message};
pub use protocol::{Credentials, Stage};
pub use secret::Secret;
pub use session::{Mail, Receipt, Security, ServerConfig};

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
