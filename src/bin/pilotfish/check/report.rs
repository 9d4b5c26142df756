//! What `check` found out, line by line.

use std::net::IpAddr;
use std::time::SystemTime;

use pilotfish::Security;
use pilotfish::protocol::{Extension, Extensions, Mechanism};
use pilotfish::transport::{Certificate, Host};

use super::ports::{Attempt, Beginning, PATIENCE, Port, Unreachable};
use super::sentences::sentences;
use super::session::{Findings, days_left};
use crate::exit;
use crate::failure::Failure;
use crate::terminal::quantity::day;
use crate::terminal::quantity::{Span, counted};
use crate::terminal::style::Mark;

/// What was found out about a server.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) host: Host,
    /// The addresses, unless the server is not reached by its addresses.
    pub(super) addresses: Option<Result<Vec<IpAddr>, Failure>>,
    pub(super) ports: Vec<Port>,
    /// The port and the protection of the session that everything below is about.
    pub(super) session: Option<(u16, Security)>,
    pub(super) findings: Option<Result<Findings, Failure>>,
    /// The failure of the login, with what to do about it.
    pub(super) login: Option<Failure>,
    /// The address that was named in place of a host.
    pub(super) address: Option<String>,
}

/// A line about one thing.
#[derive(Debug)]
pub(super) struct Line {
    /// `None` for a line that only states something.
    pub(super) mark: Option<Mark>,
    pub(super) about: String,
    pub(super) text: String,
    pub(super) problem: Option<Problem>,
}

/// Something that has to be repaired before mail can be sent.
#[derive(Debug)]
pub(super) struct Problem {
    /// The exit status.
    pub(super) status: u8,
    pub(super) help: Option<String>,
}

impl Line {
    fn new(mark: Mark, about: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            mark: Some(mark),
            about: about.into(),
            text: text.into(),
            problem: None,
        }
    }

    fn problem(about: impl Into<String>, text: impl Into<String>, status: u8, help: &str) -> Self {
        let help = (!help.is_empty()).then(|| help.to_owned());
        Self {
            problem: Some(Problem { status, help }),
            ..Self::new(Mark::Failed, about, text)
        }
    }

    fn failure(about: &str, failure: &Failure) -> Self {
        let help = failure.help.first().map_or("", String::as_str);
        Self::problem(about, &failure.message, failure.status, help)
    }
}

impl Report {
    pub(super) fn lines(&self, now: SystemTime) -> Vec<Line> {
        let mut lines: Vec<_> = self.addresses.iter().map(dns).collect();
        let has_session = self.session.is_some();
        lines.extend(self.ports.iter().map(|port| {
            let is_relay = port.number == 25 && self.ports.len() > 1;
            port_line(port, has_session, is_relay)
        }));
        let any_open = self.ports.iter().any(Port::is_open);
        if !self.ports.is_empty() && !any_open {
            lines.push(Line::problem(
                "server",
                "no port accepts a connection",
                exit::TEMPORARY,
                "check the network of this machine, and whether it blocks mail ports",
            ));
        } else if !self.ports.is_empty() && self.session.is_none() {
            lines.push(Line::problem(
                "server",
                "no port begins a session",
                exit::TEMPORARY,
                "",
            ));
        }
        match &self.findings {
            Some(Ok(findings)) => self.session_lines(findings, now, &mut lines),
            Some(Err(failure)) => lines.push(Line::failure("session", failure)),
            None => {}
        }
        lines
    }

    /// The exit status: that of the first problem.
    pub(super) fn status(lines: &[Line]) -> u8 {
        let first = lines.iter().find_map(|line| line.problem.as_ref());
        first.map_or(exit::OK, |problem| problem.status)
    }

