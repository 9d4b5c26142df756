//! From an account to its login by OAuth 2.0.

use std::sync::Arc;

use super::ConfigError;
use super::account::Account;
use super::oauth_keys::{OAuthGrant, OAuthServer};
use super::secret_source::SecretSource;
use super::tls;
use super::token_place::TokenPlace;
use crate::oauth::{
    Grant, GrantFuture, HttpClient, OAuthClient, OAuthCredentials, Provider, ServiceAccount,
    TokenStore,
};
use crate::protocol::Credentials;

/// What the key file of a service account is called in errors.
const SERVICE_ACCOUNT_KEY: &str = "key of the service account";

/// The most octets of such a file.
const MAX_KEY: usize = 64 * 1024;

/// The tenant of Microsoft for all accounts.
const ALL_ACCOUNTS: &str = "common";

/// The login of an account by OAuth 2.0: see [`Account::oauth`].
#[derive(Debug)]
#[non_exhaustive]
pub struct OAuthLogin {
    account: Account,
    place: TokenPlace,
    credentials: OAuthCredentials,
}

impl OAuthLogin {
    /// The client that logs in and revokes tokens; `None` for a service account, which has no login.
    ///
    /// Reads the secret of the client and the certificate authorities; each may take two minutes at most.
    /// An authorization server that is named by its URL is asked for its endpoints (RFC 8414).
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: a file or a command fails, or what it gives is not valid. [`ConfigError::OAuth`]:
    /// a value is not valid, or the authorization server cannot be asked;
    /// [`is_transient`](crate::oauth::OAuthError::is_transient) says whether that may pass.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends a command.
    pub async fn client(&self) -> Result<Option<OAuthClient>, ConfigError> {
        Ok(match self.account.grant().await? {
            Grant::RefreshToken(client) | Grant::ClientCredentials(client) => Some(client),
            Grant::ServiceAccount(..) => None,
        })
    }

    /// Where the tokens are stored.
    #[must_use]
    pub fn store(&self) -> &dyn TokenStore {
        &self.place
    }

    /// The place for people, as in `~/.config/pilotfish/work.tokens`, `the item work of the keyring` or
    /// `memory`.
    #[must_use]
    pub fn place(&self) -> String {
        self.place.to_string()
    }

    /// What provides sessions with access tokens of the [store](Self::store), renewed in time. All that
    /// this method returns share what they know.
    #[must_use]
    pub fn credentials(&self) -> OAuthCredentials {
        self.credentials.clone()
    }
}

impl Account {
    /// The login by OAuth 2.0; `None` if the account has no key [`oauth`](Self::oauth), or its `auth` is
    /// `none`.
    ///
    /// Reads no file, and asks no server: the client and its secret, or the key of the service account,
    /// are read when a token is renewed. Tokens that are fresh need none of them.
    ///
    /// Requests to the authorization server trust the same authorities as the mail server
    /// ([`tls_ca`](Self::tls_ca), [`tls_roots`](Self::tls_roots)), and take the same proxy and family of
    /// addresses. Pins and the client certificate are for the mail server alone.
    ///
    /// ```no_run
    /// use pilotfish::config::Config;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = Config::load("mail.toml")?;
    /// if let Some(login) = config.account("work")?.oauth()? {
    ///     let tokens = login.store().load().await?;
    ///     println!("the tokens in {} expire: {:?}", login.place(), tokens.and_then(|it| it.expires()));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: keys contradict each other or lack another, or this build lacks the keyring.
    pub fn oauth(&self) -> Result<Option<OAuthLogin>, ConfigError> {
        if self.oauth.is_none() || !self.logs_in() {
            return Ok(None);
        }
        let mistake = self.contradiction().or_else(|| self.lack_in_oauth());
        if let Some(reason) = mistake.or_else(|| self.contradiction_in_login()) {
            return Err(ConfigError::Contradiction(reason));
        }
        let user = self.user.as_deref().ok_or(ConfigError::NoUser)?;
        #[cfg(not(feature = "keyring"))]
        if self.token_keyring.is_some() {
            return Err(super::SecretError::without_keyring().into());
        }
        let place = TokenPlace::of(self);
        let account = Arc::new(self.clone());
        let grant = move || -> GrantFuture {
            let account = Arc::clone(&account);
            Box::pin(async move { account.grant().await.map_err(ConfigError::into_oauth) })
        };
        Ok(Some(OAuthLogin {
            account: self.clone(),
            credentials: OAuthCredentials::with_grant(grant, user, place.clone()),
            place,
        }))
    }

    /// The user with the access token.
    pub(super) async fn credentials_by_oauth(&self) -> Result<Credentials, ConfigError> {
        let (Some(login), Some(user)) = (self.oauth()?, &self.user) else {
            return Err(ConfigError::NoUser);
        };
        let tokens = login.credentials.tokens().await?;
        Ok(Credentials::token(user, tokens.access().clone())?)
    }

    /// What renews the tokens.
    async fn grant(&self) -> Result<Grant, ConfigError> {
        let (Some(server), Some(user)) = (&self.oauth, &self.user) else {
            return Err(ConfigError::NoUser);
        };
        let http = self.http_client().await?;
        Ok(match self.oauth_grant.unwrap_or_default() {
            OAuthGrant::Login => Grant::RefreshToken(self.oauth_client(server, http).await?),
            OAuthGrant::ClientCredentials => {
                Grant::ClientCredentials(self.oauth_client(server, http).await?)
            }
            OAuthGrant::ServiceAccount => {
                let path = self.service_account_file.clone().unwrap_or_default();
                let key = SecretSource::File(&path).read_whole(SERVICE_ACCOUNT_KEY, MAX_KEY);
                let account = ServiceAccount::from_json(&key.await?)?.subject(user);
                let account = match &self.oauth_scope {
                    Some(scope) => account.scope(scope),
                    None => account,
                };
                Grant::ServiceAccount(account, http)
            }
        })
    }

    async fn oauth_client(
        &self,
        server: &OAuthServer,
        http: HttpClient,
    ) -> Result<OAuthClient, ConfigError> {
        let provider = match server {
            OAuthServer::Google => Provider::google()?,
            OAuthServer::Microsoft => {
                Provider::microsoft(self.oauth_tenant.as_deref().unwrap_or(ALL_ACCOUNTS))?
            }
            OAuthServer::Issuer(url) => Provider::discover(url, &http).await?,
        };
        let provider = match &self.oauth_scope {
            Some(scope) => provider.scope(scope)?,
            None => provider,
        };
        let id = self.client_id.as_deref().unwrap_or_default();
        let client = OAuthClient::new(provider, id, http)?;
        Ok(match self.client_secret() {
            Some(source) => client.secret(source.read_client_secret().await?),
            None => client,
        })
    }

    /// What sends requests to the authorization server.
    async fn http_client(&self) -> Result<HttpClient, ConfigError> {
        let tls = tls::authorities(self).await?.build()?;
        let route = self.network.route().await?;
        Ok(HttpClient::new()?.tls(tls).route(route))
    }
}
