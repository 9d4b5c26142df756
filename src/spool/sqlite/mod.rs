//! A store in one file of SQLite, for the workers of one machine.
//!
//! `schema.sql` documents the file. People read it by `sqlite3 FILE 'SELECT * FROM v_problem'`, and by the
//! views `v_job` and `v_mail`.
//!
//! A handle has one thread with one connection, which commits what has gathered together. What is added,
//! claimed or decided is on the disk before it is confirmed. What is recorded is there a second later: it
//! survives the end of the process at once. After a power cut, which the boot id of the machine tells, all
//! that was claimed and has no outcome is unknown.
//!
//! A worker that claims holds a lock on a file beside the spool, so that others know at once when it has
//! ended. One that is stopped for longer than its lease loses its claims, by a clock that nothing sets.

mod claims;
mod contents;
mod decisions;
mod failure;
mod jobs;
mod mails;
mod notes;
mod open;
mod options;
mod owners;
mod recover;
mod rows;
mod store;
#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

pub use options::SqliteOptions;

use super::claim::{Claim, Token, Want};
use super::content::{ContentId, ContentReader};
use super::error::SpoolError;
use super::events::Event;
use super::holds::{Hold, HoldReason, Scope};
use super::job::{Job, JobId, NewJob};
use super::mail::{Added, NewMail};
use super::outcome::{Outcome, Resolution};
use super::query::{MailRecord, Query};
use super::store::{Allowance, Durability, Spent, Spool, SpoolFuture, SpoolInfo};
use owners::{Owner, WorkerLock};
use store::Store;
use writer::{Durable, Writer};

/// The longest wait for something to do, after which [`ready`](Spool::ready) returns early.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// How often changes by other handles are looked for meanwhile.
const POLL: Duration = Duration::from_millis(100);

/// A [`Spool`] in a file of SQLite. Several processes of one machine may have the same file open.
///
/// A handle is one worker. When it is dropped, others take over what it had claimed.
///
/// ```no_run
/// use pilotfish::spool::{JobKind, NewJob, NewMail, Spool, SqliteOptions, SqliteSpool, Want};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let spool = SqliteSpool::open("/var/lib/news/spool.db", SqliteOptions::new()).await?;
/// let job = "news".parse()?;
/// spool.create(NewJob::new("news".parse()?, JobKind::Queue, "work")).await?;
/// spool.add(&job, vec![NewMail::new("ann", "Dear Ann")]).await?;
/// let claim = spool.claim(&Want::new("work")).await?.ok_or("nothing is ready")?;
/// assert_eq!(claim.mails[0].key, "ann");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteSpool {
    place: String,
    writer: Writer,
    changed: Arc<Notify>,
    lock: Arc<WorkerLock>,
}

