//! A running authorization server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::super::certificate;
use super::super::listeners::{ByteStream, not_accepted};
use super::super::server::record_panic;
use super::super::shared::TestServerError;
use super::access_token::AccessToken;
use super::authority::Authority;
use super::browser::LoginPage;
use super::connection;
use super::fault::{Endpoint, EndpointFault, GrantType};
use super::key::TokenKey;
use super::settings::AuthorizationSettings;
use crate::secret::Secret;

/// An authorization server on the loopback interface (RFC 6749), for tests of logins by OAuth 2.0.
///
/// It behaves as those of the large providers: a page where the user logs in, PKCE (RFC 7636),
/// redirects to any port of the loopback interface (RFC 8252), logins on another device (RFC 8628),
/// refresh tokens, client credentials, service accounts (RFC 7523), revocation (RFC 7009) and
/// metadata (RFC 8414). Its access tokens are signed JWT (RFC 9068).
/// [`TestServerBuilder::tokens_of`](super::super::TestServerBuilder::tokens_of) makes a submission
/// server that checks them.
///
/// What a client must not do is recorded as a violation, as by [`TestServer`](super::super::TestServer):
/// a login without PKCE, a code used twice, a secret in an address.
///
/// ```
/// use pilotfish::testing::{AuthorizationServer, Endpoint, TestServer};
///
/// /// What is to be tested: where the service sends its users to log in.
/// fn login_url(authorization_endpoint: &str, redirect_uri: &str) -> String {
///     // Of the verifier in RFC 7636, appendix B. A service makes one for each login.
///     let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
///     format!(
///         "{authorization_endpoint}?response_type=code&client_id=mailer&state=4711\
///          &redirect_uri={redirect_uri}&code_challenge={challenge}&code_challenge_method=S256"
///     )
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let provider = AuthorizationServer::builder()
///     .user("me@example.org")
///     .client("mailer")
///     .start()
///     .await?;
/// // Its submission server takes the tokens of the provider, and no password.
/// let submission = TestServer::builder()
///     .tokens_of(&provider)
///     .start()
///     .await?;
///
/// // The service waits for the browser, would now get tokens for the code, and answers with a page.
/// let loopback = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let redirect_uri = format!("http://{}/", loopback.local_addr()?);
/// let service = tokio::spawn(async move {
///     use tokio::io::{AsyncReadExt, AsyncWriteExt};
///     let (mut browser, _) = loopback.accept().await?;
///     browser.read(&mut [0; 4096]).await?;
///     browser.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nWelcome").await
/// });
///
/// // The user opens the page and presses the button.
/// let url = login_url(&provider.url(Endpoint::Authorization), &redirect_uri);
/// let page = provider.log_in(&url, "me@example.org").await?;
/// assert_eq!(page.text, "Welcome");
/// assert!(page.url.starts_with(&redirect_uri) && page.url.ends_with("&state=4711"));
/// service.await??;
///
/// // What the service did wrong, such as a login without PKCE, is an error.
/// provider.shutdown().await?;
/// submission.shutdown().await?;
/// # Ok(())
/// # }
/// ```
///
/// Dropping it ends the server and its connections at once, and does not report what went wrong.
/// A test calls [`shutdown`](Self::shutdown). `Debug` shows no key, secret or token.
#[derive(Debug)]
pub struct AuthorizationServer {
    addr: SocketAddr,
    ca_pem: Option<String>,
    pub(in super::super) authority: Arc<Authority>,
    listening: JoinHandle<()>,
}

