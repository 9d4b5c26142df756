//! A claim whose mails are under way.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use crate::session::{Departing, Departure};
use crate::spool::{JobId, Outcome, Spool, SpoolError, SpoolErrorKind, Token};

/// How long a store that is away is asked again before a mail may leave. Nothing leaves meanwhile.
const PATIENCE: Duration = Duration::from_mins(1);

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// A claim whose mails are under way. It decides for each flight of a connection whether it may leave.
#[derive(Clone)]
pub(super) struct ActiveClaim(Arc<Inner>);

struct Inner {
    spool: Arc<dyn Spool>,
    job: JobId,
    /// `None` once the claim is released. Held while the store records.
    token: AsyncMutex<Option<Token>>,
    /// What has become of rows, and is not recorded yet.
    settled: Mutex<Vec<(u64, Outcome)>>,
    /// The rows that leave with the next record.
    next: Mutex<Arc<Flight>>,
    /// How many rows have no outcome.
    open: AtomicUsize,
    is_stopped: Arc<AtomicBool>,
    is_lost: AtomicBool,
}

/// Rows that connections want to leave now. They are recorded together.
#[derive(Default)]
struct Flight {
    rows: Mutex<Vec<u64>>,
    /// Whether they may leave.
    may_leave: OnceLock<bool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ActiveClaim {
    /// A claim with this many rows. While `is_stopped`, nothing of it leaves.
    pub(super) fn new(
        spool: Arc<dyn Spool>,
        job: JobId,
        token: Token,
        rows: usize,
        is_stopped: Arc<AtomicBool>,
    ) -> Self {
        Self(Arc::new(Inner {
            spool,
            job,
            token: AsyncMutex::new(Some(token)),
            settled: Mutex::default(),
            next: Mutex::default(),
            open: AtomicUsize::new(rows),
            is_stopped,
            is_lost: AtomicBool::new(false),
        }))
    }

    pub(super) fn job(&self) -> &JobId {
        &self.0.job
    }

    /// Adds what has become of a row.
    pub(super) fn settle(&self, row: u64, outcome: Outcome) {
        lock(&self.0.settled).push((row, outcome));
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether each row has an outcome, or the claim is another worker's.
    pub(super) fn is_over(&self) -> bool {
        self.is_lost() || self.0.open.load(Ordering::Acquire) == 0
    }

    pub(super) fn is_lost(&self) -> bool {
        self.0.is_lost.load(Ordering::Acquire)
    }

    /// Records what has become of rows, and extends the lease.
    pub(super) async fn flush(&self) -> Result<(), SpoolError> {
        let mut token = self.0.token.lock().await;
        match token.as_mut() {
            Some(token) if !self.is_lost() => unless_lost(self.0.record(token, &[]).await),
            _ => Ok(()),
        }
    }

    /// Ends the claim. Rows without an outcome are ready again, or unknown if they have left.
    pub(super) async fn release(&self) -> Result<(), SpoolError> {
        let mut token = self.0.token.lock().await;
        let settled = std::mem::take(&mut *lock(&self.0.settled));
        match token.take() {
            Some(token) if !self.is_lost() => {
                unless_lost(self.0.spool.release(token, &settled).await)
            }
            _ => Ok(()),
        }
    }
}

/// A claim that is another worker's needs nothing more.
fn unless_lost(done: Result<(), SpoolError>) -> Result<(), SpoolError> {
    match done {
        Err(error) if error.kind() == SpoolErrorKind::Lost => Ok(()),
        done => done,
    }
}

impl Inner {
    /// Records that rows leave, and what has become of others.
    async fn record(&self, token: &mut Token, leaving: &[u64]) -> Result<(), SpoolError> {
        let settled = std::mem::take(&mut *lock(&self.settled));
        let recorded = self.spool.record(token, leaving, &settled).await;
        match &recorded {
            Ok(()) => {}
            Err(error) if error.kind() == SpoolErrorKind::Lost => {
                self.is_lost.store(true, Ordering::Release);
                warn!(job = %self.job, "the claim was taken over: nothing more of it is sent");
            }
            Err(_) => drop(lock(&self.settled).splice(0..0, settled)),
        }
        recorded
    }

    /// Records that the rows of a flight leave, and says whether they may.
    async fn leave(&self, flight: &Flight) -> bool {
        let mut token = self.token.lock().await;
        // Another connection may have recorded these rows with its own.
        if let Some(may_leave) = flight.may_leave.get() {
            return *may_leave;
        }
        *lock(&self.next) = Arc::default();
        let rows = lock(&flight.rows).clone();
        let may_leave = match token.as_mut() {
            Some(token) => self.leave_under(token, &rows).await,
            None => false,
        };
        *flight.may_leave.get_or_init(|| may_leave)
    }

    /// Records that rows leave, and asks a store that is away again.
    async fn leave_under(&self, token: &mut Token, rows: &[u64]) -> bool {
        let begun = Instant::now();
        loop {
            if self.is_stopped.load(Ordering::Acquire) || self.is_lost.load(Ordering::Acquire) {
                return false;
            }
            match self.record(token, rows).await {
                Ok(()) => return true,
                Err(error) if error.is_transient() && begun.elapsed() < PATIENCE => {
                    debug!(%error, "the spool cannot record now: nothing leaves");
                    sleep(PAUSE).await;
                }
                Err(error) => {
                    warn!(%error, "the spool has not recorded that mails leave: they stay");
                    return false;
                }
            }
        }
    }
}

impl Departure for ActiveClaim {
    fn depart<'a>(&'a self, mails: &'a [u64]) -> Departing<'a> {
        let flight = {
            let next = lock(&self.0.next);
            lock(&next.rows).extend(mails);
            Arc::clone(&next)
        };
        let inner = Arc::clone(&self.0);
        // In a task of its own: a record that has begun knows how it ends, also if the session does not wait.
        let left = tokio::spawn(async move { inner.leave(&flight).await });
        Box::pin(async move { left.await.unwrap_or(false) })
    }
}

impl fmt::Debug for ActiveClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveClaim")
            .field("job", &self.0.job)
            .field("open", &self.0.open)
            .finish_non_exhaustive()
    }
}
