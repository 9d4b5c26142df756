//! One account: a server, and who logs in and sends there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::ConfigError;
use super::auth::Auth;
use super::dkim::Dkim;
use super::limits;
use super::network::Network;
use super::oauth_keys::{self, OAuthGrant, OAuthServer};
use super::secret_places;
use super::shown_command::shown_command;
use super::tls::fingerprints;
use super::{at_least_one, some_from_text};
use crate::address::envelope::{Notify, Ret};
use crate::address::{Mailbox, ReversePath};
use crate::client::Rates;
use crate::protocol::{Chunking, Dialect, Mechanism, Pipelining};
use crate::session::{Security, ServerAddress};
use crate::transport::{Fingerprint, Host, TlsRoots, TlsVersion};

/// A server, and who logs in and sends there: the keys of a table `[account.NAME]`.
///
/// [`Config::account`](super::Config::account) takes an account from a file, and
/// [`Account::new`] makes one from a server's address. [`server`](Self::server) reads the files
/// and runs the commands that the account names, and returns the
/// [`ServerConfig`](crate::ServerConfig) for a client.
///
/// A path that begins with `~/` is in the home directory. `Debug` shows no secret, as an account
/// has only the places that secrets come from.
///
/// ```no_run
/// use pilotfish::Client;
/// use pilotfish::config::Config;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::load("mail.toml")?;
/// let client = Client::new(config.account("work")?.server().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(
    remote = "Self",
    deny_unknown_fields,
    rename_all = "kebab-case",
    default
)]
#[non_exhaustive]
pub struct Account {
    #[serde(deserialize_with = "some_from_text")]
    pub(super) server: Option<ServerAddress>,
    /// How sessions are protected: `implicit`, `starttls` or `none`. By default as the server's
    /// URL says, or else as is customary for the port.
    #[serde(deserialize_with = "some_from_text")]
    pub tls: Option<Security>,
    /// Which certificate authorities are trusted besides [`tls_ca`](Self::tls_ca): `public`,
    /// `system` or `none`. By default the public ones.
    #[serde(deserialize_with = "some_from_text")]
    pub tls_roots: Option<TlsRoots>,
    /// A PEM file with more certificate authorities to trust.
    #[serde(deserialize_with = "secret_places::path")]
    pub tls_ca: Option<PathBuf>,
    /// The certificates or keys that the server may have; no others are trusted. The file has one
    /// text, or a list of them.
    #[serde(deserialize_with = "fingerprints")]
    pub tls_fingerprint: Vec<Fingerprint>,
    /// Accepts any certificate, so that anyone on the network can read the mail and the password.
    pub tls_insecure: bool,
    /// The earliest version of TLS: `"1.2"` or `"1.3"`. By default 1.2.
    #[serde(deserialize_with = "some_from_text")]
    pub tls_min: Option<TlsVersion>,
    /// The name that the server's certificate is for, if it is not that of the host.
    #[serde(deserialize_with = "some_from_text")]
    pub tls_name: Option<Host>,
    /// The client's certificate with its chain, in PEM.
    #[serde(deserialize_with = "secret_places::path")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the client's certificate, in PEM, in a file that only its owner can read.
    #[serde(deserialize_with = "secret_places::path")]
    pub tls_key: Option<PathBuf>,
    /// The user who logs in. Without one, no login takes place.
    pub user: Option<String>,
    /// A file that only its owner can read, with the password on its first line.
    #[serde(deserialize_with = "secret_places::path")]
    pub password_file: Option<PathBuf>,
    /// A file descriptor that the process was started with, with the password on its first line.
    /// A file of accounts cannot name one.
    #[serde(skip)]
    pub password_fd: Option<u32>,
    /// A command that prints the password, run by `sh -c` without input.
    pub password_command: Option<String>,
    /// The name of an environment variable with the password.
    pub password_env: Option<String>,
    /// The name of a credential of systemd with the password on its first line: a file in the
    /// directory that the variable `CREDENTIALS_DIRECTORY` names.
    pub password_credential: Option<String>,
    /// The name of the password in the keyring of the desktop: that of an item of the service
    /// `pilotfish`. It needs the feature `keyring`.
    pub password_keyring: Option<String>,
    /// A file in the format of netrc(5) that only its owner can read, with the password for the
    /// server's host and, if the file names users, for [`user`](Self::user).
    #[serde(deserialize_with = "secret_places::path")]
    pub password_netrc: Option<PathBuf>,
    /// The authorization server of a login by OAuth 2.0: `google`, `microsoft`, or the URL of
    /// another one. It needs the feature `oauth`. See `Account::oauth`.
    #[serde(deserialize_with = "some_from_text")]
    pub oauth: Option<OAuthServer>,
    /// Whose accounts log in at Microsoft: `common`, the default, for all, `consumers`,
    /// `organizations`, or the ID or the domain of one organization.
    #[serde(deserialize_with = "oauth_keys::tenant")]
    pub oauth_tenant: Option<String>,
    /// What an access token allows, as words with blanks between them (RFC 6749 section 3.3). By
    /// default to send mail at Google or Microsoft; other servers have no default.
    #[serde(deserialize_with = "oauth_keys::scope")]
    pub oauth_scope: Option<String>,
    /// How access tokens are obtained: `login`, the default, `client-credentials` or
    /// `service-account`.
    #[serde(deserialize_with = "some_from_text")]
    pub oauth_grant: Option<OAuthGrant>,
    /// The ID that the authorization server gave this program (RFC 6749 section 2.2).
    pub client_id: Option<String>,
    /// A file that only its owner can read, with the secret of the client on its first line.
    #[serde(deserialize_with = "secret_places::path")]
    pub client_secret_file: Option<PathBuf>,
    /// A command that prints the secret of the client.
    pub client_secret_command: Option<String>,
    /// The name of an environment variable with the secret of the client.
    pub client_secret_env: Option<String>,
    /// The name of a credential of systemd with the secret of the client.
    pub client_secret_credential: Option<String>,
    /// The name of the secret of the client in the keyring of the desktop. It needs the feature
    /// `keyring`.
    pub client_secret_keyring: Option<String>,
    /// The key file of a service account of Google, in JSON, that only its owner can read.
    /// [`user`](Self::user) is the one that the account acts for.
    #[serde(deserialize_with = "secret_places::path")]
    pub service_account_file: Option<PathBuf>,
    /// A file that only its owner can read, with an OAuth 2.0 access token on its first line, or
    /// as `access_token` in a JSON object (RFC 6749 section 5.1). With [`oauth`](Self::oauth), the
    /// file that the tokens of a login are stored in.
    #[serde(deserialize_with = "secret_places::path")]
    pub token_file: Option<PathBuf>,
    /// A file descriptor with a token. A file of accounts cannot name one.
    #[serde(skip)]
    pub token_fd: Option<u32>,
    /// A command that prints a token.
    pub token_command: Option<String>,
    /// The name of an environment variable with a token.
    pub token_env: Option<String>,
    /// The name of a credential of systemd with a token.
    pub token_credential: Option<String>,
    /// The name of a token in the keyring of the desktop. With [`oauth`](Self::oauth), that of the
    /// item that the tokens of a login are stored in. It needs the feature `keyring`.
    pub token_keyring: Option<String>,
    #[serde(deserialize_with = "some_from_text")]
    pub(super) auth: Option<Auth>,
    /// The identity to act as, if it is not the user's own: the authorization identity of SASL.
    pub auth_as: Option<String>,
    /// Sends the password even without TLS, where anyone on the network can read it. A file of
    /// accounts cannot ask for that.
    #[serde(skip)]
    pub danger_cleartext_auth: bool,
    /// The mailbox that mails are from. See [`sender`](Self::sender).
    #[serde(deserialize_with = "some_from_text")]
    pub from: Option<Mailbox>,
    /// The address that notifications of failure go to, `<>` for none. By default that of the
    /// sender.
    #[serde(deserialize_with = "limits::reverse_path")]
    pub envelope_from: Option<ReversePath>,
    /// When the sender is notified about a mail: `never`, or some of `success,failure,delay`.
    #[serde(deserialize_with = "some_from_text")]
    pub dsn: Option<Notify>,
    /// How much of the mail a notification returns: `hdrs` or `full`.
    #[serde(deserialize_with = "some_from_text")]
    pub dsn_return: Option<Ret>,
    /// How many connections a client has at most.
    #[serde(deserialize_with = "at_least_one")]
    pub connections: Option<u32>,
    /// How much a client sends in a time, as in `30/min, 500/day, 10000 recipients/day`. Without a
    /// word, the number is of mails; the others are `recipients` and `connections`. A time is `s`,
    /// `min`, `h` or `day`.
    #[serde(deserialize_with = "limits::rates")]
    pub rates: Option<Rates>,
    /// For how long a client sends a mail again that the server deferred, as in `30m`.
    #[serde(deserialize_with = "limits::retry")]
    pub retry: Option<Duration>,
    /// The table `[account.NAME.dkim]`: how mails are signed.
    pub dkim: Option<Dkim>,
    /// The table `[account.NAME.network]`: how the server is reached.
    pub network: Network,
    /// Which commands are sent before earlier ones are answered. By default `auto`.
    #[serde(deserialize_with = "some_from_text")]
    pub pipelining: Option<Pipelining>,
    /// Which messages are sent by BDAT. By default `auto`.
    #[serde(deserialize_with = "some_from_text")]
    pub chunking: Option<Chunking>,
    /// How many messages may be sent on one connection before the first is answered. By default 8.
    #[serde(deserialize_with = "at_least_one")]
    pub messages_in_flight: Option<u32>,
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The derived function reads the keys one by one.
        let account = Self::deserialize(deserializer)?;
        account.checked().map_err(serde::de::Error::custom)
    }
}

