//! Whether a mail may be begun, and a connection opened: by the rates that were asked for, and by
//! what the server has said.

use std::time::{Duration, Instant};

use super::rates::{Rates, Used};
use super::throttle::{Blocked, Throttle};

/// All that keeps mails and connections back.
#[derive(Debug)]
pub(in crate::client) struct Admission {
    used: Used,
    pub(in crate::client) throttle: Throttle,
    /// Until when it is known to be closed.
    closed_until: Option<Instant>,
}

impl Admission {
    pub(in crate::client) fn new(rates: &Rates, most_connections: usize) -> Self {
        Self {
            used: Used::none(rates),
            throttle: Throttle::new(most_connections),
            closed_until: None,
        }
    }

    /// Whether a mail to this many recipients may be begun now. If so, it counts. One that another
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

    /// The mail that it was closed for is not there any more: another may be admitted.
    pub(in crate::client) fn may_be_open(&mut self) {
        self.closed_until = None;
    }

    /// Whether a connection may be opened now, which then counts; if not, for how long.
    pub(in crate::client) fn admit_connection(&mut self) -> Result<(), Duration> {
        // No connection is worth opening while no mail may be begun.
        let now = now();
        match self.closed_until.filter(|until| *until > now) {
            Some(until) => Err(until - now),
            None => self.used.admit_connection(now),
        }
    }
}

/// By the clock of the runtime, which stands still in some tests.
pub(in crate::client) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
