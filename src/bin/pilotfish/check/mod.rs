//! `pilotfish check`: tests a server, and sends nothing.

mod json;
mod ports;
mod report;
mod sentences;
mod session;
mod target;

use std::net::IpAddr;
use std::time::SystemTime;

use pilotfish::Security;
use pilotfish::config::Account;
use pilotfish::transport::{Family, Host};
use tokio::task::JoinSet;

use self::ports::{Port, Prober};
use self::report::{Line, Report};
use self::session::without_verification;
use crate::args::{CheckArguments, GlobalArguments};
use crate::connection::Connection;
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::output::logging;
use crate::output::report::{answer, failed, notice};
use crate::output::waiting::Waiting;
use crate::terminal::style::{CYAN, Stream, painted};
use crate::terminal::wrap::columns;

/// The most addresses that are tried.
const MAX_ADDRESSES: usize = 8;

/// The ports of submission (RFC 8314 section 3.3, RFC 6409), and that of relays.
const PORTS: [u16; 3] = [465, 587, 25];

/// Tests a server, prints what there is, and returns the exit status: that of the first problem.
pub(crate) async fn run(arguments: CheckArguments, global: &GlobalArguments) -> u8 {
    let watch = logging::init(global);
    let report = Box::pin(tested(arguments, global, watch.waiting)).await;
    let report = match report {
        Ok(report) => report,
        Err(failure) => return failed(global, None, &failure),
    };
    let now = SystemTime::now();
    let lines = report.lines(now);
    let printed = if global.json {
        answer(&json::object(&report, &lines, now).to_string())
    } else if global.quiet {
        Ok(())
    } else {
        answer(&shown(&lines, Stream::stdout()))
    };
    if let Err(failure) = printed {
        return failed(global, None, &failure);
    }
    let status = Report::status(&lines);
    if let (Some(address), exit::OK, false) = (&report.address, status, global.json) {
        let command = painted(CYAN, format!("pilotfish account add {address}"));
        notice(&format!("next: {command}"));
    }
    status
}

async fn tested(
    arguments: CheckArguments,
    global: &GlobalArguments,
    waiting: Option<Waiting>,
) -> Result<Report, Failure> {
    let login = arguments.login;
    // Where only a host is named, the port and the protection are found out.
    let (server, is_host_alone) = target::server(arguments, global).await?;
    let (mut connection, mut stops) = Connection::open(global, server, None, None).await?;
    if login && !connection.account.logs_in() {
        return Err(
            Failure::usage("--login needs an account, or a user and a password")
                .with_help("pilotfish check --login -A NAME"),
        );
    }
    let host = connection.account.host().map(ToString::to_string);
    let limits = connection.account.network.timeouts();
    let shown = waiting.clone();
    let _line = shown.map(|waiting| waiting.show(host.unwrap_or_default(), limits));
    let waiting = waiting.as_ref();
    let report = Box::pin(report(
        &mut connection,
        login,
        is_host_alone,
        waiting,
        global,
    ));
    stops.unless(Interrupted::NotTested, report).await
}

/// Tests one thing after the other, as far as the one before it allows.
async fn report(
    connection: &mut Connection,
    login: bool,
    is_host_alone: bool,
    waiting: Option<&Waiting>,
    global: &GlobalArguments,
) -> Result<Report, Failure> {
    let account = connection.account.clone();
    let host = account.host().cloned();
    let host = host.ok_or_else(|| {
        Failure::usage("no server is named").with_help("pilotfish check smtp.example.org")
    })?;
    let has_account = connection.name.is_some();
    let mut report = Report {
        host: host.clone(),
        addresses: None,
        ports: Vec::new(),
        session: None,
        findings: None,
        login: None,
        // An account that is there already is not added.
        address: (account.user.clone()).filter(|_| is_host_alone && !has_account),
    };
    let is_direct = account.unix_socket().is_none() && account.network.proxy.is_none();
    if is_direct {
        if let Some(waiting) = waiting {
            waiting.begin(format!("looking up the addresses of {host}"), None);
        }
        match addresses(&account, &host).await {
            Ok(addresses) => {
                let numbers = match account.port() {
                    Some(port) => vec![port],
                    None if is_host_alone => PORTS.to_vec(),
                    None => vec![account.security().port()],
                };
                if let Some(waiting) = waiting {
                    let what = format!("testing the ports of {host}");
                    waiting.begin(what, Some(ports::LONGEST));
                }
                report.ports = ports(&account, &host, &addresses, &numbers).await?;
                report.addresses = Some(Ok(addresses));
            }
            Err(failure) => {
                report.addresses = Some(Err(failure));
                return Ok(report);
            }
        }
    }
    report.session = if is_host_alone && is_direct {
        chosen(&report.ports)
    } else {
        let security = account.security();
        let port = account.port().unwrap_or_else(|| security.port());
        let mut ports = report.ports.iter().filter(|other| other.number == port);
        (!is_direct || ports.any(Port::is_open)).then_some((port, security))
    };
    if let Some(waiting) = waiting {
        waiting.follow();
    }
    if let Some((port, security)) = report.session {
        let findings = Box::pin(session::findings(connection, port, security, login, global)).await;
        if let Ok(findings) = &findings
            && let Some(Err(error)) = &findings.login
        {
            let failure = Failure::from(error.clone());
            report.login = Some(failure.advised(connection));
        }
        report.findings = Some(findings.map_err(|failure| failure.advised(connection)));
    }
    Ok(report)
}

