//! The text that names a server: `HOST[:PORT]`, or a URL.

use std::path::PathBuf;
use std::str::FromStr;

use super::security::Security;
use super::server::{ServerConfig, ServerConfigBuilder};
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{Dialect, ValueError};
#[cfg(unix)]
use crate::transport::Route;
use crate::transport::{Host, Url, decoded, parse_port, shortened};

/// A server: a host, and a port if one is named: `smtp.gmail.com`, `smtp.gmail.com:465`,
/// `192.0.2.1:587`, `[2001:db8::1]:587` or `2001:db8::1`.
///
/// Or a URL: see [`ServerConfig::from_url`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerAddress {
    /// The host: `localhost` if there is a Unix socket.
    pub(crate) host: Host,
    /// The port, 1 to 65535, if it is named.
    pub(crate) port: Option<u16>,
    /// The Unix socket, if there is one.
    pub(crate) unix_socket: Option<PathBuf>,
    /// The user, if one is named.
    pub(crate) user: Option<String>,
    /// What is spoken there.
    pub(crate) protocol: Dialect,
    /// How sessions are protected, if the scheme says so.
    pub(crate) tls: Option<Security>,
}

impl ServerConfig {
    /// Begins with a URL: `SCHEME://[USER@]HOST[:PORT]`, or `lmtp:///PATH` for a Unix socket.
    ///
    /// | scheme | protocol | TLS | port by default |
    /// |---|---|---|---|
    /// | `smtp` | SMTP | implicit on port 465, else STARTTLS | 587 |
    /// | `smtps` | SMTP | implicit | 465 |
    /// | `smtp+tls` | SMTP | STARTTLS | 587 |
    /// | `smtp+notls` | SMTP | none | 25 |
    /// | `lmtp` | LMTP (RFC 2033) | none | must be named |
    ///
    /// The user and the path may have characters in percent form (RFC 3986 section 2.1): `%40` for
    /// `@`. A URL that names a user needs a [`password`](ServerConfigBuilder::password), or
    /// [`credentials`](ServerConfigBuilder::credentials) for the same user: without them,
    /// [`build`](ServerConfigBuilder::build) fails. The user of a provider that is a closure is not
    /// compared. A text without a scheme is `HOST[:PORT]`.
    ///
    /// ```
    /// use pilotfish::ServerConfig;
    ///
    /// # fn example(password: String) -> pilotfish::Result<()> {
    /// let server = ServerConfig::from_url("smtps://me%40gmail.com@smtp.gmail.com")?
    ///     .password(password)
    ///     .build()?;
    /// assert_eq!(server.port(), 465);
    /// # Ok(())
    /// # }
    /// # example("app password".to_owned()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`]: the text is not such a URL, or there is a password in it. URLs end up in
    /// logs and process lists, so the password has a method of its own.
    pub fn from_url(url: &str) -> Result<ServerConfigBuilder> {
        let address: ServerAddress = url.parse().map_err(|error: ServerAddressError| {
            Error::wrapping(
                ErrorKind::Config,
                "the URL of the server is not valid",
                error,
            )
        })?;
        let mut builder = Self::builder(address.host);
        builder.user = address.user;
        if let Some(port) = address.port {
            builder = builder.port(port);
        }
        if let Some(security) = address.tls {
            builder = builder.security(security);
        }
        if address.protocol == Dialect::Lmtp {
            builder = builder.lmtp();
        }
        #[cfg(unix)]
        if let Some(path) = address.unix_socket {
            builder = builder.route(Route::new().unix_socket(path));
        }
        Ok(builder)
    }
}

impl FromStr for ServerAddress {
    type Err = ServerAddressError;

