//! A proxy, and who uses it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::host::{Host, HostError, parse_port, shortened};
use crate::secret::Secret;

/// A proxy that connects to servers on behalf of its users.
///
/// It is written as a URL: `socks5h://[USER@]HOST:PORT` for SOCKS 5 (RFC 1928), or
/// `http://[USER@]HOST:PORT` for HTTP with CONNECT (RFC 9110 section 9.3.6). The name of the server
/// is always looked up by the proxy, which is what the `h` says. There is no password in the URL.
///
/// What is spoken with the proxy itself is in clear text, its password too.
///
/// ```
/// use pilotfish::transport::Proxy;
///
/// # fn example() -> Result<Proxy, Box<dyn std::error::Error>> {
/// let proxy: Proxy = "socks5h://tim@proxy.example:1080".parse()?;
/// let proxy = proxy.password(std::fs::read_to_string("password")?.trim())?;
/// # Ok(proxy)
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(super) protocol: ProxyProtocol,
    host: Host,
    port: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyProtocol {
    /// RFC 1928, with the login of RFC 1929.
    Socks5,
    /// CONNECT, with the login of RFC 7617.
    Http,
}

/// A user name or password of RFC 1929 has as many octets at most.
const LONGEST_LOGIN: usize = 255;

impl Proxy {
    /// The password of the user that the URL names: 1 to 255 octets of UTF-8 (RFC 1929) without
    /// control characters (RFC 7617 section 2).
    ///
    /// # Errors
    ///
    /// [`ProxyError::NoUser`] if there is no user, [`ProxyError::Password`] if the proxy could not
    /// be told this password.
    pub fn password(mut self, password: impl Into<Secret>) -> Result<Self, ProxyError> {
        let password = password.into();
        let text = str::from_utf8(password.expose()).map_err(|_| ProxyError::Password)?;
        if !is_login(text) {
            return Err(ProxyError::Password);
        }
        if self.user.is_none() {
            return Err(ProxyError::NoUser);
        }
        self.password = Some(password);
        Ok(self)
    }

    /// Whether a user is named and a password still is to come.
    #[must_use]
    pub fn wants_password(&self) -> bool {
        self.user.is_some() && self.password.is_none()
    }

    pub(super) fn place(&self) -> (&Host, u16) {
        (&self.host, self.port)
    }
}

fn is_login(text: &str) -> bool {
    (1..=LONGEST_LOGIN).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let scheme = |text: &str| ProxyError::Scheme(shortened(text));
        let (protocol, rest) = match text.split_once("://") {
            Some(("socks5h", rest)) => (ProxyProtocol::Socks5, rest),
            Some(("http", rest)) => (ProxyProtocol::Http, rest),
            Some((other, _)) => return Err(scheme(other)),
            None => return Err(scheme("")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        // Not quoted in the error: it may have a password in it.
        let user = match user {
            Some(user) if user.contains(':') || !is_login(user) => return Err(ProxyError::User),
            user => user.map(str::to_owned),
        };
        let (host, port) = place.rsplit_once(':').ok_or(ProxyError::Port)?;
        Ok(Self {
            protocol,
            host: host.parse()?,
            port: parse_port(port).ok_or(ProxyError::Port)?,
            user,
            password: None,
        })
    }
}

/// What errors call it: without the user.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            ProxyProtocol::Socks5 => "SOCKS",
            ProxyProtocol::Http => "HTTP",
        };
        write!(f, "the {protocol} proxy {} port {}", self.host, self.port)
    }
}

/// Text that names no proxy, or a login that none can be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It does not begin as the URL of a proxy does, but with this scheme, or none.
    #[error("a proxy is written like socks5h://HOST:PORT or http://HOST:PORT, not with \"{}://\"", .0.escape_debug())]
    Scheme(String),
    /// What stands before `@` is no user name.
    #[error(
        "the user of a proxy has 1 to 255 octets, no colon and no control character: \
         a password does not belong into the URL"
    )]
    User,
    /// The host is none.
    #[error(transparent)]
    Host(#[from] HostError),
    /// There is no port, or none from 1 to 65535.
    #[error("the port of the proxy is missing, or is no number from 1 to 65535")]
    Port,
    /// There is a password and no user.
    #[error("there is a password for the proxy and no user: write USER@ before its host")]
    NoUser,
    /// The password is empty, too long, no UTF-8, or has control characters.
    #[error("the password of the proxy is not 1 to 255 octets of text without control characters")]
    Password,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, expected) in [
            (
                "socks5h://proxy.example:1080",
                "the SOCKS proxy proxy.example port 1080",
            ),
            ("http://tim@[::1]:3128/", "the HTTP proxy ::1 port 3128"),
            ("http://a@b@proxy:80", "the HTTP proxy proxy port 80"),
            ("socks5://proxy:1080", "Scheme(\"socks5\")"),
            ("proxy:1080", "Scheme(\"\")"),
            ("http://proxy", "Port"),
            ("http://proxy:", "Port"),
            ("http://proxy:+80", "Port"),
            ("http://proxy:0", "Port"),
            ("http://tim:secret@proxy:80", "User"),
            ("http://@proxy:80", "User"),
            ("http://t\r\nHost: x@proxy:80", "User"),
            ("http://t\r\n@proxy:80", "User"),
            ("http://t\u{85}@proxy:80", "User"),
            ("http://pro\r\nxy:80", "Host(HostError(\"pro\\r\\nxy\"))"),
            ("http://proxy:80/path", "Port"),
            ("http://proxy:80\r\n", "Port"),
        ] {
            let told = match url.parse::<Proxy>() {
                Ok(proxy) => proxy.to_string(),
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(told, expected, "{url:?}");
        }
    }

    #[test]
    fn passwords() {
        let proxy: Proxy = "http://tim@proxy:80".parse().unwrap();
        assert!(proxy.wants_password());
        let with = proxy.clone().password("tanstaaf").unwrap();
        assert!(!with.wants_password());
        assert!(!format!("{with:?}").contains("tanstaaf"));
        for password in ["", "a\r\nb", "\u{85}", &"a".repeat(256)] {
            let error = proxy.clone().password(password).unwrap_err();
            assert_eq!(error, ProxyError::Password);
        }
        let nobody: Proxy = "http://proxy:80".parse().unwrap();
        assert_eq!(nobody.password("a"), Err(ProxyError::NoUser));
    }
}