impl AuthorizationServer {
    pub(super) async fn start(settings: AuthorizationSettings) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let (acceptor, ca_pem) = if settings.https {
            let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
            let (acceptor, ca_pem) = certificate::make(&names)?;
            (Some(acceptor), Some(ca_pem))
        } else {
            (None, None)
        };
        let scheme = if settings.https { "https" } else { "http" };
        let issuer = format!("{scheme}://{addr}");
        let authority = Arc::new(Authority::new(settings, issuer, TokenKey::generate()?));
        let listening = tokio::spawn(listen(listener, acceptor, Arc::clone(&authority)));
        Ok(Self {
            addr,
            ca_pem,
            authority,
            listening,
        })
    }

    /// Where the server listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The certificate that clients have to trust, in PEM (RFC 7468), if the server uses
    /// [TLS](super::AuthorizationServerBuilder::https).
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The server's identifier (RFC 8414, section 2), which its addresses begin with, such as
    /// `http://127.0.0.1:49152`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.authority.issuer
    }

    /// The address of an endpoint.
    #[must_use]
    pub fn url(&self, endpoint: Endpoint) -> String {
        self.authority.url(endpoint)
    }

    /// The identifier of the key that signs access tokens (`kid`).
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.authority.key.id
    }

    /// The public key of the access tokens in PEM, for servers that check them by themselves.
    #[must_use]
    pub fn public_key_pem(&self) -> &str {
        &self.authority.key.public_pem
    }

    /// Issues an access token without a login.
    ///
    /// # Errors
    ///
    /// Of the cryptography library, or of the system's source of random numbers.
    pub fn issue(&self, token: &AccessToken) -> io::Result<Secret> {
        self.authority.ordered(token).map(Secret::from)
    }

    /// Plays the browser: opens the address that a client shows to the user, presses the button of this
    /// user, and follows the redirect to the client. Returns the page that the client sends then, or
    /// the server's own page if there is no redirect.
    ///
    /// # Errors
    ///
    /// If a page does not come within 60 seconds, or the redirect does not lead to the loopback
    /// interface.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the browser. The user may have consented.
    pub async fn log_in(&self, url: &str, user: &str) -> io::Result<LoginPage> {
        self.authority.browse(url, Some(user)).await
    }

    /// As [`log_in`](Self::log_in), but presses the button that refuses.
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    ///
    /// # Cancel safety
    ///
    /// As [`log_in`](Self::log_in).
    pub async fn refuse_login(&self, url: &str) -> io::Result<LoginPage> {
        self.authority.browse(url, None).await
    }

    /// Approves the login of the device that shows this code, as this user. Returns whether there is
    /// one.
    #[must_use = "no device may have this code"]
    pub fn approve_device(&self, user_code: &str, user: &str) -> bool {
        self.authority.decide(user_code, Some(user))
    }

    /// Denies the login of the device that shows this code. Returns whether there is one.
    #[must_use = "no device may have this code"]
    pub fn deny_device(&self, user_code: &str) -> bool {
        self.authority.decide(user_code, None)
    }

    /// Revokes all tokens, as if each user had logged out everywhere.
    pub fn revoke_all(&self) {
        self.authority.state().revoke(|_| true);
    }

    /// Revokes all tokens of this user.
    pub fn revoke(&self, user: &str) {
        let mut state = self.authority.state();
        state.revoke(|consent| consent.subject.name() == user);
    }

    /// Revokes the access tokens that were issued so far. Refresh tokens remain valid.
    pub fn revoke_access_tokens(&self) {
        self.authority.state().access_tokens.clear();
    }

    /// Adds a fault that happens once, at the next request to this endpoint after the faults that were
    /// added before.
    pub fn fault(&self, endpoint: Endpoint, fault: EndpointFault) {
        self.authority.faults.add(endpoint, fault, false);
    }

    /// Adds a fault that happens at every request to this endpoint after the faults that were added
    /// before.
    pub fn fault_always(&self, endpoint: Endpoint, fault: EndpointFault) {
        self.authority.faults.add(endpoint, fault, true);
    }

    /// How many requests an endpoint has got.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> u64 {
        let state = self.authority.state();
        state.requests.get(&endpoint).copied().unwrap_or(0)
    }

    /// How many requests the token endpoint has got by this grant, with those that it refused, and
    /// without those that a fault left without effect.
    #[must_use]
    pub fn token_requests(&self, grant_type: GrantType) -> u64 {
        let state = self.authority.state();
        state.token_requests.get(&grant_type).copied().unwrap_or(0)
    }

    /// What clients did that they must not do, one sentence each with the section that forbids it.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.authority.log.entries().violations.clone()
    }

    /// Stops the server and its connections, and returns what went wrong.
    ///
    /// # Errors
    ///
    /// [`TestServerError`] if a client broke the rules or a task of the server panicked.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the server at once, as dropping the server does.
    pub async fn shutdown(mut self) -> Result<(), TestServerError> {
        self.authority.stop.cancel();
        record_panic(&self.authority.log, (&mut self.listening).await);
        self.authority.log.failure().map_or(Ok(()), Err)
    }
}

impl Drop for AuthorizationServer {
    fn drop(&mut self) {
        // Connections of the browser have tasks of their own.
        self.authority.stop.cancel();
        self.listening.abort();
    }
}

/// Accepts and serves connections until the server shuts down.
async fn listen(listener: TcpListener, acceptor: Option<TlsAcceptor>, authority: Arc<Authority>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = authority.stop.cancelled() => break,
            Some(ended) = connections.join_next() => record_panic(&authority.log, ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (acceptor, authority) = (acceptor.clone(), Arc::clone(&authority));
                    connections.spawn(async move {
                        if let Ok(stream) = secured(stream, acceptor).await {
                            connection::serve(stream, authority).await;
                        }
                    });
                }
                Err(error) => not_accepted(&error).await,
            },
        }
    }
    // A handshake ends here, and an answer ends by itself.
    connections.abort_all();
    while let Some(ended) = connections.join_next().await {
        record_panic(&authority.log, ended);
    }
}

async fn secured(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
) -> io::Result<Box<dyn ByteStream>> {
    stream.set_nodelay(true)?;
    Ok(match acceptor {
        Some(acceptor) => Box::new(acceptor.accept(stream).await?),
        None => Box::new(stream),
    })
}
