//! Finding the submission server of a domain that is not in the table of services.
//!
//! DNS comes first: the mail exchanger shows which service has the domain, and SRV records name the
//! servers (RFC 6186, RFC 8314). Guesses come last. Each server is proved by a greeting, EHLO and a
//! valid certificate. DNS is not signed, so the caller asks before a password goes to such a server.

mod answer;
mod dns;
mod proof;

use pilotfish::Security;
use pilotfish::config::Account;
use pilotfish::services::Service;
use tokio::task::JoinSet;

use self::answer::{Kind, Record};
use self::dns::{DnsError, Resolver};
use crate::exit;
use crate::failure::Failure;
use crate::terminal::style::{Mark, Stream};
use crate::terminal::wrap::columns;

/// The most servers of each SRV name that are tried.
const MAX_SERVERS: usize = 4;

/// The names of submission in DNS, the better first (RFC 8314 section 5.1).
const SRV_NAMES: [(&str, Security); 2] = [
    ("_submissions._tcp", Security::ImplicitTls),
    ("_submission._tcp", Security::StartTls),
];

/// The ports that are tried at a host that is only a guess.
const PORTS: [(u16, Security); 2] = [(465, Security::ImplicitTls), (587, Security::StartTls)];

/// A server that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    /// The service that has it.
    pub(crate) service: Option<&'static Service>,
}

impl Server {
    /// As in `mail.example.net:465`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The value of `--server`, with the mode in it if the port does not say it.
    pub(crate) fn flag(&self) -> String {
        let scheme = match self.unusual_security() {
            Some(Security::ImplicitTls) => "smtps://",
            Some(Security::StartTls) => "smtp+tls://",
            _ => "",
        };
        format!("{scheme}{}", self.place())
    }

    /// How sessions are protected, if the port does not say it.
    pub(crate) fn unusual_security(&self) -> Option<Security> {
        (Security::of_port(self.port) != self.security).then_some(self.security)
    }
}

/// Where a server may be, and the source that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    source: String,
    host: Option<String>,
    ports: Vec<(u16, Security)>,
    service: Option<&'static Service>,
}

/// What was found out about a candidate.
#[derive(Debug)]
pub(crate) struct Finding {
    source: String,
    place: String,
    mark: Mark,
    words: String,
    /// The server, if it answers.
    pub(crate) server: Option<Server>,
    /// It answers, and its certificate is not signed by an authority that is trusted.
    is_untrusted: bool,
}

/// The search for the server of a domain.
#[derive(Debug)]
pub(crate) struct Search {
    /// What was tried, the best first.
    pub(crate) findings: Vec<Finding>,
    domain: String,
    dns: Option<DnsError>,
}

impl Search {
    /// The first server that answers.
    pub(crate) fn server(&self) -> Option<&Server> {
        let mut servers = self.findings.iter();
        servers.find_map(|finding| finding.server.as_ref())
    }

    /// A line for each candidate.
    pub(crate) fn lines(&self, stream: Stream) -> Vec<String> {
        let width = |column: fn(&Finding) -> &str| {
            let cells = self.findings.iter().map(|finding| columns(column(finding)));
            cells.max().unwrap_or_default()
        };
        let (sources, places) = (
            width(|finding| &finding.source),
            width(|finding| &finding.place),
        );
        let lines = self.findings.iter().map(|finding| {
            let padded = |cell: &str, width: usize| {
                format!("{cell}{}", " ".repeat(width.saturating_sub(columns(cell))))
            };
            format!(
                "  {}  {}  {}",
                padded(&finding.source, sources),
                padded(&finding.place, places),
                stream.marked(finding.mark, &finding.words)
            )
        });
        lines.collect()
    }

    /// Why there is no server. `help` names it.
    pub(crate) fn failure(self, help: &str) -> Failure {
        let domain = self.domain;
        let message = format!("no server of {domain} was found");
        let mut findings = self.findings.iter();
        if let Some(found) = findings.find(|finding| finding.is_untrusted) {
            let message = format!("{message}: the certificate of {} is not valid", found.place);
            let private = "if a private authority signed it, add --tls-ca FILE";
            let failure = Failure::new(exit::PROTOCOL, message).with_help(private);
            return failure.with_help(format!("name another server: {help}"));
        }
        let failure = match self.dns {
            Some(DnsError::NoSuchName) => {
                let message = format!("there is no domain {domain}: check its spelling");
                Failure::new(exit::NO_HOST, message)
            }
            Some(DnsError::NoAnswer(reason)) => Failure::io(exit::TEMPORARY, message, reason),
            None => Failure::usage(message),
        };
        failure.with_help(format!("name the server of its provider: {help}"))
    }
}

/// Whether a server with this protection is looked for. `help` names one.
pub(crate) fn can_find(domain: &str, tls: Option<Security>, help: &str) -> Result<(), Failure> {
    if tls != Some(Security::Cleartext) {
        return Ok(());
    }
    let message = format!(
        "{domain} is not in the built-in list of services, and no server without TLS is looked for"
    );
    Err(Failure::usage(message).with_help(format!("name the server: {help}")))
}

