//! Extensions that the server offers only if a test asks for them.

use super::keyword::Keyword;

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
