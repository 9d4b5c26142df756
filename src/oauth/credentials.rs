//! The credentials of sessions, from tokens that are renewed in time.

use std::fmt;
use std::pin::Pin;
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
/// runtime of Tokio, and [`renewal_ended`](Self::renewal_ended) waits for it. After a
/// [refusal](CredentialsProvider::renewed) by the mail server, it renews even a token that should be
/// valid.
#[derive(Clone)]
pub struct OAuthCredentials(Arc<Inner>);

/// What makes a grant.
pub(crate) type GrantFuture = Pin<Box<dyn Future<Output = Result<Grant, OAuthError>> + Send>>;

struct Inner {
    /// Makes the grant for each renewal.
    grant: Box<dyn Fn() -> GrantFuture + Send + Sync>,
    user: String,
    store: Box<dyn TokenStore>,
    /// The tokens that were read or stored last.
    known: std::sync::Mutex<Option<Tokens>>,
    /// Held while the server is asked and its answer is stored.
    renewing: Mutex<()>,
    /// Held by the task that renews, also while it waits for other processes.
    unsaved: Mutex<Option<Unsaved>>,
}

/// Tokens that could not be stored. They are used only once they are.
struct Unsaved {
    tokens: Tokens,
    /// The refresh token that they replace.
    replaced: Option<Secret>,
}

/// Which tokens of the store need no renewal.
enum Wanted {
    Fresh,
    /// Those whose access token is another one.
    OtherThan(Secret),
    New,
}

impl Wanted {
    fn is_met_by(&self, tokens: &Tokens) -> bool {
        let is_wanted = match self {
            Self::Fresh => true,
            Self::OtherThan(refused) => tokens.access() != refused,
            Self::New => false,
        };
        is_wanted && tokens.is_fresh(SystemTime::now())
    }
}

impl OAuthCredentials {
    /// Logs in as `user` with tokens of this store. A grant without a refresh token only caches its
    /// access tokens there, so a [`TokenMemory`](super::TokenMemory) is enough.
    pub fn new(grant: Grant, user: impl Into<String>, store: impl TokenStore + 'static) -> Self {
        let grant = move || -> GrantFuture { Box::pin(std::future::ready(Ok(grant.clone()))) };
        Self::with_grant(grant, user, store)
    }

    /// As [`new`](Self::new), with a grant that is made for each renewal. Tokens that are fresh need none.
    pub(crate) fn with_grant(
        grant: impl Fn() -> GrantFuture + Send + Sync + 'static,
        user: impl Into<String>,
        store: impl TokenStore + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            grant: Box::new(grant),
            user: user.into(),
            store: Box::new(store),
            known: std::sync::Mutex::new(None),
            renewing: Mutex::new(()),
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

    /// Waits until no renewal is running.
    ///
    /// The server may refuse the old refresh token once it has answered a renewal, so a program that ends
    /// its runtime meanwhile loses the login. Await this method before, with a limit of your own: the
    /// request takes 30 seconds at most, and then the store is written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn renewal_ended(&self) {
        drop(self.0.renewing.lock().await);
    }

    fn known(&self) -> Option<Tokens> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Obtains tokens in a task of its own, which goes on if this future is dropped.
    async fn obtain(&self, wanted: Wanted) -> Result<Tokens, OAuthError> {
        let inner = Arc::clone(&self.0);
        let obtained = tokio::spawn(async move { inner.obtain(wanted).await }).await;
        obtained.unwrap_or_else(|_| {
            let message = "the renewal of the token was aborted: the runtime is shutting down";
            Err(OAuthError::new(OAuthErrorKind::Store, message))
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
        let is_met = |tokens: &Tokens| wanted.is_met_by(tokens);
        // Reading needs no lock: most often the tokens are fresh, or another process has renewed them.
        let stored = self.store.load().await?.filter(is_met);
        let tokens = match stored {
            Some(tokens) => tokens,
            None => self.obtain_locked(is_met).await?,
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(tokens.clone());
        Ok(tokens)
    }

    async fn obtain_locked(&self, is_met: impl Fn(&Tokens) -> bool) -> Result<Tokens, OAuthError> {
        let mut unsaved = self.unsaved.lock().await;
        let _lock = self.store.lock().await?;
        let stored = self.store.load().await?;
        let stored = match unsaved.take() {
            // A login or a logout since then counts more.
            Some(late) if late.replaced.as_ref() == stored.as_ref().and_then(Tokens::refresh) => {
                Some(self.save(late, &mut unsaved).await?)
            }
            _ => stored,
        };
        if let Some(tokens) = stored.as_ref().filter(|tokens| is_met(tokens)) {
            return Ok(tokens.clone());
        }
        let replaced = stored.as_ref().and_then(Tokens::refresh).cloned();
        // The server may refuse the refresh token from the request on.
        let _renewing = self.renewing.lock().await;
        self.store.reserve().await?;
        let (tokens, refused) = self.renew(replaced.as_ref()).await?;
        let late = Unsaved { tokens, replaced };
        let tokens = self.save(late, &mut unsaved).await?;
        debug!(target: "pilotfish", user = self.user, "the access token is renewed");
        refused.map_or(Ok(tokens), Err)
    }

    /// Stores tokens, or keeps them until the store can be written again.
    async fn save(
        &self,
        late: Unsaved,
        unsaved: &mut Option<Unsaved>,
    ) -> Result<Tokens, OAuthError> {
        match self.store.store(&late.tokens).await {
            Ok(()) => Ok(late.tokens),
            Err(error) => {
                *unsaved = Some(late);
                Err(error)
            }
        }
    }

    /// New tokens, and why they cannot be used, if that is so: their refresh token counts even then.
    async fn renew(
        &self,
        refresh: Option<&Secret>,
    ) -> Result<(Tokens, Option<OAuthError>), OAuthError> {
        let grant = (self.grant)().await?;
        match (&grant, refresh) {
            (Grant::RefreshToken(client), Some(refresh)) => client.renew(refresh).await,
            (Grant::RefreshToken(_), None) => {
                let message = format!(
                    "{} is not logged in: log in first, and allow access without the user (offline \
                     access)",
                    self.user
                );
                Err(OAuthError::new(OAuthErrorKind::NotLoggedIn, message))
            }
            (Grant::ClientCredentials(client), _) => Ok((client.client_credentials().await?, None)),
            (Grant::ServiceAccount(account, http), _) => Ok((account.tokens(http).await?, None)),
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
