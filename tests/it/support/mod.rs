//! The scripted peer and the test servers, and the client's side of a dialogue.

pub(crate) mod built;
pub(crate) mod client;
pub(crate) mod cutter;
pub(crate) mod delivery;
pub(crate) mod dice;
pub(crate) mod dns_server;
pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod journal;
pub(crate) mod lines;
pub(crate) mod mini_server;
pub(crate) mod open_server;
pub(crate) mod peer;
pub(crate) mod port;
pub(crate) mod replies;
pub(crate) mod screen;
pub(crate) mod script;
pub(crate) mod tls;
pub(crate) mod wiretap;
