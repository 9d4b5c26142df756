//! Where tokens are kept.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use tokio::sync::Mutex;

use super::error::OAuthError;
use super::tokens::Tokens;

/// What the methods of a [`TokenStore`] return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, OAuthError>> + Send + 'a>>;

/// Keeps the tokens of one login.
///
/// A server may replace the refresh token at each use and then refuse the old one (RFC 6749 section 6),
/// so one process alone may renew at a time: it holds the [lock](Self::lock), and reads the tokens again
/// once it has it.
pub trait TokenStore: Send + Sync {
    /// Reads the tokens; `None` if there are none.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or others could read it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    fn load(&self) -> StoreFuture<'_, Option<Tokens>>;

    /// Makes sure that tokens can be stored, with the lock held and before a renewal is requested: the
    /// server may refuse the old refresh token afterwards. A store that cannot know does nothing, which
    /// is the default.
    ///
    /// # Errors
    ///
    /// Tokens could not be stored now: the disk is full, or is read-only.
    ///
    /// # Cancel safety
    ///
    /// What is reserved is released with the lock.
    fn reserve(&self) -> StoreFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Replaces the tokens. When it returns, they outlast a crash if the store is not in memory.
    ///
    /// # Errors
    ///
    /// The store cannot be written. The old tokens are then still there.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the store has the old tokens or the new ones.
    fn store<'a>(&'a self, tokens: &'a Tokens) -> StoreFuture<'a, ()>;

    /// Removes the tokens, if there are any.
    ///
    /// # Errors
    ///
    /// The store cannot be written.
    ///
    /// # Cancel safety
    ///
    /// As [`store`](Self::store).
    fn remove(&self) -> StoreFuture<'_, ()>;

    /// Locks the store against other tasks and processes that renew, until the lock is dropped or the
    /// process ends.
    ///
    /// # Errors
    ///
    /// The lock cannot be made, or another process holds it for longer than a renewal takes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the lock up.
    fn lock(&self) -> StoreFuture<'_, TokenLock>;
}

/// A lock of a [`TokenStore`], which is released when it is dropped.
pub struct TokenLock {
    _guard: Box<dyn Any + Send>,
}

impl TokenLock {
    /// A lock that lasts as long as this value.
    pub fn new(guard: impl Send + 'static) -> Self {
        Self {
            _guard: Box::new(guard),
        }
    }
}

impl fmt::Debug for TokenLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenLock")
    }
}

/// Keeps tokens in memory, as long as the value or a clone of it lives.
#[derive(Debug, Clone, Default)]
pub struct TokenMemory {
    tokens: Arc<std::sync::Mutex<Option<Tokens>>>,
    lock: Arc<Mutex<()>>,
}

impl TokenMemory {
    /// Begins with these tokens.
    #[must_use]
    pub fn new(tokens: Option<Tokens>) -> Self {
        Self {
            tokens: Arc::new(std::sync::Mutex::new(tokens)),
            lock: Arc::default(),
        }
    }

    fn replace(&self, tokens: Option<Tokens>) {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = tokens;
    }
}

impl TokenStore for TokenMemory {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(std::future::ready(Ok(tokens.clone())))
    }

    fn store<'a>(&'a self, tokens: &'a Tokens) -> StoreFuture<'a, ()> {
        self.replace(Some(tokens.clone()));
        Box::pin(std::future::ready(Ok(())))
    }

    fn remove(&self) -> StoreFuture<'_, ()> {
        self.replace(None);
        Box::pin(std::future::ready(Ok(())))
    }

    fn lock(&self) -> StoreFuture<'_, TokenLock> {
        Box::pin(async { Ok(TokenLock::new(Arc::clone(&self.lock).lock_owned().await)) })
    }
}
