//! Workers, and whether they live: each holds a lock on a file of its own, which ends with its process.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::params;

use super::super::error::{SpoolError, SpoolErrorKind};
use super::failure::Done;
use super::options::SqliteOptions;
use super::store::Store;

/// The lock of a worker, which ends when this is dropped. Then the file is removed.
#[derive(Debug, Default)]
pub(super) struct WorkerLock(Mutex<LockState>);

#[derive(Debug, Default)]
enum LockState {
    /// Nothing was claimed.
    #[default]
    Unused,
    Held {
        file: File,
        path: PathBuf,
    },
    Ended,
}

impl WorkerLock {
    /// Ends it, as the end of the process does.
    pub(super) fn end(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let LockState::Held { file, path } = std::mem::replace(&mut *state, LockState::Ended) {
            let _ = std::fs::remove_file(path);
            drop(file);
        }
    }

    /// Takes it. Nothing happens if its worker has ended: what that claims is taken over at once.
    fn take(&self, path: PathBuf) -> std::io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, LockState::Unused) {
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.try_lock().map_err(|error| match error {
                TryLockError::Error(error) => error,
                TryLockError::WouldBlock => std::io::ErrorKind::WouldBlock.into(),
            })?;
            *state = LockState::Held { file, path };
        }
        Ok(())
    }
}

/// What has become of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Lives,
    /// It has ended, and all that it wrote is there.
    Ended,
    /// It has ended, and some of what it wrote may be missing: the machine was started again since.
    EndedWithLoss,
}

/// The worker of a handle.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) name: String,
    pub(super) boot: String,
    pub(super) lock: Arc<WorkerLock>,
    /// What is random in the name of the lock's file.
    pub(super) lock_name: String,
    /// Its number, once it has claimed something.
    pub(super) id: Option<i64>,
}

impl Owner {
    pub(super) fn new(options: &SqliteOptions) -> Result<Self, SpoolError> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| {
            let message = "the random generator of the system failed";
            SpoolError::new(SpoolErrorKind::Unavailable, message).caused_by(error.to_string())
        })?;
        let name = options.worker.clone();
        Ok(Self {
            name: name.unwrap_or_else(|| format!("process {}", std::process::id())),
            boot: options.surroundings.boot(),
            lock: Arc::default(),
            lock_name: format!("{:016x}", u64::from_ne_bytes(random)),
            id: None,
        })
    }
}

pub(super) fn lock_path(spool: &Path, lock: &str) -> PathBuf {
    let mut path = spool.as_os_str().to_owned();
    path.push(".lock.");
    path.push(lock);
    path.into()
}

/// Whether a process has this lock.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    !matches!(file.try_lock_shared(), Ok(()))
}

impl Store {
    /// The number of this worker, which is registered before its first claim.
    pub(super) fn worker(&mut self) -> Done<i64> {
        if let Some(id) = self.owner.id.or(self.registered) {
            return Ok(id);
        }
        self.forget_workers()?;
        let path = lock_path(&self.path, &self.owner.lock_name);
        self.owner.lock.take(path).map_err(|error| {
            let message = "the lock of a worker cannot be made beside the spool: check the permissions of its directory";
            SpoolError::new(SpoolErrorKind::Denied, message).caused_by(error)
        })?;
        let sql = "INSERT INTO worker (name, boot, lock) VALUES (?, ?, ?)";
        let owner = &self.owner;
        self.execute(sql, params![owner.name, owner.boot, owner.lock_name])?;
        let id = self.connection.last_insert_rowid();
        self.registered = Some(id);
        Ok(id)
    }

    /// Removes workers that have ended and have no claim, and files of those that were killed.
    fn forget_workers(&mut self) -> Done<()> {
        let sql = "SELECT id, lock FROM worker WHERE id NOT IN (SELECT worker FROM claim)";
        let idle = self.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (id, lock) in idle {
            let (id, lock): (i64, String) = (id, lock);
            let path = lock_path(&self.path, &lock);
            if !is_locked(&path) {
                self.execute("DELETE FROM worker WHERE id = ?", [id])?;
                let _ = std::fs::remove_file(path);
            }
        }
        self.forget_locks()
    }

    /// Removes the files of workers that were killed while they registered. Workers register one after
    /// another, so none is doing it now.
    fn forget_locks(&self) -> Done<()> {
        let known = self.rows("SELECT lock FROM worker", [], |row| row.get(0))?;
        let known: BTreeSet<String> = known.into_iter().collect();
        let prefix = lock_path(&self.path, "");
        let prefix = prefix
            .file_name()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        let files = self.path.parent().and_then(|parent| parent.read_dir().ok());
        for file in files.into_iter().flatten().flatten() {
            let name = file.file_name();
            let lock = name.to_str().and_then(|name| name.strip_prefix(prefix));
            if lock.is_some_and(|lock| !known.contains(lock)) && !is_locked(&file.path()) {
                let _ = std::fs::remove_file(file.path());
            }
        }
        Ok(())
    }

    /// What has become of each worker that has a claim.
    pub(super) fn lives(&self) -> Done<BTreeMap<i64, (String, Life)>> {
        let sql = "SELECT id, name, boot, lock FROM worker WHERE id IN (SELECT worker FROM claim)";
        let workers = self.rows(sql, [], |row| {
            let names: (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, names))
        })?;
        let life = |id: i64, boot: &str, lock: &str| {
            if boot != self.owner.boot {
                Life::EndedWithLoss
            } else if Some(id) == self.owner.id || is_locked(&lock_path(&self.path, lock)) {
                Life::Lives
            } else if boot.is_empty() {
                Life::EndedWithLoss
            } else {
                Life::Ended
            }
        };
        let lives = workers.into_iter();
        let lives = lives.map(|(id, (name, boot, lock))| {
            let life = life(id, &boot, &lock);
            (id, (name, life))
        });
        Ok(lives.collect())
    }
}
