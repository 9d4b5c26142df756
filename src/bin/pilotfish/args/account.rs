//! The arguments of `pilotfish account` and `config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use pilotfish::Security;
use pilotfish::config::{Account, OAuthServer};
use pilotfish::transport::Fingerprint;

use super::auth::OAuthArguments;
use super::server::TLS;
use super::{Words, rows, words};
use crate::account::store::Kind;
use crate::failure::Failure;
use crate::settings::in_shell;

/// Add, list, test and remove accounts.
#[derive(Args)]
pub(crate) struct AccountArguments {
    #[command(subcommand)]
    pub(crate) command: AccountCommands,
}

#[derive(Subcommand)]
pub(crate) enum AccountCommands {
    /// Find the server, ask for the password, log in, store the account.
    Add(Box<AccountAddArguments>),
    /// List the accounts; the default one has a star.
    List,
    /// Show the settings of an account, and where each is from; no password.
    Show(NamedAccount),
    /// Connect and log in; nothing is sent.
    Test(NamedAccount),
    /// Remove an account, and end its login with OAuth 2.0 at the provider.
    ///
    /// The account is removed from the configuration. The login is revoked where the provider can, and its
    /// tokens are removed. Passwords and client secrets stay where they are, and the command names them.
    Remove(NamedAccount),
    /// Use this account for mails that name none.
    Default(NamedAccount),
}

/// An account of the configuration.
#[derive(Args, Default)]
pub(crate) struct NamedAccount {
    /// The name of the account.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Set up an account.
#[derive(Args)]
pub(crate) struct AccountAddArguments {
    /// The address of the account.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,

    /// What the account is called [default: by the service or the domain].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The submission server [default: that of the service, or one that is found and that you agree to].
    #[arg(long, value_name = "HOST[:PORT]", value_parser = server)]
    pub(crate) server: Option<String>,

    /// How the session is protected [default: implicit on port 465, else starttls].
    #[arg(long, value_parser = words(TLS), value_name = "MODE")]
    pub(crate) tls: Option<Security>,

    /// Trust the certificate authorities in this PEM file too.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) tls_ca: Option<PathBuf>,

    /// Trust the server with this certificate, and no other.
    #[arg(
        long,
        value_name = "sha256:HEX",
        conflicts_with = "tls_ca",
        hide_short_help = true
    )]
    pub(crate) tls_fingerprint: Option<Fingerprint>,

    /// Log in as this user [default: the address].
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,

    /// The server needs no login, as a relay inside a network.
    #[arg(long, conflicts_with_all = ["user", "source"])]
    pub(crate) no_login: bool,

    /// The password is on the first line of this file, which only you can read.
    #[arg(long, value_name = "FILE", group = "source")]
    pub(crate) password_file: Option<PathBuf>,

    /// The password is what this command prints.
    #[arg(long, value_name = "CMD", group = "source")]
    pub(crate) password_command: Option<String>,

    /// The password is in this environment variable.
    #[arg(long, value_name = "NAME", group = "source")]
    pub(crate) password_env: Option<String>,

    /// The password is in the keyring of the desktop, by this name.
    #[arg(long, value_name = "NAME", group = "source", hide_short_help = true)]
    pub(crate) password_keyring: Option<String>,

    /// This command prints an OAuth 2.0 access token.
    #[arg(long, value_name = "CMD", group = "source")]
    pub(crate) token_command: Option<String>,

    /// Log in with OAuth 2.0, in the browser [default: where the service accepts nothing else]; SERVER is
    /// google, microsoft or a URL, which needs --scope [default: that of the service].
    #[arg(
        long,
        group = "source",
        value_name = "SERVER",
        num_args = 0..=1,
        require_equals = true
    )]
    #[expect(clippy::option_option, reason = "the flag may have a value or not")]
    pub(crate) oauth: Option<Option<OAuthServer>>,

    #[command(flatten)]
    pub(crate) login: OAuthArguments,

    /// Do not connect and log in now.
    #[arg(long)]
    pub(crate) no_test: bool,
}

impl AccountAddArguments {
    /// Fails if a command is named by a relative path: it is stored, and runs in the folder of each later
    /// call. Its arguments are not shown, as they may have a secret in them.
    pub(crate) fn check_commands(&self) -> Result<(), Failure> {
        let is_relative = |command: &String| {
            let program = command.split_whitespace().next().unwrap_or_default();
            program.contains('/') && !program.starts_with(['/', '~', '$', '"', '\''])
        };
        let commands = [&self.password_command, &self.token_command];
        if !commands.into_iter().flatten().any(is_relative) {
            return Ok(());
        }
        let message = "the command is a relative path, and later calls run in other folders";
        Err(Failure::usage(message).with_help("write the path from / or ~/ on"))
    }

    /// The command with these arguments and this server.
    pub(crate) fn with_server(&self, server: &str) -> String {
        self.command(Some(server), self.oauth.as_ref(), &self.login)
    }

