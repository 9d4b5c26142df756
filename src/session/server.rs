//! A server, and everything that it takes to open a session there.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{Instrument as _, debug_span};

use super::credentials_provider::{CredentialsProvider, Provider};
use super::greeted::Greeted;
use super::secured::Secured;
use super::transaction::Session;
use crate::address::Domain;
use crate::error::{Error, Kind, Result, Stage};
use crate::protocol::{Credentials, Mechanism};
use crate::transport::{Host, Socket, Timeouts, TlsClient, begins_with_tls, connect};

/// How long a server may be silent before it is asked whether it waits for TLS.
const SILENCE: Duration = Duration::from_secs(5);

/// How a session is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Security {
    /// TLS from the first octet, customary on port 465 (RFC 8314 section 3.3).
    ImplicitTls,
    /// TLS by STARTTLS (RFC 3207), customary on port 587. Required: without it nothing is
    /// sent.
    StartTls,
    /// No TLS. For servers on a trusted network; no password is sent.
    Cleartext,
}

impl Security {
    /// What a port is customarily used with: implicit TLS on 465, STARTTLS on all others.
    #[must_use]
    pub fn of_port(port: u16) -> Self {
        if port == 465 {
            Self::ImplicitTls
        } else {
            Self::StartTls
        }
    }

    /// The port that is customary for this: 465 for implicit TLS, 587 for STARTTLS, 25 for
    /// clear text.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::ImplicitTls => 465,
            Self::StartTls => 587,
            Self::Cleartext => 25,
        }
    }
}

/// A submission server, how to reach it, and who logs in.
///
/// ```no_run
/// use pilotfish::{Credentials, Server};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder("smtp.gmail.com".parse()?)
///     .credentials(Credentials::new("me@gmail.com", std::fs::read_to_string("password")?.trim())?)
///     .build()?;
/// let session = server.connect().await?;
/// session.quit().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Server {
    host: Host,
    port: u16,
    security: Security,
    tls: TlsClient,
    credentials: Option<Provider>,
    mechanisms: Option<Vec<Mechanism>>,
    name: Option<Domain>,
    timeouts: Timeouts,
}

/// Collects what a [`Server`] needs.
#[derive(Debug)]
#[must_use]
pub struct ServerBuilder {
    host: Host,
    port: Option<u16>,
    security: Option<Security>,
    tls: Option<TlsClient>,
    credentials: Option<Provider>,
    mechanisms: Option<Vec<Mechanism>>,
    cleartext_auth: bool,
    name: Option<Domain>,
    timeouts: Timeouts,
}

