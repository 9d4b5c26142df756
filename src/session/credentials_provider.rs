//! Where credentials come from when a session begins.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::timeout;

use crate::error::{Error, Kind, Result, Stage};
use crate::protocol::Credentials;

/// How long a provider may take: somebody may have to unlock a key ring.
const LIMIT: Duration = Duration::from_mins(3);

/// What a provider failed with.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What [`CredentialsProvider::credentials`] returns.
pub type ProvidedCredentials<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<Credentials, Failure>> + Send + 'a>>;

/// Gives credentials for each session anew, so that an access token can be fresh.
///
/// [`Credentials`] provide themselves, and so does a closure that returns a future of them:
///
/// ```
/// use pilotfish::{Credentials, Server};
/// # async fn fresh_token() -> Result<String, std::io::Error> { Ok("t".to_owned()) }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder("smtp.office365.com".parse()?)
///     .credentials(|| async {
///         let token = fresh_token().await?;
///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Credentials::token("me@example.org", token)?)
///     })
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub trait CredentialsProvider: Send + Sync {
    /// Asked before each connection, and given three minutes.
    ///
    /// # Errors
    ///
    /// Whatever keeps the provider from it: the session then ends with [`Kind::Auth`] and this as
    /// its source. It must not show a secret. A provider that panics ends it with [`Kind::Auth`], too.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped with the attempt to connect, at any await.
    fn credentials(&self) -> ProvidedCredentials<'_>;
}

impl CredentialsProvider for Credentials {
    fn credentials(&self) -> ProvidedCredentials<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl<P, F, E> CredentialsProvider for P
where
    P: Fn() -> F + Send + Sync,
    F: Future<Output = std::result::Result<Credentials, E>> + Send + 'static,
    E: Into<Failure>,
{
    fn credentials(&self) -> ProvidedCredentials<'_> {
        let provided = self();
        Box::pin(async move { provided.await.map_err(Into::into) })
    }
}

/// A provider that servers share.
#[derive(Clone)]
pub(super) struct Provider(Arc<dyn CredentialsProvider>);

impl Provider {
    pub(super) fn new(provider: impl CredentialsProvider + 'static) -> Self {
        Self(Arc::new(provider))
    }

    /// Asks, for as long as a provider may take.
    pub(super) async fn ask(&self) -> Result<Credentials> {
        let failed = |message: &'static str| Error::new(Kind::Auth, message).at(Stage::Auth);
        let asking = AssertUnwindSafe(async { timeout(LIMIT, self.0.credentials()).await });
        match asking.catch_unwind().await {
            Ok(Ok(Ok(credentials))) => Ok(credentials),
            Ok(Ok(Err(error))) => {
                Err(failed("there are no credentials to log in with").caused_by(error))
            }
            Ok(Err(_)) => Err(failed(
                "the provider of credentials gave none within three minutes",
            )),
            // The panic's message may show a secret.
            Err(_) => Err(failed("the provider of credentials panicked")),
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}
