//! Renewing tokens once, and losing none.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::debug;

use super::credentials::Grant;
use super::error::{OAuthError, OAuthErrorKind};
use super::token_store::{TokenLock, TokenStore};
use super::tokens::Tokens;
use crate::secret::Secret;

/// What makes a grant.
pub(crate) type GrantFuture = Pin<Box<dyn Future<Output = Result<Grant, OAuthError>> + Send>>;

pub(super) type MakeGrant = Box<dyn Fn() -> GrantFuture + Send + Sync>;

/// The tokens of one user, and what renews them.
pub(super) struct Renewer {
    /// Makes the grant for each renewal.
    grant: MakeGrant,
    user: String,
    store: Box<dyn TokenStore>,
    /// The tokens that were read or stored last.
    known: std::sync::Mutex<Option<Tokens>>,
    /// Held by the task that renews, also while it waits for other processes.
    unsaved: Arc<Mutex<Option<Unsaved>>>,
    /// Held while the server is asked and its answer is stored.
    renewing: Arc<Mutex<()>>,
}

/// Tokens that could not be stored. They are used only once they are.
struct Unsaved {
    tokens: Tokens,
    /// The refresh token that they replace.
    replaced: Option<Secret>,
}

/// Which tokens of the store need no renewal.
pub(super) enum Wanted {
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

/// What a renewal needs. Nothing else renews as long as it exists.
struct Renewal {
    wanted: Wanted,
    grant: Grant,
    unsaved: OwnedMutexGuard<Option<Unsaved>>,
    _lock: TokenLock,
    /// The server may refuse the refresh token from the request on.
    _renewing: OwnedMutexGuard<()>,
}

impl Renewer {
    pub(super) fn new(grant: MakeGrant, user: String, store: Box<dyn TokenStore>) -> Self {
        Self {
            grant,
            user,
            store,
            known: std::sync::Mutex::new(None),
            unsaved: Arc::default(),
            renewing: Arc::default(),
        }
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn known(&self) -> Option<Tokens> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Waits until no renewal is running.
    pub(super) async fn ended(&self) {
        drop(self.renewing.lock().await);
    }

    /// Obtains tokens: from the store, or else by a renewal. The renewal is a task of its own, which goes
    /// on if this future is dropped.
    pub(super) async fn obtain(self: &Arc<Self>, wanted: Wanted) -> Result<Tokens, OAuthError> {
        // Reading needs no lock: most often the tokens are fresh.
        if let Some(tokens) = self.stored(&wanted).await? {
            return Ok(self.now_known(tokens));
        }
        let unsaved = Arc::clone(&self.unsaved).lock_owned().await;
        // Another task may have renewed them meanwhile.
        if let Some(tokens) = self.stored(&wanted).await? {
            return Ok(self.now_known(tokens));
        }
        // The grant may take long, as a command may ask for the secret of the client. Other processes wait
        // for the renewal alone.
        let grant = (self.grant)().await?;
        let renewal = Renewal {
            wanted,
            grant,
            unsaved,
            _lock: self.store.lock().await?,
            _renewing: Arc::clone(&self.renewing).lock_owned().await,
        };
        let this = Arc::clone(self);
        let renewed = tokio::spawn(async move { this.renew(renewal).await }).await;
        let renewed = renewed.unwrap_or_else(|error| {
            if error.is_panic() {
                resume_unwind(error.into_panic());
            }
            let message = "the renewal of the token was aborted: the runtime is shutting down";
            Err(OAuthError::new(OAuthErrorKind::Store, message))
        });
        renewed.map(|tokens| self.now_known(tokens))
    }

    async fn stored(&self, wanted: &Wanted) -> Result<Option<Tokens>, OAuthError> {
        let stored = self.store.load().await?;
        Ok(stored.filter(|tokens| wanted.is_met_by(tokens)))
    }

    fn now_known(&self, tokens: Tokens) -> Tokens {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(tokens.clone());
        tokens
    }

    async fn renew(&self, mut renewal: Renewal) -> Result<Tokens, OAuthError> {
        let stored = self.store.load().await?;
        let stored = match renewal.unsaved.take() {
            // A login or a logout since then counts more.
            Some(late) if late.replaced.as_ref() == stored.as_ref().and_then(Tokens::refresh) => {
                Some(self.save(late, &mut renewal.unsaved).await?)
            }
            _ => stored,
        };
        // Another process may have renewed them meanwhile.
        if let Some(tokens) = (stored.as_ref()).filter(|tokens| renewal.wanted.is_met_by(tokens)) {
            return Ok(tokens.clone());
        }
        let replaced = stored.as_ref().and_then(Tokens::refresh).cloned();
        self.store.reserve().await?;
        let (tokens, refused) = self.request(&renewal.grant, stored.as_ref()).await?;
        let late = Unsaved { tokens, replaced };
        let tokens = self.save(late, &mut renewal.unsaved).await?;
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
    async fn request(
        &self,
        grant: &Grant,
        stored: Option<&Tokens>,
    ) -> Result<(Tokens, Option<OAuthError>), OAuthError> {
        match (grant, stored.and_then(Tokens::refresh)) {
            (Grant::RefreshToken(client), Some(refresh)) => client.renew(refresh).await,
            (Grant::RefreshToken(_), None) => {
                let user = &self.user;
                let message = match stored {
                    None => format!("{user} is not logged in: log in first"),
                    Some(_) => format!(
                        "the login of {user} has no refresh token: log in again, and allow offline access"
                    ),
                };
                Err(OAuthError::new(OAuthErrorKind::NotLoggedIn, message))
            }
            (Grant::ClientCredentials(client), _) => Ok((client.client_credentials().await?, None)),
            (Grant::ServiceAccount(account, http), _) => Ok((account.tokens(http).await?, None)),
        }
    }
}
