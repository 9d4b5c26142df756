//! Passwords in the keyring of the desktop.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error};
use tokio::sync::Mutex;
use tokio::time::timeout;
use zbus_secret_service_keyring_store::Store;
use zeroize::Zeroizing;

use super::secret_error::SecretError;
use super::secret_source::{READ_TIMEOUT, SecretSource};
use crate::secret::Secret;

/// The items of Pilotfish have this attribute `service`.
const SERVICE: &str = "pilotfish";

/// The keyring of the desktop: the Secret Service of D-Bus, as the keyrings of GNOME and KDE
/// provide it.
///
/// An item has the attributes `service`, which is `pilotfish`, and `username`, which is the name that the
/// key `password-keyring` of an [`Account`](super::Account) has.
///
/// The methods wait on a thread of their own, for two minutes at most. A locked keyring may ask the user to
/// unlock it.
#[derive(Debug, Clone)]
pub struct Keyring {
    store: Arc<Store>,
    turn: Turn,
}

/// One item is changed at a time: a thread whose future was dropped may still write, and what is written after
/// it has to stay.
pub(super) type Turn = Arc<Mutex<()>>;

impl Keyring {
    /// Connects to the keyring.
    ///
    /// # Errors
    ///
    /// [`SecretError::NoKeyring`]: there is no D-Bus session, as in cron or over ssh, or it has no
    /// Secret Service. [`SecretError::TimedOut`]: it did not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn open() -> Result<Self, SecretError> {
        Self::open_for(Turn::default()).await
    }

    /// The same for changes that wait for those of other connections with this turn.
    pub(super) async fn open_for(turn: Turn) -> Result<Self, SecretError> {
        let opened = blocking(|| Store::new().map_err(no_keyring));
        let store = within_limit(|| "the keyring".to_owned(), opened).await?;
        Ok(Self { store, turn })
    }

    /// The password with this name.
    ///
    /// # Errors
    ///
    /// [`SecretError::NotInKeyring`], [`SecretError::KeyringLocked`], [`SecretError::TimedOut`], or
    /// [`SecretError::NoKeyring`] with another reason.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect. The thread still waits for the keyring.
    pub async fn password(&self, name: &str) -> Result<Secret, SecretError> {
        self.read(name)
            .await
            .map(|octets| Secret::new(octets.as_slice()))
    }

    pub(super) async fn read(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let read = |entry: &Entry| entry.get_secret().map(Zeroizing::new);
        let place = || SecretSource::Keyring(name).to_string();
        within_limit(place, self.with(name, read)).await
    }

    /// Stores the password with this name, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// As [`password`](Self::password). A new name is not an error.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the password may be stored or not. A later change waits until that is over.
    pub async fn set_password(&self, name: &str, password: &Secret) -> Result<(), SecretError> {
        let password = password.clone();
        self.change(name, move |entry| entry.set_secret(password.expose()))
            .await
    }

    /// Removes the password with this name.
    ///
    /// # Errors
    ///
    /// As [`password`](Self::password).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the password may be removed or not. A later change waits until that is over.
    pub async fn remove_password(&self, name: &str) -> Result<(), SecretError> {
        self.change(name, Entry::delete_credential).await
    }

    /// Changes the item of this name after every change that has begun.
    async fn change(
        &self,
        name: &str,
        work: impl FnOnce(&Entry) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), SecretError> {
        let changed = async {
            let turn = Arc::clone(&self.turn).lock_owned().await;
            let work = move |entry: &Entry| {
                let _turn = turn;
                work(entry)
            };
            self.with(name, work).await
        };
        let place = || SecretSource::Keyring(name).to_string();
        within_limit(place, changed).await
    }

    /// Does something with the item of this name.
    async fn with<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, SecretError> {
        let store = Arc::clone(&self.store);
        let name = name.to_owned();
        blocking(move || {
            let done = store
                .build(SERVICE, &name, None)
                .and_then(|entry| work(&entry));
            done.map_err(|error| match error {
                Error::NoEntry => SecretError::NotInKeyring { name },
                Error::NoStorageAccess(_) => SecretError::KeyringLocked,
                other => no_keyring(other),
            })
        })
        .await
    }
}

/// What the keyring answers, unless that takes too long.
async fn within_limit<T>(
    place: impl FnOnce() -> String,
    work: impl Future<Output = Result<T, SecretError>>,
) -> Result<T, SecretError> {
    let done = timeout(READ_TIMEOUT, work).await;
    done.unwrap_or_else(|_| {
        Err(SecretError::TimedOut {
            what: "answer",
            place: place(),
        })
    })
}

fn no_keyring(error: Error) -> SecretError {
    SecretError::NoKeyring {
        source: Box::new(error),
    }
}

/// Works on a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<T, SecretError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.unwrap_or_else(|error| {
        Err(SecretError::NoKeyring {
            source: Box::new(error),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_keyring_that_does_not_answer() {
        let place = || SecretSource::Keyring("work").to_string();
        let error = within_limit(place, std::future::pending::<Result<(), _>>()).await;
        let expected = "the item work of the keyring gave no answer within 120s";
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
}
