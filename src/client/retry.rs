//! How often and when a mail is sent again.

use std::time::Duration;

use super::account_verdict::AccountVerdict;
use crate::error::{Error, ErrorKind, Fate};

/// How long a mail waits that was greylisted, unless the server says.
const GREYLISTED: Duration = Duration::from_mins(5);

/// How long a mail waits whose account has used up its quota, unless the server says.
const EXHAUSTED: Duration = Duration::from_hours(1);

/// How often and when a mail that failed is sent again.
///
/// Only [transient](Error::is_transient) failures are retried, with the same Message-ID and the same
/// octets. These are never retried:
///
/// * a mail that was rejected permanently, or that cannot be sent as it is;
/// * a mail whose [`Fate`] is unknown, unless
///   [`danger_even_if_unknown`](Self::danger_even_if_unknown) is called;
/// * a mail that the server has [taken](Error::accepted) for some recipients: they would get it
///   twice;
/// * a mail whose body can be read once only.
///
/// An attempt begins when a session takes the mail. While no session can be opened, mails wait without
/// using up attempts. The client tries one connection at a time, after a second at first and every 5
/// to 10 seconds later, and sends all mails once one is open. Only the [`budget`](Self::budget) limits
/// this wait.
///
/// Before the n-th attempt a mail waits for a random time between nothing and
/// `first_wait * factor^(n-2)`, or [`longest_wait`](Self::longest_wait) if that is less: mails that
/// failed together do not come back together. The client adds the wait that the server asks for in its
/// words ("try again in 300 seconds"). If the server names none, that is five minutes for greylisting
/// and an hour for a quota. If the wait would go beyond the [`budget`](Self::budget), the mail fails
/// with its last error at once.
///
/// Mails wait in memory only. They do not survive the process.
///
/// ```
/// use std::time::Duration;
/// use pilotfish::client::Retry;
///
/// let retry = Retry::new()
///     .attempts(5)
///     .budget(Duration::from_mins(10));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Retry {
    pub(super) attempts: u32,
    first_wait: Duration,
    pub(super) factor: u32,
    longest_wait: Duration,
    budget: Duration,
    /// Whether mails whose fate is unknown are sent again.
    even_if_unknown: bool,
}

/// One attempt, as [`Retry::none`].
impl Default for Retry {
    fn default() -> Self {
        Self::none()
    }
}

impl Retry {
    /// One attempt.
    pub const fn none() -> Self {
        Self {
            attempts: 1,
            ..Self::new()
        }
    }

    /// Up to 8 attempts within 30 minutes: at most 1 s before the second, 4 s before the third and
    /// so on, up to 5 minutes. A server that cannot be reached is waited for as long as that.
    pub const fn new() -> Self {
        Self {
            attempts: 8,
            first_wait: Duration::from_secs(1),
            factor: 4,
            longest_wait: Duration::from_mins(5),
            budget: Duration::from_mins(30),
            even_if_unknown: false,
        }
    }

    /// How often a mail is sent at most, the first time included.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The longest random wait before the second attempt.
    pub const fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// How many times as long the next wait may be as the one before.
    pub const fn factor(mut self, factor: u32) -> Self {
        self.factor = factor;
        self
    }

    /// The longest random wait of all.
    pub const fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// How long the client may send a mail again, or let it wait for a connection, counted from the
    /// call of `send`.
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// Sends mails again whose [`Fate`] is unknown, too: **their recipients may get them twice**
    /// (RFC 1047). The fate of such a mail stays unknown until the server accepts it: if a later
    /// attempt fails, its error is the [source](std::error::Error::source) of the one that is returned.
    /// If the server accepts it then for some recipients and refuses others, these are in
    /// [`Receipt::rejected`](crate::session::Receipt::rejected), though an earlier attempt may have
    /// reached them.
    pub const fn danger_even_if_unknown(mut self) -> Self {
        self.even_if_unknown = true;
        self
    }

    /// How long a mail waits for its next attempt; `None` if there is none. It has failed so in its
    /// `attempt` (from 1), `elapsed` after it was given to the client. `chance` is any number, a new
    /// one each time.
    pub(super) fn wait_before_next(
        &self,
        attempt: u32,
        error: &Error,
        elapsed: Duration,
        chance: u32,
    ) -> Option<Duration> {
        if !self.has_attempt_after(attempt) || !self.allows(error) {
            return None;
        }
        let fraction = f64::from(chance) / f64::from(u32::MAX);
        let wait = requested_wait(error).saturating_add(self.ceiling(attempt).mul_f64(fraction));
        (elapsed.saturating_add(wait) <= self.budget).then_some(wait)
    }

    /// Whether a mail that no session could be opened for waits until one is, `until` after it was
    /// given to the client at least. That is no attempt.
    pub(super) fn waits(&self, error: &Error, until: Duration) -> bool {
        self.attempts > 1 && self.allows(error) && until <= self.budget
    }

    /// Whether there may be another attempt after this one.
    pub(super) fn has_attempt_after(&self, attempt: u32) -> bool {
        attempt < self.attempts
    }

    fn allows(&self, error: &Error) -> bool {
        let never = matches!(
            error.kind(),
            ErrorKind::InvalidInput | ErrorKind::Config | ErrorKind::Body | ErrorKind::Unsupported
        );
        let passes = match error.fate() {
            Fate::Unknown => self.even_if_unknown,
            Fate::NotAccepted => error.is_transient(),
        };
        passes && !never && error.accepted().is_empty()
    }

