//! Tokens in the keyring of the desktop.

use super::keyring::{Keyring, Turn};
use super::secret_error::SecretError;
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
    turn: Turn,
}

impl TokenKeyring {
    /// The item with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            turn: Turn::default(),
        }
    }

    /// The name of the item.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    async fn keyring(&self) -> Result<Keyring, OAuthError> {
        let opened = Keyring::open_for(self.turn.clone()).await;
        opened.map_err(failed)
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
            let keyring = self.keyring().await?;
            let json = match keyring.read(&self.name).await {
                Err(SecretError::NotInKeyring { .. }) => return Ok(None),
                read => read.map_err(failed)?,
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
            let keyring = self.keyring().await?;
            let stored = keyring.set_password(&self.name, &json).await;
            stored.map_err(failed)
        })
    }

    fn remove(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            let keyring = self.keyring().await?;
            match keyring.remove_password(&self.name).await {
                Err(SecretError::NotInKeyring { .. }) => Ok(()),
                removed => removed.map_err(failed),
            }
        })
    }

    fn lock(&self) -> StoreFuture<'_, TokenLock> {
        Box::pin(async { self.lock_file()?.lock().await })
    }
}
