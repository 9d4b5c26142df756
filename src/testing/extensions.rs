//! The service extensions: those that the server knows, and those that it offers only if a test asks
//! for them.

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

/// An extension that the server offers only after
/// [`TestServerBuilder::offer`](super::TestServerBuilder::offer). The server records the parameters that
/// a client sends, see [`Received::mail_parameter`](super::Received::mail_parameter) and
/// [`Received::rcpt_parameter`](super::Received::rcpt_parameter), and does not act on them.
///
/// ```
/// use pilotfish::testing::{self, Offer};
/// use pilotfish::{Client, Message, ServerConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Two recipients at a time, and notifications for those who want them.
/// let submission = testing::TestServer::builder()
///     .offer(Offer::Recipients(2))
///     .offer(Offer::Dsn)
/// #   .security(testing::Security::Cleartext)
///     .anonymous()
///     .start()
///     .await?;
/// # let server = ServerConfig::builder(submission.addr().ip())
/// #     .port(submission.addr().port())
/// #     .security(pilotfish::Security::Cleartext)
/// #     .build()?;
/// # let client = Client::new(server);
/// let message = Message::builder()
///     .from("ada@here.example")
///     .to("ann@there.example, bob@there.example, cy@there.example")
///     .text("Lunch?\n")
///     .build()
///     .await?;
/// client.send(message).await?;
///
/// let portions = submission.received();
/// assert_eq!(portions[0].forward_paths, ["ann@there.example", "bob@there.example"]);
/// assert_eq!(portions[1].forward_paths, ["cy@there.example"]);
/// assert_eq!(portions[1].rcpt_parameter("cy@there.example", "NOTIFY"), None);
/// # client.close().await;
/// submission.shutdown().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offer {
    /// DSN (RFC 3461).
    Dsn,
    /// DELIVERBY (RFC 2852), with the least number of seconds for mails that are to be returned;
    /// 0 means that there is none.
    DeliverBy(u32),
    /// FUTURERELEASE (RFC 4865).
    FutureRelease {
        /// The largest number of seconds.
        longest: u32,
        /// The latest date, such as `2030-01-31T08:00:00Z`.
        latest: String,
    },
    /// MT-PRIORITY (RFC 6710).
    MtPriority,
    /// REQUIRETLS (RFC 8689). It is offered inside TLS alone.
    RequireTls,
    /// LIMITS (RFC 9422) with MAILMAX: the session ends with 421 at the mail that is one too many.
    Mails(u32),
    /// LIMITS with RCPTMAX: the recipients that are too many are answered with 452.
    Recipients(u32),
    /// LIMITS with RCPTDOMAINMAX: the recipients in the domains that are too many in a session are
    /// answered with 452.
    Domains(u32),
}

impl Offer {
    pub(super) fn keyword(&self) -> Keyword {
        match self {
            Self::Dsn => Keyword::Dsn,
            Self::DeliverBy(_) => Keyword::DeliverBy,
            Self::FutureRelease { .. } => Keyword::FutureRelease,
            Self::MtPriority => Keyword::MtPriority,
            Self::RequireTls => Keyword::RequireTls,
            Self::Mails(_) | Self::Recipients(_) | Self::Domains(_) => Keyword::Limits,
        }
    }

    /// What follows the keyword in the reply to EHLO.
    pub(super) fn value(&self) -> Option<String> {
        match self {
            Self::DeliverBy(0) | Self::Dsn | Self::MtPriority | Self::RequireTls => None,
            Self::DeliverBy(least) => Some(least.to_string()),
            Self::FutureRelease { longest, latest } => Some(format!("{longest} {latest}")),
            Self::Mails(most) => Some(format!("MAILMAX={most}")),
            Self::Recipients(most) => Some(format!("RCPTMAX={most}")),
            Self::Domains(most) => Some(format!("RCPTDOMAINMAX={most}")),
        }
    }
}
