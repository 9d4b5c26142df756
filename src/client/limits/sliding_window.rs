//! A limit for any stretch of time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Into how many parts a period is divided: uses within one part are one entry, so a large limit takes
/// no more memory than a small one.
const PARTS: u32 = 1_024;

/// At most this many in any stretch of time of a length; all of them at once, if they come so.
///
/// A bucket that fills evenly (GCRA) would either let nearly twice as many through in a stretch of
/// its length, or a daily quota out one by one.
#[derive(Debug)]
pub(in crate::client) struct SlidingWindow {
    most: u32,
    period: Duration,
    used: u32,
    /// What has been used within the last period, oldest first.
    uses: VecDeque<Use>,
}

#[derive(Debug)]
struct Use {
    first: Instant,
    last: Instant,
    count: u32,
}

impl SlidingWindow {
    pub(in crate::client) fn new(most: u32, period: Duration) -> Self {
        Self {
            most,
            period,
            used: 0,
            uses: VecDeque::new(),
        }
    }

    /// The same number spread evenly over the period: each waits until an interval has passed since
    /// the one before. No stretch of time as long as the period has more than `most`.
    pub(in crate::client) fn spread(most: u32, period: Duration) -> Self {
        // Rounded up, so that no fraction of a nanosecond adds up to one too many.
        let rounding = Duration::from_nanos(u64::from(most).saturating_sub(1));
        Self::new(1, period.saturating_add(rounding) / most.max(1))
    }

    /// How long to wait for this many; `None` if they may be taken now. A `count` over the limit
    /// waits until nothing is used.
    pub(in crate::client) fn wait(&mut self, now: Instant, count: u32) -> Option<Duration> {
        while let Some(oldest) = self.uses.pop_front_if(|old| old.last + self.period <= now) {
            self.used -= oldest.count;
        }
        let left = self.most.saturating_sub(self.used);
        let mut excess = count.min(self.most).checked_sub(left)?.checked_sub(1)?;
        let enough = self.uses.iter().find(|old| {
            let is_enough = old.count > excess;
            excess = excess.saturating_sub(old.count);
            is_enough
        })?;
        Some((enough.last + self.period).saturating_duration_since(now))
    }

    /// Uses this many, for which there is no wait.
    pub(in crate::client) fn take(&mut self, now: Instant, count: u32) {
        let count = count.min(self.most);
        self.used += count;
        match self.uses.back_mut() {
            // The whole part comes back when the last of it may.
            Some(part) if now < part.first + self.period / PARTS => {
                part.last = part.last.max(now);
                part.count += count;
            }
            _ => self.uses.push_back(Use {
                first: now,
                last: now,
                count,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_allowance_takes_little_room() {
        let day = Duration::from_hours(24);
        let mut window = SlidingWindow::new(1_000_000, day);
        let start = Instant::now();
        for number in 0..200_000 {
            let now = start + Duration::from_secs(1) * number;
            assert_eq!(window.wait(now, 1), None);
            window.take(now, 1);
        }
        assert!(window.uses.len() <= PARTS as usize + 1);
        assert!(window.used <= 86_400 + 100);
    }

    #[test]
    fn the_largest_allowance_is_none() {
        let mut window = SlidingWindow::new(u32::MAX, Duration::from_hours(1));
        let now = Instant::now();
        window.take(now, 5);
        assert_eq!(window.wait(now, 1), None);
        assert!(window.wait(now, u32::MAX).is_some());
    }

    #[test]
    fn what_was_used_comes_back_in_its_order() {
        let second = Duration::from_secs(1);
        let mut window = SlidingWindow::new(5, second * 60);
        let start = Instant::now();
        window.take(start, 2);
        window.take(start + second * 10, 3);
        let now = start + second * 20;
        for (count, seconds) in [(1, 40), (2, 40), (3, 50), (5, 50), (9, 50)] {
            assert_eq!(window.wait(now, count), Some(second * seconds), "{count}");
        }
        assert_eq!(window.wait(start + second * 60, 2), None);
    }
}
