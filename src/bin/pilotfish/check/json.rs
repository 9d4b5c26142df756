//! What `check` found out, as one JSON object.

use std::time::SystemTime;

use pilotfish::Security;
use pilotfish::protocol::Extensions;
use serde_json::{Map, Value, json};

use super::ports::{Attempt, Port, Unreachable};
use super::report::{Line, Report};
use super::session::Findings;
use crate::terminal::quantity::day;

/// The object. All keys are always there; what was not tested is null.
pub(super) fn object(report: &Report, lines: &[Line], now: SystemTime) -> Value {
    let addresses = report.addresses.as_ref();
    let addresses = addresses.and_then(|addresses| addresses.as_ref().ok());
    let findings = report.findings.as_ref();
    let findings = findings.and_then(|findings| findings.as_ref().ok());
    let time = jiff::Timestamp::try_from(now).map(|now| now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"));
    let problems = lines.iter().filter(|line| line.problem.is_some());
    let problems = problems.map(|line| {
        json!({
            "about": line.about,
            "text": line.text,
            "help": line.problem.as_ref().and_then(|problem| problem.help.as_deref()),
        })
    });
    json!({
        "schema": "pilotfish.check/1",
        "time": time.map(|time| time.to_string()).ok(),
        "host": report.host.to_string(),
        "addresses": addresses,
        "ports": report.ports.iter().flat_map(port).collect::<Vec<_>>(),
        "session": report.session.map(|(port, security)| {
            json!({ "port": port, "mode": mode(security) })
        }),
        "tls": findings.and_then(|findings| findings.tls).map(|tls| json!({
            "version": tls.version,
            "cipher": tls.cipher_suite,
            "key_exchange": tls.key_exchange,
        })),
        "certificate": findings.and_then(certificate),
        "extensions": {
            "before_tls": report.before_tls().map(keywords),
            "after_tls": findings
                .filter(|findings| findings.tls.is_some())
                .map(|findings| keywords(&findings.extensions)),
        },
        "mechanisms": findings.map(|findings| {
            let names = findings.extensions.mechanisms().iter();
            names.map(ToString::to_string).collect::<Vec<_>>()
        }),
        "login": findings.and_then(|findings| findings.login.as_ref()).map(Result::is_ok),
        "problems": problems.collect::<Vec<_>>(),
        "exit_status": Report::status(lines),
    })
}

/// One object for each address of a port.
fn port(port: &Port) -> impl Iterator<Item = Value> {
    let mode = port.security().map(mode);
    port.attempts
        .iter()
        .map(move |Attempt { address, result }| {
            let (word, connect) = match result {
                Ok(connect) => ("open", Some(connect.as_millis())),
                Err(Unreachable::Refused) => ("refused", None),
                Err(Unreachable::Timeout) => ("timeout", None),
                Err(Unreachable::Other(_)) => ("error", None),
            };
            json!({
                "port": port.number,
                "address": address,
                "result": word,
                "mode": result.as_ref().ok().and(mode),
                "connect_ms": connect,
            })
        })
}

fn mode(security: Security) -> &'static str {
    match security {
        Security::ImplicitTls => "implicit",
        Security::StartTls => "starttls",
        _ => "clear",
    }
}

fn certificate(findings: &Findings) -> Option<Value> {
    let certificate = findings.certificate.as_ref()?;
    let hash = |fingerprint: String| {
        let (_, digits) = fingerprint.split_once(':').unwrap_or_default();
        digits.to_owned()
    };
    Some(json!({
        "names": certificate.names,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before.and_then(day),
        "not_after": certificate.not_after.and_then(day),
        "sha256": hash(certificate.fingerprint.to_string()),
        "spki_sha256": certificate.key_fingerprint.map(|it| hash(it.to_string())),
        "trusted": findings.distrust.is_none(),
        "name_matches": findings.name_matches,
    }))
}

/// The keywords of the server's extensions with their parameters.
fn keywords(extensions: &Extensions) -> Value {
    let keywords = extensions.keywords();
    let keywords = keywords.map(|(keyword, parameters)| {
        let parameters = Value::String(parameters.to_owned());
        (keyword.to_ascii_uppercase(), parameters)
    });
    Value::Object(keywords.collect::<Map<_, _>>())
}
