//! `pilotfish send`.

use std::path::PathBuf;
use std::time::Duration;

use pilotfish::address::ReversePath;
use pilotfish::address::envelope::Options;
use pilotfish::message::BodyType;
use pilotfish::session::Receipt;
use pilotfish::{Client, Error, Mail, Message};
use tokio::time::{Instant, timeout};

use crate::args::{GlobalArguments, SendArguments};
use crate::compose::compose;
use crate::connection::{Connection, signed};
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::input::Input;
use crate::output::dry_run;
use crate::output::json;
use crate::output::logging;
use crate::output::progress::ProgressWatcher;
use crate::output::report;
use crate::output::submission::{Submission, TypedAddresses};
use crate::output::waiting::{Waiting, WaitingLine};
use crate::stop::{Stop, Stops};

/// How long an aborted client may take to return the result of the mail.
const ABORT: Duration = Duration::from_secs(1);

/// Sends one mail, prints what became of it, and returns the exit status.
pub(crate) async fn run(arguments: SendArguments, global: &GlobalArguments) -> u8 {
    let SendArguments {
        server,
        mut mail,
        delivery,
        dkim,
        dry_run,
        schema,
    } = arguments;
    if schema {
        report::result(json::SCHEMA.trim_end());
        return exit::OK;
    }
    let waiting = logging::init(global);
    let addresses = &mail.addresses;
    let typed = [&addresses.to, &addresses.cc, &addresses.bcc];
    let typed = TypedAddresses::of(typed.into_iter().flatten());
    let sent = async {
        let paths = mail.inputs().filter_map(Input::path);
        let read: Vec<_> = paths.map(PathBuf::from).collect();
        let body = mail.content.body;
        let sender = mail.addresses.from.as_deref();
        let opened = Connection::open(global, server, dkim.dkim()?, sender).await;
        let (connection, mut stops) = opened?;
        if let Some(path) = &connection.account.envelope_from {
            let own = || match path {
                ReversePath::Address(address) => address.to_string(),
                ReversePath::Null => "<>".to_owned(),
            };
            mail.addresses.envelope_from.get_or_insert_with(own);
        }
        let message = async {
            let signer = connection.signer(body).await?;
            let sender = connection.account.sender();
            let message = compose(mail, sender, connection.reads_stdin()).await?;
            signed(message, signer.as_ref()).await
        };
        let message = Box::pin(message);
        let message = stops.unless(Interrupted::NotSent(None), message).await?;
        report::warnings(global, &message);
        if dry_run.dry_run {
            let most = body.unwrap_or(BodyType::SevenBit);
            let written = dry_run::write(&message, most, &dry_run.output, &read);
            stops.unless(Interrupted::NotWritten, written).await?;
            return Ok(exit::OK);
        }
        let mut options: Options = delivery.into();
        options.each.notify = options.each.notify.or(connection.account.dsn);
        options.ret = options.ret.or(connection.account.dsn_return);
        let sending = deliver(connection, options, message, typed, global, waiting, stops);
        Ok(sending.await)
    };
    let sent = Box::pin(sent).await;
    sent.unwrap_or_else(|failure| report::failed(global, None, &failure))
}

/// Sends a mail that is made, prints what became of it, and returns the exit status.
pub(crate) async fn deliver(
    mut connection: Connection,
    options: Options,
    message: Message,
    typed: TypedAddresses,
    global: &GlobalArguments,
    waiting: Option<Waiting>,
    mut stops: Stops,
) -> u8 {
    let limits = connection.account.network.timeouts();
    let server = Box::pin(connection.server(global));
    let server = stops.unless(Interrupted::NotSent(None), server).await;
    let server = match server {
        Ok(server) => server,
        Err(failure) => {
            return report::failed(global, None, &failure.advised(&connection));
        }
    };
    let account = &connection.account;
    let socket = account.unix_socket().map(|path| path.display().to_string());
    let host = account.host().map(ToString::to_string);
    let mail = Submission {
        account: connection.name.clone(),
        host: socket.or(host).unwrap_or_else(|| server.to_string()),
        server: server.to_string(),
        attempts: 1,
        typed,
        message,
    };
    let transfer = ProgressWatcher::watched_by(global);
    let client = connection.account.client(server);
    let client = client.on_progress(transfer.observer());
    let client = match client.build() {
        Ok(client) => client,
        Err(error) => return report::failed(global, Some(&mail), &error.into()),
    };
    let started = Instant::now();
    let line = waiting.map(|waiting| waiting.show(mail.server.clone(), limits));
    let envelope = mail.message.envelope().clone().with_options(options);
    let sending = client.send(Mail::new(envelope, mail.message.clone()));
    let result = finish_or_stop(&client, sending, &transfer, line.as_ref(), &mut stops).await;
    transfer.clear_bar();
    drop(line);
    let is_interruption = |failure: &Failure| failure.is_interruption;
    let was_interrupted = result.as_ref().is_err_and(is_interruption);
    if let (Ok(receipt), 1) = (&result, global.verbose) {
        report::notice(&format!(
            "sent {} bytes in {} ms; the reply took {} ms",
            receipt.size,
            receipt.timing.transfer.as_millis(),
            receipt.timing.reply.as_millis(),
        ));
    }
    let status = match result {
        Ok(receipt) => report::sent(global, &mail, &receipt, started.elapsed()),
        Err(failure) => report::failed(global, Some(&mail), &failure.described(&connection, &mail)),
    };
    // The user has the result. A user who interrupts does not wait until QUIT has left.
    if !was_interrupted {
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

/// A mail that was aborted. The error says which recipients have it, and which the server rejected.
fn stopped(stop: Stop, error: Error) -> Failure {
    let how_far = match exit::status(&error) {
        exit::UNKNOWN | exit::PARTIAL => Interrupted::Unfinished(error),
        _ => Interrupted::NotSent(Some(error)),
    };
    Failure::interrupted(stop, how_far)
}
