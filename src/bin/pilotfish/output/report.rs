//! The report at the end: the result on standard output, everything else on standard error.

use std::io::{self, Write as _};
use std::time::Duration;

use pilotfish::Message;
use pilotfish::session::{Receipt, Recipient, RecipientOutcome, recipient_outcomes};

use super::json;
use crate::args::GlobalArguments;
use crate::exit;
use crate::failure::Failure;
use crate::terminal::style::Stream;

/// A mail before it is sent.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) message: Message,
    /// Host and port, or the path of a Unix socket.
    pub(crate) server: String,
}

/// Prints the warnings about a mail.
pub(crate) fn warnings(global: &GlobalArguments, message: &Message) {
    for warning in message.warnings().iter().filter(|_| !global.quiet) {
        notice(&format!("warning: {warning}"));
    }
}

/// Prints what became of a mail that was accepted for at least one recipient, and returns the exit
/// status.
pub(crate) fn sent(
    global: &GlobalArguments,
    mail: &Submission,
    receipt: &Receipt,
    duration: Duration,
) -> u8 {
    let recipients = recipient_outcomes(mail.message.envelope().forward_paths(), Ok(receipt));
    let (accepted, all) = (receipt.accepted.len(), recipients.len());
    let (status, outcome) = if receipt.is_partial() {
        let outcome = format!("partly sent, to {accepted} of {all} recipients");
        (exit::PARTIAL, outcome)
    } else if all == 1 {
        (exit::OK, "sent to 1 recipient".to_owned())
    } else {
        (exit::OK, format!("sent to {all} recipients"))
    };
    if global.json {
        let object = json::sent(mail, receipt, &recipients, status, duration);
        result(&json::line(&object));
    } else if !global.quiet {
        let (size, duration) = (indicatif::HumanBytes(receipt.size), duration.as_secs_f32());
        result(&format!(
            "{outcome} · {} · {size} in {duration:.1} s · {}",
            mail.server, receipt.reply
        ));
    }
    if receipt.is_partial() {
        let mut lines = vec![format!("error: {}", not_accepted(&recipients))];
        let others = recipients.iter();
        let others = others.filter(|other| other.outcome != RecipientOutcome::Accepted);
        lines.extend(others.map(line));
        notice(&lines.join("\n"));
    }
    status
}

/// How many recipients the mail was not accepted for, and why.
fn not_accepted(recipients: &[Recipient<'_>]) -> String {
    let count = |outcome| {
        let is_it = |recipient: &&Recipient<'_>| recipient.outcome == outcome;
        recipients.iter().filter(is_it).count()
    };
    let (rejected, deferred) = (
        count(RecipientOutcome::Rejected),
        count(RecipientOutcome::Deferred),
    );
    let each = [(rejected, "rejected"), (deferred, "deferred")];
    let each = each.iter().filter(|(count, _)| *count > 0);
    let each = each.map(|(count, word)| format!("{count} {word}"));
    format!(
        "not accepted for {} of {} recipients: {}",
        recipients.len() - count(RecipientOutcome::Accepted),
        recipients.len(),
        each.collect::<Vec<_>>().join(", ")
    )
}

/// Prints why a mail was not accepted for all of its recipients, and returns the exit status.
/// `mail` is `None` if none could be made.
pub(crate) fn failed(global: &GlobalArguments, mail: Option<&Submission>, failure: &Failure) -> u8 {
    let recipients = mail.map(|mail| failure.recipients(&mail.message));
    let recipients = recipients.unwrap_or_default();
    if global.json {
        result(&json::line(&json::failed(mail, failure, &recipients)));
    }
    let first = recipients.first().map(|first| first.outcome);
    let differ = recipients.iter().any(|other| Some(other.outcome) != first);
    // The library's message has the server's reply to the only recipient.
    let is_named = failure.error.is_some() && !failure.is_interruption && recipients.len() == 1;
    let named = recipients.iter();
    let named = named.filter(|recipient| !is_named && (differ || recipient.reply.is_some()));
    let mut lines = vec![format!("error: {}", failure.message)];
    lines.extend(named.map(line));
    lines.extend(
        failure
            .causes
            .iter()
            .map(|cause| format!("  cause: {cause}")),
    );
    lines.extend(failure.help.iter().map(|help| format!("  help: {help}")));
    notice(&lines.join("\n"));
    failure.status
}

/// What became of the mail for a recipient.
fn line(recipient: &Recipient<'_>) -> String {
    let (outcome, path) = (recipient.outcome, recipient.path.addr_spec());
    match recipient.reply {
        Some(reply) => format!("  {outcome:<9} {path}  {reply}"),
        None => format!("  {outcome:<9} {path}"),
    }
}

/// Prints what is not a result, by one write, so that its lines stay together.
pub(crate) fn notice(text: &str) {
    let text = Stream::stderr().shown(format!("{text}\n"));
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Prints a result and a line end.
pub(crate) fn result(text: &str) {
    let text = Stream::stdout().shown(format!("{text}\n"));
    let mut stdout = io::stdout().lock();
    let printed = (stdout.write_all(text.as_bytes())).and_then(|()| stdout.flush());
    match printed {
        // The result of the mail does not depend on its reader.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            notice(&format!("warning: cannot print the result: {error}"));
        }
        _ => {}
    }
}