    fn session_lines(&self, findings: &Findings, now: SystemTime, lines: &mut Vec<Line>) {
        match &findings.tls {
            Some(tls) => {
                let version = tls.version.trim_start_matches("TLSv");
                let parts = [Some(version), tls.key_exchange, Some(tls.cipher_suite)];
                let parts: Vec<_> = parts.into_iter().flatten().collect();
                lines.push(Line::new(Mark::Done, "TLS", parts.join(", ")));
            }
            None => lines.push(Line::problem(
                "TLS",
                "not offered: anyone on the network can read mails and passwords",
                exit::PROTOCOL,
                "for a relay without a login on a network that you trust: --tls none",
            )),
        }
        if let Some(certificate) = &findings.certificate {
            lines.extend(certificate_lines(&self.host, findings, certificate, now));
        }
        lines.extend(sentences(&findings.extensions).into_iter().map(|sentence| {
            let mark = if sentence.is_offered {
                Mark::Done
            } else {
                Mark::Idle
            };
            Line::new(mark, sentence.keyword, sentence.text)
        }));
        lines.push(self.login_line(findings));
    }

    fn login_line(&self, findings: &Findings) -> Line {
        if let Some(failure) = &self.login {
            return Line::failure("login", failure);
        }
        if let Some(Ok(())) = findings.login {
            return Line::new(Mark::Done, "login", "the server accepts the login");
        }
        let inside = findings.extensions.mechanisms();
        if inside.is_empty() {
            let text = "the server offers no login that Pilotfish has";
            return Line::new(Mark::Idle, "login", text);
        }
        let before = self.before_tls().map(Extensions::mechanisms);
        let before = match before {
            _ if findings.tls.is_none() => "in clear text",
            Some([]) => "none of them before TLS",
            Some(_) => "some also before TLS, where Pilotfish never logs in",
            None => "all inside TLS",
        };
        let text = format!("{}; {before}", names(inside));
        Line::new(Mark::Done, "login", text)
    }

    /// What the server offers before STARTTLS.
    pub(super) fn before_tls(&self) -> Option<&Extensions> {
        let (number, _) = self.session?;
        let port = self.ports.iter().find(|port| port.number == number)?;
        match &port.beginning {
            Some(Beginning::Greeted(extensions)) => Some(extensions),
            _ => None,
        }
    }
}

