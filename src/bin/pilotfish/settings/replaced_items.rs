//! Items of the keyring that go back to what they were unless the configuration is saved.

use std::time::Duration;

use pilotfish::Secret;
use pilotfish::config::{Keyring, SecretError};
use tokio::time::timeout;

use crate::exit;
use crate::failure::Failure;
use crate::output::report::warning;

/// How long the keyring may take to put an item back: the person has stopped the command, or the keyring
/// has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// An item that may have been replaced, and what it was.
struct Replaced {
    keyring: Keyring,
    item: String,
    before: Option<Secret>,
}

/// The items that were replaced, in their order.
#[derive(Default)]
pub(super) struct ReplacedItems(Vec<Replaced>);

impl ReplacedItems {
    /// Stores a secret in an item of the keyring. If the future is dropped, the item is among those that are
    /// put back.
    pub(super) async fn replace(
        &mut self,
        keyring: &Keyring,
        item: &str,
        secret: &Secret,
    ) -> Result<(), Failure> {
        let failed = |error: SecretError| Failure::of(exit::CONFIG, &error);
        let before = earlier(keyring.password(item).await).map_err(failed)?;
        self.0.push(Replaced {
            keyring: keyring.clone(),
            item: item.to_owned(),
            before,
        });
        keyring.set_password(item, secret).await.map_err(failed)
    }

    /// Leaves the items as they are now.
    pub(super) fn keep(&mut self) {
        self.0.clear();
    }

    /// Puts back what was there. What cannot be put back is a warning.
    pub(super) async fn put_back(&mut self) {
        for replaced in self.0.drain(..).rev() {
            replaced.put_back().await;
        }
    }
}

impl Replaced {
    async fn put_back(self) {
        let Self {
            keyring,
            item,
            before,
        } = self;
        let put_back = async {
            match &before {
                Some(before) => keyring.set_password(&item, before).await,
                None => match keyring.remove_password(&item).await {
                    Err(SecretError::NotInKeyring { .. }) => Ok(()),
                    removed => removed,
                },
            }
        };
        let reason = match timeout(PATIENCE, put_back).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the keyring does not answer".to_owned(),
        };
        warning(&format!(
            "the new secret may still be in the keyring, by the name {item}: {reason}"
        ));
    }
}

/// What an item was. Only one that is not there has nothing to put back.
fn earlier(read: Result<Secret, SecretError>) -> Result<Option<Secret>, SecretError> {
    match read {
        Err(SecretError::NotInKeyring { .. }) => Ok(None),
        read => read.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_item_that_is_not_there_was_none() {
        let none = SecretError::NotInKeyring {
            name: "work".to_owned(),
        };
        assert!(earlier(Err(none)).unwrap().is_none());
        assert!(earlier(Ok(Secret::new("s"))).unwrap().is_some());
        let locked = earlier(Err(SecretError::KeyringLocked));
        assert!(matches!(locked, Err(SecretError::KeyringLocked)));
    }
}
