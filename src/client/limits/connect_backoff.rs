//! What the last attempts to open a session have shown.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Stage};

/// How long no further session is opened after one has failed while others are open.
const REST: Duration = Duration::from_secs(1);

/// The pause after the first failure. Each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause while the server cannot be reached: the mails that wait leave soon after it
/// is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The longest pause after a login that failed: accounts are locked after some ten wrong passwords
/// in a short time.
const LONGEST_PAUSE_OF_LOGIN: Duration = Duration::from_mins(5);

/// Whether sessions can be opened, and how many at a time.
#[derive(Debug, Default)]
pub(in crate::client) struct ConnectBackoff {
    /// The last attempt has succeeded.
    has_connected_once: bool,
    /// No session is opened before.
    rests_until: Option<Instant>,
    /// Why the last attempt failed; `None` once one has succeeded.
    failure: Option<Error>,
    /// No session was open when the last attempt failed.
    is_outage: bool,
    /// The last pause, without chance.
    pause: Duration,
}

impl ConnectBackoff {
    /// How many sessions may be opened at the same time, with this many open: one until an attempt
    /// has succeeded, then as many as are open. So a wrong password is sent once, and not by each
    /// worker.
    pub(in crate::client) fn most_connecting(&self, open: usize) -> usize {
        if self.has_connected_once {
            open.max(1)
        } else {
            1
        }
    }

    /// For how long no session is to be opened.
    pub(in crate::client) fn rests_for(&self) -> Option<Duration> {
        let left = self.rests_until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    pub(in crate::client) fn connected(&mut self) {
        *self = Self {
            has_connected_once: true,
            ..Self::default()
        };
    }

    /// The pause after this failure: twice the last one. `chance` is any number, a new one each
    /// time: it takes up to half of the pause away, so that clients which lost their server at the
    /// same time do not come back at the same time. Pauses between logins are never shortened.
    pub(in crate::client) fn next_pause(&self, error: &Error, chance: u32) -> Duration {
        let pause = self.doubled(error);
        if is_of_the_login(error) {
            return pause;
        }
        let fraction = f64::from(chance) / f64::from(u32::MAX);
        pause.mul_f64(0.5 + fraction / 2.0)
    }

    fn doubled(&self, error: &Error) -> Duration {
        let longest = if is_of_the_login(error) {
            LONGEST_PAUSE_OF_LOGIN
        } else {
            LONGEST_PAUSE
        };
        (self.pause * 2).clamp(FIRST_PAUSE, longest)
    }

    /// No session could be opened. The next attempt is made after `pause`.
    pub(in crate::client) fn has_failed(&mut self, error: &Error, pause: Duration) {
        self.has_connected_once = false;
        self.failure = Some(error.clone());
        self.is_outage = true;
        self.rests_until = (!pause.is_zero()).then(|| Instant::now() + pause);
        if !pause.is_zero() {
            self.pause = self.doubled(error);
        }
    }

    /// No session could be opened while others are open: the mails are left to those.
    pub(in crate::client) fn has_failed_beside_others(&mut self, error: &Error) {
        if is_of_the_login(error) {
            let pause = self.doubled(error);
            self.has_failed(error, pause);
        } else {
            self.has_connected_once = false;
            self.failure = Some(error.clone());
            self.rests_until = Some(Instant::now() + REST);
        }
        self.is_outage = false;
    }

    /// A session ended by a panic in what the caller gave: the next is not opened at once.
    /// An older failure says nothing about the time until then.
    pub(in crate::client) fn rests(&mut self) {
        if self.rests_for().is_none() {
            self.failure = None;
            self.is_outage = false;
        }
        self.rests_until = self.rests_until.max(Some(Instant::now() + REST));
    }

    /// Whether the server could not be reached at the last attempt, as far as is known: a session
    /// that was open at the time shows that it could.
    pub(in crate::client) fn is_outage(&self) -> bool {
        self.is_outage
    }

    /// Why the last attempt failed, until the next may be made.
    pub(in crate::client) fn failure(&self) -> Option<&Error> {
        self.rests_for().and(self.failure.as_ref())
    }

    /// Whether this is the first of a series of refused logins.
    pub(in crate::client) fn is_first_refusal(&self, error: &Error) -> bool {
        is_refused_login(error) && !self.failure.as_ref().is_some_and(is_refused_login)
    }
}

/// Whether the login was refused permanently.
pub(in crate::client) fn is_refused_login(error: &Error) -> bool {
    error.kind() == ErrorKind::Auth && !error.is_transient() && !is_without_credentials(error)
}

/// Whether the login failed, by a refusal or because the connection ended there: the password may
/// have been what it ended for, and each further one may count as wrong. A provider whose failure
/// is not transient is asked as rarely.
fn is_of_the_login(error: &Error) -> bool {
    let is_of_it = error.kind() == ErrorKind::Auth || error.stage() == Some(Stage::Auth);
    is_of_it && !(is_without_credentials(error) && error.is_transient())
}

/// Whether there were no credentials to log in with: their provider failed, and the server has not
/// been asked.
fn is_without_credentials(error: &Error) -> bool {
    let is_of_the_session = error.stage() == Some(Stage::Auth);
    error.kind() == ErrorKind::Auth && is_of_the_session && error.reply().is_none()
}

/// Whether there is a pause before the next attempt although no mail waits for it: the server
/// itself said no, or a password or its provider would be asked again for each mail.
pub(in crate::client) fn pauses_anyway(error: &Error) -> bool {
    is_of_the_login(error) || is_without_credentials(error) || is_refused_for_now(error)
}

/// Whether the server itself said that a session cannot be opened just now. Others may be in a
/// moment, as against a server that cannot be reached.
pub(in crate::client) fn is_refused_for_now(error: &Error) -> bool {
    error.is_transient() && error.reply().is_some()
}

/// Whether the connection broke while the session was set up, before the login: the next one may
/// well hold, as the server has accepted this one.
pub(in crate::client) fn is_cut(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Closed)
        && error.reply().is_none()
        && error.stage() != Some(Stage::Auth)
}

