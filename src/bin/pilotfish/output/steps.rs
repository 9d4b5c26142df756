//! `-v`: a line for each step that a person wants to know of.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::wire_event::WireEvent;

/// Prints the steps up to the mail itself.
pub(super) struct Steps {
    started: Instant,
    seen: Mutex<Seen>,
}

/// What the last lines were.
#[derive(Default)]
struct Seen {
    /// Whether the next line of the server is its greeting.
    greeting_is_due: bool,
    /// The mechanism of a login that has no answer yet.
    mechanism: Option<String>,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            seen: Mutex::default(),
        }
    }
}

impl Seen {
    /// The step that an event shows, if it shows one.
    fn step(&mut self, line: &WireEvent) -> Option<String> {
        match line.from.as_str() {
            "network" => {
                self.greeting_is_due = true;
                Some(line.text.clone())
            }
            "tls" => Some(format!("encrypted by {}", line.text)),
            "client" => {
                let mechanism = line.text.strip_prefix("AUTH ");
                let mechanism = mechanism.and_then(|rest| rest.split(' ').next());
                if let Some(mechanism) = mechanism {
                    self.mechanism = Some(mechanism.to_owned());
                }
                None
            }
            _ if std::mem::take(&mut self.greeting_is_due) => {
                Some(format!("the server says: {}", line.text))
            }
            _ if line.text.starts_with("235") => {
                let mechanism = self.mechanism.take()?;
                Some(format!("logged in by {mechanism}"))
            }
            _ => None,
        }
    }
}

impl<S: Subscriber> Layer<S> for Steps {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = WireEvent::of(event);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = seen.step(&line) {
            let after = self.started.elapsed().as_millis();
            let _ = writeln!(std::io::stderr(), "{step} (after {after} ms)");
        }
    }
}
