//! The progress of the transfer, and a bar for a long one.

use std::fmt;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pilotfish::session::Progress;
use tracing::debug;

use crate::args::GlobalArguments;
use crate::output::logging::Retried;
use crate::terminal::quantity::{Size, Span};
use crate::terminal::style::Stream;
use crate::terminal::wrap::{columns, width};

/// A shorter transfer needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The columns of the bar where the line has room for them.
const BAR: usize = 16;

/// The columns of what stands after the bar: `  61 %  1.8 MB/s  59 min left`.
const FIGURES: usize = 29;

/// Follows one transfer.
#[derive(Clone)]
pub(crate) struct ProgressWatcher {
    done: Arc<AtomicBool>,
    /// How often the mail had been sent again by then.
    done_in: Arc<AtomicU32>,
    retried: Retried,
    /// `None` where no bar is wanted. It is made with the first block: connecting and logging in are
    /// not part of the transfer.
    bar: Option<Arc<OnceLock<ProgressBar>>>,
    /// The server, as the bar names it.
    host: String,
}

/// Whether standard error is a terminal that can draw, and nothing else is written to it.
pub(crate) fn can_draw(global: &GlobalArguments) -> bool {
    let quiet = global.quiet || global.hides_progress() || global.transcript || global.verbose > 0;
    let can_draw = std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
    !quiet && can_draw && std::io::stderr().is_terminal()
}

impl ProgressWatcher {
    /// Shows a bar where one can be drawn.
    pub(crate) fn watched_by(global: &GlobalArguments, host: &str, retried: &Retried) -> Self {
        Self {
            done: Arc::default(),
            done_in: Arc::default(),
            retried: retried.clone(),
            bar: can_draw(global).then(Arc::default),
            host: host.to_owned(),
        }
    }

    /// What the client calls.
    pub(crate) fn observer(&self) -> impl Fn(Progress<'_>) + Send + Sync + 'static {
        let transfer = self.clone();
        move |progress| {
            let is_done = progress.sent == progress.total;
            if let Some(bar) = &transfer.bar {
                let bar = bar.get_or_init(|| transfer_bar(progress.total, &transfer.host));
                // Another attempt begins.
                if progress.sent < bar.position() {
                    bar.set_draw_target(ProgressDrawTarget::hidden());
                    bar.reset();
                }
                bar.set_position(progress.sent);
                if bar.elapsed() >= PATIENCE && bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
            }
            let attempt = transfer.retried.so_far();
            transfer.done_in.store(attempt, Ordering::SeqCst);
            // A mail in portions is sent several times.
            transfer.done.store(is_done, Ordering::SeqCst);
            if is_done {
                debug!("the mail has left, end of data included");
                transfer.clear_bar();
            }
        }
    }

    /// Whether the whole mail was sent, end of data included, in the present attempt.
    pub(crate) fn is_done(&self) -> bool {
        let is_present = self.done_in.load(Ordering::SeqCst) == self.retried.so_far();
        is_present && self.done.load(Ordering::SeqCst)
    }

    /// Clears the bar, before anything else is printed.
    pub(crate) fn clear_bar(&self) {
        if let Some(bar) = self.bar.as_ref().and_then(|bar| bar.get()) {
            bar.finish_and_clear();
        }
    }
}

/// A bar such as `sending 26.2 MB to smtp.example.org  ██████░░░░  61 %  1.8 MB/s  6 s left`.
fn transfer_bar(total: u64, host: &str) -> ProgressBar {
    let stream = Stream::stderr();
    let (title, room) = title(total, host, width(std::io::stderr()));
    let bar = match room {
        0 => String::new(),
        room => format!("  {{bar:{room}}}"),
    };
    let template = format!("{{prefix}}{bar}  {{percent}} %{{pace}}");
    let (filled, empty) = if stream.is_utf8 {
        ("█", "░")
    } else {
        ("#", ".")
    };
    let style = ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars(&format!("{filled}{empty}"))
        .with_key(
            "pace",
            |state: &ProgressState, line: &mut dyn fmt::Write| {
                // A line that cannot be written is not drawn.
                let _ = line.write_str(&pace(bytes_per_second(state), state.eta()));
            },
        );
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden())
        .with_style(style)
        .with_prefix(title)
}

/// What stands before the bar, and how many columns the bar has: the line never breaks.
fn title(total: u64, host: &str, width: usize) -> (String, usize) {
    let long = format!("sending {} to {host}", Size(total));
    let room = |title: &str| width.saturating_sub(columns(title) + "  ".len() + FIGURES);
    match room(&long) {
        0..4 => {
            let short = format!("sending {}", Size(total));
            let room = room(&short).min(BAR);
            (short, room)
        }
        room => (long, room.min(BAR)),
    }
}

/// How fast the mail leaves, and how long the rest will take, as far as that can be known.
fn pace(bytes_per_second: u64, left: Duration) -> String {
    let speed = format!("  {}/s", Size(bytes_per_second));
    match left.as_secs() {
        0 if left.is_zero() => speed,
        seconds => format!(
            "{speed}  {} left",
            Span(Duration::from_secs(seconds.max(1)))
        ),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a speed is not negative, and one of more than 18 EB/s is shown as that"
)]
fn bytes_per_second(state: &ProgressState) -> u64 {
    state.per_sec() as u64
}

/// A hidden line of this text alone.
pub(super) fn hidden_line() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}");
    ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fits_into_the_line() {
        let host = "smtp.gmail.com";
        for (width, expected) in [
            (100, ("sending 26.2 MB to smtp.gmail.com", 16)),
            (80, ("sending 26.2 MB to smtp.gmail.com", 16)),
            (70, ("sending 26.2 MB to smtp.gmail.com", 6)),
            (67, ("sending 26.2 MB", 16)),
            (50, ("sending 26.2 MB", 4)),
            (20, ("sending 26.2 MB", 0)),
        ] {
            let (title, room) = title(26_200_000, host, width);
            assert_eq!((title.as_str(), room), expected, "{width}");
        }
    }

    #[test]
    fn the_rest_has_a_time_once_the_speed_is_known() {
        for (speed, left, expected) in [
            (1_800_000, 6_400, "  1.8 MB/s  6 s left"),
            (812, 300, "  812 bytes/s  1 s left"),
            (1_000, 125_000, "  1.0 kB/s  2 min left"),
            (0, 0, "  0 bytes/s"),
        ] {
            assert_eq!(pace(speed, Duration::from_millis(left)), expected);
        }
    }
}
