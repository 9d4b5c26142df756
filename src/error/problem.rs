//! What a caller can mend.

/// What exactly is wrong, where the caller can do something about it.
///
/// The text of an [`Error`](super::Error) says it, too. A program compares this value, since texts
/// change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// The message has more octets than the server takes (RFC 1870).
    MessageTooLarge {
        /// The size of the message as it would be sent, in octets.
        size: u64,
        /// The largest size that the server takes, in octets.
        limit: u64,
    },
    /// There is no host with this name.
    NoSuchHost,
    /// The host has no address of the family that the settings restrict the connection to.
    NoAddressOfFamily,
    /// The source address of the settings is not one of this machine.
    ForeignSourceAddress,
    /// The proxy has a user and no password.
    NoProxyPassword,
    /// The server does not offer STARTTLS.
    NoStartTls,
    /// The port begins with TLS, or seems to, and the settings are for another one.
    BeginsWithTls,
    /// The port begins in clear text, or seems to, and the settings are for TLS from the beginning.
    BeginsInClearText,
    /// The server knows neither EHLO nor HELO: it may be one for LMTP.
    MaybeLmtp,
    /// The settings would send the password in clear text.
    PasswordInClearText,
    /// The certificate of the server is not trusted. A pin of its fingerprint trusts it.
    UntrustedCertificate {
        /// The SHA-256 fingerprint of the certificate.
        sha256: [u8; 32],
        /// Whether trust in the authority that signed the certificate would be enough.
        needs_authority: bool,
    },
    /// The certificate is for other names than that of the server.
    OtherName,
    /// The server wants a client certificate that it trusts.
    ClientCertificate,
    /// The server rejected the login by a mechanism for which it has to store a secret of its own, and
    /// offers mechanisms that need none.
    OtherMechanisms,
    /// The server rejected the login for a reason in the words of the mechanism, which the text of the
    /// error names.
    LoginReason,
    /// The server cannot verify the password now (RFC 5802 section 7).
    NoResources,
    /// The server did not answer a command that was sent together with another one.
    LostCommand,
    /// The [`Departure`](crate::session::Departure) of the mail did not let it leave, took too long or
    /// panicked. The server does not have the mail, and has not judged it.
    NotDeparted,
}
