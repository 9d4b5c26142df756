//! A TCP connection to one of a host's addresses (RFC 8305).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::host::Host;
use super::socket::Socket;
use crate::error::{Error, Kind, Result, Stage};

/// How long an address may leave an attempt open before the next is tried beside it
/// (RFC 8305 section 8).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How many addresses of a name are tried at most.
const MAX_ADDRESSES: usize = 16;

/// Connects to the first address of `host` that answers, within `limit`.
///
/// The families take turns, as the system's order of preference has them, and an attempt that
/// stays open for 250 ms is joined by the next, so that an address without a route costs
/// nothing much.
///
/// # Errors
///
/// [`Kind::Connect`], permanent if the name does not exist; [`Kind::Timeout`].
///
/// # Cancel safety
///
/// Dropping the future closes every attempt.
pub async fn connect(host: &Host, port: u16, limit: Duration) -> Result<Socket> {
    match timeout(limit, connect_unbounded(host, port)).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(
            Kind::Timeout,
            format!(
                "no answer from {host} port {port} within {limit:?}: \
                 check the port, and whether the network lets mail out"
            ),
        )),
    }
    .map_err(|error| error.at(Stage::Connect))
}

async fn connect_unbounded(host: &Host, port: u16) -> Result<Socket> {
    let mut addresses = alternate(look_up(host).await?).into_iter();
    let mut attempts = JoinSet::new();
    let mut failures = Vec::new();
    loop {
        match addresses.next() {
            Some(address) => {
                let address = SocketAddr::new(address, port);
                attempts.spawn(async move {
                    TcpStream::connect(address)
                        .await
                        .map_err(|error| (address, error))
                });
            }
            None if attempts.is_empty() => break,
            None => {}
        }
        let waiting = async {
            loop {
                match attempts.join_next().await {
                    Some(Ok(result)) => return Some(result),
                    // It panicked, and may have been the last.
                    Some(Err(_)) => {}
                    None => return None,
                }
            }
        };
        let outcome = if addresses.len() == 0 {
            waiting.await
        } else {
            match timeout(ATTEMPT_DELAY, waiting).await {
                Ok(outcome) => outcome,
                Err(_) => continue,
            }
        };
        match outcome {
            Some(Ok(stream)) => {
                return Socket::new(stream).map_err(|error| refused(host, port, &[], error));
            }
            Some(Err(failure)) => failures.push(failure),
            None => {}
        }
    }
    let last = failures.pop();
    let tried: Vec<_> = failures
        .iter()
        .map(|(address, error)| format!("{address}: {error}"))
        .collect();
    Err(match last {
        Some((_, error)) => refused(host, port, &tried, error),
        None => refused(
            host,
            port,
            &tried,
            io::Error::other("the name has no address"),
        ),
    })
}

fn refused(host: &Host, port: u16, tried: &[String], error: io::Error) -> Error {
    let mut message = format!("cannot connect to {host} port {port}");
    if !tried.is_empty() {
        message = format!("{message} (tried too: {})", tried.join(", "));
    }
    Error::new(
        Kind::Connect,
        format!("{message}: check the host name and the port"),
    )
    .caused_by(error)
}

async fn look_up(host: &Host) -> Result<Vec<IpAddr>> {
    if let Some(address) = host.as_address() {
        return Ok(vec![address]);
    }
    let name = host.to_string();
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
            let failed = Error::new(
                Kind::Connect,
                if unknown {
                    format!("there is no host named {host}: check its spelling")
                } else {
                    format!("cannot look up {host} now: check the network, or try again later")
                },
            );
            let failed = if unknown { failed.permanent() } else { failed };
            Err(failed.caused_by(io::Error::from(error)))
        }
        Err(error) => Err(Error::new(Kind::Connect, "the look-up was stopped").caused_by(error)),
    }
}

/// Lets the families take turns, the one of the first address first (RFC 8305 section 4).
fn alternate(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_ipv6);
    let mut second = second.into_iter();
    let mut alternating = Vec::new();
    for address in first {
        alternating.push(address);
        alternating.extend(second.next());
    }
    alternating.extend(second);
    alternating.truncate(MAX_ADDRESSES);
    alternating
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn families_take_turns() {
        for (addresses, expected) in [
            ("::1 ::2 ::3 1.1.1.1", "::1 1.1.1.1 ::2 ::3"),
            ("1.1.1.1 ::1 ::2", "1.1.1.1 ::1 ::2"),
            ("1.1.1.1 1.1.1.2", "1.1.1.1 1.1.1.2"),
            ("", ""),
        ] {
            let parsed = addresses
                .split_whitespace()
                .map(|text| text.parse().unwrap())
                .collect();
            let alternating: Vec<_> = alternate(parsed).iter().map(IpAddr::to_string).collect();
            assert_eq!(alternating.join(" "), expected);
        }
    }

    #[tokio::test]
    async fn the_address_that_answers_is_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // The name has an IPv6 address on most machines, where nothing listens.
        for host in ["127.0.0.1", "localhost"] {
            let host = host.parse().unwrap();
            let stream = connect(&host, port, Duration::from_secs(30)).await.unwrap();
            assert!(stream.local_addr().unwrap().ip().is_loopback());
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_transient() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let host = "localhost".parse().unwrap();
        let error = connect(&host, port, Duration::from_secs(30))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (Kind::Connect, true));
        assert!(error.to_string().contains("localhost"), "{error}");
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_permanent() {
        // RFC 6761 section 6.4: no resolver knows a name under "invalid".
        let host = "host.invalid".parse().unwrap();
        let error = connect(&host, 25, Duration::from_secs(30))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert!(
            !error.is_transient() || error.to_string().contains("cannot look up"),
            "{error}"
        );
    }
}
