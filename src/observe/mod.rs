//! Metrics of sessions and clients, for the recorder of the facade `metrics`.
//!
//! [`manual::observing`](crate::manual::observing) describes each metric.

mod handles;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use handles::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The outcome of a whole mail: the word in the command's JSON and in the label `outcome` of
/// the [metrics](crate::manual::observing).
///
/// [`recipient_outcomes`](crate::session::recipient_outcomes) has the outcome for each recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MailOutcome {
    /// The server has accepted it for all recipients.
    Accepted,
    /// The server has accepted it for some recipients and not for others. Send it again to those
    /// others alone.
    Partial,
    /// The server has rejected it permanently.
    Rejected,
    /// Not accepted for any recipient, and another attempt
    /// [makes sense](crate::Error::is_transient).
    Deferred,
    /// The server may have accepted it for some recipients or not
    /// ([`Fate::Unknown`](crate::Fate::Unknown)).
    Unknown,
    /// Not accepted for any recipient, and another attempt fails too, though the server has not
    /// rejected the mail. For example, the login failed, or a file cannot be read.
    Failed,
}

impl MailOutcome {
    const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Partial,
        Self::Rejected,
        Self::Deferred,
        Self::Unknown,
        Self::Failed,
    ];

    /// One word in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Partial => "partial",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// The [`name`](MailOutcome::name).
impl fmt::Display for MailOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Calls the recorder. `None` if the recorder panics: its panic must not end a session, or poison a
/// lock that other tasks need.
fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// A counter for each outcome.
#[derive(Debug)]
struct OutcomeCounters([Counter; MailOutcome::ALL.len()]);

impl OutcomeCounters {
    fn new(name: &'static str, server: &str) -> Self {
        let labels = |outcome: MailOutcome| [("server", server), ("outcome", outcome.name())];
        Self(MailOutcome::ALL.map(|outcome| counter(name, &labels(outcome))))
    }

    fn count(&self, outcome: MailOutcome) {
        // In the order of `ALL`, which is that of the type.
        if let Some(counter) = self.0.get(outcome as usize) {
            guarded(|| counter.increment(1));
        }
    }
}

/// Metrics of one session. The connection counts as open until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct SessionMeter(Option<Box<SessionMetrics>>);

#[derive(Debug)]
struct SessionMetrics {
    connections: Gauge,
    transactions: OutcomeCounters,
    octets: Counter,
    queue: Histogram,
    /// Of the envelope, the transfer and the reply.
    parts: [Histogram; 3],
}

impl SessionMeter {
    /// A connection to this server is open.
    pub(crate) fn open(server: &str) -> Self {
        let labels = [("server", server)];
        let metrics = SessionMetrics {
            connections: gauge("pilotfish_connections", &labels),
            transactions: OutcomeCounters::new("pilotfish_transactions_total", server),
            octets: counter("pilotfish_message_octets_total", &labels),
            queue: histogram("pilotfish_queue_wait_seconds", &labels),
            parts: [
                histogram("pilotfish_envelope_seconds", &labels),
                histogram("pilotfish_transfer_seconds", &labels),
                histogram("pilotfish_reply_seconds", &labels),
            ],
        };
        guarded(|| metrics.connections.increment(1.0));
        Self(Some(Box::new(metrics)))
    }

    /// A transaction has ended. `queue` is how long the mail waited in a queue, if it did; `sent` are the
    /// octets of the message and the durations of envelope, transfer and reply, if the message has left
    /// whole.
    pub(crate) fn ended(
        &self,
        outcome: MailOutcome,
        queue: Option<Duration>,
        sent: Option<(u64, [Duration; 3])>,
    ) {
        let Some(metrics) = &self.0 else {
            return;
        };
        metrics.transactions.count(outcome);
        if let Some(queue) = queue {
            guarded(|| metrics.queue.record(queue));
        }
        if let Some((octets, parts)) = sent {
            guarded(|| metrics.octets.increment(octets));
            for (histogram, duration) in metrics.parts.iter().zip(parts) {
                guarded(|| histogram.record(duration));
            }
        }
    }
}

impl Drop for SessionMetrics {
    fn drop(&mut self) {
        guarded(|| self.connections.increment(-1.0));
    }
}

/// Counts an attempt to set up a session with this server, and records how long its parts took.
pub(crate) fn connected(server: &str, outcome: &str, parts: &[(&str, Duration)]) {
    let connects = counter(
        "pilotfish_connects_total",
        &[("server", server), ("outcome", outcome)],
    );
    guarded(|| connects.increment(1));
    for (part, duration) in parts {
        let labels = [("server", server), ("part", part)];
        let set_up = histogram("pilotfish_set_up_seconds", &labels);
        guarded(|| set_up.record(*duration));
    }
}

/// Metrics of a client.
#[derive(Debug)]
pub(crate) struct ClientMeter {
    mails: OutcomeCounters,
    queued: Gauge,
    retries: Counter,
    throttles: Counter,
}

impl ClientMeter {
    pub(crate) fn new(server: &str) -> Self {
        let labels = [("server", server)];
        Self {
            mails: OutcomeCounters::new("pilotfish_mails_total", server),
            queued: gauge("pilotfish_queued_mails", &labels),
            retries: counter("pilotfish_retries_total", &labels),
            throttles: counter("pilotfish_throttles_total", &labels),
        }
    }

    /// Counts a mail whose outcome the caller gets.
    pub(crate) fn count_mail(&self, outcome: MailOutcome) {
        self.mails.count(outcome);
    }

    /// The number of mails that wait for a session has changed.
    pub(crate) fn waiting(&self, before: usize, now: usize) {
        #[expect(clippy::cast_precision_loss, reason = "queues are shorter than 2^53")]
        if before != now {
            guarded(|| self.queued.increment(now as f64 - before as f64));
        }
    }

    /// A mail will be sent again later.
    pub(crate) fn retried(&self) {
        guarded(|| self.retries.increment(1));
    }

    /// The server has asked the client to send less.
    pub(crate) fn throttled(&self) {
        guarded(|| self.throttles.increment(1));
    }
}
