//! Tokens in a file that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::error::{OAuthError, OAuthErrorKind};
use super::lock_file::{self, MAX_LOCKED};
use super::new_file::NewFile;
use super::token_store::{StoreFuture, TokenLock, TokenStore};
use super::tokens::Tokens;

/// The most octets of a file. What a server answers is shorter, also as a store has it.
const MAX_FILE: u64 = 2 * 1024 * 1024;

/// How many symbolic links a path may lead over.
const MAX_LINKS: usize = 40;

/// Keeps tokens in a file of mode 600.
///
/// A file that others can read, or that belongs to another user, is refused. The file is replaced as a
/// whole, and is on the disk when [`store`](TokenStore::store) returns. A symbolic link stays, and the
/// file that it leads to is replaced or removed. The lock is one of flock(2) on the file `PATH.lock`,
/// which stays, and which the system releases when the process that holds it ends. Before a renewal, the
/// file `PATH.new` takes the room that the new tokens need.
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
    /// The file for the tokens of a renewal, while the lock is held.
    reserved: Reserved,
}

type Reserved = Arc<Mutex<Option<NewFile>>>;

impl TokenFile {
    /// A file at this path. Its directory is created with mode 700 when tokens are stored.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            reserved: Reserved::default(),
        }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file itself, where the path is a symbolic link.
    fn target(&self) -> PathBuf {
        let mut target = self.path.clone();
        for _ in 0..MAX_LINKS {
            let Ok(next) = fs::read_link(&target) else {
                break;
            };
            target = target.parent().unwrap_or(Path::new("")).join(next);
        }
        target
    }

    fn failed(&self, what: &str, error: io::Error) -> OAuthError {
        let message = format!("cannot {what} the tokens in {}", self.path.display());
        let failed = OAuthError::new(OAuthErrorKind::Store, message);
        match error.kind() {
            // Room may be made meanwhile.
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => failed.passing(error),
            _ => failed.lasting(error),
        }
    }

    fn read(&self) -> Result<Option<Tokens>, OAuthError> {
        let file = match lock_file::open_regular(&self.path, OpenOptions::new().read(true)) {
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
                "other users can read {shown}: chmod 600 it, and log in again if they may \
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

    fn reserve_now(&self) -> io::Result<()> {
        let new = NewFile::reserved(&beside(&self.target(), ".new"))?;
        self.replace_reserved(Some(new));
        Ok(())
    }

    fn write(&self, json: &[u8]) -> io::Result<()> {
        let target = self.target();
        make_directory_of(&target)?;
        let new = if let Some(new) = self.replace_reserved(None) {
            new
        } else {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            let suffix = format!(".{:016x}.new", u64::from_ne_bytes(random));
            NewFile::create(&beside(&target, &suffix))?
        };
        new.replace(&target, json)
    }

    fn replace_reserved(&self, new: Option<NewFile>) -> Option<NewFile> {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *reserved, new)
    }

    async fn wait_for_lock(&self) -> Result<TokenLock, OAuthError> {
        let path = beside(&self.target(), ".lock");
        let (store, lock) = (self.clone(), path.clone());
        let opened = blocking(move || {
            let opened = make_directory_of(&lock).and_then(|()| lock_file::open(&lock));
            opened.map_err(|error| store.failed("lock", error))
        });
        let file = opened.await?;
        let is_locked = lock_file::wait(&file).await;
        if is_locked.map_err(|error| self.failed("lock", error))? {
            return Ok(TokenLock::new(Guard {
                store: self.clone(),
                _file: file,
            }));
        }
        let message = format!(
            "another process has locked {} for {} seconds: look what it waits for",
            path.display(),
            MAX_LOCKED.as_secs()
        );
        let failed = OAuthError::new(OAuthErrorKind::Store, message);
        Err(failed.passing("the lock is taken"))
    }
}

/// The lock, with what was reserved under it.
struct Guard {
    store: TokenFile,
    _file: File,
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.store.replace_reserved(None));
    }
}

/// A file beside another one, with this after its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn make_directory_of(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    let Some(directory) = directory else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
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

    fn reserve(&self) -> StoreFuture<'_, ()> {
        let store = self.clone();
        Box::pin(blocking(move || {
            let reserved = store.reserve_now();
            reserved.map_err(|error| store.failed("write", error))
        }))
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
        Box::pin(blocking(move || match fs::remove_file(store.target()) {
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
        if error.is_panic() {
            resume_unwind(error.into_panic());
        }
        let message = "the work with the tokens' file was aborted: the runtime is shutting down";
        Err(OAuthError::new(OAuthErrorKind::Store, message))
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
        assert_eq!(mode(&beside(store.path(), ".lock")), 0o600);
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
        for (mode, reason) in [(0o640, "other users"), (0o604, "other users")] {
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
            .arg(beside(store.path(), ".lock"))
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
