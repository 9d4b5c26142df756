//! What a session shows of itself while it works: see [`manual::observing`](crate::manual::observing).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{Span, debug, debug_span, field};

use super::mail::Mail;
use super::receipt::Receipt;
use super::timing::{SetUp, Timing};
use crate::error::{Error, ErrorKind, Result};
use crate::message::MessageId;
use crate::observe::{self, MailOutcome, SessionMeter};
use crate::transport::Host;

/// How much of a message has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The message. A mail that is sent again, or in portions, begins again at 0.
    pub message_id: &'a MessageId,
    /// How many octets have been handed to the network, or by BDAT to the next flight, without
    /// transparency and end of data. It is 0 when the mail is begun, and `total` only after the end has
    /// left.
    pub sent: u64,
    /// The size of the message in octets.
    pub total: u64,
}

/// What is called as messages are sent.
#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(Progress<'_>) + Send + Sync>);

impl Observer {
    pub(crate) fn new(observer: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer(..)")
    }
}

/// What observes a session.
#[derive(Debug)]
pub(super) struct SessionTelemetry {
    /// The session's. `Span::none` for a session that no [`ServerConfig`](super::ServerConfig) has opened:
    /// its commands belong to the caller's span.
    pub(super) span: Span,
    pub(super) meter: SessionMeter,
    pub(super) observer: Option<Observer>,
    /// Until the first mail takes it.
    pub(super) set_up: Option<SetUp>,
}

/// What observes one transaction.
#[derive(Debug)]
pub(super) struct TransactionTelemetry {
    span: Span,
    /// How long the mail waited in a queue, if it did.
    queue: Option<Duration>,
    set_up: Option<SetUp>,
    begun: Instant,
    transfer: Option<Instant>,
    left: Option<Instant>,
}

impl TransactionTelemetry {
    /// The first octet of the message leaves, or the transfer continues.
    pub(super) fn transfer_begins(&mut self) {
        self.transfer.get_or_insert_with(Instant::now);
    }

    pub(super) fn has_begun_transfer(&self) -> bool {
        self.transfer.is_some()
    }

    /// The end of the message has left.
    pub(super) fn leaves(&mut self, now: Instant) {
        self.left = Some(now);
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.is_some()
    }

    /// The mail has its result. Phases that were not reached took no time.
    pub(super) fn timing(&self) -> Timing {
        let now = Instant::now();
        let left = self.left.unwrap_or(now);
        let transfer = self.transfer.unwrap_or(left);
        Timing {
            queue: self.queue.unwrap_or_default(),
            set_up: self.set_up,
            envelope: transfer.duration_since(self.begun),
            transfer: left.duration_since(transfer),
            reply: now.duration_since(left),
        }
    }
}

impl SessionTelemetry {
    pub(super) fn new(set_up: SetUp) -> Self {
        Self {
            span: Span::none(),
            meter: SessionMeter::default(),
            observer: None,
            set_up: Some(set_up),
        }
    }

    /// The first command of a mail leaves.
    pub(super) fn begin(&mut self, mail: &Mail, size: u64) -> TransactionTelemetry {
        let new = || {
            debug_span!(
                target: "pilotfish",
                "transaction",
                message_id = %mail.message.message_id(),
                size,
                recipients = mail.envelope.forward_paths().len(),
                queue_ms = field::Empty,
                envelope_ms = field::Empty,
                transfer_ms = field::Empty,
                reply_ms = field::Empty,
                outcome = field::Empty,
                accepted = field::Empty,
                code = field::Empty,
            )
        };
        // The caller that waits for the mail is its cause, and the session carries it.
        let (queued, span) = match &mail.queued {
            Some((at, caller)) => {
                let span = caller.in_scope(new);
                span.follows_from(&self.span);
                (Some(*at), span)
            }
            None => (None, new()),
        };
        let begun = Instant::now();
        let set_up = self.set_up.take();
        let setting_up = set_up.as_ref().map(SetUp::total).unwrap_or_default();
        TransactionTelemetry {
            span,
            queue: queued.map(|at| begun.duration_since(at).saturating_sub(setting_up)),
            set_up,
            begun,
            transfer: None,
            left: None,
        }
    }

    /// So much of a message has been sent.
    pub(super) fn report(&self, mail: &Mail, sent: u64, total: u64) {
        if let Some(observer) = &self.observer {
            (observer.0)(Progress {
                message_id: mail.message.message_id(),
                sent,
                total,
            });
        }
    }

    /// A mail has its result.
    pub(super) fn end(
        &self,
        transaction: &TransactionTelemetry,
        size: u64,
        timing: Timing,
        result: &Result<Receipt>,
    ) {
        let outcome = MailOutcome::of(result.as_ref());
        let parts = [timing.envelope, timing.transfer, timing.reply];
        let sent = transaction.has_left().then_some((size, parts));
        self.meter.ended(outcome, transaction.queue, sent);
        let span = &transaction.span;
        if span.is_disabled() {
            return;
        }
        span.record("queue_ms", millis(timing.queue));
        span.record("envelope_ms", millis(timing.envelope));
        span.record("transfer_ms", millis(timing.transfer));
        span.record("reply_ms", millis(timing.reply));
        span.record("outcome", outcome.name());
        let (accepted, reply) = match result {
            Ok(receipt) => (receipt.accepted.len(), Some(&receipt.reply)),
            Err(error) => (error.accepted().len(), error.reply()),
        };
        span.record("accepted", accepted);
        if let Some(reply) = reply {
            span.record("code", reply.code().number());
        }
        debug!(target: "pilotfish", parent: span, "the transaction has ended");
    }
}

/// The span of a session with this server.
pub(super) fn session_span(host: &Host, port: u16) -> Span {
    debug_span!(
        target: "pilotfish",
        "session",
        server = %host,
        port,
        connect_ms = field::Empty,
        tls_ms = field::Empty,
        greeting_ms = field::Empty,
        auth_ms = field::Empty,
    )
}

/// Reports that a session with this server has been set up, or that the attempt has failed.
pub(super) fn report_set_up(result: Result<SetUp, &Error>, host: &Host, span: &Span) {
    let host = host.to_string();
    let set_up = match result {
        Ok(set_up) => set_up,
        Err(error) => return observe::connected(&host, cause(error), &[]),
    };
    let parts = [
        ("connect", "connect_ms", set_up.connect),
        ("tls", "tls_ms", set_up.tls),
        ("greeting", "greeting_ms", set_up.greeting),
        ("auth", "auth_ms", set_up.auth),
    ];
    observe::connected(&host, "open", &parts.map(|(part, _, took)| (part, took)));
    if !span.is_disabled() {
        for (_, field, took) in parts {
            span.record(field, millis(took));
        }
        debug!(target: "pilotfish", parent: span, "the session is set up");
    }
}

/// Why no session was opened, as the label of a counter.
fn cause(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Connect => "connect",
        ErrorKind::Tls => "tls",
        ErrorKind::Auth => "auth",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Rejected => "rejected",
        ErrorKind::Closed | ErrorKind::Io => "closed",
        _ => "other",
    }
}

/// A duration as spans have it: in milliseconds.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
