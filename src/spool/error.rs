//! Why a store failed.

use std::fmt;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a call of a [`Spool`](super::Spool) failed. `Display` names the cause and the next step.
#[derive(Debug)]
pub struct SpoolError {
    kind: SpoolErrorKind,
    message: String,
    source: Option<Source>,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpoolErrorKind {
    /// The claim is another worker's now, or its rows are final. Nothing of what was to leave may leave.
    Lost,
    /// There is no such job, row or content.
    NotFound,
    /// There is something else by this name.
    Conflict,
    /// A worker is at it.
    Busy,
    /// A value of the caller is not valid, or too large.
    Invalid,
    /// The store has no room.
    Full,
    /// The store cannot be reached now, or does not answer.
    Unavailable,
    /// The store may not be written, or not be used here.
    Denied,
    /// What is stored cannot be read.
    Damaged,
    /// What is stored belongs to another version of Pilotfish.
    Version,
}

impl SpoolError {
    /// An error of this kind, whose message is lower case, without a full stop, and names the cause and the
    /// next step.
    pub fn new(kind: SpoolErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The claim is another worker's.
    #[must_use]
    pub fn lost() -> Self {
        let message = "the claim was taken over by another worker: send nothing of it";
        Self::new(SpoolErrorKind::Lost, message)
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> SpoolErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            SpoolErrorKind::Busy | SpoolErrorKind::Full | SpoolErrorKind::Unavailable
        )
    }
}

impl fmt::Display for SpoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SpoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}
