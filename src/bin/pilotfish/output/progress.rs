//! The progress of the transfer, and a bar for a long one.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pilotfish::session::Progress;
use tracing::debug;

use crate::args::OutputArguments;

/// A shorter transfer needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Follows one transfer.
#[derive(Clone)]
pub(crate) struct ProgressWatcher {
    done: Arc<AtomicBool>,
    /// `None` where no bar is wanted.
    bar: Option<Arc<Bar>>,
}

/// A bar that is hidden until the transfer has lasted.
#[derive(Default)]
struct Bar {
    /// Since the first block: connecting and logging in are not part of the transfer.
    begun: OnceLock<(Instant, ProgressBar)>,
    shown: AtomicBool,
}

/// Whether standard error is a terminal that can draw, and nothing else is written to it.
pub(crate) fn can_draw(output: &OutputArguments) -> bool {
    let quiet = output.quiet || output.transcript || output.verbose > 0;
    let can_draw = std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
    !quiet && can_draw && std::io::stderr().is_terminal()
}

impl ProgressWatcher {
    /// Shows a bar where one can be drawn.
    pub(crate) fn watched_by(output: &OutputArguments) -> Self {
        Self {
            done: Arc::default(),
            bar: can_draw(output).then(Arc::default),
        }
    }

    /// What the client calls.
    pub(crate) fn observer(&self) -> impl Fn(Progress<'_>) + Send + Sync + 'static {
        let transfer = self.clone();
        move |progress| {
            let is_done = progress.sent == progress.total;
            if let Some(bar) = &transfer.bar {
                bar.update(progress);
            }
            // A mail in portions is sent several times.
            transfer.done.store(is_done, Ordering::SeqCst);
            if is_done {
                debug!("the mail has left, end of data included");
                transfer.clear_bar();
            }
        }
    }

    /// Whether the whole mail was sent, end of data included.
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }

    /// Clears the bar, before anything else is printed.
    pub(crate) fn clear_bar(&self) {
        if let Some((_, bar)) = self.bar.as_ref().and_then(|bar| bar.begun.get()) {
            bar.finish_and_clear();
        }
    }
}

impl Bar {
    fn update(&self, progress: Progress<'_>) {
        let (begun, bar) = self
            .begun
            .get_or_init(|| (Instant::now(), hidden(progress.total)));
        bar.set_position(progress.sent);
        if begun.elapsed() >= PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

/// A hidden bar, which already measures the speed.
fn hidden(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{bar:32} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
    );
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden())
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
