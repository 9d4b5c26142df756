//! The log on standard error.

use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::progress::can_draw;
use super::report;
use super::waiting::Waiting;
use crate::args::GlobalArguments;
use crate::terminal::quantity::Span;
use crate::terminal::style::{DIM, painted};

/// Where the library says that a mail is sent again.
const RETRY: &str = "pilotfish::client::pool";

/// Where the library shows the dialogue.
const WIRE: &str = "pilotfish::wire";

/// Sets up the log: the steps by `-v`, the dialogue with times by `-vv`, everything by
/// `-vvv`; the dialogue alone by `--transcript`.
///
/// Returns what the commands that send a mail need of it.
pub(crate) fn init(global: &GlobalArguments) -> Watch {
    let wire = |level| Targets::new().with_target(WIRE, level);
    let has_times = global.verbose > 1;
    let transcript = (global.shows_dialogue())
        .then(|| OnWireEvent(transcript(has_times)).with_filter(wire(LevelFilter::TRACE)));
    let steps = (global.verbose == 1 && transcript.is_none())
        .then(|| OnWireEvent(steps()).with_filter(wire(LevelFilter::DEBUG)));
    let waiting = can_draw(global).then(Waiting::default);
    let watched = waiting.clone().map(|waiting| {
        OnWireEvent(move |line| waiting.state().see(&line)).with_filter(wire(LevelFilter::TRACE))
    });
    let count = Retried::default();
    let counted = {
        let count = count.clone();
        OnWireEvent(move |event: WireEvent| {
            if event.wait.is_some() {
                count.count();
            }
        })
        .with_filter(retry())
    };
    // A terminal shows the wait, and -vvv the event.
    let retries = (!global.quiet && waiting.is_none() && global.verbose < 3).then(|| {
        OnWireEvent(|event: WireEvent| {
            if let (Some(wait), Some(error)) = (event.wait, event.error) {
                let again = format!("Pilotfish tries again in {}: {error}", Span(wait));
                report::notice(&painted(DIM, again));
            }
        })
        .with_filter(retry())
    });
    let shown = waiting.clone().map(|waiting| {
        OnWireEvent(move |event: WireEvent| {
            if let Some(wait) = event.wait {
                waiting.state().wait_for_next_attempt(wait);
            }
        })
        .with_filter(retry())
    });
    // The transcript shows the dialogue already.
    let log = (global.verbose >= 3).then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .with_filter(
                Targets::new()
                    .with_target("pilotfish", LevelFilter::TRACE)
                    .with_target(WIRE, LevelFilter::OFF),
            )
    });
    tracing_subscriber::registry()
        .with(transcript)
        .with(steps)
        .with(watched)
        .with(counted)
        .with(retries)
        .with(shown)
        .with(log)
        .init();
    Watch {
        waiting,
        retried: count,
    }
}

/// What is seen of the dialogue while a mail is sent.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    /// The source of the waiting line, if the terminal shows one.
    pub(crate) waiting: Option<Waiting>,
    pub(crate) retried: Retried,
}

/// How often mails were sent again.
#[derive(Clone, Default)]
pub(crate) struct Retried(Arc<AtomicU32>);

impl Retried {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn so_far(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

fn retry() -> Targets {
    Targets::new().with_target(RETRY, LevelFilter::DEBUG)
}

/// Prints the dialogue as a person reads it: `->` and `<-` in clear text, `~>` and `<~` within TLS.
/// The message itself is only counted. Each line may begin with the time since the start.
fn transcript(has_times: bool) -> impl Fn(WireEvent) {
    let started = Instant::now();
    // Octets of the message so far.
    let sent = AtomicU64::new(0);
    move |line| {
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
                let total = sent.fetch_add(octets, Ordering::Relaxed) + octets;
                let what = match line.text.as_str() {
                    "last block" => "message and end of data",
                    "last chunk" => "message",
                    _ => return,
                };
                sent.store(0, Ordering::Relaxed);
                format!("<{what}, {total} octets>")
            }
        };
        let time = if has_times {
            format!("{:>6} ms  ", started.elapsed().as_millis())
        } else {
            String::new()
        };
        let _ = writeln!(std::io::stderr(), "{time}{mark} {text}");
    }
}

/// Prints a line for each step that a person wants to know of, up to the mail itself.
fn steps() -> impl Fn(WireEvent) {
    let started = Instant::now();
    let seen = Mutex::new(Seen::default());
    move |line| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = seen.step(&line, started) {
            report::notice(&painted(DIM, step));
        }
    }
}

/// What the last lines were.
#[derive(Default)]
struct Seen {
    /// The mechanism of a login that has no answer yet.
    mechanism: Option<String>,
}

impl Seen {
    /// The step that an event shows, if it shows one.
    fn step(&mut self, line: &WireEvent, started: Instant) -> Option<String> {
        match line.from.as_str() {
            "network" => {
                let place = line.text.replacen(" port ", ":", 1);
                Some(format!("{place} in {}", Span(started.elapsed())))
            }
            "tls" => Some(line.text.replacen("TLSv", "TLS ", 1)),
            "client" => {
                let mechanism = line.text.strip_prefix("AUTH ");
                let mechanism = mechanism.and_then(|rest| rest.split(' ').next());
                if let Some(mechanism) = mechanism {
                    self.mechanism = Some(mechanism.to_owned());
                }
                None
            }
            _ if line.text.starts_with("235") => {
                let mechanism = self.mechanism.take()?;
                Some(format!("logged in ({mechanism})"))
            }
            _ => None,
        }
    }
}

/// The fields of an event of the wire.
#[derive(Default)]
pub(super) struct WireEvent {
    /// `client`, `server`, `tls` or `network`.
    pub(super) from: String,
    pub(super) tls: bool,
    /// How many octets of the message these are, if it is a part of the message.
    pub(super) octets: Option<u64>,
    pub(super) text: String,
    /// How long the client waits until it sends a mail again, and why.
    pub(super) wait: Option<Duration>,
    pub(super) error: Option<String>,
}

/// Calls a function with each event of the wire.
struct OnWireEvent<F>(F);

impl<S: Subscriber, F: Fn(WireEvent) + 'static> Layer<S> for OnWireEvent<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = WireEvent::default();
        event.record(&mut line);
        (self.0)(line);
    }
}

impl Visit for WireEvent {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.text = format!("{value:?}");
        } else if field.name() == "error" {
            self.error = Some(format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "from" {
            value.clone_into(&mut self.from);
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
        } else if field.name() == "wait_ms" {
            self.wait = Some(Duration::from_millis(value));
        }
    }
}
