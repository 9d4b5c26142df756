//! Where to send it, and who does.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pilotfish::config::{ServerAddress, Tls};

use super::auth::AuthArguments;
use super::{NetworkArguments, StrategyArguments, TlsArguments};

const SERVER_HELP: &str = "\
The submission server; the port is 587, or 465 with implicit TLS, unless given.

It can be a URL: [smtp|smtp+tls|smtps|smtp+notls|lmtp]://[USER@]HOST[:PORT], or
lmtp:///PATH for a Unix socket.";

/// Where to send it, and who does.
#[derive(Args, Default, PartialEq)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArguments {
    /// Read accounts from a TOML file.
    #[arg(short = 'C', long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Take server, user, sender and DKIM key from this account of the file.
    #[arg(short = 'A', long, value_name = "NAME", requires = "config")]
    pub(crate) account: Option<String>,

    /// The submission server; the port is 587, or 465 with implicit TLS, unless given.
    #[arg(long, value_name = "HOST[:PORT]", long_help = SERVER_HELP)]
    pub(crate) server: Option<ServerAddress>,

    /// How the session is protected [default: implicit on port 465, else starttls].
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) tls: Option<TlsMode>,

    #[command(flatten)]
    pub(crate) tls_settings: TlsArguments,

    #[command(flatten)]
    pub(crate) network: NetworkArguments,

    #[command(flatten)]
    pub(crate) strategy: StrategyArguments,

    /// Log in as this user.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,

    /// Read the password from the first line of a file that only you can read.
    #[arg(long, value_name = "FILE", group = "password")]
    pub(crate) password_file: Option<PathBuf>,

    /// Read the password from the first line of an open file descriptor.
    #[arg(long, value_name = "N", group = "password", hide_short_help = true)]
    pub(crate) password_fd: Option<u32>,

    /// Take the password from what this command prints.
    #[arg(long, value_name = "CMD", group = "password")]
    pub(crate) password_command: Option<String>,

    #[command(flatten)]
    pub(crate) auth: AuthArguments,

    /// Send the password even without TLS, for everybody on the way to read.
    #[arg(long, hide_short_help = true)]
    pub(crate) danger_cleartext_auth: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum TlsMode {
    /// TLS from the first octet.
    Implicit,
    /// Upgrade by STARTTLS; without it nothing is sent.
    Starttls,
    /// No TLS, and no password.
    None,
}

impl From<TlsMode> for Tls {
    fn from(mode: TlsMode) -> Self {
        match mode {
            TlsMode::Implicit => Self::Implicit,
            TlsMode::Starttls => Self::StartTls,
            TlsMode::None => Self::None,
        }
    }
}
