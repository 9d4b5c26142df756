//! The credentials of sessions, from tokens that are renewed in time.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::client::OAuthClient;
use super::error::{OAuthError, OAuthErrorKind};
use super::http::HttpClient;
use super::renewal::{GrantFuture, Renewer, Wanted};
use super::service_account::ServiceAccount;
use super::token_store::TokenStore;
use super::tokens::Tokens;
use crate::protocol::Credentials;
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
/// tokens that it stored. A new refresh token is stored before the access token beside it is used. Once
/// the server is asked, a renewal goes on if its caller is dropped, so no refresh token is lost; it needs the
/// runtime of Tokio, and [`renewal_ended`](Self::renewal_ended) waits for it. After a
/// [refusal](CredentialsProvider::renewed) by the mail server, it renews even a token that should be
/// valid.
#[derive(Clone)]
pub struct OAuthCredentials(Arc<Renewer>);

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
        let renewer = Renewer::new(Box::new(grant), user.into(), Box::new(store));
        Self(Arc::new(renewer))
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
    /// Dropping the future has no effect once the server is asked: that renewal goes on.
    pub async fn tokens(&self) -> Result<Tokens, OAuthError> {
        match self
            .0
            .known()
            .filter(|tokens| tokens.is_fresh(SystemTime::now()))
        {
            Some(tokens) => Ok(tokens),
            None => self.0.obtain(Wanted::Fresh).await,
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
        self.0.obtain(Wanted::New).await
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
        self.0.ended().await;
    }

    fn credentials_of(&self, tokens: &Tokens) -> Result<Credentials, OAuthError> {
        let credentials = Credentials::token(self.0.user(), tokens.access().clone());
        credentials.map_err(|error| {
            OAuthError::new(OAuthErrorKind::Config, error.to_string()).caused_by(error)
        })
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
            let tokens = self.0.obtain(wanted).await?;
            Ok(Some(self.credentials_of(&tokens)?))
        })
    }

    fn known_user(&self) -> Option<&str> {
        Some(self.0.user())
    }
}

impl fmt::Debug for OAuthCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthCredentials")
            .field("user", &self.0.user())
            .finish_non_exhaustive()
    }
}
