//! Connecting to a host.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType};
use tokio::net::{TcpSocket, TcpStream};
use tracing::debug;

use super::happy_eyeballs::{alternate, happy_eyeballs};
use super::host::Host;
use super::io_timer::within;
use super::route::Route;
use super::socket::Socket;
use super::timeouts::Timeouts;
use super::wire::TARGET;
use crate::descriptors;
use crate::error::{Error, ErrorKind, Result, Stage};

impl Route {
    /// Connects to the first address of `host` that answers, or goes another way if the route
    /// says so.
    ///
    /// The families take turns, as the system's order of preference has them, and an attempt that
    /// stays open for 250 ms is joined by the next, so that an address without a route costs
    /// nothing much (RFC 8305).
    ///
    /// # Errors
    ///
    /// All at [`Stage::Connect`]: [`ErrorKind::Connect`], permanent if the name does not exist or has
    /// no address that the route allows; [`ErrorKind::Timeout`]. With a proxy also [`ErrorKind::Auth`] if
    /// it refuses the login, [`ErrorKind::Rejected`] if it does not want to connect there, and
    /// [`ErrorKind::Protocol`], [`ErrorKind::Closed`] or [`ErrorKind::Io`] if it breaks off.
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
                let (name, (at, behind)) = (proxy.to_string(), proxy.place());
                let stream = tcp(self, &name, at, behind, timeouts.connect).await?;
                return super::tunnel::connect_through(proxy, stream, host, port, timeouts.proxy)
                    .await;
            }
            let name = format!("{host} port {port}");
            let stream = tcp(self, &name, host, port, timeouts.connect).await?;
            Socket::tcp(stream).map_err(|error| refused(&name, &[], error))
        };
        connected
            .await
            .map_err(|error| error.with_stage(Stage::Connect))
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
        Some(Err(error)) => {
            let hint = descriptors::hint(&error).unwrap_or("check the path, and who may use it");
            let message = format!("cannot connect to {shown}: {hint}");
            Err(Error::new(ErrorKind::Connect, message).caused_by(error))
        }
        None => Err(Error::new(
            ErrorKind::Timeout,
            format!("no answer from {shown} within {limit:?}: check whether the server works"),
        )),
    }
}

/// A connection to a host that errors call by this name.
async fn tcp(
    route: &Route,
    name: &str,
    host: &Host,
    port: u16,
    limit: Duration,
) -> Result<TcpStream> {
    match within(limit, tcp_unbounded(route, name, host, port)).await {
        Some(Ok(stream)) => {
            let address = stream.peer_addr().map(|address| address.ip().to_string());
            let address = address.unwrap_or_else(|error| error.to_string());
            debug!(target: TARGET, from = "network", tls = false, "connected to {name} ({address})");
            Ok(stream)
        }
        Some(Err(error)) => Err(error),
        None => Err(Error::new(
            ErrorKind::Timeout,
            format!(
                "no answer from {name} within {limit:?}: \
                 check the port, and whether the network lets mail out"
            ),
        )),
    }
}

async fn tcp_unbounded(route: &Route, name: &str, host: &Host, port: u16) -> Result<TcpStream> {
    let found = look_up(host).await?;
    let allowed = found
        .iter()
        .copied()
        .filter(|address| route.allows(*address));
    let addresses = alternate(allowed.collect());
    if addresses.is_empty() && !found.is_empty() {
        let message = format!(
            "{host} has no address of the family that is asked for: \
             leave the restriction to IPv4 or IPv6, or the source address, out"
        );
        return Err(Error::new(ErrorKind::Connect, message).with_transient(false));
    }
    let local = route.local_address;
    let connected = happy_eyeballs(addresses, |address| {
        open(local, SocketAddr::new(address, port))
    });
    connected.await.map_err(|mut failures| {
        let Some((_, last)) = failures.pop() else {
            return refused(name, &[], io::Error::other("the name has no address"));
        };
        let tried: Vec<_> = failures
            .iter()
            .map(|(address, error)| format!("{address}: {error}"))
            .collect();
        refused(name, &tried, last)
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

/// A source address that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect from {local}: {cause}")]
struct SourceError {
    local: IpAddr,
    cause: io::Error,
}

fn refused(name: &str, tried: &[String], error: io::Error) -> Error {
    let mut message = format!("cannot connect to {name}");
    if !tried.is_empty() {
        message = format!("{message} (tried too: {})", tried.join(", "));
    }
    let hint = descriptors::hint(&error).unwrap_or(advice(&error));
    Error::new(ErrorKind::Connect, format!("{message}: {hint}")).caused_by(error)
}

/// What to do about a connection that the system could not make.
fn advice(error: &io::Error) -> &'static str {
    use io::ErrorKind as E;
    if let Some(cause) = error.get_ref()
        && cause.is::<SourceError>()
    {
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
    // RFC 6761 section 6.3: it is this machine. Tables of hosts have no final dots.
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
    match looked_up.await {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => {
            let unknown = matches!(
                error.kind(),
                LookupErrorKind::NoName | LookupErrorKind::NoData
            );
            let cause = io::Error::from(error);
            let failed = if unknown {
                let message = format!("there is no host named {host}: check its spelling");
                Error::new(ErrorKind::Connect, message).with_transient(false)
            } else {
                let hint = descriptors::hint(&cause);
                let hint = hint.unwrap_or("check the network, or try again later");
                Error::new(
                    ErrorKind::Connect,
                    format!("cannot look up {host} now: {hint}"),
                )
            };
            Err(failed.caused_by(cause))
        }
        Err(error) => {
            Err(Error::new(ErrorKind::Connect, "the look-up was stopped").caused_by(error))
        }
    }
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
    fn what_to_do_depends_on_what_the_system_says() {
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
                let error = refused("h port 1", &[], (*kind).into());
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
        // RFC 5737: it belongs to nobody.
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
