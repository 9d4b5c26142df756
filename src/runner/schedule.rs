//! When a deferred mail is tried again.

use std::time::Duration;

/// When a mail that the server has deferred is tried again, and when that ends (RFC 5321 section 4.5.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// The wait after the first attempt. Each further one is twice as long.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// The age at which a mail is rejected if it is deferred once more.
    pub give_up: Duration,
}

impl Default for Schedule {
    /// After a minute first, at least each hour, and for five days.
    fn default() -> Self {
        Self {
            first: Duration::from_mins(1),
            longest: Duration::from_hours(1),
            give_up: Duration::from_hours(5 * 24),
        }
    }
}

impl Schedule {
    /// The wait after this many attempts, of which the server may have asked for a longer one. `None` if no
    /// attempt follows.
    pub(super) fn wait(
        &self,
        attempts: u32,
        age: Duration,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let doublings = attempts.saturating_sub(1).min(30);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        let wait = wait.max(asked.unwrap_or_default());
        (age.saturating_add(wait) < self.give_up).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits() {
        let schedule = Schedule::default();
        let minutes = |attempts, age, asked: Option<u64>| {
            let age = Duration::from_hours(age);
            let wait = schedule.wait(attempts, age, asked.map(Duration::from_mins));
            wait.map(|wait| wait.as_secs() / 60)
        };
        for (attempts, age, asked, expected) in [
            (1, 0, None, Some(1)),
            (2, 0, None, Some(2)),
            (6, 0, None, Some(32)),
            (7, 0, None, Some(60)),
            (u32::MAX, 0, None, Some(60)),
            (1, 0, Some(15), Some(15)),
            (9, 118, None, Some(60)),
            (9, 119, None, None),
            (1, 200, None, None),
        ] {
            assert_eq!(minutes(attempts, age, asked), expected, "{attempts} {age}");
        }
    }
}
