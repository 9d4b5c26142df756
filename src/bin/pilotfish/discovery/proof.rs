//! Proving that a candidate is a submission server: it greets, answers EHLO, and has a valid
//! certificate.

use std::time::Duration;

use pilotfish::config::Account;
use pilotfish::{Error, ErrorKind, Problem, Security};
use tokio::time::timeout;

use super::{Candidate, Finding, Server};
use crate::failure::Failure;
use crate::terminal::style::Mark;

/// How long a server may take for all of it.
const PATIENCE: Duration = Duration::from_secs(8);

/// Tries the ports of a candidate at the same time, and takes the first in its order that answers.
pub(super) async fn finding(candidate: Candidate, trust: &Account) -> Finding {
    let Candidate {
        source,
        host,
        ports,
        service,
    } = candidate;
    let Some(host) = host else {
        return Finding {
            source,
            place: "-".to_owned(),
            mark: Mark::Idle,
            words: "not offered".to_owned(),
            server: None,
            is_untrusted: false,
        };
    };
    let tried = ports
        .iter()
        .map(|(port, security)| proved(&host, *port, *security, trust));
    let mut tried = futures_util::future::join_all(tried).await;
    let place = match ports.as_slice() {
        [(port, _)] => format!("{host}:{port}"),
        _ => host.clone(),
    };
    let mut ports = ports.iter();
    let Some((port, security)) = tried
        .iter()
        .find_map(|result| ports.next().filter(|_| result.is_ok()))
    else {
        // What a server says counts more than a port that is closed.
        tried.sort_by_key(|result| result.as_ref().err().map(|(rank, _)| *rank));
        let words = tried.into_iter().find_map(Result::err);
        let (rank, words) = words.unwrap_or((Rank::NoAnswer, String::new()));
        return Finding {
            source,
            place,
            mark: Mark::Failed,
            words,
            server: None,
            is_untrusted: rank == Rank::Untrusted,
        };
    };
    let server = Server {
        host,
        port: *port,
        security: *security,
        service,
    };
    let words = match security {
        Security::StartTls => "answers, STARTTLS",
        _ => "answers, certificate valid",
    };
    Finding {
        source,
        place: server.place(),
        mark: Mark::Done,
        words: words.to_owned(),
        server: Some(server),
        is_untrusted: false,
    }
}

/// How much the words about a server say; the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It is the server, and no trusted authority signed its certificate.
    Untrusted,
    /// It is the server, and something about it is wrong.
    Server,
    /// Something answers.
    Other,
    /// Nothing does.
    NoAnswer,
}

/// Opens a session. An error has its words.
async fn proved(
    host: &str,
    port: u16,
    security: Security,
    trust: &Account,
) -> Result<(), (Rank, String)> {
    let session = async {
        let mut account = Account::new(&format!("{host}:{port}"))?;
        account.tls = Some(security);
        let account = account.with_overrides(trust.clone())?;
        let server = account.server_builder().await?.build()?;
        Ok::<_, Failure>(server.connect().await?)
    };
    match timeout(PATIENCE, session).await {
        Ok(Ok(session)) => {
            // The reply to QUIT says nothing of the server.
            tokio::spawn(session.quit());
            Ok(())
        }
        Ok(Err(failure)) => Err(match &failure.error {
            Some(error) => words(error),
            None => (Rank::Server, failure.message),
        }),
        Err(_) => Err((Rank::NoAnswer, "no answer within 8 s".to_owned())),
    }
}

/// What an error says of a server.
fn words(error: &Error) -> (Rank, String) {
    let (rank, words) = match (error.problem(), error.kind()) {
        (Some(Problem::NoSuchHost), _) => (Rank::NoAnswer, "there is no such host"),
        (Some(Problem::NoStartTls), _) => (Rank::Server, "it does not offer STARTTLS"),
        (Some(Problem::BeginsWithTls), _) => (
            Rank::Other,
            "it begins with TLS, which is not expected at this port",
        ),
        (Some(Problem::BeginsInClearText), _) => (
            Rank::Other,
            "it begins without TLS, which is not expected at this port",
        ),
        (Some(Problem::UntrustedCertificate { .. }), _) => {
            (Rank::Untrusted, "its certificate is not valid")
        }
        (Some(Problem::OtherName), _) => (Rank::Server, "its certificate is not valid"),
        (_, ErrorKind::Connect | ErrorKind::Io | ErrorKind::Timeout) => {
            (Rank::NoAnswer, "it does not answer")
        }
        // As of a certificate that has expired.
        (_, ErrorKind::Tls) => return (Rank::Server, error.to_string()),
        _ => (Rank::Other, "it is not a submission server"),
    };
    (rank, words.to_owned())
}
