//! A proxy, and its user.

use std::fmt;
use std::str::FromStr;

use super::host::{Host, parse_port, shortened};
use super::url::{Url, decoded};
use crate::protocol::ValueError;
use crate::secret::Secret;

/// A proxy that connects to servers on behalf of its users.
///
/// It is written as a URL: `socks5h://[USER@]HOST:PORT` for SOCKS 5 (RFC 1928), or
/// `http://[USER@]HOST:PORT` for HTTP with CONNECT (RFC 9110 section 9.3.6). The proxy always looks up
/// the name of the server, which is the meaning of the `h`. The URL must not contain a password.
/// Write `%40` for an `@` in the user name, and `%25` for a `%` (RFC 3986 section 2.1).
///
/// The dialogue with the proxy itself is in clear text, and so is its password.
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
    pub(super) host: Host,
    pub(super) port: u16,
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

/// The maximum length of a user name and of a password (RFC 1929).
const MAX_LOGIN_OCTETS: usize = 255;

/// The user name cannot be sent to the proxy.
const USER: &str = "the user of a proxy has 1 to 255 octets, no colon and no control character";

/// Other users of the machine can read the command line, and so the URL.
const PASSWORD_IN_URL: &str =
    "the URL of a proxy must not contain a password: write http://USER@HOST:PORT";

/// A `%` before the `@` is not followed by two hexadecimal digits, or the result is not UTF-8.
const PERCENT: &str =
    "a % in the user of a proxy's URL begins a percent form: write %25 for the % itself";

/// The port is missing, or not a number from 1 to 65535.
const PORT: &str = "the port of the proxy is missing, or is no number from 1 to 65535";

/// The password is empty, too long, not UTF-8, or has control characters.
const PASSWORD: &str =
    "the password of the proxy is not 1 to 255 octets of text without control characters";

const fn invalid(reason: &'static str) -> ValueError {
    ValueError::new("the proxy is not valid", reason)
}

impl Proxy {
    /// A password is set, and the URL names no user.
    pub(crate) const NO_USER: ValueError =
        invalid("there is a password for the proxy and no user: write USER@ before its host");

    /// Sets the password of the user that the URL names: 1 to 255 octets of UTF-8 (RFC 1929) without
    /// control characters (RFC 7617 section 2).
    ///
    /// # Errors
    ///
    /// The URL names no user, or the password cannot be sent to the proxy.
    pub fn password(mut self, password: impl Into<Secret>) -> Result<Self, ValueError> {
        let password = password.into();
        let text = str::from_utf8(password.expose()).map_err(|_| invalid(PASSWORD))?;
        if !is_login(text) {
            return Err(invalid(PASSWORD));
        }
        if self.user.is_none() {
            return Err(Proxy::NO_USER);
        }
        self.password = Some(password);
        Ok(self)
    }

    /// Whether the URL names a user whose password is not set yet.
    #[must_use]
    pub fn wants_password(&self) -> bool {
        self.user.is_some() && self.password.is_none()
    }
}

fn is_login(text: &str) -> bool {
    (1..=MAX_LOGIN_OCTETS).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// Decodes the user of a URL (RFC 3986 section 3.2.1). Errors do not quote it, as it may contain a
/// password.
fn user_name(user: &str, protocol: ProxyProtocol) -> Result<String, ValueError> {
    if user.contains(':') {
        return Err(invalid(PASSWORD_IN_URL));
    }
    let name = decoded(user).ok_or(invalid(PERCENT))?;
    // RFC 7617 section 2: the name ends at the first colon.
    let has_colon = protocol == ProxyProtocol::Http && name.contains(':');
    if has_colon || !is_login(&name) {
        return Err(invalid(USER));
    }
    Ok(name.into_owned())
}

impl FromStr for Proxy {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let scheme = |text: &str| {
            let reason = format!(
                "a proxy is written like socks5h://HOST:PORT or http://HOST:PORT, and its scheme is not \"{}\"",
                shortened(text).escape_debug()
            );
            ValueError::with_reason("the proxy is not valid", reason)
        };
        let url = Url::split(text).ok_or_else(|| scheme(""))?;
        let protocol = match url.scheme.as_str() {
            "socks5h" => ProxyProtocol::Socks5,
            "http" => ProxyProtocol::Http,
            other => return Err(scheme(other)),
        };
        let user = url.user.map(|user| user_name(user, protocol)).transpose()?;
        let (host, port) = url.place.rsplit_once(':').ok_or(invalid(PORT))?;
        Ok(Self {
            protocol,
            host: host.parse()?,
            port: parse_port(port).ok_or(invalid(PORT))?,
            user,
            password: None,
        })
    }
}

