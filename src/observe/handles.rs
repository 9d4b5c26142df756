//! Handles of metrics, by the facade `metrics`. Without the feature `metrics` they do nothing.

#[cfg(feature = "metrics")]
pub(super) use metrics::{Counter, Gauge, Histogram};
#[cfg(not(feature = "metrics"))]
pub(super) use {NoMetric as Counter, NoMetric as Gauge, NoMetric as Histogram};
#[cfg(not(feature = "metrics"))]
pub(super) use {counter as gauge, counter as histogram};

/// A label and its value.
pub(super) type Label<'a> = (&'static str, &'a str);

#[cfg(feature = "metrics")]
fn owned(labels: &[Label<'_>]) -> Vec<metrics::Label> {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| metrics::Label::new(*name, (*value).to_owned()));
    labels.collect()
}

#[cfg(feature = "metrics")]
pub(super) fn counter(name: &'static str, labels: &[Label<'_>]) -> Counter {
    super::guarded(|| metrics::counter!(name, owned(labels))).unwrap_or_else(Counter::noop)
}

#[cfg(feature = "metrics")]
pub(super) fn gauge(name: &'static str, labels: &[Label<'_>]) -> Gauge {
    super::guarded(|| metrics::gauge!(name, owned(labels))).unwrap_or_else(Gauge::noop)
}

#[cfg(feature = "metrics")]
pub(super) fn histogram(name: &'static str, labels: &[Label<'_>]) -> Histogram {
    super::guarded(|| metrics::histogram!(name, owned(labels))).unwrap_or_else(Histogram::noop)
}

#[cfg(not(feature = "metrics"))]
pub(super) fn counter(_: &'static str, _: &[Label<'_>]) -> NoMetric {
    NoMetric
}

/// A handle of any kind, with the methods of them all.
#[cfg(not(feature = "metrics"))]
#[derive(Debug)]
pub(super) struct NoMetric;

#[cfg(not(feature = "metrics"))]
#[expect(
    clippy::unused_self,
    reason = "the methods are those of the facade's handles"
)]
impl NoMetric {
    pub(super) fn increment<T>(&self, _: T) {}

    pub(super) fn record<T>(&self, _: T) {}
}
