//! Captures what a client logs in a test.

use std::cell::{Cell, RefCell};
use std::fmt::{Debug, Write as _};
use std::rc::Rc;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{self, Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

thread_local! {
    static RECORD: RefCell<Option<Record>> = const { RefCell::new(None) };
    static PANICS_AT: Cell<Option<&str>> = const { Cell::new(None) };
    static PANICS_FOREVER: Cell<bool> = const { Cell::new(false) };
}

type Record = Rc<RefCell<Vec<Logged>>>;

/// An event or a new span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) target: String,
    pub(crate) level: String,
    /// The id of the span. `None` for an event.
    span: Option<Id>,
    /// The message of an event, or the name of a span.
    pub(crate) message: String,
    /// The field `from`: the side that sent the line.
    pub(crate) from: String,
    /// The parent span. Empty if there is none.
    pub(crate) within: String,
    /// All other fields, including those recorded later, as `name=value` with a space before each.
    pub(crate) fields: String,
}

/// Collects all events and spans of the thread, at every level, until it is dropped.
///
/// The process has only one subscriber: `tracing` caches the interest of callsites, and the caches
/// of parallel tests would conflict.
#[derive(Debug)]
pub(crate) struct Capture(Record);

impl Capture {
    pub(crate) fn begin() -> Self {
        static INSTALL: Once = Once::new();
        INSTALL.call_once(|| {
            let subscriber = tracing_subscriber::registry().with(Recorder);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        let record = Record::default();
        RECORD.set(Some(Rc::clone(&record)));
        Self(record)
    }

    /// The same as [`Self::begin`], with a panic at the first event whose message begins with this
    /// text.
    pub(crate) fn panicking_at(message: &'static str) -> Self {
        PANICS_AT.set(Some(message));
        Self::begin()
    }

    /// The same, with a panic at that event and at all later ones.
    pub(crate) fn panicking_from(message: &'static str) -> Self {
        PANICS_FOREVER.set(true);
        Self::panicking_at(message)
    }

    pub(crate) fn all(&self) -> Vec<Logged> {
        self.0.borrow().clone()
    }

    /// The dialogue: `C: ` or `S: ` and a line, and `-- ... --` for everything else.
    pub(crate) fn dialogue(&self) -> Vec<String> {
        let wire = self.all().into_iter();
        let wire = wire.filter(|logged| logged.target == "pilotfish::wire");
        wire.map(|logged| match logged.from.as_str() {
            "client" if logged.level == "DEBUG" => format!("C: {}", logged.message),
            "server" => format!("S: {}", logged.message),
            _ => format!("-- {}{} --", logged.message, logged.fields),
        })
        .collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        RECORD.set(None);
        PANICS_AT.set(None);
        PANICS_FOREVER.set(false);
    }
}

struct Recorder;

fn record(logged: Logged) {
    if PANICS_AT
        .get()
        .is_some_and(|message| logged.message.starts_with(message))
    {
        PANICS_AT.set(PANICS_FOREVER.get().then_some(""));
        panic!("on purpose");
    }
    RECORD.with_borrow(|record| {
        if let Some(record) = record {
            record.borrow_mut().push(logged);
        }
    });
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let within = context.event_span(event).map(|span| span.name());
        let mut logged = Logged {
            within: within.unwrap_or_default().to_owned(),
            target: event.metadata().target().to_owned(),
            level: event.metadata().level().to_string(),
            ..Logged::default()
        };
        event.record(&mut logged);
        record(logged);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let within = context
            .span(id)
            .and_then(|span| Some(span.parent()?.name()));
        let mut logged = Logged {
            span: Some(id.clone()),
            within: within.unwrap_or_default().to_owned(),
            target: attributes.metadata().target().to_owned(),
            level: attributes.metadata().level().to_string(),
            message: attributes.metadata().name().to_owned(),
            ..Logged::default()
        };
        attributes.record(&mut logged);
        record(logged);
    }

    fn on_record(&self, id: &Id, values: &span::Record<'_>, _: Context<'_, S>) {
        RECORD.with_borrow(|record| {
            let mut record = record.as_ref().map(|record| record.borrow_mut());
            let all = record.iter_mut().flat_map(|record| record.iter_mut());
            // Ids are reused.
            if let Some(span) = all.rev().find(|logged| logged.span.as_ref() == Some(id)) {
                values.record(span);
            }
        });
    }
}

impl Visit for Logged {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => write!(self.fields, " {name}={value:?}").unwrap(),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "from" => value.clone_into(&mut self.from),
            _ => self.record_debug(field, &value),
        }
    }
}
