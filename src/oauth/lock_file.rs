//! Files that processes lock, and regular files in general.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long another process may hold a lock: a renewal takes one request and two writes.
pub(super) const MAX_LOCKED: Duration = Duration::from_secs(90);

/// The pause between two attempts to lock.
const PAUSE: Duration = Duration::from_millis(50);

/// Opens a file to lock, or creates it with mode 600.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    private(&mut options);
    open_regular(path, &mut options)
}

/// A new file is one that only its owner can read.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

/// Opens a regular file. A pipe, whose other end could keep the thread waiting, is refused.
pub(super) fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let irregular = || io::Error::other("it is not a regular file");
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        let flags = i32::try_from(flags).map_err(io::Error::other)?;
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
    }
    let file = options.open(path).map_err(|error| match error.kind() {
        // A pipe without a reader does not open without waiting.
        _ if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) => irregular(),
        _ => error,
    })?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(irregular())
    }
}

/// Locks a file, and returns whether that succeeded before the limit.
pub(super) async fn wait(file: &File) -> io::Result<bool> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() < MAX_LOCKED => sleep(PAUSE).await,
            Err(TryLockError::WouldBlock) => return Ok(false),
        }
    }
}
