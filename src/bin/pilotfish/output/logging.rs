//! The log on standard error.

use std::fmt;
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
use super::steps::{RoundTrips, steps};
use super::waiting::Waiting;
use crate::args::GlobalArguments;
use crate::terminal::quantity::{Size, Span, counted};
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
        .then(|| OnEvent(transcript(has_times)).with_filter(wire(LevelFilter::TRACE)));
    let round_trips = RoundTrips::default();
    let steps = (global.verbose == 1 && transcript.is_none()).then(|| {
        // The dialogue, and what the library says about TLS and the login.
        let all = Targets::new().with_target("pilotfish", LevelFilter::TRACE);
        OnEvent(steps(round_trips.clone())).with_filter(all)
    });
    let waiting = can_draw(global).then(Waiting::default);
    let watched = waiting.clone().map(|waiting| {
        OnEvent(move |line| waiting.state().see(&line)).with_filter(wire(LevelFilter::TRACE))
    });
    let count = Retried::default();
    let counted = {
        let count = count.clone();
        OnEvent(move |event: LibraryEvent| {
            if event.wait.is_some() {
                count.count();
            }
        })
        .with_filter(retry())
    };
    // A terminal shows the wait, and -vvv the event.
    let retries = (!global.quiet && waiting.is_none() && global.verbose < 3).then(|| {
        let last = Mutex::new(None);
        OnEvent(move |event: LibraryEvent| {
            let (Some(wait), Some(error)) = (event.wait, event.error) else {
                return;
            };
            // A server that cannot be reached is tried every few seconds.
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.replace(error.clone()).as_ref() != Some(&error) {
                let again = format!("Pilotfish tries again in {}: {error}", Span(wait));
                report::notice(&painted(DIM, again));
            }
        })
        .with_filter(retry())
    });
    let shown = waiting.clone().map(|waiting| {
        OnEvent(move |event: LibraryEvent| {
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
        round_trips,
    }
}

/// What is seen of the dialogue while a mail is sent.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    /// The source of the waiting line, if the terminal shows one.
    pub(crate) waiting: Option<Waiting>,
    pub(crate) retried: Retried,
    /// Counted with `-v` alone.
    pub(crate) round_trips: RoundTrips,
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
/// The message itself is only counted. Lines that begin with the time since the start are aligned.
fn transcript(has_times: bool) -> impl Fn(LibraryEvent) {
    let started = Instant::now();
    // Octets of the message so far.
    let sent = AtomicU64::new(0);
    move |line| {
        let mark = match (line.from.as_str(), line.tls) {
            ("client", false) => " ->",
            ("client", true) => " ~>",
            ("server", false) => "<- ",
            ("server", true) => "<~ ",
            _ => "===",
        };
        let text = match line.octets {
            None => hidden_counted(&line.text),
            Some(octets) => {
                let total = sent.fetch_add(octets, Ordering::Relaxed) + octets;
                let what = match line.text.as_str() {
                    "last block" => "content and end of mail",
                    "last chunk" => "content",
                    _ => return,
                };
                sent.store(0, Ordering::Relaxed);
                format!("<{what}, {}>", Size(total))
            }
        };
        let line = if has_times {
            let mark = painted(DIM, mark);
            format!("{:>5} ms  {mark}  {text}", started.elapsed().as_millis())
        } else {
            format!("{} {text}", mark.trim())
        };
        report::notice(&line);
    }
}

/// What the library shows in place of a secret, with its length as people read it.
fn hidden_counted(text: &str) -> String {
    let hidden = || {
        let (before, rest) = text.split_once("<redacted ")?;
        let length = rest.strip_suffix(" octets>")?.parse().ok()?;
        let length = counted(length, "byte", "bytes");
        Some(format!("{before}<{length} hidden>"))
    };
    hidden().unwrap_or_else(|| text.to_owned())
}

/// The fields of an event of the library: of the wire, of TLS and the login, or of an attempt.
#[derive(Default)]
pub(super) struct LibraryEvent {
    /// `client`, `server`, `tls` or `network`.
    pub(super) from: String,
    pub(super) tls: bool,
    /// How many octets of the message these are, if it is a part of the message.
    pub(super) octets: Option<u64>,
    pub(super) text: String,
    /// How long the client waits until it sends a mail again, and why.
    pub(super) wait: Option<Duration>,
    pub(super) error: Option<String>,
    /// What TLS agreed on.
    pub(super) version: Option<String>,
    pub(super) key_exchange: Option<String>,
    /// The name in the certificate, and until when it is valid, in seconds since 1970.
    pub(super) certificate: Option<String>,
    pub(super) not_after: Option<u64>,
    /// Who has logged in, and by which mechanism.
    pub(super) user: Option<String>,
    pub(super) mechanism: Option<String>,
}

/// Calls a function with each event that the filter lets through.
struct OnEvent<F>(F);

impl<S: Subscriber, F: Fn(LibraryEvent) + 'static> Layer<S> for OnEvent<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = LibraryEvent::default();
        event.record(&mut line);
        (self.0)(line);
    }
}

impl Visit for LibraryEvent {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.text = format!("{value:?}");
        } else if field.name() == "error" {
            self.error = Some(format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let shown = Some(value.escape_debug().to_string());
        match field.name() {
            "from" => value.clone_into(&mut self.from),
            "version" => self.version = shown,
            "key_exchange" => self.key_exchange = shown,
            "certificate" => self.certificate = shown,
            "user" => self.user = shown,
            "mechanism" => self.mechanism = shown,
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "tls" {
            self.tls = value;
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "octets" => self.octets = Some(value),
            "wait_ms" => self.wait = Some(Duration::from_millis(value)),
            "not_after" => self.not_after = Some(value),
            _ => {}
        }
    }
}