    fn from_str(text: &str) -> Result<Self, ServerAddressError> {
        let Some(url) = Url::split(text) else {
            // Not quoted in the error: it may have a password in it.
            let place = text.split_once("://").map_or(text, |(_, place)| place);
            return match place.rsplit_once('@') {
                Some((login, _)) if login.contains(':') => Err(ServerAddressError::Password),
                Some(_) => Err(ServerAddressError::User),
                None => Self::at(text),
            };
        };
        let (protocol, tls) = match url.scheme.as_str() {
            "smtp" => (Dialect::Smtp, None),
            "smtp+tls" => (Dialect::Smtp, Some(Security::StartTls)),
            "smtps" => (Dialect::Smtp, Some(Security::ImplicitTls)),
            "smtp+notls" => (Dialect::Smtp, Some(Security::Cleartext)),
            "lmtp" => (Dialect::Lmtp, Some(Security::Cleartext)),
            other => return Err(ServerAddressError::Scheme(shortened(other))),
        };
        if protocol == Dialect::Lmtp && url.place.starts_with('/') && url.user.is_none() {
            let path = decoded(url.place).ok_or(ServerAddressError::Percent)?;
            if path.ends_with('/') || path.contains('\0') || cfg!(not(unix)) {
                return Err(ServerAddressError::Path);
            }
            return Ok(Self {
                unix_socket: Some(path.as_ref().into()),
                protocol,
                ..Self::at("localhost")?
            });
        }
        let user = url.user.map(user_name).transpose()?;
        let address = Self::at(url.place)?;
        if protocol == Dialect::Lmtp && matches!(address.port, None | Some(25)) {
            return Err(ServerAddressError::LmtpPort);
        }
        Ok(Self {
            user,
            protocol,
            tls,
            ..address
        })
    }
}

/// The user of a URL, in percent form (RFC 3986 section 3.2.1). It is not quoted in an error, as it
/// may have a password in it.
fn user_name(user: &str) -> Result<String, ServerAddressError> {
    if user.contains(':') {
        return Err(ServerAddressError::Password);
    }
    if user.is_empty() {
        return Err(ServerAddressError::User);
    }
    let name = decoded(user).ok_or(ServerAddressError::Percent)?;
    if name.chars().any(char::is_control) {
        return Err(ServerAddressError::User);
    }
    Ok(name.into_owned())
}

