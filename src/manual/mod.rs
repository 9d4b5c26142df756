//! The reasons: why things are as they are. There is no code in here.

pub mod attacks;
pub mod client;
pub mod dialogue;
pub mod fate;
pub mod observing;
pub mod octets;
pub mod rfc;
pub mod tls;
