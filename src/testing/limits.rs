//! How many connections a server bears, how long, and how slowly it answers.

use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::timeout;

use super::builder::{Settings, TestServerBuilder};
#[cfg(doc)]
use super::fault::{Fault, Point};

impl TestServerBuilder {
    /// Closes a connection over which nothing has come for so long, in Tokio's time and wherever
    /// the client is in its dialogue, with `421 4.4.2` (RFC 5321, section 4.5.3.2.7). A TLS handshake
    /// may take as long as it likes. There is no limit unless told otherwise.
    ///
    /// For a server that says nothing then, there is
    /// `fault_always(Fault::CloseAt(Point::Idle))`.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.idle_timeout = Some(limit);
        self
    }

    /// Bears so many [open connections](super::TestServer::open_connections) at once. Those that come
    /// when it serves as many already are greeted with 421 and closed. There is no limit unless told
    /// otherwise.
    pub fn max_connections(mut self, most: usize) -> Self {
        self.settings.max_connections = Some(most);
        self
    }

    /// Waits each time before it sends what it has to say, for a time out of this range, in
    /// Tokio's time. Which is drawn by lot: the same seed makes the same times for the first
    /// connection, the second and so on.
    pub fn delay(mut self, range: RangeInclusive<Duration>, seed: u64) -> Self {
        self.settings.delay = Some(Delay { range, seed });
        self
    }
}

impl Settings {
    /// That there is something these limits allow.
    pub(super) fn check_limits(&self) -> io::Result<()> {
        let wrong = if self.idle_timeout.is_some_and(|limit| limit.is_zero()) {
            "with an idle timeout of 0 no client could say a word"
        } else if self.max_connections == Some(0) {
            "with 0 connections at most there would be nobody to serve"
        } else if self
            .delay
            .as_ref()
            .is_some_and(|delay| delay.range.is_empty())
        {
            "a delay's range goes from the shortest to the longest"
        } else {
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, wrong))
    }
}

/// How long replies are kept back.
#[derive(Debug)]
pub(super) struct Delay {
    range: RangeInclusive<Duration>,
    seed: u64,
}

impl Delay {
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// The next one, to the microsecond.
    pub(super) fn draw(&self, dice: &mut fastrand::Rng) -> Duration {
        let microseconds = |duration: &Duration| u64::try_from(duration.as_micros()).ok();
        let least = microseconds(self.range.start()).unwrap_or(u64::MAX);
        let most = microseconds(self.range.end()).unwrap_or(u64::MAX);
        Duration::from_micros(dice.u64(least..=most.max(least)))
    }
}

/// What comes of a future in this time, if it has a limit.
pub(super) async fn within<T>(
    limit: Option<Duration>,
    future: impl Future<Output = T>,
) -> Option<T> {
    match limit {
        Some(limit) => timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}

#[cfg(test)]
mod tests {
    use super::super::server::TestServer;
    use super::*;

    #[test]
    fn delays_are_of_their_range_and_of_their_seed() {
        let range = Duration::from_micros(10)..=Duration::from_millis(1);
        let delay = Delay { range, seed: 7 };
        let draws = |seed| {
            let mut dice = fastrand::Rng::with_seed(seed);
            let draws = (0..100).map(|_| delay.draw(&mut dice));
            draws.collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        assert!(draws(7).iter().all(|drawn| delay.range.contains(drawn)));
    }

    #[tokio::test]
    async fn limits_that_allow_nothing_are_errors() {
        let second = Duration::from_secs(1);
        for (server, wrong) in [
            (TestServer::builder().idle_timeout(Duration::ZERO), "idle"),
            (TestServer::builder().max_connections(0), "0 connections"),
            (
                TestServer::builder().delay(second..=Duration::ZERO, 1),
                "delay",
            ),
        ] {
            let error = server.start().await.err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}
