//! Integration tests, through the public API alone.
#![cfg(test)]

/// The command: what it prints and how it ends, against a server in this process.
mod cli;
/// The client, and those who mean it ill.
mod client;
/// Servers and connections that fail, stall or lie, and callers that give up.
mod faults;
/// What a service writes with the library.
mod library;
/// Real servers: Postfix and Dovecot.
mod live;
/// What a message is made of, and what its readers make of it.
mod message;
/// One session: the dialogue with a server, from login to QUIT.
mod session;
/// The peer that plays transcripts, certificates, and what is logged.
mod support;
/// The source keeps its own rules.
mod tidy;
/// Connections: greeting, TLS, proxies, and what is logged.
mod transport;
