//! The messages of SCRAM (RFC 5802 section 7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::error::{ExchangeError, MAX_ITERATIONS, MIN_ITERATIONS};

/// Octets that only the two ends of one TLS connection have in common, or that stand for the
/// server's certificate (RFC 5056). Not secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// `tls-exporter` (RFC 9266): 32 octets of the connection's own keying material.
    TlsExporter(Vec<u8>),
    /// `tls-server-end-point` (RFC 5929 section 4): a hash of the server's certificate.
    TlsServerEndPoint(Vec<u8>),
}

/// What the client says about channel binding: the flag of a GS2 header (RFC 5802 section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gs2Flag {
    /// `n`: the client cannot bind, or must not.
    Unsupported,
    /// `y`: the client can bind, and the server offers no mechanism that does. A server that offers
    /// one then knows that an attacker has shortened its list, and refuses the login.
    NotOffered,
    /// `p=`: the login is bound.
    Bound(ChannelBinding),
}

impl Gs2Flag {
    /// The flag with the name of the binding (RFC 5801 section 4), and the data to bind to.
    pub(super) fn parts(&self) -> (&'static str, &[u8]) {
        match self {
            Self::Unsupported => ("n", &[]),
            Self::NotOffered => ("y", &[]),
            Self::Bound(ChannelBinding::TlsExporter(octets)) => ("p=tls-exporter", octets),
            Self::Bound(ChannelBinding::TlsServerEndPoint(octets)) => {
                ("p=tls-server-end-point", octets)
            }
        }
    }
}

/// The client's part of a nonce: visible ASCII without a comma.
///
/// It is made of octets that cannot be guessed, and serves for one exchange.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientNonce(String);

impl ClientNonce {
    /// Makes a nonce of 144 random bits.
    #[must_use]
    pub fn new(random: [u8; 18]) -> Self {
        Self(STANDARD.encode(random))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(in super::super) fn recorded(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A name without what separates attributes (RFC 5802 section 5.1).
pub(in super::super) fn escaped_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// The server's first message.
pub(super) struct ServerFirst<'a> {
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
}

impl<'a> ServerFirst<'a> {
    pub(super) fn read(text: &'a str, own: &ClientNonce) -> Result<Self, ExchangeError> {
        let mut attributes = text.split(',');
        let mut next = |name: &'static str| {
            let attribute = attributes.next().unwrap_or_default();
            let value = attribute
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('='));
            value.ok_or_else(|| match attribute.split_once('=') {
                Some(("m", _)) => ExchangeError::MandatoryExtension,
                Some(("e", error)) => server_error(error),
                _ => ExchangeError::Malformed(name),
            })
        };
        let (nonce, salt, iterations) = (next("r")?, next("s")?, next("i")?);
        let grown = nonce.strip_prefix(own.as_str());
        let grown = grown.ok_or(ExchangeError::WrongNonce)?;
        if !nonce.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(ExchangeError::Malformed("r"));
        }
        // Without a part of its own the server could be made to repeat itself.
        if grown.is_empty() {
            return Err(ExchangeError::WrongNonce);
        }
        let salt = STANDARD.decode(salt).unwrap_or_default();
        if salt.is_empty() {
            return Err(ExchangeError::Malformed("s"));
        }
        Ok(Self {
            nonce,
            salt,
            iterations: iteration_count(iterations)?,
        })
    }
}

fn iteration_count(digits: &str) -> Result<u32, ExchangeError> {
    let wellformed = digits.starts_with(|first: char| matches!(first, '1'..='9'))
        && digits.bytes().all(|octet| octet.is_ascii_digit());
    if !wellformed {
        return Err(ExchangeError::Malformed("i"));
    }
    match digits.parse() {
        Ok(number @ ..MIN_ITERATIONS) => Err(ExchangeError::TooFewIterations(number)),
        Ok(number @ ..=MAX_ITERATIONS) => Ok(number),
        _ => Err(ExchangeError::TooManyIterations),
    }
}

/// The signature in the server's last message.
pub(super) fn signature(text: &str) -> Result<Vec<u8>, ExchangeError> {
    let attribute = text.split(',').next().unwrap_or_default();
    match attribute.split_once('=') {
        Some(("v", signature)) => STANDARD
            .decode(signature)
            .map_err(|_| ExchangeError::Malformed("v")),
        Some(("e", error)) => Err(server_error(error)),
        Some(("m", _)) => Err(ExchangeError::MandatoryExtension),
        _ => Err(ExchangeError::Malformed("v")),
    }
}

fn server_error(text: &str) -> ExchangeError {
    ExchangeError::ServerError(text.chars().take(80).collect())
}
