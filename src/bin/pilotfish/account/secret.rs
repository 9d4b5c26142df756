//! Asking for a password until it logs in, and storing it.

use pilotfish::config::Account;
use pilotfish::services::Service;
use pilotfish::{ErrorKind, Secret};

use super::login::{Proof, proof_by_secret};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::terminal::quantity::counted;
use crate::terminal::question::Questions;
use crate::terminal::style::Mark;

/// How often a password is asked for. Services lock accounts after more.
const ATTEMPTS: usize = 3;

/// A password that logs in, or that was not tested.
pub(crate) struct Asked {
    pub(crate) secret: Secret,
    pub(crate) proof: Option<Proof>,
}

/// Asks for the password, and logs in by it.
pub(crate) async fn ask(
    questions: &Questions,
    account: &Account,
    service: Option<&Service>,
    is_tested: bool,
) -> Result<Asked, Failure> {
    let user = account.user.as_deref().unwrap_or_default();
    let what = match service.map(|service| service.secret) {
        Some("app password") => "App password",
        Some("key") => "Key",
        _ => "Password",
    };
    let of_known = service.is_some();
    let at = account.host().map(ToString::to_string).unwrap_or_default();
    let place = if of_known {
        String::new()
    } else {
        format!(" at {at}")
    };
    let mut failure = None;
    for attempt in 1..=ATTEMPTS {
        let again = match attempt {
            1 => String::new(),
            _ => format!(" (attempt {attempt} of {ATTEMPTS})"),
        };
        let question = format!("{what} for {user}{place}{again}:");
        let typed = questions
            .secret(&question)
            .await
            .map_err(Failure::terminal)?;
        let typed = typed.ok_or_else(Failure::nothing_stored)?;
        if typed.expose().is_empty() {
            questions
                .say("  nothing was typed")
                .map_err(Failure::terminal)?;
            continue;
        }
        let Some(secret) = looked_at(questions, typed, service).await? else {
            continue;
        };
        if !is_tested {
            return Ok(Asked {
                secret,
                proof: None,
            });
        }
        match proof_by_secret(account, &secret).await {
            Ok(proof) => {
                let proof = Some(proof);
                return Ok(Asked { secret, proof });
            }
            Err(error) => {
                let is_login = (error.error.as_ref())
                    .is_some_and(|error| error.kind() == ErrorKind::Auth && !error.is_transient());
                if !is_login {
                    return Err(error);
                }
                say_rejected(questions, &error, &secret, service, &at)?;
                failure = Some(error);
            }
        }
    }
    let connection = Connection::of_account(account.clone(), None);
    Err(failure.map_or_else(Failure::nothing_stored, |failure| {
        failure.advised(&connection)
    }))
}

/// What is odd about the password; `None` if the person types it again.
async fn looked_at(
    questions: &Questions,
    typed: Secret,
    service: Option<&Service>,
) -> Result<Option<Secret>, Failure> {
    let Some(service) = service else {
        return Ok(Some(typed));
    };
    let text = String::from_utf8_lossy(typed.expose());
    let blanks = text.chars().filter(|c| *c == ' ').count();
    let before = text.chars().count();
    let secret = service.without_blanks(&typed);
    let left = String::from_utf8_lossy(secret.expose()).chars().count();
    let others = (before - left).saturating_sub(blanks);
    let counted_left = counted(left, "character", "characters");
    let wanted = service
        .length
        .and_then(|length| usize::try_from(length).ok());
    if let Some(wanted) = wanted.filter(|wanted| *wanted != left) {
        let question = format!("  {counted_left}; an app password has {wanted}. Try it anyway?");
        // The answer may be the right password.
        let goes_on = questions
            .hidden_yes(&question)
            .await
            .map_err(Failure::terminal)?;
        return Ok(goes_on.then_some(secret));
    }
    let removed = match (blanks * usize::from(before > left), others) {
        (0, 0) => return Ok(Some(secret)),
        (blanks, 0) => counted(blanks, "blank", "blanks"),
        (0, others) => counted(others, "no-break space", "no-break spaces"),
        (blanks, others) => format!(
            "{} and {}",
            counted(blanks, "blank", "blanks"),
            counted(others, "no-break space", "no-break spaces")
        ),
    };
    let was = if before - left == 1 { "was" } else { "were" };
    let line = format!("  {counted_left}; {removed} {was} removed");
    questions.say(&line).map_err(Failure::terminal)?;
    Ok(Some(secret))
}

/// Shows the server's words, and what they mean.
fn say_rejected(
    questions: &Questions,
    failure: &Failure,
    secret: &Secret,
    service: Option<&Service>,
    host: &str,
) -> Result<(), Failure> {
    // The server that answered is not always that of the service: it may be a tunnel.
    let own = service.filter(|service| service.hosts.contains(&host));
    let name = own.map_or(host, |service| service.name);
    let line = questions
        .stream()
        .marked(Mark::Failed, format!("{name} rejected the login"));
    questions.say(&line).map_err(Failure::terminal)?;
    let reply = failure.error.as_ref().and_then(pilotfish::Error::reply);
    let mut rows = Vec::new();
    if let Some(reply) = reply {
        rows.push(("server", reply.to_string()));
    }
    let needs_app = service.filter(|service| service.secret == "app password");
    let length = needs_app.and_then(|service| service.length);
    let characters = String::from_utf8_lossy(secret.expose()).chars().count();
    if length.is_some_and(|length| usize::try_from(length) != Ok(characters)) {
        let cause = "this looks like the password of the account";
        rows.push(("cause", cause.to_owned()));
    }
    for (label, text) in rows {
        let text = text.replace('\n', "\n          ");
        let label = format!("{label}:");
        questions
            .say(&format!("  {label:<7} {text}"))
            .map_err(Failure::terminal)?;
    }
    Ok(())
}
