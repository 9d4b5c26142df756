//! Tokens in the keyring of the desktop.

use tokio::time::timeout;

use super::keyring::Keyring;
use super::secret_error::SecretError;
use super::secret_source::{READ_TIMEOUT, SecretSource};
use crate::oauth::{
    OAuthError, OAuthErrorKind, StoreFuture, TokenFile, TokenLock, TokenStore, Tokens,
};
use crate::secret::Secret;

/// The most characters of an item's name that are in the name of its lock.
const MAX_NAME: usize = 100;

/// Keeps tokens in the [`Keyring`] of the desktop: in the item of the service `pilotfish` whose name the
/// key `token-keyring` of an [`Account`](super::Account) has.
///
/// The lock is one of flock(2) on a file in `~/.cache/pilotfish`, whether the process belongs to a
/// login session or not. A keyring that asks for its password may take two minutes.
#[derive(Debug, Clone)]
pub struct TokenKeyring {
    name: String,
}

impl TokenKeyring {
    /// The item with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// The name of the item.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn lock_file(&self) -> Result<TokenFile, OAuthError> {
        // Not in XDG_RUNTIME_DIR, which cron and services do not have: all have to use one lock.
        let home = std::env::home_dir().filter(|path| path.is_absolute());
        let home = home.ok_or_else(|| {
            let message = "there is no home directory for the lock of the keyring: set HOME";
            OAuthError::new(OAuthErrorKind::Store, message)
        })?;
        let directory = home.join(".cache/pilotfish");
        Ok(TokenFile::new(directory.join(file_name(&self.name))))
    }

    /// Does something with the keyring, which may wait for a person.
    async fn within_limit<T>(
        &self,
        work: impl Future<Output = Result<T, SecretError>>,
    ) -> Result<T, OAuthError> {
        let done = timeout(READ_TIMEOUT, work).await;
        let late = || SecretError::TimedOut {
            what: "tokens",
            place: SecretSource::Keyring(&self.name).to_string(),
        };
        done.unwrap_or_else(|_| Err(late())).map_err(failed)
    }
}

/// The name in a form that is one for files. Two items whose locks are the same wait for each other.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let plain: String = name.chars().map(plain).take(MAX_NAME).collect();
    format!("{plain}.keyring")
}

fn failed(error: SecretError) -> OAuthError {
    OAuthError::new(OAuthErrorKind::Store, error.to_string()).caused_by(error)
}

impl TokenStore for TokenKeyring {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        Box::pin(async {
            let read = async { Keyring::open().await?.read(&self.name).await };
            let read = async {
                match read.await {
                    Err(SecretError::NotInKeyring { .. }) => Ok(None),
                    read => read.map(Some),
                }
            };
            let Some(json) = self.within_limit(read).await? else {
                return Ok(None);
            };
            let tokens = Tokens::from_json(&json).ok_or_else(|| {
                let name = self.name.escape_debug();
                let message = format!("the item {name} of the keyring has no tokens: log in again");
                OAuthError::new(OAuthErrorKind::Store, message)
            })?;
            Ok(Some(tokens))
        })
    }

    fn store<'a>(&'a self, tokens: &'a Tokens) -> StoreFuture<'a, ()> {
        Box::pin(async {
            let json = Secret::new(tokens.to_json()?.as_slice());
            let write = async { Keyring::open().await?.set_password(&self.name, &json).await };
            self.within_limit(write).await
        })
    }

    fn remove(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.within_limit(async {
            match Keyring::open().await?.remove_password(&self.name).await {
                Err(SecretError::NotInKeyring { .. }) => Ok(()),
                removed => removed,
            }
        }))
    }

    fn lock(&self) -> StoreFuture<'_, TokenLock> {
        Box::pin(async { self.lock_file()?.lock().await })
    }
}