pub(super) fn names(mechanisms: &[Mechanism]) -> String {
    let names: Vec<_> = mechanisms.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn dns(addresses: &Result<Vec<IpAddr>, Failure>) -> Line {
    match addresses {
        Ok(addresses) => {
            let shown: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            Line::new(Mark::Done, "DNS", shown.join(", "))
        }
        Err(failure) => Line::failure("DNS", failure),
    }
}

/// `has_session`: whether there is a port to send by. `is_relay`: whether accounts do not send by
/// this port.
fn port_line(port: &Port, has_session: bool, is_relay: bool) -> Line {
    let about = format!("port {}", port.number);
    let not_needed = if is_relay {
        "; not needed to send from an account"
    } else {
        ""
    };
    let failed = if has_session || is_relay {
        Mark::Idle
    } else {
        Mark::Failed
    };
    let times = times(&port.attempts);
    match &port.beginning {
        Some(Beginning::Implicit) => {
            let text = format!("{:<30} {times}", "TLS from the first byte");
            Line::new(Mark::Done, about, text)
        }
        Some(Beginning::Greeted(extensions)) => {
            let has_login = extensions.offers(Extension::Auth);
            let text = match (extensions.offers(Extension::StartTls), has_login) {
                (true, false) => "STARTTLS; login only after it",
                (true, true) => "STARTTLS; login also before it",
                (false, _) => "clear text, without STARTTLS",
            };
            let is_safe = extensions.offers(Extension::StartTls);
            let mark = if is_safe { Mark::Done } else { Mark::Look };
            Line::new(mark, about, format!("{text:<30} {times}"))
        }
        Some(Beginning::Failed(security, error)) => {
            let inside = match security {
                Security::ImplicitTls => "inside TLS: ",
                _ => "",
            };
            let reply = error.reply().map(ToString::to_string);
            let text = reply.unwrap_or_else(|| error.to_string());
            Line::new(failed, about, format!("{inside}{text}{not_needed}"))
        }
        Some(Beginning::Silent) => {
            let waited = Span(PATIENCE);
            let text = format!("accepts connections, and does not greet in {waited}{not_needed}");
            Line::new(failed, about, text)
        }
        None => {
            let text = format!("{}{not_needed}", unreachable(&port.attempts));
            Line::new(failed, about, text)
        }
    }
}

/// How long the connections took, by family.
fn times(attempts: &[Attempt]) -> String {
    let time = |name, is_v4| {
        let family = attempts
            .iter()
            .filter(|attempt| attempt.address.is_ipv4() == is_v4);
        let results: Vec<_> = family.map(|attempt| attempt.result.as_ref().ok()).collect();
        let best = results.iter().flatten().min();
        let shown = match best {
            Some(time) => format!("{name} {}", Span(**time)),
            None => format!("{name} does not answer"),
        };
        (!results.is_empty()).then_some(shown)
    };
    let families = [time("IPv4", true), time("IPv6", false)];
    families
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// Why no address accepted a connection.
fn unreachable(attempts: &[Attempt]) -> String {
    let errors = attempts.iter().filter_map(|it| it.result.as_ref().err());
    let mut reasons: Vec<_> = errors
        .map(|error| match error {
            Unreachable::Refused => "connection refused".to_owned(),
            Unreachable::Timeout => format!("no answer in {}", Span(PATIENCE)),
            Unreachable::Other(error) => error.to_string(),
        })
        .collect();
    reasons.dedup();
    reasons.join(", ")
}

fn certificate_lines(
    host: &Host,
    findings: &Findings,
    certificate: &Certificate,
    now: SystemTime,
) -> Vec<Line> {
    let name = if findings.name_matches {
        Line::new(Mark::Done, "name", format!("the certificate is for {host}"))
    } else {
        let text = match certificate.names.as_slice() {
            [] => "the certificate is for no name".to_owned(),
            names => format!(
                "the certificate is for {}, not for {host}",
                names.join(", ")
            ),
        };
        let names = certificate.names.iter();
        let host = names.map(String::as_str).find(|name| !name.contains('*'));
        let help = host.map(|name| format!("if your provider says so: --server {name}"));
        Line::problem("name", text, exit::PROTOCOL, &help.unwrap_or_default())
    };
    let issuer = match (&certificate.issuer, &certificate.issuer_organization) {
        _ if certificate.is_self_signed => "self-signed".to_owned(),
        (Some(name), Some(organization)) => format!("issued by {name} ({organization})"),
        (Some(one), None) | (None, Some(one)) => format!("issued by {one}"),
        (None, None) => "issued without a name".to_owned(),
    };
    let dates = match (days_left(certificate, now), certificate.not_after) {
        (Some(days @ 0..), Some(end)) => {
            let days = counted(usize::try_from(days).unwrap_or_default(), "day", "days");
            format!("{days} left, to {}", day(end).unwrap_or_default())
        }
        (Some(_), Some(end)) => format!("expired on {}", day(end).unwrap_or_default()),
        _ => "without a date until which it is valid".to_owned(),
    };
    let trust = match &findings.distrust {
        None => Line::new(Mark::Done, "trust", format!("{issuer}, {dates}")),
        Some(error) => {
            let failure = Failure::from(error.clone());
            let problem = &failure.message;
            let help = failure.help.first().map_or("", String::as_str);
            Line::problem(
                "trust",
                format!("{problem}; {issuer}, {dates}"),
                exit::PROTOCOL,
                help,
            )
        }
    };
    let pin = Line {
        mark: None,
        ..Line::new(Mark::Idle, "pin", certificate.fingerprint.to_string())
    };
    vec![name, trust, pin]
}
