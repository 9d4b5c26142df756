//! The outcome as one JSON object.

use std::fmt::Write as _;
use std::time::Duration;

use pilotfish::Error;
use pilotfish::protocol::{Reply, is_printable};
use pilotfish::session::{MailOutcome, Receipt, Recipient};
use serde_json::{Value, json};

use super::report::Submission;
use crate::failure::Failure;

/// The object as a line of text in which nothing steers a terminal.
pub(super) fn line(object: &Value) -> String {
    let text = object.to_string();
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
pub(super) fn sent(
    mail: &Submission,
    receipt: &Receipt,
    of_each: &[Recipient<'_>],
    status: u8,
    duration: Duration,
) -> Value {
    let tls = receipt.tls.map(|tls| {
        json!({
            "version": tls.version,
            "cipher": tls.cipher_suite,
            "key_exchange": tls.key_exchange,
            "resumed": tls.resumed,
            "certificate": tls.certificate.map(|fingerprint| fingerprint.to_string()),
        })
    });
    json!({
        "outcome": MailOutcome::of(Ok(receipt)).name(),
        "message_id": mail.message.message_id().to_string(),
        "server": mail.server,
        "tls": tls,
        "reply": reply(&receipt.reply),
        "recipients": recipients(of_each),
        "size": receipt.size,
        "exit_status": status,
        "duration_ms": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    })
}

/// A mail that was not sent, or may not have been.
pub(super) fn failed(
    mail: Option<&Submission>,
    failure: &Failure,
    of_each: &[Recipient<'_>],
) -> Value {
    let error = failure.error.as_ref();
    json!({
        "outcome": failure.outcome.name(),
        "message_id": mail.map(|mail| mail.message.message_id().to_string()),
        "server": mail.map(|mail| &mail.server),
        "stage": error.and_then(Error::stage).map(|stage| stage.to_string()),
        "reply": error.and_then(Error::reply).map(reply),
        "recipients": recipients(of_each),
        "size": mail.map(|mail| mail.message.exact_size()),
        "error": failure.message,
        "causes": failure.causes,
        "hint": failure.help,
        "exit_status": failure.status,
    })
}

/// What became of each recipient, with the server's reply if it was rejected.
fn recipients(recipients: &[Recipient<'_>]) -> Vec<Value> {
    let recipient = |recipient: &Recipient<'_>| {
        let (address, outcome) = (
            recipient.path.addr_spec().to_string(),
            recipient.outcome.name(),
        );
        match recipient.reply {
            Some(words) => json!({"address": address, "outcome": outcome, "reply": reply(words)}),
            None => json!({"address": address, "outcome": outcome}),
        }
    };
    recipients.iter().map(recipient).collect()
}

fn reply(reply: &Reply) -> Value {
    json!({
        "code": reply.code().number(),
        "enhanced": reply.enhanced_status().map(|status| status.to_string()),
        "lines": reply.lines().collect::<Vec<_>>(),
    })
}