impl Server {
    /// Begins with a host. The rest has defaults: port 587 with STARTTLS, the public
    /// certificate authorities, and no login.
    pub fn builder(host: Host) -> ServerBuilder {
        ServerBuilder {
            host,
            port: None,
            security: None,
            tls: None,
            credentials: None,
            mechanisms: None,
            cleartext_auth: false,
            name: None,
            timeouts: Timeouts::default(),
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

    /// Opens a session: asks for the credentials, connects, sets up TLS and logs in.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`], [`Kind::Tls`], [`Kind::Auth`] and what any command may end with:
    /// see [`Greeted`] and [`Secured`]. A port that is silent since it begins with TLS is found
    /// out after five seconds, by a handshake over a second connection.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn connect(&self) -> Result<Session<Socket>> {
        let span = debug_span!("session", server = %self.host, port = self.port);
        async {
            // A token may take its time: no server is kept waiting for it.
            let credentials = match &self.credentials {
                Some(provider) => Some(provider.ask().await?),
                None => None,
            };
            let stream = connect(&self.host, self.port, self.timeouts.connect).await?;
            let name = self.name.clone().map_or_else(|| local_name(&stream), Ok)?;
            match self.security {
                Security::ImplicitTls => {
                    let (tls, timeouts) = (&self.tls, self.timeouts.clone());
                    let secured =
                        Secured::implicit_tls(stream, tls, &self.host, name, timeouts).await?;
                    self.log_in(secured, credentials).await
                }
                Security::StartTls => {
                    let greeted = self.greet(stream, name).await?;
                    let secured = greeted.starttls(&self.tls, &self.host).await?;
                    self.log_in(secured, credentials).await
                }
                Security::Cleartext => {
                    let greeted = self.greet(stream, name).await?;
                    match credentials {
                        // The builder has seen to it that this is wanted.
                        Some(credentials) => {
                            let mechanisms = self.mechanisms(&Mechanism::PREFERENCE_IN_CLEARTEXT);
                            greeted
                                .danger_cleartext_auth_by(mechanisms, &credentials)
                                .await
                        }
                        None => Ok(greeted.in_cleartext()),
                    }
                }
            }
        }
        .instrument(span)
        .await
    }

    /// Waits for a greeting in clear text, but not from a port that begins with TLS: there each
    /// side would wait for the other until the limit.
    async fn greet(&self, stream: Socket, name: Domain) -> Result<Greeted<Socket>> {
        let silent_tls = async {
            sleep(SILENCE).await;
            if !begins_with_tls(&self.tls, &self.host, self.port).await {
                pending::<()>().await;
            }
        };
        tokio::select! {
            greeted = Greeted::greet(stream, name, self.timeouts.clone()) => greeted,
            () = silent_tls => {
                let message = format!(
                    "{} port {} begins with TLS and was spoken to in clear text: use implicit TLS",
                    self.host, self.port
                );
                Err(Error::new(Kind::Tls, message).at(Stage::Greeting))
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

/// RFC 5321 section 4.1.4: a client without a name of its own gives its address.
fn local_name(stream: &Socket) -> Result<Domain> {
    match stream.local_addr() {
        Ok(address) => Ok(Domain::from(canonical(address))),
        Err(error) => {
            let message = "the connection broke before anything was said";
            Err(Error::new(Kind::Io, message)
                .caused_by(error)
                .at(Stage::Connect))
        }
    }
}

fn canonical(address: SocketAddr) -> std::net::IpAddr {
    address.ip().to_canonical()
}

impl ServerBuilder {
    /// The TCP port, 1 to 65535. By default the one customary for the security.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How sessions are protected. By default as is customary for the port.
    pub fn security(mut self, security: Security) -> Self {
        self.security = Some(security);
        self
    }

    /// Which certificate authorities are trusted. By default the public ones.
    pub fn tls(mut self, tls: TlsClient) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Who logs in: [`Credentials`], or whoever gives them when a session begins. By default
    /// nobody.
    pub fn credentials(mut self, provider: impl CredentialsProvider + 'static) -> Self {
        self.credentials = Some(Provider::new(provider));
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
    /// section 4.1.4). By default the literal of its address.
    pub fn name(mut self, name: Domain) -> Self {
        self.name = Some(name);
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
    /// [`Kind::Config`]: the port is 0, or there is a password to send in clear text.
    pub fn build(self) -> Result<Server> {
        let security = match (self.security, self.port) {
            (Some(security), _) => security,
            (None, Some(port)) => Security::of_port(port),
            (None, None) => Security::StartTls,
        };
        let port = self.port.unwrap_or(security.port());
        if port == 0 {
            return Err(Error::new(
                Kind::Config,
                "there is no port 0: use 587 or 465",
            ));
        }
        let in_clear = security == Security::Cleartext && self.credentials.is_some();
        if in_clear && !self.cleartext_auth {
            return Err(Error::new(
                Kind::Config,
                "the password would go in clear text: use TLS, or leave the user out",
            ));
        }
        let tls = self.tls.map_or_else(|| TlsClient::builder().build(), Ok)?;
        Ok(Server {
            host: self.host,
            port,
            security,
            tls,
            credentials: self.credentials,
            mechanisms: self.mechanisms,
            name: self.name,
            timeouts: self.timeouts,
        })
    }
}
