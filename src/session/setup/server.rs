//! A server, and everything that it takes to open a session with it.

use std::fmt;
use std::future::pending;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{Instrument as _, debug_span};

use super::credentials_provider::{CredentialsProvider, SharedCredentialsProvider};
use super::greeted::Greeted;
use super::hello::Hello;
use super::secured::Secured;
use super::security::Security;
use crate::address::Domain;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::observe::SessionMeter;
use crate::protocol::{Credentials, Dialect, Mechanism, Strategy};
use crate::session::Session;
use crate::session::telemetry::{report_set_up, session_span};
use crate::session::timing::SetUp;
use crate::transport::{Host, Route, Socket, Timeouts, TlsConfig, Wire, begins_with_tls};

/// How long a server may be silent before it is asked whether it waits for TLS.
const SILENCE: Duration = Duration::from_secs(5);

/// A submission server, how to reach it, and who logs in.
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
    route: Route,
    security: Security,
    tls: TlsConfig,
    credentials: Option<SharedCredentialsProvider>,
    mechanisms: Option<Vec<Mechanism>>,
    name: Option<Domain>,
    timeouts: Timeouts,
    dialect: Dialect,
    strategy: Strategy,
}

/// Collects what a [`ServerConfig`] needs.
#[derive(Debug)]
#[must_use]
pub struct ServerConfigBuilder {
    host: Result<Host>,
    port: Option<u16>,
    route: Route,
    security: Option<Security>,
    tls: Option<TlsConfig>,
    /// The user that the URL names.
    pub(super) user: Option<String>,
    credentials: Option<SharedCredentialsProvider>,
    mechanisms: Option<Vec<Mechanism>>,
    cleartext_auth: bool,
    name: Option<Result<Domain>>,
    timeouts: Timeouts,
    dialect: Dialect,
    strategy: Strategy,
    messages_in_flight: Option<u32>,
}

impl ServerConfig {
    /// Begins with a host, or its text. The rest has defaults: port 587 with STARTTLS, the public
    /// certificate authorities, and no login.
    pub fn builder(host: impl TryInto<Host, Error: Into<Error>>) -> ServerConfigBuilder {
        ServerConfigBuilder {
            host: host.try_into().map_err(Into::into),
            port: None,
            route: Route::new(),
            security: None,
            tls: None,
            user: None,
            credentials: None,
            mechanisms: None,
            cleartext_auth: false,
            name: None,
            timeouts: Timeouts::default(),
            dialect: Dialect::default(),
            strategy: Strategy::default(),
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
        self.strategy
    }

    /// Opens a session: asks for the credentials, connects, sets up TLS and logs in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`], [`ErrorKind::Tls`], [`ErrorKind::Auth`] and what any command may end with:
    /// see [`Greeted`] and [`Secured`]. A port that is silent since it begins with TLS is found
    /// out after five seconds, by a handshake over a second connection.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn connect(&self) -> Result<Session<Socket>> {
        let span = session_span(&self.host, self.port);
        let result = self.open().instrument(span.clone()).await;
        let set_up = result.as_ref().map(Session::set_up);
        report_set_up(set_up, &self.host, &span);
        result.map(|session| session.in_span(span))
    }

