//! How much at once a server takes: additive increase, multiplicative decrease.

use std::time::{Duration, Instant};

use super::super::account_verdict::AccountVerdict;
use crate::error::{Error, ErrorKind};

/// Between two mails when one connection turns out to be too much, at first.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// Between two mails at most.
const LONGEST_INTERVAL: Duration = Duration::from_secs(64);

/// How many mails a second more are sent for each that was accepted.
const RAISE: f64 = 0.125;

/// At this many mails a second there is no interval any more.
const FREELY: f64 = 16.0;

/// How long all mails wait at most because the server says so.
const LONGEST_REST: Duration = Duration::from_hours(1);

/// How long nothing is sent for an account without a quota left, unless the server says.
const EXHAUSTED: Duration = Duration::from_hours(1);

/// How long the other mails wait for the one that tries out whether there is a quota again.
const PROBE: Duration = Duration::from_mins(1);

/// What an account may do at the moment.
///
/// Each time the server says that it is too much, half of the connections are left, and from one
/// connection on, half of the rate. Each round of accepted mails gives a bit back: first of
/// the rate, then one connection. Mails that were begun before the last cut say nothing about
/// what came after it, so a burst of refusals cuts once.
///
/// The queue calls [`admit`](Self::admit) before a mail is begun, and then
/// [`accepted`](Self::accepted) or [`failed`](Self::failed) with its result.
#[derive(Debug)]
pub(in crate::client) struct Throttle {
    most: usize,
    /// How many connections there may be now: at least one.
    pub(in crate::client) connections: usize,
    /// Mails accepted since the number of connections changed.
    accepted: usize,
    /// Between two mails; nothing while there may be more than one connection.
    interval: Duration,
    last: Option<Instant>,
    rests_until: Option<Instant>,
    cut: Option<Instant>,
    exhausted: Option<Exhausted>,
}

/// The account has used up its quota.
#[derive(Debug)]
struct Exhausted {
    since: Instant,
    until: Instant,
    /// A mail tries it out until then.
    probing: bool,
    error: Error,
}

/// Why a mail may not be begun.
#[derive(Debug)]
pub(in crate::client) enum Blocked {
    /// Until then. The queue asks again.
    Until(Instant),
    /// The account has no quota left: the mail gets this error.
    Exhausted(Error),
}

impl Throttle {
    /// With this many connections at most; at least one.
    pub(in crate::client) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            connections: most,
            accepted: 0,
            interval: Duration::ZERO,
            last: None,
            rests_until: None,
            cut: None,
            exhausted: None,
        }
    }

    /// Whether a mail may be begun now. If so, it counts as begun.
    pub(in crate::client) fn admit(&mut self, now: Instant) -> Result<(), Blocked> {
        let next = self.last.map(|last| last + self.interval);
        let not_before = next.max(self.rests_until).filter(|time| *time > now);
        if let Some(exhausted) = &mut self.exhausted {
            if now < exhausted.until {
                return Err(exhausted.held(now));
            }
            if not_before.is_none() {
                exhausted.probing = true;
                exhausted.until = now + PROBE;
            }
        }
        if let Some(time) = not_before {
            return Err(Blocked::Until(time));
        }
        self.last = Some(now);
        Ok(())
    }

    /// A mail that was begun then has been accepted.
    pub(in crate::client) fn accepted(&mut self, begun: Instant) {
        self.exhausted.take_if(|exhausted| begun > exhausted.since);
        if self.is_before_the_cut(begun) {
            return;
        }
        if !self.interval.is_zero() {
            let rate = self.interval.as_secs_f64().recip() + RAISE;
            self.interval = if rate < FREELY {
                Duration::from_secs_f64(rate.recip())
            } else {
                Duration::ZERO
            };
        } else if self.connections < self.most {
            self.accepted += 1;
            if self.accepted >= self.connections {
                self.connections += 1;
                self.accepted = 0;
            }
        }
    }

    /// A mail, or an attempt to connect, that was begun then has failed now. Says whether that
    /// means less for the server.
    pub(in crate::client) fn failed(
        &mut self,
        begun: Instant,
        now: Instant,
        error: &Error,
    ) -> bool {
        let signal = AccountVerdict::of(error);
        match signal {
            AccountVerdict::Throttled(wait) => self.throttled(begun, now, wait),
            AccountVerdict::Exhausted(wait) => {
                self.exhausted = Some(Exhausted {
                    since: now,
                    until: now + wait.unwrap_or(EXHAUSTED),
                    probing: false,
                    error: error.clone(),
                });
            }
            AccountVerdict::Greylisted(_) | AccountVerdict::Neutral => {}
        }
        matches!(
            signal,
            AccountVerdict::Throttled(_) | AccountVerdict::Exhausted(_)
        )
    }

    fn throttled(&mut self, begun: Instant, now: Instant, wait: Option<Duration>) {
        let rests_until = wait.map(|wait| now + wait.min(LONGEST_REST));
        self.rests_until = self.rests_until.max(rests_until);
        if self.is_before_the_cut(begun) {
            return;
        }
        self.cut = Some(now);
        self.accepted = 0;
        if self.connections > 1 {
            self.connections /= 2;
        } else {
            self.interval = (self.interval * 2).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        }
    }

    fn is_before_the_cut(&self, begun: Instant) -> bool {
        self.cut.is_some_and(|cut| begun < cut)
    }
}

