//! How much an account has sent, in any window of time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::store::{Allowance, Spent};

/// How many parts a period has. What was spent in a part counts until the whole part is a period old, so
/// that a bounded number of entries is exact enough and never allows too much.
const PARTS: u64 = 64;

/// What an account has spent, oldest first: the begin of each part in milliseconds since 1970, and how
/// much.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spending(pub(super) Vec<(u64, u32)>);

impl Spending {
    /// Takes up to `wanted` from an allowance.
    pub(super) fn spend(&mut self, allowance: Allowance, wanted: u32, now: SystemTime) -> Spent {
        let period = milliseconds(allowance.period).max(1_000);
        let part = (period / PARTS).max(1);
        let now = milliseconds(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        let begin = now - now % part;
        for (begun, _) in &mut self.0 {
            // The clock was set back.
            *begun = (*begun).min(begin);
        }
        self.0.retain(|(begun, _)| begun + part + period > now);
        let spent: u64 = self.0.iter().map(|(_, count)| u64::from(*count)).sum();
        let left = u64::from(allowance.count.max(1)).saturating_sub(spent);
        let granted = u32::try_from(left).unwrap_or(u32::MAX).min(wanted);
        if granted > 0 {
            match self.0.last_mut() {
                Some((last, count)) if *last == begin => *count += granted,
                _ => self.0.push((begin, granted)),
            }
        }
        let more_at = (granted < wanted).then(|| self.0.first()).flatten();
        let more_at = more_at.map(|(begun, _)| begun + part + period);
        let time = |at: u64| UNIX_EPOCH.checked_add(Duration::from_millis(at));
        Spent::new(granted, more_at.and_then(time))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// The minute, what is wanted, and what is granted of ten an hour.
    #[test]
    fn no_window_has_too_much() {
        let mut spending = Spending::default();
        let mut granted = Vec::new();
        let begin = UNIX_EPOCH + Duration::from_hours(500_000);
        for minute in 0..600 {
            let now = begin + Duration::from_mins(minute);
            let spent = spending.spend(Allowance::new(10, HOUR), 3, now);
            assert_eq!(spent.more_at.is_none(), spent.granted == 3);
            assert!(spent.more_at.is_none_or(|more| more > now));
            granted.push(spent.granted);
            let window: u32 = granted.iter().rev().take(60).sum();
            assert!(window <= 10, "{minute}: {window}");
            assert!(spending.0.len() <= 66);
        }
        // Nearly as much as is allowed.
        assert!(granted.iter().sum::<u32>() >= 90, "{granted:?}");
    }

    #[test]
    fn a_clock_that_is_set_back() {
        let mut spending = Spending::default();
        let now = UNIX_EPOCH + Duration::from_hours(500_000);
        let allowance = Allowance::new(10, HOUR);
        assert_eq!(spending.spend(allowance, 10, now).granted, 10);
        let before = now - 1_000 * HOUR;
        assert_eq!(spending.spend(allowance, 1, before).granted, 0);
        let later = before + HOUR + HOUR / 10;
        assert_eq!(spending.spend(allowance, 1, later).granted, 1);
    }
}
