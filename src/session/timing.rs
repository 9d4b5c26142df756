//! How long the parts of a mail took.

use std::time::Duration;

use tokio::time::Instant;

/// How long a mail took, part by part. Each begins where the one before it ends, so they add up to
/// [`total`](Self::total).
///
/// Where several mails are on their way at once, the parts of one overlap those of others: the time
/// in which a server takes in the mails ahead is a part of this one's `reply`. A mail that leaves
/// whole in one flight ([chunked](crate::manual::dialogue)) waits for no reply in between: its
/// `envelope` is the moment in which that was put together, `transfer` lasts until the flight has
/// left, and all else is `reply`.
///
/// A mail in [portions](crate::session::Session::send) has the sums of its transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Timing {
    /// From [`Mail::queued`](crate::session::Mail::queued) to the first command, without `set_up`:
    /// waiting in the queue of a [`Client`](crate::Client), and for mails ahead. For a mail that is
    /// [sent again](crate::client::Retry), earlier attempts and the waits between are in it. Zero for a
    /// mail that nobody has put into a queue.
    pub queue: Duration,
    /// What it took to set up the session, if this is its first mail.
    pub set_up: Option<SetUp>,
    /// From the first command to the first octet of the message: MAIL, RCPT and DATA with their
    /// replies.
    pub envelope: Duration,
    /// From the first octet of the message until its end has been handed to the network.
    pub transfer: Duration,
    /// From there to the server's last reply to the message.
    pub reply: Duration,
}

/// How long it took to set up a session, part by part. Steps that were not needed took no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SetUp {
    /// Looking up the host and connecting, by a proxy if there is one. Known of sessions that a
    /// [`ServerConfig`](crate::ServerConfig) has opened.
    pub connect: Duration,
    /// STARTTLS with its reply, and the handshake.
    pub tls: Duration,
    /// The greeting, and EHLO with its reply; with STARTTLS, both times.
    pub greeting: Duration,
    /// AUTH with its replies, and asking the
    /// [`CredentialsProvider`](crate::session::CredentialsProvider) before.
    pub auth: Duration,
}

impl Timing {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Duration {
        let set_up = self.set_up.as_ref().map(SetUp::total);
        self.queue + set_up.unwrap_or_default() + self.envelope + self.transfer + self.reply
    }

    /// Adds another transaction of the same mail.
    pub(super) fn add(&mut self, other: Self) {
        self.queue += other.queue;
        self.set_up = self.set_up.or(other.set_up);
        self.envelope += other.envelope;
        self.transfer += other.transfer;
        self.reply += other.reply;
    }
}

impl SetUp {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.connect + self.tls + self.greeting + self.auth
    }
}

/// The moments of a transaction. Few: mails are many.
#[derive(Debug)]
pub(super) struct Marks {
    /// Waiting in a queue, if it did.
    queue: Option<Duration>,
    set_up: Option<SetUp>,
    begun: Instant,
    transfer: Option<Instant>,
    left: Option<Instant>,
}

impl Marks {
    /// The first command of a mail leaves.
    pub(super) fn begin(queued: Option<Instant>, set_up: Option<SetUp>) -> Self {
        let begun = Instant::now();
        let setting_up = set_up.as_ref().map(SetUp::total).unwrap_or_default();
        Self {
            queue: queued.map(|at| begun.duration_since(at).saturating_sub(setting_up)),
            set_up,
            begun,
            transfer: None,
            left: None,
        }
    }

    /// The first octet of the message leaves.
    pub(super) fn transfer_begins(&mut self) {
        self.transfer = Some(Instant::now());
    }

    /// The end of the message has left.
    pub(super) fn leaves(&mut self, now: Instant) {
        self.left = Some(now);
    }

    pub(super) fn queue(&self) -> Option<Duration> {
        self.queue
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.is_some()
    }

    /// The mail has its result. Phases that were not reached took no time.
    pub(super) fn end(&self) -> Timing {
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
