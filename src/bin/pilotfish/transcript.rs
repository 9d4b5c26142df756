//! The dialogue as a person reads it: `->` and `<-` in clear text, `~>` and `<~` within TLS.

use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Prints the events of the wire. The message itself is only counted.
#[derive(Default)]
pub(crate) struct Transcript {
    /// Octets of the message so far.
    octets: AtomicU64,
}

/// The fields of an event of the wire.
#[derive(Default)]
struct Line {
    from: String,
    tls: bool,
    octets: Option<u64>,
    text: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.text = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "from" => value.clone_into(&mut self.from),
            "message" => value.clone_into(&mut self.text),
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "tls" {
            self.tls = value;
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "octets" {
            self.octets = Some(value);
        }
    }
}

impl<S: Subscriber> Layer<S> for Transcript {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
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
        let _ = writeln!(std::io::stderr(), "{mark} {text}");
    }
}
