//! How the command goes about one mail.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::{Span, SpanRelativeTo};

use super::{Words, rows, words};

const CONFIRM: Words<Confirm> = rows! {
    "auto" = Confirm::Auto => "On a terminal, when something looks like a mistake";
    "always" = Confirm::Always => "Before each mail";
    "never" = Confirm::Never => "Never";
};

/// When the command asks before it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Confirm {
    #[default]
    Auto,
    Always,
    Never,
}

/// How the command goes about one mail.
#[derive(Args)]
#[command(next_help_heading = "Delivery")]
pub(crate) struct SendingArguments {
    /// Try again for this long, such as 30m, while the server defers the mail or cannot be reached.
    ///
    /// If some recipients have the mail, it is sent again to the deferred ones alone.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) retry: Option<Duration>,

    /// Keep a copy of what was accepted: in a new file, or in a Maildir.
    ///
    /// Only you can read it, and it has the field Bcc with the addresses of --bcc.
    #[arg(long, value_name = "FILE|MAILDIR", hide_short_help = true)]
    pub(crate) save_copy: Option<PathBuf>,

    /// When to ask before the mail is sent: a domain looks like a typing error, the text speaks of an
    /// attachment and there is none, or over 20 recipients see each other [default: auto].
    #[arg(long, value_name = "WHEN", value_parser = words(CONFIRM), hide_short_help = true)]
    confirm: Option<Confirm>,

    /// Do not ask before the mail is sent: --confirm never.
    #[arg(short, long, conflicts_with = "confirm", hide_short_help = true)]
    yes: bool,
}

impl SendingArguments {
    /// When to ask before the mail is sent.
    pub(crate) fn confirm(&self) -> Confirm {
        if self.yes {
            Confirm::Never
        } else {
            self.confirm.unwrap_or_default()
        }
    }
}

/// A time of at most a week.
fn time(text: &str) -> Result<Duration, String> {
    const MOST: Duration = Duration::from_hours(7 * 24);
    let span: Option<Span> = text.parse().ok();
    let time = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let time = time.and_then(|time| Duration::try_from(time).ok());
    time.filter(|time| !time.is_zero() && *time <= MOST)
        .ok_or_else(|| "write a time as in 90s, 30m, 2h or 3d".to_owned())
}
