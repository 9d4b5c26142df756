//! The outcome as one JSON object.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use pilotfish::protocol::{Reply, is_printable};
use pilotfish::session::{MailOutcome, Receipt, Recipient, RecipientOutcome, Timing};
use pilotfish::transport::TlsParameters;
use pilotfish::{Error, Message};
use serde::Serialize;

use super::class::class;
use super::submission::Submission;
use crate::args::GlobalArguments;
use crate::failure::Failure;

/// The JSON Schema of the object.
pub(crate) const SCHEMA: &str = include_str!("schema.json");

/// The JSON Schema of the object that other commands print where they fail.
pub(crate) const ERROR_SCHEMA: &str = include_str!("error-schema.json");

/// The object that `send --json` prints. All keys are always there, and a value that is not known is
/// null.
#[derive(Serialize, Default)]
pub(super) struct SendObject<'a> {
    schema: &'static str,
    time: String,
    outcome: &'static str,
    exit_status: u8,
    account: Option<&'a str>,
    server: Option<&'a str>,
    message_id: Option<String>,
    queue_id: Option<&'a str>,
    envelope_from: Option<String>,
    size: Option<u64>,
    attempts: u32,
    warnings: Vec<String>,
    recipients: Vec<RecipientObject>,
    reply: Option<ReplyObject>,
    tls: Option<TlsObject>,
    stage: Option<String>,
    class: Option<&'static str>,
    error: Option<&'a str>,
    causes: &'a [String],
    help: &'a [String],
    retry_after_s: Option<u64>,
    duration_ms: Option<u64>,
    timing_ms: Option<TimingObject>,
}

/// The object that other commands print where they fail. All keys are always there.
#[derive(Serialize)]
pub(super) struct ErrorObject<'a> {
    schema: &'static str,
    time: String,
    command: Option<&'a str>,
    exit_status: u8,
    account: Option<&'a str>,
    server: Option<&'a str>,
    reply: Option<ReplyObject>,
    class: Option<&'static str>,
    error: &'a str,
    causes: &'a [String],
    help: &'a [String],
}

#[derive(Serialize)]
struct RecipientObject {
    address: String,
    outcome: &'static str,
    reply: Option<ReplyObject>,
}

#[derive(Serialize)]
struct ReplyObject {
    code: u16,
    enhanced: Option<String>,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct TlsObject {
    version: &'static str,
    cipher: &'static str,
    key_exchange: Option<&'static str>,
    resumed: bool,
    certificate: Option<String>,
}

/// The parts of the time in milliseconds. The steps before the mail are null in a session that was
/// open before.
#[derive(Serialize)]
struct TimingObject {
    connect: Option<u64>,
    tls: Option<u64>,
    greeting: Option<u64>,
    login: Option<u64>,
    envelope: u64,
    content: u64,
    reply: u64,
}

/// The object as a line of text in which nothing steers a terminal.
pub(super) fn line(object: &impl Serialize) -> String {
    // The types have no map and no float, so all values have a form in JSON.
    let text = serde_json::to_string(object).unwrap_or_default();
    if text.chars().all(is_printable) {
        return text;
    }
    // These characters stand in strings alone, where an escape means the same.
    let mut line = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_printable(character) {
            line.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        }
    }
    line
}

/// A mail that at least one recipient was accepted for.
pub(super) fn sent<'a>(
    mail: &'a Submission,
    receipt: &'a Receipt,
    recipients: &[Recipient<'_>],
    status: u8,
    duration: Duration,
    help: &'a [String],
) -> SendObject<'a> {
    SendObject {
        outcome: MailOutcome::of(Ok(receipt)).name(),
        exit_status: status,
        queue_id: receipt.queue_id(),
        size: Some(receipt.size),
        recipients: each(recipients, mail, None),
        reply: Some(reply(&receipt.reply)),
        tls: receipt.tls.map(tls),
        help,
        duration_ms: Some(milliseconds(duration)),
        timing_ms: Some(timing(&receipt.timing)),
        ..about(Some(mail))
    }
}

