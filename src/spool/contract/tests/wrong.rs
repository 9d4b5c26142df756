//! A store that breaks one invariant.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::super::claim::{Claim, Token, Want};
use super::super::super::clock::Clock;
use super::super::super::content::{ContentId, ContentReader};
use super::super::super::error::SpoolErrorKind;
use super::super::super::events::Event;
use super::super::super::holds::{Hold, HoldReason, Scope};
use super::super::super::job::{Job, JobId, NewJob};
use super::super::super::mail::{Added, MailState, NewMail};
use super::super::super::memory::MemorySpool;
use super::super::super::outcome::{Outcome, Resolution};
use super::super::super::query::{MailRecord, Query};
use super::super::super::store::{Allowance, Spent, Spool, SpoolFuture, SpoolInfo};
use super::super::StoreUnderTest;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A record says that rows may leave, and forgets them.
    LeavesUnrecorded,
    /// The worker of a claim that was taken over may record.
    AcceptsOldTokens,
    /// An accepted row is ready again.
    SendsAcceptedAgain,
    /// A row in flight is ready again when its claim is taken over.
    SendsWhatWasInFlight,
    /// An unknown row is ready again after a while.
    SendsUnknownUnasked,
    /// A mail that is added again is another row.
    AddsTwice,
    /// The counts are not those of the rows.
    CountsWrong,
    /// Held rows are claimed.
    IgnoresHolds,
}

pub(super) struct WrongStore {
    spool: MemorySpool,
    clock: Clock,
    fault: Fault,
}

impl WrongStore {
    pub(super) fn new(fault: Fault) -> Self {
        let clock = Clock::default();
        Self {
            spool: MemorySpool::with_clock(clock.clone()),
            clock,
            fault,
        }
    }
}

impl StoreUnderTest for WrongStore {
    fn open<'a>(&'a self, worker: &'a str) -> SpoolFuture<'a, Arc<dyn Spool>> {
        let spool: Arc<dyn Spool> = Arc::new(Wrong {
            inner: self.spool.worker(worker),
            fault: self.fault,
        });
        Box::pin(std::future::ready(Ok(spool)))
    }

    fn kill(&self, worker: Arc<dyn Spool>) -> SpoolFuture<'_, ()> {
        drop(worker);
        Box::pin(std::future::ready(Ok(())))
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

#[derive(Debug)]
struct Wrong {
    inner: MemorySpool,
    fault: Fault,
}

impl Wrong {
    /// The states whose rows are ready again before a claim.
    fn revived(&self) -> Option<MailState> {
        match self.fault {
            Fault::SendsAcceptedAgain => Some(MailState::Accepted),
            Fault::SendsWhatWasInFlight => Some(MailState::InFlight),
            Fault::SendsUnknownUnasked => Some(MailState::Unknown),
            _ => None,
        }
    }
}

impl Spool for Wrong {
    fn info(&self) -> SpoolInfo {
        self.inner.info()
    }

    fn add_content<'a>(&'a self, content: ContentReader<'a>) -> SpoolFuture<'a, ContentId> {
        self.inner.add_content(content)
    }

    fn content(&self, id: ContentId) -> SpoolFuture<'_, ContentReader<'static>> {
        self.inner.content(id)
    }

    fn create(&self, job: NewJob) -> SpoolFuture<'_, bool> {
        self.inner.create(job)
    }

    fn add<'a>(&'a self, job: &'a JobId, mut mails: Vec<NewMail>) -> SpoolFuture<'a, Added> {
        if self.fault == Fault::AddsTwice {
            for mail in &mut mails {
                mail.key.push_str(&fastrand::u64(..).to_string());
                mail.key.truncate(NewMail::MAX_KEY);
            }
        }
        self.inner.add(job, mails)
    }

    fn start<'a>(&'a self, job: &'a JobId) -> SpoolFuture<'a, ()> {
        self.inner.start(job)
    }

