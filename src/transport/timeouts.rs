//! The time limit of each stage (RFC 5321 section 4.5.3.2).

use std::time::Duration;

use crate::error::Stage;

/// How long each step of a dialogue may take.
///
/// Each limit is for one wait, never for a whole mail: a large message over a slow line is not
/// interrupted. A reply has to arrive whole within its limit, so a server that sends octet by octet
/// gains no time. The defaults are the minimum that RFC 5321 section 4.5.3.2 allows, where it sets
/// one.
///
/// ```
/// use std::time::Duration;
/// use pilotfish::transport::Timeouts;
///
/// let mut timeouts = Timeouts::all(Duration::from_secs(30));
/// timeouts.end_of_data = Duration::from_mins(10);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the look-up of the host name to a connection, over all of its addresses: 30 s.
    pub connect: Duration,
    /// The dialogue with a proxy, until it has connected: 60 s.
    pub proxy: Duration,
    /// A TLS handshake: 60 s.
    pub handshake: Duration,
    /// The greeting: 5 min.
    pub greeting: Duration,
    /// The reply to EHLO, HELO or LHLO: 5 min.
    pub hello: Duration,
    /// The reply to STARTTLS, before the handshake: 5 min.
    pub starttls: Duration,
    /// Each reply of an exchange of AUTH: 5 min.
    pub auth: Duration,
    /// The reply to MAIL: 5 min.
    pub mail: Duration,
    /// The reply to RCPT: 5 min.
    pub rcpt: Duration,
    /// The reply to DATA: 2 min.
    pub data: Duration,
    /// How long the server may accept no octet of the message, or send no reply to a chunk that is not
    /// the last: 3 min. The source of the message may take as long for a block, and a
    /// [`Departure`](crate::session::Departure) for its answer.
    pub block: Duration,
    /// The reply to the end of data, or to the last chunk: 10 min. With a shorter time the
    /// [`Fate`](crate::Fate) of more mails is unknown.
    pub end_of_data: Duration,
    /// The reply to a command that was sent together with an earlier one, counted from the reply to
    /// that one: 30 s. It applies to MAIL after the end of a message, and to RCPT and DATA after MAIL,
    /// until the server has answered such commands once in the session. It detects servers that lose
    /// such commands.
    pub pipelined: Duration,
    /// The reply to RSET after a mail that failed: 5 min.
    pub reset: Duration,
    /// The reply to NOOP, VRFY, HELP or RSET between two mails: 5 min.
    pub inquiry: Duration,
    /// The reply to QUIT, and each reply to mails that were sent before a 421 came: 5 s.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            proxy: Duration::from_mins(1),
            handshake: Duration::from_mins(1),
            data: Duration::from_mins(2),
            block: Duration::from_mins(3),
            end_of_data: Duration::from_mins(10),
            pipelined: Duration::from_secs(30),
            quit: Duration::from_secs(5),
            ..Self::all(Duration::from_mins(5))
        }
    }
}

impl Timeouts {
    /// The same limit for each step. It does not limit all steps together.
    #[must_use]
    pub const fn all(each: Duration) -> Self {
        Self {
            connect: each,
            proxy: each,
            handshake: each,
            greeting: each,
            hello: each,
            starttls: each,
            auth: each,
            mail: each,
            rcpt: each,
            data: each,
            block: each,
            end_of_data: each,
            pipelined: each,
            reset: each,
            inquiry: each,
            quit: each,
        }
    }

    /// How long the reply at this stage may take.
    pub(crate) fn reply(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Connect | Stage::Greeting => self.greeting,
            Stage::Hello => self.hello,
            Stage::StartTls => self.starttls,
            Stage::Auth => self.auth,
            Stage::Mail => self.mail,
            Stage::Rcpt => self.rcpt,
            Stage::Data => self.data,
            Stage::Transfer => self.block,
            Stage::EndOfData => self.end_of_data,
            Stage::Reset => self.reset,
            Stage::Inquiry => self.inquiry,
            Stage::Quit => self.quit,
        }
    }

    /// How long the server may accept no octet at this stage.
    pub(super) fn write(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Quit => self.quit,
            _ => self.block,
        }
    }
}
