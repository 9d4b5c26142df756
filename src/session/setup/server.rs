//! A server, and all settings for sessions with it.

use std::fmt;
use std::future::pending;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{Instrument as _, Span, debug_span};

use super::credentials_provider::{CredentialsProvider, SharedCredentialsProvider};
use super::greeted::Established;
use super::hello::Hello;
use super::security::Security;
use crate::address::Domain;
use crate::error::{Error, ErrorKind, Problem, Result, Stage};
use crate::observe::SessionMeter;
use crate::protocol::{Credentials, Dialect, Mechanism, Strategy};
use crate::secret::Secret;
use crate::session::Session;
use crate::session::session::ExtensionsAge;
use crate::session::telemetry::{report_set_up, session_span};
use crate::transport::{Host, Route, Socket, Timeouts, TlsConfig, Wire};

/// How long the greeting may take before the client tests whether the port begins with TLS.
const MAX_SILENCE: Duration = Duration::from_secs(5);

/// A submission server, the route to it, and the credentials.
///
/// ```no_run
/// use pilotfish::{Credentials, ServerConfig};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = ServerConfig::builder("smtp.gmail.com")
///     .credentials(Credentials::new("me@gmail.com", std::fs::read_to_string("password")?.trim())?)
///     .build()?;
/// let session = server.connect().await?;
/// session.quit().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ServerConfig {
    host: Host,
    port: u16,
    security: Security,
    tls: TlsConfig,
    name: Option<Domain>,
    settings: ConnectSettings,
}

/// What a [`ServerConfig`] has as the user set it.
#[derive(Debug, Clone, Default)]
struct ConnectSettings {
    route: Route,
    credentials: Option<SharedCredentialsProvider>,
    mechanisms: Option<Vec<Mechanism>>,
    timeouts: Timeouts,
    dialect: Dialect,
    strategy: Strategy,
    leaves_at_once: bool,
}

/// The settings of a [`ServerConfig`].
#[derive(Debug)]
#[must_use]
pub struct ServerConfigBuilder {
    host: Result<Host>,
    port: Option<u16>,
    security: Option<Security>,
    tls: Option<TlsConfig>,
    /// The user that the URL names.
    pub(super) user: Option<String>,
    /// The password of that user.
    password: Option<Secret>,
    cleartext_auth: bool,
    name: Option<Result<Domain>>,
    settings: ConnectSettings,
    messages_in_flight: Option<u32>,
}

impl ServerConfig {
    /// Begins with a host, or its text. The rest has defaults: port 587 with STARTTLS, the public
    /// certificate authorities, and no login.
    pub fn builder(host: impl TryInto<Host, Error: Into<Error>>) -> ServerConfigBuilder {
        ServerConfigBuilder {
            host: host.try_into().map_err(Into::into),
            port: None,
            security: None,
            tls: None,
            user: None,
            password: None,
            cleartext_auth: false,
            name: None,
            settings: ConnectSettings::default(),
            messages_in_flight: None,
        }
    }

    /// The host, as the user named it.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How sessions are protected.
    #[must_use]
    pub fn security(&self) -> Security {
        self.security
    }

