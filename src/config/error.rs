//! Why a configuration or an account cannot be used.

use std::path::PathBuf;

use thiserror::Error;

use super::SecretError;
use crate::error::Error;
#[cfg(feature = "dkim")]
use crate::message::dkim::DkimError;
use crate::protocol::ValueError;

/// Why a configuration or an account cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The operating system's reason.
    #[error("cannot read the configuration {}", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file is larger than 1 MiB.
    #[error("the configuration {} is larger than 1 MiB: is it the right file?", .0.display())]
    TooLarge(PathBuf),
    /// The parser's reason, with the line's number.
    #[error("the configuration is not valid: {0}")]
    Syntax(String),
    /// The name, and the names of the accounts in the file.
    #[error("there is no account named \"{name}\" in the configuration, there is: {others}",
        name = .0.escape_debug(), others = .1)]
    NoSuchAccount(String, String),
    /// The text for a key is not valid.
    #[error("{0}")]
    Value(String),
    /// No server is named.
    #[error("the account has no server")]
    NoServer,
    /// There is a user, and no password or token.
    #[error("there is a user and no password")]
    NoPassword,
    /// There is a password or a token, and no user.
    #[error("there is a password or a token and no user")]
    NoUser,
    /// The account's password or token would be sent to another server.
    #[error("the secret of the account is for {own}, and the server is {other}")]
    OtherServer {
        /// The account's server.
        own: String,
        /// The server that was named in its place.
        other: String,
    },
    /// The file with certificate authorities cannot be read, or has none.
    #[error("cannot use the CA file {}", .0.display())]
    CaFile(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A password, a token, a certificate or a key cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The password of the proxy cannot be read.
    #[error("the password of the proxy cannot be read")]
    ProxyPassword(#[source] SecretError),
    /// The user, the password or the token is not valid, or the user and password of the proxy do not
    /// go together.
    #[error(transparent)]
    Invalid(#[from] ValueError),
    /// The DKIM key or its selector is not valid.
    #[cfg(feature = "dkim")]
    #[error(transparent)]
    Dkim(#[from] DkimError),
    /// The settings of the server contradict each other, or a certificate is not valid.
    #[error(transparent)]
    Server(#[from] Error),
}

impl ConfigError {
    pub(super) fn value(reason: impl Into<Box<dyn std::error::Error>>) -> Self {
        Self::Value(reason.into().to_string())
    }
}