impl ServerAddress {
    /// `HOST[:PORT]`.
    fn at(text: &str) -> Result<Self, ServerAddressError> {
        let (host, port) = match text.rsplit_once(':') {
            // The colons of an IPv6 address without brackets are its own.
            Some((host, _)) if host.contains(':') && !host.ends_with(']') => (text, None),
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        // Not quoted in the error: a user who forgets the host writes a password there.
        let port = port.map(|text| parse_port(text).ok_or(ServerAddressError::Port));
        Ok(Self {
            host: host.parse()?,
            port: port.transpose()?,
            unix_socket: None,
            user: None,
            protocol: Dialect::Smtp,
            tls: None,
        })
    }
}

/// Why a text does not name a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ServerAddressError {
    /// The URL has this scheme, which is not one for mail.
    #[error("\"{}://\" is no way to send mail: write HOST[:PORT], or a URL with smtp, smtps, smtp+tls, smtp+notls or lmtp", .0.escape_debug())]
    Scheme(String),
    /// The text before `@` is not a user name, or the scheme before it is missing.
    #[error(
        "what is before @ is not a user name, or the scheme is missing: write smtp://USER@HOST"
    )]
    User,
    /// There is a password before `@`. Other users of the machine can read the command line.
    #[error("a server's address must not contain a password: write smtp://USER@HOST")]
    Password,
    /// A `%` is not followed by two hexadecimal digits, or the octets are not UTF-8.
    #[error("a % in a URL begins a percent form: write %25 for the % itself")]
    Percent,
    /// What is before the colon is not a host.
    #[error(transparent)]
    Host(#[from] ValueError),
    /// What is after the colon is not a port.
    #[error("what is after the colon is not a port, which is a number from 1 to 65535")]
    Port,
    /// RFC 2033 section 5.
    #[error("LMTP has no port of its own, and is never spoken on 25: name the server's port")]
    LmtpPort,
    /// What is after `lmtp://` is not the path of a socket.
    #[error("what is after lmtp:// is not the path of a socket: write lmtp:///PATH")]
    Path,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("smtp.gmail.com", Some(("smtp.gmail.com", None))),
            ("smtp.gmail.com:465", Some(("smtp.gmail.com", Some(465)))),
            ("127.0.0.1:1025", Some(("127.0.0.1", Some(1025)))),
            ("::1", Some(("::1", None))),
            ("[::1]", Some(("::1", None))),
            ("[::1]:25", Some(("::1", Some(25)))),
            ("host:0", None),
            ("host:+25", None),
            ("host:65536", None),
            ("host:", None),
            (":25", None),
            ("host:smtp", None),
            ("ftp://host", None),
            ("me:secret@host", None),
            ("[::1", None),
        ] {
            let parsed = text.parse::<ServerAddress>().ok();
            let parsed = parsed.map(|address| (address.host.to_string(), address.port));
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn urls() {
        for (url, expected) in [
            ("smtp://host", "Smtp None host None None"),
            ("smtp+tls://tim@host:25", "Smtp StartTls host 25 tim"),
            ("smtps://a@b@[::1]:465", "Smtp Implicit ::1 465 a@b"),
            ("smtp+notls://host", "Smtp None! host None None"),
            ("lmtp://host:24", "Lmtp None! host 24 None"),
            ("lmtp:///run/lmtp", "Lmtp None localhost /run/lmtp None"),
            ("lmtp://host", "LmtpPort"),
            ("lmtp://host:25", "LmtpPort"),
            ("lmtp:///", "Path"),
            ("smtp:///run/smtp", "Host(\"/run/smtp\")"),
            ("smtp://tim:secret@host", "Password"),
            ("smtps://tim:sec@ret@host:465", "Password"),
            ("tim:secret@host", "Password"),
            ("tim:secret@host:25", "Password"),
            ("tim@host", "User"),
            ("smtp://tim:secret", "Port"),
            ("tim:secret", "Port"),
            ("smtp://tim:sec:ret", "Host(\"tim:..\")"),
            ("smtp://@host", "User"),
            ("smtp://me@good.test#@evil.test", "User"),
            ("smtp://good.test/me@evil.test", "User"),
            ("SMTP://host", "Smtp None host None None"),
            ("Smtps://host/", "Smtp Implicit host None None"),
            ("smtp://host:587/", "Smtp None host 587 None"),
            ("smtp://host:", "Smtp None host None None"),
            ("smtp://host:/", "Smtp None host None None"),
            ("smtp://[::1]:/", "Smtp None ::1 None None"),
            ("smtp://me%40x.test@host", "Smtp None host None me@x.test"),
            ("smtp://100%25@host", "Smtp None host None 100%"),
            ("smtp://t%3Am@host", "Smtp None host None t:m"),
            ("smtp://100%@host", "Percent"),
            ("smtp://%4@host", "Percent"),
            ("smtp://%ff@host", "Percent"),
            ("smtp://a%0d%0ab@host", "User"),
            (
                "lmtp:///run/my%20lmtp",
                "Lmtp None localhost /run/my lmtp None",
            ),
            ("lmtp:///run/100%", "Percent"),
            ("lmtp:///run/a%00b", "Path"),
            ("smtp://host/path", "Host(\"host/path\")"),
            ("smtp://host.:25", "Smtp None host. 25 None"),
            ("FTP://host", "Scheme(\"ftp\")"),
            ("smtp://ho\r\nst", "Host(\"ho\\r\\nst\")"),
        ] {
            let text = match url.parse::<ServerAddress>() {
                Ok(address) => {
                    let tls = match address.tls {
                        Some(Security::Cleartext) => "None!".to_owned(),
                        Some(Security::ImplicitTls) => "Implicit".to_owned(),
                        Some(tls) => format!("{tls:?}"),
                        None => "None".to_owned(),
                    };
                    let port = address.port.map(|port| port.to_string());
                    let path = address.unix_socket.map(|path| path.display().to_string());
                    let none = || "None".to_owned();
                    format!(
                        "{:?} {tls} {} {} {}",
                        address.protocol,
                        address.host,
                        port.or(path).unwrap_or_else(none),
                        address.user.unwrap_or_else(none),
                    )
                }
                Err(ServerAddressError::Host(error)) => {
                    let text = error.to_string();
                    let end =
                        " is neither a host name nor an IP address: write it like smtp.example.com";
                    format!("Host({})", text.strip_suffix(end).unwrap())
                }
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(text, expected, "{url}");
        }
    }
}
