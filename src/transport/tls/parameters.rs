//! The parameters that a handshake negotiated.

use std::fmt;

use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{
    ALL_VERSIONS, HandshakeKind, ProtocolVersion, SupportedProtocolVersion, version,
};

use super::fingerprint::Fingerprint;
use crate::protocol::named;

/// The parameters that a handshake negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsParameters {
    /// The protocol's version, such as `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite's name, such as `TLS13_AES_128_GCM_SHA256`.
    pub cipher_suite: &'static str,
    /// The group of the key exchange, such as `X25519MLKEM768`; `None` for a TLS 1.2 session that
    /// was resumed, which has none.
    pub key_exchange: Option<&'static str>,
    /// Whether both sides resumed an earlier session (RFC 8446 section 2.2, RFC 5077). In a full
    /// handshake, the server shows its certificate and proves that it has the key.
    pub resumed: bool,
    /// The SHA-256 of the server's certificate, which can be
    /// [pinned](super::TlsConfigBuilder::fingerprint). For a resumed session, it is the certificate
    /// that the server presented when the session was new.
    pub certificate: Option<Fingerprint>,
}

/// A version of TLS that the client supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246), without the features that RFC 9325 forbids.
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

named!(TlsVersion, "version of TLS", "1.2 and 1.3", {
    Tls12 => "1.2",
    Tls13 => "1.3",
});

static TLS_1_3: &[&SupportedProtocolVersion] = &[&version::TLS13];

impl TlsVersion {
    /// This version and those that are later.
    pub(super) fn and_later(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Tls12 => ALL_VERSIONS,
            Self::Tls13 => TLS_1_3,
        }
    }
}

impl TlsParameters {
    /// Reads them from a connection. The hash costs a hundredth of the handshake.
    pub(in crate::transport) fn of<S>(stream: &TlsStream<S>) -> Self {
        let (_, connection) = stream.get_ref();
        let certificates = connection.peer_certificates();
        Self {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "unknown",
            },
            cipher_suite: connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or("unknown"),
            key_exchange: connection
                .negotiated_key_exchange_group()
                .and_then(|group| group.name().as_str()),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            certificate: certificates
                .and_then(<[_]>::first)
                .map(|certificate| Fingerprint::of_certificate(certificate)),
        }
    }
}

impl fmt::Display for TlsParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version, self.cipher_suite)?;
        if let Some(group) = self.key_exchange {
            write!(f, " {group}")?;
        }
        if self.resumed {
            f.write_str(" resumed")?;
        }
        Ok(())
    }
}