#[cfg(test)]
mod tests {
    use super::super::super::account_verdict::tests::reply;
    use super::*;

    fn refused() -> Error {
        Error::new(ErrorKind::Auth, "no")
    }

    fn unreachable() -> Error {
        Error::new(ErrorKind::Connect, "refused")
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_login_is_not_tried_again_at_once() {
        let mut backoff = ConnectBackoff::default();
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert_eq!(backoff.is_first_refusal(&refused()), seconds == 1);
            let pause = backoff.next_pause(&refused(), 0);
            assert_eq!(pause, Duration::from_secs(seconds));
            backoff.has_failed(&refused(), pause);
            assert_eq!(backoff.failure().unwrap().kind(), ErrorKind::Auth);
            tokio::time::advance(pause).await;
            assert!(backoff.failure().is_none(), "{seconds} s");
        }
        backoff.connected();
        assert_eq!(backoff.next_pause(&refused(), 0), FIRST_PAUSE);
    }

    /// Sessions that are open do not make the pauses shorter.
    #[tokio::test(start_paused = true)]
    async fn a_refused_login_pauses_beside_open_sessions_too() {
        let mut backoff = ConnectBackoff::default();
        backoff.connected();
        for seconds in [1, 2, 4, 8] {
            backoff.has_failed_beside_others(&refused());
            assert_eq!(backoff.rests_for(), Some(Duration::from_secs(seconds)));
            assert_eq!(backoff.most_connecting(3), 1);
        }
        // Another failure in between does not make them begin again.
        backoff.has_failed_beside_others(&unreachable());
        assert_eq!(backoff.rests_for(), Some(REST));
        assert!(!backoff.failure().is_some_and(is_refused_login));
        backoff.has_failed_beside_others(&refused());
        assert_eq!(backoff.rests_for(), Some(Duration::from_secs(16)));
    }

    /// A panic does not make a failure count again after its pause, nor does it shorten a pause.
    #[tokio::test(start_paused = true)]
    async fn a_panic_is_not_a_failure() {
        let mut backoff = ConnectBackoff::default();
        let pause = Duration::from_secs(8);
        backoff.has_failed(&refused(), pause);
        backoff.rests();
        assert_eq!(backoff.rests_for(), Some(pause));
        assert!(backoff.failure().is_some());
        tokio::time::advance(pause).await;
        backoff.rests();
        assert_eq!(backoff.rests_for(), Some(REST));
        assert!(backoff.failure().is_none());
    }

    #[test]
    fn pauses_of_an_outage_grow_to_ten_seconds_and_chance_shortens_them() {
        let mut backoff = ConnectBackoff::default();
        for seconds in [1, 2, 4, 8, 10, 10] {
            let full = Duration::from_secs(seconds);
            assert_eq!(backoff.next_pause(&unreachable(), u32::MAX), full);
            assert_eq!(backoff.next_pause(&unreachable(), 0), full / 2);
            backoff.pause = backoff.doubled(&unreachable());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_are_opened_one_by_one_until_one_is_open() {
        let mut backoff = ConnectBackoff::default();
        assert_eq!(backoff.most_connecting(0), 1);
        backoff.connected();
        assert_eq!(
            [0, 1, 3].map(|open| backoff.most_connecting(open)),
            [1, 1, 3]
        );
        backoff.has_failed(&unreachable(), Duration::ZERO);
        assert_eq!((backoff.most_connecting(3), backoff.rests_for()), (1, None));
    }

    /// A provider of credentials that fails is not the server's word on them.
    #[test]
    fn what_is_of_the_login() {
        let provided = refused().with_stage(Stage::Auth);
        let judged = refused()
            .with_stage(Stage::Auth)
            .with_reply(reply("535 5.7.8 wrong"));
        let closed = Error::new(ErrorKind::Closed, "closed").with_stage(Stage::Auth);
        for (error, is_refused, is_of_it) in [
            (&provided, false, true),
            (&provided.clone().with_transient(true), false, false),
            (&judged, true, true),
            (&closed, false, true),
            // A proxy's word has no reply.
            (&refused(), true, true),
            (&unreachable(), false, false),
        ] {
            let found = (is_refused_login(error), is_of_the_login(error));
            assert_eq!(found, (is_refused, is_of_it), "{error:?}");
        }
        assert!(pauses_anyway(&provided));
    }

    #[test]
    fn a_connection_that_breaks_before_the_login_is_tried_once_more() {
        let closed = || Error::new(ErrorKind::Closed, "closed");
        for (error, expected) in [
            (closed().with_stage(Stage::StartTls), true),
            (closed().with_stage(Stage::Greeting), true),
            (
                Error::new(ErrorKind::Io, "reset").with_stage(Stage::Hello),
                true,
            ),
            // The password may have been what the server closed for.
            (closed().with_stage(Stage::Auth), false),
            (unreachable().with_stage(Stage::Connect), false),
            (refused().with_stage(Stage::Auth), false),
            (
                Error::new(ErrorKind::Timeout, "silent").with_stage(Stage::Hello),
                false,
            ),
        ] {
            assert_eq!(is_cut(&error), expected, "{error:?}");
        }
    }
}
