//! What a store has to do.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::claim::{Claim, Token, Want};
use super::content::{ContentId, ContentReader};
use super::error::SpoolError;
use super::events::Event;
use super::holds::{Hold, HoldReason, Scope};
use super::job::{Job, JobId, NewJob};
use super::mail::{Added, NewMail};
use super::outcome::{Outcome, Resolution};
use super::query::{MailRecord, Query};

/// The answer of a store.
pub type SpoolFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SpoolError>> + Send + 'a>>;

/// A durable store of mails to send. The [module](crate::spool) has the states, the invariants and what holds for
/// the cancel safety of all methods.
///
/// It is object safe: programs hold an `Arc<dyn Spool>`. A value belongs to one worker, and what that
/// claims is the worker's until its process ends or its lease runs out.
///
/// # Errors
///
/// Besides those that a method names, every method may fail with
/// [`Unavailable`](super::SpoolErrorKind::Unavailable), [`Full`](super::SpoolErrorKind::Full),
/// [`Denied`](super::SpoolErrorKind::Denied), [`Damaged`](super::SpoolErrorKind::Damaged), and with
/// [`Invalid`](super::SpoolErrorKind::Invalid) for a value beyond its documented limit. A call that fails
/// has changed nothing, or all that it was to change.
pub trait Spool: fmt::Debug + Send + Sync + 'static {
    /// What the store is.
    fn info(&self) -> SpoolInfo;

    /// Stores some content, and returns its name. Content that is there already is not stored again. It is
    /// dropped a day later if no job and no unsettled mail refers to it.
    fn add_content<'a>(&'a self, content: ContentReader<'a>) -> SpoolFuture<'a, ContentId>;

    /// The octets of some content, which are checked while they are read.
    ///
    /// # Errors
    ///
    /// [`NotFound`](super::SpoolErrorKind::NotFound): it is not there, or was dropped.
    fn content(&self, id: ContentId) -> SpoolFuture<'_, ContentReader<'static>>;

    /// Creates a job. Returns false if there is the same job already.
    ///
    /// # Errors
    ///
    /// [`Conflict`](super::SpoolErrorKind::Conflict): there is another job by this name.
    /// [`NotFound`](super::SpoolErrorKind::NotFound): some content is not there.
    fn create(&self, job: NewJob) -> SpoolFuture<'_, bool>;

    /// Adds mails to a job, all of them or none. A mail whose key the job has is left out (I6). At most
    /// 10,000 mails with 64 MiB of data.
    ///
    /// # Errors
    ///
    /// [`NotFound`](super::SpoolErrorKind::NotFound): there is no such job, or some content is not
    /// there. [`Conflict`](super::SpoolErrorKind::Conflict): the job is a batch that was started, or was
    /// cancelled.
    fn add<'a>(&'a self, job: &'a JobId, mails: Vec<NewMail>) -> SpoolFuture<'a, Added>;

    /// Starts a batch: its mails are complete, and may be claimed. Nothing happens if it was started.
    ///
    /// # Errors
    ///
    /// [`NotFound`](super::SpoolErrorKind::NotFound), and [`Conflict`](super::SpoolErrorKind::Conflict)
    /// if it was cancelled.
    fn start<'a>(&'a self, job: &'a JobId) -> SpoolFuture<'a, ()>;

    /// Claims rows that are ready, or whose time has come, of one job (I8). `None` if there is none; then
    /// [`ready`](Self::ready) waits for some. The claims of workers that have died are taken over first:
    /// their rows that have not left are ready again, and those in flight become unknown (I4).
    fn claim<'a>(&'a self, want: &'a Want) -> SpoolFuture<'a, Option<Claim>>;

    /// One durable record: the rows `leaving` leave now, and this became of rows that left before. They may
    /// leave only once this has returned `Ok` (I1). It also extends the lease.
    ///
    /// A row that is in flight already may be recorded as leaving again, as in a second attempt over
    /// another connection. A row that has not left can have each outcome but unknown, and be accepted only
    /// after an earlier attempt, in which it was accepted for some of its recipients.
    ///
    /// # Errors
    ///
    /// [`Lost`](super::SpoolErrorKind::Lost): the claim is another worker's, or a row is not of this claim
    /// or is settled. Nothing of `leaving` may leave, and nothing was recorded.
    fn record<'a>(
        &'a self,
        token: &'a mut Token,
        leaving: &'a [u64],
        settled: &'a [(u64, Outcome)],
    ) -> SpoolFuture<'a, ()>;

    /// Extends the lease. A worker calls it at a third of the lease if it records nothing.
    ///
    /// # Errors
    ///
    /// [`Lost`](super::SpoolErrorKind::Lost).
    fn extend<'a>(&'a self, token: &'a mut Token) -> SpoolFuture<'a, ()>;

    /// Ends a claim: records what became of rows, as [`record`](Self::record) does. The others are ready
    /// again if they have not left, and unknown if they have.
    ///
    /// # Errors
    ///
    /// [`Lost`](super::SpoolErrorKind::Lost).
    fn release<'a>(&'a self, token: Token, settled: &'a [(u64, Outcome)]) -> SpoolFuture<'a, ()>;

    /// Waits until a claim may succeed. It may return early.
    fn ready<'a>(&'a self, want: &'a Want) -> SpoolFuture<'a, ()>;

    /// All jobs, in the order of their creation.
    fn jobs(&self) -> SpoolFuture<'_, Vec<Job>>;

    /// A job; `None` if there is none by this name.
    fn job<'a>(&'a self, id: &'a JobId) -> SpoolFuture<'a, Option<Job>>;

    /// Rows of a job, in their order.
    ///
    /// # Errors
    ///
    /// [`NotFound`](super::SpoolErrorKind::NotFound): there is no such job.
    fn mails<'a>(&'a self, query: &'a Query) -> SpoolFuture<'a, Vec<MailRecord>>;

    /// Holds an account, a job or a mail, in place of an earlier hold of it. Rows that are claimed go on.
    fn hold<'a>(
        &'a self,
        scope: &'a Scope,
        reason: HoldReason,
        text: &'a str,
        lasts: Option<Duration>,
    ) -> SpoolFuture<'a, ()>;

    /// Ends a hold. Returns false if there was none.
    fn unhold<'a>(&'a self, scope: &'a Scope) -> SpoolFuture<'a, bool>;

    /// The holds that have not ended.
    fn holds(&self) -> SpoolFuture<'_, Vec<(Scope, Hold)>>;

    /// Decides what becomes of unknown rows: of these, or of all of the job. Returns how many there were
    /// (I5).
    ///
    /// # Errors
    ///
    /// [`NotFound`](super::SpoolErrorKind::NotFound): there is no such job.
    fn resolve<'a>(
        &'a self,
        job: &'a JobId,
        rows: Option<&'a [u64]>,
        resolution: Resolution,
    ) -> SpoolFuture<'a, u64>;

    /// Makes rows that wait ready at once: these, or all of the job. Returns how many there were.
    ///
    /// # Errors
    ///
    /// [`NotFound`](super::SpoolErrorKind::NotFound): there is no such job.
    fn hasten<'a>(&'a self, job: &'a JobId, rows: Option<&'a [u64]>) -> SpoolFuture<'a, u64>;

    /// Cancels rows that are ready or wait: these, or the whole job, whose claimed rows are cancelled if they
    /// come back without having left. Returns how many were cancelled now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](super::SpoolErrorKind::NotFound): there is no such job.
    fn cancel<'a>(&'a self, job: &'a JobId, rows: Option<&'a [u64]>) -> SpoolFuture<'a, u64>;

    /// Removes a job with all that is known of it. Returns false if there is none.
    ///
    /// # Errors
    ///
    /// [`Busy`](super::SpoolErrorKind::Busy): a worker has rows of it.
    fn remove<'a>(&'a self, job: &'a JobId) -> SpoolFuture<'a, bool>;

    /// Removes what is older than this: batches that have finished, settled rows of queues but for unknown
    /// ones, and content that nothing refers to. Returns how many rows were removed.
    fn prune(&self, older: Duration) -> SpoolFuture<'_, u64>;

    /// Takes up to `wanted` from what an account may send, and at least one if that is allowed. All workers
    /// together never take more than [`Allowance::count`] in any [`Allowance::period`].
    fn spend<'a>(
        &'a self,
        account: &'a str,
        allowance: Allowance,
        wanted: u32,
    ) -> SpoolFuture<'a, Spent>;

    /// Notes an event of a job. Nothing happens if there is no such job.
    fn note<'a>(&'a self, job: &'a JobId, name: &'a str, detail: Bytes) -> SpoolFuture<'a, ()>;

    /// The events of a job with a higher number than `after`, at most 1,000.
    fn events<'a>(&'a self, job: &'a JobId, after: u64) -> SpoolFuture<'a, Vec<Event>>;
}

