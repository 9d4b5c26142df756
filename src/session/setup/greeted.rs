//! A server that has greeted, before the login: in clear text or inside TLS.

use std::collections::HashSet;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tracing::{Instrument as _, debug_span};

use super::hello::{Hello, rejection};
use crate::error::{Error, ErrorKind, Problem, Result, Stage};
use crate::protocol::{Command, Credentials, Extension, Extensions, Mechanism};
use crate::session::Session;
use crate::session::dialogue::Dialogue;
use crate::session::session::ExtensionsAge;
use crate::session::timing::SetUp;
use crate::transport::{Host, Timeouts, TlsConfig, Wire};

/// A server that has greeted in clear text and answered EHLO.
#[derive(Debug)]
pub struct Greeted<S>(pub(super) Established<S>);

/// A server inside TLS whose certificate has been verified, and that has answered EHLO there.
#[derive(Debug)]
pub struct Secured<S>(pub(super) Established<S>);

/// What [`Greeted`] and [`Secured`] have in common.
#[derive(Debug)]
pub(super) struct Established<S> {
    pub(super) wire: Wire<S>,
    pub(super) hello: Hello,
    pub(super) extensions: Extensions,
    pub(super) set_up: SetUp,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Established<S> {
    /// Waits for the greeting, and introduces the client. `tls` is how long a handshake took before. A
    /// server that refuses the client gets QUIT.
    pub(super) async fn greet(mut wire: Wire<S>, hello: Hello, tls: Duration) -> Result<Self> {
        let begun = Instant::now();
        let reply = wire.receive(Stage::Greeting).await?;
        if !reply.is_positive_completion() {
            wire.quit().await;
            let message = "the server does not take mail from here";
            return Err(rejection(Stage::Greeting, message, reply));
        }
        let extensions = hello.introduce(&mut wire).await?;
        let set_up = SetUp {
            tls,
            greeting: begun.elapsed(),
            ..SetUp::default()
        };
        Ok(Self {
            wire,
            hello,
            extensions,
            set_up,
        })
    }

    /// Begins with TLS on a connection that is in clear text so far.
    pub(super) async fn begin_tls(
        wire: Wire<S>,
        tls: &TlsConfig,
        host: &Host,
        hello: Hello,
    ) -> Result<Self> {
        let begun = Instant::now();
        let handshake = wire.begin_tls(Stage::Connect, tls, host);
        let wire = handshake.instrument(debug_span!(target: "pilotfish", "tls"));
        Self::greet(wire.await?, hello, begun.elapsed()).await
    }

    /// Sends STARTTLS, makes the handshake, and introduces the client again.
    pub(super) async fn starttls(mut self, tls: &TlsConfig, host: &Host) -> Result<Self> {
        let begun = Instant::now();
        // Once in a session, and large.
        let upgraded = Box::pin(upgrade(self.wire, &self.extensions, tls, host));
        let span = debug_span!(target: "pilotfish", "tls");
        self.wire = upgraded.instrument(span).await?;
        let secured = Instant::now();
        self.set_up.tls = secured - begun;
        self.extensions = self.hello.introduce(&mut self.wire).await?;
        self.set_up.greeting += secured.elapsed();
        Ok(self)
    }

    async fn log_in(
        mut self,
        mechanisms: &[Mechanism],
        credentials: &Credentials,
    ) -> Result<Session<S>> {
        self.authenticate(mechanisms, credentials, None).await?;
        Ok(self.into_session(ExtensionsAge::BeforeLogin))
    }

    pub(super) fn into_session(self, extensions_age: ExtensionsAge) -> Session<S> {
        let (hello, extensions) = (self.hello, self.extensions);
        Session {
            dialogue: Dialogue::new(self.wire, hello.dialect, &extensions, self.set_up),
            hello,
            extensions,
            extensions_age,
            domains: HashSet::new(),
            max_recipients: None,
            max_mails: None,
        }
    }
}

async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    mut wire: Wire<S>,
    extensions: &Extensions,
    tls: &TlsConfig,
    host: &Host,
) -> Result<Wire<S>> {
    if !extensions.offers(Extension::StartTls) {
        wire.quit().await;
        return Err(Error::new(
            ErrorKind::Tls,
            "the server does not offer STARTTLS, or something between removes it",
        )
        .with_advice(
            "use implicit TLS (port 465), or no TLS for a relay on a network that you trust \
             (`Security::Cleartext`)",
        )
        .with_problem(Problem::NoStartTls)
        .with_stage(Stage::StartTls));
    }
    let reply = wire.command(Stage::StartTls, Command::StartTls).await?;
    if !reply.is_positive_completion() {
        wire.quit().await;
        let refusal = Error::new(ErrorKind::Tls, "the server offers STARTTLS and refused it");
        return Err(refusal.with_reply(reply).with_stage(Stage::StartTls));
    }
    wire.begin_tls(Stage::StartTls, tls, host).await
}

impl<S: AsyncRead + AsyncWrite + Unpin> Greeted<S> {
    /// Waits for the greeting and introduces the client (RFC 5321 section 3.1): with EHLO if the
    /// introduction is a name.
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
        let wire = Wire::clear(stream, timeouts);
        let established = Established::greet(wire, introduction.into(), Duration::ZERO);
        Ok(Self(established.await?))
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
    /// [`ErrorKind::Tls`] if the server does not offer STARTTLS, refuses it permanently, or cannot be
    /// trusted: the connection is then closed, and nothing has been sent that matters. A
    /// refusal for now is transient. Otherwise as [`greet`](Self::greet), at
    /// [`Stage::StartTls`] and [`Stage::Hello`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn starttls(self, tls: &TlsConfig, host: &Host) -> Result<Secured<S>> {
        Ok(Secured(self.0.starttls(tls, host).await?))
    }

    /// Continues in clear text without a login, for example with a relay on a trusted network.
    #[must_use]
    pub fn in_cleartext(self) -> Session<S> {
        self.0.into_session(ExtensionsAge::Current)
    }

    /// Logs in in clear text, by the first mechanism that fits of
    /// [`Mechanism::PREFERENCE_IN_CLEARTEXT`]. Everybody on the network path can read the password, or
    /// guess it offline.
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

    /// Logs in in clear text by the first of these mechanisms that fits.
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
        self.0.log_in(mechanisms, credentials).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Secured<S> {
    /// Begins with TLS (RFC 8314 section 3.3), with a certificate that is valid for `host`, then
    /// waits for the greeting and introduces the client: with EHLO if the introduction is a name.
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
        let established = Established::begin_tls(wire, tls, host, introduction.into());
        Ok(Self(established.await?))
    }

    /// What the server offers.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Logs in with the strongest mechanism that both sides know and the credentials allow (RFC
    /// 4954 section 4), in the order of [`Mechanism::PREFERENCE`]. Another is tried only where
    /// the server refuses the mechanism and does not judge the credentials (RFC 4954 section 6).
    /// No other mechanism is tried once the server has received the credentials twice: more may lock an
    /// account. A server that asks for them once more within one mechanism receives them again, so
    /// three times at most.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`] if the server refused the login, transient if it says so;
    /// [`ErrorKind::Unsupported`] if it offers no mechanism that can be used; [`ErrorKind::Config`] if those that
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

    /// Logs in by the first of these mechanisms that fits.
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
        self.0.log_in(mechanisms, credentials).await
    }

    /// Continues without a login.
    #[must_use]
    pub fn without_authentication(self) -> Session<S> {
        self.0.into_session(ExtensionsAge::Current)
    }
}
