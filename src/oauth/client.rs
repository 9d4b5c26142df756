//! The flows of OAuth 2.0.

use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenUrl,
};
use zeroize::Zeroizing;

use super::authorization::Authorization;
use super::calls::Calls;
use super::diagnosis::Flow;
use super::endpoint::Endpoint;
use super::error::{OAuthError, OAuthErrorKind};
use super::http::HttpClient;
use super::provider::{Brand, Provider};
use super::redirected::Redirected;
use super::tokens::Tokens;
use crate::secret::Secret;

/// The longest client ID, in octets.
const MAX_CLIENT_ID: usize = 256;

/// A client of the protocol's library with the two endpoints that every provider has.
pub(super) type Protocol =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Carries out the flows of OAuth 2.0 for one registered client.
///
/// ```no_run
/// use std::time::Duration;
///
/// use pilotfish::oauth::{HttpClient, Loopback, OAuthClient, Provider};
///
/// # async fn example() -> Result<(), pilotfish::oauth::OAuthError> {
/// let provider = Provider::microsoft("common")?;
/// let client = OAuthClient::new(provider, "client-id", HttpClient::new()?)?;
/// let listener = Loopback::bind().await?;
/// let authorization = client.authorize(listener.port(), Some("me@example.org"))?;
/// println!("Open {}", authorization.url());
/// let limit = Duration::from_mins(5);
/// let tokens = listener.log_in(&client, &authorization, "me@example.org", limit).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OAuthClient {
    pub(super) provider: Provider,
    pub(super) http: HttpClient,
    id: String,
    secret: Option<Secret>,
}

impl OAuthClient {
    /// A client with this ID, as the server registered it.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: the ID is empty, longer than 256 octets, or has other characters than
    /// visible ASCII.
    pub fn new(provider: Provider, id: &str, http: HttpClient) -> Result<Self, OAuthError> {
        let is_visible = id.bytes().all(|octet| octet.is_ascii_graphic());
        if id.is_empty() || id.len() > MAX_CLIENT_ID || !is_visible {
            let message = "the client ID is not valid: copy it from where the client is registered";
            return Err(OAuthError::new(OAuthErrorKind::Config, message));
        }
        Ok(Self {
            provider,
            http,
            id: id.to_owned(),
            secret: None,
        })
    }

    /// Sets the client secret. Desktop clients of Google have one that is not secret; public clients of
    /// Microsoft have none.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// The server.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Begins a login in the browser (RFC 6749 section 4.1, with PKCE, RFC 7636). Afterwards the browser
    /// goes to this port of its machine, where a [`Loopback`](super::Loopback) may listen. `user` is
    /// suggested to the server.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: the client secret is not UTF-8.
    pub fn authorize(&self, port: u16, user: Option<&str>) -> Result<Authorization, OAuthError> {
        let redirect_uri = self.provider.redirect_uri(port);
        let protocol = self.protocol()?.set_redirect_uri(redirect(&redirect_uri)?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = protocol
            .authorize_url(CsrfToken::new_random)
            .set_pkce_challenge(challenge)
            .add_scopes(scopes(&self.provider.scope));
        if self.provider.brand == Brand::Google {
            // Without these, Google gives no refresh token at the second login.
            request = request
                .add_extra_param("access_type", "offline")
                .add_extra_param("prompt", "consent");
        }
        if let Some(user) = user {
            request = request.add_extra_param("login_hint", user);
        }
        let (url, state) = request.url();
        Ok(Authorization {
            url: url.into(),
            redirect_uri,
            state: state.secret().as_str().into(),
            verifier: verifier.secret().as_str().into(),
            issuer: self.provider.issuer.clone(),
            names_issuer: self.provider.names_issuer,
        })
    }

    /// Exchanges the code that the browser brought back for tokens.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Expired`]: the code is too old or was used before;
    /// [`OAuthErrorKind::InvalidScope`]: the user did not grant what mail needs; and those of any
    /// request: [`Network`](OAuthErrorKind::Network), [`Tls`](OAuthErrorKind::Tls), [`Unavailable`](OAuthErrorKind::Unavailable),
    /// [`NotOAuth`](OAuthErrorKind::NotOAuth), [`InvalidClient`](OAuthErrorKind::InvalidClient) and
    /// other refusals.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the code may have been used: begin again.
    pub async fn exchange(
        &self,
        authorization: &Authorization,
        redirected: &Redirected,
    ) -> Result<Tokens, OAuthError> {
        let calls = self
            .calls(Flow::Code)
            .hiding([&redirected.code, &authorization.verifier]);
        let protocol = self.protocol()?;
        let protocol = protocol.set_redirect_uri(redirect(&authorization.redirect_uri)?);
        let exchanged = protocol
            .exchange_code(AuthorizationCode::new(text(&redirected.code)?))
            .set_pkce_verifier(PkceCodeVerifier::new(text(&authorization.verifier)?))
            .request_async(&calls)
            .await;
        let response = exchanged.map_err(|error| calls.error(error))?;
        calls.tokens(&response, &self.provider.scope)
    }

    /// Renews an access token (RFC 6749 section 6). The tokens have the refresh token to use from now
    /// on: a new one, or the same again. Store it before the access token is used.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::LoginEnded`]: the user has to log in again;
    /// [`OAuthErrorKind::InvalidScope`] or [`OAuthErrorKind::WrongAudience`]: the new access token is not
    /// for mail; and those of any request. A new refresh token that came with an access token that is not
    /// for mail is lost; [`OAuthCredentials`](super::OAuthCredentials) stores it.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, a new refresh token may be lost.
    /// [`OAuthCredentials`](super::OAuthCredentials) prevents that.
    pub async fn refresh(&self, refresh: &Secret) -> Result<Tokens, OAuthError> {
        let (tokens, refused) = self.renew(refresh).await?;
        refused.map_or(Ok(tokens), Err)
    }

    /// As [`refresh`](Self::refresh). An access token that mail cannot use comes with the error that says
    /// why, and with the refresh token, which may be new.
    pub(super) async fn renew(
        &self,
        refresh: &Secret,
    ) -> Result<(Tokens, Option<OAuthError>), OAuthError> {
        let calls = self.calls(Flow::Refresh).hiding([refresh]);
        let token = Zeroizing::new(text(refresh)?);
        let form = [("grant_type", "refresh_token"), ("refresh_token", &token)];
        let answer = self.post(&calls, &self.provider.token, &form).await?;
        let (tokens, refused) = calls.renewed_tokens(&answer, &self.provider.scope)?;
        let tokens = match tokens.refresh() {
            Some(_) => tokens,
            None => tokens.with_refresh(refresh.clone()),
        };
        Ok((tokens, refused))
    }

    /// Logs in as the client itself, without a user (RFC 6749 section 4.4).
    ///
    /// # Errors
    ///
    /// Those of any request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn client_credentials(&self) -> Result<Tokens, OAuthError> {
        let calls = self.calls(Flow::Application);
        let protocol = self.protocol()?;
        let scope = self.provider.app_scope();
        let given = protocol
            .exchange_client_credentials()
            .add_scopes(scopes(scope))
            .request_async(&calls)
            .await;
        let response = given.map_err(|error| calls.error(error))?;
        calls.tokens(&response, scope)
    }

