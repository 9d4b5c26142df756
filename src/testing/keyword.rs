//! The service extensions that the server knows.

/// An extension that the reply to EHLO may offer (RFC 5321, section 4.1.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    /// RFC 3207.
    StartTls,
    /// RFC 2920.
    Pipelining,
    /// RFC 1870.
    Size,
    /// RFC 6152.
    EightBitMime,
    /// RFC 2034.
    EnhancedStatusCodes,
    /// RFC 6531.
    SmtpUtf8,
    /// RFC 3030, section 2.
    Chunking,
    /// RFC 3030, section 3.
    BinaryMime,
    /// RFC 3461.
    Dsn,
    /// RFC 2852.
    DeliverBy,
    /// RFC 4865.
    FutureRelease,
    /// RFC 6710.
    MtPriority,
    /// RFC 8689.
    RequireTls,
    /// RFC 9422.
    Limits,
    /// RFC 4954.
    Auth,
}

/// Each extension in the order in which the server offers them, with its name and the number of
/// octets that it adds to the longest MAIL command: RFC 1870, section 3; RFC 6152, section 2;
/// RFC 6531, section 3.1; RFC 3461, section 4; RFC 2852; RFC 4865; RFC 6710; RFC 8689; RFC 4954,
/// section 3.
pub(super) const EXTENSIONS: [(Keyword, &str, usize); 15] = [
    (Keyword::StartTls, "STARTTLS", 0),
    (Keyword::Pipelining, "PIPELINING", 0),
    (Keyword::Size, "SIZE", 26),
    (Keyword::EightBitMime, "8BITMIME", 17),
    (Keyword::EnhancedStatusCodes, "ENHANCEDSTATUSCODES", 0),
    (Keyword::SmtpUtf8, "SMTPUTF8", 10),
    (Keyword::Chunking, "CHUNKING", 0),
    (Keyword::BinaryMime, "BINARYMIME", 17),
    (Keyword::Dsn, "DSN", 116),
    (Keyword::DeliverBy, "DELIVERBY", 17),
    (Keyword::FutureRelease, "FUTURERELEASE", 34),
    (Keyword::MtPriority, "MT-PRIORITY", 15),
    (Keyword::RequireTls, "REQUIRETLS", 11),
    (Keyword::Limits, "LIMITS", 0),
    (Keyword::Auth, "AUTH", 500),
];

impl Keyword {
    /// The extension of this name, in any case of letters.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut all = EXTENSIONS.iter();
        all.find(|(_, own, _)| own.eq_ignore_ascii_case(name))
            .map(|(keyword, ..)| *keyword)
    }

    /// Whether the server offers the extension only if the test asks for it.
    pub(super) fn is_optional(self) -> bool {
        matches!(
            self,
            Self::Dsn
                | Self::DeliverBy
                | Self::FutureRelease
                | Self::MtPriority
                | Self::RequireTls
                | Self::Limits
        )
    }
}
