//! What becomes of a row, from the result of its mail.

use std::time::Duration;

use super::recipients::RecipientRecord;
use super::schedule::Schedule;
use crate::address::ForwardPath;
use crate::error::{Error, ErrorKind, Problem, Stage};
use crate::protocol::{Reply, ReplyMeaning};
use crate::session::{Receipt, RecipientOutcome, recipient_outcomes};
use crate::spool::{Answer, Outcome};

/// A mail that a result has come for.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) paths: Vec<ForwardPath>,
    /// The recipients of earlier attempts.
    pub(super) done: Vec<RecipientRecord>,
    /// From 1.
    pub(super) number: u32,
    pub(super) age: Duration,
    pub(super) took: Duration,
}

/// What a failure says of the account, and not of the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The login was rejected.
    Login(String),
    /// The server cannot be reached, or does not accept mails now.
    Server(String),
    /// No attempt can succeed with these settings.
    Settings(String),
}

/// The outcome of the row, and the trouble of the account, if there is any.
pub(super) fn verdict(
    attempt: &Attempt,
    result: &Result<Receipt, Error>,
    schedule: &Schedule,
) -> (Outcome, Option<Trouble>) {
    match result.as_ref().map_err(cause) {
        Ok(_) | Err(Cause::Mail) => {}
        Err(Cause::Withdrawn) => return (Outcome::NotSent, None),
        Err(Cause::Account(trouble)) => return (Outcome::NotSent, Some(trouble)),
    }
    let recipients = recipient_outcomes(&attempt.paths, result.as_ref());
    let has = |outcome| recipients.iter().any(|found| found.outcome == outcome);
    let is_deferred = has(RecipientOutcome::Deferred)
        || has(RecipientOutcome::NotTried) && result.as_ref().is_err_and(Error::is_transient);
    let mut records: Vec<_> = recipients.iter().map(RecipientRecord::of).collect();
    let asked = recipients
        .iter()
        .filter_map(|found| found.reply?.retry_after());
    let asked = asked
        .chain(whole(result).and_then(Reply::retry_after))
        .max();
    let mut answer = answer(result, recipients.iter().find_map(|found| found.reply));
    answer.milliseconds = u32::try_from(attempt.took.as_millis()).ok();
    records.splice(0..0, attempt.done.iter().cloned());
    let was_accepted = records
        .iter()
        .any(|record| record.outcome == RecipientOutcome::Accepted.name());
    answer.detail = serde_json::to_vec(&records).unwrap_or_default().into();
    let wait = schedule.wait(attempt.number, attempt.age, asked);
    let outcome = match (has(RecipientOutcome::Unknown), is_deferred, wait) {
        (true, ..) => Outcome::Unknown(answer),
        (false, true, Some(after)) => Outcome::Deferred { answer, after },
        _ if was_accepted => Outcome::Accepted(answer),
        (false, true, None) => Outcome::Rejected(answer),
        _ if has(RecipientOutcome::Rejected) => Outcome::Rejected(answer),
        _ => Outcome::Failed(answer),
    };
    (outcome, None)
}

/// What a mail failed for.
enum Cause {
    /// The mail, or its recipients.
    Mail,
    /// It was not to leave.
    Withdrawn,
    /// The account: another mail would fail alike.
    Account(Trouble),
}

fn cause(error: &Error) -> Cause {
    let begun = matches!(
        error.stage(),
        Some(Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Transfer | Stage::EndOfData)
    );
    let is_unknown = error.fate() == crate::error::Fate::Unknown;
    if is_unknown || !error.accepted().is_empty() {
        return Cause::Mail;
    }
    if error.problem() == Some(Problem::NotDeparted) {
        return Cause::Withdrawn;
    }
    let text = shown(error);
    // The server would refuse each mail of the job.
    if error.means(ReplyMeaning::LoginRequired) {
        return Cause::Account(Trouble::Login(text));
    }
    if begun {
        return Cause::Mail;
    }
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::Body | ErrorKind::Rejected => Cause::Mail,
        ErrorKind::Auth if !error.is_transient() => Cause::Account(Trouble::Login(text)),
        ErrorKind::Closed if error.stage().is_none() => Cause::Withdrawn,
        _ if error.is_transient() => Cause::Account(Trouble::Server(text)),
        _ => Cause::Account(Trouble::Settings(text)),
    }
}

/// The error with its reply, or its first cause.
fn shown(error: &Error) -> String {
    let reply = error.reply().map(Reply::text);
    let cause = || std::error::Error::source(error).map(ToString::to_string);
    match reply.or_else(cause) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn whole(result: &Result<Receipt, Error>) -> Option<&Reply> {
    match result {
        Ok(receipt) => Some(&receipt.reply),
        Err(error) => error.reply(),
    }
}

fn answer(result: &Result<Receipt, Error>, of_recipient: Option<&Reply>) -> Answer {
    let of_error = result.as_ref().err().and(of_recipient);
    let Some(reply) = whole(result).or(of_error) else {
        let error = result.as_ref().err();
        return Answer::new(error.map(shown).unwrap_or_default());
    };
    let mut answer = Answer::new(reply.text());
    answer.code = Some(reply.code().number());
    answer.enhanced = reply.enhanced_status().map(|status| status.to_string());
    answer
}
