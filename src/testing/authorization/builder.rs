//! Describes an authorization server before it starts.

use std::io;
use std::time::Duration;

use super::server::AuthorizationServer;
use super::settings::{AuthorizationSettings, RegisteredAccount, RegisteredClient};
use crate::secret::Secret;

/// An authorization server that is not running yet, made by [`AuthorizationServer::builder`].
#[derive(Debug, Default)]
#[must_use = "a server runs when it is started"]
pub struct AuthorizationServerBuilder {
    settings: AuthorizationSettings,
}

impl AuthorizationServer {
    /// Describes a server that [`start`](AuthorizationServerBuilder::start) then starts.
    pub fn builder() -> AuthorizationServerBuilder {
        AuthorizationServerBuilder::default()
    }
}

impl AuthorizationServerBuilder {
    /// Adds a user, by the name that a mail client logs in with. There can be several.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.settings.users.push(name.into());
        self
    }

    /// Adds a public client, which has no secret: a program on a user's machine (RFC 8252).
    pub fn client(mut self, id: impl Into<String>) -> Self {
        self.settings.clients.push(RegisteredClient {
            id: id.into(),
            secret: None,
        });
        self
    }

    /// Adds a client with a secret. It may also get tokens by itself (RFC 6749, section 4.4), which
    /// are good for each user of the server.
    pub fn confidential_client(mut self, id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.settings.clients.push(RegisteredClient {
            id: id.into(),
            secret: Some(secret.into()),
        });
        self
    }

    /// Adds a service account: the `iss` of its assertions, and its public RSA key of 2048 to 8192
    /// bits in PEM, `-----BEGIN PUBLIC KEY-----` (RFC 7523). The `sub` of an assertion is one of the
    /// server's users; without it the token is for the account itself.
    pub fn service_account(
        mut self,
        issuer: impl Into<String>,
        public_key_pem: impl Into<String>,
    ) -> Self {
        self.settings.service_accounts.push(RegisteredAccount {
            issuer: issuer.into(),
            pem: public_key_pem.into(),
            key: Vec::new(),
        });
        self
    }

    /// Sets the scope that submission servers require, such as `https://mail.google.com/`. A client
    /// that asks for no scope gets this one. The default is `mail.send`.
    pub fn mail_scope(mut self, scope: impl Into<String>) -> Self {
        self.settings.mail_scope = scope.into();
        self
    }

    /// Adds a scope that clients may ask for, in addition to the one for mail, `openid`, `email` and
    /// `offline_access`. A client that asks for another one gets the error `invalid_scope`.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.settings.scopes.push(scope.into());
        self
    }

    /// Sets the audience of the access tokens (`aud`), which submission servers require. The default
    /// is `mail`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.settings.audience = audience.into();
        self
    }

    /// Sets how long access tokens are valid, in whole seconds. The default is an hour; tokens of
    /// zero seconds have expired when they are issued.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.lifetime = lifetime;
        self
    }

    /// Replaces a refresh token each time it is used (RFC 6749, section 6). If a client uses one a
    /// second time, the server revokes all tokens of that login (RFC 9700, section 4.14.2). By
    /// default a refresh token remains valid.
    pub fn rotate_refresh_tokens(mut self) -> Self {
        self.settings.rotates = true;
        self
    }

    /// Lets the user consent to each login at once, without a page: the one that the client expects
    /// (`login_hint`), else the first. The first user also approves each device.
    pub fn consent_at_once(mut self) -> Self {
        self.settings.consents = true;
        self
    }

    /// Sets how many seconds a device has to wait between two requests (RFC 8628, section 3.5). The
    /// default is 5; with 0 it need not wait. A client that does not wait gets the error `slow_down`.
    pub fn device_interval(mut self, seconds: u64) -> Self {
        self.settings.device_interval = seconds;
        self
    }

    /// Sets how many seconds the server's clock is ahead of the system's; negative if it is behind.
    /// This is the clock of the field `Date`, the tokens, and the checks of tokens and assertions.
    pub fn clock_ahead(mut self, seconds: i64) -> Self {
        self.settings.clock = seconds;
        self
    }

    /// Uses TLS, with a certificate of the authority that
    /// [`ca_pem`](AuthorizationServer::ca_pem) returns. The default is clear text, which clients may
    /// use on the loopback interface alone.
    pub fn https(mut self) -> Self {
        self.settings.https = true;
        self
    }

    /// Starts the server on a free port of 127.0.0.1, in tasks of the current runtime.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the key of a service account is not a public RSA
    /// key in PEM. Otherwise the system's error for the port, or an error of the cryptography library
    /// for the server's own key.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future starts no server.
    pub async fn start(mut self) -> io::Result<AuthorizationServer> {
        self.settings.read_keys()?;
        AuthorizationServer::start(self.settings).await
    }
}
