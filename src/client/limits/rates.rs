//! How much an account may send in a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::sliding_window::SlidingWindow;
use crate::error::{Error, ErrorKind, Result};

/// Limits on what is sent per interval, as providers publish them. By default there is no limit.
///
/// Each limit is kept in *any* stretch of time of its length, and not only from midnight to
/// midnight or from one full minute to the next: the limit holds however the provider counts. All
/// of a limit may be used at once; what was used comes back when it is a period old (and up to
/// a thousandth of the period later). Mails and connections
/// [a second](Period::Second) are spread evenly over it.
///
/// A mail counts once for each [attempt](crate::client::Retry), when the attempt begins, even if its
/// recipients get it over several sessions. Recipients are those of its envelope. The count begins with
/// the client, and does not include what other processes send.
///
/// ```
/// use pilotfish::client::{Period, Rates};
///
/// let rates = Rates::new()
///     .mails(30, Period::Minute)
///     .recipients(10_000, Period::Day);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Rates {
    mails: LimitByPeriod,
    recipients: LimitByPeriod,
    connections: LimitByPeriod,
}

/// The time that a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Period {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// 24 hours.
    Day,
}

impl Period {
    /// How long it is.
    #[must_use]
    pub const fn length(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_mins(1),
            Self::Hour => Duration::from_hours(1),
            Self::Day => Duration::from_hours(24),
        }
    }
}

type LimitByPeriod = BTreeMap<Period, u32>;

impl Rates {
    /// No limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most this many mails in this time.
    pub fn mails(mut self, most: u32, period: Period) -> Self {
        self.mails.insert(period, most);
        self
    }

    /// At most this many recipients in this time, those of all mails together. A mail with more of
    /// them than that is not sent: [`ErrorKind::InvalidInput`].
    pub fn recipients(mut self, most: u32, period: Period) -> Self {
        self.recipients.insert(period, most);
        self
    }

    /// At most this many new connections in this time.
    pub fn connections(mut self, most: u32, period: Period) -> Self {
        self.connections.insert(period, most);
        self
    }

    /// Whether a limit is 0, so that nothing could ever be sent.
    pub(in crate::client) fn has_zero(&self) -> bool {
        let limits = [&self.mails, &self.recipients, &self.connections];
        let mut limits = limits.into_iter().flat_map(LimitByPeriod::values);
        limits.any(|most| *most == 0)
    }

    /// Whether a mail with this many recipients can be sent at all.
    pub(in crate::client) fn check(&self, recipients: usize) -> Result<()> {
        let least = self.recipients.values().min();
        match least.filter(|most| u32::try_from(recipients).is_ok_and(|found| found > **most)) {
            None => Ok(()),
            Some(most) => Err(Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "the mail has {recipients} recipients, and the rates allow {most} in a time: \
                     send it to fewer at once"
                ),
            )),
        }
    }
}

/// What has been used of the rates.
#[derive(Debug)]
pub(super) struct Used {
    mails: RateLimiter,
    recipients: RateLimiter,
    connections: RateLimiter,
}

impl Used {
    /// Nothing yet.
    pub(super) fn none(rates: &Rates) -> Self {
        Self {
            mails: RateLimiter::new(&rates.mails, SlidingWindow::spread),
            // They come several at a time.
            recipients: RateLimiter::new(&rates.recipients, SlidingWindow::new),
            connections: RateLimiter::new(&rates.connections, SlidingWindow::spread),
        }
    }

    /// Whether a mail with this many recipients may be begun now; if not, how long it has to wait
    /// before it asks again. If so, it counts.
    pub(super) fn admit(&mut self, now: Instant, recipients: usize) -> Result<(), Duration> {
        let recipients = u32::try_from(recipients).unwrap_or(u32::MAX);
        let wait = self.mails.wait(now, 1);
        if let Some(wait) = wait.max(self.recipients.wait(now, recipients)) {
            return Err(wait);
        }
        self.mails.take(now, 1);
        self.recipients.take(now, recipients);
        Ok(())
    }

    /// Whether a connection may be opened now; otherwise as [`admit`](Self::admit).
    pub(super) fn admit_connection(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(wait) = self.connections.wait(now, 1) {
            return Err(wait);
        }
        self.connections.take(now, 1);
        Ok(())
    }
}

/// All limits of one kind.
#[derive(Debug)]
struct RateLimiter(Vec<SlidingWindow>);

