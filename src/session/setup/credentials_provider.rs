//! The provider of a session's credentials.

use std::fmt;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::Credentials;

/// How long a provider may take: the user may have to unlock a key ring.
const MAX_WAIT: Duration = Duration::from_mins(3);

/// What a provider failed with.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What [`CredentialsProvider::credentials`] returns.
pub type ProvidedCredentials<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<Credentials, BoxError>> + Send + 'a>>;

/// What [`CredentialsProvider::renewed`] returns.
pub type RenewedCredentials<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<Option<Credentials>, BoxError>> + Send + 'a>>;

/// Provides the credentials of each new session, so that an access token can be fresh.
///
/// [`Credentials`] provide themselves, and so does a closure that returns a future of them:
///
/// ```
/// use pilotfish::{Credentials, ServerConfig};
/// # async fn fresh_token() -> Result<String, std::io::Error> { Ok("t".to_owned()) }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = ServerConfig::builder("smtp.office365.com")
///     .credentials(|| async {
///         let token = fresh_token().await?;
///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Credentials::token("me@example.org", token)?)
///     })
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub trait CredentialsProvider: Send + Sync {
    /// Called before each connection. It may take three minutes.
    ///
    /// # Errors
    ///
    /// The reason why the provider has no credentials: [`ServerConfig::connect`](crate::ServerConfig::connect)
    /// then fails with [`ErrorKind::Auth`] and this as its source. It must not show a secret. A provider that
    /// panics has the same effect.
    ///
    /// The client does not connect then, and the failure does not count as a refused login. It is
    /// [transient](Error::is_transient) if the provider took too long, or if an [`io::Error`] is among
    /// the failure and its sources, unless that is about a file that cannot be read
    /// ([`NotFound`](io::ErrorKind::NotFound), [`PermissionDenied`](io::ErrorKind::PermissionDenied))
    /// or about what is in it ([`InvalidData`](io::ErrorKind::InvalidData),
    /// [`InvalidInput`](io::ErrorKind::InvalidInput)). With a [`Retry`](crate::client::Retry), a
    /// [`Client`](crate::Client) lets the mails wait for a provider whose failure is transient, as they
    /// wait for a server that cannot be reached. After another failure the client asks again after
    /// pauses that grow up to five minutes.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped with the attempt to connect, at any await.
    ///
    /// # Refused credentials
    ///
    /// If the server refuses the login, mails fail with [`ErrorKind::Auth`], unless another connection
    /// is open that can send them. Before that, the session asks for a [renewed](Self::renewed) token. The [`Client`](crate::Client) does not ask again at
    /// once, since repeated refusals lock accounts: it pauses for one second, then two, up to five
    /// minutes. Without an open connection, a mail that is sent during the pause fails at once with the
    /// reply to the last login. The first mail after the pause asks the provider.
    fn credentials(&self) -> ProvidedCredentials<'_>;

    /// Called after the server refused a token as invalid (RFC 7628 section 3.2.2, RFC 4954 section 6).
    /// It may take three minutes. By default there is none, also for closures.
    ///
    /// The session logs in with the renewed token on the same connection, by the mechanism that refused
    /// the first one (RFC 4954 section 4 allows another AUTH after a refusal). It asks once in a session,
    /// and never about a password. If the server has closed the connection, the renewed token is for the
    /// next one: the error is then [transient](Error::is_transient). The same token is not sent again.
    ///
    /// # Errors
    ///
    /// The reason why there is no other token. It must not show a secret. The login fails with the
    /// server's refusal and this as its source, and the error is transient as with
    /// [`credentials`](Self::credentials).
    ///
    /// # Cancel safety
    ///
    /// The future is dropped with the attempt to connect, at any await.
    fn renewed<'a>(&'a self, refused: &'a Credentials) -> RenewedCredentials<'a> {
        let _ = refused;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// The user, if the provider knows it before a session begins.
    /// [`ServerConfigBuilder::build`](super::ServerConfigBuilder::build) compares it with the user of the
    /// URL. By default `None`, also for closures: their users are not compared.
    fn known_user(&self) -> Option<&str> {
        None
    }
}

impl CredentialsProvider for Credentials {
    fn known_user(&self) -> Option<&str> {
        self.secret().map(|_| self.user())
    }

    fn credentials(&self) -> ProvidedCredentials<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl<P, F, E> CredentialsProvider for P
where
    P: Fn() -> F + Send + Sync,
    F: Future<Output = std::result::Result<Credentials, E>> + Send + 'static,
    E: Into<BoxError>,
{
    fn credentials(&self) -> ProvidedCredentials<'_> {
        let provided = self();
        Box::pin(async move { provided.await.map_err(Into::into) })
    }
}

/// A provider that servers share.
#[derive(Clone)]
pub(super) struct SharedCredentialsProvider(Arc<dyn CredentialsProvider>);

impl SharedCredentialsProvider {
    pub(super) fn new(provider: impl CredentialsProvider + 'static) -> Self {
        Self(Arc::new(provider))
    }

    pub(super) fn known_user(&self) -> Option<&str> {
        self.0.known_user()
    }

    /// Asks the provider for credentials.
    pub(super) async fn ask(&self) -> Result<Credentials> {
        answer(|| self.0.credentials()).await
    }

    /// Asks the provider for another token than the one that the server refused.
    pub(super) async fn ask_again(&self, refused: &Credentials) -> Result<Option<Credentials>> {
        answer(|| self.0.renewed(refused)).await
    }
}

/// What the provider answers. Waits no longer than [`MAX_WAIT`].
async fn answer<T, F>(ask: impl FnOnce() -> F) -> Result<T>
where
    F: Future<Output = std::result::Result<T, BoxError>>,
{
    let failed =
        |message: &'static str| Error::new(ErrorKind::Auth, message).with_stage(Stage::Auth);
    let asking = AssertUnwindSafe(async { timeout(MAX_WAIT, ask()).await });
    match asking.catch_unwind().await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(error))) => {
            let failed = failed("the credentials provider failed");
            Err(failed.with_transient(passes(&*error)).caused_by(error))
        }
        Ok(Err(_)) => {
            let message = "the credentials provider returned none within three minutes";
            Err(failed(message).with_transient(true))
        }
        // The panic's message may show a secret.
        Err(_) => Err(failed("the credentials provider panicked")),
    }
}

/// Whether a provider may succeed later: see [`CredentialsProvider::credentials`].
fn passes(failure: &(dyn std::error::Error + 'static)) -> bool {
    let sources = std::iter::successors(Some(failure), |error| error.source());
    let mut failed = sources.filter_map(|error| error.downcast_ref::<io::Error>());
    failed.any(|error| {
        !matches!(
            error.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
        )
    })
}

impl fmt::Debug for SharedCredentialsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedCredentialsProvider")
    }
}
