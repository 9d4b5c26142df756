//! The mechanisms, and the order in which they are tried.

use super::super::value_error::named;
use super::credentials::{Credentials, Proof};

/// An AUTH mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// SCRAM-SHA-256-PLUS (RFC 7677): SCRAM-SHA-256, bound to the TLS connection.
    ScramSha256Plus,
    /// SCRAM-SHA-256 (RFC 7677): each side proves that it knows the password without sending it.
    ScramSha256,
    /// SCRAM-SHA-1-PLUS (RFC 5802).
    ScramSha1Plus,
    /// SCRAM-SHA-1 (RFC 5802).
    ScramSha1,
    /// OAUTHBEARER (RFC 7628): an OAuth 2.0 access token.
    OAuthBearer,
    /// XOAUTH2: the predecessor of OAUTHBEARER, and the only one of the two that some services support.
    XOAuth2,
    /// EXTERNAL (RFC 4422 appendix A): the server knows the user from elsewhere, mostly from a client
    /// certificate.
    External,
    /// PLAIN (RFC 4616): the password.
    Plain,
    /// LOGIN, never standardised, and the only one that some services offer for passwords.
    Login,
    /// CRAM-MD5 (RFC 2195): a keyed hash of a challenge. It needs the feature `cram-md5`.
    CramMd5,
}

impl Mechanism {
    /// The mechanisms in the order in which they are tried inside TLS: the strongest first.
    ///
    /// CRAM-MD5 stands last. Inside verified TLS it protects nothing that PLAIN does not, a server
    /// that offers it has to keep the password itself, and one that offers it without having kept
    /// it refuses a right password.
    pub const PREFERENCE: [Self; 10] = [
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::ScramSha1Plus,
        Self::ScramSha1,
        Self::OAuthBearer,
        Self::XOAuth2,
        Self::External,
        Self::Plain,
        Self::Login,
        Self::CramMd5,
    ];

    /// The order for clear text, where CRAM-MD5 at least does not show the password.
    pub const PREFERENCE_IN_CLEARTEXT: [Self; 10] = [
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::ScramSha1Plus,
        Self::ScramSha1,
        Self::CramMd5,
        Self::OAuthBearer,
        Self::XOAuth2,
        Self::External,
        Self::Plain,
        Self::Login,
    ];

    /// Whether it can be used at all. CRAM-MD5 cannot without the feature `cram-md5`.
    pub(crate) const fn is_built(self) -> bool {
        !matches!(self, Self::CramMd5) || cfg!(feature = "cram-md5")
    }

    /// Whether these credentials are of the kind that the mechanism takes. LOGIN and CRAM-MD5 take
    /// none that [act as](Credentials::acting_as) another identity, and CRAM-MD5 takes none at all
    /// without the feature `cram-md5`.
    #[must_use]
    pub fn takes(self, credentials: &Credentials) -> bool {
        self.is_built() && self.is_for(credentials)
    }

    /// Whether it takes these credentials once it [is built](Self::is_built).
    pub(crate) fn is_for(self, credentials: &Credentials) -> bool {
        let carries_no_identity = matches!(self, Self::Login | Self::CramMd5);
        match credentials.proof() {
            Proof::Password(_) if carries_no_identity => credentials.identity().is_none(),
            Proof::Password(_) => self.is_scram() || self == Self::Plain,
            Proof::Token(_) => matches!(self, Self::OAuthBearer | Self::XOAuth2),
            Proof::External => self == Self::External,
        }
    }

    /// Whether it is one of SCRAM (RFC 5802), in which both sides prove that they know the password.
    pub(crate) const fn is_scram(self) -> bool {
        matches!(
            self,
            Self::ScramSha256Plus | Self::ScramSha256 | Self::ScramSha1Plus | Self::ScramSha1
        )
    }

    /// Whether the login is bound to the TLS connection.
    #[must_use]
    pub const fn binds(self) -> bool {
        matches!(self, Self::ScramSha256Plus | Self::ScramSha1Plus)
    }
}

named!(
    /// The name in EHLO and AUTH.
    #[must_use]
    pub Mechanism, "mechanism",
    "plain, login, cram-md5, scram-sha-1, scram-sha-256, both with -plus, xoauth2, oauthbearer and \
     external",
    {
        ScramSha256Plus => "SCRAM-SHA-256-PLUS",
        ScramSha256 => "SCRAM-SHA-256",
        ScramSha1Plus => "SCRAM-SHA-1-PLUS",
        ScramSha1 => "SCRAM-SHA-1",
        OAuthBearer => "OAUTHBEARER",
        XOAuth2 => "XOAUTH2",
        External => "EXTERNAL",
        Plain => "PLAIN",
        Login => "LOGIN",
        CramMd5 => "CRAM-MD5",
    }
);
