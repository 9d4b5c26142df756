//! How mails go out.

use clap::{Args, ValueEnum};
use pilotfish::config;

/// How mails go out.
#[derive(Args, Default, PartialEq)]
pub(crate) struct StrategyArguments {
    /// Which commands wait for no reply [default: auto, those of a mail].
    #[arg(long, value_enum, value_name = "WHICH", hide_short_help = true)]
    pipelining: Option<Pipelining>,

    /// When messages go by BDAT [default: auto, where more mails are waiting].
    #[arg(long, value_enum, value_name = "WHEN", hide_short_help = true)]
    chunking: Option<Chunking>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Pipelining {
    /// Each command waits for its reply.
    Never,
    /// The commands of a mail leave together.
    Auto,
    /// The next mail's commands leave with the end of the message before it.
    Eager,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Chunking {
    /// By DATA.
    Never,
    /// By BDAT where more mails are waiting.
    Auto,
    /// By BDAT, which saves a round trip.
    Always,
}

impl From<StrategyArguments> for config::Strategy {
    fn from(arguments: StrategyArguments) -> Self {
        let mut strategy = Self::default();
        strategy.pipelining = arguments.pipelining.map(|which| match which {
            Pipelining::Never => config::Pipelining::Never,
            Pipelining::Auto => config::Pipelining::Auto,
            Pipelining::Eager => config::Pipelining::Eager,
        });
        strategy.chunking = arguments.chunking.map(|when| match when {
            Chunking::Never => config::Chunking::Never,
            Chunking::Auto => config::Chunking::Auto,
            Chunking::Always => config::Chunking::Always,
        });
        strategy
    }
}
