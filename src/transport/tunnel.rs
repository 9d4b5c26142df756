//! The dialogue with a proxy, until it has connected to the server.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_socks::tcp::Socks5Stream;
use tokio_socks::{Error as SocksError, TargetAddr};
use zeroize::Zeroizing;

use super::host::{Host, shortened};
use super::io_timer::within;
use super::proxy::{Proxy, ProxyProtocol};
use super::socket::Socket;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Mask;

/// The maximum length of the header of a proxy's response, together with the interim responses before
/// it.
const MAX_HEADER_OCTETS: usize = 8 * 1024;

/// The maximum number of its fields.
const MAX_HEADER_FIELDS: usize = 64;

/// Asks the proxy at the other end of a socket to connect to the server.
pub(super) async fn connect_through(
    proxy: &Proxy,
    socket: &mut Socket,
    host: &Host,
    port: u16,
    limit: Duration,
) -> Result<()> {
    let connected = async {
        match proxy.protocol {
            ProxyProtocol::Socks5 => socks(proxy, socket, host, port).await,
            ProxyProtocol::Http => http(proxy, socket, host, port).await,
        }
    };
    within(limit, connected).await.unwrap_or_else(|| {
        let message = format!(
            "{proxy} did not connect to {host} port {port} within {limit:?}: try again later"
        );
        Err(Error::new(ErrorKind::Timeout, message))
    })
}

/// RFC 1928 and RFC 1929. It reads nothing after the proxy's answer.
async fn socks(proxy: &Proxy, stream: &mut Socket, host: &Host, port: u16) -> Result<()> {
    let target = match host.as_address() {
        Some(address) => TargetAddr::Ip((address, port).into()),
        None => TargetAddr::Domain(host.to_string().into(), port),
    };
    let connected = match (&proxy.user, &proxy.password) {
        (Some(user), Some(password)) => {
            let password = str::from_utf8(password.expose()).unwrap_or_default();
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
        _ => Socks5Stream::connect_with_socket(stream, target).await,
    };
    let error = match connected {
        Ok(_) => return Ok(()),
        Err(SocksError::Io(error)) => return Err(broken(proxy, error)),
        Err(error) => error,
    };
    Err(match &error {
        SocksError::PasswordAuthFailure(_)
        | SocksError::NoAcceptableAuthMethods
        | SocksError::AuthorizationRequired => login_refused(proxy),
        SocksError::ConnectionNotAllowedByRuleset | SocksError::CommandNotSupported => {
            not_allowed(proxy, host, port)
        }
        SocksError::GeneralSocksServerFailure
        | SocksError::NetworkUnreachable
        | SocksError::HostUnreachable
        | SocksError::ConnectionRefused
        | SocksError::TtlExpired
        | SocksError::AddressTypeNotSupported => unreached(proxy, host, port),
        _ => no_proxy(proxy),
    }
    .caused_by(error))
}

/// RFC 9110 section 9.3.6.
async fn http(proxy: &Proxy, stream: &mut Socket, host: &Host, port: u16) -> Result<()> {
    let request = request(proxy, host, port);
    let sent = stream.write_all(&request).await;
    sent.map_err(|error| broken(proxy, error))?;
    let mut room = MAX_HEADER_OCTETS;
    let (code, reason) = loop {
        let header = match header(stream, room).await {
            Ok(Some(header)) => header,
            Ok(None) => return Err(no_proxy(proxy)),
            Err(error) => return Err(broken(proxy, error)),
        };
        let (code, reason) = status(proxy, &header)?;
        // RFC 9110 section 15.2: another response follows an interim one. But 101 ends HTTP, which
        // this client never requests.
        if !matches!(code, 100 | 102..200) {
            break (code, reason);
        }
        room -= header.len();
    };
    let error = match code {
        200..300 => return Ok(()),
        407 => login_refused(proxy),
        // RFC 9110 sections 15.5 and 15.6: the first are transient, all others are not.
        408 | 429 | 500.. => unreached(proxy, host, port),
        _ => not_allowed(proxy, host, port),
    };
    Err(error.caused_by(io::Error::other(format!(
        "{code} {}",
        reason.escape_debug()
    ))))
}

/// A text of the proxy, without its password.
fn masked(proxy: &Proxy, text: &str) -> String {
    let mask = proxy.password.as_ref().map(Mask::new);
    mask.and_then(|mask| mask.applied(text))
        .unwrap_or_else(|| text.to_owned())
}

/// The status code of a response, and its reason phrase.
fn status(proxy: &Proxy, header: &[u8]) -> Result<(u16, String)> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADER_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(header) {
        Ok(httparse::Status::Complete(_)) => {
            let reason = shortened(&masked(proxy, response.reason.unwrap_or_default()));
            Ok((response.code.unwrap_or_default(), reason))
        }
        Ok(httparse::Status::Partial) => Err(no_proxy(proxy)),
        Err(error) => Err(no_proxy(proxy).caused_by(error)),
    }
}