    /// Revokes the refresh token, or else the access token (RFC 7009).
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: the provider has no endpoint for it; and those of any request.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the token may be revoked or not.
    pub async fn revoke(&self, tokens: &Tokens) -> Result<(), OAuthError> {
        let Some(endpoint) = &self.provider.revocation else {
            let message = format!(
                "{} has no endpoint to revoke logins: revoke it in the settings of the account there",
                self.provider.name()
            );
            return Err(OAuthError::new(OAuthErrorKind::Config, message));
        };
        let secret = tokens.refresh().unwrap_or(tokens.access());
        let calls = self.calls(Flow::Revocation).hiding([secret]);
        let hint = match tokens.refresh() {
            Some(_) => "refresh_token",
            None => "access_token",
        };
        let token = Zeroizing::new(text(secret)?);
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        // The library revokes over https alone, and the server may be on this machine.
        let answer = self.post(&calls, endpoint, &form).await?;
        calls.success(&answer)
    }

    /// Sends a form as this client (RFC 6749 section 2.3.1).
    async fn post(
        &self,
        calls: &Calls<'_>,
        endpoint: &Endpoint,
        form: &[(&str, &str)],
    ) -> Result<HttpResponse, OAuthError> {
        let secret = self.secret.as_ref().map(text).transpose()?;
        let secret = secret.map(Zeroizing::new);
        let mut form = form.to_vec();
        let mut basic = None;
        match &secret {
            Some(secret) if self.provider.secret_in_header => basic = Some((&*self.id, &***secret)),
            Some(secret) => form.extend([("client_id", &*self.id), ("client_secret", secret)]),
            None => form.push(("client_id", &*self.id)),
        }
        calls.post(endpoint, &form, basic).await
    }

    pub(super) fn calls(&self, flow: Flow) -> Calls<'_> {
        let provider = &self.provider;
        let calls = Calls::new(&self.http, flow, provider.brand, provider.token.name());
        calls.hiding(&self.secret)
    }

    pub(super) fn protocol(&self) -> Result<Protocol, OAuthError> {
        let provider = &self.provider;
        let mut client = BasicClient::new(ClientId::new(self.id.clone()))
            .set_auth_uri(AuthUrl::from_url(provider.authorization.url().clone()))
            .set_token_uri(TokenUrl::from_url(provider.token.url().clone()))
            .set_auth_type(if provider.secret_in_header {
                AuthType::BasicAuth
            } else {
                AuthType::RequestBody
            });
        if let Some(secret) = &self.secret {
            client = client.set_client_secret(ClientSecret::new(text(secret)?));
        }
        Ok(client)
    }
}

pub(super) fn scopes(scope: &str) -> impl Iterator<Item = Scope> + '_ {
    let scopes = scope.split(' ').filter(|scope| !scope.is_empty());
    scopes.map(|scope| Scope::new(scope.to_owned()))
}

pub(super) fn text(secret: &Secret) -> Result<String, OAuthError> {
    let text = String::from_utf8(secret.expose().to_vec());
    text.map_err(|_| {
        let message = "a secret of the login has other characters than text: copy it again";
        OAuthError::new(OAuthErrorKind::Config, message)
    })
}

fn redirect(uri: &str) -> Result<RedirectUrl, OAuthError> {
    RedirectUrl::new(uri.to_owned()).map_err(|error| {
        OAuthError::new(OAuthErrorKind::Config, "the redirect URI is not valid").caused_by(error)
    })
}
