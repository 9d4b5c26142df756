//! The store in a file keeps the contract, and what only it has to do.

mod faults;
mod opening;
mod power_cut;
mod processes;
mod size;

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::join_all;
use rusqlite::Connection;
use tempfile::TempDir;

use super::options::Surroundings;
use super::{SqliteOptions, SqliteSpool};
use crate::spool::contract::{StoreUnderTest, check};
use crate::spool::{
    Answer, Claim, Clock, JobId, JobKind, MailState, NewJob, NewMail, Outcome, Query, Spool,
    SpoolError, SpoolErrorKind, SpoolFuture, Want,
};

/// A file in a directory of its own, and the machine that it is on.
pub(super) struct FileStore {
    pub(super) directory: TempDir,
    pub(super) clock: Clock,
    pub(super) surroundings: Surroundings,
}

impl FileStore {
    pub(super) fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            clock: Clock::default(),
            surroundings: Surroundings::default(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("new/spool.db")
    }

    pub(super) fn options(&self) -> SqliteOptions {
        let mut options = SqliteOptions::new().clock(self.clock.clone());
        options.surroundings = self.surroundings.clone();
        options
    }

    pub(super) async fn spool(&self, options: SqliteOptions) -> Result<Arc<dyn Spool>, SpoolError> {
        let spool = SqliteSpool::open(self.path(), options).await?;
        Ok(Arc::new(spool))
    }

    /// A worker on the file.
    pub(super) async fn worker(&self) -> Arc<dyn Spool> {
        self.spool(self.options()).await.unwrap()
    }

    /// Why the file is not opened.
    pub(super) async fn refusal(&self, options: SqliteOptions) -> SpoolError {
        self.spool(options).await.unwrap_err()
    }

    /// The file, as sqlite3(1) reads it.
    pub(super) fn sql(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

impl StoreUnderTest for FileStore {
    fn open<'a>(&'a self, worker: &'a str) -> SpoolFuture<'a, Arc<dyn Spool>> {
        Box::pin(self.spool(self.options().worker(worker)))
    }

    fn kill(&self, worker: Arc<dyn Spool>) -> SpoolFuture<'_, ()> {
        drop(worker);
        Box::pin(std::future::ready(Ok(())))
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

pub(super) fn news() -> JobId {
    "news".parse().unwrap()
}

pub(super) fn want() -> Want {
    Want::new("work").most(10)
}

/// A batch that was started, with this many rows.
pub(super) async fn batch(spool: &Arc<dyn Spool>, rows: u64) {
    let new = NewJob::new(news(), JobKind::Batch, "work");
    spool.create(new).await.unwrap();
    let mails = (1..=rows).map(|row| NewMail::new(format!("k{row}"), vec![b'd'; 200]));
    spool.add(&news(), mails.collect()).await.unwrap();
    spool.start(&news()).await.unwrap();
}

pub(super) async fn claim(spool: &Arc<dyn Spool>) -> Claim {
    spool.claim(&want()).await.unwrap().unwrap()
}

pub(super) fn accepted() -> Outcome {
    Outcome::Accepted(Answer::new("250 2.0.0 OK"))
}

/// The states of the first rows.
pub(super) async fn states(spool: &Arc<dyn Spool>) -> Vec<MailState> {
    let rows = spool.mails(&Query::new(news())).await.unwrap();
    rows.into_iter().map(|row| row.state).collect()
}

#[tokio::test]
async fn the_store_in_a_file() {
    let violations = check(|| async { Ok(FileStore::new()) }).await;
    let shown: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

/// What gathers is committed together, and a call that fails takes nothing with it.
#[tokio::test]
async fn calls_at_the_same_time() {
    let store = FileStore::new();
    let spool = store.worker().await;
    batch(&spool, 20).await;
    let mut claims = Vec::new();
    for _ in 0..10 {
        claims.push(spool.claim(&want().most(2)).await.unwrap().unwrap());
    }
    let records = claims.iter_mut().enumerate().map(|(number, claim)| {
        let spool = Arc::clone(&spool);
        // Every second one records a row of another claim, too.
        let row = 2 * number as u64 + 1;
        let rows = if number % 2 == 0 {
            vec![row]
        } else {
            vec![row, 1]
        };
        async move { spool.record(&mut claim.token, &rows, &[]).await }
    });
    let failed = join_all(records).await;
    let failed: Vec<_> = failed
        .into_iter()
        .map(|done| done.err().map(|error| error.kind()))
        .collect();
    let expected = [None, Some(SpoolErrorKind::Lost)];
    assert_eq!(failed, expected.repeat(5));
    let expected = [
        MailState::InFlight,
        MailState::Claimed,
        MailState::Claimed,
        MailState::Claimed,
    ];
    assert_eq!(states(&spool).await, expected.repeat(5));
}

/// An administrator sets the clock back while a worker sends.
#[tokio::test]
async fn the_clock_is_set_back() {
    let store = FileStore::new();
    let (one, two) = (store.worker().await, store.worker().await);
    batch(&one, 12).await;
    let mut claimed = claim(&one).await;
    store.clock.set_back(std::time::Duration::from_hours(100));
    assert_eq!(claim(&two).await.mails.len(), 2);
    assert!(two.claim(&want()).await.unwrap().is_none());
    one.record(&mut claimed.token, &[1], &[]).await.unwrap();
    one.release(claimed.token, &[(1, accepted())])
        .await
        .unwrap();
    assert_eq!(claim(&two).await.mails.len(), 9);
}

/// A worker that waits is woken by another handle, as by another process.
#[tokio::test]
async fn waiting_for_rows() {
    let store = FileStore::new();
    let (one, two) = (store.worker().await, store.worker().await);
    batch(&one, 1).await;
    two.ready(&want()).await.unwrap();
    let claimed = claim(&two).await;
    let wanted = want();
    let (ready, released) = tokio::join!(one.ready(&wanted), two.release(claimed.token, &[]));
    ready.unwrap();
    released.unwrap();
    assert_eq!(claim(&one).await.mails.len(), 1);
}
