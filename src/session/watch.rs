//! What a session shows of itself while it works: see [`manual::observing`](crate::manual::observing).

use std::time::Duration;

use tracing::{Span, debug, debug_span, field};

use super::mail::Mail;
use super::progress::{Observer, Progress};
use super::receipt::Receipt;
use super::timing::{Marks, SetUp, Timing};
use super::transaction::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::observe::{self, Ended, MailOutcome, SessionMeter};
use crate::transport::Host;

/// Who watches a session.
#[derive(Debug)]
pub(super) struct Watch {
    /// The session's. None for one that no [`ServerConfig`](super::Server) has opened: its commands
    /// belong to the caller's.
    pub(super) span: Span,
    pub(super) meter: SessionMeter,
    pub(super) observer: Option<Observer>,
    /// Until the first mail takes it.
    pub(super) set_up: Option<SetUp>,
}

/// One transaction, as it is watched.
#[derive(Debug)]
pub(super) struct Watched {
    span: Span,
    pub(super) marks: Marks,
    size: u64,
}

impl Watch {
    pub(super) fn new(set_up: SetUp) -> Self {
        Self {
            span: Span::none(),
            meter: SessionMeter::default(),
            observer: None,
            set_up: Some(set_up),
        }
    }

    /// The first command of a mail leaves.
    pub(super) fn begin(&mut self, mail: &Mail, size: u64) -> Watched {
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
        // Who waits for the mail is its cause, and the session is what carries it.
        let span = match &mail.queued {
            Some(queued) => {
                let span = queued.span.in_scope(new);
                span.follows_from(&self.span);
                span
            }
            None => new(),
        };
        let queued = mail.queued.as_ref().map(|queued| queued.at);
        Watched {
            span,
            marks: Marks::begin(queued, self.set_up.take()),
            size,
        }
    }

    /// So much of a message has been sent.
    pub(super) fn report(&self, mail: &Mail, sent: u64, total: u64) {
        if let Some(observer) = &self.observer {
            observer.call(Progress {
                message_id: mail.message.message_id(),
                sent,
                total,
            });
        }
    }

    /// All is said about a mail.
    pub(super) fn end(&self, watched: &Watched, timing: Timing, result: &Result<Receipt>) {
        let outcome = MailOutcome::of(result.as_ref());
        self.meter.ended(&Ended {
            outcome,
            octets: watched.marks.has_left().then_some(watched.size),
            queue: watched.marks.queue(),
            envelope: timing.envelope,
            transfer: timing.transfer,
            reply: timing.reply,
        });
        let span = &watched.span;
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

/// A session has been set up with this server, or has not.
pub(super) fn opened<S>(result: Result<Session<S>>, host: &Host, span: Span) -> Result<Session<S>> {
    let host = host.to_string();
    match result {
        Ok(mut session) => {
            let set_up = session.watch.set_up.unwrap_or_default();
            observe::connected(
                &host,
                "open",
                &[
                    ("connect", set_up.connect),
                    ("tls", set_up.tls),
                    ("greeting", set_up.greeting),
                    ("auth", set_up.auth),
                ],
            );
            if !span.is_disabled() {
                span.record("connect_ms", millis(set_up.connect));
                span.record("tls_ms", millis(set_up.tls));
                span.record("greeting_ms", millis(set_up.greeting));
                span.record("auth_ms", millis(set_up.auth));
                debug!(target: "pilotfish", parent: &span, "the session is set up");
            }
            session.watch.span = span;
            Ok(session)
        }
        Err(error) => {
            observe::connected(&host, cause(&error), &[]);
            Err(error)
        }
    }
}

/// What no session came about for, as it is counted.
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

impl<S> Session<S> {
    /// Adds what was before the greeting.
    pub(super) fn opened(mut self, meter: SessionMeter, before: SetUp) -> Self {
        self.watch.meter = meter;
        if let Some(set_up) = &mut self.watch.set_up {
            set_up.connect += before.connect;
            set_up.auth += before.auth;
        }
        self
    }
}

/// A duration as spans have it: in milliseconds.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
