//! Asynchronous mail submission.

pub mod address;
#[cfg(feature = "config")]
pub mod config;
pub mod message;
pub mod secret;
#[cfg(feature = "testing")]
pub mod testing;
