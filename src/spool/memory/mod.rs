//! A store in the memory of the process, for tests and for services that need no more.

mod claims;
mod contents;
mod rows;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::claim::{Claim, Token, Want};
use super::clock::Clock;
use super::content::{ContentId, ContentReader};
use super::error::SpoolError;
use super::events::Event;
use super::holds::{Hold, HoldReason, Scope};
use super::job::{Job, JobId, NewJob};
use super::mail::{Added, NewMail};
use super::outcome::{Outcome, Resolution};
use super::query::{MailRecord, Query};
use super::store::{Allowance, Durability, Spent, Spool, SpoolFuture, SpoolInfo};
use super::values;
use state::State;

/// The longest wait for something to do, after which [`ready`](Spool::ready) returns early.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// A [`Spool`] in the memory of the process. It ends with its last handle.
///
/// ```
/// use pilotfish::spool::{JobKind, MemorySpool, NewJob, NewMail, Spool, Want};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let spool = MemorySpool::new();
/// let job = "news".parse()?;
/// spool.create(NewJob::new("news".parse()?, JobKind::Queue, "work")).await?;
/// spool.add(&job, vec![NewMail::new("ann", "Dear Ann")]).await?;
/// let claim = spool.claim(&Want::new("work")).await?.ok_or("nothing is ready")?;
/// assert_eq!(claim.mails[0].key, "ann");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemorySpool {
    shared: Arc<Shared>,
    worker: Arc<String>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    clock: Clock,
}

impl Default for MemorySpool {
    fn default() -> Self {
        Self::new()
    }
}

impl MemorySpool {
    /// An empty store, and its first worker.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Clock::default())
    }

    /// An empty store with this clock.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                changed: Notify::new(),
                clock,
            }),
            worker: Arc::new("1".to_owned()),
        }
    }

    /// Another worker on the same store. What it claims can be taken over once it is dropped.
    #[must_use]
    pub fn worker(&self, name: impl Into<String>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            worker: Arc::new(name.into()),
        }
    }

    /// Makes rows in this state ready, which no store may do: the contract has to find it.
    #[cfg(all(test, feature = "testing"))]
    pub(super) fn revive(&self, state: super::mail::MailState) {
        let now = self.now();
        self.state().revive(state, now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    /// Does something with the state, which may make rows ready.
    fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State, SystemTime) -> Result<T, SpoolError>,
    ) -> SpoolFuture<'static, T> {
        let now = self.now();
        let done = work(&mut self.state(), now);
        self.shared.changed.notify_waiters();
        Box::pin(std::future::ready(done))
    }
}

impl Spool for MemorySpool {
    fn info(&self) -> SpoolInfo {
        SpoolInfo::new("the memory of this process", Durability::Memory)
    }

    fn add_content<'a>(&'a self, content: ContentReader<'a>) -> SpoolFuture<'a, ContentId> {
        Box::pin(async move {
            let (id, octets) = contents::read(content).await?;
            self.state().contents.put(id, octets, self.now());
            Ok(id)
        })
    }

    fn content(&self, id: ContentId) -> SpoolFuture<'_, ContentReader<'static>> {
        let found = self.state().contents.get(id);
        let found = found
            .map(|octets| -> ContentReader<'static> { Box::pin(std::io::Cursor::new(octets)) });
        Box::pin(std::future::ready(found))
    }

    fn create(&self, job: NewJob) -> SpoolFuture<'_, bool> {
        self.change(|state, now| state.create(job, now))
    }

    fn add<'a>(&'a self, job: &'a JobId, mails: Vec<NewMail>) -> SpoolFuture<'a, Added> {
        self.change(|state, now| state.add(job, mails, now))
    }

    fn start<'a>(&'a self, job: &'a JobId) -> SpoolFuture<'a, ()> {
        self.change(|state, now| state.start(job, now))
    }

    fn claim<'a>(&'a self, want: &'a Want) -> SpoolFuture<'a, Option<Claim>> {
        self.change(|state, now| Ok(state.claim(want, &self.worker, now)))
    }

