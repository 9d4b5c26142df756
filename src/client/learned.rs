//! What the sessions of a client have learned about the server:
//! [`manual::dialogue`](crate::manual::dialogue) has the table.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::account_verdict::may_limit_mails;
use super::job::lock;
use crate::protocol::{ReplyMeaning, Strategy};
use crate::session::Session;

/// How long a fact holds. After that it is looked at again.
const KEPT: Duration = Duration::from_hours(1);

/// How long a fact holds at most that a silence or a close has shown several times.
const LONGEST_KEPT: Duration = Duration::from_hours(24);

/// How long the number of mails in a session holds at first, if no reply has named the number as the
/// reason: the session may have ended by accident.
const FIRST_KEPT: Duration = Duration::from_mins(5);

/// What the sessions have learned about the server.
#[derive(Debug)]
pub(super) struct Learned {
    /// How mails go out: as was asked for, less what the server has said that it cannot do.
    strategy: Strategy,
    /// How mails go out by what a silence or a close has shown.
    suspected: Fact<Strategy>,
    /// How many recipients go in one transaction.
    recipients: Fact<NonZeroU32>,
    /// How many mails go in one session.
    mails: Fact<NonZeroU32>,
    /// The most mails that the server has accepted in one session, and since when that is known.
    longest: (u32, Option<Instant>),
    /// After how many mails the last session ended that ended before its `longest`th mail.
    ended_early: Option<NonZeroU32>,
    /// Up to this mail of a session, several may be in flight.
    company: u32,
    /// The session that may send several mails at once after its `company`th mail. If it ends there,
    /// the others have lost nothing.
    leader: Option<u64>,
}

/// A fact that may be wrong, or pass. It holds for a time, which is doubled if the server shows the
/// same once that is over.
#[derive(Debug)]
struct Fact<T> {
    learned: Option<(T, Instant)>,
    kept: Duration,
    /// Since when the server is looked at again.
    looked_at: Option<Instant>,
}

/// What a session starts from. Dropping this ends the session's part in it.
#[derive(Debug)]
pub(super) struct Lessons<'a> {
    learned: &'a Mutex<Learned>,
    worker: u64,
    /// The strategy without what a silence or a close has shown.
    said: Strategy,
    pub(super) strategy: Strategy,
    pub(super) recipients: Option<NonZeroU32>,
    pub(super) mails: Option<NonZeroU32>,
}

impl<T: Copy> Fact<T> {
    const UNKNOWN: Self = Self {
        learned: None,
        kept: Duration::ZERO,
        looked_at: None,
    };

    /// What holds now.
    fn now(&self) -> Option<T> {
        let (fact, since) = self.learned?;
        (since.elapsed() < self.kept).then_some(fact)
    }

    /// Whether its time is over, so that the server is tried again.
    fn is_due(&self) -> bool {
        self.learned.is_some() && self.now().is_none()
    }

    /// Forgets the fact, but not how long it held.
    fn look_again(&mut self) {
        self.learned = None;
        self.looked_at = Some(Instant::now());
    }

    fn learn(&mut self, fact: T, first: Duration, longest: Duration) {
        if self.now().is_some() {
            self.kept = self.kept.max(first);
        } else {
            // The server has been in order for so long that this has another reason.
            let looked_at = self.looked_at.take();
            if looked_at.is_some_and(|since| since.elapsed() > self.kept) {
                self.kept = Duration::ZERO;
            }
            self.kept = (self.kept * 2).clamp(first, longest);
        }
        self.learned = Some((fact, Instant::now()));
    }
}

impl Learned {
    pub(super) fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            suspected: Fact::UNKNOWN,
            recipients: Fact::UNKNOWN,
            mails: Fact::UNKNOWN,
            longest: (0, None),
            ended_early: None,
            company: 0,
            leader: None,
        }
    }

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
        for shown in &session.findings().defects {
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
        // The session began with this number.
        let learned = session.findings().max_recipients;
        let known = self.recipients.now();
        if learned != lessons.recipients
            && let Some(fewer) = learned
            && known.is_none_or(|known| fewer < known)
        {
            self.recipients.learn(fewer, KEPT, KEPT);
        }
    }

    /// A session has ended after this number of mails, which may be all that the server takes. Where
    /// it ends sooner than others, that is an accident, unless a reply names the number, or two
    /// sessions end after the same number. Returns whether there was something to learn.
    fn learn_mails(&mut self, mails: NonZeroU32, is_named: bool) -> bool {
        let is_early = mails.get() < self.longest();
        let is_same = self.ended_early == Some(mails);
        self.ended_early = is_early.then_some(mails);
        if is_early && !is_named && !is_same {
            return false;
        }
        self.longest = (mails.get(), Some(Instant::now()));
        let first = if is_named { KEPT } else { FIRST_KEPT };
        self.mails.learn(mails, first, KEPT);
        true
    }

    /// The most mails that the server has accepted in one session, not long ago.
    fn longest(&self) -> u32 {
        let (mails, since) = self.longest;
        let is_known = since.is_some_and(|since| since.elapsed() < KEPT);
        if is_known { mails } else { 0 }
    }

    /// A session has had this number of mails accepted.
    pub(super) fn has_accepted(&mut self, mails: u32) {
        self.company = self.company.max(mails);
        if mails >= self.longest() {
            self.longest = (mails, Some(Instant::now()));
        }
        let known = self.mails.learned;
        if known.is_some_and(|(most, _)| mails > most.get()) {
            self.mails = Fact::UNKNOWN;
        }
    }
}

