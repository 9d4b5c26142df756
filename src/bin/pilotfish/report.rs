//! What is printed at the end: the result on standard output, all else on standard error.

use std::io::{self, Write as _};
use std::time::Duration;

use pilotfish::address::ForwardPath;
use pilotfish::protocol::Reply;
use pilotfish::session::Receipt;
use pilotfish::{Error, Message};

use crate::args::OutputArguments;
use crate::exit;
use crate::failure::Failure;
use crate::json;

/// What is known of a mail before it is sent.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) message_id: String,
    pub(crate) recipients: Vec<ForwardPath>,
    pub(crate) size: u64,
    /// Host and port.
    pub(crate) server: String,
}

/// A mail that was taken.
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

/// Prints what is odd about a mail.
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
        result(&json::sent(mail, sent).to_string());
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
        let mut lines = Lines::default();
        let refused = all - accepted;
        let were = if refused == 1 { "was" } else { "were" };
        lines.push(format!(
            "error: {refused} of {all} recipients {were} refused"
        ));
        lines.refused(&receipt.rejected);
        lines.print();
    }
    sent.status()
}

/// Prints why a mail was not sent, and returns the exit status.
pub(crate) fn failed(output: &OutputArguments, mail: Option<&Mail>, failure: &Failure) -> u8 {
    if output.json {
        result(&json::failed(mail, failure).to_string());
    }
    error(failure);
    failure.status
}

/// Prints a failure: its message, its causes, and what to do next.
fn error(failure: &Failure) {
    let mut lines = Lines::default();
    lines.push(format!("error: {}", failure.message));
    // The message may name a single one with the server's words.
    let refused = failure.error.as_ref().map(Error::refused);
    let others = refused.unwrap_or_default().iter();
    lines.refused(others.filter(|(path, _)| !failure.message.contains(&path.to_string())));
    for cause in &failure.causes {
        lines.push(format!("  cause: {cause}"));
    }
    if let Some(help) = &failure.help {
        lines.push(format!("  help: {help}"));
    }
    lines.print();
}

/// Tells something that is neither a result nor an error.
pub(crate) fn notice(text: &str) {
    let mut lines = Lines::default();
    lines.push(text);
    lines.print();
}

/// Lines that go out in one write, so that nothing comes between.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn push(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    fn refused<'a>(&mut self, rejected: impl IntoIterator<Item = &'a (ForwardPath, Reply)>) {
        for (path, reply) in rejected {
            self.push(format!("  refused  {}  {reply}", path.addr_spec()));
        }
    }

    fn print(&self) {
        let _ = io::stderr().write_all(self.0.as_bytes());
    }
}

/// Prints a result, with a line end behind it.
pub(crate) fn result(text: &str) {
    let mut stdout = io::stdout().lock();
    let printed = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    match printed {
        // What became of the mail does not depend on who reads it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            notice(&format!("warning: cannot print the result: {error}"));
        }
        _ => {}
    }
}
