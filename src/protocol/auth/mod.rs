//! AUTH (RFC 4954) and its mechanisms.
//!
//! An [`Exchange`] takes challenges and gives responses. What it needs of the world outside is
//! passed in as values: a [`ClientNonce`] that nobody can guess, and the [`ChannelBinding`] of the
//! TLS connection.

mod channel_binding;
mod cram_md5;
mod credentials;
mod error;
mod exchange;

mod mechanism;
mod oauth;
mod oauth_refusal;
mod plain;
mod scram;
#[cfg(test)]
mod tests;

pub(crate) use channel_binding::ChannelBinding;
pub use channel_binding::Gs2Flag;
pub use credentials::Credentials;
pub(crate) use error::ExchangeError;
pub use exchange::{Exchange, Step};
pub use mechanism::Mechanism;
pub use scram::ClientNonce;
