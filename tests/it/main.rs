//! Integration tests, through the public API alone.
#![cfg(test)]

/// Mails in any order, some of which cannot be sent, over servers that end sessions.
mod any_order;
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
/// The client, and those who mean it ill.
mod client;
/// Mails that nobody would take, though they could be sent.
mod client_stalls;
/// Several mails over one session, close behind each other.
mod company;
/// Faults between mails of one session, and among their chunks.
mod company_faults;
/// Accounts from a file.
mod config;
/// Connections that are cut after each octet.
mod cut;
/// Replies of which a part comes.
mod cut_off;
/// `pilotfish demo`.
mod demo;
/// Dialogues of known services: replayed whole, in pieces, octet by octet.
mod dialogue;
/// Signatures, from the builder to what arrives, and what an independent verifier says of them.
mod dkim;
/// A mail that is dropped at each of its awaits.
mod dropped;
/// The reply to the end of data, on which everything depends.
mod end_of_data;
/// The programs that show how it is used.
mod examples;
/// What an envelope asks for beside delivery, and who takes that.
mod extensions;
/// Who answers behind a port, and how.
mod greeting;
/// Servers that mean no good, at every point.
mod hostile;
/// Questions between two mails.
mod inquiry;
/// What a client learns of a server, once for all of its sessions.
mod learned;
/// What a service writes with the library.
mod library;
/// Real servers: Postfix and Dovecot.
mod live;
/// A reply for each recipient.
mod lmtp;
/// Every AUTH mechanism.
mod mechanisms;
/// A mail of any size takes the same memory.
mod memory;
/// What a recorder of `metrics` gets.
mod metrics;
/// Replies that a server should not give, or not then.
mod out_of_step;
/// What MAIL says of the message, and what is refused before it.
mod parameters;
/// The pipeline against a model of a server.
mod pipeline_model;
/// Commands in groups, and which reply is whose.
mod pipelining;
/// More recipients than a server takes at a time.
mod portions;
/// How much of each message has been sent.
mod progress;
/// SOCKS and HTTP proxies.
mod proxy;
/// The same message for servers that can carry more, or less.
mod rendition;
/// Round trips, counted at the other end.
mod round_trips;
/// Servers that say more than they were asked for.
mod said_too_much;
/// EHLO after a login.
mod second_ehlo;
/// Many mails by a client.
mod send_all;
/// One mail after the other in a session.
mod several_mails;
/// Networks and hosts that fail, by the thousand, in simulated time.
mod simulation;
/// Messages with an end of data within them, for whoever reads them.
mod smuggling;
/// STARTTLS, and who tries to go round it.
mod starttls;
/// The peer that plays transcripts, certificates, and what is logged.
mod support;
/// The source keeps its own rules.
mod tidy;
/// Each stage has a limit of its own.
mod time_limits;
/// Servers that are silent, drip, or hardly read, with the clock paused.
mod timeouts;
/// How long the parts of a mail took.
mod timing;
/// TLS: certificates good and bad, faults of the connection, sessions.
mod tls;
/// Mails that have been trouble to somebody, read back by five independent readers.
mod torture;
/// What is logged: each line of a dialogue once, and no secret.
mod tracing;
/// The message itself, and what may happen while it is on its way.
mod transfer;
