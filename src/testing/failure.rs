//! What a test must not pass over.

use std::error::Error;
use std::fmt;

/// What went wrong while the server ran: what clients did that they may not do, and panics
/// of the server itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What clients sent against the rules, one sentence each with the section that forbids
    /// it.
    pub violations: Vec<String>,
    /// The messages of panics in the server's tasks.
    pub panics: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let violations = self.violations.iter().map(|text| ("violation", text));
        let panics = self.panics.iter().map(|text| ("panic", text));
        for (index, (what, text)) in panics.chain(violations).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{what}: {text}")?;
        }
        Ok(())
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_everything() {
        let failure = Failure {
            violations: vec!["bare LF".into()],
            panics: vec!["overflow".into()],
        };
        assert_eq!(failure.to_string(), "panic: overflow; violation: bare LF");
    }
}
