//! What has been learnt about a server.

use std::sync::{Mutex, PoisonError};

use crate::session::Strategy;

/// How mails go out to a server: as was asked for, less what it has turned out not to be capable
/// of.
#[derive(Debug)]
pub(super) struct Learned(Mutex<Strategy>);

impl Learned {
    pub(super) fn new(strategy: Strategy) -> Self {
        Self(Mutex::new(strategy))
    }

    pub(super) fn strategy(&self) -> Strategy {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session has ended with this. Another may have learnt more meanwhile.
    pub(super) fn learn(&self, left: Strategy) {
        let mut strategy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *strategy = strategy.least(left);
    }
}