/// The name that errors use, without the user.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            ProxyProtocol::Socks5 => "SOCKS",
            ProxyProtocol::Http => "HTTP",
        };
        write!(f, "the {protocol} proxy {} port {}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_SCHEME: &str = "a proxy is written like socks5h://HOST:PORT or http://HOST:PORT, and its scheme is not \"\"";

    #[test]
    fn urls() {
        for (url, expected) in [
            (
                "socks5h://proxy.example:1080",
                "the SOCKS proxy proxy.example port 1080",
            ),
            ("http://tim@[::1]:3128/", "the HTTP proxy ::1 port 3128"),
            ("http://a@b@proxy:80", "the HTTP proxy proxy port 80"),
            (
                "socks5://proxy:1080",
                "a proxy is written like socks5h://HOST:PORT or http://HOST:PORT, and its scheme is not \"socks5\"",
            ),
            ("proxy:1080", NO_SCHEME),
            ("http://proxy", PORT),
            ("http://proxy:", PORT),
            ("http://proxy:+80", PORT),
            ("http://proxy:0", PORT),
            ("http://tim:secret@proxy:80", PASSWORD_IN_URL),
            ("http://@proxy:80", USER),
            ("http://t\r\nHost: x@proxy:80", PASSWORD_IN_URL),
            ("http://t\r\n@proxy:80", USER),
            ("http://t\u{85}@proxy:80", USER),
            (
                "http://pro\r\nxy:80",
                r#""pro\r\nxy" is neither a host name nor an IP address: write it like smtp.example.com"#,
            ),
            ("http://proxy:80/path", PORT),
            ("http://tim@proxy/x@evil.test:80", NO_SCHEME),
            ("http://proxy:80#@evil.test:80", NO_SCHEME),
            ("HTTP://proxy:80/", "the HTTP proxy proxy port 80"),
            ("Socks5H://tim@proxy:80", "the SOCKS proxy proxy port 80"),
            ("http://t%3Am@proxy:80", USER),
            ("socks5h://t%3am@proxy:80", "the SOCKS proxy proxy port 80"),
            ("http://t%0d%0aHost%3a%20x@proxy:80", USER),
            ("http://100%@proxy:80", PERCENT),
            ("http://%f@proxy:80", PERCENT),
            ("http://%ff@proxy:80", PERCENT),
            ("http://proxy:80\r\n", PORT),
        ] {
            let text = match url.parse::<Proxy>() {
                Ok(proxy) => proxy.to_string(),
                Err(error) => error.to_string(),
            };
            assert_eq!(text, expected, "{url:?}");
        }
    }

    #[test]
    fn the_user_is_in_percent_form() {
        for (user, name) in [
            ("tim", "tim"),
            ("u%40x", "u@x"),
            ("u@x", "u@x"),
            ("100%25", "100%"),
            ("%C3%A9", "é"),
        ] {
            let proxy: Proxy = format!("http://{user}@proxy:80").parse().unwrap();
            assert_eq!(proxy.user.as_deref(), Some(name));
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
            assert_eq!(error, invalid(PASSWORD));
        }
        let without_user: Proxy = "http://proxy:80".parse().unwrap();
        assert_eq!(without_user.password("a"), Err(Proxy::NO_USER));
    }
}
