//! What takes figures down: whatever recorder `metrics` has.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::Label;

/// Calls the recorder, whose panics are its own: what they would end is a session, or a lock that
/// others need.
fn record<T>(call: impl FnOnce() -> T, otherwise: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| otherwise())
}

#[derive(Debug)]
pub(super) struct Counter(metrics::Counter);

#[derive(Debug)]
pub(super) struct Gauge(metrics::Gauge);

#[derive(Debug)]
pub(super) struct Histogram(metrics::Histogram);

fn owned(labels: &[Label<'_>]) -> Vec<metrics::Label> {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| metrics::Label::new(*name, (*value).to_owned()));
    labels.collect()
}

impl Counter {
    pub(super) fn new(name: &'static str, labels: &[Label<'_>]) -> Self {
        Self(record(
            || metrics::counter!(name, owned(labels)),
            metrics::Counter::noop,
        ))
    }

    pub(super) fn increment(&self, by: u64) {
        record(|| self.0.increment(by), || ());
    }
}

impl Gauge {
    pub(super) fn new(name: &'static str, labels: &[Label<'_>]) -> Self {
        Self(record(
            || metrics::gauge!(name, owned(labels)),
            metrics::Gauge::noop,
        ))
    }

    pub(super) fn increment(&self, by: f64) {
        record(|| self.0.increment(by), || ());
    }
}

impl Histogram {
    pub(super) fn new(name: &'static str, labels: &[Label<'_>]) -> Self {
        Self(record(
            || metrics::histogram!(name, owned(labels)),
            metrics::Histogram::noop,
        ))
    }

    pub(super) fn record(&self, duration: Duration) {
        record(|| self.0.record(duration), || ());
    }
}