    fn claim<'a>(&'a self, want: &'a Want) -> SpoolFuture<'a, Option<Claim>> {
        if let Some(state) = self.revived() {
            self.inner.revive(state);
        }
        Box::pin(async move {
            if self.fault == Fault::IgnoresHolds {
                for (scope, _) in self.inner.holds().await? {
                    self.inner.unhold(&scope).await?;
                }
            }
            self.inner.claim(want).await
        })
    }

    fn record<'a>(
        &'a self,
        token: &'a mut Token,
        leaving: &'a [u64],
        settled: &'a [(u64, Outcome)],
    ) -> SpoolFuture<'a, ()> {
        let leaving = match self.fault {
            Fault::LeavesUnrecorded => &[],
            _ => leaving,
        };
        Box::pin(async move {
            match self.inner.record(token, leaving, settled).await {
                Err(error)
                    if self.fault == Fault::AcceptsOldTokens
                        && error.kind() == SpoolErrorKind::Lost =>
                {
                    Ok(())
                }
                recorded => recorded,
            }
        })
    }

    fn extend<'a>(&'a self, token: &'a mut Token) -> SpoolFuture<'a, ()> {
        self.inner.extend(token)
    }

    fn release<'a>(&'a self, token: Token, settled: &'a [(u64, Outcome)]) -> SpoolFuture<'a, ()> {
        self.inner.release(token, settled)
    }

    fn ready<'a>(&'a self, want: &'a Want) -> SpoolFuture<'a, ()> {
        self.inner.ready(want)
    }

    fn jobs(&self) -> SpoolFuture<'_, Vec<Job>> {
        self.inner.jobs()
    }

    fn job<'a>(&'a self, id: &'a JobId) -> SpoolFuture<'a, Option<Job>> {
        Box::pin(async move {
            let mut job = self.inner.job(id).await?;
            if let (Some(job), Fault::CountsWrong) = (&mut job, self.fault) {
                let accepted = job.counts.get(MailState::Accepted);
                job.counts.set(MailState::Accepted, accepted * 2);
            }
            Ok(job)
        })
    }

    fn mails<'a>(&'a self, query: &'a Query) -> SpoolFuture<'a, Vec<MailRecord>> {
        self.inner.mails(query)
    }

    fn hold<'a>(
        &'a self,
        scope: &'a Scope,
        reason: HoldReason,
        text: &'a str,
        lasts: Option<Duration>,
    ) -> SpoolFuture<'a, ()> {
        self.inner.hold(scope, reason, text, lasts)
    }

    fn unhold<'a>(&'a self, scope: &'a Scope) -> SpoolFuture<'a, bool> {
        self.inner.unhold(scope)
    }

    fn holds(&self) -> SpoolFuture<'_, Vec<(Scope, Hold)>> {
        self.inner.holds()
    }

    fn resolve<'a>(
        &'a self,
        job: &'a JobId,
        rows: Option<&'a [u64]>,
        resolution: Resolution,
    ) -> SpoolFuture<'a, u64> {
        self.inner.resolve(job, rows, resolution)
    }

    fn hasten<'a>(&'a self, job: &'a JobId, rows: Option<&'a [u64]>) -> SpoolFuture<'a, u64> {
        self.inner.hasten(job, rows)
    }

    fn cancel<'a>(&'a self, job: &'a JobId, rows: Option<&'a [u64]>) -> SpoolFuture<'a, u64> {
        self.inner.cancel(job, rows)
    }

    fn remove<'a>(&'a self, job: &'a JobId) -> SpoolFuture<'a, bool> {
        self.inner.remove(job)
    }

    fn prune(&self, older: Duration) -> SpoolFuture<'_, u64> {
        self.inner.prune(older)
    }

    fn spend<'a>(
        &'a self,
        account: &'a str,
        allowance: Allowance,
        wanted: u32,
    ) -> SpoolFuture<'a, Spent> {
        self.inner.spend(account, allowance, wanted)
    }

    fn note<'a>(&'a self, job: &'a JobId, name: &'a str, detail: Bytes) -> SpoolFuture<'a, ()> {
        self.inner.note(job, name, detail)
    }

    fn events<'a>(&'a self, job: &'a JobId, after: u64) -> SpoolFuture<'a, Vec<Event>> {
        self.inner.events(job, after)
    }
}
