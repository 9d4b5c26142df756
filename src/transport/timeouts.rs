//! How long to wait, by stage (RFC 5321 section 4.5.3.2).

use std::time::Duration;

use crate::error::Stage;

/// How long each step of a dialogue may take.
///
/// Each is for one wait, never for a whole mail: a large message over a slow line takes as
/// long as it takes. A reply has to be there whole in its time, so a server that drips octets
/// gains nothing. The defaults are the least that RFC 5321 section 4.5.3.2 allows, where it
/// says something.
///
/// ```
/// use std::time::Duration;
/// use pilotfish::transport::Timeouts;
///
/// let mut timeouts = Timeouts::default();
/// timeouts.greeting = Duration::from_secs(30);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the look-up of the host name to a connection, over all of its addresses: 30 s.
    pub connect: Duration,
    /// A TLS handshake: 60 s.
    pub handshake: Duration,
    /// The greeting: 5 min.
    pub greeting: Duration,
    /// The reply to any other command up to RCPT, and to a chunk that is not the last: 5 min.
    pub command: Duration,
    /// The reply to DATA: 2 min.
    pub data: Duration,
    /// How long the server may take no octet of the message: 3 min.
    pub block: Duration,
    /// The reply to the end of data, or to the last chunk: 10 min. A shorter time makes mails whose
    /// [`Fate`](crate::Fate) is unknown.
    pub end_of_data: Duration,
    /// The reply to the first command that was sent behind the end of a message, once that message
    /// has been answered: 30 s. A server that has lost the command is then known.
    pub pipelined: Duration,
    /// The reply to QUIT, which nothing depends on: 5 s.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            handshake: Duration::from_mins(1),
            greeting: Duration::from_mins(5),
            command: Duration::from_mins(5),
            data: Duration::from_mins(2),
            block: Duration::from_mins(3),
            end_of_data: Duration::from_mins(10),
            pipelined: Duration::from_secs(30),
            quit: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// How long the reply at this stage may take.
    pub(super) fn reply(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Greeting => self.greeting,
            Stage::Data => self.data,
            Stage::EndOfData => self.end_of_data,
            Stage::Quit => self.quit,
            _ => self.command,
        }
    }

    /// How long the server may take no octet at this stage.
    pub(super) fn write(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Quit => self.quit,
            _ => self.block,
        }
    }
}