    /// How mails go out.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.settings.strategy
    }

    /// Opens a session: asks for the credentials, connects, sets up TLS and logs in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`], [`ErrorKind::Tls`], [`ErrorKind::Auth`] and what any command may end with:
    /// see [`Greeted`](super::Greeted) and [`Secured`](super::Secured). A port that
    /// sends no greeting because it begins with TLS is detected after five seconds, by a handshake over a
    /// second connection.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn connect(&self) -> Result<Session<Socket>> {
        let span = session_span(&self.host, self.port);
        let result = self.open(&span).instrument(span.clone()).await;
        let set_up = |session: &Session| session.dialogue.telemetry.set_up.unwrap_or_default();
        let set_up = result.as_ref().map(set_up);
        report_set_up(set_up, &self.host, &span);
        result
    }

    async fn open(&self, span: &Span) -> Result<Session<Socket>> {
        let settings = &self.settings;
        // A token may take long, so no server waits for it.
        let begun = Instant::now();
        let credentials = match &settings.credentials {
            Some(provider) => Some(provider.ask().await?),
            None => None,
        };
        let asked = Instant::now();
        let connected = (settings.route).connect(&self.host, self.port, &settings.timeouts);
        let connected = connected.instrument(debug_span!(target: "pilotfish", "connect"));
        let stream = connected.await?;
        let connect = asked.elapsed();
        let meter = SessionMeter::open(&self.host.to_string());
        let hello = Hello {
            name: self.name.clone().map_or_else(|| local_name(&stream), Ok)?,
            dialect: settings.dialect,
        };
        let secret = credentials.as_ref().and_then(Credentials::secret);
        let secrets = secret.into_iter().chain(settings.route.secret());
        let mut wire = Wire::clear(stream, settings.timeouts.clone()).masking(secrets);
        if settings.leaves_at_once {
            wire = wire.leaving_at_once();
        }
        let (tls, host) = (&self.tls, &self.host);
        let mut established = match self.security {
            Security::ImplicitTls => Established::begin_tls(wire, tls, host, hello).await?,
            Security::StartTls => self.greet(wire, hello).await?.starttls(tls, host).await?,
            Security::Cleartext => self.greet(wire, hello).await?,
        };
        let order: &[Mechanism] = match (&settings.mechanisms, self.security) {
            (Some(mechanisms), _) => mechanisms,
            // The builder has checked that the user wants a login in clear text.
            (None, Security::Cleartext) => &Mechanism::PREFERENCE_IN_CLEARTEXT,
            (None, _) => &Mechanism::PREFERENCE,
        };
        let (last, extensions_age) = match &credentials {
            Some(credentials) => {
                let provider = settings.credentials.as_ref();
                established
                    .authenticate(order, credentials, provider)
                    .await?;
                (Stage::Auth, ExtensionsAge::BeforeLogin)
            }
            None => (Stage::Hello, ExtensionsAge::Current),
        };
        // Another session would begin with the same words.
        if let Some(error) = established.wire.said_too_much(last).await {
            return Err(error);
        }
        established.set_up.connect = connect;
        established.set_up.auth += asked - begun;
        let mut session = established
            .into_session(extensions_age)
            .with_strategy(settings.strategy);
        session.dialogue.telemetry.meter = meter;
        session.dialogue.telemetry.span = span.clone();
        Ok(session)
    }

    /// Waits for a greeting in clear text, but not from a port that begins with TLS: there, both sides
    /// would wait for each other until the time limit.
    async fn greet(&self, wire: Wire<Socket>, hello: Hello) -> Result<Established<Socket>> {
        let silent_tls = async {
            sleep(MAX_SILENCE).await;
            let route = &self.settings.route;
            if !route
                .begins_with_tls(&self.tls, &self.host, self.port)
                .await
            {
                pending::<()>().await;
            }
        };
        tokio::select! {
            greeted = Established::greet(wire, hello, Duration::ZERO) => greeted,
            () = silent_tls => {
                let message = format!(
                    "{} port {} expects TLS from the first octet",
                    self.host, self.port
                );
                let error = Error::new(ErrorKind::Tls, message).with_stage(Stage::Greeting);
                Err(error
                    .with_problem(Problem::BeginsWithTls)
                    .with_advice("use implicit TLS"))
            }
        }
    }
}

/// The place of the server: `HOST:PORT`, or the path of a Unix socket.
impl fmt::Display for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match (self.settings.route.path(), self.host.as_address()) {
            (Some(path), _) => write!(f, "{}", path.display()),
            (None, Some(IpAddr::V6(address))) => write!(f, "[{address}]:{port}"),
            (None, _) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// RFC 5321 section 4.1.4: a client without a name of its own gives its address.
fn local_name(stream: &Socket) -> Result<Domain> {
    let address = stream.local_address().map_err(|error| {
        let message = "the connection broke before anything was said";
        Error::new(ErrorKind::Io, message)
            .caused_by(error)
            .with_stage(Stage::Connect)
    })?;
    Ok(Domain::from(address))
}

impl ServerConfigBuilder {
    /// Sets the TCP port, 1 to 65535. Default: 465 for implicit TLS, 587 for STARTTLS, and 25 for clear
    /// text.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets the route to the server. Default: a direct TCP connection.
    pub fn route(mut self, route: Route) -> Self {
        self.settings.route = route;
        self
    }

    /// Sets how sessions are protected. Default: implicit TLS on port 465, STARTTLS on other ports, and
    /// clear text over a Unix socket.
    pub fn security(mut self, security: Security) -> Self {
        self.security = Some(security);
        self
    }

    /// Sets the certificate authorities to trust, the pins and the client certificate. Default: the
    /// public authorities, and no client certificate.
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Logs in with these [`Credentials`], or with those that a provider returns each time a session
    /// begins. Default: no login.
    pub fn credentials(mut self, provider: impl CredentialsProvider + 'static) -> Self {
        self.settings.credentials = Some(SharedCredentialsProvider::new(provider));
        self
    }

    /// Sets the password of the user that the URL names: see [`ServerConfig::from_url`].
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the AUTH mechanisms to try, in this order. Default: [`Mechanism::PREFERENCE`], the
    /// strongest first. SCRAM takes two round trips more than PLAIN.
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        self.settings.mechanisms = Some(mechanisms.into_iter().collect());
        self
    }

    /// Logs in even in clear text, where everybody on the network path can read the password.
    pub fn danger_cleartext_auth(mut self) -> Self {
        self.cleartext_auth = true;
        self
    }