impl Account {
    /// An account at a server: `HOST`, `HOST:PORT` or a URL.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`]: the text names no server, or has a password in it.
    pub fn new(server: &str) -> Result<Self, ConfigError> {
        let server: ServerAddress = server.parse().map_err(ConfigError::value)?;
        Ok(Self {
            user: server.user.clone(),
            server: Some(server),
            ..Self::default()
        })
    }

    /// Sets the mechanisms of the login: `auto`, `none`, or the names of mechanisms in the order in
    /// which they are tried, separated by commas. The default, `auto`, is the strongest that the
    /// server offers.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`]: the text names an unknown mechanism.
    pub fn set_auth(&mut self, auth: &str) -> Result<(), ConfigError> {
        self.auth = Some(auth.parse().map_err(ConfigError::value)?);
        Ok(())
    }

    /// The server's host; `localhost` if the server is reached by a Unix socket.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        self.server.as_ref().map(|server| &server.host)
    }

    /// The server's port, if the account names one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.server.as_ref()?.port
    }

    /// The Unix socket by which the server is reached, if there is one.
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.server.as_ref()?.unix_socket.as_deref()
    }

    /// Whether the server speaks LMTP (RFC 2033).
    #[must_use]
    pub fn is_lmtp(&self) -> bool {
        let server = self.server.as_ref();
        server.is_some_and(|server| server.protocol == Dialect::Lmtp)
    }

    /// How sessions are protected, by [`tls`](Self::tls), the server's URL or the port.
    #[must_use]
    pub fn security(&self) -> Security {
        let by_port = match self.server.as_ref().and_then(|server| server.port) {
            _ if self.unix_socket().is_some() => Security::Cleartext,
            Some(port) => Security::of_port(port),
            None => Security::StartTls,
        };
        self.named_security().unwrap_or(by_port)
    }

    /// How sessions are protected, if the account says it.
    pub(super) fn named_security(&self) -> Option<Security> {
        self.tls.or_else(|| self.server.as_ref()?.tls)
    }

    /// The mechanisms that the login is limited to, in the order in which they are tried.
    #[must_use]
    pub fn mechanisms(&self) -> Option<&[Mechanism]> {
        match &self.auth {
            Some(Auth::Only(mechanisms)) => Some(mechanisms),
            _ => None,
        }
    }

    /// Whether a login takes place: there is a user, a secret or a client certificate to log in
    /// with, and `auth` is not `none`.
    #[must_use]
    pub fn logs_in(&self) -> bool {
        let has_login = self.user.is_some() || self.has_secret() || self.is_external();
        has_login && self.auth != Some(Auth::None)
    }

    /// The mailbox that mails are from: [`from`](Self::from), or else the user if the name is an
    /// address.
    #[must_use]
    pub fn sender(&self) -> Option<Mailbox> {
        let user = || self.user.as_ref()?.parse().ok();
        self.from.clone().or_else(user)
    }

    /// Whether the login is by what TLS shows already, the client's certificate.
    pub(super) fn is_external(&self) -> bool {
        self.mechanisms() == Some(&[Mechanism::External])
    }

    /// The command that prints the password or the token, in one line, as errors show it.
    ///
    /// It is whole if it has a single word, or if it is a known password manager that reads an item, as in
    /// `pass show mail/work`, `gpg -d ~/.secret.gpg` or `secret-tool lookup service mail`, and has no
    /// character that is special in a shell except quotes. Of every other command there is the
    /// first word and an ellipsis, as in `curl …`, because an argument may be a secret; there is only
    /// the ellipsis if the first word has other characters than letters, digits and `-_./+~` of ASCII.
    #[must_use]
    pub fn shown_secret_command(&self) -> Option<String> {
        let command = self.password_command.as_deref();
        command.or(self.token_command.as_deref()).map(shown_command)
    }

    /// Every path that the account names, except that of the server's Unix socket, which is absolute.
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let paths = [
            self.tls_ca.as_mut(),
            self.tls_cert.as_mut(),
            self.tls_key.as_mut(),
            self.password_file.as_mut(),
            self.password_netrc.as_mut(),
            self.token_file.as_mut(),
            self.client_secret_file.as_mut(),
            self.service_account_file.as_mut(),
            self.network.proxy_password_file.as_mut(),
            self.dkim.as_mut().and_then(|dkim| dkim.key_file.as_mut()),
        ];
        paths.into_iter().flatten()
    }
}
