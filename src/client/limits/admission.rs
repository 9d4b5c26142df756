//! Whether a mail may be begun, and a connection opened: by the rates that were asked for, and by
//! what the server has said.

use std::time::{Duration, Instant};

use super::rates::{Rates, Used};
use super::throttle::{Blocked, Throttle};
use crate::error::Error;

/// All that keeps mails and connections back.
#[derive(Debug)]
pub(in crate::client) struct Admission {
    used: Used,
    throttle: Throttle,
    /// Until when it is known to be closed.
    closed_until: Option<Instant>,
}

impl Admission {
    pub(in crate::client) fn new(rates: &Rates, most_connections: usize) -> Self {
        Self {
            used: Used::none(rates, now()),
            throttle: Throttle::new(most_connections),
            closed_until: None,
        }
    }

    /// How many connections there may be now: at least one.
    pub(in crate::client) fn connections(&self) -> usize {
        self.throttle.connections()
    }

    /// Whether a mail to so many recipients may be begun now. If so, it counts. One that another
    /// session has begun has no `recipients`: it has been counted.
    pub(in crate::client) fn admit(
        &mut self,
        recipients: Option<usize>,
    ) -> Result<Instant, Blocked> {
        let now = now();
        let admitted = self.throttle.admit(now).and_then(|()| {
            let admitted = recipients.map_or(Ok(()), |count| self.used.admit(now, count));
            admitted.map_err(|wait| Blocked::Until(now + wait))
        });
        self.closed_until = match &admitted {
            Err(Blocked::Until(time)) => Some(*time),
            _ => None,
        };
        admitted.map(|()| now)
    }

    /// How long nothing can be sent, as far as is known, and no connection is worth opening.
    pub(in crate::client) fn closed_for(&self) -> Option<Duration> {
        let left = self.closed_until?.saturating_duration_since(now());
        (!left.is_zero()).then_some(left)
    }

    /// The mail that it was closed for is not there any more: another may be admitted.
    pub(in crate::client) fn may_be_open(&mut self) {
        self.closed_until = None;
    }

    /// Whether a connection may be opened now, which then counts; if not, for how long.
    pub(in crate::client) fn admit_connection(&mut self) -> Result<(), Duration> {
        match self.closed_for() {
            Some(wait) => Err(wait),
            None => self.used.admit_connection(now()),
        }
    }

    /// A mail that was begun then has been accepted.
    pub(in crate::client) fn accepted(&mut self, begun: Instant) {
        self.throttle.accepted(begun);
    }

    /// A mail, or an attempt to connect, that was begun then has failed. Says whether the server
    /// is to be given less.
    pub(in crate::client) fn failed(&mut self, begun: Instant, error: &Error) -> bool {
        self.throttle.failed(begun, now(), error)
    }
}

/// By the clock of the runtime, which stands still in some tests.
pub(in crate::client) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