    /// The longest random wait after this attempt.
    fn ceiling(&self, attempt: u32) -> Duration {
        let growth = u128::from(self.factor).saturating_pow(attempt.saturating_sub(1));
        let wait = self.first_wait.as_nanos().saturating_mul(growth);
        Duration::from_nanos_u128(wait.min(self.longest_wait.as_nanos()))
    }
}

/// How long to wait because the server asks for it.
pub(super) fn requested_wait(error: &Error) -> Duration {
    match AccountVerdict::of(error) {
        AccountVerdict::Exhausted(wait) => wait.unwrap_or(EXHAUSTED),
        AccountVerdict::Greylisted(wait) => wait.unwrap_or(GREYLISTED),
        AccountVerdict::Throttled(wait) => wait.unwrap_or_default(),
        AccountVerdict::Neutral => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::account_verdict::tests::refused;
    use super::*;
    use crate::error::Stage;

    /// Without jitter: the longest waits.
    fn longest(retry: &Retry, attempt: u32, error: &Error) -> Option<Duration> {
        retry.wait_before_next(attempt, error, Duration::ZERO, u32::MAX)
    }

    fn io() -> Error {
        Error::new(ErrorKind::Io, "the line was cut")
    }

    #[test]
    fn waits_grow_up_to_the_longest() {
        let retry = Retry::new().attempts(u32::MAX);
        let waits: Vec<_> = (1..=7).map(|n| longest(&retry, n, &io())).collect();
        let expected = [1, 4, 16, 64, 256, 300, 300].map(Duration::from_secs);
        assert_eq!(waits, expected.map(Some));

        let retry = retry
            .first_wait(Duration::from_secs(2))
            .factor(3)
            .longest_wait(Duration::from_secs(40));
        let waits: Vec<_> = (1..=5).map(|n| longest(&retry, n, &io())).collect();
        let expected = [2, 6, 18, 40, 40].map(Duration::from_secs);
        assert_eq!(waits, expected.map(Some));
        let wait = Duration::from_secs(40);
        let decided = |budget| longest(&retry.clone().budget(budget), 5, &io());
        assert_eq!(decided(wait), Some(wait));
        assert_eq!(decided(Duration::from_millis(39_999)), None);
    }

    #[test]
    fn the_default_is_one_attempt() {
        assert_eq!(longest(&Retry::default(), 1, &io()), None);
        assert_ne!(longest(&Retry::new(), 1, &io()), None);
        assert_ne!(longest(&Retry::new(), 7, &io()), None);
        assert_eq!(longest(&Retry::new(), 8, &io()), None);
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for() {
        for (line, seconds) in [
            ("421 4.3.2 shutting down", Some(1)),
            ("451 4.7.1 Greylisted", Some(301)),
            ("451 4.7.1 Greylisted, try again in 60 seconds", Some(61)),
            ("421 4.7.0 busy, retry after 2 minutes", Some(121)),
            ("451 4.7.1 Greylisted for 2 hours", None),
            ("550 5.4.5 Daily user sending limit exceeded", None),
            ("550 5.1.1 no such user", None),
        ] {
            let decision = longest(&Retry::new(), 1, &refused(Stage::Mail, line));
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(decision, expected, "{line}");
        }
    }

    #[test]
    fn some_errors_are_told_at_once() {
        let path = || "a@example.org".parse().unwrap();
        for error in [
            io().with_accepted(vec![path()]),
            io().with_unknown_fate(),
            io().with_transient(false),
            Error::new(ErrorKind::Tls, "not trusted"),
            Error::new(ErrorKind::Auth, "wrong password"),
            Error::new(ErrorKind::Body, "the file has changed"),
            Error::new(ErrorKind::InvalidInput, "too large"),
            refused(Stage::Mail, "550 5.7.1 no"),
        ] {
            assert_eq!(longest(&Retry::new(), 1, &error), None, "{error:?}");
        }
    }

    #[test]
    fn an_unknown_fate_is_tried_again_only_when_told() {
        let retry = Retry::new().danger_even_if_unknown();
        let unknown = io().with_unknown_fate();
        assert_ne!(longest(&retry, 1, &unknown), None);
        let taken = unknown.with_accepted(vec!["a@example.org".parse().unwrap()]);
        assert_eq!(longest(&retry, 1, &taken), None);
    }

    proptest! {
        #[test]
        fn never_beyond_budget_nor_attempts(
            attempts in 1..20u32, attempt in 1..40u32, chance: u32,
            first in 0..100_000u64, longest in 0..100_000u64, factor in 1..=255u32,
            budget in 0..1_000_000u64, elapsed in 0..1_000_000u64,
        ) {
            let [first, longest, budget, elapsed] =
                [first, longest, budget, elapsed].map(Duration::from_millis);
            let retry = Retry::new()
                .attempts(attempts)
                .first_wait(first)
                .factor(factor)
                .longest_wait(longest)
                .budget(budget);
            if let Some(wait) = retry.wait_before_next(attempt, &io(), elapsed, chance) {
                prop_assert!(attempt < attempts);
                prop_assert!(wait <= longest);
                prop_assert!(elapsed + wait <= budget);
            }
        }

        /// From nothing to the ceiling, as chance has it.
        #[test]
        fn jitter_is_full(attempt in 1..8u32, chance: u32) {
            let Some(wait) = Retry::new().wait_before_next(attempt, &io(), Duration::ZERO, chance)
            else {
                return Err(TestCaseError::fail("it is tried again"));
            };
            let Some(ceiling) = longest(&Retry::new(), attempt, &io()) else {
                return Err(TestCaseError::fail("it is tried again"));
            };
            let expected = ceiling.as_secs_f64() * f64::from(chance) / f64::from(u32::MAX);
            prop_assert!((wait.as_secs_f64() - expected).abs() < 1e-6);
        }
    }
}
