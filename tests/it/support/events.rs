//! What a test's client logs.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::rc::Rc;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

thread_local! {
    static RECORD: RefCell<Option<Record>> = const { RefCell::new(None) };
}

type Record = Rc<RefCell<Vec<Logged>>>;

/// An event or a new span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) target: String,
    pub(crate) level: String,
    /// The message of an event, the name of a span.
    pub(crate) message: String,
    /// The field `from`, which says who spoke.
    pub(crate) from: String,
    /// All other fields, as `name=value` with a space in front of each.
    pub(crate) fields: String,
}

/// Collects all events and spans of the thread, at every level, until it is dropped.
///
/// There is one subscriber for the whole process, since what `tracing` remembers about places
/// in the code would be wrong for one of several tests that run side by side.
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

    pub(crate) fn all(&self) -> Vec<Logged> {
        self.0.borrow().clone()
    }

    /// The dialogue: `C: ` or `S: ` and a line, and `-- ... --` for all else.
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
    }
}

struct Recorder;

fn record(logged: Logged) {
    RECORD.with_borrow(|record| {
        if let Some(record) = record {
            record.borrow_mut().push(logged);
        }
    });
}

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut logged = Logged {
            target: event.metadata().target().to_owned(),
            level: event.metadata().level().to_string(),
            ..Logged::default()
        };
        event.record(&mut logged);
        record(logged);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut logged = Logged {
            target: attributes.metadata().target().to_owned(),
            level: attributes.metadata().level().to_string(),
            message: attributes.metadata().name().to_owned(),
            ..Logged::default()
        };
        attributes.record(&mut logged);
        record(logged);
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