/// What a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpoolInfo {
    /// Where it is, for people. It has no secret.
    pub place: String,
    /// What a confirmed call survives.
    pub durability: Durability,
}

impl SpoolInfo {
    /// A store at this place.
    pub fn new(place: impl Into<String>, durability: Durability) -> Self {
        Self {
            place: place.into(),
            durability,
        }
    }
}

/// What a confirmed call survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing: the store is in the memory of the process.
    Memory,
    /// The end of the process. After a power cut, rows that were claimed may be unknown.
    Process,
    /// A power cut.
    PowerCut,
    /// The loss of this many machines.
    Machines(u32),
}

/// How much an account may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Allowance {
    /// At most this many, at least one,
    pub count: u32,
    /// in any such time: from a second to a year.
    pub period: Duration,
}

impl Allowance {
    /// At most this many in any such time.
    #[must_use]
    pub const fn new(count: u32, period: Duration) -> Self {
        Self { count, period }
    }
}

/// What was taken from an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spent {
    /// How many may be sent now.
    pub granted: u32,
    /// When there is more, if less was granted than wanted.
    pub more_at: Option<SystemTime>,
}

impl Spent {
    /// So much.
    #[must_use]
    pub const fn new(granted: u32, more_at: Option<SystemTime>) -> Self {
        Self { granted, more_at }
    }
}
