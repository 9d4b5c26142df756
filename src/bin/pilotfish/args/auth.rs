//! How to log in.

use std::path::PathBuf;

use clap::Args;
use pilotfish::config::{Auth, PasswordSource};

/// How to log in, beside by user name and password.
#[derive(Args, Default, PartialEq)]
pub(crate) struct AuthArguments {
    /// Log in by one of these, in this order, commas between them: plain, login, cram-md5,
    /// scram-sha-1, scram-sha-256, both with -plus, xoauth2, oauthbearer, external; or auto, or
    /// none [default: auto, the strongest first].
    #[arg(long, value_name = "MECHANISM")]
    pub(crate) auth: Option<Auth>,

    /// Act as another identity than the user's own: the authorization identity of SASL.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) auth_as: Option<String>,

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
}

impl AuthArguments {
    /// Where the token comes from.
    pub(crate) fn token(&self) -> Option<PasswordSource> {
        let file = self.token_file.clone().map(PasswordSource::File);
        file.or(self.token_fd.map(PasswordSource::Fd))
            .or(self.token_command.clone().map(PasswordSource::Command))
    }
}
