//! How long the parts of a mail took.

use std::time::Duration;

/// How long the parts of a mail took. Each part begins where the previous one ends, so the parts add up to
/// [`total`](Self::total).
///
/// When several mails are on their way at once, their parts overlap: while the server processes earlier
/// mails, the time counts as `reply` of the later ones. A mail that leaves whole in one flight
/// ([chunked](crate::manual::dialogue)) waits for no reply in between: `envelope` is then the time in
/// which the flight was put together, `transfer` lasts until the flight has left, and the rest is `reply`.
///
/// For a mail in [portions](crate::session::Session::send), these are the sums of its transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Timing {
    /// From [`Mail::queued`](crate::session::Mail::queued) to the first command, without `set_up`: the
    /// wait in the queue of a [`Client`](crate::Client) and for earlier mails. For a mail that is
    /// [sent again](crate::client::Retry), it includes earlier attempts and the waits between them. Zero
    /// for a mail that was never queued.
    pub queue: Duration,
    /// The set-up of the session, if the mail is its first.
    pub set_up: Option<SetUp>,
    /// From the first command to the first octet of the message: MAIL, RCPT and DATA with their
    /// replies.
    pub envelope: Duration,
    /// From the first octet of the message until its end has been handed to the network.
    pub transfer: Duration,
    /// From the end of the transfer to the server's last reply to the message.
    pub reply: Duration,
}

/// How long the parts of a session's set-up took. A step that was not needed took no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SetUp {
    /// Looking up the host and connecting, through a proxy if there is one. Zero for a session that no
    /// [`ServerConfig`](crate::ServerConfig) has opened.
    pub connect: Duration,
    /// STARTTLS with its reply, and the handshake.
    pub tls: Duration,
    /// The greeting, and EHLO with its reply; with STARTTLS, both EHLO commands.
    pub greeting: Duration,
    /// AUTH with its replies, and the
    /// [`CredentialsProvider`](crate::session::CredentialsProvider) before it.
    pub auth: Duration,
}

impl Timing {
    /// The sum of all parts.
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
    /// The sum of all parts.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.connect + self.tls + self.greeting + self.auth
    }
}
