//! Accounts from a file, and where their passwords and keys come from.
//!
//! A file is TOML, with a table `[account.NAME]` for each account; `config/gmail.toml` in the
//! repository is a commented sample. [`Account::server`] makes the
//! [`ServerConfig`](crate::ServerConfig) of an account.

mod account;
mod dkim;
mod network;
mod overrides;
mod password;
mod secret_source;
mod server;
mod time_limits;
mod tls;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use thiserror::Error;

pub use account::Account;
pub use dkim::Dkim;
pub use network::Network;
pub use secret_source::SecretError;

use crate::error::Error;
#[cfg(feature = "dkim")]
use crate::message::dkim::DkimError;
use crate::protocol::ValueError;

/// The largest file that is read, in octets.
const MAX_FILE: u64 = 1024 * 1024;

/// Accounts by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The tables `[account.NAME]`.
    #[serde(default, rename = "account")]
    pub accounts: BTreeMap<String, Account>,
}

impl Config {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// The text is not TOML, or has an unknown key or a value that is not valid.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        // Editors on Windows write a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        toml::from_str(text).map_err(|error| ConfigError::Syntax(without_quotation(text, &error)))
    }

    /// Reads a file of up to 1 MiB.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), or the file cannot be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let unreadable = |error| ConfigError::Unreadable(path.to_owned(), error);
        let file = File::open(path).map_err(unreadable)?;
        let mut text = String::new();
        // Only a regular file has a size.
        let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
        if read.map_err(unreadable)? as u64 > MAX_FILE {
            return Err(ConfigError::TooLarge(path.to_owned()));
        }
        Self::parse(&text)
    }

    /// The account with this name.
    ///
    /// # Errors
    ///
    /// There is no such account; the error lists the accounts of the file.
    pub fn account(&self, name: &str) -> Result<&Account, ConfigError> {
        self.accounts.get(name).ok_or_else(|| {
            let names: Vec<_> = self.accounts.keys().map(String::as_str).collect();
            ConfigError::NoSuchAccount(name.to_owned(), names.join(", "))
        })
    }
}

/// What the parser says, with the line's number and key, and without the value: it may be a
/// password.
fn without_quotation(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message.to_owned();
    };
    let number = before.matches('\n').count() + 1;
    let line = before.rsplit('\n').next().unwrap_or_default();
    match line.split_once('=') {
        Some((key, _)) => format!("line {number}: {}: {message}", key.trim()),
        None => format!("line {number}: {message}"),
    }
}

/// A value of the library's own type, from text.
fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// The same for a key that may be left out.
fn some_from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    from_text(deserializer).map(Some)
}

/// A number that is not 0.
fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    NonZeroU32::deserialize(deserializer).map(|number| Some(number.get()))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_valid() {
        for (text, reason) in [
            ("account = 1", "line 1: "),
            (
                "[account.a]\nserver = \"x\"\npassword = \"p\"",
                "unknown field",
            ),
            ("[account.a]\nserver = \"x y\"", "host name"),
            ("[account.a]\nserver = \"x\"\ntls = \"maybe\"", "tls"),
            ("[account.a]", "server"),
            ("[accounts.a]", "unknown field"),
            ("[account.a]\nserver = \"x\"\nfrom = \"nobody\"", "from"),
            (
                "[account.a]\nserver = \"x\"\npassword-file = \"f\"\npassword-command = \"c\"",
                "password",
            ),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        let config = Config::parse("\u{feff}[account.a]\nserver = \"x\"\n").unwrap();
        assert!(config.account("a").is_ok());
    }

    #[test]
    fn a_password_that_stands_in_the_file_is_not_shown() {
        for line in [
            "password = \"hunter2\"",
            "password = hunter2",
            "password: hunter2",
            "password-file = \"f\npassword = \"hunter2\"",
        ] {
            let text = format!("[account.a]\nserver = \"x\"\n{line}\n");
            let error = Config::parse(&text).unwrap_err();
            for shown in [error.to_string(), format!("{error:?}")] {
                assert!(!shown.contains("hunter"), "{shown}");
                assert!(shown.contains("line 3"), "{shown}");
            }
        }
    }

    #[test]
    fn an_unknown_account_lists_the_known_ones() {
        let config = Config::parse("[account.a]\nserver=\"x\"\n[account.b]\nserver=\"y\"").unwrap();
        let error = config.account("c").unwrap_err().to_string();
        assert!(error.ends_with("there is: a, b"), "{error}");
    }
}
