//! `pilotfish send`.

use std::path::PathBuf;
use std::time::Duration;

use pilotfish::address::Envelope;
use pilotfish::message::BodyType;
use pilotfish::session::Receipt;
use pilotfish::{Client, Error, Message};
use tokio::time::{Instant, timeout};

use crate::args::{OutputArguments, SendArguments};
use crate::compose::compose;
use crate::connection::{Connection, signed};
use crate::exit;
use crate::failure::{Cause, Failure, Interrupted};
use crate::input::Input;
use crate::output::dry_run;
use crate::output::logging::{self, Waiting, WaitingLine};
use crate::output::progress::ProgressWatcher;
use crate::output::report::{self, Mail, Sent};
use crate::stop::{Stop, Stops};

/// How long an aborted client may take to return the result of the mail.
const ABORT: Duration = Duration::from_secs(1);

/// Sends one mail, prints what became of it, and returns the exit status.
pub(crate) async fn run(arguments: SendArguments) -> u8 {
    let SendArguments {
        server,
        mail,
        delivery,
        dkim,
        dry_run,
        output,
    } = arguments;
    let waiting = logging::init(&output);
    let paths = mail.inputs().filter_map(Input::path);
    let read: Vec<_> = paths.map(PathBuf::from).collect();
    let body = mail.content.body;
    let mut stops = match stops() {
        Ok(stops) => stops,
        Err(failure) => return report::failed(&output, None, &failure),
    };
    let prepared = async {
        stops.set_total_time(server.network.total_time());
        let connection =
            unless_stopped(&mut stops, Box::pin(Connection::new(server, dkim.dkim()?))).await?;
        stops.set_total_time(connection.total_time());
        let message = async {
            let signer = connection.signer(body).await?;
            let sender = connection.account.sender();
            let message = compose(mail, sender, connection.reads_stdin()).await?;
            signed(message, signer.as_ref()).await
        };
        let message = unless_stopped(&mut stops, Box::pin(message)).await?;
        Ok((connection, message))
    };
    let (connection, message) = match prepared.await {
        Ok(prepared) => prepared,
        Err(failure) => return report::failed(&output, None, &failure),
    };
    report::warnings(&output, &message);
    if dry_run.dry_run {
        let most = body.unwrap_or(BodyType::SevenBit);
        let written = dry_run::write(&message, most, &dry_run.output, &read);
        let written = stops.unless(written).await;
        let not_written = |stop| Failure::interrupted(stop, Interrupted::NotWritten);
        return match written.map_err(not_written).flatten() {
            Ok(()) => exit::OK,
            Err(failure) => report::failed(&output, None, &failure),
        };
    }
    let envelope = message.envelope().clone();
    let envelope = envelope.with_options(delivery.into());
    deliver(connection, envelope, message, &output, waiting, stops).await
}

/// Watches for signals from now on.
pub(crate) fn stops() -> Result<Stops, Failure> {
    Stops::new().map_err(|error| Failure::of(exit::OS_ERROR, &error))
}

/// Sends a mail that is made, prints what became of it, and returns the exit status.
pub(crate) async fn deliver(
    connection: Connection,
    envelope: Envelope,
    message: Message,
    output: &OutputArguments,
    waiting: Option<Waiting>,
    mut stops: Stops,
) -> u8 {
    let mut situation = connection.situation();
    let limits = connection.account.network.timeouts();
    let server = match unless_stopped(&mut stops, Box::pin(connection.server())).await {
        Ok((server, secret)) => {
            situation.secret = secret;
            server
        }
        Err(failure) => {
            return report::failed(output, None, &failure.advised(&situation));
        }
    };
    let mail = Mail::of(&message, server.to_string());
    let transfer = ProgressWatcher::watched_by(output);
    let client = Client::builder(server).on_progress(transfer.observer());
    let client = match client.build() {
        Ok(client) => client,
        Err(error) => return report::failed(output, Some(&mail), &error.into()),
    };
    let started = Instant::now();
    let line = waiting.map(|waiting| waiting.show(mail.server.clone(), limits));
    let mail_to_send = pilotfish::Mail::new(envelope, message);
    let sending = client.send(mail_to_send);
    let result = finish_or_stop(&client, sending, &transfer, line.as_ref(), &mut stops).await;
    transfer.clear_bar();
    drop(line);
    let was_interrupted = |failure: &Failure| matches!(failure.cause, Cause::Interrupted(..));
    let interrupted = result.as_ref().is_err_and(was_interrupted);
    if let (Ok(receipt), 1) = (&result, output.verbose) {
        report::notice(&format!(
            "sent {} bytes in {} ms; the reply took {} ms",
            receipt.size,
            receipt.timing.transfer.as_millis(),
            receipt.timing.reply.as_millis(),
        ));
    }
    let status = match result {
        Ok(receipt) => report::sent(
            output,
            &mail,
            &Sent {
                receipt,
                duration: started.elapsed(),
            },
        ),
        Err(failure) => {
            let failure = failure.advised(&situation).advised_for(&mail);
            report::failed(output, Some(&mail), &failure)
        }
    };
    // The user has the result. A user who interrupts does not wait for QUIT.
    if !interrupted {
        client.close().await;
    }
    status
}

/// Sends, unless a signal or the total time stops the command before. If the whole mail was sent,
/// the command waits for the reply until a second signal, or until its patience is over.
async fn finish_or_stop(
    client: &Client,
    sending: impl Future<Output = pilotfish::Result<Receipt>>,
    transfer: &ProgressWatcher,
    line: Option<&WaitingLine>,
    stops: &mut Stops,
) -> Result<Receipt, Failure> {
    let mut sending = Box::pin(sending);
    let mut stop = tokio::select! {
        biased;
        result = &mut sending => return Ok(result?),
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
        stop = tokio::select! {
            biased;
            result = &mut sending => return Ok(result?),
            again = stops.next_after(stop) => again,
        };
    }
    // The error has the replies so far, and says whether the end of the mail was sent.
    client.abort();
    match timeout(ABORT, sending).await {
        Ok(result) => result.map_err(|error| stopped(stop, error)),
        Err(_) => Err(Failure::interrupted(stop, Interrupted::Unanswered)),
    }
}

/// The result of a step before the mail is sent, unless the command is stopped first.
pub(crate) async fn unless_stopped<T>(
    stops: &mut Stops,
    step: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let not_sent = |stop| Failure::interrupted(stop, Interrupted::NotSent(None));
    stops.unless(step).await.map_err(not_sent).flatten()
}

/// A mail that was aborted. The error says which recipients have it, and which the server rejected.
fn stopped(stop: Stop, error: Error) -> Failure {
    let how_far = match exit::status(&error) {
        exit::UNKNOWN | exit::PARTIAL => Interrupted::Unfinished(error),
        _ => Interrupted::NotSent(Some(error)),
    };
    Failure::interrupted(stop, how_far)
}
