//! Tokens in a file that only its owner can read.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use super::error::{OAuthError, OAuthErrorKind};
use super::token_store::{StoreFuture, TokenLock, TokenStore};
use super::tokens::Tokens;

/// The most octets of a file.
const MAX_FILE: u64 = 64 * 1024;

/// How long another process may hold the lock: a renewal takes one request and two writes.
const MAX_LOCKED: Duration = Duration::from_secs(90);

/// The pause between two attempts to lock.
const PAUSE: Duration = Duration::from_millis(50);

/// Keeps tokens in a file of mode 600.
///
/// A file that others can read, or that belongs to another user, is refused. The file is replaced as a
/// whole, and is on the disk when [`store`](TokenStore::store) returns. The lock is one of flock(2) on
/// the file `PATH.lock`, which the system releases when the process that holds it ends.
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// A file at this path. Its directory is created with mode 700 when tokens are stored.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file beside it, with this after its name.
    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    }

    fn failed(&self, what: &str, error: io::Error) -> OAuthError {
        let message = format!("cannot {what} the tokens in {}", self.path.display());
        OAuthError::new(OAuthErrorKind::Store, message).caused_by(error)
    }

    fn read(&self) -> Result<Option<Tokens>, OAuthError> {
        // To open a pipe would wait for its other end.
        let opened = fs::metadata(&self.path).and_then(|found| {
            if found.is_file() {
                File::open(&self.path)
            } else {
                Err(io::Error::other("it is not a regular file"))
            }
        });
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", error)),
        };
        let shown = self.path.display();
        let refused = |reason: String| OAuthError::new(OAuthErrorKind::Store, reason);
        if !belongs_to_this_user(&file).map_err(|error| self.failed("read", error))? {
            return Err(refused(format!(
                "{shown} belongs to another user: log in again"
            )));
        }
        if is_open_to_others(&file).map_err(|error| self.failed("read", error))? {
            return Err(refused(format!(
                "others than its owner can read {shown}: chmod 600 it, and log in again if they may \
                 have read it"
            )));
        }
        let mut json = Zeroizing::new(Vec::new());
        let read = file.take(MAX_FILE).read_to_end(&mut json);
        read.map_err(|error| self.failed("read", error))?;
        let tokens = Tokens::from_json(&json);
        let tokens = tokens.ok_or_else(|| refused(format!("{shown} is damaged: log in again")))?;
        Ok(Some(tokens))
    }

    fn write(&self, json: &[u8]) -> io::Result<()> {
        let directory = self.make_directory()?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let new = self.beside(&format!(".{:016x}.new", u64::from_ne_bytes(random)));
        let written = private(&new, OpenOptions::new().create_new(true)).and_then(|mut file| {
            file.write_all(json)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written?;
        File::open(directory)?.sync_all()
    }

    fn make_directory(&self) -> io::Result<&Path> {
        let directory = self
            .path
            .parent()
            .filter(|path| !path.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
        Ok(directory)
    }

    async fn wait_for_lock(&self) -> Result<TokenLock, OAuthError> {
        let path = self.beside(".lock");
        let open = || {
            self.make_directory()?;
            private(&path, OpenOptions::new().create(true).truncate(false))
        };
        let file = open().map_err(|error| self.failed("lock", error))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(TokenLock::new(file)),
                Err(TryLockError::Error(error)) => return Err(self.failed("lock", error)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < MAX_LOCKED => {
                    sleep(PAUSE).await;
                }
                Err(TryLockError::WouldBlock) => {
                    let message = format!(
                        "another process has locked {} for 90 seconds: look what it waits for",
                        path.display()
                    );
                    let failed = OAuthError::new(OAuthErrorKind::Store, message);
                    return Err(failed.passing("the lock is taken"));
                }
            }
        }
    }
}

/// Opens a file to write that only its owner can read.
fn private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.write(true).open(path)
}

