//! One after the other, evenly.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// At most so many in a period, spread evenly over it: each waits until an interval has passed
/// since the one before. So any stretch of time of that length has no more than that.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    next: Instant,
}

impl Pace {
    /// The first may begin at `start`.
    pub(super) fn new(most: NonZeroU32, period: Duration, start: Instant) -> Self {
        // Rounded up, so that no fraction of a nanosecond adds up to one too many.
        let rounding = Duration::from_nanos(u64::from(most.get()) - 1);
        Self {
            interval: period.saturating_add(rounding) / most.get(),
            next: start,
        }
    }

    /// Whether the next may begin now; if not, how long it has to wait.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if now < self.next {
            return Err(self.next - now);
        }
        self.next = now + self.interval;
        Ok(())
    }
}
