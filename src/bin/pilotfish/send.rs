//! `pilotfish send`.

use std::path::PathBuf;
use std::time::Instant;

use pilotfish::address::Envelope;
use pilotfish::message::Data;
use pilotfish::session::Receipt;
use pilotfish::{Client, Message};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{OutputArguments, SendArguments};
use crate::compose::compose;
use crate::failure::Failure;
use crate::input::Input;
use crate::logging::{self, Dialogue};
use crate::progress::Transfer;
use crate::report::{self, Mail, Sent};
use crate::sign::Signing;
use crate::submitter::Submitter;
use crate::{dry_run, exit};

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
    let dialogue = if output.transcript {
        Dialogue::Shown
    } else {
        Dialogue::Hidden
    };
    logging::init(dialogue, output.verbose);
    let paths = mail.inputs().filter_map(Input::path);
    let read: Vec<_> = paths.map(PathBuf::from).collect();
    let body = mail.content.body.map(Data::from);
    let prepared = async {
        let submitter = Submitter::new(server)?;
        let signing = Signing::new(dkim, submitter.dkim(), body).await?;
        let message = compose(mail, submitter.mailbox()).await?;
        Ok((submitter, signing.apply(message).await?))
    };
    let (submitter, message) = match prepared.await {
        Ok(prepared) => prepared,
        Err(failure) => return report::failed(&output, None, &failure),
    };
    report::warnings(&output, &message);
    if dry_run.dry_run {
        let most = body.unwrap_or(Data::SevenBit);
        return match dry_run::write(&message, most, &dry_run.output, &read).await {
            Ok(()) => exit::OK,
            Err(failure) => report::failed(&output, None, &failure),
        };
    }
    let envelope = message.envelope().clone();
    let envelope = envelope.with_options(delivery.into());
    deliver(submitter, envelope, message, &output).await
}

/// Sends a mail that is made, prints what became of it, and returns the exit status.
pub(crate) async fn deliver(
    submitter: Submitter,
    envelope: Envelope,
    message: Message,
    output: &OutputArguments,
) -> u8 {
    let mut situation = submitter.situation();
    let server = match submitter.server().await {
        Ok((server, secret)) => {
            situation.secret = secret;
            server
        }
        Err(failure) => return report::failed(output, None, &failure.advised(&situation)),
    };
    let mail = Mail::of(&message, format!("{}:{}", server.host(), server.port()));
    let transfer = Transfer::watched_by(output);
    let client = Client::builder(server)
        .on_progress(transfer.observer())
        .build();
    let started = Instant::now();
    let result = finish_or_interrupt(&client, envelope, message, &transfer).await;
    transfer.clear_bar();
    // Whoever interrupts does not wait.
    let interrupted = result
        .as_ref()
        .is_err_and(|failure| failure.error.is_none());
    let status = match result {
        Ok(receipt) => report::sent(
            output,
            &mail,
            &Sent {
                receipt,
                duration: started.elapsed(),
            },
        ),
        Err(failure) => report::failed(output, Some(&mail), &failure.advised(&situation)),
    };
    // What became of the mail is told; nobody waits for QUIT but the server.
    if !interrupted {
        client.close().await;
    }
    status
}

/// Sends, unless a signal comes first. A mail that has left is waited for, until a second one.
async fn finish_or_interrupt(
    client: &Client,
    envelope: Envelope,
    message: Message,
    transfer: &Transfer,
) -> Result<Receipt, Failure> {
    let no_signals = |error: std::io::Error| Failure::of(exit::OS_ERROR, &error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut sending = Box::pin(client.send(pilotfish::Mail::new(envelope, message)));
    let mut waits_for_reply = false;
    loop {
        let (status, signal) = tokio::select! {
            biased;
            result = &mut sending => return Ok(result?),
            _ = interrupt.recv() => (exit::INTERRUPTED, "interrupted"),
            _ = terminate.recv() => (exit::TERMINATED, "terminated"),
        };
        if waits_for_reply {
            return Err(unanswered(signal));
        }
        if transfer.is_done() {
            transfer.clear_bar();
            report::notice(&format!(
                "{signal}: the mail has left, waiting for the server's answer \
                 (once more to stop at once)"
            ));
            waits_for_reply = true;
            continue;
        }
        drop(sending);
        // It may have left at the last moment, and then its answer is waited for.
        let closed = tokio::select! {
            () = client.close() => true,
            _ = interrupt.recv() => false,
            _ = terminate.recv() => false,
        };
        return Err(if closed && !transfer.is_done() {
            Failure::new(status, format!("{signal}: the mail was not sent"))
        } else {
            unanswered(signal)
        });
    }
}

fn unanswered(signal: &str) -> Failure {
    let message = format!(
        "{signal}: the mail left whole and its answer was not waited for: look whether it arrived \
         before sending it again"
    );
    Failure::new(exit::UNKNOWN, message)
}
