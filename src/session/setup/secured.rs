//! A session inside TLS, not yet authenticated.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tracing::{Instrument as _, debug_span};

use super::established::Established;
use super::hello::Hello;
use crate::error::Result;
#[cfg(doc)]
use crate::error::{ErrorKind, Stage};
use crate::protocol::{Credentials, Extensions, Mechanism};
use crate::session::Session;
use crate::session::timing::SetUp;
use crate::transport::{Host, Timeouts, TlsConfig, Wire};

/// A server inside TLS whose certificate has been verified, and that has answered EHLO there.
#[derive(Debug)]
pub struct Secured<S>(pub(super) Established<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Secured<S> {
    /// Begins with TLS (RFC 8314 section 3.3), with a certificate that is valid for `host`, then
    /// waits for the greeting and introduces itself, mostly by a name and so with EHLO.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tls`] at [`Stage::Connect`]; then as [`Greeted::greet`](super::Greeted::greet).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn implicit_tls(
        stream: S,
        tls: &TlsConfig,
        host: &Host,
        introduction: impl Into<Hello>,
        timeouts: Timeouts,
    ) -> Result<Self> {
        let wire = Wire::clear(stream, timeouts);
        Self::over(wire, tls, host, introduction.into()).await
    }

    /// The same over a wire that exists, in clear text so far.
    pub(super) async fn over(
        wire: Wire<S>,
        tls: &TlsConfig,
        host: &Host,
        introduction: Hello,
    ) -> Result<Self> {
        let mut set_up = SetUp::default();
        let handshake = wire.begin_tls(tls, host);
        let span = debug_span!(target: "pilotfish", "tls");
        let begun = Instant::now();
        let wire = handshake.instrument(span).await?;
        set_up.tls = begun.elapsed();
        Ok(Self(Established::greet(wire, introduction, set_up).await?))
    }

    /// What the server offers.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Logs in with the strongest mechanism that both sides know and the credentials allow (RFC
    /// 4954 section 4), in the order of [`Mechanism::PREFERENCE`]. Another is tried only where
    /// the server refuses the mechanism and does not judge the credentials (RFC 4954 section 6).
    /// No other mechanism is tried once the server has had the credentials twice: more may lock an
    /// account. A server that asks for them once more within one mechanism gets them there again, so
    /// three times at most.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`] if the server refused the login, transient if it says so;
    /// [`ErrorKind::Unsupported`] if it offers no mechanism that will do; [`ErrorKind::Config`] if those that
    /// it offers cannot take this password; [`ErrorKind::Protocol`] if it broke the mechanism's rules or,
    /// with SCRAM, has not proved that it knows the password; and as any command at [`Stage::Auth`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn authenticate(self, credentials: &Credentials) -> Result<Session<S>> {
        self.authenticate_by(&Mechanism::PREFERENCE, credentials)
            .await
    }

    /// Logs in with one of these mechanisms, the first that will do.
    ///
    /// # Errors
    ///
    /// As [`authenticate`](Self::authenticate).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn authenticate_by(
        self,
        mechanisms: &[Mechanism],
        credentials: &Credentials,
    ) -> Result<Session<S>> {
        self.0.authenticate(mechanisms, credentials).await
    }

    /// Goes on without a login.
    #[must_use]
    pub fn without_authentication(self) -> Session<S> {
        self.0.without_login()
    }
}