#[cfg(unix)]
fn belongs_to_this_user(file: &File) -> io::Result<bool> {
    let owner = std::os::unix::fs::MetadataExt::uid(&file.metadata()?);
    Ok(owner == rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn belongs_to_this_user(_: &File) -> io::Result<bool> {
    Ok(true)
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> io::Result<bool> {
    let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata()?);
    Ok(mode & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

impl TokenStore for TokenFile {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        let store = self.clone();
        Box::pin(blocking(move || store.read()))
    }

    fn store<'a>(&'a self, tokens: &'a Tokens) -> StoreFuture<'a, ()> {
        let (store, json) = (self.clone(), tokens.to_json());
        Box::pin(blocking(move || {
            let written = store.write(&json?);
            written.map_err(|error| store.failed("write", error))
        }))
    }

    fn remove(&self) -> StoreFuture<'_, ()> {
        let store = self.clone();
        Box::pin(blocking(move || match fs::remove_file(&store.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(store.failed("remove", error))
            }
            _ => Ok(()),
        }))
    }

    fn lock(&self) -> StoreFuture<'_, TokenLock> {
        Box::pin(self.wait_for_lock())
    }
}

/// Works on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OAuthError> + Send + 'static,
) -> Result<T, OAuthError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.unwrap_or_else(|error| {
        let message = "the work with the tokens' file broke off";
        Err(OAuthError::new(OAuthErrorKind::Store, message).caused_by(error))
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn tokens_in_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let store = TokenFile::new(directory.path().join("new/work.json"));
        assert_eq!(store.load().await.unwrap(), None);
        let tokens = Tokens::new("access").with_refresh("refresh");
        for _ in 0..2 {
            let lock = store.lock().await.unwrap();
            store.store(&tokens).await.unwrap();
            drop(lock);
        }
        assert_eq!(store.load().await.unwrap(), Some(tokens));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(store.path()), 0o600);
        assert_eq!(mode(&store.beside(".lock")), 0o600);
        assert_eq!(mode(store.path().parent().unwrap()), 0o700);
        // Nothing is left of the replaced file.
        assert_eq!(
            fs::read_dir(store.path().parent().unwrap())
                .unwrap()
                .count(),
            2
        );
        store.remove().await.unwrap();
        store.remove().await.unwrap();
        assert_eq!(store.load().await.unwrap(), None);
    }

    #[tokio::test]
    async fn files_that_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let store = TokenFile::new(directory.path().join("work.json"));
        store.store(&Tokens::new("access")).await.unwrap();
        for (mode, reason) in [
            (0o640, "others than its owner"),
            (0o604, "others than its owner"),
        ] {
            fs::set_permissions(store.path(), fs::Permissions::from_mode(mode)).unwrap();
            let error = store.load().await.unwrap_err();
            assert!(error.to_string().starts_with(reason), "{error}");
        }
        fs::set_permissions(store.path(), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(store.path(), "password").unwrap();
        let error = store.load().await.unwrap_err();
        assert!(
            error.to_string().ends_with("is damaged: log in again"),
            "{error}"
        );
        let pipe = TokenFile::new(directory.path().join("pipe"));
        let made = std::process::Command::new("mkfifo")
            .arg(pipe.path())
            .status();
        assert!(made.unwrap().success());
        for store in [pipe, TokenFile::new(directory.path())] {
            let error = store.load().await.unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, "it is not a regular file");
        }
    }

    /// The lock holds over clones, and ends with its value.
    #[tokio::test(start_paused = true)]
    async fn one_holds_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let store = TokenFile::new(directory.path().join("work.json"));
        let held = store.lock().await.unwrap();
        let error = store.clone().lock().await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        drop(held);
        store.lock().await.unwrap();
    }

    /// Another process holds the lock until it is killed.
    #[tokio::test]
    async fn a_killed_process_holds_no_lock() {
        let directory = tempfile::tempdir().unwrap();
        let store = TokenFile::new(directory.path().join("work.json"));
        let mut holder = std::process::Command::new("flock")
            .arg("--no-fork")
            .arg(store.beside(".lock"))
            .args(["sh", "-c", "echo held; exec sleep 600"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut held = [0; 5];
        holder
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut held)
            .unwrap();
        let mut waiting = store.lock();
        assert!(futures_util::poll!(&mut waiting).is_pending());
        holder.kill().unwrap();
        holder.wait().unwrap();
        waiting.await.unwrap();
    }
}
