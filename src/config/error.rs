//! Why a configuration or an account cannot be used.

use std::path::PathBuf;

use thiserror::Error;

use super::paths::shown;
use super::reading::{CLIENT_SECRET, as_key};
use super::secret_error::SecretError;
use crate::error::Error as SendError;
#[cfg(feature = "dkim")]
use crate::message::dkim::DkimError;
#[cfg(feature = "oauth")]
use crate::oauth::{OAuthError, OAuthErrorKind};
use crate::protocol::ValueError;

/// Why a configuration or an account cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The operating system's reason.
    #[error("cannot read the configuration {}: check that it exists and may be read", shown(.0))]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file is larger than 1 MiB.
    #[error("the configuration {} is larger than 1 MiB: is it the right file?", shown(.0))]
    TooLarge(PathBuf),
    /// The file is not text.
    #[error("the configuration {} is not text in UTF-8: is it the right file?", shown(.0))]
    NotText(PathBuf),
    /// The file names a command to run, and its mode lets group or others write to it.
    #[error(
        "others can write to {path}, which names a command to run (mode {mode:o}): chmod go-w {path}",
        path = shown(.path)
    )]
    WritableByOthers {
        /// The file.
        path: PathBuf,
        /// The permissions, as in `chmod`.
        mode: u32,
    },
    /// A line is not valid.
    #[error("{}: {reason}", place(.file.as_ref(), *.line))]
    Line {
        /// The file; `None` for a text without one.
        file: Option<PathBuf>,
        /// The number of the line, from 1.
        line: usize,
        /// The parser's reason, with the key. It does not quote the value.
        reason: String,
    },
    /// A password or a token is in the file itself.
    #[error(
        "{}: a {what} does not belong here: use {what_key}-file or {what_key}-command",
        place(.file.as_ref(), *.line),
        what = secret_of(.key).0,
        what_key = secret_of(.key).1
    )]
    SecretInFile {
        /// The file; `None` for a text without one.
        file: Option<PathBuf>,
        /// The number of the line, from 1.
        line: usize,
        /// The key as it is written.
        key: String,
        /// The header of the table, as in `[account.work]`.
        table: Option<String>,
    },
    /// No account is set up.
    #[error("no account is set up")]
    NoAccounts,
    /// There are several accounts and none is chosen: their names.
    #[error("no account is chosen, and none is the default: the accounts are {}", listed(.0))]
    NoAccountChosen(Vec<String>),
    /// Several accounts have the mail's sender, and none of them is the default.
    #[error("{} accounts have the address {address}: {}", .names.len(), listed(.names))]
    SameSender {
        /// The sender.
        address: String,
        /// The names of the accounts.
        names: Vec<String>,
    },
    /// There is no account of this name. `known` has the names of all accounts.
    #[error("there is no account named \"{}\": {}", .name.escape_debug(), known_accounts(.known))]
    NoSuchAccount {
        /// The name that was asked for.
        name: String,
        /// The names of the accounts.
        known: Vec<String>,
    },
    /// Two settings contradict each other, or a setting lacks another.
    #[error("{0}")]
    Contradiction(&'static str),
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
    #[error("cannot use the CA file {}", shown(.0))]
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
    /// The login by OAuth 2.0 is not set up as it should be, or the authorization server cannot be
    /// asked for its endpoints.
    #[cfg(feature = "oauth")]
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// The settings of the server contradict each other, or a certificate is not valid.
    #[error(transparent)]
    Server(#[from] SendError),
}

impl ConfigError {
    pub(super) fn value(reason: impl Into<Box<dyn std::error::Error>>) -> Self {
        Self::Value(reason.into().to_string())
    }

    /// The same, as the reason why there is no token.
    #[cfg(feature = "oauth")]
    pub(super) fn into_oauth(self) -> OAuthError {
        match self {
            Self::OAuth(error) => error,
            other => OAuthError::new(OAuthErrorKind::Config, other.to_string()).caused_by(other),
        }
    }
}

/// A line of a file.
fn place(file: Option<&PathBuf>, line: usize) -> String {
    match file {
        Some(file) => format!("{}:{line}", shown(file)),
        None => format!("line {line}"),
    }
}

/// What is under a key that does not belong in a file, and how the keys for its place begin.
fn secret_of(key: &str) -> (&'static str, &'static str) {
    if as_key(key).ends_with(CLIENT_SECRET) {
        ("client secret", CLIENT_SECRET)
    } else {
        ("password", "password")
    }
}

/// The accounts that there are, after a name that is not among them.
fn known_accounts(known: &[String]) -> String {
    match known {
        [] => "no account is set up".to_owned(),
        [_] => format!("the only account is {}", listed(known)),
        _ => format!("the accounts are {}", listed(known)),
    }
}

/// Names as in `a, b and "c d"`.
fn listed(names: &[String]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    let shown = names.iter().map(|name| {
        if !name.is_empty() && name.chars().all(is_plain) {
            name.clone()
        } else {
            format!("\"{}\"", name.escape_debug())
        }
    });
    let mut shown: Vec<_> = shown.collect();
    match (shown.pop(), shown.as_slice()) {
        (Some(last), []) => last,
        (Some(last), others) => format!("{} and {last}", others.join(", ")),
        (None, _) => String::new(),
    }
}
