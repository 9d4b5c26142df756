//! The arguments of `pilotfish check`.

use clap::Args;
use pilotfish::config::Account;

use super::server::ServerArguments;

/// Test DNS, ports, TLS, certificate and login; send nothing.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckArguments {
    /// The server to test, with a port or without; without one, the ports 465, 587 and 25.
    #[arg(value_name = "HOST[:PORT]", value_parser = Account::new, conflicts_with = "server")]
    host: Option<Account>,

    /// Log in too, as `send` does.
    #[arg(long)]
    pub(crate) login: bool,

    #[command(flatten)]
    server: ServerArguments,
}

const EXAMPLES: &str = "\
Examples:
  pilotfish check smtp.gmail.com
  pilotfish check --login -A work
  pilotfish check --json mail.example.org:587 | jq .problems

The exit status is 0 if all is well, else that of the first problem: 68 the host does not exist,
75 no port answers, 76 TLS or the certificate, 77 the login.";

impl CheckArguments {
    /// Whether the server is named by its host alone, and not by an account.
    pub(crate) fn names_host(&self) -> bool {
        self.host.is_some()
    }

    /// The server, by whichever way it was named.
    pub(crate) fn into_server(self) -> ServerArguments {
        let mut server = self.server;
        server.server = server.server.or(self.host);
        server
    }
}
