//! The server of a new account: named, that of a service, or found.

use pilotfish::Security;
use pilotfish::address::AddrSpec;
use pilotfish::config::Account;
use pilotfish::services::Service;

use super::{said, service_at};
use crate::args::{AccountAddArguments, GlobalArguments};
use crate::discovery::{self, Server};
use crate::exit;
use crate::failure::Failure;
use crate::terminal::question::Questions;
use crate::terminal::style::Stream;

/// How often another server is asked for.
const ATTEMPTS: usize = 3;

/// The server of a new account.
pub(super) struct Found {
    /// The key `server`.
    pub(super) server: String,
    /// How sessions are protected, if neither the port nor a URL says it.
    pub(super) security: Option<Security>,
    pub(super) service: Option<&'static Service>,
    /// Whether it is from the built-in list.
    is_of_list: bool,
    /// Whether it has answered with a valid certificate already.
    pub(super) is_proved: bool,
}

impl Found {
    fn named(server: String, security: Option<Security>, domain: Option<&str>) -> Self {
        let account = Account::new(&server).ok();
        Self {
            service: account.and_then(|account| service_at(&account, domain)),
            server,
            security,
            is_of_list: false,
            is_proved: false,
        }
    }

    /// A host of the built-in list has no spelling to check.
    pub(super) fn unreachable(&self, mut failure: Failure) -> Failure {
        let no_host = failure.status == exit::NO_HOST;
        if let Some(service) = self.service.filter(|_| no_host && self.is_of_list) {
            failure.message = format!(
                "the host of {} is not found in DNS: {}",
                service.name, self.server
            );
            failure.help = vec!["check the network and the DNS of this machine".to_owned()];
        }
        failure
    }

    /// The first host and port of the service.
    fn of_service(service: &'static Service) -> Self {
        let host = service.hosts.first().copied().unwrap_or_default();
        let (server, security) = match service.ports.first() {
            Some((port, security)) => {
                let is_usual = Security::of_port(*port) == *security;
                (format!("{host}:{port}"), (!is_usual).then_some(*security))
            }
            None => (host.to_owned(), None),
        };
        Self {
            server,
            security,
            service: Some(service),
            is_of_list: true,
            is_proved: false,
        }
    }
}

/// The server that the command line names, that of the service which has the domain, or one that DNS
/// and guesses lead to, if the person agrees.
pub(super) async fn find(
    arguments: &AccountAddArguments,
    address: &AddrSpec,
    questions: Option<&Questions>,
    global: &GlobalArguments,
) -> Result<Found, Failure> {
    let domain = address.domain();
    if let Some(server) = &arguments.server {
        return Ok(Found::named(
            server.clone(),
            arguments.tls,
            Some(&domain.to_string()),
        ));
    }
    if let Some(service) = Service::of_domain(&domain.to_string()) {
        let text = format!(
            "{} is in the built-in list of services (as of 2026-11).",
            service.name
        );
        said(global, &text);
        return Ok(Found::of_service(service));
    }
    let unknown = format!("{domain} is not in the built-in list of services");
    if arguments.no_test || domain.is_literal() {
        let failure = Failure::usage(unknown);
        return Err(failure.with_help(format!(
            "name the server of its provider: {}",
            arguments.with_server("HOST:PORT")
        )));
    }
    discovery::can_find(
        &domain.to_string(),
        arguments.tls,
        &arguments.with_server("HOST:PORT"),
    )?;
    said(
        global,
        &format!("{domain} is not in the built-in list. Looking for its server:"),
    );
    let mut flags = Account::default();
    flags.tls = arguments.tls;
    flags.tls_ca.clone_from(&arguments.tls_ca);
    flags.tls_fingerprint.extend(arguments.tls_fingerprint);
    let search = discovery::search(&domain.to_string(), &flags).await;
    for line in search.lines(Stream::stderr()) {
        said(global, &line);
    }
    let Some(server) = search.server().cloned() else {
        return Err(search.failure(&arguments.with_server("HOST:PORT")));
    };
    let Some(questions) = questions else {
        let message = format!(
            "the server of {domain} is known from DNS or a guess only, so it is not used without consent"
        );
        let help = arguments.with_server(&server.flag());
        let help = format!("if it is the right one: {help}");
        return Err(Failure::usage(message).with_help(help));
    };
    agreed(questions, server).await
}

/// The server, if the person agrees, or the one that the person names.
async fn agreed(questions: &Questions, server: Server) -> Result<Found, Failure> {
    let warning = "DNS is not signed, and the password goes to this server.";
    questions.say(warning).map_err(Failure::terminal)?;
    let question = format!("Use {}? [y]es, [n]o, [o]ther server:", server.place());
    let letter = questions.letter(&question, &['y', 'n', 'o'], None).await;
    match letter.map_err(Failure::terminal)? {
        Some('y') => Ok(Found {
            security: server.unusual_security(),
            server: server.place(),
            service: server.service,
            is_of_list: false,
            is_proved: true,
        }),
        Some('o') => other(questions).await,
        _ => Err(Failure::nothing_stored()),
    }
}

/// Asks for a server.
async fn other(questions: &Questions) -> Result<Found, Failure> {
    for _ in 0..ATTEMPTS {
        let answer = questions
            .line("Server (HOST or HOST:PORT):")
            .await
            .map_err(Failure::terminal)?;
        let Some(answer) = answer else { break };
        match Account::new(&answer) {
            Ok(_) => return Ok(Found::named(answer, None, None)),
            Err(error) => questions
                .say(&format!("  {error}"))
                .map_err(Failure::terminal)?,
        }
    }
    Err(Failure::nothing_stored())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_the_list_that_dns_does_not_find() {
        let failure = || Failure::new(exit::NO_HOST, "there is no host").with_help("spelling");
        let listed = Found::of_service(Service::of_key("gmail").unwrap());
        let failed = listed.unreachable(failure());
        let message = "the host of Gmail is not found in DNS: smtp.gmail.com:465";
        assert_eq!(failed.message, message);
        assert_eq!(
            failed.help,
            ["check the network and the DNS of this machine"]
        );
        let named = Found::named("smtp.gmail.com".to_owned(), None, None);
        assert_eq!(named.unreachable(failure()).help, ["spelling"]);
        assert_eq!(named.service.unwrap().key, "gmail");
    }
}