/// A mail that was not sent, or may not have been.
pub(super) fn failed<'a>(
    mail: Option<&'a Submission>,
    failure: &'a Failure,
    recipients: &[Recipient<'_>],
    help: &'a [String],
) -> SendObject<'a> {
    let error = failure.error.as_ref();
    let words = error.and_then(Error::reply);
    let first = error.and_then(|error| error.rejected().first());
    let decisive = words.or(first.map(|(_, reply)| reply));
    SendObject {
        outcome: failure.outcome.name(),
        exit_status: failure.status,
        recipients: mail
            .map(|mail| each(recipients, mail, words))
            .unwrap_or_default(),
        reply: words.map(reply),
        stage: error.and_then(Error::stage).map(|stage| stage.to_string()),
        class: error.and_then(class),
        error: Some(&failure.message),
        causes: &failure.causes,
        help,
        retry_after_s: decisive
            .and_then(Reply::retry_after)
            .map(|time| time.as_secs()),
        ..about(mail)
    }
}

/// The error of a command that sends no mail.
pub(super) fn error<'a>(
    failure: &'a Failure,
    help: &'a [String],
    global: &'a GlobalArguments,
) -> ErrorObject<'a> {
    let command = global.command.as_str();
    let place = failure.place.as_deref();
    let error = failure.error.as_ref();
    ErrorObject {
        schema: "pilotfish.error/1",
        time: now(),
        command: Some(command).filter(|command| !command.is_empty()),
        exit_status: failure.status,
        account: place
            .and_then(|place| place.account.as_deref())
            .or(global.account.as_deref()),
        server: place.and_then(|place| place.server.as_deref()),
        reply: error.and_then(Error::reply).map(reply),
        class: error.and_then(class),
        error: &failure.message,
        causes: &failure.causes,
        help,
    }
}

fn now() -> String {
    let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    time.to_string()
}

/// What is known of a mail before it is sent.
fn about(mail: Option<&Submission>) -> SendObject<'_> {
    let message = mail.map(|mail| &mail.message);
    let warnings = message.map(Message::warnings).unwrap_or_default();
    let warnings = warnings.iter().map(ToString::to_string);
    let concerns = mail.into_iter().flat_map(|mail| mail.concerns.clone());
    let sender = message.map(|message| message.envelope().reverse_path());
    SendObject {
        schema: "pilotfish.send/1",
        time: now(),
        account: mail.and_then(|mail| mail.account.as_deref()),
        server: mail.map(|mail| mail.server.as_str()),
        message_id: message.map(|message| message.message_id().to_string()),
        envelope_from: sender.map(|sender| {
            sender
                .addr_spec()
                .map(ToString::to_string)
                .unwrap_or_default()
        }),
        size: message.map(Message::exact_size),
        attempts: mail.map_or(0, |mail| mail.attempts),
        warnings: concerns.chain(warnings).collect(),
        ..SendObject::default()
    }
}

/// What became of each recipient. `words` is the reply to the whole mail.
fn each(
    recipients: &[Recipient<'_>],
    mail: &Submission,
    words: Option<&Reply>,
) -> Vec<RecipientObject> {
    let recipient = |recipient: &Recipient<'_>| {
        let is_refused = matches!(
            recipient.outcome,
            RecipientOutcome::Rejected | RecipientOutcome::Deferred
        );
        RecipientObject {
            address: mail.typed(recipient.path),
            outcome: recipient.outcome.name(),
            reply: recipient.reply.or(words.filter(|_| is_refused)).map(reply),
        }
    };
    recipients.iter().map(recipient).collect()
}

fn reply(reply: &Reply) -> ReplyObject {
    ReplyObject {
        code: reply.code().number(),
        enhanced: reply.enhanced_status().map(|status| status.to_string()),
        lines: reply.lines().map(str::to_owned).collect(),
    }
}

fn tls(tls: TlsParameters) -> TlsObject {
    TlsObject {
        version: tls.version,
        cipher: tls.cipher_suite,
        key_exchange: tls.key_exchange,
        resumed: tls.resumed,
        certificate: tls.certificate.map(|fingerprint| fingerprint.to_string()),
    }
}

fn timing(timing: &Timing) -> TimingObject {
    let set_up = timing.set_up.as_ref();
    TimingObject {
        connect: set_up.map(|set_up| milliseconds(set_up.connect)),
        tls: set_up.map(|set_up| milliseconds(set_up.tls)),
        greeting: set_up.map(|set_up| milliseconds(set_up.greeting)),
        login: set_up.map(|set_up| milliseconds(set_up.auth)),
        envelope: milliseconds(timing.envelope),
        content: milliseconds(timing.transfer),
        reply: milliseconds(timing.reply),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
