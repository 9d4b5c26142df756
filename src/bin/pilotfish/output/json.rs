//! The outcome as one JSON object.

use std::fmt::Write as _;

use pilotfish::Error;
use pilotfish::protocol::{Reply, is_printable};
use pilotfish::session::{MailOutcome, Recipient};
use serde_json::{Value, json};

use super::report::{Mail, Sent};
use crate::failure::Failure;

/// The object as a line of text in which nothing steers a terminal.
pub(crate) fn line(object: &Value) -> String {
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
pub(crate) fn sent(mail: &Mail, sent: &Sent) -> Value {
    let receipt = &sent.receipt;
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
        "message_id": mail.message_id,
        "server": mail.server,
        "tls": tls,
        "reply": reply(&receipt.reply),
        "recipients": recipients(&sent.recipients(mail)),
        "size": receipt.size,
        "exit_status": sent.status(),
        "duration_ms": u64::try_from(sent.duration.as_millis()).unwrap_or(u64::MAX),
    })
}

/// A mail that was not sent, or may not have been. `mail` is `None` if none could be made.
pub(crate) fn failed(mail: Option<&Mail>, failure: &Failure) -> Value {
    let error = failure.error();
    let of_each = mail
        .map(|mail| failure.recipients(mail))
        .unwrap_or_default();
    json!({
        "outcome": failure.outcome().name(),
        "message_id": mail.map(|mail| &mail.message_id),
        "server": mail.map(|mail| &mail.server),
        "stage": error.and_then(Error::stage).map(|stage| stage.to_string()),
        "reply": error.and_then(Error::reply).map(reply),
        "recipients": recipients(&of_each),
        "size": mail.map(|mail| mail.size),
        "error": failure.message(),
        "causes": failure.causes(),
        "hint": failure.help,
        "exit_status": failure.status(),
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
        "lines": reply.lines(),
    })
}
