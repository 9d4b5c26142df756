//! What the last attempts to open a session have shown.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Kind};

/// How long no further session is opened, where the server refuses one beside those it has.
const REST: Duration = Duration::from_secs(1);

/// How long nothing is tried behind the first refusal: each time it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The most of it: accounts are locked after some ten wrong passwords in a short time.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Whether sessions can be opened, and how many.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// The last attempt has succeeded, or others are open.
    proven: bool,
    /// No session is opened before.
    rests_until: Option<Instant>,
    /// Until the rest is over, this is what a mail is told: the login was refused.
    refused: Option<Error>,
    /// The last of those that become longer.
    pause: Duration,
}

impl Reach {
    /// How many workers there may be, of so many. Until it is known that a session can be opened, a
    /// single one tries it: a wrong password is sent once.
    pub(super) fn most(&self, most: usize) -> usize {
        if self.proven { most } else { most.min(1) }
    }

    /// For how long no session is to be opened.
    pub(super) fn rests_for(&self) -> Option<Duration> {
        let left = self.rests_until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn has_connected(&mut self) {
        *self = Self {
            proven: true,
            ..Self::default()
        };
    }

    /// No session could be opened, and there is none beside it. A server that has refused it is not
    /// asked again at once.
    pub(super) fn has_failed(&mut self, error: &Error) {
        self.proven = false;
        self.refused = None;
        let login_was_refused = error.kind() == Kind::Auth && !error.is_transient();
        if login_was_refused || is_refused_for_now(error) {
            self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            self.rests_until = Some(Instant::now() + self.pause);
            self.refused = login_was_refused.then(|| error.clone());
        }
    }

    /// No session could be opened beside others.
    pub(super) fn has_enough(&mut self) {
        self.rests_until = Some(Instant::now() + REST);
    }

    /// Why it makes no sense to try it just now: the login was refused a moment ago.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.rests_for().and(self.refused.clone())
    }
}

/// Whether the server itself said that a session cannot be opened just now. Others may be in a
/// moment, as against a server that cannot be reached.
pub(super) fn is_refused_for_now(error: &Error) -> bool {
    error.is_transient() && error.reply().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refused_login_is_not_tried_again_at_once() {
        let mut reach = Reach::default();
        let refused = Error::new(Kind::Auth, "no");
        for seconds in [1, 2, 4, 8] {
            reach.has_failed(&refused);
            assert_eq!(reach.refusal().unwrap().kind(), Kind::Auth);
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert!(reach.refusal().is_none(), "{seconds} s");
        }
        reach.has_connected();
        reach.has_failed(&refused);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(reach.refusal().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn other_failures_are_tried_again_by_one_worker() {
        let mut reach = Reach::default();
        assert_eq!(reach.most(8), 1);
        reach.has_connected();
        assert_eq!(reach.most(8), 8);
        reach.has_failed(&Error::new(Kind::Connect, "refused"));
        assert_eq!(reach.most(8), 1);
        assert!(reach.refusal().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_with_enough_sessions_is_left_alone_for_a_while() {
        let mut reach = Reach::default();
        reach.has_connected();
        reach.has_enough();
        assert_eq!(reach.rests_for(), Some(REST));
        tokio::time::advance(REST).await;
        assert_eq!(reach.rests_for(), None);
    }
}
