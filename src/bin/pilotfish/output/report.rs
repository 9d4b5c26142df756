//! The report at the end: the result on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::time::Duration;

use anstyle::Style;
use pilotfish::Message;
use pilotfish::protocol::Reply;
use pilotfish::session::{MailOutcome, Receipt, Recipient, RecipientOutcome, recipient_outcomes};

use super::headline::in_bytes;
use super::json::{self, SendObject};
use super::layout::{ErrorScreen, headed, highlighted};
use super::submission::Submission;
use crate::args::GlobalArguments;
use crate::exit;
use crate::failure::{Failure, later};
use crate::terminal::quantity::{Count, Size, Span, counted};
use crate::terminal::style::{DIM, GREEN, MAGENTA, Mark, RED, Stream, YELLOW, painted};
use crate::terminal::wrap::{columns, width, wrapped};
use crate::usage::fitting;

/// The result of a faster mail has no time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints the warnings about a mail.
pub(crate) fn warnings(global: &GlobalArguments, message: &Message) {
    for text in message.warnings().iter().filter(|_| !global.quiet) {
        warning(&in_bytes(&text.to_string()));
    }
}

/// Prints a warning.
pub(crate) fn warning(text: &str) {
    notice(&headed("warning", YELLOW, text, width(io::stderr())));
}

/// Prints what to do, where the rest is printed already.
pub(crate) fn help_alone(text: &str) {
    notice(&headed("help", DIM, text, width(io::stderr())));
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
    let status = if receipt.is_partial() {
        exit::PARTIAL
    } else {
        exit::OK
    };
    let help = again(&recipients, mail);
    recorded(global, || {
        json::sent(mail, receipt, &recipients, status, duration, &help)
    });
    let is_plain = !global.json && !global.quiet;
    if is_plain {
        let mut lines = vec![accepted(mail, receipt, &recipients, duration)];
        if receipt.is_partial() {
            lines.extend(table(&recipients, mail));
        }
        result(&lines.join("\n"));
    }
    if receipt.is_partial() {
        let count = count(&recipients, RecipientOutcome::Accepted);
        let all = counted(recipients.len(), "recipient", "recipients");
        let message = format!(
            "{} accepted the mail for {} of {all}",
            mail.host,
            Count(count)
        );
        let screen = ErrorScreen {
            style: YELLOW,
            message: &message,
            table: table(&recipients, mail),
            server: Vec::new(),
            causes: &[],
            help: &help,
        };
        match help.first() {
            _ if !is_plain => notice(&screen.lines(width(io::stderr()))),
            Some(text) => help_alone(text),
            None => {}
        }
    }
    status
}

/// The first line about a mail that was accepted. It ends in the id that the server gave to the
/// mail, which is easy to cut out.
fn accepted(
    mail: &Submission,
    receipt: &Receipt,
    recipients: &[Recipient<'_>],
    duration: Duration,
) -> String {
    let (mark, names) = match recipients {
        [only] => (Mark::Done, mail.typed(only.path)),
        all if receipt.is_partial() => {
            let count = Count(count(all, RecipientOutcome::Accepted));
            let all = counted(all.len(), "recipient", "recipients");
            (Mark::Look, format!("{count} of {all}"))
        }
        all => (Mark::Done, counted(all.len(), "recipient", "recipients")),
    };
    let time = if duration >= PATIENCE {
        format!(", {} in {}", Size(receipt.size), Span(duration))
    } else {
        String::new()
    };
    let reply = receipt.reply.to_string();
    let id = receipt.queue_id().unwrap_or(&reply);
    let host = &mail.host;
    let line = format!("accepted by {host} for {names}{time}: {id}");
    Stream::stdout().marked(mark, line)
}

/// A line for each recipient: the outcome, the address and the server's reply, below each other.
fn table(recipients: &[Recipient<'_>], mail: &Submission) -> Vec<String> {
    let addresses = recipients
        .iter()
        .map(|other| columns(&mail.typed(other.path)));
    let widest = addresses.max().unwrap_or_default();
    let line = |recipient: &Recipient<'_>| {
        let outcome = painted(
            style(recipient.outcome),
            format!("{:<9}", shown(recipient.outcome)),
        );
        let address = mail.typed(recipient.path);
        match recipient.reply {
            Some(reply) => {
                let blanks = widest.saturating_sub(columns(&address));
                format!("  {outcome} {address}{:blanks$}  {reply}", "")
            }
            None => format!("  {outcome} {address}"),
        }
    };
    recipients.iter().map(line).collect()
}

fn shown(outcome: RecipientOutcome) -> &'static str {
    match outcome {
        RecipientOutcome::NotTried => "not tried",
        other => other.name(),
    }
}

fn style(outcome: RecipientOutcome) -> Style {
    match outcome {
        RecipientOutcome::Accepted => GREEN,
        RecipientOutcome::Rejected => RED,
        RecipientOutcome::Deferred => YELLOW,
        RecipientOutcome::Unknown => MAGENTA,
        _ => DIM,
    }
}

