//! How mails go out, as it is written.

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

/// `pipelining` and `chunking`; the defaults of [`session::Strategy`] for what is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Strategy {
    /// What leaves before replies have come.
    pub pipelining: Option<Pipelining>,
    /// What goes by BDAT.
    pub chunking: Option<Chunking>,
}

impl Strategy {
    /// This, and what it leaves out from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            pipelining: self.pipelining.or(other.pipelining),
            chunking: self.chunking.or(other.chunking),
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
        let wrong = "[account.a]\nserver = \"x\"\npipelining = \"maybe\"";
        assert!(Config::parse(wrong).is_err());
    }
}
