//! The errors of all modules as the crate's [`Error`], so that `?` works in a function that returns
//! [`Result`](crate::Result).

use std::convert::Infallible;

use crate::address;
#[cfg(feature = "config")]
use crate::config::{ConfigError, SecretError};
use crate::error::{Error, ErrorKind};
#[cfg(feature = "merge")]
use crate::merge::MergeError;
#[cfg(feature = "dkim")]
use crate::message::dkim::DkimError;
use crate::message::{BodyError, MessageError};
#[cfg(feature = "oauth")]
use crate::oauth::OAuthError;
use crate::protocol::ValueError;

/// For each type: the kind, and the text before that of the source.
macro_rules! sources {
    ($($(#[$attribute:meta])* $source:ty => $kind:ident, $message:literal;)+) => {$(
        $(#[$attribute])*
        impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Self::wrapping(ErrorKind::$kind, $message, source)
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
    #[cfg(feature = "merge")]
    MergeError => InvalidInput, "the table and the template do not become mails";
    #[cfg(feature = "config")]
    ConfigError => Config, "the configuration cannot be used";
    #[cfg(feature = "config")]
    SecretError => Config, "the secret cannot be read";
    #[cfg(feature = "oauth")]
    OAuthError => Auth, "the login by OAuth 2.0 failed";
}

impl From<ValueError> for Error {
    fn from(source: ValueError) -> Self {
        Self::wrapping(ErrorKind::Config, source.context(), source)
    }
}

/// A conversion that cannot fail, where one is asked for that may.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
