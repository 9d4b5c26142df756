//! Integration tests, through the public API alone.
#![cfg(test)]

/// Logging in: PLAIN, LOGIN, and servers that do as they like.
mod auth;
/// More recipients than fit into the buffers on the way.
mod backpressure;
/// A mail that nobody waits for any more.
mod cancellation;
/// A binary message goes in chunks.
mod chunking;
/// The command: what it prints and how it ends, against a server in this process.
mod cli;
/// Accounts from a file.
mod config;
/// `pilotfish demo`.
mod demo;
/// Dialogues of known services: replayed whole, in pieces, octet by octet.
mod dialogue;
/// Signatures, from the builder to what arrives, and what an independent verifier says of them.
mod dkim;
/// The reply to the end of data, on which everything depends.
mod end_of_data;
/// Who answers behind a port, and how.
mod greeting;
/// Real servers: Postfix and Dovecot.
mod live;
/// Every AUTH mechanism.
mod mechanisms;
/// A mail of any size takes the same memory.
mod memory;
/// Replies that a server should not give, or not then.
mod out_of_step;
/// What MAIL says of the message, and what is refused before it.
mod parameters;
/// Commands in groups, and which reply is whose.
mod pipelining;
/// The same message for servers that can carry more, or less.
mod rendition;
/// One mail after the other in a session.
mod several_mails;
/// STARTTLS, and who tries to go round it.
mod starttls;
/// The peer that plays transcripts, certificates, and what is logged.
mod support;
/// The source keeps its own rules.
mod tidy;
/// Servers that are silent, drip, or hardly read, with the clock paused.
mod timeouts;
/// Mails that have been trouble to somebody, read back by five independent readers.
mod torture;
/// What is logged: each line of a dialogue once, and no secret.
mod tracing;
/// The message itself, and what may happen while it is on its way.
mod transfer;
