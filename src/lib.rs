//! Asynchronous mail submission.

pub mod address;
pub mod client;
#[cfg(feature = "config")]
pub mod config;
mod error;
pub mod message;
pub mod protocol;
pub mod secret;
pub mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;

pub use client::Client;
pub use error::{Error, Fate, Kind, Result, Stage};
pub use message::{Attachment, Message};
pub use protocol::Credentials;
pub use secret::Secret;
pub use session::{Security, Server};
