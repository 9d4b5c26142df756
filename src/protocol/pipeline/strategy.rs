//! How a session sends mails: what may leave before earlier commands are answered.

use super::super::value_error::named;

/// Which of the two protocols a session uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// SMTP (RFC 5321): one reply to a message.
    #[default]
    Smtp,
    /// LMTP (RFC 2033): to a message, a reply for each recipient that was accepted.
    Lmtp,
}

named!(Dialect, "protocol", "smtp and lmtp", {
    Smtp => "smtp",
    Lmtp => "lmtp",
});

/// Which commands may go out before earlier ones are answered, on a server that offers
/// PIPELINING (RFC 2920). Without the offer each command waits for its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Pipelining {
    /// Each command waits for its reply.
    Never,
    /// MAIL, all RCPT and DATA of a mail leave together.
    #[default]
    Auto,
    /// The next mail's group leaves with the end of the message before it (RFC 2920 section
    /// 3.1), which saves a round trip. Some servers lose or refuse these commands: the mail is then
    /// sent again, and later mails do without this.
    Eager,
}

named!(Pipelining, "pipelining", "never, auto and eager", {
    Never => "never",
    Auto => "auto",
    Eager => "eager",
});

/// When a message goes by BDAT, on a server that offers CHUNKING (RFC 3030). A binary message
/// always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Chunking {
    /// Messages go by DATA, and none is binary.
    Never,
    /// By BDAT where more mails are waiting and the server offers PIPELINING too: several are
    /// then on their way at once. A mail on its own goes by DATA.
    #[default]
    Auto,
    /// By BDAT. A mail on its own then takes one round trip less; a mail with a message of up to
    /// a mebibyte is sent whole before it is known whether its recipients are accepted.
    Always,
}

named!(Chunking, "chunking", "never, auto and always", {
    Never => "never",
    Auto => "auto",
    Always => "always",
});

/// How mails go out on a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Strategy {
    /// Which commands leave before earlier ones are answered.
    pub pipelining: Pipelining,
    /// Which messages go by BDAT.
    pub chunking: Chunking,
    /// How many whole messages may be sent on one connection before the first of them is answered, by
    /// default 8. If the connection breaks, the [`Fate`](crate::Fate) of each of them is unknown. A higher
    /// number saves round trips; with 1, the fate of at most one mail is unknown, as with DATA.
    /// [`ServerConfigBuilder::build`](crate::session::ServerConfigBuilder::build) rejects 0, and a session
    /// takes it for 1.
    pub messages_in_flight: u32,
}

/// Pipelining and chunking are automatic, and up to 8 messages are in flight.
impl Default for Strategy {
    fn default() -> Self {
        Self {
            pipelining: Pipelining::default(),
            chunking: Chunking::default(),
            messages_in_flight: MESSAGES_IN_FLIGHT,
        }
    }
}

/// Seven eighths of the round trips are saved, and a broken connection affects few mails.
const MESSAGES_IN_FLIGHT: u32 = 8;

/// Something that a server offers and does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// A command that was sent after the end of a message, before the reply to that, was lost or
    /// refused as out of order, or the server closed the connection.
    Pipelining,
    /// BDAT is not understood.
    Chunking,
    /// Commands of one mail that left together were lost, or refused as out of order.
    Grouping,
}

impl Strategy {
    /// The more cautious of both in each setting.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self {
            pipelining: self.pipelining.min(other.pipelining),
            chunking: self.chunking.min(other.chunking),
            messages_in_flight: self.messages_in_flight.min(other.messages_in_flight),
        }
    }

    /// The strategy for a server with this defect.
    #[must_use]
    pub(crate) fn without(mut self, defect: Defect) -> Self {
        match defect {
            Defect::Pipelining if self.pipelining == Pipelining::Eager => {
                self.pipelining = Pipelining::Auto;
            }
            Defect::Grouping => self.pipelining = Pipelining::Never,
            // Such a server does not support several mails by BDAT at once either.
            Defect::Pipelining | Defect::Chunking => self.chunking = Chunking::Never,
        }
        self
    }
}
