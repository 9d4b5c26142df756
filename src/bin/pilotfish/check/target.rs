//! The server that is tested.

use pilotfish::address::AddrSpec;
use pilotfish::config::Account;
use pilotfish::services::Service;

use crate::args::{CheckArguments, GlobalArguments, ServerArguments, Target};
use crate::discovery;
use crate::failure::Failure;
use crate::output::report::notice;
use crate::terminal::style::Stream;

/// The server, by whichever way it was named, and whether its host alone is known.
pub(super) async fn server(
    arguments: CheckArguments,
    global: &GlobalArguments,
) -> Result<(ServerArguments, bool), Failure> {
    let mut server = arguments.server;
    let found = match arguments.target {
        None => return Ok((server, false)),
        Some(Target::Server(account)) => *account,
        Some(Target::Address(address)) => {
            let flags = server.clone().account()?;
            of_address(&address, &flags, arguments.login, global).await?
        }
    };
    server.server = Some(found);
    Ok((server, true))
}

/// The server of the service that has the address, or one that is found.
async fn of_address(
    address: &AddrSpec,
    flags: &Account,
    logs_in: bool,
    global: &GlobalArguments,
) -> Result<Account, Failure> {
    let domain = address.domain().to_string();
    let service = Service::of_domain(&domain);
    let mut account = match service.and_then(|service| service.hosts.first()) {
        Some(host) => Account::new(host)?,
        None => found(&domain, flags, logs_in, global).await?,
    };
    account.user = Some(address.to_string());
    Ok(account)
}

async fn found(
    domain: &str,
    flags: &Account,
    logs_in: bool,
    global: &GlobalArguments,
) -> Result<Account, Failure> {
    discovery::can_find(domain, flags.tls, "pilotfish check HOST")?;
    let search = discovery::search(domain, flags).await;
    if !global.quiet {
        notice(&format!(
            "{domain} is not in the built-in list. Looking for its server:"
        ));
        for line in search.lines(Stream::stderr()) {
            notice(&line);
        }
    }
    let Some(server) = search.server() else {
        return Err(search.failure("pilotfish check HOST"));
    };
    if logs_in {
        let message = format!(
            "DNS is not signed, so --login sends no password to {}",
            server.place()
        );
        let help = format!(
            "if it is the right one: pilotfish check --login --server {}",
            server.flag()
        );
        return Err(Failure::usage(message).with_help(help));
    }
    let mut account = Account::new(&server.place())?;
    account.tls = server.unusual_security();
    Ok(account)
}