    /// Sets the name that the client sends in EHLO: its primary host name, if it has one (RFC 5321
    /// section 4.1.4). Default: its IP address in brackets. Over a Unix socket and through a proxy,
    /// where the server cannot know that address, the default is `[127.0.0.1]`.
    pub fn name(mut self, name: impl TryInto<Domain, Error: Into<Error>>) -> Self {
        self.name = Some(name.try_into().map_err(Into::into));
        self
    }

    /// Speaks LMTP (RFC 2033) in place of SMTP: the server replies to a message for each recipient.
    pub fn lmtp(mut self) -> Self {
        self.settings.dialect = Dialect::Lmtp;
        self
    }

    /// Sets how mails are sent. Default: commands in groups where the server offers PIPELINING, and
    /// messages by BDAT where several are waiting and the server offers CHUNKING.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.settings.strategy = strategy;
        self
    }

    /// Sets how many whole messages the client may send on one connection before the server replies to
    /// the first: overrides [`Strategy::messages_in_flight`]. Default: 8. With 1, a broken connection
    /// leaves the fate of at most one mail unknown.
    pub fn messages_in_flight(mut self, most: u32) -> Self {
        self.messages_in_flight = Some(most);
        self
    }

    /// Sets the time limit of each step.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// Ends sessions without waiting for the reply to QUIT, so that a program that sends one mail ends a
    /// round trip sooner. QUIT, the end of TLS and the end of the connection still leave, in this order.
    /// Default: waits for the reply for up to [`Timeouts::quit`], as RFC 5321 section 4.1.1.10
    /// recommends.
    pub fn without_quit_reply(mut self) -> Self {
        self.settings.leaves_at_once = true;
        self
    }

    /// Checks the settings and builds the [`ServerConfig`]. It does not connect.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`]: the host is not valid, the port is 0, or 25 with LMTP (RFC 2033 section
    /// 5), the password would be sent in clear text, a user has no password or a password no user, the
    /// URL and the credentials name different users, or no message may be in flight.
    /// [`ErrorKind::InvalidInput`]: the name is not valid.
    pub fn build(mut self) -> Result<ServerConfig> {
        let (host, name) = (self.host?, self.name.transpose()?);
        let mut settings = self.settings;
        let is_local = settings.route.is_local();
        let security = match (self.security, self.port) {
            (Some(security), _) => security,
            (None, _) if is_local => Security::Cleartext,
            (None, Some(port)) => Security::of_port(port),
            (None, None) => Security::StartTls,
        };
        let port = self.port.unwrap_or(security.port());
        if let Some(most) = self.messages_in_flight {
            settings.strategy.messages_in_flight = most;
        }
        if let Some(user) = &self.user
            && let Some(password) = self.password.take()
        {
            let credentials = Credentials::new(user, password)?;
            settings.credentials = Some(SharedCredentialsProvider::new(credentials));
        }
        let login = settings.credentials.as_ref();
        let has_login = login.is_some();
        let logs_in_as = login.and_then(SharedCredentialsProvider::known_user);
        let is_read_by_others = security == Security::Cleartext && !is_local;
        let mistakes = [
            (port == 0, "there is no port 0: use 587 or 465"),
            (
                port == 25 && settings.dialect == Dialect::Lmtp && !is_local,
                "port 25 is for SMTP alone: name the port that the server has for LMTP",
            ),
            (
                self.user.is_some() && !has_login,
                "the URL names a user and there is no password (`ServerConfigBuilder::password`)",
            ),
            (
                self.user
                    .as_deref()
                    .zip(logs_in_as)
                    .is_some_and(|(user, other)| user != other),
                "the URL names a user and the credentials another one: name one user",
            ),
            (
                self.password.is_some(),
                "there is a password, and the URL names no user (`ServerConfigBuilder::credentials`)",
            ),
            (
                settings.strategy.messages_in_flight == 0,
                "a limit is 0 (`ServerConfigBuilder::messages_in_flight`): the least is 1",
            ),
        ];
        if let Some((_, message)) = mistakes.into_iter().find(|(is_made, _)| *is_made) {
            return Err(Error::new(ErrorKind::Config, message));
        }
        if settings.route.wants_password() {
            let message = "the proxy has a user and no password";
            return Err(Error::new(ErrorKind::Config, message)
                .with_problem(Problem::NoProxyPassword)
                .with_advice("give it one, or leave the user out"));
        }
        if has_login && is_read_by_others && !self.cleartext_auth {
            let message = "the password would be sent in clear text";
            return Err(Error::new(ErrorKind::Config, message)
                .with_problem(Problem::PasswordInClearText)
                .with_advice("use TLS, or leave the login out"));
        }
        Ok(ServerConfig {
            host,
            port,
            security,
            tls: self.tls.map_or_else(|| TlsConfig::builder().build(), Ok)?,
            name,
            settings,
        })
    }
}
