//! The server, the login, and how mails go out.

use std::path::PathBuf;

use clap::Args;
use pilotfish::Security;
use pilotfish::config::{Account, ConfigError};
use pilotfish::protocol::{Chunking, Pipelining};

use super::network::{NetworkArguments, TlsArguments};
use super::{Words, rows, words};

const SERVER_HELP: &str = "\
The submission server; the port is 587, or 465 with implicit TLS, unless given.

It can be a URL: [smtp|smtp+tls|smtps|smtp+notls|lmtp]://[USER@]HOST[:PORT], or
lmtp:///PATH for a Unix socket.";

pub(super) const TLS: Words<Security> = rows! {
    "implicit" = Security::ImplicitTls => "TLS from the first octet";
    "starttls" = Security::StartTls => "Upgrade by STARTTLS; without it nothing is sent";
    "none" = Security::Cleartext => "No TLS, and no password";
};

const PIPELINING: Words<Pipelining> = rows! {
    "never" = Pipelining::Never => "Each command waits for its reply";
    "auto" = Pipelining::Auto => "The commands of a mail leave together";
    "eager" = Pipelining::Eager
        => "The next mail's commands leave with the end of the message before it";
};

const CHUNKING: Words<Chunking> = rows! {
    "never" = Chunking::Never => "By DATA";
    "auto" = Chunking::Auto => "By BDAT where more mails are waiting";
    "always" = Chunking::Always => "By BDAT, which saves a round trip";
};

/// The server, the login, and how mails go out.
#[derive(Args, Clone, Default, PartialEq)]
#[command(next_help_heading = "Account")]
pub(crate) struct ServerArguments {
    /// The submission server; the port is 587, or 465 with implicit TLS, unless given.
    #[arg(long, value_name = "HOST[:PORT]", long_help = SERVER_HELP, value_parser = Account::new)]
    pub(crate) server: Option<Account>,

    /// How the session is protected [default: implicit on port 465, else starttls].
    #[arg(long, value_parser = words(TLS), value_name = "MODE", help_heading = "Server and TLS")]
    tls: Option<Security>,

    /// Which commands are sent before earlier ones are answered [default: auto, those of a mail].
    #[arg(long, value_parser = words(PIPELINING), value_name = "WHICH", hide_short_help = true, help_heading = "Protocol")]
    pipelining: Option<Pipelining>,

    /// When messages are sent by BDAT [default: auto, where more mails are waiting].
    #[arg(long, value_parser = words(CHUNKING), value_name = "WHEN", hide_short_help = true, help_heading = "Protocol")]
    chunking: Option<Chunking>,

    /// Log in as this user.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Read the password from the first line of a file that only you can read.
    #[arg(long, value_name = "FILE", group = "password")]
    password_file: Option<PathBuf>,

    /// Read the password from the first line of an open file descriptor.
    #[arg(long, value_name = "N", group = "password", hide_short_help = true)]
    password_fd: Option<u32>,

    /// Take the password from what this command prints.
    #[arg(long, value_name = "CMD", group = "password")]
    password_command: Option<String>,

    /// Take the password from this environment variable.
    #[arg(long, value_name = "NAME", group = "password", hide_short_help = true)]
    password_env: Option<String>,

    /// Take the password of this name from the keyring of the desktop.
    #[arg(long, value_name = "NAME", group = "password", hide_short_help = true)]
    password_keyring: Option<String>,

    /// Log in by one of these, in this order, separated by commas: plain, login, cram-md5,
    /// scram-sha-1, scram-sha-256, both with -plus, xoauth2, oauthbearer, external; or auto, or
    /// none [default: auto, the strongest first].
    #[arg(long, value_name = "MECHANISM", value_parser = auth)]
    auth: Option<String>,

    /// Act as another identity than the user's own: the authorization identity of SASL.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    auth_as: Option<String>,

    /// Read an OAuth 2.0 access token from the first line of a file that only you can read, or from
    /// the JSON that a token endpoint answers.
    #[arg(long, value_name = "FILE", group = "password", hide_short_help = true)]
    token_file: Option<PathBuf>,

    /// Read the access token from the first line of an open file descriptor.
    #[arg(long, value_name = "N", group = "password", hide_short_help = true)]
    token_fd: Option<u32>,

    /// Take the access token from what this command prints.
    #[arg(long, value_name = "CMD", group = "password")]
    token_command: Option<String>,

    /// Take the access token from this environment variable.
    #[arg(long, value_name = "NAME", group = "password", hide_short_help = true)]
    token_env: Option<String>,

    /// Take the access token of this name from the keyring of the desktop.
    #[arg(long, value_name = "NAME", group = "password", hide_short_help = true)]
    token_keyring: Option<String>,

    /// Send the password even without TLS, where anyone on the network can read it.
    #[arg(long, hide_short_help = true)]
    danger_cleartext_auth: bool,

    #[command(flatten)]
    tls_settings: TlsArguments,

    #[command(flatten)]
    pub(crate) network: NetworkArguments,
}

impl ServerArguments {
    /// The keys of an account that the flags set.
    pub(crate) fn account(self) -> Result<Account, ConfigError> {
        let mut account = self.server.unwrap_or_default();
        account.tls = self.tls;
        self.tls_settings.set(&mut account);
        account.network = self.network.into();
        account.pipelining = self.pipelining;
        account.chunking = self.chunking;
        account.user = self.user.or(account.user);
        account.password_file = self.password_file;
        account.password_fd = self.password_fd;
        account.password_command = self.password_command;
        account.password_env = self.password_env;
        account.password_keyring = self.password_keyring;
        account.token_env = self.token_env;
        account.token_keyring = self.token_keyring;
        account.token_file = self.token_file;
        account.token_fd = self.token_fd;
        account.token_command = self.token_command;
        if let Some(auth) = self.auth {
            account.set_auth(&auth)?;
        }
        account.auth_as = self.auth_as;
        account.danger_cleartext_auth = self.danger_cleartext_auth;
        Ok(account)
    }
}

/// A list of mechanisms that an account takes.
fn auth(text: &str) -> Result<String, ConfigError> {
    Account::default().set_auth(text)?;
    Ok(text.to_owned())
}
