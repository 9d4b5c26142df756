//! Figures for whoever gathers them, by the facade `metrics`; without that feature, nothing.
//!
//! What the names mean is in [`manual::observing`](crate::manual::observing).

#[cfg(feature = "metrics")]
mod facade;
#[cfg(not(feature = "metrics"))]
mod nobody;
mod outcome;

use std::time::Duration;

#[cfg(feature = "metrics")]
use facade::{Counter, Gauge, Histogram};
#[cfg(not(feature = "metrics"))]
use nobody::{Counter, Gauge, Histogram};
use outcome::ByOutcome;
pub use outcome::MailOutcome;

/// A label and its value.
type Label<'a> = (&'static str, &'a str);

/// Figures about what one session does. The connection counts as open until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct SessionMeter(Option<Box<SessionFigures>>);

#[derive(Debug)]
struct SessionFigures {
    connections: Gauge,
    transactions: ByOutcome,
    octets: Counter,
    queue: Histogram,
    envelope: Histogram,
    transfer: Histogram,
    reply: Histogram,
}

/// A transaction about which all is said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) outcome: MailOutcome,
    /// Of the message, if its end has left.
    pub(crate) octets: Option<u64>,
    /// Waiting in a queue, if it did.
    pub(crate) queue: Option<Duration>,
    pub(crate) envelope: Duration,
    pub(crate) transfer: Duration,
    pub(crate) reply: Duration,
}

impl SessionMeter {
    /// A connection to this server is open.
    pub(crate) fn open(server: &str) -> Self {
        let labels = [("server", server)];
        let figures = SessionFigures {
            connections: Gauge::new("pilotfish_connections", &labels),
            transactions: ByOutcome::new("pilotfish_transactions_total", server),
            octets: Counter::new("pilotfish_message_octets_total", &labels),
            queue: Histogram::new("pilotfish_queue_wait_seconds", &labels),
            envelope: Histogram::new("pilotfish_envelope_seconds", &labels),
            transfer: Histogram::new("pilotfish_transfer_seconds", &labels),
            reply: Histogram::new("pilotfish_reply_seconds", &labels),
        };
        figures.connections.increment(1.0);
        Self(Some(Box::new(figures)))
    }

    /// A transaction has ended. Durations are those of messages that have left.
    pub(crate) fn ended(&self, ended: &Ended) {
        let Some(figures) = &self.0 else {
            return;
        };
        figures.transactions.count(ended.outcome);
        if let Some(queue) = ended.queue {
            figures.queue.record(queue);
        }
        if let Some(octets) = ended.octets {
            figures.octets.increment(octets);
            figures.envelope.record(ended.envelope);
            figures.transfer.record(ended.transfer);
            figures.reply.record(ended.reply);
        }
    }
}

impl Drop for SessionFigures {
    fn drop(&mut self) {
        self.connections.increment(-1.0);
    }
}

/// A session was to be set up with this server: this came of it, and its parts took so long.
pub(crate) fn connected(server: &str, outcome: &str, parts: &[(&str, Duration)]) {
    let labels = [("server", server), ("outcome", outcome)];
    Counter::new("pilotfish_connects_total", &labels).increment(1);
    for (part, duration) in parts {
        let labels = [("server", server), ("part", part)];
        Histogram::new("pilotfish_set_up_seconds", &labels).record(*duration);
    }
}

/// Figures about what a client does.
#[derive(Debug)]
pub(crate) struct ClientMeter {
    mails: ByOutcome,
    queued: Gauge,
    retries: Counter,
    throttles: Counter,
}

impl ClientMeter {
    pub(crate) fn new(server: &str) -> Self {
        let labels = [("server", server)];
        Self {
            mails: ByOutcome::new("pilotfish_mails_total", server),
            queued: Gauge::new("pilotfish_queued_mails", &labels),
            retries: Counter::new("pilotfish_retries_total", &labels),
            throttles: Counter::new("pilotfish_throttles_total", &labels),
        }
    }

    /// Counts a mail whose outcome the caller gets.
    pub(crate) fn count_mail(&self, outcome: MailOutcome) {
        self.mails.count(outcome);
    }

    /// So many mails were waiting for a session, and so many are now.
    pub(crate) fn waiting(&self, before: usize, now: usize) {
        #[expect(clippy::cast_precision_loss, reason = "queues are shorter than 2^53")]
        if before != now {
            self.queued.increment(now as f64 - before as f64);
        }
    }

    /// A mail is sent again, later.
    pub(crate) fn retried(&self) {
        self.retries.increment(1);
    }

    /// The server asked to be given less.
    pub(crate) fn throttled(&self) {
        self.throttles.increment(1);
    }
}
