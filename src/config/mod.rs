//! Accounts from files, and where their passwords and keys come from.
//!
//! A file is TOML, with a table `[account.NAME]` for each account; `config/gmail.toml` in the
//! repository is a commented sample. [`Config::find`] reads the files of the user and of the system,
//! [`Config::choose`] chooses the account for a sender, and [`Account::server`] makes its
//! [`ServerConfig`](crate::ServerConfig).
//!
//! An account names the place of a password or of an access token: a file, a command, an environment
//! variable, a credential of systemd or an item of the keyring. Or it logs in by OAuth 2.0 (feature
//! `oauth`), and Pilotfish stores the tokens and renews them:
//!
//! ```toml
//! [account.work]
//! server = "smtp.office365.com:587"
//! user = "me@example.org"
//! oauth = "microsoft"
//! oauth-tenant = "example.org"
//! client-id = "11111111-2222-3333-4444-555555555555"
//! token-file = "work.tokens"
//! ```
//!
//! | key | value |
//! |---|---|
//! | `oauth` | `google`, `microsoft`, or the URL of another authorization server (RFC 8414) |
//! | `oauth-tenant` | at Microsoft: `common` by default, `consumers`, `organizations`, an ID or a domain |
//! | `oauth-scope` | what a token allows, in place of the default; needed with a URL |
//! | `oauth-grant` | `login` by default, `client-credentials`, or `service-account` at Google |
//! | `client-id` | the ID of the client, which is needed except for a service account |
//! | `client-secret-file` | or `-command`, `-env`, `-credential`, `-keyring`: where the client's secret is |
//! | `service-account-file` | the key file of a service account, which acts for the `user` |
//! | `token-file` | or `token-keyring`: where the tokens are stored; needed with `login`, else memory |

mod account;
mod account_secrets;
mod auth;
mod choice;
mod contradictions;
mod dkim;
mod error;
mod finding;
#[cfg(feature = "keyring")]
mod keyring;
mod limits;
mod netrc;
mod network;
mod oauth_contradictions;
mod oauth_keys;
#[cfg(feature = "oauth")]
mod oauth_login;
mod overrides;
mod password;
mod paths;
mod reading;
mod running_command;
mod secret_command;
mod secret_error;
mod secret_places;
mod secret_source;
mod server;
mod shown_command;
mod time_limits;
mod tls;
#[cfg(all(feature = "keyring", feature = "oauth"))]
mod token_keyring;
#[cfg(feature = "oauth")]
mod token_place;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

pub use account::Account;
pub use choice::ChosenBy;
pub use dkim::Dkim;
pub use error::ConfigError;
#[cfg(feature = "keyring")]
pub use keyring::Keyring;
pub use network::Network;
pub use oauth_keys::{OAuthGrant, OAuthServer};
#[cfg(feature = "oauth")]
pub use oauth_login::OAuthLogin;
pub use secret_error::SecretError;
#[cfg(all(feature = "keyring", feature = "oauth"))]
pub use token_keyring::TokenKeyring;

use crate::address::Domain;

/// Accounts by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// The account of mails that name none, unless one has their sender: see
    /// [`choose`](Self::choose).
    pub default: Option<String>,
    /// The domain of local names: the mail of cron for `root` goes to `root` at this domain, unless
    /// [`aliases`](Self::aliases) has another address.
    #[serde(deserialize_with = "some_from_text")]
    pub domain: Option<Domain>,
    /// A file with addresses for local names, such as `/etc/aliases`, in the format of aliases(5).
    #[serde(deserialize_with = "secret_places::path")]
    pub aliases: Option<PathBuf>,
    /// The tables `[account.NAME]`.
    #[serde(rename = "account")]
    pub accounts: BTreeMap<String, Account>,
    /// The file that each account is from.
    #[serde(skip)]
    files: BTreeMap<String, PathBuf>,
}

impl Config {
    /// Reads the text of a file. Relative paths in it stay relative to the working directory.
    ///
    /// # Errors
    ///
    /// The text is not TOML, has an unknown key or a value that is not valid, has a password in it, or a
    /// login stores its tokens in a place that another key names. The error names the line.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config = reading::parse(text, None)?;
        secret_places::check(&config, text, None)?;
        Ok(config)
    }

    /// The file that the account with this name is from, unless it was parsed from text.
    #[must_use]
    pub fn file_of(&self, name: &str) -> Option<&Path> {
        self.files.get(name).map(PathBuf::as_path)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_valid() {
        for (text, reason) in [
            ("account = 1", "line 1: "),
            ("domain = 'a b'", "line 1: domain: "),
            ("[account.a]\nserver = \"x y\"", "host name"),
            ("[account.a]\nserver = \"x\"\ntls = \"maybe\"", "tls"),
            ("[account.a]", "server"),
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
}