    /// The command with these arguments.
    pub(crate) fn again(&self) -> String {
        self.command(self.server.as_deref(), self.oauth.as_ref(), &self.login)
    }

    /// The command with another authorization server, which is left to the reader.
    pub(crate) fn with_oauth_server(&self) -> String {
        let command = self.command(self.server.as_deref(), None, &self.login);
        format!("{command} --oauth=SERVER")
    }

    /// The command with another client, which is left to the reader.
    pub(crate) fn with_client(&self) -> String {
        let mut login = self.login.clone();
        (login.client_id, login.client_secret_file) = (None, None);
        let command = self.command(self.server.as_deref(), self.oauth.as_ref(), &login);
        format!("{command} --client-id ID --client-secret-file FILE")
    }

    /// Whether a flag says where a password or a token is.
    pub(crate) fn has_source(&self) -> bool {
        self.password_file.is_some()
            || self.password_command.is_some()
            || self.password_env.is_some()
            || self.password_keyring.is_some()
            || self.token_command.is_some()
    }

    /// A command that prints a secret is left to the reader: its arguments may have the secret in them.
    fn command(
        &self,
        server: Option<&str>,
        oauth: Option<&Option<OAuthServer>>,
        login: &OAuthArguments,
    ) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let command = |command: &Option<String>| command.as_ref().map(|_| "CMD".to_owned());
        let tls = self.tls.map(|mode| mode.to_string());
        let fingerprint = self.tls_fingerprint.as_ref().map(ToString::to_string);
        let flags = [
            ("--name", self.name.clone()),
            ("--tls", tls),
            ("--tls-ca", path(&self.tls_ca)),
            ("--tls-fingerprint", fingerprint),
            ("--user", self.user.clone()),
            ("--password-file", path(&self.password_file)),
            ("--password-command", command(&self.password_command)),
            ("--password-env", self.password_env.clone()),
            ("--password-keyring", self.password_keyring.clone()),
            ("--token-command", command(&self.token_command)),
        ];
        let mut words = vec!["pilotfish account add".to_owned(), in_shell(&self.address)];
        let with_value = |flag, value: &str| format!("{flag} {}", in_shell(value));
        for (flag, value) in flags {
            words.extend(value.map(|value| with_value(flag, &value)));
        }
        for (flag, value) in login.flags() {
            words.push(value.map_or_else(|| flag.to_owned(), |value| with_value(flag, &value)));
        }
        words.extend(server.map(|server| with_value("--server", server)));
        let oauth = oauth.map(|server| match server {
            Some(server) => format!("--oauth={}", in_shell(&server.to_string())),
            None => "--oauth".to_owned(),
        });
        words.extend(self.no_login.then(|| "--no-login".to_owned()));
        words.extend(oauth);
        words.extend(self.no_test.then(|| "--no-test".to_owned()));
        words.join(" ")
    }
}

/// The text, if it names a server.
fn server(text: &str) -> Result<String, pilotfish::config::ConfigError> {
    Account::new(text)?;
    Ok(text.to_owned())
}

/// Show and check settings.
#[derive(Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    pub(crate) command: ConfigCommands,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommands {
    /// Print which files are read; what an earlier one says counts more.
    Path,
    /// Read the files, and the files that they name.
    Check,
    /// Take accounts from a file of msmtp, Mutt or git.
    Import(Box<ImportArguments>),
    /// Print every setting that counts.
    Show {
        /// Print the file and the line of each setting.
        #[arg(long)]
        origin: bool,
    },
}

/// Whose file is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportFrom {
    Msmtp,
    Mutt,
    Git,
}

const PROGRAMS: Words<ImportFrom> = rows! {
    "msmtp" = ImportFrom::Msmtp => "The accounts of msmtprc";
    "mutt" = ImportFrom::Mutt => "smtp_url of muttrc, and what belongs to it";
    "git" = ImportFrom::Git => "The sections sendemail of a git configuration";
};

pub(super) const STORES: Words<Kind> = rows! {
    "keyring" = Kind::Keyring => "In the keyring of the desktop";
    "file" = Kind::File => "In a file that only you can read, for each account";
};

/// Take accounts from a file of another program.
///
/// No account is overwritten. A password in the file goes to the keyring or to a file of its own. What
/// cannot be taken is listed.
#[derive(Args)]
pub(crate) struct ImportArguments {
    /// The file, such as ~/.msmtprc, ~/.muttrc or ~/.gitconfig.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Whose file it is [default: by its name or its content].
    #[arg(long, value_parser = words(PROGRAMS), value_name = "PROGRAM")]
    pub(crate) from: Option<ImportFrom>,

    /// Where passwords go that the file has [default: asked].
    #[arg(long, value_parser = words(STORES), value_name = "PLACE")]
    pub(crate) store: Option<Kind>,

    /// Print what would be written, and write nothing.
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}
