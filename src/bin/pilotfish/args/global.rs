//! The options of all commands.

use std::path::PathBuf;

use anstream::ColorChoice;
use clap::{ArgAction, Args};

use super::{Words, rows, words};
use crate::auth::Logins;
use crate::output::log::LogPlace;

const COLORS: Words<ColorChoice> = rows! {
    "auto" = ColorChoice::Auto => "On a terminal, unless NO_COLOR is set or TERM is dumb";
    "always" = ColorChoice::Always => "Everywhere";
    "never" = ColorChoice::Never => "Nowhere";
};

const PROGRESS: Words<ShowsProgress> = rows! {
    "auto" = ShowsProgress::Auto => "On a terminal, after a second";
    "never" = ShowsProgress::Never => "Never";
};

/// When the progress of a transfer, or a wait, is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ShowsProgress {
    #[default]
    Auto,
    Never,
}

/// The options of all commands, which may stand before the command or after it.
#[derive(Args, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct GlobalArguments {
    /// Use this account.
    #[arg(
        short = 'A',
        long,
        value_name = "NAME",
        global = true,
        hide_short_help = true,
        help_heading = "Account"
    )]
    pub(crate) account: Option<String>,

    /// Read accounts and settings from this file alone.
    #[arg(
        short = 'C',
        long,
        value_name = "FILE",
        global = true,
        hide_short_help = true,
        help_heading = "Account"
    )]
    pub(crate) config: Option<PathBuf>,

    /// Print the outcome as one JSON object.
    #[arg(long, global = true, hide_short_help = true, help_heading = "Output")]
    pub(crate) json: bool,

    /// Print each step; twice: the dialogue with times; three times: everything.
    #[arg(short, long, action = ArgAction::Count, global = true, hide_short_help = true,
          help_heading = "Output")]
    pub(crate) verbose: u8,

    /// Print nothing but errors.
    #[arg(
        short,
        long,
        conflicts_with = "verbose",
        global = true,
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub(crate) quiet: bool,

    /// Show the dialogue with the server on standard error, without secrets.
    #[arg(long, global = true, hide_short_help = true, help_heading = "Output")]
    pub(crate) transcript: bool,

    /// Add a line for each mail: to a file, the system log, or the journal.
    #[arg(
        long,
        value_name = "FILE|syslog|journald",
        global = true,
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub(crate) log: Option<LogPlace>,

    /// Never ask. A question that has to be answered is an error (status 64).
    #[arg(long, global = true, hide_short_help = true, help_heading = "Output")]
    pub(crate) no_input: bool,

    /// When to show the progress of a mail, and what Pilotfish waits for [default: auto].
    #[arg(long, value_parser = words(PROGRESS), value_name = "WHEN", global = true,
          hide_short_help = true, help_heading = "Output")]
    pub(crate) progress: Option<ShowsProgress>,

    /// When to use colours [default: auto].
    #[arg(long, value_parser = words(COLORS), value_name = "WHEN", global = true,
          hide_short_help = true, help_heading = "Output")]
    pub(crate) color: Option<ColorChoice>,

    /// The names of the command, such as `send` or `account add`; empty if there is none.
    #[arg(skip)]
    pub(crate) command: String,

    /// Errors are in the exit status alone: `-oeq` of sendmail(1).
    #[arg(skip)]
    pub(crate) is_silent: bool,

    /// The logins in use.
    #[arg(skip)]
    pub(crate) logins: Logins,
}

/// The commands whose outcome is that of a mail.
const OF_MAILS: [&str; 3] = ["send", "sendmail", "demo"];

impl GlobalArguments {
    /// Whether the outcome of the command is that of a mail.
    pub(crate) fn is_of_mail(&self) -> bool {
        OF_MAILS.contains(&self.command.as_str())
    }

    /// Whether neither the progress of a mail nor a wait is shown.
    pub(crate) fn hides_progress(&self) -> bool {
        self.progress == Some(ShowsProgress::Never)
    }

    /// Whether the dialogue with the server is printed.
    pub(crate) fn shows_dialogue(&self) -> bool {
        self.transcript || self.verbose > 1
    }
}
