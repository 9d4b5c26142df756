//! The credentials of sessions, from tokens that are renewed in time.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use tokio::sync::Mutex;
use tracing::debug;

use super::client::OAuthClient;
use super::error::{OAuthError, OAuthErrorKind};
use super::http::HttpClient;
use super::service_account::ServiceAccount;
use super::token_store::TokenStore;
use super::tokens::Tokens;
use crate::protocol::Credentials;
use crate::secret::Secret;
use crate::session::{CredentialsProvider, ProvidedCredentials, RenewedCredentials};

/// How new access tokens are obtained.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Grant {
    /// With the refresh token of the store, which a login put there (RFC 6749 section 6).
    RefreshToken(OAuthClient),
    /// As the client itself (RFC 6749 section 4.4).
    ClientCredentials(OAuthClient),
    /// As a service account (RFC 7523).
    ServiceAccount(ServiceAccount, HttpClient),
}

/// Provides sessions with access tokens, and renews them before they expire.
///
/// Clones share everything. One task and one process at a time renew; the others wait and take the
/// tokens that it stored. A new refresh token is stored before the access token beside it is used. A
/// renewal that has begun goes on if its caller is dropped, so no refresh token is lost; it needs the
/// runtime of Tokio. After a [refusal](CredentialsProvider::renewed) by the mail server, it renews even
/// a token that should be valid.
#[derive(Clone)]
pub struct OAuthCredentials(Arc<Inner>);

struct Inner {
    grant: Grant,
    user: String,
    store: Box<dyn TokenStore>,
    /// The tokens that were read or stored last.
    known: std::sync::Mutex<Option<Tokens>>,
    /// Held by the task that renews. Tokens that could not be stored are here, and used only once they
    /// are.
    unsaved: Mutex<Option<Tokens>>,
}

/// When the tokens of the store will do.
enum Wanted {
    Fresh,
    /// Those whose access token is another one.
    OtherThan(Secret),
    New,
}

impl OAuthCredentials {
    /// Logs in as `user` with tokens of this store. A grant without a refresh token only caches its
    /// access tokens there: a [`TokenMemory`](super::TokenMemory) will do.
    pub fn new(grant: Grant, user: impl Into<String>, store: impl TokenStore + 'static) -> Self {
        Self(Arc::new(Inner {
            grant,
            user: user.into(),
            store: Box::new(store),
            known: std::sync::Mutex::new(None),
            unsaved: Mutex::new(None),
        }))
    }

    /// The tokens of the store, renewed first if the access token has expired or is about to
    /// ([`Tokens::is_fresh`]).
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::NotLoggedIn`]: the store has no tokens, or no refresh token;
    /// [`OAuthErrorKind::Store`]; and those of the renewal.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect: a renewal that has begun goes on.
    pub async fn tokens(&self) -> Result<Tokens, OAuthError> {
        let known = self.known();
        match known.filter(|tokens| tokens.is_fresh(SystemTime::now())) {
            Some(tokens) => Ok(tokens),
            None => self.obtain(Wanted::Fresh).await,
        }
    }

    /// Renews the tokens, even those that are valid.
    ///
    /// # Errors
    ///
    /// As [`tokens`](Self::tokens).
    ///
    /// # Cancel safety
    ///
    /// As [`tokens`](Self::tokens).
    pub async fn refresh(&self) -> Result<Tokens, OAuthError> {
        self.obtain(Wanted::New).await
    }

    fn known(&self) -> Option<Tokens> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// In a task of its own, which nobody drops.
    async fn obtain(&self, wanted: Wanted) -> Result<Tokens, OAuthError> {
        let inner = Arc::clone(&self.0);
        let obtained = tokio::spawn(async move { inner.obtain(wanted).await }).await;
        obtained.unwrap_or_else(|error| {
            let message = "the renewal of the token broke off";
            Err(OAuthError::new(OAuthErrorKind::Store, message).caused_by(error))
        })
    }

    fn credentials_of(&self, tokens: &Tokens) -> Result<Credentials, OAuthError> {
        let credentials = Credentials::token(self.0.user.as_str(), tokens.access().clone());
        credentials.map_err(|error| {
            OAuthError::new(OAuthErrorKind::Config, error.to_string()).caused_by(error)
        })
    }
}

impl Inner {
    async fn obtain(&self, wanted: Wanted) -> Result<Tokens, OAuthError> {
        let mut unsaved = self.unsaved.lock().await;
        let _lock = self.store.lock().await?;
        if let Some(tokens) = unsaved.as_ref() {
            self.store.store(tokens).await?;
            *unsaved = None;
        }
        // Another task or process may have renewed them meanwhile.
        let stored = self.store.load().await?;
        let does = |tokens: &Tokens| {
            let is_wanted = match &wanted {
                Wanted::Fresh => true,
                Wanted::OtherThan(refused) => tokens.access() != refused,
                Wanted::New => false,
            };
            is_wanted && tokens.is_fresh(SystemTime::now())
        };
        let tokens = match stored {
            Some(tokens) if does(&tokens) => tokens,
            stored => {
                let tokens = self
                    .renew(stored.as_ref().and_then(Tokens::refresh))
                    .await?;
                let saved = self.store.store(&tokens).await;
                if let Err(error) = saved {
                    *unsaved = Some(tokens);
                    return Err(error);
                }
                debug!(target: "pilotfish", user = self.user, "the access token is renewed");
                tokens
            }
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(tokens.clone());
        Ok(tokens)
    }

    async fn renew(&self, refresh: Option<&Secret>) -> Result<Tokens, OAuthError> {
        match &self.grant {
            Grant::RefreshToken(client) => {
                let refresh = refresh.ok_or_else(|| {
                    let message = format!(
                        "{} is not logged in: log in first, and allow access without the user \
                         (offline access)",
                        self.user
                    );
                    OAuthError::new(OAuthErrorKind::NotLoggedIn, message)
                })?;
                client.refresh(refresh).await
            }
            Grant::ClientCredentials(client) => client.client_credentials().await,
            Grant::ServiceAccount(account, http) => account.tokens(http).await,
        }
    }
}

impl CredentialsProvider for OAuthCredentials {
    fn credentials(&self) -> ProvidedCredentials<'_> {
        Box::pin(async { Ok(self.credentials_of(&self.tokens().await?)?) })
    }

    fn renewed<'a>(&'a self, refused: &'a Credentials) -> RenewedCredentials<'a> {
        Box::pin(async {
            let Some(refused) = refused.secret() else {
                return Ok(None);
            };
            let wanted = Wanted::OtherThan(refused.clone());
            let tokens = self.obtain(wanted).await?;
            Ok(Some(self.credentials_of(&tokens)?))
        })
    }

    fn known_user(&self) -> Option<&str> {
        Some(&self.0.user)
    }
}

impl fmt::Debug for OAuthCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthCredentials")
            .field("user", &self.0.user)
            .finish_non_exhaustive()
    }
}
