//! What goes first (RFC 6710).

use std::fmt;

use super::error::EnvelopeError;

/// A mail's priority, -9 to 9, where 0 is what mails have: RFC 6710 section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Priority(i8);

impl Priority {
    /// The priority with this number.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::Priority`] if it is not -9 to 9.
    pub fn new(number: i8) -> Result<Self, EnvelopeError> {
        if (-9..=9).contains(&number) {
            return Ok(Self(number));
        }
        let found = number.into();
        Err(EnvelopeError::Priority { found })
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> i8 {
        self.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_nineteen() {
        let fits = |number: &i8| Priority::new(*number).is_ok();
        let numbers: Vec<i8> = (i8::MIN..=i8::MAX).filter(fits).collect();
        assert_eq!(numbers, (-9..=9).collect::<Vec<_>>());
        assert_eq!(Priority::new(-9).unwrap().to_string(), "-9");
    }
}