/// The request to connect. The types of its parts cannot contain control characters.
fn request(proxy: &Proxy, host: &Host, port: u16) -> Zeroizing<Vec<u8>> {
    let host = match host.as_address() {
        Some(address) if address.is_ipv6() => format!("[{address}]"),
        _ => host.to_string(),
    };
    let head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    let mut request = Zeroizing::new(Vec::with_capacity(2 * 1024));
    request.extend_from_slice(head.as_bytes());
    if let (Some(user), Some(password)) = (&proxy.user, &proxy.password) {
        // RFC 7617 section 2. The capacity prevents copies of the password.
        let mut login = Zeroizing::new(Vec::with_capacity(1 + user.len() + password.len()));
        login.extend_from_slice(user.as_bytes());
        login.push(b':');
        login.extend_from_slice(password.expose());
        let encoded = Zeroizing::new(STANDARD.encode(&*login));
        request.extend_from_slice(b"Proxy-Authorization: Basic ");
        request.extend_from_slice(encoded.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// Reads a header octet by octet, because the server's octets follow the empty line. A line may end in
/// LF alone (RFC 9112 section 2.2). `None` if the header is longer than `room`.
async fn header(stream: &mut Socket, room: usize) -> io::Result<Option<Vec<u8>>> {
    let mut header = Vec::new();
    while !header.ends_with(b"\n\r\n") && !header.ends_with(b"\n\n") {
        if header.len() == room {
            return Ok(None);
        }
        header.push(stream.read_u8().await?);
    }
    Ok(Some(header))
}

fn broken(proxy: &Proxy, error: io::Error) -> Error {
    let failed = if error.kind() == io::ErrorKind::UnexpectedEof {
        let message = format!("{proxy} closed the connection: check its port and protocol");
        Error::new(ErrorKind::Closed, message)
    } else {
        Error::new(ErrorKind::Io, format!("the connection to {proxy} broke"))
    };
    failed.caused_by(error)
}

fn login_refused(proxy: &Proxy) -> Error {
    let advice = match proxy.user {
        Some(_) => "refuses the login: check its user and password",
        None => "wants a login: give it a user and a password",
    };
    Error::new(ErrorKind::Auth, format!("{proxy} {advice}"))
}

fn not_allowed(proxy: &Proxy, host: &Host, port: u16) -> Error {
    let message = format!(
        "{proxy} does not allow connections to {host} port {port}: \
         ask who runs it, or leave it out"
    );
    Error::new(ErrorKind::Rejected, message)
}

fn unreached(proxy: &Proxy, host: &Host, port: u16) -> Error {
    let message =
        format!("{proxy} cannot connect to {host} port {port}: check the host name and the port");
    Error::new(ErrorKind::Connect, message)
}

fn no_proxy(proxy: &Proxy) -> Error {
    let message = format!("{proxy} does not answer as such: check its port and protocol");
    Error::new(ErrorKind::Protocol, message)
}
