//! The progress of the transfer, and a bar for a long one.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pilotfish::session::Progress;
use tracing::debug;

use crate::args::GlobalArguments;

/// A shorter transfer needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

const TEMPLATE: &str = "{bar:32} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

/// Follows one transfer.
#[derive(Clone)]
pub(crate) struct ProgressWatcher {
    done: Arc<AtomicBool>,
    /// `None` where no bar is wanted. It is made with the first block: connecting and logging in are
    /// not part of the transfer.
    bar: Option<Arc<OnceLock<ProgressBar>>>,
}

/// Whether standard error is a terminal that can draw, and nothing else is written to it.
pub(crate) fn can_draw(global: &GlobalArguments) -> bool {
    let quiet = global.quiet || global.transcript || global.verbose > 0;
    let can_draw = std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
    !quiet && can_draw && std::io::stderr().is_terminal()
}

impl ProgressWatcher {
    /// Shows a bar where one can be drawn.
    pub(crate) fn watched_by(global: &GlobalArguments) -> Self {
        Self {
            done: Arc::default(),
            bar: can_draw(global).then(Arc::default),
        }
    }

    /// What the client calls.
    pub(crate) fn observer(&self) -> impl Fn(Progress<'_>) + Send + Sync + 'static {
        let transfer = self.clone();
        move |progress| {
            let is_done = progress.sent == progress.total;
            if let Some(bar) = &transfer.bar {
                let bar = bar.get_or_init(|| hidden_bar(Some(progress.total), TEMPLATE));
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
        if let Some(bar) = self.bar.as_ref().and_then(|bar| bar.get()) {
            bar.finish_and_clear();
        }
    }
}

/// A hidden bar, which already measures the speed.
pub(super) fn hidden_bar(total: Option<u64>, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden())
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
