//! How far the transfer is, and a bar for those that last.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pilotfish::session::Progress;

use crate::args::OutputArguments;

/// What is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Follows one transfer.
#[derive(Clone)]
pub(crate) struct Transfer {
    done: Arc<AtomicBool>,
    /// `None` where no bar is wanted.
    bar: Option<Arc<Bar>>,
}

struct Bar {
    started: Instant,
    /// `None` until the transfer has lasted.
    shown: Mutex<Option<ProgressBar>>,
}

impl Transfer {
    /// Shows a bar if standard error is a terminal that nothing else is written to.
    pub(crate) fn watched_by(output: &OutputArguments) -> Self {
        let quiet = output.quiet || output.transcript || output.verbose > 0;
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            Arc::new(Bar {
                started: Instant::now(),
                shown: Mutex::new(None),
            })
        });
        Self {
            done: Arc::default(),
            bar,
        }
    }

    /// What the client calls.
    pub(crate) fn observer(&self) -> impl Fn(Progress) + Send + Sync + 'static {
        let transfer = self.clone();
        move |progress| {
            if progress.sent == progress.total {
                transfer.done.store(true, Ordering::SeqCst);
            }
            if let Some(bar) = &transfer.bar {
                bar.update(progress);
            }
        }
    }

    /// Whether the mail has left, end of data included.
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }

    /// Takes the bar away, before anything else is printed.
    pub(crate) fn clear_bar(&self) {
        if let Some(bar) = &self.bar
            && let Ok(Some(shown)) = bar.shown.lock().as_deref()
        {
            shown.finish_and_clear();
        }
    }
}

impl Bar {
    fn update(&self, progress: Progress) {
        let Ok(mut shown) = self.shown.lock() else {
            return;
        };
        if shown.is_none() && self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = shown.get_or_insert_with(|| {
            let style = ProgressStyle::with_template(
                "{bar:32} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            );
            ProgressBar::new(progress.total)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(progress.sent);
    }
}
