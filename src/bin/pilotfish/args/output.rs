//! What the command prints and writes.

use std::path::PathBuf;

use clap::{ArgAction, Args};

/// Writing the message instead of sending it.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct DryRunArguments {
    /// Write the octets that would be sent, and send nothing.
    ///
    /// They are those for a server that takes 7 bits alone, unless --body says otherwise.
    #[arg(short = 'n', long, conflicts_with = "json")]
    pub(crate) dry_run: bool,

    /// Where --dry-run writes to, - for standard output.
    ///
    /// A file gets this name when all of it is written, and an old one is replaced then.
    #[arg(
        short,
        long,
        value_name = "FILE|-",
        default_value = "-",
        requires = "dry_run"
    )]
    pub(crate) output: PathBuf,
}

/// What the command prints.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// Show the dialogue on standard error, without secrets.
    #[arg(long)]
    pub(crate) transcript: bool,

    /// Print the outcome as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    /// Print each step; twice: the dialogue with times; three times: everything.
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Print nothing but errors.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}
