//! The arguments of `pilotfish check`.

use clap::Args;
use pilotfish::address::AddrSpec;
use pilotfish::config::Account;

use super::server::ServerArguments;

/// Test DNS, ports, TLS, certificate and login; send nothing.
#[derive(Args)]
pub(crate) struct CheckArguments {
    /// The server to test, or an address whose server is found as by `account add`; without a port,
    /// the ports 465, 587 and 25.
    #[arg(value_name = "HOST[:PORT]|ADDRESS", value_parser = target, conflicts_with = "server")]
    pub(crate) target: Option<Target>,

    /// Log in too, as `send` does.
    #[arg(long)]
    pub(crate) login: bool,

    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

/// What is tested.
#[derive(Clone)]
pub(crate) enum Target {
    /// This server.
    Server(Box<Account>),
    /// The server of somebody with this address.
    Address(AddrSpec),
}

/// A host, a URL, or an address.
fn target(text: &str) -> Result<Target, String> {
    if text.contains('@') && !text.contains("://") {
        let address = text.parse().map_err(|error| format!("{error}"));
        return address.map(Target::Address);
    }
    let account = Account::new(text).map_err(|error| error.to_string())?;
    Ok(Target::Server(Box::new(account)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_addresses() {
        for (text, expected) in [
            ("mail.example.org:587", Ok("mail.example.org")),
            ("smtps://mail.example.org", Ok("mail.example.org")),
            ("me@gmail.com", Ok("me@gmail.com")),
            ("smtp://me@mail.example.org", Ok("mail.example.org")),
            ("me@", Err("")),
        ] {
            let target = target(text).map(|target| match target {
                Target::Server(account) => account.host().unwrap().to_string(),
                Target::Address(address) => address.to_string(),
            });
            let target = target.as_deref().map_err(|_| "");
            assert_eq!(target, expected, "{text}");
        }
    }
}
