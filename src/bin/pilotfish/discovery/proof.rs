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
    let not_found = |place: String, mark, words: String| Finding {
        source: source.clone(),
        place,
        mark,
        words,
        server: None,
    };
    let Some(host) = host else {
        return not_found("-".to_owned(), Mark::Idle, "not offered".to_owned());
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
        // A certificate that is not valid says more than a port that is closed.
        tried.sort_by_key(|result| result.as_ref().is_err_and(|(is_telling, _)| !is_telling));
        let words = tried.into_iter().find_map(Result::err);
        let words = words.map_or_else(String::new, |(_, words)| words);
        return not_found(place, Mark::Failed, words);
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
    }
}

/// Opens a session. An error has its words, and whether they say more than that nothing answers.
async fn proved(
    host: &str,
    port: u16,
    security: Security,
    trust: &Account,
) -> Result<(), (bool, String)> {
    let session = async {
        let mut account = Account::new(&format!("{host}:{port}"))?;
        account.tls = Some(security);
        let account = account.with_overrides(trust.clone())?;
        let server = account.server_builder().await?.build()?;
        let session = server.connect().await?;
        session.quit().await;
        Ok::<_, Failure>(())
    };
    match timeout(PATIENCE, session).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(failure)) => Err(match &failure.error {
            Some(error) => words(error),
            None => (true, failure.message),
        }),
        Err(_) => Err((false, "no answer within 8 s".to_owned())),
    }
}

/// What an error says of a server.
fn words(error: &Error) -> (bool, String) {
    let (is_telling, words) = match (error.problem(), error.kind()) {
        (Some(Problem::NoSuchHost), _) => (false, "there is no such host"),
        (Some(Problem::NoStartTls), _) => (true, "it does not offer STARTTLS"),
        (_, ErrorKind::Connect | ErrorKind::Io | ErrorKind::Timeout) => {
            (false, "it does not answer")
        }
        (_, ErrorKind::Tls) => (true, "its certificate is not valid"),
        _ => (true, "it is not a submission server"),
    };
    (is_telling, words.to_owned())
}