impl<'a> Lessons<'a> {
    /// A worker begins a session.
    pub(super) fn begin(learned: &'a Mutex<Learned>, worker: u64) -> Self {
        let mut facts = lock(learned);
        if facts.suspected.is_due() {
            // One session alone sends several mails at once there.
            facts.suspected.look_again();
            facts.company = 0;
        }
        Self {
            learned,
            worker,
            said: facts.strategy,
            strategy: facts.strategy(),
            recipients: facts.recipients.now(),
            mails: facts.mails.now(),
        }
    }

    /// Whether a session that has been given this many mails may be given another.
    pub(super) fn allows(&self, given: usize) -> bool {
        let mails = lock(self.learned).mails.now();
        let most = mails.and_then(|mails| usize::try_from(mails.get()).ok());
        most.is_none_or(|most| given < most)
    }

    /// Whether a session that has been given this many mails may begin another before those have been
    /// answered. Where no session has been before, only one may.
    pub(super) fn allows_company(&self, given: usize) -> bool {
        let mut facts = lock(self.learned);
        if facts.strategy().least(self.strategy) != self.strategy {
            return false;
        }
        if usize::try_from(facts.company).is_ok_and(|company| given < company) {
            return true;
        }
        // The number of mails in a session was known, and is tried again.
        if facts.mails.learned.is_some() {
            return false;
        }
        *facts.leader.get_or_insert(self.worker) == self.worker
    }

    /// The session has ended, or takes no other mail. Others may have learned more meanwhile. Returns
    /// whether the session ended because of the number of its mails.
    pub(super) fn learn(&self, session: &Session) -> bool {
        let mut facts = lock(self.learned);
        let before = facts.now();
        facts.learn_strategy(self, session);
        facts.learn_recipients(self, session);
        let ended_after = session.findings().ended_after.as_ref();
        let is_full = ended_after.is_some_and(|(mails, error)| {
            let is_named = error.means(ReplyMeaning::TooManyMails);
            may_limit_mails(error) && facts.learn_mails(*mails, is_named)
        });
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
        let mut facts = lock(self.learned);
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
        let mut fact = Fact::UNKNOWN;
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
        // The server has been in order for a while: the next sign is one of its own.
        fact.look_again();
        tokio::time::advance(hours(6)).await;
        fact.learn(1, first, longest);
        assert_eq!(fact.kept, first);
        // It has just been looked at again.
        tokio::time::advance(first).await;
        fact.look_again();
        fact.learn(1, first, longest);
        assert_eq!(fact.kept, first * 2);
    }

    /// A close shows it first, and then a reply says it.
    #[tokio::test(start_paused = true)]
    async fn a_surer_sign_makes_a_fact_hold_longer() {
        let mut fact = Fact::UNKNOWN;
        fact.learn(1, FIRST_KEPT, KEPT);
        fact.learn(1, KEPT, KEPT);
        assert_eq!(fact.kept, KEPT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_ends_sooner_than_others() {
        const HOUR: u64 = 60;
        // Minutes after 200 mails were accepted in a session; then whether the end is named, after how
        // many mails sessions end, and which of these ends are learned.
        for (minutes, is_named, ends, learned_ends) in [
            (0, true, &[20][..], &[true][..]),
            (0, false, &[20, 20], &[false, true]),
            (0, false, &[20, 90, 40], &[false, false, false]),
            (0, false, &[200, 20], &[true, false]),
            (HOUR, false, &[20], &[true]),
        ] {
            let mut learned = Learned::new(Strategy::default());
            (1..=200).for_each(|mails| learned.has_accepted(mails));
            tokio::time::advance(Duration::from_mins(minutes)).await;
            let ends = ends.iter().map(|mails| NonZeroU32::new(*mails).unwrap());
            let found: Vec<_> = ends
                .map(|mails| learned.learn_mails(mails, is_named))
                .collect();
            assert_eq!(found, learned_ends, "{minutes} {is_named}");
        }
    }
}
