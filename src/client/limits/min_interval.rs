//! One after the other, evenly.

use std::time::{Duration, Instant};

/// Mails that are spread evenly over a period: each waits until an interval has passed
/// since the one before. No stretch of time as long as the period has more mails than are allowed.
#[derive(Debug)]
pub(in crate::client) struct MinInterval {
    interval: Duration,
    next: Instant,
}

impl MinInterval {
    /// The first may begin at `start`.
    pub(in crate::client) fn new(most: u32, period: Duration, start: Instant) -> Self {
        // Rounded up, so that no fraction of a nanosecond adds up to one too many.
        let rounding = Duration::from_nanos(u64::from(most).saturating_sub(1));
        Self {
            interval: period.saturating_add(rounding) / most.max(1),
            next: start,
        }
    }

    /// Whether the next may begin now; if not, how long it has to wait.
    pub(in crate::client) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if now < self.next {
            return Err(self.next - now);
        }
        self.next = now + self.interval;
        Ok(())
    }
}
