//! What ties a login to one TLS connection (RFC 5056, RFC 5929, RFC 9266).

/// Octets that only the two ends of one TLS connection have in common, or that stand for the
/// server's certificate. Not secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// `tls-exporter` (RFC 9266): 32 octets of the connection's own keying material.
    TlsExporter(Vec<u8>),
    /// `tls-server-end-point` (RFC 5929 section 4): a hash of the server's certificate.
    TlsServerEndPoint(Vec<u8>),
}

impl ChannelBinding {
    /// The name as it stands in a GS2 header (RFC 5801 section 4).
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::TlsExporter(_) => "tls-exporter",
            Self::TlsServerEndPoint(_) => "tls-server-end-point",
        }
    }

    pub(super) fn octets(&self) -> &[u8] {
        match self {
            Self::TlsExporter(octets) | Self::TlsServerEndPoint(octets) => octets,
        }
    }
}

/// What the client can say of channel binding: the flag of a GS2 header (RFC 5802 section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gs2Flag {
    /// `n`: the client cannot bind, or was told not to.
    Unsupported,
    /// `y`: the client could, and the server offers no mechanism that does. A server that does
    /// offer one sees by it that somebody has shortened the list, and refuses.
    NotOffered,
    /// `p=`: the login is bound.
    Bound(ChannelBinding),
}
