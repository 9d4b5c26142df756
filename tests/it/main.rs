//! Integration tests, which use only the public API.
#![cfg(test)]

/// The command: its output and exit status, against a server in this process.
mod cli;
/// The client: each test compares what the client reports with what the server has.
mod client;
/// Servers and connections that fail, stall or send wrong replies, and callers that cancel.
mod faults;
/// Code as a service writes it with the library.
mod library;
/// Real servers: Postfix, Dovecot and Exim.
mod live;
/// The octets of messages, and what independent readers find in them.
mod message;
/// One session: the dialogue with a server, from login to QUIT.
mod session;
/// The scripted peer, test servers, certificates, and captured logs.
mod support;
/// Rules that the source code keeps.
mod tidy;
/// Connections: greeting, TLS, proxies, and logs.
mod transport;
