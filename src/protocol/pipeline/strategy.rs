//! How eager a dialogue may be.

use super::super::value_error::named;

/// Which of the two protocols a session speaks.
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
    /// 3.1), which saves a round trip. Some servers lose or refuse commands there: such a mail is
    /// sent again, and the server is not asked for it any more.
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
    /// What goes out before replies have come.
    pub pipelining: Pipelining,
    /// What goes by BDAT.
    pub chunking: Chunking,
    /// How many messages may have left whole on one connection without an answer, by default 8. If
    /// the connection breaks, the [`Fate`](crate::Fate) of each of them is unknown. More of them
    /// save round trips, and 1 keeps the number of such mails as low as DATA does. 0 is an error
    /// where a server is built with it, and means 1 on a session.
    pub messages_in_flight: u32,
}

/// What is asked of a server by default.
impl Default for Strategy {
    fn default() -> Self {
        Self {
            pipelining: Pipelining::default(),
            chunking: Chunking::default(),
            messages_in_flight: MESSAGES_IN_FLIGHT,
        }
    }
}

/// A break costs little more than without BDAT, and seven eighths of the round trips are saved.
const MESSAGES_IN_FLIGHT: u32 = 8;

/// What a server offers and cannot do.
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
    /// Of both, the less that is asked of a server.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self {
            pipelining: self.pipelining.min(other.pipelining),
            chunking: self.chunking.min(other.chunking),
            messages_in_flight: self.messages_in_flight.min(other.messages_in_flight),
        }
    }

    /// The most that is left with a server that has this defect.
    #[must_use]
    pub(crate) fn without(mut self, defect: Defect) -> Self {
        match defect {
            Defect::Pipelining if self.pipelining == Pipelining::Eager => {
                self.pipelining = Pipelining::Auto;
            }
            Defect::Grouping => self.pipelining = Pipelining::Never,
            // Several mails by BDAT at once are understood no better.
            Defect::Pipelining | Defect::Chunking => self.chunking = Chunking::Never,
        }
        self
    }
}
