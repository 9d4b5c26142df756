//! Passwords in the keyring of the desktop.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error};
use zbus_secret_service_keyring_store::Store;
use zeroize::Zeroizing;

use super::secret_error::SecretError;
use crate::secret::Secret;

/// The items of Pilotfish have this attribute `service`.
const SERVICE: &str = "pilotfish";

/// The keyring of the desktop: the Secret Service of D-Bus, as the keyrings of GNOME and KDE
/// provide it.
///
/// An item has the attributes `service`, which is `pilotfish`, and `username`, which is the name that the
/// key `password-keyring` of an [`Account`](super::Account) has.
///
/// The methods wait on a thread of their own. A locked keyring may ask the user to unlock it.
#[derive(Debug, Clone)]
pub struct Keyring(Arc<Store>);

impl Keyring {
    /// Connects to the keyring.
    ///
    /// # Errors
    ///
    /// [`SecretError::NoKeyring`]: there is no D-Bus session, as in cron or over ssh, or it has no
    /// Secret Service.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn open() -> Result<Self, SecretError> {
        blocking(|| Store::new().map(Self).map_err(no_keyring)).await
    }

    /// The password with this name.
    ///
    /// # Errors
    ///
    /// [`SecretError::NotInKeyring`], [`SecretError::KeyringLocked`], or
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
        self.with(name, read).await
    }

    /// Stores the password with this name, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// As [`password`](Self::password), which a name that is new is not an error for.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the password may be stored or not.
    pub async fn set_password(&self, name: &str, password: &Secret) -> Result<(), SecretError> {
        let password = password.clone();
        self.with(name, move |entry| entry.set_secret(password.expose()))
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
    /// If the future is dropped, the password may be removed or not.
    pub async fn remove_password(&self, name: &str) -> Result<(), SecretError> {
        self.with(name, Entry::delete_credential).await
    }

    /// Does something with the item of this name.
    async fn with<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, SecretError> {
        let store = Arc::clone(&self.0);
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
