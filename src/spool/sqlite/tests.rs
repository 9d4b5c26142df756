//! The store in a file keeps the contract, and what only it has to do.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::options::Surroundings;
use super::{SqliteOptions, SqliteSpool};
use crate::spool::contract::{StoreUnderTest, check};
use crate::spool::{Clock, Spool, SpoolError, SpoolFuture};

/// A file in a directory of its own, and the machine that it is on.
pub(super) struct FileStore {
    directory: TempDir,
    clock: Clock,
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

#[tokio::test]
async fn the_store_in_a_file() {
    let violations = check(|| async { Ok(FileStore::new()) }).await;
    let shown: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}
