//! The clock of a store.

use std::time::SystemTime;

#[cfg(feature = "testing")]
use std::sync::Arc;
#[cfg(feature = "testing")]
use std::sync::atomic::{AtomicI64, Ordering};
#[cfg(any(feature = "testing", all(feature = "sqlite", unix)))]
use std::time::Duration;

/// The clock that a store reads: that of the system, which tests can set. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// How far it is ahead, in milliseconds.
    #[cfg(feature = "testing")]
    ahead: Arc<AtomicI64>,
    /// How much time a test has let pass, in milliseconds.
    #[cfg(feature = "testing")]
    passed: Arc<AtomicI64>,
}

impl Clock {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let now = SystemTime::now();
        #[cfg(feature = "testing")]
        {
            let ahead = self.ahead.load(Ordering::SeqCst);
            let by = Duration::from_millis(ahead.unsigned_abs());
            let set = if ahead < 0 {
                now.checked_sub(by)
            } else {
                now.checked_add(by)
            };
            set.unwrap_or(now)
        }
        #[cfg(not(feature = "testing"))]
        now
    }

    /// The time since the machine was started, which no administrator sets. All processes of the machine
    /// have the same.
    #[cfg(all(feature = "sqlite", unix))]
    #[cfg_attr(
        not(feature = "testing"),
        expect(clippy::unused_self, reason = "only a test can set it")
    )]
    pub(super) fn steady(&self) -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let now = Duration::try_from(now).unwrap_or_default();
        #[cfg(feature = "testing")]
        {
            let passed = self.passed.load(Ordering::SeqCst);
            now + Duration::from_millis(passed.unsigned_abs())
        }
        #[cfg(not(feature = "testing"))]
        now
    }

    /// Lets time pass.
    #[cfg(feature = "testing")]
    pub fn advance(&self, by: Duration) {
        self.passed.fetch_add(milliseconds(by), Ordering::SeqCst);
        self.ahead.fetch_add(milliseconds(by), Ordering::SeqCst);
    }

    /// Sets it back, as an administrator may do.
    #[cfg(feature = "testing")]
    pub fn set_back(&self, by: Duration) {
        self.ahead.fetch_sub(milliseconds(by), Ordering::SeqCst);
    }
}

#[cfg(feature = "testing")]
fn milliseconds(by: Duration) -> i64 {
    i64::try_from(by.as_millis()).unwrap_or(i64::MAX)
}
