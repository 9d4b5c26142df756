//! The errors of all modules as the crate's [`Error`], so that `?` works in a function that returns
//! [`Result`](crate::Result).

use std::convert::Infallible;

#[cfg(feature = "config")]
use crate::config::{ConfigError, SecretError};
use crate::error::{Error, ErrorKind};
#[cfg(feature = "dkim")]
use crate::message::dkim::DkimError;
use crate::message::{BodyError, MessageError};
#[cfg(feature = "proxy")]
use crate::transport::ProxyError;
use crate::{address, protocol, transport};

/// For each type: the kind, and what the error says before its source.
macro_rules! sources {
    ($($(#[$attribute:meta])* $source:ty => $kind:ident, $message:literal;)+) => {$(
        $(#[$attribute])*
        impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Self::new(ErrorKind::$kind, $message).caused_by(source)
            }
        }
    )+};
}

sources! {
    address::AddressError => InvalidInput, "the address is not valid";
    address::envelope::EnvelopeError => InvalidInput, "the envelope is not valid";
    MessageError => InvalidInput, "the message cannot be built";
    BodyError => Body, "the body cannot be read";
    #[cfg(feature = "dkim")]
    DkimError => Config, "the message cannot be signed";
    protocol::CredentialsError => Config, "the credentials are not valid";
    protocol::UnknownName => Config, "the name is not known";
    transport::HostError => Config, "the host is not valid";
    transport::FingerprintError => Config, "the fingerprint is not valid";
    #[cfg(feature = "proxy")]
    ProxyError => Config, "the proxy is not valid";
    #[cfg(feature = "config")]
    ConfigError => Config, "the configuration cannot be used";
    #[cfg(feature = "config")]
    SecretError => Config, "the secret cannot be read";
}

/// A conversion that cannot fail, where one is asked for that may.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
