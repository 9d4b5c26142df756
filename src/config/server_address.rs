//! `HOST[:PORT]`.

use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

use crate::transport::{Host, HostError};

/// A host, and a port if one is named: `smtp.gmail.com`, `smtp.gmail.com:465`, `192.0.2.1:587`,
/// `[2001:db8::1]:587` or `2001:db8::1`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub struct ServerAddress {
    /// The host.
    pub host: Host,
    /// The port, 1 to 65535, if it is named.
    pub port: Option<u16>,
}

impl FromStr for ServerAddress {
    type Err = ServerAddressError;

    fn from_str(text: &str) -> Result<Self, ServerAddressError> {
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(ServerAddressError::Scheme(
                scheme.chars().take(80).collect(),
            ));
        }
        let (host, port) = match text.rsplit_once(':') {
            // The colons of an IPv6 address without brackets are its own.
            Some((host, _)) if host.contains(':') && !host.ends_with(']') => (text, None),
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = port.map(parse_port).transpose()?;
        Ok(Self {
            host: host.parse()?,
            port,
        })
    }
}

fn parse_port(text: &str) -> Result<u16, ServerAddressError> {
    // The standard parser would take a sign.
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|port: &u16| digits && *port > 0)
        .ok_or_else(|| ServerAddressError::Port(text.chars().take(80).collect()))
}

impl TryFrom<String> for ServerAddress {
    type Error = ServerAddressError;

    fn try_from(text: String) -> Result<Self, ServerAddressError> {
        text.parse()
    }
}

/// Text that names no server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ServerAddressError {
    /// It is a URL, with this scheme.
    #[error("\"{}://\" does not belong here: write host and port alone, like smtp.example.com:587", .0.escape_debug())]
    Scheme(String),
    /// What stands before the colon is no host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// What stands behind the colon is no port.
    #[error("\"{}\" is no port: it is a number from 1 to 65535", .0.escape_debug())]
    Port(String),
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
            ("smtp://host", None),
            ("[::1", None),
        ] {
            let parsed = text.parse::<ServerAddress>().ok();
            let parsed = parsed.map(|address| (address.host.to_string(), address.port));
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(parsed, expected, "{text}");
        }
    }
}
