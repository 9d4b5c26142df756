//! What becomes of mails, as it is counted.

use super::Counter;

/// What a mail has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Taken for all recipients.
    Accepted,
    /// Taken for some.
    Partial,
    /// Refused for good.
    Refused,
    /// Not taken, and another attempt makes sense.
    Deferred,
    /// Nobody knows.
    Unknown,
    /// Not taken for good, for another reason than a refusal.
    Failed,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Partial,
        Self::Refused,
        Self::Deferred,
        Self::Unknown,
        Self::Failed,
    ];

    /// The value of the label.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Deferred => "deferred",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// A counter for each outcome.
#[derive(Debug)]
pub(super) struct ByOutcome([Counter; Outcome::ALL.len()]);

impl ByOutcome {
    pub(super) fn new(name: &'static str, server: &str) -> Self {
        Self(
            Outcome::ALL.map(|outcome| {
                Counter::new(name, &[("server", server), ("outcome", outcome.name())])
            }),
        )
    }

    pub(super) fn count(&self, outcome: Outcome) {
        // In the order of `ALL`, which is that of the type.
        if let Some(counter) = self.0.get(outcome as usize) {
            counter.increment(1);
        }
    }
}
