//! The AUTH mechanisms that the server knows.

/// A mechanism (RFC 4954, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthMechanism {
    /// RFC 4616.
    Plain,
    /// Described by no RFC.
    Login,
    /// RFC 2195.
    CramMd5,
    /// RFC 5802.
    ScramSha1,
    /// RFC 5802, bound to the TLS connection.
    ScramSha1Plus,
    /// RFC 7677.
    ScramSha256,
    /// RFC 7677, bound to the TLS connection.
    ScramSha256Plus,
    /// Described by no RFC.
    XOAuth2,
    /// RFC 7628.
    OAuthBearer,
    /// RFC 4422, appendix A.
    External,
}

const ALL: [(AuthMechanism, &str); 10] = [
    (AuthMechanism::Plain, "PLAIN"),
    (AuthMechanism::Login, "LOGIN"),
    (AuthMechanism::CramMd5, "CRAM-MD5"),
    (AuthMechanism::ScramSha1, "SCRAM-SHA-1"),
    (AuthMechanism::ScramSha1Plus, "SCRAM-SHA-1-PLUS"),
    (AuthMechanism::ScramSha256, "SCRAM-SHA-256"),
    (AuthMechanism::ScramSha256Plus, "SCRAM-SHA-256-PLUS"),
    (AuthMechanism::XOAuth2, "XOAUTH2"),
    (AuthMechanism::OAuthBearer, "OAUTHBEARER"),
    (AuthMechanism::External, "EXTERNAL"),
];

impl AuthMechanism {
    /// The mechanism of this name, in any case of letters.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut all = ALL.iter();
        all.find(|(_, own)| own.eq_ignore_ascii_case(name))
            .map(|(mechanism, _)| *mechanism)
    }

    pub(super) fn name(self) -> &'static str {
        let mut all = ALL.iter();
        all.find(|(mechanism, _)| *mechanism == self)
            .map_or("", |(_, name)| name)
    }

    /// Whether it binds to the TLS connection.
    pub(super) fn binds(self) -> bool {
        matches!(self, Self::ScramSha1Plus | Self::ScramSha256Plus)
    }
}