impl RateLimiter {
    /// `second` makes the window of a limit for a second.
    fn new(limits: &LimitByPeriod, second: fn(u32, Duration) -> SlidingWindow) -> Self {
        let windows = limits.iter().map(|(period, most)| match period {
            Period::Second => second(*most, period.length()),
            _ => SlidingWindow::new(*most, period.length()),
        });
        Self(windows.collect())
    }

    fn wait(&mut self, now: Instant, count: u32) -> Option<Duration> {
        let waits = self.0.iter_mut();
        waits.filter_map(|window| window.wait(now, count)).max()
    }

    fn take(&mut self, now: Instant, count: u32) {
        for window in &mut self.0 {
            window.take(now, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_of_a_minute_at_once_and_then_none() {
        let start = Instant::now();
        let mut used = Used::none(&Rates::new().mails(3, Period::Minute));
        for _ in 0..3 {
            assert_eq!(used.admit(start, 1), Ok(()));
        }
        assert_eq!(used.admit(start, 1), Err(Period::Minute.length()));
        assert_eq!(used.admit(start + Period::Minute.length(), 1), Ok(()));
    }

    #[test]
    fn those_of_a_second_are_spread() {
        let start = Instant::now();
        let mut used = Used::none(&Rates::new().mails(4, Period::Second));
        let quarter = Duration::from_millis(250);
        assert_eq!(used.admit(start, 1), Ok(()));
        assert_eq!(used.admit(start, 1), Err(quarter));
        assert_eq!(used.admit(start + quarter, 1), Ok(()));
    }

    #[test]
    fn what_one_limit_refuses_is_not_taken_from_another() {
        let start = Instant::now();
        let rates = Rates::new()
            .mails(2, Period::Hour)
            .recipients(5, Period::Minute)
            .connections(1, Period::Hour);
        let mut used = Used::none(&rates);
        assert_eq!(used.admit(start, 4), Ok(()));
        assert_eq!(used.admit(start, 2), Err(Period::Minute.length()));
        assert_eq!(used.admit(start, 1), Ok(()));
        assert_eq!(used.admit(start, 1), Err(Period::Hour.length()));
        assert_eq!(used.admit_connection(start), Ok(()));
        assert_eq!(used.admit_connection(start), Err(Period::Hour.length()));
    }

    #[test]
    fn more_recipients_than_are_ever_allowed_are_an_error() {
        let rates = Rates::new()
            .recipients(50, Period::Day)
            .recipients(10, Period::Minute);
        assert!(rates.check(10).is_ok());
        assert_eq!(
            rates.check(11).unwrap_err().to_string(),
            "the mail has 11 recipients, and the rates allow 10 in a time: send it to fewer at once"
        );
        assert!(Rates::new().check(100_000).is_ok());
    }

    fn period() -> impl Strategy<Value = Period> {
        prop::sample::select(vec![
            Period::Second,
            Period::Minute,
            Period::Hour,
            Period::Day,
        ])
    }

    proptest! {
        /// The most in any stretch of time of that length, and a wait that leads somewhere.
        #[test]
        fn no_window_has_more(
            mails in (1..30u32, period()),
            recipients in (10..60u32, period()),
            steps in prop::collection::vec((0..2_000_000u64, 1..10usize), 1..150),
            scale in 1..40_000u64,
        ) {
            let rates = Rates::new()
                .mails(mails.0, mails.1)
                .recipients(recipients.0, recipients.1);
            let mut now = Instant::now();
            let mut used = Used::none(&rates);
            let mut sent: Vec<(Instant, usize)> = Vec::new();
            for (step, count) in steps {
                now += Duration::from_micros(step * scale / 1_000);
                let mut requested_wait = 0;
                while let Err(wait) = used.admit(now, count) {
                    prop_assert!(!wait.is_zero() && wait <= Period::Day.length());
                    now += wait;
                    requested_wait += 1;
                    prop_assert!(requested_wait < 1_000);
                }
                sent.push((now, count));
            }
            for (first, (begin, _)) in sent.iter().enumerate() {
                let within = |period: Period| {
                    let end = *begin + period.length();
                    sent[first..].iter().take_while(move |(time, _)| *time < end)
                };
                prop_assert!(within(mails.1).count() <= mails.0 as usize);
                let counted: usize = within(recipients.1).map(|(_, count)| count).sum();
                prop_assert!(counted <= recipients.0 as usize);
            }
        }
    }
}
