//! The dialogue as a person reads it: `->` and `<-` in clear text, `~>` and `<~` within TLS.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::wire_event::WireEvent;

/// Whether each line begins with the time since the start.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Shown,
    Hidden,
}

/// Prints the events of the wire. The message itself is only counted.
pub(super) struct Transcript {
    times: Times,
    started: Instant,
    /// Octets of the message so far.
    octets: AtomicU64,
}

impl Transcript {
    pub(super) fn new(times: Times) -> Self {
        Self {
            times,
            started: Instant::now(),
            octets: AtomicU64::new(0),
        }
    }
}

impl<S: Subscriber> Layer<S> for Transcript {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = WireEvent::of(event);
        let mark = match (line.from.as_str(), line.tls) {
            ("client", false) => "->",
            ("client", true) => "~>",
            ("server", false) => "<-",
            ("server", true) => "<~",
            _ => "===",
        };
        let text = match line.octets {
            None => line.text,
            Some(octets) => {
                let total = self.octets.fetch_add(octets, Ordering::Relaxed) + octets;
                let what = match line.text.as_str() {
                    "last block" => "message and end of data",
                    "last chunk" => "message",
                    _ => return,
                };
                self.octets.store(0, Ordering::Relaxed);
                format!("<{what}, {total} octets>")
            }
        };
        let time = match self.times {
            Times::Shown => format!("{:>6} ms  ", self.started.elapsed().as_millis()),
            Times::Hidden => String::new(),
        };
        let _ = writeln!(std::io::stderr(), "{time}{mark} {text}");
    }
}
