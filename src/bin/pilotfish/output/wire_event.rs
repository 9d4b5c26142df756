//! One event of the wire.

use std::fmt;

use tracing::Event;
use tracing::field::{Field, Visit};

/// The fields of an event of the wire.
#[derive(Default)]
pub(super) struct WireEvent {
    /// `client`, `server`, `tls` or `network`.
    pub(super) from: String,
    pub(super) tls: bool,
    /// How many octets of the message these are, if it is a part of the message.
    pub(super) octets: Option<u64>,
    pub(super) text: String,
}

impl WireEvent {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let mut line = Self::default();
        event.record(&mut line);
        line
    }

    /// Whether this is the last line of a reply (RFC 5321 section 4.2.1).
    pub(super) fn ends_a_reply(&self) -> bool {
        self.from == "server" && self.text.as_bytes().get(3) != Some(&b'-')
    }
}

impl Visit for WireEvent {
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
