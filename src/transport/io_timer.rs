//! Time limits of waits, on a connection where most waits are short.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The longest wait that the timer can measure: 30 years.
const MAX_WAIT: Duration = Duration::from_hours(30 * 365 * 24);

/// The one timer of a connection, for all its waits.
///
/// Setting a timer earlier than all others wakes the runtime's driver, which costs as much as a
/// write. So the timer is set when a wait really has to wait, and is not reset when that wait ends.
/// If it fires during a later wait before the end of that one, it is set again.
#[derive(Debug, Default)]
pub(super) struct IoTimer(Option<Pin<Box<Sleep>>>);

/// The end of a wait with a time limit, which counts from the first poll that had to wait.
///
/// When a stopped process continues (Ctrl-Z, a frozen container), its timers fire before it learns
/// what has arrived meanwhile. So the end of a wait is postponed once, for a last look at the stream:
/// by as much as the timer was late, and at most by a second.
#[derive(Debug)]
pub(super) struct Deadline {
    limit: Duration,
    end: Option<Instant>,
    is_last_look: bool,
}

/// The bounds of the time for a last look.
const MIN_LAST_LOOK: Duration = Duration::from_millis(1);
const MAX_LAST_LOOK: Duration = Duration::from_secs(1);

impl Deadline {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            end: None,
            is_last_look: false,
        }
    }

    /// Postpones the end, unless it has been postponed before.
    fn postpone(&mut self, end: Instant) -> Option<Instant> {
        if self.is_last_look {
            return None;
        }
        self.is_last_look = true;
        let now = Instant::now();
        let late = now.saturating_duration_since(end);
        self.end = Some(now + late.clamp(MIN_LAST_LOOK, MAX_LAST_LOOK));
        self.end
    }

    fn end(&mut self) -> Instant {
        *self
            .end
            .get_or_insert_with(|| Instant::now() + self.limit.min(MAX_WAIT))
    }
}

/// The output of a future within a time limit. When the limit is over the future is polled a last
/// time; `None` if it is still not ready.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let (mut timer, mut wait) = (IoTimer::default(), Deadline::new(limit));
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.poll(context, &mut wait).map(|()| None),
    })
    .await
}

impl IoTimer {
    /// Ready when the wait has reached its limit.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, wait: &mut Deadline) -> Poll<()> {
        let mut end = wait.end();
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if end < timer.deadline() {
            timer.as_mut().reset(end);
        }
        loop {
            ready!(timer.as_mut().poll(context));
            if timer.deadline() == end || Instant::now() >= end {
                match wait.postpone(end) {
                    Some(postponed) => end = postponed,
                    None => return Poll::Ready(()),
                }
            }
            timer.as_mut().reset(end);
        }
    }

    /// Stops the timer until the next wait.
    pub(super) fn stop(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Waits until the limit, and says how many seconds that took.
    async fn waited(timer: &mut IoTimer, limit: Duration) -> u64 {
        let (begin, mut wait) = (Instant::now(), Deadline::new(limit));
        poll_fn(|context| timer.poll(context, &mut wait)).await;
        begin.elapsed().as_secs()
    }

    /// Begins a wait that ends well.
    async fn begun(timer: &mut IoTimer, limit: Duration) {
        let mut wait = Deadline::new(limit);
        let polled = poll!(poll_fn(|context| timer.poll(context, &mut wait)));
        assert!(polled.is_pending());
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_own_limit() {
        let mut timer = IoTimer::default();
        for limit in [10, 60, 5, 5, 600] {
            assert_eq!(waited(&mut timer, limit * SECOND).await, u64::from(limit));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_has_ended_shortens_and_lengthens_no_other() {
        for (before, limit) in [(10, 60), (60, 10), (600, 600)] {
            let mut timer = IoTimer::default();
            begun(&mut timer, before * SECOND).await;
            advance(3 * SECOND).await;
            assert_eq!(waited(&mut timer, limit * SECOND).await, u64::from(limit));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_that_follow_each_other_set_the_timer_once() {
        let mut timer = IoTimer::default();
        let end = Instant::now() + 60 * SECOND;
        for _ in 0..59 {
            begun(&mut timer, 60 * SECOND).await;
            assert_eq!(timer.0.as_ref().unwrap().deadline(), end);
            advance(SECOND).await;
        }
        begun(&mut timer, 60 * SECOND).await;
        advance(SECOND).await;
        begun(&mut timer, 60 * SECOND).await;
        assert_eq!(timer.0.as_ref().unwrap().deadline(), end + 60 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_is_too_long() {
        begun(&mut IoTimer::default(), Duration::MAX).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_timer_is_set_by_the_next_wait() {
        let mut timer = IoTimer::default();
        begun(&mut timer, 10 * SECOND).await;
        timer.stop();
        assert!(timer.0.is_none());
        assert_eq!(waited(&mut timer, 20 * SECOND).await, 20);
    }
}
