//! The host to connect to.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use tokio_rustls::rustls::pki_types::{DnsName, ServerName};

use crate::protocol::{ValueError, try_from_text};

/// A host to connect to: a DNS name or an IP address.
///
/// The certificate has to be valid for this name (RFC 9525 section 6.1). So it always is the name
/// that the user wrote, never one that DNS or the server returned. International names are stored as
/// A-labels. A final dot keeps resolvers from adding domains of their own (RFC 1034 section 3.1).
/// Unlike the [`Domain`](crate::address::Domain) of an address, a host may contain underscores, which
/// container networks use.
///
/// ```
/// use pilotfish::transport::Host;
///
/// assert_eq!("Smtp.Example.COM".parse::<Host>().unwrap().to_string(), "smtp.example.com");
/// assert_eq!("[::1]".parse::<Host>().unwrap().to_string(), "::1");
/// assert!("two words".parse::<Host>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// The name for which TLS verifies the certificate, and that it announces by SNI if it is not an
    /// address: without a final dot (RFC 6066 section 3).
    pub(super) name: ServerName<'static>,
    /// Whether the user wrote a final dot. Without it, a resolver may add domains of its own.
    has_final_dot: bool,
}

/// The beginning of `text`, for an error to quote.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Reads the number of a port, 1 to 65535. The standard parser would accept a sign.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

impl Host {
    /// The IP address, if the host is one and not a name.
    #[must_use]
    pub fn as_address(&self) -> Option<IpAddr> {
        match self.name {
            ServerName::IpAddress(address) => Some(address.into()),
            _ => None,
        }
    }
}

impl FromStr for Host {
    type Err = ValueError;

    /// Reads a DNS name, an IPv4 address, or an IPv6 address with or without brackets.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        // The text after a colon may be a password.
        let error = || {
            let quoted = match text.split_once(':') {
                Some((before, _)) => format!("{}:..", shortened(before)),
                None => shortened(text),
            };
            let reason = format!(
                "\"{}\" is neither a host name nor an IP address: write it like smtp.example.com",
                quoted.escape_debug()
            );
            ValueError::with_reason("the host is not valid", reason)
        };
        let unbracketed = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = unbracketed.unwrap_or(text).parse::<IpAddr>() {
            return Ok(address.into());
        }
        let without_dot = text.strip_suffix('.');
        let name = without_dot.unwrap_or(text).as_bytes();
        let ascii =
            idna::domain_to_ascii_cow(name, idna::AsciiDenyList::URL).map_err(|_| error())?;
        // RFC 1123 section 2.1: a name that ends in digits would be read as an address.
        let numeric = ascii
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().all(|octet| octet.is_ascii_digit()));
        if numeric {
            return Err(error());
        }
        let name = DnsName::try_from(ascii.into_owned()).map_err(|_| error())?;
        Ok(Self {
            name: ServerName::DnsName(name),
            has_final_dot: without_dot.is_some(),
        })
    }
}

try_from_text!(Host);

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self {
            name: address.into(),
            has_final_dot: false,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name.to_str())?;
        f.write_str(if self.has_final_dot { "." } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, expected) in [
            ("smtp.gmail.com", Some("smtp.gmail.com")),
            ("localhost", Some("localhost")),
            ("mail_server", Some("mail_server")),
            ("Bücher.example", Some("xn--bcher-kva.example")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("::1", Some("::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("", None),
            ("a b", None),
            ("a\r\nb", None),
            ("a..b", None),
            ("smtp.example.com.", Some("smtp.example.com.")),
            ("Localhost.", Some("localhost.")),
            (".", None),
            ("a..", None),
            ("127.0.0.1.", None),
            ("::1.", None),
            ("-", None),
            ("1.2.3", None),
            ("127.0.0.256", None),
            ("host:25", None),
            ("user@host", None),
            ("x/y", None),
        ] {
            let host = text.parse::<Host>().ok().map(|host| host.to_string());
            assert_eq!(host.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn tls_gets_the_name_without_its_final_dot() {
        for text in ["smtp.example.com", "smtp.example.com."] {
            let name = text.parse::<Host>().unwrap().name;
            assert_eq!(name.to_str(), "smtp.example.com");
        }
    }
}