impl SqliteSpool {
    /// Opens a spool, which is created if it is not there: the file for its owner alone, as well as its
    /// directory.
    ///
    /// # Errors
    ///
    /// [`Denied`](super::SpoolErrorKind::Denied): the file is not a spool, may not be written, is on a
    /// network file system, or was last used on another machine. [`Version`](super::SpoolErrorKind::Version):
    /// a newer program made it. [`Damaged`](super::SpoolErrorKind::Damaged),
    /// [`Full`](super::SpoolErrorKind::Full) and [`Unavailable`](super::SpoolErrorKind::Unavailable).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the file may be created.
    pub async fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, SpoolError> {
        let path = path.as_ref().to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::open_now(&path, &options));
        opened.await.map_err(|error| {
            let message = "the spool was not opened: the runtime is shutting down";
            SpoolError::new(super::SpoolErrorKind::Unavailable, message).caused_by(error)
        })?
    }

    fn open_now(path: &Path, options: &SqliteOptions) -> Result<Self, SpoolError> {
        let path = open::make(path, &options.surroundings)?;
        let changed: Arc<Notify> = Arc::default();
        let place = path.display().to_string();
        let connection = open::connect(&path, options);
        let connection = connection.map_err(|failure| failure.into_error(&place))?;
        let owner = Owner::new(options)?;
        let lock = Arc::clone(&owner.lock);
        let store = Store {
            connection,
            path,
            clock: options.clock.clone(),
            owner,
            registered: None,
            has_removed: false,
        };
        let writer = Writer::start(store, Arc::clone(&changed))?;
        Ok(Self {
            place,
            writer,
            changed,
            lock,
        })
    }

    /// Changes the file, and survives a power cut then.
    fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> failure::Done<T> + Send + 'static,
    ) -> SpoolFuture<'_, T> {
        Box::pin(self.writer.write(Durable::PowerCut, work))
    }

    /// Changes the file, and survives the end of the process then.
    fn note_down<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> failure::Done<T> + Send + 'static,
    ) -> SpoolFuture<'_, T> {
        Box::pin(self.writer.write(Durable::Process, work))
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> failure::Done<T> + Send + 'static,
    ) -> SpoolFuture<'_, T> {
        Box::pin(self.writer.read(work))
    }

    /// Reads after the claims of workers that have died are taken over.
    async fn read_current<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> failure::Done<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let is_dead = self
            .writer
            .read(|store| Ok(!store.dead_claims()?.is_empty()));
        if is_dead.await? {
            let durable = Durable::Process;
            self.writer
                .write(durable, |store| store.take_over())
                .await?;
        }
        self.writer.read(work).await
    }

    /// Waits until another handle has changed the file, in this process or another.
    async fn changed_elsewhere(&self) -> Result<(), SpoolError> {
        let before = self.writer.read(|store| store.data_version()).await?;
        let end = Instant::now() + MAX_WAIT;
        while Instant::now() < end {
            tokio::time::sleep(POLL).await;
            if self.writer.read(|store| store.data_version()).await? != before {
                break;
            }
        }
        Ok(())
    }
}

/// Others take over at once what it had claimed.
impl Drop for SqliteSpool {
    fn drop(&mut self) {
        self.lock.end();
    }
}

impl Spool for SqliteSpool {
    fn info(&self) -> SpoolInfo {
        SpoolInfo::new(self.place.as_str(), Durability::Process)
    }

    fn add_content<'a>(&'a self, content: ContentReader<'a>) -> SpoolFuture<'a, ContentId> {
        Box::pin(contents::put(&self.writer, content))
    }

    fn content(&self, id: ContentId) -> SpoolFuture<'_, ContentReader<'static>> {
        Box::pin(contents::get(&self.writer, id))
    }

