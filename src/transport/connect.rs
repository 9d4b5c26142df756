//! Connecting to a host.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tracing::debug;

use super::happy_eyeballs::{alternate, happy_eyeballs};
use super::host::Host;
use super::io_timer::within;
use super::route::Route;
use super::socket::Socket;
use super::timeouts::Timeouts;
use super::tls::TlsConfig;
use super::wire::TARGET;
use crate::descriptors;
use crate::error::{Error, ErrorKind, Problem, Result, Stage};

/// How long a server may take to connect, and to answer a TLS handshake, when the client looks
/// whether the port begins with TLS.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

impl Route {
    /// Connects to the first address of `host` that answers, or by another way if the route has one.
    ///
    /// IPv6 and IPv4 addresses alternate, in the system's order of preference. When an attempt has
    /// not ended after 250 ms the next one starts beside it, so that an unreachable address costs
    /// little time (RFC 8305).
    ///
    /// # Errors
    ///
    /// All at [`Stage::Connect`]: [`ErrorKind::Connect`], permanent if the name does not exist or has
    /// no address that the route allows; [`ErrorKind::Timeout`]. With a proxy also
    /// [`ErrorKind::Auth`] if the proxy refuses the login, [`ErrorKind::Rejected`] if it refuses to
    /// connect to the server, and [`ErrorKind::Protocol`], [`ErrorKind::Closed`] or
    /// [`ErrorKind::Io`] if the dialogue with it breaks off.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes every attempt.
    pub async fn connect(&self, host: &Host, port: u16, timeouts: &Timeouts) -> Result<Socket> {
        let connected = async {
            #[cfg(unix)]
            if let Some(path) = &self.unix_socket {
                return unix_socket(path, timeouts.connect).await;
            }
            #[cfg(feature = "proxy")]
            if let Some(proxy) = &self.proxy {
                let name = proxy.to_string();
                let connected = tcp(self, &name, &proxy.host, proxy.port, timeouts.connect);
                let mut socket = connected.await?;
                let limit = timeouts.proxy;
                super::tunnel::connect_through(proxy, &mut socket, host, port, limit).await?;
                socket.through_proxy = true;
                return Ok(socket);
            }
            let name = format!("{host} port {port}");
            tcp(self, &name, host, port, timeouts.connect).await
        };
        connected
            .await
            .map_err(|error| error.with_stage(Stage::Connect))
    }

    /// Whether the port begins with TLS: over a connection of its own it answers a handshake with
    /// something that only TLS has. `false` if that cannot be found out.
    pub(crate) async fn begins_with_tls(&self, tls: &TlsConfig, host: &Host, port: u16) -> bool {
        let answered = async {
            match self
                .connect(host, port, &Timeouts::all(PROBE_TIMEOUT))
                .await
            {
                Ok(socket) => tls.is_answered(host, socket).await,
                Err(_) => false,
            }
        };
        let in_time = timeout(2 * PROBE_TIMEOUT, answered).await;
        in_time.unwrap_or(false)
    }
}

#[cfg(unix)]
async fn unix_socket(path: &std::path::Path, limit: Duration) -> Result<Socket> {
    let shown = path.display();
    match within(limit, tokio::net::UnixStream::connect(path)).await {
        Some(Ok(stream)) => {
            debug!(target: TARGET, from = "network", tls = false, "connected to {shown}");
            Ok(Socket::unix(stream))
        }
        Some(Err(error)) => Err(refused(
            &shown,
            &[],
            "check the path, and who may use it",
            error,
        )),
        None => Err(no_answer(&shown, limit, "check whether the server works")),
    }
}

/// Connects to a host, which errors call by this name.
async fn tcp(route: &Route, name: &str, host: &Host, port: u16, limit: Duration) -> Result<Socket> {
    let connected = within(limit, tcp_unbounded(route, name, host, port)).await;
    let stream = connected.unwrap_or_else(|| {
        let advice = "check the port, and whether the network lets mail out";
        Err(no_answer(&name, limit, advice))
    })?;
    let address = stream.peer_addr().map(|address| address.ip().to_string());
    let address = address.unwrap_or_else(|error| error.to_string());
    debug!(target: TARGET, from = "network", tls = false, "connected to {name} ({address})");
    Socket::tcp(stream).map_err(|error| refused(&name, &[], advice(&error), error))
}

