//! A session in clear text, before TLS or a login.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tracing::{Instrument as _, debug_span};

use super::established::Established;
use super::hello::{Hello, hello, quit};
use super::secured::Secured;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{Command, Credentials, Extension, Extensions, Mechanism, ReplyClass};
use crate::session::Session;
use crate::session::timing::SetUp;
use crate::transport::{Host, Timeouts, TlsConfig, Wire};

/// A server that has greeted in clear text and answered EHLO.
#[derive(Debug)]
pub struct Greeted<S>(Established<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Greeted<S> {
    /// Waits for the greeting and introduces itself, mostly by a name and so with EHLO (RFC 5321 section 3.1).
    ///
    /// # Errors
    ///
    /// At [`Stage::Greeting`] and [`Stage::Hello`]: [`ErrorKind::Rejected`], [`ErrorKind::Closed`],
    /// [`ErrorKind::Protocol`], [`ErrorKind::Timeout`] or [`ErrorKind::Io`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn greet(
        stream: S,
        introduction: impl Into<Hello>,
        timeouts: Timeouts,
    ) -> Result<Self> {
        Self::over(Wire::clear(stream, timeouts), introduction.into()).await
    }

    /// The same over a wire that exists.
    pub(super) async fn over(wire: Wire<S>, introduction: Hello) -> Result<Self> {
        let set_up = SetUp::default();
        Ok(Self(Established::greet(wire, introduction, set_up).await?))
    }

    /// What the server offers in clear text. An attacker on the network may have changed it.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Upgrades to TLS, with a certificate that is valid for `host`, and asks anew what the
    /// server offers (RFC 3207 section 4.2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tls`] if the server does not offer STARTTLS, refuses it for good, or cannot be
    /// trusted: the connection is then closed, and nothing has been sent that matters. A
    /// refusal for now is transient. Otherwise as [`greet`](Self::greet), at
    /// [`Stage::StartTls`] and [`Stage::Hello`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn starttls(self, tls: &TlsConfig, host: &Host) -> Result<Secured<S>> {
        let Established {
            wire,
            hello: introduction,
            extensions,
            mut set_up,
        } = self.0;
        // Once in a session, and large.
        let upgraded = Box::pin(upgrade(wire, &extensions, tls, host));
        let span = debug_span!(target: "pilotfish", "tls");
        let begun = Instant::now();
        let mut wire = upgraded.instrument(span).await?;
        let secured = Instant::now();
        set_up.tls = secured - begun;
        let extensions = hello(&mut wire, &introduction).await?;
        set_up.greeting += secured.elapsed();
        Ok(Secured(Established {
            wire,
            hello: introduction,
            extensions,
            set_up,
        }))
    }

    /// Goes on in clear text and without a login, for example with a relay on a trusted network.
    #[must_use]
    pub fn in_cleartext(self) -> Session<S> {
        self.0.without_login()
    }

    /// Logs in in clear text, where everybody on the way can read the password, or guess it at
    /// leisure; in the order of [`Mechanism::PREFERENCE_IN_CLEARTEXT`].
    ///
    /// # Errors
    ///
    /// As [`Secured::authenticate`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn danger_cleartext_auth(self, credentials: &Credentials) -> Result<Session<S>> {
        self.danger_cleartext_auth_by(&Mechanism::PREFERENCE_IN_CLEARTEXT, credentials)
            .await
    }

    /// The same with one of these mechanisms, the first that will do.
    ///
    /// # Errors
    ///
    /// As [`Secured::authenticate`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn danger_cleartext_auth_by(
        self,
        mechanisms: &[Mechanism],
        credentials: &Credentials,
    ) -> Result<Session<S>> {
        self.0.authenticate(mechanisms, credentials).await
    }
}

/// Sends STARTTLS, and makes the handshake.
async fn upgrade<S>(
    mut wire: Wire<S>,
    extensions: &Extensions,
    tls: &TlsConfig,
    host: &Host,
) -> Result<Wire<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !extensions.offers(Extension::StartTls) {
        quit(&mut wire).await;
        return Err(Error::new(
            ErrorKind::Tls,
            "the server does not offer STARTTLS, or something between removes it: \
             use implicit TLS (port 465), or no TLS for a relay on a network that you trust \
             (`Security::Cleartext`)",
        )
        .with_stage(Stage::StartTls));
    }
    let reply = wire.command(Stage::StartTls, Command::StartTls).await?;
    if !reply.is_positive_completion() {
        quit(&mut wire).await;
        let refusal = Error::new(ErrorKind::Tls, "the server offers STARTTLS and refused it");
        let for_now = reply.code().class() == ReplyClass::TransientNegative;
        let transient = for_now || reply.is_transient();
        let refusal = refusal.with_reply(reply).with_transient(transient);
        return Err(refusal.with_stage(Stage::StartTls));
    }
    wire.starttls(tls, host).await
}
