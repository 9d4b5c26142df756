//! What has been learnt about a server, for all sessions of a client:
//! [`manual::dialogue`](crate::manual::dialogue) has the table.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::signal;
use crate::session::{Session, Strategy};

/// How long a fact holds. After that it is looked at again.
const KEPT: Duration = Duration::from_hours(1);

/// How long a fact holds at most that a silence or a close has shown several times.
const LONGEST_KEPT: Duration = Duration::from_hours(24);

/// How long the number of mails in a session holds at first, if no reply has named the number as the
/// reason: the session may have ended by accident.
const FIRST_KEPT: Duration = Duration::from_mins(5);

/// What has been learnt about a server.
#[derive(Debug)]
pub(super) struct Learned(Mutex<Facts>);

#[derive(Debug)]
struct Facts {
    /// How mails go out: as was asked for, less what the server has said that it cannot do.
    strategy: Strategy,
    /// How mails go out by what a silence or a close has shown.
    suspected: Temporary<Strategy>,
    /// How many recipients go in one transaction.
    recipients: Temporary<NonZeroU32>,
    /// How many mails go in one session.
    mails: Temporary<NonZeroU32>,
    /// The most mails that the server has accepted in one session.
    longest: u32,
    /// The session that may send several mails at once after its `longest`th mail. If it ends there,
    /// the others have lost nothing.
    leader: Option<u64>,
}

/// A fact that may be wrong, or pass. It holds for a time, which is doubled if the server shows the
/// same once that is over.
#[derive(Debug)]
struct Temporary<T> {
    learned: Option<(T, Instant)>,
    kept: Duration,
}

/// What a session is to go by. It is over when this is dropped.
#[derive(Debug)]
pub(super) struct Lessons<'a> {
    learned: &'a Learned,
    worker: u64,
    /// The strategy without what a silence or a close has shown.
    said: Strategy,
    pub(super) strategy: Strategy,
    pub(super) recipients: Option<NonZeroU32>,
    pub(super) mails: Option<NonZeroU32>,
}

impl<T: Copy> Temporary<T> {
    const UNKNOWN: Self = Self {
        learned: None,
        kept: Duration::ZERO,
    };

    /// What holds now.
    fn now(&self) -> Option<T> {
        let (fact, since) = self.learned?;
        (since.elapsed() < self.kept).then_some(fact)
    }

    /// Whether it has held, and is to be looked at again.
    fn is_due(&self) -> bool {
        self.learned.is_some() && self.now().is_none()
    }

    fn learn(&mut self, fact: T, first: Duration, longest: Duration) {
        if self.now().is_none() {
            self.kept = (self.kept * 2).clamp(first, longest);
        }
        self.learned = Some((fact, Instant::now()));
    }
}

impl Facts {
    fn strategy(&self) -> Strategy {
        let suspected = self.suspected.now();
        suspected.map_or(self.strategy, |less| self.strategy.least(less))
    }

    /// All that holds now.
    fn now(&self) -> (Strategy, Option<NonZeroU32>, Option<NonZeroU32>) {
        (self.strategy(), self.recipients.now(), self.mails.now())
    }

    fn learn_strategy(&mut self, lessons: &Lessons<'_>, session: &Session) {
        let (mut said, mut suspected) = (lessons.said, lessons.strategy);
        for shown in session.shown() {
            if shown.in_words {
                said = said.without(shown.defect);
                self.strategy = self.strategy.least(said);
            } else {
                suspected = suspected.without(shown.defect);
                let less = self.strategy().least(suspected);
                self.suspected.learn(less, KEPT, LONGEST_KEPT);
            }
        }
    }

    fn learn_recipients(&mut self, lessons: &Lessons<'_>, session: &Session) {
        // What the session has been told says nothing new.
        let learned = session.learned_recipients();
        let known = self.recipients.now();
        if learned != lessons.recipients
            && let Some(fewer) = learned
            && known.is_none_or(|known| fewer < known)
        {
            self.recipients.learn(fewer, KEPT, KEPT);
        }
    }

