//! How a session is protected.

use crate::protocol::named;

/// How a session is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Security {
    /// TLS from the first octet, customary on port 465 (RFC 8314 section 3.3).
    ImplicitTls,
    /// TLS by STARTTLS (RFC 3207), customary on port 587. Required: without it nothing is
    /// sent.
    StartTls,
    /// No TLS. For servers on a trusted network; no password is sent.
    Cleartext,
}

named!(Security, "mode of TLS", "implicit, starttls and none", {
    ImplicitTls => "implicit",
    StartTls => "starttls",
    Cleartext => "none",
});

impl Security {
    /// The customary security of a port: implicit TLS on 465, STARTTLS on all others.
    #[must_use]
    pub fn of_port(port: u16) -> Self {
        if port == 465 {
            Self::ImplicitTls
        } else {
            Self::StartTls
        }
    }

    /// The customary port: 465 for implicit TLS, 587 for STARTTLS, 25 for clear text.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::ImplicitTls => 465,
            Self::StartTls => 587,
            Self::Cleartext => 25,
        }
    }
}
