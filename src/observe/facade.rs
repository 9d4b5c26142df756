//! What takes figures down: whatever recorder `metrics` has.

use std::time::Duration;

use super::Label;

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
        Self(metrics::counter!(name, owned(labels)))
    }

    pub(super) fn increment(&self, by: u64) {
        self.0.increment(by);
    }
}

impl Gauge {
    pub(super) fn new(name: &'static str, labels: &[Label<'_>]) -> Self {
        Self(metrics::gauge!(name, owned(labels)))
    }

    pub(super) fn increment(&self, by: f64) {
        self.0.increment(by);
    }
}

impl Histogram {
    pub(super) fn new(name: &'static str, labels: &[Label<'_>]) -> Self {
        Self(metrics::histogram!(name, owned(labels)))
    }

    pub(super) fn record(&self, duration: Duration) {
        self.0.record(duration);
    }
}
