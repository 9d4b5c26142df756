//! The mail that a new account sends to itself.

use std::path::Path;
use std::time::Instant;

use pilotfish::Message;
use pilotfish::address::Mailbox;
use pilotfish::config::Config;

use super::list::place;
use super::setup::Setup;
use crate::args::GlobalArguments;
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::output::logging::Watch;
use crate::output::progress::ProgressWatcher;
use crate::output::report;
use crate::output::submission::{Submission, TypedAddresses};
use crate::send::finish_or_stop;
use crate::stop::Stops;
use crate::terminal::question::Questions;

/// Sends the mail by the account of this configuration, if the person wants it.
pub(super) async fn offer(
    questions: &Questions,
    setup: &Setup,
    file: &Path,
    global: &GlobalArguments,
    watch: &Watch,
    stops: &mut Stops,
) -> Result<(), Failure> {
    let question = format!("Send a test mail to {}?", setup.address);
    let asked = async {
        let answer = questions.yes_or_no(&question, true).await;
        answer.map_err(Failure::terminal)
    };
    if !stops.unless(Interrupted::NotSent(None), asked).await? {
        return Ok(());
    }
    let config = Config::load(file)?;
    let account = config.account(&setup.name)?;
    let prepared = async { Ok((account.server().await?, message(setup).await?)) };
    let prepared = stops.unless(Interrupted::NotSent(None), prepared);
    let (server, message) = prepared.await?;
    let mail = Submission {
        message,
        account: Some(setup.name.clone()),
        server: place(account),
        host: account.host().map(ToString::to_string).unwrap_or_default(),
        attempts: 1,
        typed: TypedAddresses::default(),
        concerns: Vec::new(),
    };
    let started = Instant::now();
    let transfer = ProgressWatcher::watched_by(global, &mail.host, &watch.retried);
    let client = account.client(server).on_progress(transfer.observer());
    let client = client.build()?;
    let sending = client.send(mail.message.clone());
    let (sent, _) = finish_or_stop(&client, sending, &transfer, None, stops).await;
    transfer.clear_bar();
    let receipt = sent?;
    client.close().await;
    report::sent(global, &mail, &receipt, started.elapsed());
    Ok(())
}

async fn message(setup: &Setup) -> Result<Message, Failure> {
    let own = || Mailbox::new(setup.address.clone());
    let message = Message::builder()
        .from(setup.account.from.clone().unwrap_or_else(own))
        .to(own())
        .subject("A test mail from Pilotfish")
        .text("Pilotfish can send mail by this account.\n")
        .build();
    let message = message.await;
    message.map_err(|error| Failure::of(exit::DATA, &error))
}
