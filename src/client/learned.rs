//! What has been learnt about a server, for all sessions of a client:
//! [`manual::dialogue`](crate::manual::dialogue) has the table.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::session::{Session, Strategy};

/// How long the number of mails in a session is kept to. A server that was shut down may have
/// taught a wrong one.
const KEPT: Duration = Duration::from_hours(1);

/// What has been learnt about a server.
#[derive(Debug)]
pub(super) struct Learned(Mutex<Facts>);

#[derive(Debug)]
struct Facts {
    /// How mails go out: as was asked for, less what the server cannot do.
    strategy: Strategy,
    /// How many recipients go in one transaction.
    recipients: Option<NonZeroU32>,
    /// How many mails go in one session, and when that was learnt.
    mails: Option<(NonZeroU32, Instant)>,
    /// The most mails that the server has accepted in one session.
    longest: u32,
    /// The session that may send several mails at once after its `longest`th mail. If it ends there,
    /// the others have lost nothing.
    leader: Option<u64>,
}

/// What a session is to go by. It is over when this is dropped.
#[derive(Debug)]
pub(super) struct Lessons<'a> {
    learned: &'a Learned,
    worker: u64,
    pub(super) strategy: Strategy,
    pub(super) recipients: Option<NonZeroU32>,
    pub(super) mails: Option<NonZeroU32>,
}

impl Facts {
    fn mails(&self) -> Option<NonZeroU32> {
        let (mails, since) = self.mails?;
        (since.elapsed() < KEPT).then_some(mails)
    }
}

impl Learned {
    pub(super) fn new(strategy: Strategy, recipients: Option<NonZeroU32>) -> Self {
        Self(Mutex::new(Facts {
            strategy,
            recipients,
            mails: None,
            longest: 0,
            leader: None,
        }))
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker begins a session.
    pub(super) fn begin(&self, worker: u64) -> Lessons<'_> {
        let facts = self.facts();
        Lessons {
            learned: self,
            worker,
            strategy: facts.strategy,
            recipients: facts.recipients,
            mails: facts.mails(),
        }
    }
}

impl Lessons<'_> {
    /// Whether a session that has been given so many mails may be given another.
    pub(super) fn allows(&self, given: usize) -> bool {
        let mails = self.learned.facts().mails();
        let most = mails.and_then(|mails| usize::try_from(mails.get()).ok());
        most.is_none_or(|most| given < most)
    }

    /// Whether a session that has been given so many mails may begin another before those have been
    /// answered. Where no session has been before, only one may.
    pub(super) fn allows_company(&self, given: usize) -> bool {
        let mut facts = self.learned.facts();
        if facts.strategy != self.strategy {
            return false;
        }
        if usize::try_from(facts.longest).is_ok_and(|longest| given < longest) {
            return true;
        }
        // It has been learnt how many mails a session takes, and that is looked at again.
        if facts.mails.is_some() {
            return false;
        }
        *facts.leader.get_or_insert(self.worker) == self.worker
    }

    /// The session has had this number of mails accepted.
    pub(super) fn has_accepted(&self, mails: u32) {
        let mut facts = self.learned.facts();
        facts.longest = facts.longest.max(mails);
        if facts.mails.is_some_and(|(most, _)| mails > most.get()) {
            facts.mails = None;
        }
    }

    /// The session has ended, or takes no other mail; it has ended for the number of its mails, if
    /// that is `full`. Others may have learnt more meanwhile.
    pub(super) fn learn(&self, session: &Session, full: Option<NonZeroU32>) {
        let mut facts = self.learned.facts();
        facts.strategy = facts.strategy.least(session.strategy());
        facts.recipients = least(facts.recipients, session.most_recipients());
        if let Some(mails) = full.filter(|mails| mails.get() >= facts.longest) {
            facts.mails = Some((mails, Instant::now()));
        }
    }
}

impl Drop for Lessons<'_> {
    fn drop(&mut self) {
        let mut facts = self.learned.facts();
        facts.leader = facts.leader.filter(|leader| *leader != self.worker);
    }
}

/// The smaller of two limits.
fn least(one: Option<NonZeroU32>, other: Option<NonZeroU32>) -> Option<NonZeroU32> {
    one.into_iter().chain(other).min()
}
