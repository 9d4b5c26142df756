//! One account: a server, and who uses it.

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use super::auth::Auth;
use super::dkim::Dkim;
use super::network::Network;
use super::password::PasswordSource;
use super::server_address::ServerAddress;
use super::strategy::{Chunking, Pipelining, Strategy};
use super::tls::{self, TlsSettings};
use crate::address::Mailbox;
use crate::session::Security;

/// The keys of a table `[account.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
#[non_exhaustive]
pub struct Account {
    /// `server`: the host, and the port where it is not 587 or 465; or a URL.
    pub server: ServerAddress,
    /// `tls`: how sessions are protected; customary for the port if it is left out.
    pub tls: Option<Tls>,
    /// `tls-ca` and the other keys that begin with `tls-`.
    pub tls_settings: TlsSettings,
    /// `user`: who logs in; nobody if it is left out.
    pub user: Option<String>,
    /// `password-file` or `password-command`.
    pub password: Option<PasswordSource>,
    /// `token-file` or `token-command`: where an OAuth 2.0 access token comes from, in place of a
    /// password.
    pub token: Option<PasswordSource>,
    /// `auth-as`: the identity to act as, if it is another than the user's own.
    pub auth_as: Option<String>,
    /// `auth`: which mechanisms are tried; the strongest first if it is left out.
    pub auth: Auth,
    /// `from`: the mailbox that mails are from.
    pub from: Option<Mailbox>,
    /// `[account.NAME.dkim]`: what mails are signed with; nothing if it is left out.
    pub dkim: Option<Dkim>,
    /// `[account.NAME.network]`: how the server is reached.
    pub network: Network,
    /// `pipelining`, `chunking` and `messages-in-flight`: how mails go out.
    pub strategy: Strategy,
}

/// `implicit`, `starttls` or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Tls {
    /// TLS from the first octet.
    Implicit,
    /// TLS by STARTTLS, required.
    StartTls,
    /// Clear text.
    None,
}

impl From<Tls> for Security {
    fn from(tls: Tls) -> Self {
        match tls {
            Tls::Implicit => Self::ImplicitTls,
            Tls::StartTls => Self::StartTls,
            Tls::None => Self::Cleartext,
        }
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    server: ServerAddress,
    tls: Option<Tls>,
    tls_roots: Option<tls::Roots>,
    tls_ca: Option<PathBuf>,
    tls_fingerprint: Option<tls::Fingerprints>,
    tls_insecure: Option<bool>,
    tls_min: Option<tls::Minimum>,
    tls_name: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    password_command: Option<String>,
    token_file: Option<PathBuf>,
    token_command: Option<String>,
    auth_as: Option<String>,
    #[serde(default)]
    auth: Auth,
    from: Option<String>,
    dkim: Option<Dkim>,
    #[serde(default)]
    network: Network,
    pipelining: Option<Pipelining>,
    chunking: Option<Chunking>,
    messages_in_flight: Option<NonZeroU32>,
}

impl TryFrom<Table> for Account {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let password = source("password", table.password_file, table.password_command)?;
        let token = source("token", table.token_file, table.token_command)?;
        if password.is_some() && token.is_some() {
            return Err("a login is by a password or by a token, not both".to_owned());
        }
        let from = match table.from {
            None => None,
            Some(text) => Some(text.parse().map_err(|error| format!("from: {error}"))?),
        };
        Ok(Self {
            server: table.server,
            tls: table.tls,
            tls_settings: tls::Keys {
                roots: table.tls_roots,
                ca: table.tls_ca,
                fingerprint: table.tls_fingerprint,
                insecure: table.tls_insecure,
                min: table.tls_min,
                name: table.tls_name,
                cert: table.tls_cert,
                key: table.tls_key,
            }
            .try_into()?,
            user: table.user,
            password,
            token,
            auth_as: table.auth_as,
            auth: table.auth,
            from,
            dkim: table.dkim,
            network: table.network,
            strategy: Strategy {
                pipelining: table.pipelining,
                chunking: table.chunking,
                messages_in_flight: table.messages_in_flight,
            },
        })
    }
}

fn source(
    what: &str,
    file: Option<PathBuf>,
    command: Option<String>,
) -> Result<Option<PasswordSource>, String> {
    match (file, command) {
        (None, None) => Ok(None),
        (Some(path), None) => Ok(Some(PasswordSource::File(path))),
        (None, Some(command)) => Ok(Some(PasswordSource::Command(command))),
        (Some(_), Some(_)) => Err(format!("a {what} comes from {what}-file or {what}-command")),
    }
}
