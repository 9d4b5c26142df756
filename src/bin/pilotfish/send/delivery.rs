//! Sending a mail that is made.

use std::future::pending;
use std::time::Duration;

use pilotfish::address::envelope::Options;
use pilotfish::protocol::Reply;
use pilotfish::session::{MailOutcome, Receipt};
use pilotfish::{Client, Error, Mail, Message};
use tokio::time::{Instant, timeout};

use super::copy::CopyPlace;
use super::deferred::{Deferred, has_deferred};
use crate::args::GlobalArguments;
use crate::connection::Connection;
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::output::log::LogPlace;
use crate::output::logging::Watch;
use crate::output::progress::ProgressWatcher;
use crate::output::report;
use crate::output::submission::{Submission, TypedAddresses};
use crate::output::waiting::WaitingLine;
use crate::stop::{Stop, Stops};
use crate::terminal::quantity::{Size, Span, counted};
use crate::terminal::style::{DIM, painted};

/// How long an aborted client may take to return the result of the mail.
const ABORT: Duration = Duration::from_secs(1);

/// A mail that is made.
pub(crate) struct Outgoing {
    pub(crate) message: Message,
    pub(crate) options: Options,
    pub(crate) typed: TypedAddresses,
    /// What looked like a mistake before the message was built.
    pub(crate) concerns: Vec<String>,
    /// Where a copy is kept once the mail is accepted.
    pub(crate) copy: Option<CopyPlace>,
}

/// What became of a mail.
pub(crate) struct Delivered {
    /// The exit status.
    pub(crate) status: u8,
    /// What the server replied to the mail, or to the first recipient that it did not accept.
    pub(crate) reply: Option<Reply>,
}

impl Delivered {
    fn without_reply(status: u8) -> Self {
        Self {
            status,
            reply: None,
        }
    }
}

/// Sends a mail that is made, and prints what became of it.
pub(crate) async fn deliver(
    mut connection: Connection,
    outgoing: Outgoing,
    global: &GlobalArguments,
    watch: Watch,
    mut stops: Stops,
) -> Delivered {
    let Outgoing {
        message,
        options,
        typed,
        concerns,
        copy,
    } = outgoing;
    if let Some(Err(failure)) = global.log.as_ref().map(LogPlace::check) {
        // It cannot be in the log.
        let global = GlobalArguments {
            log: None,
            ..global.clone()
        };
        return Delivered::without_reply(report::failed(&global, None, &failure));
    }
    let limits = connection.account.network.timeouts();
    let server = Box::pin(connection.server(global));
    let server = stops.unless(Interrupted::NotSent(None), server).await;
    let server = match server {
        Ok(server) => server,
        Err(failure) => {
            let status = report::failed(global, None, &failure.advised(&connection));
            return Delivered::without_reply(status);
        }
    };
    let account = &connection.account;
    let socket = account.unix_socket().map(|path| path.display().to_string());
    let host = account.host().map(ToString::to_string);
    let mut mail = Submission {
        account: connection.name.clone(),
        host: socket.or(host).unwrap_or_else(|| server.to_string()),
        server: server.to_string(),
        attempts: 1,
        typed,
        concerns,
        message,
    };
    let transfer = ProgressWatcher::watched_by(global, &mail.host, &watch.retried);
    let client = connection.account.client(server.clone());
    let client = client.on_progress(transfer.observer());
    let client = match client.build() {
        Ok(client) => client,
        Err(error) => {
            let status = report::failed(global, Some(&mail), &error.into());
            return Delivered::without_reply(status);
        }
    };
    let started = Instant::now();
    watch.round_trips.reset();
    let retried_before = watch.retried.so_far();
    let line = (watch.waiting.clone()).map(|waiting| waiting.show(mail.server.clone(), limits));
    let envelope = mail.message.envelope().clone().with_options(options);
    let sending = client.send(Mail::new(envelope.clone(), mail.message.clone()));
    let (mut result, stop) =
        finish_or_stop(&client, sending, &transfer, line.as_ref(), &mut stops).await;
    if let (Ok(receipt), Some(budget), None) = (&result, connection.account.retry, stop)
        && has_deferred(receipt)
    {
        // Each of these attempts is one of the command's.
        let mut account = connection.account.clone();
        account.retry = None;
        let client = account.client(server).on_progress(transfer.observer());
        if let Ok(client) = client.build() {
            let later = Deferred {
                client: &client,
                mail: Mail::new(envelope, mail.message.clone()),
                end: started + budget,
                watch: &watch,
                is_quiet: global.quiet,
            };
            result = later
                .send(receipt.clone(), &transfer, line.as_ref(), &mut stops)
                .await;
            client.close().await;
        }
    }
    mail.attempts = watch.retried.so_far() - retried_before + 1;
    transfer.clear_bar();
    drop(line);
    let was_interrupted = matches!(&result, Err(failure) if failure.interruption.is_some());
    if let (Ok(receipt), 1) = (&result, global.verbose) {
        report::notice(&painted(DIM, last_step(receipt, &watch)));
    }
    if let (true, Some(copy)) = (has_recipient(&result), &copy) {
        keep(copy, &mail.message).await;
    }
    let reply = decisive(&result).cloned();
    let status = match result {
        Ok(receipt) => report::sent(global, &mail, &receipt, started.elapsed()),
        Err(failure) => {
            let failure = explained(failure.described(&connection, &mail), &connection, stop);
            report::failed(global, Some(&mail), &failure)
        }
    };
    // The user has the result. A user who interrupts does not wait until QUIT has left.
    if !was_interrupted {
        client.close().await;
    }
    Delivered { status, reply }
}