impl Exhausted {
    fn held(&self, now: Instant) -> Blocked {
        if self.probing {
            return Blocked::Until(self.until);
        }
        let left = self.until.saturating_duration_since(now);
        let message = format!(
            "nothing is sent for {} s, since the account has used up its quota: send it again then",
            left.as_secs().max(1)
        );
        let mut error = Error::new(ErrorKind::Rejected, message);
        if let Some(reply) = self.error.reply() {
            error = error.with_reply(reply.clone());
        }
        Blocked::Exhausted(error.caused_by(self.error.clone()).with_transient(true))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use proptest::prelude::*;

    use super::super::super::account_verdict::tests::refused;
    use super::*;
    use crate::error::Stage;

    const SECOND: Duration = Duration::from_secs(1);
    const BUSY: &str = "421 4.4.5 Server busy, try again later.";
    const QUOTA: &str = "550 5.4.5 Daily user sending limit exceeded.";

    fn failed(throttle: &mut Throttle, now: Instant, line: &str) {
        throttle.failed(now, now, &refused(Stage::Mail, line));
    }

    fn waits_until(held: Result<(), Blocked>) -> Instant {
        match held {
            Err(Blocked::Until(time)) => time,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn halved_and_given_back_one_by_one() {
        let mut throttle = Throttle::new(8);
        let start = Instant::now();
        let mut seen = Vec::new();
        for second in 0..3 {
            failed(&mut throttle, start + SECOND * second, BUSY);
            seen.push(throttle.connections);
        }
        for _ in 0..40 {
            throttle.accepted(start + SECOND * 10);
            seen.push(throttle.connections);
        }
        seen.dedup();
        assert_eq!(seen, [4, 2, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_burst_of_refusals_cuts_once() {
        let mut throttle = Throttle::new(8);
        let start = Instant::now();
        let error = refused(Stage::Mail, BUSY);
        for millisecond in 1..9 {
            let now = start + Duration::from_millis(millisecond);
            throttle.failed(start, now, &error);
        }
        assert_eq!(throttle.connections, 4);
    }

    #[test]
    fn from_one_connection_on_mails_wait_for_each_other() {
        let mut throttle = Throttle::new(1);
        let mut now = Instant::now();
        for seconds in [1, 2, 4, 8, 16, 32, 64, 64] {
            failed(&mut throttle, now, BUSY);
            assert!(throttle.admit(now).is_ok());
            assert_eq!(waits_until(throttle.admit(now)), now + SECOND * seconds);
            now += LONGEST_INTERVAL;
        }
    }

    /// An eighth of a mail a second more for each, from one a second to sixteen.
    #[test]
    fn a_rate_is_given_back_bit_by_bit() {
        let mut throttle = Throttle::new(1);
        let now = Instant::now();
        failed(&mut throttle, now, BUSY);
        let mut rate = 1.0;
        while !throttle.interval.is_zero() {
            let interval = throttle.interval.as_secs_f64();
            assert!((interval * rate - 1.0).abs() < 1e-3, "{interval}, {rate}");
            throttle.accepted(now);
            rate += RAISE;
        }
        assert!((rate - FREELY).abs() <= RAISE, "{rate}");
    }

    #[test]
    fn all_mails_rest_when_the_server_says_so() {
        let mut throttle = Throttle::new(4);
        let now = Instant::now();
        failed(
            &mut throttle,
            now,
            "421 4.7.0 too many mails, try again in 90 seconds",
        );
        assert_eq!(waits_until(throttle.admit(now)), now + SECOND * 90);
        assert!(throttle.admit(now + SECOND * 90).is_ok());
    }

    #[test]
    fn other_errors_change_nothing() {
        let mut throttle = Throttle::new(4);
        let now = Instant::now();
        for line in [
            "451 4.7.1 Greylisted",
            "550 5.1.1 no such user",
            "452 4.5.3 too many",
        ] {
            failed(&mut throttle, now, line);
        }
        assert_eq!(throttle.connections, 4);
        assert!(throttle.admit(now).is_ok());
    }

    #[test]
    fn without_a_quota_nothing_is_sent_but_a_probe_after_an_hour() {
        let mut throttle = Throttle::new(4);
        let start = Instant::now();
        failed(&mut throttle, start, QUOTA);
        let Err(Blocked::Exhausted(error)) = throttle.admit(start + SECOND * 600) else {
            panic!("the mail gets the error");
        };
        assert_eq!(
            error.to_string(),
            "nothing is sent for 3000 s, since the account has used up its quota: \
             send it again then: 550 5.4.5 Daily user sending limit exceeded."
        );
        assert!(error.is_transient());
        assert!(error.source().is_some());
        // What was under way before the refusal.
        throttle.accepted(start);
        assert!(throttle.admit(start + SECOND * 600).is_err());

        let hour = start + SECOND * 3600;
        assert!(throttle.admit(hour).is_ok());
        assert_eq!(waits_until(throttle.admit(hour)), hour + PROBE);
        failed(&mut throttle, hour, QUOTA);
        assert!(matches!(throttle.admit(hour), Err(Blocked::Exhausted(_))));

        let later = hour + SECOND * 3600;
        assert!(throttle.admit(later).is_ok());
        throttle.accepted(later);
        assert!(throttle.admit(later).is_ok());
    }

    #[derive(Debug, Clone, Copy)]
    enum Event {
        Accepted,
        Busy,
        Rest,
        Quota,
    }

    proptest! {
        #[test]
        fn bounds_hold_and_it_recovers(
            most in 0..40usize,
            events in prop::collection::vec((0..5_000u64, 0..5_000u64, prop_oneof![
                8 => Just(Event::Accepted),
                4 => Just(Event::Busy),
                1 => Just(Event::Rest),
                1 => Just(Event::Quota),
            ]), 0..100),
        ) {
            let mut throttle = Throttle::new(most);
            let mut now = Instant::now();
            let most = most.max(1);
            for (step, took, event) in events {
                let begun = now;
                let ended = now + Duration::from_millis(took);
                now += Duration::from_millis(step);
                let line = match event {
                    Event::Accepted => { throttle.accepted(begun); continue; }
                    Event::Busy => BUSY,
                    Event::Rest => "450 4.7.0 too fast, try again in 20 minutes",
                    Event::Quota => QUOTA,
                };
                throttle.failed(begun, ended, &refused(Stage::Mail, line));
                prop_assert!((1..=most).contains(&throttle.connections));
                prop_assert!(throttle.interval <= LONGEST_INTERVAL);
                prop_assert!(throttle.interval.is_zero() || throttle.connections == 1);
            }
            now += SECOND * 7200;
            let mut mails = 0;
            while throttle.connections < most || !throttle.interval.is_zero() || mails == 0 {
                mails += 1;
                prop_assert!(mails < 2_000);
                now = match throttle.admit(now) {
                    Ok(()) => now,
                    Err(held) => waits_until(Err(held)),
                };
                throttle.accepted(now);
            }
            prop_assert!(throttle.admit(now).is_ok());
            prop_assert!(throttle.admit(now).is_ok());
        }
    }
}
