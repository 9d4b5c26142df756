//! Integration tests, through the public API alone.
#![cfg(test)]

/// Logging in: PLAIN, LOGIN, and servers that do as they like.
mod auth;
/// The command: what it prints and how it ends, against a server in this process.
mod cli;
/// Accounts from a file.
mod config;
/// `pilotfish demo`.
mod demo;
/// Dialogues of known services: replayed whole, in pieces, octet by octet.
mod dialogue;
/// Real servers: Postfix and Dovecot.
mod live;
/// A mail of any size takes the same memory.
mod memory;
/// Commands in groups, and which reply is whose.
mod pipelining;
/// Replies that come while something is still written.
mod review;
/// STARTTLS, and who tries to go round it.
mod starttls;
/// The peer that plays transcripts, certificates, and what is logged.
mod support;
/// The source keeps its own rules.
mod tidy;