    /// Learns how many mails a session takes, and says whether there was something to learn.
    fn learn_mails(&mut self, session: &Session) -> bool {
        let Some((mails, error)) = session.ended_after() else {
            return false;
        };
        if mails.get() < self.longest || !signal::may_be_full(error) {
            return false;
        }
        let first = if signal::names_mails(error) {
            KEPT
        } else {
            FIRST_KEPT
        };
        self.mails.learn(mails, first, KEPT);
        true
    }
}

impl Learned {
    pub(super) fn new(strategy: Strategy) -> Self {
        Self(Mutex::new(Facts {
            strategy,
            suspected: Temporary::UNKNOWN,
            recipients: Temporary::UNKNOWN,
            mails: Temporary::UNKNOWN,
            longest: 0,
            leader: None,
        }))
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker begins a session.
    pub(super) fn begin(&self, worker: u64) -> Lessons<'_> {
        let mut facts = self.facts();
        if facts.suspected.is_due() {
            // One session alone looks at it again.
            facts.suspected.learned = None;
            facts.longest = 0;
        }
        Lessons {
            learned: self,
            worker,
            said: facts.strategy,
            strategy: facts.strategy(),
            recipients: facts.recipients.now(),
            mails: facts.mails.now(),
        }
    }
}

impl Lessons<'_> {
    /// Whether a session that has been given so many mails may be given another.
    pub(super) fn allows(&self, given: usize) -> bool {
        let mails = self.learned.facts().mails.now();
        let most = mails.and_then(|mails| usize::try_from(mails.get()).ok());
        most.is_none_or(|most| given < most)
    }

    /// Whether a session that has been given so many mails may begin another before those have been
    /// answered. Where no session has been before, only one may.
    pub(super) fn allows_company(&self, given: usize) -> bool {
        let mut facts = self.learned.facts();
        if facts.strategy().least(self.strategy) != self.strategy {
            return false;
        }
        if usize::try_from(facts.longest).is_ok_and(|longest| given < longest) {
            return true;
        }
        // It has been learnt how many mails a session takes, and that is looked at again.
        if facts.mails.learned.is_some() {
            return false;
        }
        *facts.leader.get_or_insert(self.worker) == self.worker
    }

    /// The session has had this number of mails accepted.
    pub(super) fn has_accepted(&self, mails: u32) {
        let mut facts = self.learned.facts();
        facts.longest = facts.longest.max(mails);
        let known = facts.mails.learned;
        if known.is_some_and(|(most, _)| mails > most.get()) {
            facts.mails = Temporary::UNKNOWN;
        }
    }

    /// The session has ended, or takes no other mail. Others may have learnt more meanwhile. Says
    /// whether it has ended for the number of its mails.
    pub(super) fn learn(&self, session: &Session) -> bool {
        let mut facts = self.learned.facts();
        let before = facts.now();
        facts.learn_strategy(self, session);
        facts.learn_recipients(self, session);
        let is_full = facts.learn_mails(session);
        let after = facts.now();
        drop(facts);
        if after != before {
            let (strategy, recipients, mails) = after;
            debug!(?strategy, ?recipients, ?mails, "the server takes less");
        }
        is_full
    }
}

impl Drop for Lessons<'_> {
    fn drop(&mut self) {
        let mut facts = self.learned.facts();
        facts.leader = facts.leader.filter(|leader| *leader != self.worker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server shows the same again whenever it is looked at.
    #[tokio::test(start_paused = true)]
    async fn a_fact_holds_twice_as_long_each_time() {
        let hours = Duration::from_hours;
        let mut fact = Temporary::UNKNOWN;
        let (first, longest) = (hours(1), hours(5));
        for kept in [1, 2, 4, 5, 5].map(hours) {
            assert!(fact.now().is_none());
            fact.learn(1, first, longest);
            // Another session that was open shows it too.
            fact.learn(1, first, longest);
            assert!(!fact.is_due());
            tokio::time::advance(kept / 2).await;
            assert_eq!(fact.now(), Some(1));
            tokio::time::advance(kept / 2).await;
            assert!(fact.is_due());
        }
    }
}
