//! Integration tests, through the public API alone.
#![cfg(test)]

/// Logging in: PLAIN, LOGIN, and servers that do as they like.
mod auth;
/// Dialogues of known services: replayed whole, in pieces, octet by octet.
mod dialogue;
/// Real servers: Postfix and Dovecot.
mod live;
/// Commands in groups, and which reply is whose.
mod pipelining;
/// STARTTLS, and who tries to go round it.
mod starttls;
/// The peer that plays transcripts, certificates, and what is logged.
mod support;
