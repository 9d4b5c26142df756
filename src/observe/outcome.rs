//! What becomes of mails, as it is counted.

use std::fmt;

use super::Counter;

/// What became of a mail as a whole: the word in the command's JSON and in the label `outcome` of
/// the [metrics](crate::manual::observing).
///
/// [`recipient_outcomes`](crate::session::recipient_outcomes) says it for each recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MailOutcome {
    /// The server has accepted it for all recipients.
    Accepted,
    /// The server has accepted it for some recipients and not for others. Send it again to those
    /// others alone.
    Partial,
    /// The server has rejected it for good.
    Rejected,
    /// Not accepted for any recipient, and another attempt
    /// [makes sense](crate::Error::is_transient).
    Deferred,
    /// The server may have accepted it for some recipients or not
    /// ([`Fate::Unknown`](crate::Fate::Unknown)).
    Unknown,
    /// Not accepted for any recipient, and another attempt fails too, though the server has not
    /// rejected the mail. For example, the login failed, or a file cannot be read.
    Failed,
}

impl MailOutcome {
    const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Partial,
        Self::Rejected,
        Self::Deferred,
        Self::Unknown,
        Self::Failed,
    ];

    /// One word in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Partial => "partial",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// The [`name`](MailOutcome::name).
impl fmt::Display for MailOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A counter for each outcome.
#[derive(Debug)]
pub(super) struct ByOutcome([Counter; MailOutcome::ALL.len()]);

impl ByOutcome {
    pub(super) fn new(name: &'static str, server: &str) -> Self {
        Self(
            MailOutcome::ALL.map(|outcome| {
                Counter::new(name, &[("server", server), ("outcome", outcome.name())])
            }),
        )
    }

    pub(super) fn count(&self, outcome: MailOutcome) {
        // In the order of `ALL`, which is that of the type.
        if let Some(counter) = self.0.get(outcome as usize) {
            counter.increment(1);
        }
    }
}
