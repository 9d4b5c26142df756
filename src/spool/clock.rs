//! The clock of a store.

use std::time::SystemTime;

#[cfg(feature = "testing")]
use std::sync::Arc;
#[cfg(feature = "testing")]
use std::sync::atomic::{AtomicI64, Ordering};
#[cfg(feature = "testing")]
use std::time::Duration;

/// The clock that a store reads: that of the system, which tests can set. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// How far it is ahead, in milliseconds.
    #[cfg(feature = "testing")]
    ahead: Arc<AtomicI64>,
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

    /// Sets it forward.
    #[cfg(feature = "testing")]
    pub fn advance(&self, by: Duration) {
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
