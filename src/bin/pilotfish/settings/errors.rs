//! Errors of the configuration, with the flags that help.

use std::io;

use pilotfish::config::{Account, ConfigError, SecretError};
use pilotfish::oauth::{OAuthError, OAuthErrorKind};

use super::{in_shell, shown_path};
use crate::exit;
use crate::failure::Failure;
use crate::suggestion::nearest;

const NO_ACCOUNTS: &str = "set one up: pilotfish account add me@example.org";

/// An account that cannot be used, with the flags that help.
impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Server(error) => error.into(),
            ConfigError::NoServer => Self::usage("no server is named by --server"),
            ConfigError::Contradiction(reason) => Self::usage(reason),
            ConfigError::NoAccounts => Self::of(exit::CONFIG, &error).with_help(NO_ACCOUNTS),
            ConfigError::NoAccountChosen(ref names) => {
                let name = names.first().map_or("NAME", String::as_str);
                let help = format!("name one, as in -A {name}, or write default = \"{name}\"");
                Self::of(exit::CONFIG, &error).with_help(help)
            }
            ConfigError::SameSender { ref names, .. } => {
                let name = names.first().map_or("NAME", String::as_str);
                let help = format!("choose one: -A {}", in_shell(name));
                Self::of(exit::CONFIG, &error).with_help(help)
            }
            ConfigError::NoSuchAccount {
                ref name,
                ref known,
            } => {
                let failure = Self::of(exit::CONFIG, &error);
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => failure.with_help(format!("did you mean -A {near}?")),
                    None if known.is_empty() => failure.with_help(NO_ACCOUNTS),
                    None => failure,
                }
            }
            ConfigError::SecretInFile {
                ref key,
                ref table,
                ref file,
                line,
            } => {
                let place = match file {
                    Some(file) => format!("{}:{line}", shown_path(file)),
                    None => format!("line {line}"),
                };
                let what = if is_client_secret(key) {
                    "client secret"
                } else {
                    "password"
                };
                let message = format!("{place}: a {what} does not belong here");
                let account = table.as_deref().and_then(|table| {
                    let name = table.strip_prefix("[account.")?.strip_suffix(']')?;
                    Some(name.trim_matches('"').to_owned())
                });
                let account = account.unwrap_or_else(|| "NAME".to_owned());
                let table = table.as_deref().map(|table| format!(" in {table}"));
                let cause = format!("{key} = \"…\"{}", table.unwrap_or_default());
                let help = if is_client_secret(key) {
                    "move it to a file of mode 600, and name that by client-secret-file".to_owned()
                } else {
                    format!("delete the line, then: pilotfish auth set {account}")
                };
                Self::io(exit::CONFIG, message, cause).with_help(help)
            }
            ConfigError::OAuth(error) => error.into(),
            ConfigError::NoPassword => Self::usage(
                "--user needs a password: add --password-file FILE, --password-command CMD or another \
                 of the flags for passwords and tokens",
            ),
            ConfigError::NoUser => {
                Self::usage("there is a password or a token and no user: add --user")
            }
            ConfigError::OtherServer { own, other } => Self::usage(format!(
                "the secret of the account is for {own}, and --server names {other}: add the login \
                 for that server (--user and --password-file), or --auth none"
            )),
            ConfigError::Secret(SecretError::Unreadable {
                what,
                ref path,
                ref source,
            }) if source.kind() == io::ErrorKind::NotFound && !path.starts_with("/dev") => {
                Self::of(exit::CONFIG, &error).with_help(format!(
                    "write the {what} into the file by: install -D -m 600 /dev/stdin {}",
                    path.display()
                ))
            }
            error => Self::of(exit::CONFIG, &error),
        }
    }
}

/// Whether the key of a file is for the secret of an OAuth 2.0 client.
fn is_client_secret(key: &str) -> bool {
    key.to_lowercase()
        .replace('_', "-")
        .ends_with("client-secret")
}

/// Why there is no access token.
impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        let status = match error.kind() {
            _ if error.is_transient() => exit::TEMPORARY,
            OAuthErrorKind::Config | OAuthErrorKind::Store | OAuthErrorKind::NotOAuth => {
                exit::CONFIG
            }
            OAuthErrorKind::Network => exit::NO_HOST,
            OAuthErrorKind::Tls => exit::PROTOCOL,
            _ => exit::NO_PERMISSION,
        };
        Self::of(status, &error)
    }
}

/// Why there is no secret of an account.
pub(crate) fn no_secret(error: ConfigError, account: &Account) -> Failure {
    match &error {
        ConfigError::Secret(SecretError::CommandFailed {
            what,
            command,
            status,
            words,
        }) => {
            let user = account.user.as_deref().unwrap_or_default();
            let message = format!("no {what} for {user}: the command failed");
            let ended = status.code().map_or_else(
                || format!("was ended ({status})"),
                |code| format!("ended with status {code}"),
            );
            let words = Some(words.as_str()).filter(|words| !words.is_empty());
            let words = words.map(|words| format!(": {words}")).unwrap_or_default();
            let cause = format!("`{command}` {ended}{words}");
            Failure::io(exit::CONFIG, message, cause).with_help("run it in this shell to see why")
        }
        _ => error.into(),
    }
}