fn no_answer(name: &impl Display, limit: Duration, advice: &str) -> Error {
    let message = format!("no answer from {name} within {limit:?}: {advice}");
    Error::new(ErrorKind::Timeout, message)
}

async fn tcp_unbounded(route: &Route, name: &str, host: &Host, port: u16) -> Result<TcpStream> {
    let found = look_up(host).await?;
    let (allowed, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|address| route.allows(*address));
    if allowed.is_empty() && !others.is_empty() {
        let message = format!("{host} has no address of the required family");
        return Err(Error::new(ErrorKind::Connect, message)
            .with_transient(false)
            .with_problem(Problem::NoAddressOfFamily)
            .with_advice("remove the restriction to IPv4 or IPv6, or the source address"));
    }
    let local = route.local_address;
    let connected = happy_eyeballs(alternate(allowed), |address| {
        open(local, SocketAddr::new(address, port))
    });
    connected.await.map_err(|mut failures| {
        let last = failures.pop().map(|(_, error)| error);
        let last = last.unwrap_or_else(|| io::Error::other("the name has no address"));
        let tried: Vec<_> = failures
            .iter()
            .map(|(address, error)| format!("{address}: {error}"))
            .collect();
        refused(&name, &tried, advice(&last), last)
    })
}

async fn open(local: Option<IpAddr>, address: SocketAddr) -> io::Result<TcpStream> {
    let Some(local) = local else {
        return TcpStream::connect(address).await;
    };
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    let bound = socket.bind(SocketAddr::new(local, 0));
    bound.map_err(|cause| io::Error::new(cause.kind(), SourceError { local, cause }))?;
    socket.connect(address).await
}

/// The system cannot connect from this source address.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect from {local}: {cause}")]
struct SourceError {
    local: IpAddr,
    cause: io::Error,
}

/// The error of a connection that the system could not make. `advice` is the next step, unless
/// descriptors are exhausted.
fn refused(name: &impl Display, tried: &[String], advice: &str, error: io::Error) -> Error {
    let tried = if tried.is_empty() {
        String::new()
    } else {
        format!(" (tried too: {})", tried.join(", "))
    };
    let hint = descriptors::hint(&error).unwrap_or(advice);
    let message = format!("cannot connect to {name}{tried}: {hint}");
    let is_source = is_of_source(&error);
    let failed = Error::new(ErrorKind::Connect, message).caused_by(error);
    if is_source {
        failed.with_problem(Problem::ForeignSourceAddress)
    } else {
        failed
    }
}

/// Whether the source address cannot be used.
fn is_of_source(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<SourceError>)
}

/// The next step after an error of the system.
fn advice(error: &io::Error) -> &'static str {
    use io::ErrorKind as E;
    if is_of_source(error) {
        return "the source address has to be one of this machine";
    }
    match error.kind() {
        E::NetworkUnreachable | E::HostUnreachable | E::NetworkDown => {
            "there is no way there from this machine: check its network, or try again later"
        }
        // Without any IPv6 address, a machine has no source address for IPv6.
        E::AddrNotAvailable => {
            "this machine has no address or no free port for it: check its network, or try again \
             later"
        }
        E::PermissionDenied => "a firewall of this machine does not let it out",
        _ => "check the host name and the port",
    }
}