    async fn open(&self) -> Result<Session<Socket>> {
        let mut before = SetUp::default();
        // A token may take long, so no server waits for it.
        let begun = Instant::now();
        let credentials = match &self.credentials {
            Some(provider) => Some(provider.ask().await?),
            None => None,
        };
        let asked = Instant::now();
        before.auth = asked - begun;
        let connected = self.route.connect(&self.host, self.port, &self.timeouts);
        let connected = connected.instrument(debug_span!(target: "pilotfish", "connect"));
        let stream = connected.await?;
        before.connect = asked.elapsed();
        let meter = SessionMeter::open(&self.host.to_string());
        let name = self.name.clone().map_or_else(|| local_name(&stream), Ok)?;
        let hello = Hello {
            name,
            dialect: self.dialect,
        };
        let secret = credentials.as_ref().and_then(Credentials::secret);
        let secrets = secret.into_iter().chain(self.route.secret());
        let wire = Wire::clear(stream, self.timeouts.clone()).masking(secrets);
        let last = match &credentials {
            Some(_) => Stage::Auth,
            None => Stage::Hello,
        };
        let mut session = match self.security {
            Security::ImplicitTls => {
                let secured = Secured::over(wire, &self.tls, &self.host, hello).await?;
                self.log_in(secured, credentials).await
            }
            Security::StartTls => {
                let greeted = self.greet(wire, hello).await?;
                let secured = greeted.starttls(&self.tls, &self.host).await?;
                self.log_in(secured, credentials).await
            }
            Security::Cleartext => {
                let greeted = self.greet(wire, hello).await?;
                match credentials {
                    // The builder has checked that the user wants this.
                    Some(credentials) => {
                        let mechanisms = self.mechanisms(&Mechanism::PREFERENCE_IN_CLEARTEXT);
                        greeted
                            .danger_cleartext_auth_by(mechanisms, &credentials)
                            .await
                    }
                    None => Ok(greeted.in_cleartext()),
                }
            }
        }?;
        // Another session would begin with the same words.
        if let Some(error) = session.dialogue.said_too_much(last).await {
            return Err(error);
        }
        Ok(session.with_strategy(self.strategy).opened(meter, before))
    }

    /// Waits for a greeting in clear text, but not from a port that begins with TLS: there each
    /// side would wait for the other until the limit.
    async fn greet(&self, wire: Wire<Socket>, hello: Hello) -> Result<Greeted<Socket>> {
        let silent_tls = async {
            sleep(SILENCE).await;
            if !begins_with_tls(&self.tls, &self.route, &self.host, self.port).await {
                pending::<()>().await;
            }
        };
        tokio::select! {
            greeted = Greeted::over(wire, hello) => greeted,
            () = silent_tls => {
                let message = format!(
                    "{} port {} begins with TLS and was spoken to in clear text: use implicit TLS",
                    self.host, self.port
                );
                Err(Error::new(ErrorKind::Tls, message).with_stage(Stage::Greeting))
            }
        }
    }

    async fn log_in(
        &self,
        secured: Secured<Socket>,
        credentials: Option<Credentials>,
    ) -> Result<Session<Socket>> {
        match credentials {
            Some(credentials) => {
                let mechanisms = self.mechanisms(&Mechanism::PREFERENCE);
                secured.authenticate_by(mechanisms, &credentials).await
            }
            None => Ok(secured.without_authentication()),
        }
    }

    fn mechanisms<'a>(&'a self, otherwise: &'a [Mechanism]) -> &'a [Mechanism] {
        self.mechanisms.as_deref().unwrap_or(otherwise)
    }
}

/// Where it is: `HOST:PORT`, or the path of a Unix socket.
impl fmt::Display for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match (self.route.path(), self.host.as_address()) {
            (Some(path), _) => write!(f, "{}", path.display()),
            (None, Some(IpAddr::V6(address))) => write!(f, "[{address}]:{port}"),
            (None, _) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// RFC 5321 section 4.1.4: a client without a name of its own gives its address.
fn local_name(stream: &Socket) -> Result<Domain> {
    match stream.local_address() {
        Ok(address) => Ok(Domain::from(address)),
        Err(error) => {
            let message = "the connection broke before anything was said";
            Err(Error::new(ErrorKind::Io, message)
                .caused_by(error)
                .with_stage(Stage::Connect))
        }
    }
}

impl ServerConfigBuilder {
    /// The TCP port, 1 to 65535. By default the one customary for the security.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The way to the server. By default straight by TCP.
    pub fn route(mut self, route: Route) -> Self {
        self.route = route;
        self
    }

    /// How sessions are protected. By default as is customary for the port, and in clear text
    /// over a Unix socket.
    pub fn security(mut self, security: Security) -> Self {
        self.security = Some(security);
        self
    }

    /// Which certificate authorities are trusted. By default the public ones.
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The credentials of the login: [`Credentials`], or a provider that is asked when a session
    /// begins. By default there is no login.
    pub fn credentials(mut self, provider: impl CredentialsProvider + 'static) -> Self {
        self.credentials = Some(SharedCredentialsProvider::new(provider));
        self
    }

