//! Why things are as they are. This module contains only documentation.

pub mod attacks;
pub mod client;
pub mod dialogue;
pub mod fate;
#[cfg(feature = "oauth")]
pub mod oauth;
pub mod observing;
pub mod octets;
pub mod rfc;
pub mod tls;