/// Looks for the server of a domain. `flags` has the settings of TLS from the command line; another mode
/// than theirs does not count.
pub(crate) async fn search(domain: &str, flags: &Account) -> Search {
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
    let resolver = Resolver::of_machine();
    let [submissions, submission] = SRV_NAMES.map(|(service, _)| format!("{service}.{domain}"));
    let (exchangers, submissions, submission) = tokio::join!(
        resolver.records(&domain, Kind::MailExchanger),
        resolver.records(&submissions, Kind::Service),
        resolver.records(&submission, Kind::Service),
    );
    let errors = [&exchangers, &submissions, &submission].map(|records| records.as_ref().err());
    let dns = errors.into_iter().flatten().max().cloned();
    let dns =
        dns.filter(|error| *error != DnsError::NoSuchName || errors.iter().all(Option::is_some));
    let mut candidates: Vec<_> = of_exchanger(exchangers.unwrap_or_default())
        .into_iter()
        .collect();
    if candidates.is_empty() {
        for ((name, security), records) in SRV_NAMES.into_iter().zip([submissions, submission]) {
            candidates.extend(of_services(name, security, records.unwrap_or_default()));
        }
    }
    let mut findings = proved(candidates, flags).await;
    if findings.iter().all(|finding| finding.server.is_none()) {
        findings.extend(proved(guesses(&domain), flags).await);
    }
    Search {
        findings,
        domain,
        dns,
    }
}

/// The server of the service that the best mail exchanger belongs to.
fn of_exchanger(mut records: Vec<Record>) -> Option<Candidate> {
    records.sort_by_key(|record| match record {
        Record::MailExchanger { preference, .. } => *preference,
        Record::Service { .. } => u16::MAX,
    });
    let Some(Record::MailExchanger {
        host: Some(host), ..
    }) = records.into_iter().next()
    else {
        return None;
    };
    let service = Service::of_mail_exchanger(&host)?;
    let own = service.hosts.first().filter(|host| !host.contains('*'))?;
    Some(Candidate {
        source: format!("DNS, MX {host}: {}", service.name),
        host: Some((*own).to_owned()),
        ports: service.ports.clone(),
        service: Some(service),
    })
}

/// The servers of SRV records: by priority, and then the one with the most weight first. RFC 2782
/// spreads clients over servers by chance; an account has one server for good, and the same every time
/// that somebody looks.
fn of_services(name: &str, security: Security, records: Vec<Record>) -> Vec<Candidate> {
    let mut servers: Vec<_> = records
        .into_iter()
        .filter_map(|record| match record {
            Record::Service {
                priority,
                weight,
                port,
                host,
            } => Some((priority, u16::MAX - weight, port, host)),
            Record::MailExchanger { .. } => None,
        })
        .collect();
    servers.sort();
    servers.truncate(MAX_SERVERS);
    let servers = servers.into_iter().map(|(.., port, host)| Candidate {
        source: format!("DNS, {name}"),
        service: host
            .as_deref()
            .and_then(Service::of_host)
            .filter(|service| service.secret != "none"),
        host,
        ports: vec![(port, security)],
    });
    servers.collect()
}

/// Names that many servers have.
fn guesses(domain: &str) -> Vec<Candidate> {
    let hosts = [
        format!("smtp.{domain}"),
        format!("mail.{domain}"),
        domain.to_owned(),
    ];
    let guesses = hosts.map(|host| Candidate {
        source: "guess".to_owned(),
        service: None,
        host: Some(host),
        ports: PORTS.to_vec(),
    });
    guesses.into()
}

/// Tries all candidates at the same time, and keeps their order.
async fn proved(candidates: Vec<Candidate>, flags: &Account) -> Vec<Finding> {
    let mut tasks = JoinSet::new();
    for (index, mut candidate) in candidates.into_iter().enumerate() {
        let is_wanted = |security| flags.tls.is_none_or(|wanted| wanted == security);
        candidate.ports.retain(|(_, security)| is_wanted(*security));
        if candidate.ports.is_empty() {
            continue;
        }
        let flags = flags.clone();
        tasks.spawn(async move { (index, proof::finding(candidate, &flags).await) });
    }
    let mut findings = tasks.join_all().await;
    findings.sort_by_key(|(index, _)| *index);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn srv(priority: u16, weight: u16, port: u16, host: Option<&str>) -> Record {
        Record::Service {
            priority,
            weight,
            port,
            host: host.map(str::to_owned),
        }
    }

    fn mx(preference: u16, host: Option<&str>) -> Record {
        Record::MailExchanger {
            preference,
            host: host.map(str::to_owned),
        }
    }

    #[test]
    fn servers_are_in_the_order_of_priority_and_weight() {
        let records = vec![
            srv(20, 100, 4, Some("d.example.net")),
            srv(10, 5, 2, Some("b.example.net")),
            srv(10, 0, 3, Some("c.example.net")),
            srv(10, 50, 1, Some("a.example.net")),
            srv(30, 0, 5, Some("e.example.net")),
            mx(1, Some("mx.example.net")),
        ];
        let found = of_services("_submissions._tcp", Security::ImplicitTls, records);
        let ports: Vec<_> = found.iter().flat_map(|found| found.ports.clone()).collect();
        let expected = [1, 2, 3, 4].map(|port| (port, Security::ImplicitTls));
        assert_eq!(ports, expected);
        assert_eq!(found[0].source, "DNS, _submissions._tcp");
        let none = of_services("x", Security::StartTls, vec![srv(0, 0, 0, None)]);
        assert_eq!(none[0].host, None);
    }

    #[test]
    fn the_best_mail_exchanger_decides() {
        let google = mx(5, Some("aspmx.l.google.com"));
        let own = |preference| mx(preference, Some("mx.example.org"));
        for (records, expected) in [
            (vec![own(10), google.clone()], Some("smtp.gmail.com")),
            (vec![own(1), google], None),
            (vec![mx(0, None)], None),
            (vec![], None),
            (
                vec![mx(0, Some("example-org.mail.protection.outlook.com"))],
                Some("smtp.office365.com"),
            ),
        ] {
            let found = of_exchanger(records);
            let host = found.and_then(|found| found.host);
            assert_eq!(host.as_deref(), expected);
        }
    }
}