    fn record<'a>(
        &'a self,
        token: &'a mut Token,
        leaving: &'a [u64],
        settled: &'a [(u64, Outcome)],
    ) -> SpoolFuture<'a, ()> {
        self.change(|state, now| state.record(token, leaving, settled, now))
    }

    fn extend<'a>(&'a self, token: &'a mut Token) -> SpoolFuture<'a, ()> {
        self.change(|state, now| state.record(token, &[], &[], now))
    }

    fn release<'a>(&'a self, token: Token, settled: &'a [(u64, Outcome)]) -> SpoolFuture<'a, ()> {
        self.change(|state, now| state.release(&token, settled, now))
    }

    fn ready<'a>(&'a self, want: &'a Want) -> SpoolFuture<'a, ()> {
        Box::pin(async {
            let changed = self.shared.changed.notified();
            if !self.state().has_ready(want, self.now()) {
                let _ = timeout(MAX_WAIT, changed).await;
            }
            Ok(())
        })
    }

    fn jobs(&self) -> SpoolFuture<'_, Vec<Job>> {
        self.change(|state, now| Ok(state.jobs(now)))
    }

    fn job<'a>(&'a self, id: &'a JobId) -> SpoolFuture<'a, Option<Job>> {
        self.change(|state, now| Ok(state.job(id, now)))
    }

    fn mails<'a>(&'a self, query: &'a Query) -> SpoolFuture<'a, Vec<MailRecord>> {
        self.change(|state, _| state.mails(query))
    }

    fn hold<'a>(
        &'a self,
        scope: &'a Scope,
        reason: HoldReason,
        text: &'a str,
        lasts: Option<Duration>,
    ) -> SpoolFuture<'a, ()> {
        self.change(|state, now| {
            values::check_hold(text)?;
            let hold = Hold::new(reason, text, now, lasts);
            state.holds.insert(scope.clone(), hold);
            Ok(())
        })
    }

    fn unhold<'a>(&'a self, scope: &'a Scope) -> SpoolFuture<'a, bool> {
        self.change(|state, _| Ok(state.holds.remove(scope).is_some()))
    }

    fn holds(&self) -> SpoolFuture<'_, Vec<(Scope, Hold)>> {
        self.change(|state, now| Ok(state.holds(now)))
    }

    fn resolve<'a>(
        &'a self,
        job: &'a JobId,
        rows: Option<&'a [u64]>,
        resolution: Resolution,
    ) -> SpoolFuture<'a, u64> {
        self.change(|state, now| state.resolve(job, rows, resolution, now))
    }

    fn hasten<'a>(&'a self, job: &'a JobId, rows: Option<&'a [u64]>) -> SpoolFuture<'a, u64> {
        self.change(|state, _| state.hasten(job, rows))
    }

    fn cancel<'a>(&'a self, job: &'a JobId, rows: Option<&'a [u64]>) -> SpoolFuture<'a, u64> {
        self.change(|state, now| state.cancel(job, rows, now))
    }

    fn remove<'a>(&'a self, job: &'a JobId) -> SpoolFuture<'a, bool> {
        self.change(|state, now| state.remove(job, now))
    }

    fn prune(&self, older: Duration) -> SpoolFuture<'_, u64> {
        self.change(|state, now| Ok(state.prune(older, now)))
    }

    fn spend<'a>(
        &'a self,
        account: &'a str,
        allowance: Allowance,
        wanted: u32,
    ) -> SpoolFuture<'a, Spent> {
        self.change(|state, now| {
            let spending = state.spending.entry(account.to_owned()).or_default();
            Ok(spending.spend(allowance, wanted, now))
        })
    }

    fn note<'a>(&'a self, job: &'a JobId, name: &'a str, detail: Bytes) -> SpoolFuture<'a, ()> {
        self.change(|state, now| {
            values::check_event(name, &detail)?;
            state.note(job, name, detail, now);
            Ok(())
        })
    }

    fn events<'a>(&'a self, job: &'a JobId, after: u64) -> SpoolFuture<'a, Vec<Event>> {
        self.change(|state, _| Ok(state.events(job, after)))
    }
}
