//! AUTH (RFC 4954) and its mechanisms.
//!
//! An [`Exchange`] takes challenges and returns responses. Its caller passes in a random
//! [`ClientNonce`] and the [`ChannelBinding`] of the TLS connection.

mod credentials;
mod error;
mod exchange;
mod mechanism;
mod oauth_refusal;
mod responses;
mod scram;
#[cfg(test)]
mod tests;

pub use credentials::Credentials;
pub(crate) use error::ExchangeError;
pub use exchange::{Exchange, ExchangeStep};
pub use mechanism::Mechanism;
pub(crate) use scram::ChannelBinding;
pub use scram::{ClientNonce, Gs2Flag};
