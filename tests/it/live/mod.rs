//! The command and the library against real servers: Postfix, Dovecot, Exim, smtp-sink, maildev and
//! oidc-provider.
//!
//! `tests/run` starts the servers (`servers start`), sets `PILOTFISH_LIVE` to their directory, and
//! runs these tests. The tests read received mails over IMAP and parse them with Python (`fetch`),
//! or open them in a browser (`node/show.mjs`), so that none of our code judges our mail.

mod authorization;
mod callers;
mod daemons;
mod delivery;
mod dns;
mod extensions;
mod first_minute;
mod import;
mod live_env;
mod lmtp;
mod login;
mod mail;
mod memory;
mod proxy;
mod readers;
mod refusal;
mod report;
mod round_trip;
mod send_each;
mod session;
mod sink;
mod ways;
mod web;
