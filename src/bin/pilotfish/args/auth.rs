//! The arguments of `pilotfish auth`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use pilotfish::config::{Account, OAuthServer};

use super::account::{NamedAccount, STORES};
use super::words;
use crate::account::store::Kind;

/// Log in with OAuth 2.0; store a password.
#[derive(Args)]
pub(crate) struct AuthArguments {
    #[command(subcommand)]
    pub(crate) command: AuthCommands,
}

#[derive(Subcommand)]
pub(crate) enum AuthCommands {
    /// Log in with OAuth 2.0, in a browser or on another device.
    Login(Box<AuthLoginArguments>),
    /// Show how each account logs in, and whether that still works.
    ///
    /// The command reads what is stored, and renews a token that has expired. A login that was revoked works
    /// here until its token expires: `pilotfish account test` asks the mail server.
    Status(NamedAccount),
    /// Print an access token, for another program.
    Token(NamedAccount),
    /// Renew the access token now.
    Refresh(NamedAccount),
    /// Revoke the login where the provider can, and remove its tokens.
    Logout(NamedAccount),
    /// Ask for the password of an account, log in, and store the password anew.
    Set(AuthSetArguments),
}

/// Log in with OAuth 2.0, in a browser or on another device.
///
/// The login is proved at the mail server, and nothing is sent. Google and Microsoft want a client of your
/// own, which is made once, in five steps that the command shows.
///
/// A login that is not stored is revoked, and so is one that the login of another client replaces. One of the
/// same client is not: to revoke it, some providers end all logins of that client.
#[derive(Args, Default)]
pub(crate) struct AuthLoginArguments {
    #[command(flatten)]
    pub(crate) account: NamedAccount,

    /// The authorization server: google, microsoft or a URL, which needs --scope [default: the account's, or by
    /// its server].
    #[arg(long, value_name = "SERVER")]
    pub(crate) oauth: Option<OAuthServer>,

    #[command(flatten)]
    pub(crate) login: OAuthArguments,

    /// Do not try the token at the mail server.
    #[arg(long)]
    pub(crate) no_test: bool,
}

/// How a login with OAuth 2.0 is made, and by which client.
#[derive(Args, Clone, Default)]
pub(crate) struct OAuthArguments {
    /// Log in on any device by a code; Gmail does not offer it.
    #[arg(long, conflicts_with = "paste")]
    pub(crate) device: bool,

    /// Log in with the browser of another machine, and paste the address that it ends at.
    #[arg(long)]
    pub(crate) paste: bool,

    /// Microsoft: the tenant, as an ID or a domain [default: common].
    #[arg(long, value_name = "TENANT", hide_short_help = true)]
    pub(crate) tenant: Option<String>,

    /// The permission that is asked for [default: sending mail at Google and Microsoft].
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,

    /// The client ID of your registration [default: the account's, or asked].
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// The client secret is on the first line of this file, which only you can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// Where the login is stored [default: asked].
    #[arg(long, value_parser = words(STORES), value_name = "PLACE")]
    pub(crate) store: Option<Kind>,
}

impl OAuthArguments {
    /// The flags that are given, each with its value.
    pub(crate) fn flags(&self) -> Vec<(&'static str, Option<String>)> {
        let file = self.client_secret_file.as_ref();
        let store = STORES.iter().find(|row| Some(row.1) == self.store);
        let values = [
            ("--tenant", self.tenant.clone()),
            ("--scope", self.scope.clone()),
            ("--client-id", self.client_id.clone()),
            (
                "--client-secret-file",
                file.map(|path| path.display().to_string()),
            ),
            ("--store", store.map(|row| row.0.to_owned())),
        ];
        let ways = [("--device", self.device), ("--paste", self.paste)];
        let ways = ways.into_iter().filter(|(_, is_given)| *is_given);
        let values = values.into_iter().filter(|(_, value)| value.is_some());
        ways.map(|(flag, _)| (flag, None)).chain(values).collect()
    }
}

/// Store the password of an account anew.
#[derive(Args)]
pub(crate) struct AuthSetArguments {
    #[command(flatten)]
    pub(crate) account: NamedAccount,

    #[command(flatten)]
    pub(crate) new: NewPasswordArguments,

    /// Do not log in before the password is stored.
    #[arg(long)]
    pub(crate) no_test: bool,
}

/// Where a new password is, if it is not asked for.
#[derive(Args)]
pub(crate) struct NewPasswordArguments {
    /// Take the new password from the first line of this file, in place of asking.
    #[arg(
        id = "password_file",
        long = "password-file",
        value_name = "FILE",
        group = "new"
    )]
    file: Option<PathBuf>,

    /// Take it from the first line of an open file descriptor; 0 is standard input.
    #[arg(
        id = "password_fd",
        long = "password-fd",
        value_name = "N",
        group = "new"
    )]
    fd: Option<u32>,

    /// Take it from what this command prints.
    #[arg(
        id = "password_command",
        long = "password-command",
        value_name = "CMD",
        group = "new"
    )]
    command: Option<String>,

    /// Take it from this environment variable.
    #[arg(
        id = "password_env",
        long = "password-env",
        value_name = "NAME",
        group = "new"
    )]
    env: Option<String>,
}

impl NewPasswordArguments {
    /// An account that has the password, if a flag says where it is.
    pub(crate) fn source(self) -> Option<Account> {
        let mut account = Account::default();
        account.password_file = self.file;
        account.password_fd = self.fd;
        account.password_command = self.command;
        account.password_env = self.env;
        (account != Account::default()).then_some(account)
    }
}