    /// Which AUTH mechanisms are tried, in this order. By default those of
    /// [`Mechanism::PREFERENCE`], the strongest first: SCRAM takes two round trips more than PLAIN.
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        self.mechanisms = Some(mechanisms.into_iter().collect());
        self
    }

    /// Logs in even in clear text, where everybody on the way can read it.
    pub fn danger_cleartext_auth(mut self) -> Self {
        self.cleartext_auth = true;
        self
    }

    /// What the client calls itself in EHLO: its primary host name, if it has one (RFC 5321
    /// section 4.1.4). By default the literal of its address; over a Unix socket and behind a
    /// proxy, where that says nothing to the server, `[127.0.0.1]`.
    pub fn name(mut self, name: impl TryInto<Domain, Error: Into<Error>>) -> Self {
        self.name = Some(name.try_into().map_err(Into::into));
        self
    }

    /// Speaks LMTP (RFC 2033), in which a server answers for each recipient.
    pub fn lmtp(mut self) -> Self {
        self.dialect = Dialect::Lmtp;
        self
    }

    /// How mails go out. By default grouped, and by BDAT where several are waiting and the server
    /// allows it.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// How many messages may have left whole on one connection without an answer, whatever the
    /// strategy says: see [`Strategy::messages_in_flight`]. By default 8. With 1, a break of the
    /// connection leaves the fate of one mail unknown at most.
    pub fn messages_in_flight(mut self, most: u32) -> Self {
        self.messages_in_flight = Some(most);
        self
    }

    /// How long to wait at each step.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Makes the server's description. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`]: the host is not valid, the port is 0, or 25 with LMTP (RFC 2033 section 5), there is a password
    /// to send in clear text, or none for the user of a proxy, or no message may be in flight.
    /// [`ErrorKind::InvalidInput`]: the name is not valid.
    pub fn build(self) -> Result<ServerConfig> {
        let (host, name) = (self.host?, self.name.transpose()?);
        let security = match (self.security, self.port) {
            (Some(security), _) => security,
            (None, _) if self.route.is_local() => Security::Cleartext,
            (None, Some(port)) => Security::of_port(port),
            (None, None) => Security::StartTls,
        };
        let port = self.port.unwrap_or(security.port());
        if port == 0 {
            return Err(Error::new(
                ErrorKind::Config,
                "there is no port 0: use 587 or 465",
            ));
        }
        if port == 25 && self.dialect == Dialect::Lmtp && !self.route.is_local() {
            return Err(Error::new(
                ErrorKind::Config,
                "port 25 is for SMTP alone: name the port that the server has for LMTP",
            ));
        }
        if self.user.is_some() && self.credentials.is_none() {
            return Err(Error::new(
                ErrorKind::Config,
                "the URL names a user and there is no password (`ServerConfigBuilder::credentials`)",
            ));
        }
        if self.route.wants_password() {
            return Err(Error::new(
                ErrorKind::Config,
                "the proxy has a user and no password: give it one, or leave the user out",
            ));
        }
        let in_clear = security == Security::Cleartext && self.credentials.is_some();
        if in_clear && !self.cleartext_auth && !self.route.is_local() {
            return Err(Error::new(
                ErrorKind::Config,
                "the password would be sent in clear text: use TLS, or leave the login out",
            ));
        }
        let tls = self.tls.map_or_else(|| TlsConfig::builder().build(), Ok)?;
        let mut strategy = self.strategy;
        if let Some(most) = self.messages_in_flight {
            strategy.messages_in_flight = most;
        }
        if strategy.messages_in_flight == 0 {
            return Err(Error::new(
                ErrorKind::Config,
                "a limit is 0 (`ServerConfigBuilder::messages_in_flight`): the least is 1",
            ));
        }
        Ok(ServerConfig {
            host,
            port,
            route: self.route,
            security,
            tls,
            credentials: self.credentials,
            mechanisms: self.mechanisms,
            name,
            timeouts: self.timeouts,
            dialect: self.dialect,
            strategy,
        })
    }
}