/// Says why no further attempt was made.
fn explained(mut failure: Failure, connection: &Connection, stop: Option<Stop>) -> Failure {
    if let (Some(budget), MailOutcome::Deferred, None) = (
        connection.account.retry,
        failure.outcome,
        failure.interruption,
    ) {
        let cause = match stop {
            Some(stop) => format!("{}: no further attempt was made", stop.shown()),
            None => format!(
                "the time of --retry ({}) ends before another attempt",
                Span(budget)
            ),
        };
        failure.causes.push(cause);
    }
    failure
}

/// Whether a recipient has the mail, by this attempt or by an earlier one.
fn has_recipient(result: &Result<Receipt, Failure>) -> bool {
    match result {
        Ok(_) => true,
        Err(failure) => failure.earlier.is_some() || failure.outcome == MailOutcome::Partial,
    }
}

/// Keeps a copy. The mail is accepted even if this fails.
async fn keep(copy: &CopyPlace, message: &Message) {
    if let Err(failure) = copy.keep(message).await {
        let cause = failure.causes.first().map(|cause| format!(": {cause}"));
        report::warning(&format!("{}{}", failure.message, cause.unwrap_or_default()));
    }
}

/// What `-v` shows last.
fn last_step(receipt: &Receipt, watch: &Watch) -> String {
    format!(
        "sent {} in {}; the reply took {}",
        Size(receipt.size),
        counted(watch.round_trips.count(), "round trip", "round trips"),
        Span(receipt.timing.reply),
    )
}

/// What the server replied to the mail, or to the first recipient that it did not accept.
fn decisive(result: &Result<Receipt, Failure>) -> Option<&Reply> {
    match result {
        Ok(receipt) => {
            let rejected = receipt.rejected.first().map(|(_, reply)| reply);
            rejected.or(Some(&receipt.reply))
        }
        Err(failure) => {
            let error = failure.error.as_ref()?;
            let rejected = error.rejected().first().map(|(_, reply)| reply);
            error.reply().or(rejected)
        }
    }
}

/// Sends, unless a signal or the total time stops the command before. If the whole mail was sent,
/// the command waits for the reply until a second signal, or until its patience is over. Returns also
/// what has stopped it: no further attempt begins then.
pub(crate) async fn finish_or_stop(
    client: &Client,
    sending: impl Future<Output = pilotfish::Result<Receipt>>,
    transfer: &ProgressWatcher,
    line: Option<&WaitingLine>,
    stops: &mut Stops,
) -> (Result<Receipt, Failure>, Option<Stop>) {
    let mut sending = Box::pin(sending);
    let mut stop = tokio::select! {
        biased;
        result = &mut sending => return (result.map_err(Failure::from), None),
        stop = stops.next() => stop,
    };
    if transfer.is_done() {
        if let Some(line) = line {
            line.clear();
        }
        report::notice(&format!(
            "{}: the whole mail was sent; waiting for the reply ({})",
            stop.shown(),
            stop.patience_shown(),
        ));
        // A client that is about to close makes no further attempt.
        let closing = async {
            client.close().await;
            pending().await
        };
        stop = tokio::select! {
            biased;
            result = &mut sending => return (result.map_err(Failure::from), Some(stop)),
            again = stops.next_after(stop) => again,
            again = closing => again,
        };
    }
    // The error has the replies so far, and says whether the end of the mail was sent.
    client.abort();
    let result = match timeout(ABORT, sending).await {
        Ok(result) => result.map_err(|error| stopped(stop, error)),
        Err(_) => Err(Failure::interrupted(stop, Interrupted::Unanswered)),
    };
    (result, Some(stop))
}

/// A mail that was aborted. The error says which recipients have it, and which the server rejected.
fn stopped(stop: Stop, error: Error) -> Failure {
    let how_far = match exit::status(&error) {
        exit::UNKNOWN | exit::PARTIAL => Interrupted::Unfinished(error),
        _ => Interrupted::NotSent(Some(error)),
    };
    Failure::interrupted(stop, how_far)
}