fn count(recipients: &[Recipient<'_>], outcome: RecipientOutcome) -> usize {
    let is_it = |recipient: &&Recipient<'_>| recipient.outcome == outcome;
    recipients.iter().filter(is_it).count()
}

/// The recipients that the mail can be sent to again, if others have it or may have it.
pub(crate) fn again(recipients: &[Recipient<'_>], mail: &Submission) -> Vec<String> {
    use RecipientOutcome::{Accepted, Deferred, NotTried, Unknown};
    const MOST: usize = 3;
    let has = |outcomes: [RecipientOutcome; 2]| {
        let is_one = |recipient: &&Recipient<'_>| outcomes.contains(&recipient.outcome);
        recipients
            .iter()
            .filter(is_one)
            .map(|recipient| mail.typed(recipient.path))
            .collect::<Vec<_>>()
    };
    let open = has([Deferred, NotTried]);
    if has([Accepted, Unknown]).is_empty() || open.is_empty() {
        return Vec::new();
    }
    let names = if open.len() <= MOST {
        open.join(", ")
    } else {
        counted(open.len(), "recipient that is", "recipients that are") + " deferred or not tried"
    };
    vec![format!("send it again later, to {names} alone")]
}

/// Prints why a mail was not accepted for all of its recipients, and returns the exit status.
/// `mail` is `None` if none could be made.
pub(crate) fn failed(global: &GlobalArguments, mail: Option<&Submission>, failure: &Failure) -> u8 {
    let recipients = mail.map(|mail| failure.recipients(&mail.message));
    let recipients = recipients.unwrap_or_default();
    let mut help = fitting(&failure.help, global);
    if help.is_empty() && failure.outcome == MailOutcome::Deferred {
        help.push(later(failure.error.as_ref()));
    }
    if global.is_of_mail() || global.command.is_empty() && mail.is_some() {
        recorded(global, || json::failed(mail, failure, &recipients, &help));
    } else if global.json {
        result(&json::line(&json::error(failure, &help, global)));
    }
    if global.is_silent {
        return failure.status;
    }
    if failure.is_declined {
        notice(&failure.message);
        return failure.status;
    }
    if let (Some(what), exit::INTERRUPTED, true) = (
        failure.interruption,
        failure.status,
        Stream::stderr().is_terminal,
    ) {
        // The terminal shows ^C before it.
        notice(&format!(" {what}"));
        return failure.status;
    }
    let first = recipients.first().map(|first| first.outcome);
    let differ = recipients.iter().any(|other| Some(other.outcome) != first);
    let has_replies = recipients.iter().any(|recipient| recipient.reply.is_some());
    let only = match recipients.as_slice() {
        [only] => only.reply,
        _ => None,
    };
    let is_listed = differ || has_replies && only.is_none();
    let table = mail
        .filter(|_| is_listed)
        .map(|mail| table(&recipients, mail));
    let reply = failure.error.as_ref().and_then(|error| error.reply());
    let screen = ErrorScreen {
        style: if failure.outcome == MailOutcome::Unknown {
            MAGENTA
        } else {
            RED
        },
        message: &failure.message,
        table: table.unwrap_or_default(),
        server: reply
            .or(only)
            .map(Reply::wire_lines)
            .into_iter()
            .flatten()
            .collect(),
        causes: &failure.causes,
        help: &help,
    };
    notice(&screen.lines(width(io::stderr())));
    failure.status
}

/// A row of a result: a label and a text, which wraps beside it.
pub(crate) fn row(label: &str, text: &str, column: usize) -> String {
    let text = highlighted(&wrapped(text, column, width(io::stdout())));
    format!("{label:<column$}{text}")
}

/// Prints the object if JSON is asked for, and adds it to the log if there is one.
fn recorded<'a>(global: &GlobalArguments, object: impl Fn() -> SendObject<'a>) {
    if let Some(log) = &global.log {
        log.add(&object());
    }
    if global.json {
        result(&json::line(&object()));
    }
}

/// Prints what is not a result, by one write, so that its lines stay together.
pub(crate) fn notice(text: &str) {
    let text = Stream::stderr().shown(format!("{text}\n"));
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Prints a result and a line end. What became of a mail, or was stored, does not depend on that.
pub(crate) fn result(text: &str) {
    if let Err(error) = print(text) {
        warning(&format!("cannot print the result: {error}"));
    }
}

/// Prints the answer that the command was run for. Without it the command has failed, whatever it has
/// found.
pub(crate) fn answer(text: &str) -> Result<(), Failure> {
    print(text).map_err(unprinted)
}

fn unprinted(error: impl Display) -> Failure {
    let message = "cannot write to standard output";
    Failure::io(exit::CANNOT_CREATE, message, error)
}

/// Prints what the command is for, such as a page or a script, and returns the exit status.
pub(crate) fn page(text: &str) -> u8 {
    status(&GlobalArguments::default(), answer(text))
}

/// The exit status of a command that is done. A failure is printed.
pub(crate) fn status(global: &GlobalArguments, done: Result<(), Failure>) -> u8 {
    match done {
        Ok(()) => exit::OK,
        Err(failure) => failed(global, None, &failure),
    }
}

/// A reader that has gone away is no error.
fn print(text: &str) -> io::Result<()> {
    let text = Stream::stdout().shown(format!("{text}\n"));
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}
