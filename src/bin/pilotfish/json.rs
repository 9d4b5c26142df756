//! The outcome as one JSON object.

use std::collections::HashMap;

use pilotfish::address::ForwardPath;
use pilotfish::protocol::Reply;
use pilotfish::transport::Handshake;
use pilotfish::{Error, Kind, Stage};
use serde_json::{Value, json};

use crate::exit;
use crate::failure::Failure;
use crate::report::{Mail, Sent};

/// A mail that at least one recipient was accepted for.
pub(crate) fn sent(mail: &Mail, sent: &Sent) -> Value {
    let receipt = &sent.receipt;
    let tls = receipt.tls.map(|tls| {
        json!({
            "version": tls.version,
            "cipher": tls.cipher_suite,
            "key_exchange": tls.key_exchange,
            "resumed": tls.handshake == Handshake::Resumed,
            "certificate": tls.certificate.map(|fingerprint| fingerprint.to_string()),
        })
    });
    let rejected: HashMap<_, _> = receipt
        .rejected
        .iter()
        .map(|(path, words)| (path, words))
        .collect();
    let recipients: Vec<Value> = mail
        .recipients
        .iter()
        .map(|path| match rejected.get(path) {
            Some(words) => refused(path, words),
            None => json!({"address": path_text(path), "outcome": "accepted"}),
        })
        .collect();
    json!({
        "outcome": if receipt.is_partial() { "partial" } else { "accepted" },
        "message_id": mail.message_id,
        "server": mail.server,
        "tls": tls,
        "reply": reply(&receipt.reply),
        "recipients": recipients,
        "size": receipt.size,
        "exit_status": sent.status(),
        "duration_ms": u64::try_from(sent.duration.as_millis()).unwrap_or(u64::MAX),
    })
}

/// A mail that was not sent, or may not have been. `mail` is `None` if none could be made.
pub(crate) fn failed(mail: Option<&Mail>, failure: &Failure) -> Value {
    let error = failure.error.as_ref();
    let words: HashMap<_, _> = error
        .map(Error::refused)
        .unwrap_or_default()
        .iter()
        .map(|(path, words)| (path, words))
        .collect();
    let others = fate_of_others(failure);
    let recipients: Vec<Value> = mail
        .map(|mail| &mail.recipients)
        .into_iter()
        .flatten()
        .map(|path| match words.get(path) {
            Some(words) => refused(path, words),
            None => json!({"address": path_text(path), "outcome": others}),
        })
        .collect();
    json!({
        "outcome": outcome(failure),
        "message_id": mail.map(|mail| &mail.message_id),
        "server": mail.map(|mail| &mail.server),
        "stage": error.and_then(Error::stage).map(|stage| stage.to_string()),
        "reply": error.and_then(Error::reply).map(reply),
        "recipients": recipients,
        "size": mail.map(|mail| mail.size),
        "error": failure.message,
        "causes": failure.causes,
        "hint": failure.help,
        "exit_status": failure.status,
    })
}

/// What became of the recipients who were not refused by themselves.
fn fate_of_others(failure: &Failure) -> &'static str {
    let reached = failure.error.as_ref().is_some_and(is_about_mail);
    match outcome(failure) {
        "failed" => "not-tried",
        _ if failure.status != exit::UNKNOWN && !reached => "not-tried",
        outcome => outcome,
    }
}

fn outcome(failure: &Failure) -> &'static str {
    match (failure.status, failure.error.as_ref().map(Error::kind)) {
        (exit::UNKNOWN, _) => "unknown",
        (exit::TEMPORARY, _) => "deferred",
        (_, Some(Kind::Rejected)) => "refused",
        _ => "failed",
    }
}

/// Whether the dialogue had come to the mail.
fn is_about_mail(error: &Error) -> bool {
    matches!(
        error.stage(),
        Some(Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Transfer | Stage::EndOfData)
    )
}

fn refused(path: &ForwardPath, words: &Reply) -> Value {
    let outcome = if words.is_transient() {
        "deferred"
    } else {
        "refused"
    };
    json!({"address": path_text(path), "outcome": outcome, "reply": reply(words)})
}

fn reply(reply: &Reply) -> Value {
    json!({
        "code": reply.code().number(),
        "enhanced": reply.enhanced_status().map(|status| status.to_string()),
        "lines": reply.lines(),
    })
}

fn path_text(path: &ForwardPath) -> String {
    path.addr_spec().to_string()
}
