//! The report at the end: the result on standard output, everything else on standard error.

use std::io::{self, Write as _};
use std::time::Duration;

use pilotfish::Message;
use pilotfish::address::ForwardPath;
use pilotfish::session::{Receipt, Recipient, RecipientOutcome, recipient_outcomes};

use super::json;
use crate::args::OutputArguments;
use crate::exit;
use crate::failure::{Cause, Failure};

/// A mail before it is sent.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) message_id: String,
    pub(crate) recipients: Vec<ForwardPath>,
    pub(crate) size: u64,
    /// Host and port, or the path of a Unix socket.
    pub(crate) server: String,
}

/// A mail that was accepted for at least one recipient.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) receipt: Receipt,
    pub(crate) duration: Duration,
}

impl Sent {
    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        if self.receipt.is_partial() {
            exit::PARTIAL
        } else {
            exit::OK
        }
    }

    /// What became of the mail for each recipient.
    pub(crate) fn recipients<'a>(&'a self, mail: &'a Mail) -> Vec<Recipient<'a>> {
        recipient_outcomes(&mail.recipients, Ok(&self.receipt))
    }
}

impl Mail {
    pub(crate) fn of(message: &Message, server: String) -> Self {
        Self {
            message_id: message.message_id().to_string(),
            recipients: message.envelope().forward_paths().to_vec(),
            size: message.exact_size(),
            server,
        }
    }
}

/// Prints the warnings about a mail.
pub(crate) fn warnings(output: &OutputArguments, message: &Message) {
    for warning in message.warnings().iter().filter(|_| !output.quiet) {
        notice(&format!("warning: {warning}"));
    }
}

/// Prints what became of a mail, and returns the exit status.
pub(crate) fn sent(output: &OutputArguments, mail: &Mail, sent: &Sent) -> u8 {
    let receipt = &sent.receipt;
    let (accepted, all) = (receipt.accepted.len(), mail.recipients.len());
    let outcome = if receipt.is_partial() {
        format!("partly sent, to {accepted} of {all} recipients")
    } else if all == 1 {
        "sent to 1 recipient".to_owned()
    } else {
        format!("sent to {all} recipients")
    };
    if output.json {
        result(&json::line(&json::sent(mail, sent)));
    } else if !output.quiet {
        let (size, duration) = (
            indicatif::HumanBytes(receipt.size),
            sent.duration.as_secs_f32(),
        );
        result(&format!(
            "{outcome} · {} · {size} in {duration:.1} s · {}",
            mail.server, receipt.reply
        ));
    }
    if receipt.is_partial() {
        let recipients = sent.recipients(mail);
        let mut lines = Lines::default();
        lines.push(format!("error: {}", not_accepted(&recipients)));
        let is_accepted =
            |recipient: &&Recipient<'_>| recipient.outcome != RecipientOutcome::Accepted;
        recipients
            .iter()
            .filter(is_accepted)
            .for_each(|recipient| lines.recipient(recipient));
        lines.print();
    }
    sent.status()
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
pub(crate) fn failed(output: &OutputArguments, mail: Option<&Mail>, failure: &Failure) -> u8 {
    if output.json {
        result(&json::line(&json::failed(mail, failure)));
    }
    let recipients = mail.map(|mail| failure.recipients(mail));
    let recipients = recipients.unwrap_or_default();
    let mut lines = Lines::default();
    lines.push(format!("error: {}", failure.message()));
    let differs = |recipient: &Recipient<'_>| {
        (recipients.first()).is_some_and(|first| first.outcome != recipient.outcome)
    };
    let differ = recipients.iter().any(differs);
    // The library's message has the server's reply to the only recipient.
    let is_named = matches!(failure.cause, Cause::Library(_)) && recipients.len() == 1;
    for recipient in &recipients {
        if !is_named && (differ || recipient.reply.is_some()) {
            lines.recipient(recipient);
        }
    }
    for cause in &failure.causes() {
        lines.push(format!("  cause: {cause}"));
    }
    if let Some(help) = &failure.help {
        lines.push(format!("  help: {help}"));
    }
    lines.print();
    failure.status()
}

/// Prints a line that is neither a result nor an error.
pub(crate) fn notice(text: &str) {
    let mut lines = Lines::default();
    lines.push(text);
    lines.print();
}

/// Lines that are printed by one write, so that they stay together.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn push(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    fn recipient(&mut self, recipient: &Recipient<'_>) {
        let (outcome, path) = (recipient.outcome, recipient.path.addr_spec());
        match recipient.reply {
            Some(reply) => self.push(format!("  {outcome:<9} {path}  {reply}")),
            None => self.push(format!("  {outcome:<9} {path}")),
        }
    }

    fn print(&self) {
        let _ = io::stderr().write_all(self.0.as_bytes());
    }
}

/// Prints a result and a line end.
pub(crate) fn result(text: &str) {
    let mut stdout = io::stdout().lock();
    let printed = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    match printed {
        // The result of the mail does not depend on its reader.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            notice(&format!("warning: cannot print the result: {error}"));
        }
        _ => {}
    }
}