    fn create(&self, job: NewJob) -> SpoolFuture<'_, bool> {
        self.change(move |store| store.create(&job))
    }

    fn add<'a>(&'a self, job: &'a JobId, mails: Vec<NewMail>) -> SpoolFuture<'a, Added> {
        let job = job.clone();
        self.change(move |store| store.add(&job, &mails))
    }

    fn start<'a>(&'a self, job: &'a JobId) -> SpoolFuture<'a, ()> {
        let job = job.clone();
        self.change(move |store| store.start(&job))
    }

    fn claim<'a>(&'a self, want: &'a Want) -> SpoolFuture<'a, Option<Claim>> {
        let want = want.clone();
        self.change(move |store| store.claim(&want))
    }

    fn record<'a>(
        &'a self,
        token: &'a mut Token,
        leaving: &'a [u64],
        settled: &'a [(u64, Outcome)],
    ) -> SpoolFuture<'a, ()> {
        let (claim, leaving, settled) = (token.claim(), leaving.to_vec(), settled.to_vec());
        self.note_down(move |store| store.record(claim, &leaving, &settled))
    }

    fn extend<'a>(&'a self, token: &'a mut Token) -> SpoolFuture<'a, ()> {
        let claim = token.claim();
        self.note_down(move |store| store.record(claim, &[], &[]))
    }

    fn release<'a>(&'a self, token: Token, settled: &'a [(u64, Outcome)]) -> SpoolFuture<'a, ()> {
        let settled = settled.to_vec();
        self.note_down(move |store| store.release(token.claim(), &settled))
    }

    fn ready<'a>(&'a self, want: &'a Want) -> SpoolFuture<'a, ()> {
        Box::pin(async move {
            let changed = self.changed.notified();
            let wanted = want.clone();
            if self
                .writer
                .read(move |store| store.has_ready(&wanted))
                .await?
            {
                return Ok(());
            }
            let elsewhere = self.changed_elsewhere();
            tokio::select! {
                _ = timeout(MAX_WAIT, changed) => Ok(()),
                done = elsewhere => done,
            }
        })
    }

    fn jobs(&self) -> SpoolFuture<'_, Vec<Job>> {
        Box::pin(self.read_current(|store| store.jobs(None)))
    }

    fn job<'a>(&'a self, id: &'a JobId) -> SpoolFuture<'a, Option<Job>> {
        let id = id.clone();
        Box::pin(self.read_current(move |store| Ok(store.jobs(Some(&id))?.pop())))
    }

    fn mails<'a>(&'a self, query: &'a Query) -> SpoolFuture<'a, Vec<MailRecord>> {
        let query = query.clone();
        self.read(move |store| store.mails(&query))
    }

    fn hold<'a>(
        &'a self,
        scope: &'a Scope,
        reason: HoldReason,
        text: &'a str,
        lasts: Option<Duration>,
    ) -> SpoolFuture<'a, ()> {
        let (scope, text) = (scope.clone(), text.to_owned());
        self.change(move |store| {
            store.forget_holds()?;
            store.hold(&scope, reason, &text, lasts)
        })
    }

    fn unhold<'a>(&'a self, scope: &'a Scope) -> SpoolFuture<'a, bool> {
        let scope = scope.clone();
        self.change(move |store| store.unhold(&scope))
    }

    fn holds(&self) -> SpoolFuture<'_, Vec<(Scope, Hold)>> {
        self.read(|store| store.holds())
    }

    fn resolve<'a>(
        &'a self,
        job: &'a JobId,
        rows: Option<&'a [u64]>,
        resolution: Resolution,
    ) -> SpoolFuture<'a, u64> {
        let (job, rows) = (job.clone(), rows.map(<[u64]>::to_vec));
        self.change(move |store| store.resolve(&job, rows.as_deref(), resolution))
    }

    fn hasten<'a>(&'a self, job: &'a JobId, rows: Option<&'a [u64]>) -> SpoolFuture<'a, u64> {
        let (job, rows) = (job.clone(), rows.map(<[u64]>::to_vec));
        self.change(move |store| store.hasten(&job, rows.as_deref()))
    }

    fn cancel<'a>(&'a self, job: &'a JobId, rows: Option<&'a [u64]>) -> SpoolFuture<'a, u64> {
        let (job, rows) = (job.clone(), rows.map(<[u64]>::to_vec));
        self.change(move |store| store.cancel(&job, rows.as_deref()))
    }

    fn remove<'a>(&'a self, job: &'a JobId) -> SpoolFuture<'a, bool> {
        let job = job.clone();
        self.change(move |store| store.remove(&job))
    }

    fn prune(&self, older: Duration) -> SpoolFuture<'_, u64> {
        Box::pin(async move {
            let mut removed = self.change(move |store| store.prune(older)).await?;
            loop {
                let more = self.note_down(move |store| store.prune_queues(older));
                match more.await? {
                    0 => return Ok(removed),
                    more => removed += more,
                }
            }
        })
    }

    fn spend<'a>(
        &'a self,
        account: &'a str,
        allowance: Allowance,
        wanted: u32,
    ) -> SpoolFuture<'a, Spent> {
        let account = account.to_owned();
        self.change(move |store| store.spend(&account, allowance, wanted))
    }

    fn note<'a>(&'a self, job: &'a JobId, name: &'a str, detail: Bytes) -> SpoolFuture<'a, ()> {
        let (job, name) = (job.clone(), name.to_owned());
        self.note_down(move |store| store.note(&job, &name, &detail))
    }

    fn events<'a>(&'a self, job: &'a JobId, after: u64) -> SpoolFuture<'a, Vec<Event>> {
        let job = job.clone();
        self.read(move |store| store.events(&job, after))
    }
}
