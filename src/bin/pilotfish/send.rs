//! `pilotfish send`.

mod concern;
mod confirm;
mod copy;
mod editor;

use std::path::PathBuf;
use std::time::Duration;

use pilotfish::address::ReversePath;
use pilotfish::address::envelope::Options;
use pilotfish::message::BodyType;
use pilotfish::session::Receipt;
use pilotfish::{Client, Error, Mail, Message};
use tokio::time::{Instant, timeout};

use crate::args::{Confirm, GlobalArguments, MailArguments, SendArguments};
use crate::compose::compose;
use crate::connection::{Connection, signed};
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::input::{self, Input, TextSource};
use crate::output::dry_run;
use crate::output::json;
use crate::output::log::LogPlace;
use crate::output::logging;
use crate::output::progress::ProgressWatcher;
use crate::output::report;
use crate::output::submission::{Submission, TypedAddresses};
use crate::output::waiting::{Waiting, WaitingLine};
use crate::stop::{Stop, Stops};
use crate::terminal::quantity::{Size, Span};
use crate::terminal::style::{DIM, painted};
use crate::usage;
use concern::concerns;
use copy::CopyPlace;
use editor::edited;

/// How long an aborted client may take to return the result of the mail.
const ABORT: Duration = Duration::from_secs(1);

/// Sends one mail, prints what became of it, and returns the exit status.
pub(crate) async fn run(arguments: SendArguments, global: &GlobalArguments) -> u8 {
    let SendArguments {
        server,
        mut mail,
        delivery,
        dkim,
        sending,
        dry_run,
        schema,
    } = arguments;
    if schema {
        report::result(json::SCHEMA.trim_end());
        return exit::OK;
    }
    let waiting = logging::init(global);
    let sent = async {
        with_recipients(&mut mail)?;
        let paths = mail.inputs().filter_map(Input::path);
        let read: Vec<_> = paths.map(PathBuf::from).collect();
        let body = mail.content.body_type;
        let sender = mail.addresses.from.as_deref();
        let opened = Connection::open(global, server, dkim.dkim()?, sender).await;
        let (mut connection, mut stops) = opened?;
        if let Some(path) = &connection.account.envelope_from {
            let own = || match path {
                ReversePath::Address(address) => address.to_string(),
                ReversePath::Null => "<>".to_owned(),
            };
            mail.addresses.envelope_from.get_or_insert_with(own);
        }
        connection.account.retry = sending.retry.or(connection.account.retry);
        let copy = sending.save_copy.clone().map(CopyPlace::at).transpose()?;
        if mail.content.edit {
            let given = match mail.content.text.take() {
                Some(source) => source.draft().await?,
                None => String::new(),
            };
            let edited = stops
                .with_a_program(edited(&given, global.no_input))
                .await?;
            mail.content.text = Some(TextSource::Made(edited));
        }
        let checked = Box::pin(checked(&mut mail, &connection, sending.confirm(), global));
        stops.unless(Interrupted::NotSent(None), checked).await?;
        let addresses = &mail.addresses;
        let typed = [&addresses.to, &addresses.cc, &addresses.bcc];
        let typed = TypedAddresses::of(typed.into_iter().flatten());
        let message = async {
            let signer = connection.signer(body).await?;
            let message = compose(mail, connection.account.sender()).await?;
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
        let outgoing = Outgoing {
            message,
            options,
            typed,
            copy,
        };
        Ok(deliver(connection, outgoing, global, waiting, stops).await)
    };
    let sent = Box::pin(sent).await;
    sent.unwrap_or_else(|failure| report::failed(global, None, &failure))
}

/// A mail that is made.
pub(crate) struct Outgoing {
    pub(crate) message: Message,
    pub(crate) options: Options,
    pub(crate) typed: TypedAddresses,
    /// Where a copy is kept once the mail is accepted.
    pub(crate) copy: Option<CopyPlace>,
}

/// Takes the arguments that are recipients among those of --to.
fn with_recipients(mail: &mut MailArguments) -> Result<(), Failure> {
    let recipients = std::mem::take(&mut mail.addresses.recipients);
    if let Some(word) = recipients.iter().find(|word| usage::is_url(word)) {
        let message = format!("{} is no recipient", usage::shown(word));
        let help = "the server is --server HOST[:PORT], and the login --user NAME and \
                    --password-file FILE";
        return Err(Failure::usage(message).with_help(help));
    }
    if let Some(word) = recipients.iter().find(|word| !word.contains('@')) {
        let failure = Failure::usage(format!("'{}' is no address", usage::shown(word)));
        return Err(match usage::split_word(word) {
            Some(tip) => failure.with_help(tip),
            None => failure,
        });
    }
    mail.addresses.to.extend(recipients);
    let addresses = &mail.addresses;
    let mut lists = [&addresses.to, &addresses.cc, &addresses.bcc].into_iter();
    if lists.all(Vec::is_empty) && !mail.raw.read_recipients {
        let failure = Failure::usage("no recipient");
        return Err(if mail.raw.raw.is_some() {
            failure.with_help("-t takes the recipients from the fields of the finished message")
        } else {
            failure.with_help("pilotfish send ann@example.org -s Hello < text")
        });
    }
    if mail.raw.read_recipients && mail.raw.raw.is_none() {
        let message = "-t takes the recipients from a finished message, and there is none";
        return Err(Failure::usage(message).with_help("add --raw FILE, or leave -t out"));
    }
    Ok(())
}

/// Reads the text, and asks whether to send a mail that looks like a mistake.
async fn checked(
    mail: &mut MailArguments,
    connection: &Connection,
    confirm: Confirm,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    input::assign_standard_input(mail, connection.reads_stdin())?;
    if let Some(source) = mail.content.text.take() {
        mail.content.text = Some(source.made().await?);
    }
    let concerns = concerns(mail);
    confirm::confirm(mail, &concerns, confirm, global).await
}

/// Sends a mail that is made, prints what became of it, and returns the exit status.
pub(crate) async fn deliver(
    mut connection: Connection,
    outgoing: Outgoing,
    global: &GlobalArguments,
    waiting: Option<Waiting>,
    mut stops: Stops,
) -> u8 {
    let Outgoing {
        message,
        options,
        typed,
        copy,
    } = outgoing;
    if let Some(Err(failure)) = global.log.as_ref().map(LogPlace::check) {
        return report::failed(global, None, &failure);
    }
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
        // The client does not count the attempts.
        attempts: account.retry.is_none().then_some(1),
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
        let step = format!(
            "sent {} in {}; the reply took {}",
            Size(receipt.size),
            Span(receipt.timing.transfer),
            Span(receipt.timing.reply),
        );
        report::notice(&painted(DIM, step));
    }
    if let (Ok(_), Some(copy)) = (&result, &copy)
        && let Err(failure) = copy.keep(&mail.message).await
    {
        // The mail is accepted all the same.
        let cause = failure.causes.first().map(|cause| format!(": {cause}"));
        report::warning(&format!("{}{}", failure.message, cause.unwrap_or_default()));
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
