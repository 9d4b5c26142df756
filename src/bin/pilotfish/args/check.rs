//! The arguments of `pilotfish check`.

use clap::Args;
use pilotfish::config::Account;
use pilotfish::services::Service;

use super::server::ServerArguments;

/// Test DNS, ports, TLS, certificate and login; send nothing.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckArguments {
    /// The server to test, or an address of a service in the built-in list; without a port, the
    /// ports 465, 587 and 25.
    #[arg(value_name = "HOST[:PORT]|ADDRESS", value_parser = target, conflicts_with = "server")]
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
  pilotfish check me@gmail.com
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

/// The server of a host or a URL, or of the service that has this address.
fn target(text: &str) -> Result<Account, String> {
    let domain = match text.rsplit_once('@') {
        Some((_, domain)) if !text.contains("://") => domain,
        _ => return Account::new(text).map_err(|error| error.to_string()),
    };
    let host = Service::of_domain(domain).and_then(|service| service.hosts.first());
    let host = host.ok_or_else(|| {
        format!("{domain} is not in the built-in list of services: name its server")
    })?;
    let mut account = Account::new(host).map_err(|error| error.to_string())?;
    account.user = Some(text.to_owned());
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_addresses() {
        for (text, expected) in [
            ("mail.example.org:587", Ok("mail.example.org")),
            ("smtps://mail.example.org", Ok("mail.example.org")),
            ("me@gmail.com", Ok("smtp.gmail.com")),
            ("me@GMX.de", Ok("mail.gmx.net")),
            (
                "me@example.org",
                Err("example.org is not in the built-in list of services: name its server"),
            ),
        ] {
            let host = target(text).map(|account| account.host().unwrap().to_string());
            let host = host.as_deref().map_err(String::as_str);
            assert_eq!(host, expected, "{text}");
        }
    }
}
