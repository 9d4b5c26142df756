//! Stub until the envelope has it.
use super::Envelope;

/// What becomes of a mail when some of its recipients are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Partial {
    /// It goes to those who are accepted.
    #[default]
    AsManyAsPossible,
    /// It goes to nobody.
    AllOrNothing,
}

impl Envelope {
    /// What becomes of the mail when some of its recipients are refused.
    #[must_use]
    pub fn partial(&self) -> Partial {
        Partial::AsManyAsPossible
    }
}
