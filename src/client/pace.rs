//! One after the other, evenly.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::Clock;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// At most so many in a time, spread evenly over it: a bucket that holds one (GCRA). Without a
/// burst, there are no more than that in any stretch of time of that length.
pub(super) struct Pace {
    start: Instant,
    limiter: RateLimiter<NotKeyed, InMemoryState, Given>,
}

/// The time since the start, as it was given last.
#[derive(Debug, Default)]
struct Given(AtomicU64);

impl Clock for Given {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.load(Ordering::Relaxed).into()
    }
}

impl Pace {
    /// `None` if the time is too short to be divided.
    pub(super) fn new(most: NonZeroU32, period: Duration, now: Instant) -> Option<Self> {
        // Rounded up, so that no fraction of a nanosecond adds up to one too many.
        let interval = period.as_nanos().div_ceil(u128::from(most.get()));
        let interval = Duration::from_nanos(u64::try_from(interval).ok()?);
        Some(Self {
            start: now,
            limiter: RateLimiter::direct_with_clock(
                Quota::with_period(interval)?,
                Given::default(),
            ),
        })
    }

    /// Whether the next may begin now; if not, how long it has to wait.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let given = now.saturating_duration_since(self.start).as_nanos();
        let given = u64::try_from(given).unwrap_or(u64::MAX / 2);
        let clock = self.limiter.clock();
        clock.0.store(given, Ordering::Relaxed);
        let checked = self.limiter.check();
        checked.map_err(|not_until| not_until.wait_time_from(clock.now()))
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").finish_non_exhaustive()
    }
}
