//! The first of any number of values, and the rows that were not accepted.

use std::time::SystemTime;

use serde::Serialize;

use super::data::Outcome;
use super::time;

/// The first `MAX` values of any number, and how many there were. The others are dropped as they come.
///
/// ```
/// use pilotfish::report::Kept;
///
/// let kept: Kept<u32, 3> = (1..=1_000_000).collect();
/// assert_eq!(kept.first(), [1, 2, 3]);
/// assert_eq!(kept.omitted(), 999_997);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept<T, const MAX: usize> {
    total: u64,
    first: Vec<T>,
}

/// The rows that were not accepted. A report shows the first 1,000, and says how many more there are.
pub type Problems = Kept<Problem, 1_000>;

/// A row that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The number of the row in the input.
    pub row: u64,
    /// The address of the recipient.
    pub address: String,
    /// What became of the mail.
    pub outcome: Outcome,
    /// The reply of the server, or the error of the network.
    pub reply: Option<String>,
    /// When the outcome was known.
    #[serde(serialize_with = "time::serialize_optional")]
    pub time: Option<SystemTime>,
    /// The subject of the mail.
    pub subject: Option<String>,
}

impl<T, const MAX: usize> Kept<T, MAX> {
    /// Keeps the value if fewer than `MAX` are kept, and counts it.
    pub fn push(&mut self, value: T) {
        self.total = self.total.saturating_add(1);
        if self.first.len() < MAX {
            self.first.push(value);
        }
    }

    /// The values that are kept.
    #[must_use]
    pub fn first(&self) -> &[T] {
        &self.first
    }

    /// How many values there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many values are not kept.
    #[must_use]
    pub fn omitted(&self) -> u64 {
        let kept = u64::try_from(self.first.len()).unwrap_or(u64::MAX);
        self.total.saturating_sub(kept)
    }
}

impl<T, const MAX: usize> Default for Kept<T, MAX> {
    fn default() -> Self {
        Self {
            total: 0,
            first: Vec::new(),
        }
    }
}

impl<T, const MAX: usize> Extend<T> for Kept<T, MAX> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.push(value);
        }
    }
}

impl<T, const MAX: usize> FromIterator<T> for Kept<T, MAX> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut kept = Self::default();
        kept.extend(values);
        kept
    }
}

impl Problem {
    /// A row without a reply.
    #[must_use]
    pub fn new(row: u64, address: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            row,
            address: address.into(),
            outcome,
            reply: None,
            time: None,
            subject: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_million_rows_the_first_thousand_are_kept() {
        let rows = (1..=1_000_000).map(|row| Problem::new(row, "a@example.org", Outcome::Rejected));
        let kept: Problems = rows.collect();
        assert_eq!(kept.first().len(), 1_000);
        assert!(kept.first.capacity() <= 1_024, "{}", kept.first.capacity());
        assert_eq!(kept.first().last().map(|problem| problem.row), Some(1_000));
        assert_eq!((kept.total(), kept.omitted()), (1_000_000, 999_000));
    }
}
