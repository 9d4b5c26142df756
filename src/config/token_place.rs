//! Where the tokens of an account are stored.

use std::fmt;

use super::account::Account;
use super::paths::{at_home, shown};
#[cfg(feature = "keyring")]
use super::secret_source::SecretSource;
#[cfg(feature = "keyring")]
use super::token_keyring::TokenKeyring;
use crate::oauth::{StoreFuture, TokenFile, TokenLock, TokenMemory, TokenStore, Tokens};

/// The store of an account's tokens.
#[derive(Debug, Clone)]
pub(super) enum TokenPlace {
    File(TokenFile),
    #[cfg(feature = "keyring")]
    Keyring(TokenKeyring),
    /// For logins that need no user, which can take place again.
    Memory(TokenMemory),
}

impl TokenPlace {
    pub(super) fn of(account: &Account) -> Self {
        #[cfg(feature = "keyring")]
        if let Some(name) = &account.token_keyring {
            return Self::Keyring(TokenKeyring::new(name));
        }
        match &account.token_file {
            Some(path) => Self::File(TokenFile::new(at_home(path))),
            None => Self::Memory(TokenMemory::default()),
        }
    }

    fn inner(&self) -> &dyn TokenStore {
        match self {
            Self::File(file) => file,
            #[cfg(feature = "keyring")]
            Self::Keyring(keyring) => keyring,
            Self::Memory(memory) => memory,
        }
    }
}

/// The place for people.
impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(&shown(file.path())),
            #[cfg(feature = "keyring")]
            Self::Keyring(keyring) => SecretSource::Keyring(keyring.name()).fmt(f),
            Self::Memory(_) => f.write_str("memory"),
        }
    }
}

impl TokenStore for TokenPlace {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        self.inner().load()
    }

    fn reserve(&self) -> StoreFuture<'_, ()> {
        self.inner().reserve()
    }

    fn store<'a>(&'a self, tokens: &'a Tokens) -> StoreFuture<'a, ()> {
        self.inner().store(tokens)
    }

    fn remove(&self) -> StoreFuture<'_, ()> {
        self.inner().remove()
    }

    fn lock(&self) -> StoreFuture<'_, TokenLock> {
        self.inner().lock()
    }
}