async fn look_up(host: &Host) -> Result<Vec<IpAddr>> {
    if let Some(address) = host.as_address() {
        return Ok(vec![address]);
    }
    let name = host.to_string();
    // RFC 6761 section 6.3: this name always is this machine. Host tables have no final dots.
    let name = match name.strip_suffix('.') {
        Some("localhost") => "localhost".to_owned(),
        _ => name,
    };
    let looked_up = tokio::task::spawn_blocking(move || {
        let hints = AddrInfoHints {
            socktype: SockType::Stream.into(),
            ..AddrInfoHints::default()
        };
        dns_lookup::getaddrinfo(Some(&name), None, Some(hints)).map(|found| {
            found
                .flatten()
                .map(|info| info.sockaddr.ip())
                .collect::<Vec<_>>()
        })
    });
    let looked_up = looked_up.await.map_err(|error| {
        Error::new(ErrorKind::Connect, "the look-up was stopped").caused_by(error)
    })?;
    looked_up.map_err(|error| {
        let unknown = matches!(
            error.kind(),
            LookupErrorKind::NoName | LookupErrorKind::NoData
        );
        let cause = io::Error::from(error);
        let message = if unknown {
            format!("there is no host named {host}")
        } else {
            let hint = descriptors::hint(&cause);
            let hint = hint.unwrap_or("check the network, or try again later");
            format!("cannot look up {host} now: {hint}")
        };
        let error = Error::new(ErrorKind::Connect, message)
            .with_transient(!unknown)
            .caused_by(cause);
        if unknown {
            error
                .with_problem(Problem::NoSuchHost)
                .with_advice("check its spelling")
        } else {
            error
        }
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::super::route::Family;
    use super::*;

    async fn connect(route: &Route, host: &str, port: u16) -> Result<Socket> {
        let host = host.parse().unwrap();
        route.connect(&host, port, &Timeouts::default()).await
    }

    #[test]
    fn the_advice_depends_on_the_error_of_the_system() {
        for (errors, words) in [
            (
                &[
                    io::ErrorKind::NetworkUnreachable,
                    io::ErrorKind::HostUnreachable,
                    io::ErrorKind::NetworkDown,
                ][..],
                "cannot connect to h port 1: there is no way there from this machine",
            ),
            (
                &[io::ErrorKind::AddrNotAvailable],
                "no address or no free port",
            ),
            (
                &[io::ErrorKind::PermissionDenied],
                "a firewall of this machine",
            ),
            (
                &[io::ErrorKind::ConnectionRefused, io::ErrorKind::Other],
                "check the host name and the port",
            ),
        ] {
            for kind in errors {
                let error = io::Error::from(*kind);
                let error = refused(&"h port 1", &[], advice(&error), error);
                assert!(error.to_string().contains(words), "{kind:?}: {error}");
            }
        }
    }

    async fn closed_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    }

    #[tokio::test]
    async fn the_address_that_answers_is_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // The name has an IPv6 address on most machines, where nothing listens.
        for host in ["127.0.0.1", "localhost", "localhost."] {
            let stream = connect(&Route::new(), host, port).await.unwrap();
            assert!(stream.local_address().unwrap().is_loopback());
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_transient() {
        let port = closed_port().await;
        let error = connect(&Route::new(), "localhost", port).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_transient()),
            (ErrorKind::Connect, true)
        );
        assert!(error.to_string().contains("localhost"), "{error}");
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_permanent() {
        // RFC 6761 section 6.4: no resolver knows a name under "invalid".
        let error = connect(&Route::new(), "host.invalid", 25)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(
            !error.is_transient() || error.to_string().contains("cannot look up"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn connections_come_from_the_address_that_is_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let route = Route::new().local_address("127.0.0.2".parse().unwrap());
        let _stream = connect(&route, "localhost", port).await.unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.ip().to_string(), "127.0.0.2");
    }

    #[tokio::test]
    async fn an_address_that_is_not_the_machines_is_an_error() {
        // RFC 5737: an address for documentation.
        let route = Route::new().local_address("192.0.2.7".parse().unwrap());
        let port = closed_port().await;
        let error = connect(&route, "127.0.0.1", port).await.unwrap_err();
        let words = "the source address has to be one of this machine";
        assert!(error.to_string().contains(words), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            cause.starts_with("cannot connect from 192.0.2.7"),
            "{cause}"
        );
    }

    #[tokio::test]
    async fn another_family_is_permanent() {
        for route in [
            Route::new().family(Family::Ipv6),
            Route::new().local_address("::1".parse().unwrap()),
        ] {
            let error = connect(&route, "127.0.0.1", 25).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.is_transient()),
                (ErrorKind::Connect, false)
            );
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_unix_socket_goes_before_the_host() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lmtp");
        let route = Route::new().unix_socket(&path);
        let error = connect(&route, "host.invalid", 25).await.unwrap_err();
        assert!(error.to_string().contains("lmtp"), "{error}");
        let _listener = tokio::net::UnixListener::bind(&path).unwrap();
        let stream = connect(&route, "host.invalid", 25).await.unwrap();
        assert_eq!(stream.local_address().unwrap().to_string(), "127.0.0.1");
    }
}
