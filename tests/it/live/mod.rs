//! The command and the library against real servers: Postfix, Dovecot, Exim, smtp-sink and maildev.
//!
//! `tests/run` starts the servers (`servers start`), names their folder in
//! `PILOTFISH_LIVE`, and runs these tests. What arrived is read back over IMAP
//! and taken apart by Python (`fetch`), or opened in a browser (`node/show.mjs`), so that no code
//! of ours judges our mail.

mod delivery;
mod extensions;
mod live_env;
mod lmtp;
mod login;
mod mail;
mod memory;
mod proxy;
mod refusal;
mod round_trip;
mod send_each;
mod session;
mod sink;
mod ways;
mod web;