/// The addresses of the host, of the family that is asked for.
async fn addresses(account: &Account, host: &Host) -> Result<Vec<IpAddr>, Failure> {
    if let Some(address) = host.as_address() {
        return Ok(vec![address]);
    }
    let name = host.to_string();
    let found = tokio::net::lookup_host((name.as_str(), 0)).await;
    let found = found.map_err(|error| {
        let message = format!("the system finds no address of {name}");
        Failure::io(exit::NO_HOST, message, error)
    })?;
    let is_asked_for = |address: &IpAddr| match account.network.family {
        Some(Family::Ipv4) => address.is_ipv4(),
        Some(Family::Ipv6) => address.is_ipv6(),
        _ => true,
    };
    let mut addresses: Vec<_> = found.map(|found| found.ip()).filter(is_asked_for).collect();
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES);
    if addresses.is_empty() {
        let message = format!("{name} has no address of the family that is asked for");
        return Err(Failure::new(exit::NO_HOST, message));
    }
    Ok(addresses)
}

/// Tests the ports at the same time.
async fn ports(
    account: &Account,
    host: &Host,
    addresses: &[IpAddr],
    numbers: &[u16],
) -> Result<Vec<Port>, Failure> {
    let prober = Prober {
        host: host.clone(),
        tls: without_verification(account).tls_config().await?,
        source_ip: account.network.source_ip,
        name: account.network.helo.clone(),
        is_lmtp: account.is_lmtp(),
        timeouts: account.network.timeouts(),
    };
    let mut testing = JoinSet::new();
    for number in numbers {
        testing.spawn(prober.clone().port(*number, addresses.to_vec()));
    }
    let mut ports = testing.join_all().await;
    ports.sort_by_key(|port| numbers.iter().position(|number| *number == port.number));
    Ok(ports)
}

/// The port with the best protection: TLS from the beginning, then STARTTLS.
fn chosen(ports: &[Port]) -> Option<(u16, Security)> {
    let with = |wanted: Security| {
        let mut ports = ports.iter();
        let port = ports.find(|port| port.security() == Some(wanted))?;
        Some((port.number, wanted))
    };
    with(Security::ImplicitTls)
        .or_else(|| with(Security::StartTls))
        .or_else(|| with(Security::Cleartext))
}

/// The lines as people read them: the texts stand below each other, and a line with a problem says so
/// where no mark does.
fn shown(lines: &[Line], stream: Stream) -> String {
    let width = lines.iter().map(|line| columns(&line.about)).max();
    let width = width.unwrap_or_default();
    let (indent, word) = if stream.is_terminal {
        ("  ", "")
    } else {
        ("", "problem: ")
    };
    let mut shown = Vec::new();
    for line in lines {
        let word = line.problem.as_ref().map_or("", |_| word);
        let text = format!("{:<width$} {word}{}", line.about, line.text);
        shown.push(match line.mark {
            Some(mark) => stream.marked(mark, &text),
            None => format!("{indent}{text}"),
        });
        let problem = line.problem.as_ref();
        let help = problem.and_then(|problem| problem.help.as_ref());
        shown.extend(help.map(|help| format!("{indent}{:<width$} {help}", "help:")));
    }
    shown.join("\n")
}
