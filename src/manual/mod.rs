//! The reasons: why things are as they are. There is no code in here.

pub mod dialogue;
pub mod fate;
pub mod octets;
pub mod tls;
