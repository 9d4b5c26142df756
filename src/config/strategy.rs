//! How mails go out, as it is written.

use std::num::NonZeroU32;

use serde::Deserialize;

use crate::session;

/// `pipelining`: see [`session::Pipelining`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Pipelining {
    /// Each command waits for its reply.
    Never,
    /// The commands of a mail leave together.
    Auto,
    /// The next mail's commands leave with the end of the message before it.
    Eager,
}

/// `chunking`: see [`session::Chunking`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Chunking {
    /// Messages go by DATA.
    Never,
    /// By BDAT where more mails are waiting.
    Auto,
    /// By BDAT.
    Always,
}

/// `pipelining`, `chunking` and `messages-in-flight`; the defaults of [`session::Strategy`] for what is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Strategy {
    /// What leaves before replies have come.
    pub pipelining: Option<Pipelining>,
    /// What goes by BDAT.
    pub chunking: Option<Chunking>,
    /// How many messages may have left whole on one connection without an answer.
    pub messages_in_flight: Option<NonZeroU32>,
}

impl Strategy {
    /// This, and what it leaves out from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            pipelining: self.pipelining.or(other.pipelining),
            chunking: self.chunking.or(other.chunking),
            messages_in_flight: self.messages_in_flight.or(other.messages_in_flight),
        }
    }
}

impl From<Strategy> for session::Strategy {
    fn from(written: Strategy) -> Self {
        let mut strategy = Self::default();
        match written.pipelining {
            Some(Pipelining::Never) => strategy.pipelining = session::Pipelining::Never,
            Some(Pipelining::Eager) => strategy.pipelining = session::Pipelining::Eager,
            Some(Pipelining::Auto) | None => {}
        }
        match written.chunking {
            Some(Chunking::Never) => strategy.chunking = session::Chunking::Never,
            Some(Chunking::Always) => strategy.chunking = session::Chunking::Always,
            Some(Chunking::Auto) | None => {}
        }
        if let Some(most) = written.messages_in_flight {
            strategy.messages_in_flight = most;
        }
        strategy
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::session;

    #[test]
    fn what_is_written() {
        for (keys, pipelining, chunking) in [
            ("", session::Pipelining::Auto, session::Chunking::Auto),
            (
                "pipelining = \"eager\"\nchunking = \"always\"",
                session::Pipelining::Eager,
                session::Chunking::Always,
            ),
            (
                "pipelining = \"never\"",
                session::Pipelining::Never,
                session::Chunking::Auto,
            ),
            (
                "chunking = \"never\"",
                session::Pipelining::Auto,
                session::Chunking::Never,
            ),
        ] {
            let config = Config::parse(&format!("[account.a]\nserver = \"x\"\n{keys}")).unwrap();
            let strategy = session::Strategy::from(config.account("a").unwrap().strategy);
            assert_eq!(
                (strategy.pipelining, strategy.chunking),
                (pipelining, chunking),
                "{keys}"
            );
        }
        for wrong in [
            "pipelining = \"maybe\"",
            "messages-in-flight = 0",
            "messages-in-flight = -1",
        ] {
            let wrong = format!("[account.a]\nserver = \"x\"\n{wrong}");
            assert!(Config::parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn messages_in_flight() {
        for (keys, expected) in [("", 8), ("messages-in-flight = 1", 1)] {
            let config = Config::parse(&format!("[account.a]\nserver = \"x\"\n{keys}")).unwrap();
            let written = super::Strategy::default().or(config.account("a").unwrap().strategy);
            let strategy = session::Strategy::from(written);
            assert_eq!(strategy.messages_in_flight.get(), expected, "{keys}");
        }
    }
}
