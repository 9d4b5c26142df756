//! The lock of a process that changes the configuration.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::private_file::{cannot_write, link_target, made_directory};
use super::shown_path;
use crate::exit;
use crate::failure::Failure;

/// How long another process may hold the lock: it stores a secret and writes a small file.
const MAX_LOCKED: Duration = Duration::from_secs(30);

/// The pause between two attempts to lock.
const PAUSE: Duration = Duration::from_millis(20);

/// The lock, which ends with this value. The system ends it as well when the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    /// `None` where the file system has no such locks.
    _directory: Option<File>,
}

impl Lock {
    /// Locks the directory of a file, which is made if it is missing.
    ///
    /// The file itself is replaced as a whole, so a lock of it would be one of the old file. A lock by
    /// flock(2) of its directory leaves no other file behind.
    pub(super) async fn of_file(path: &Path) -> Result<Self, Failure> {
        let path = link_target(path);
        let opened = made_directory(&path).and_then(|name| Ok((name, File::open(name)?)));
        let (name, directory) = opened.map_err(|error| cannot_write(&path, error))?;
        let begun = Instant::now();
        loop {
            let is_over = begun.elapsed() >= MAX_LOCKED;
            let locked = match directory.try_lock() {
                Ok(()) => Some(directory),
                Err(TryLockError::WouldBlock) if is_over => return Err(is_locked(name)),
                Err(TryLockError::WouldBlock) => {
                    sleep(PAUSE).await;
                    continue;
                }
                // NFS locks no directory, for example. One process alone is the rule.
                Err(TryLockError::Error(_)) => None,
            };
            return Ok(Self { _directory: locked });
        }
    }
}

fn is_locked(directory: &Path) -> Failure {
    let message = format!(
        "another process has locked {} for {} s",
        shown_path(directory),
        MAX_LOCKED.as_secs()
    );
    let help = "wait until it ends, or end it, and run the command again";
    Failure::new(exit::TEMPORARY, message).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_holds_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/config.toml");
        let held = Lock::of_file(&path).await.unwrap();
        let failure = Lock::of_file(&path).await.unwrap_err();
        assert_eq!(failure.status, exit::TEMPORARY);
        assert!(failure.message.ends_with("new for 30 s"), "{failure:?}");
        drop(held);
        Lock::of_file(&path).await.unwrap();
        let left = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(left.count(), 0);
    }
}
