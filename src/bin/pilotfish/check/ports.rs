//! Which ports of a server answer, and how their sessions begin.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use pilotfish::address::Domain;
use pilotfish::protocol::{Extension, Extensions};
use pilotfish::session::{Greeted, Hello, Secured};
use pilotfish::transport::{Host, Timeouts};
use pilotfish::{Error, ErrorKind, Security, Stage, TlsConfig};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// How long a port may take to accept a connection, and then to greet.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a port may take in all: two connections, a handshake, a session and its end.
pub(super) const LONGEST: Duration = PATIENCE.saturating_mul(5);

/// A port with what was found out about it.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) number: u16,
    /// One for each address, in the order of the addresses.
    pub(super) attempts: Vec<Attempt>,
    /// What the first address that accepted a connection does.
    pub(super) beginning: Option<Beginning>,
}

/// A connection to one address.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) address: IpAddr,
    /// How long the connection took.
    pub(super) result: Result<Duration, Unreachable>,
}

/// Why no connection came about.
#[derive(Debug)]
pub(super) enum Unreachable {
    Refused,
    Timeout,
    Other(io::Error),
}

/// How a session begins.
#[derive(Debug)]
pub(super) enum Beginning {
    /// With TLS.
    Implicit,
    /// In clear text. The server offers this there.
    Greeted(Extensions),
    /// The server greets with a refusal, ends the session, or does not speak SMTP.
    Failed(Security, Error),
    /// The server neither greets nor answers a handshake.
    Silent,
}

impl Port {
    /// Whether an address accepted a connection.
    pub(super) fn is_open(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.result.is_ok())
    }

    /// How a session with this port is protected, if one can be had.
    pub(super) fn security(&self) -> Option<Security> {
        match self.beginning.as_ref()? {
            Beginning::Implicit => Some(Security::ImplicitTls),
            Beginning::Greeted(extensions) if extensions.offers(Extension::StartTls) => {
                Some(Security::StartTls)
            }
            Beginning::Greeted(_) => Some(Security::Cleartext),
            Beginning::Failed(..) | Beginning::Silent => None,
        }
    }
}

/// What connects to the ports of a server.
#[derive(Debug, Clone)]
pub(super) struct Prober {
    pub(super) host: Host,
    /// TLS that accepts any certificate: here it matters only that the server speaks TLS.
    pub(super) tls: TlsConfig,
    pub(super) source_ip: Option<IpAddr>,
    /// The name in EHLO, if the user has set one.
    pub(super) name: Option<Domain>,
    pub(super) is_lmtp: bool,
    pub(super) timeouts: Timeouts,
}

impl Prober {
    /// Connects to each of the addresses at the same time, and begins a session with the first that
    /// accepts.
    pub(super) async fn port(self, number: u16, addresses: Vec<IpAddr>) -> Port {
        let mut connecting = JoinSet::new();
        for (index, address) in addresses.iter().copied().enumerate() {
            let prober = self.clone();
            connecting.spawn(async move {
                let begun = Instant::now();
                let connected = prober.connect(SocketAddr::new(address, number)).await;
                (
                    index,
                    address,
                    connected.map(|stream| (begun.elapsed(), stream)),
                )
            });
        }
        let mut connected = connecting.join_all().await;
        connected.sort_by_key(|(index, ..)| *index);
        let mut attempts = Vec::new();
        let mut first = None;
        for (_, address, result) in connected {
            let result = result.map(|(elapsed, stream)| {
                first.get_or_insert((address, stream));
                elapsed
            });
            attempts.push(Attempt { address, result });
        }
        let beginning = match first {
            Some((address, stream)) => {
                let server = SocketAddr::new(address, number);
                Some(self.beginning(server, stream).await)
            }
            None => None,
        };
        Port {
            number,
            attempts,
            beginning,
        }
    }

    async fn connect(&self, server: SocketAddr) -> Result<TcpStream, Unreachable> {
        let connect = async {
            let socket = match server {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if let Some(address) = self.source_ip {
                socket.bind(SocketAddr::new(address, 0))?;
            }
            socket.connect(server).await
        };
        match timeout(PATIENCE, connect).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Err(Unreachable::Refused)
            }
            Ok(Err(error)) => Err(Unreachable::Other(error)),
            Err(_) => Err(Unreachable::Timeout),
        }
    }

    /// How a session begins. Where the port is customarily one for TLS, the handshake is tried
    /// first, else it is tried where no greeting comes: a server may count it as an attack.
    async fn beginning(&self, server: SocketAddr, stream: TcpStream) -> Beginning {
        if Security::of_port(server.port()) == Security::ImplicitTls {
            match self.in_tls(stream).await {
                Some(Beginning::Implicit) => Beginning::Implicit,
                other => {
                    let in_clear = match self.connect(server).await {
                        Ok(stream) => self.in_clear(stream).await,
                        Err(_) => None,
                    };
                    in_clear.or(other).unwrap_or(Beginning::Silent)
                }
            }
        } else if let Some(beginning) = self.in_clear(stream).await {
            beginning
        } else {
            let in_tls = match self.connect(server).await {
                Ok(stream) => self.in_tls(stream).await,
                Err(_) => None,
            };
            in_tls.unwrap_or(Beginning::Silent)
        }
    }

    /// Begins with TLS; `None` if the server does not speak TLS, or nothing comes.
    async fn in_tls(&self, stream: TcpStream) -> Option<Beginning> {
        let hello = self.hello(&stream)?;
        let timeouts = self.timeouts.clone();
        let secured = Secured::implicit_tls(stream, &self.tls, &self.host, hello, timeouts);
        match timeout(PATIENCE, secured).await.ok()? {
            Ok(secured) => {
                let _ = timeout(PATIENCE, secured.without_authentication().quit()).await;
                Some(Beginning::Implicit)
            }
            Err(error) if error.stage() == Some(Stage::Connect) => None,
            Err(error) => Some(Beginning::Failed(Security::ImplicitTls, error)),
        }
    }

    /// Begins in clear text; `None` if nothing comes.
    async fn in_clear(&self, stream: TcpStream) -> Option<Beginning> {
        let hello = self.hello(&stream)?;
        let greeted = Greeted::greet(stream, hello, self.timeouts.clone());
        match timeout(PATIENCE, greeted).await.ok()? {
            Ok(greeted) => {
                let extensions = greeted.extensions().clone();
                let _ = timeout(PATIENCE, greeted.in_cleartext().quit()).await;
                Some(Beginning::Greeted(extensions))
            }
            Err(error) if error.kind() == ErrorKind::Timeout => None,
            Err(error) => Some(Beginning::Failed(Security::Cleartext, error)),
        }
    }

    fn hello(&self, stream: &TcpStream) -> Option<Hello> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => Domain::from(stream.local_addr().ok()?.ip()),
        };
        Some(if self.is_lmtp {
            Hello::lmtp(name)
        } else {
            Hello::from(name)
        })
    }
}
