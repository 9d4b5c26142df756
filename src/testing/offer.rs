//! Extensions that are offered to order.

use super::keyword::Keyword;

/// An extension that the server offers when it is asked to, by
/// [`ServerBuilder::offer`](super::ServerBuilder::offer).
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

    /// What stands behind the keyword in the reply to EHLO.
    fn value(&self) -> Option<String> {
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

/// The line of the reply to EHLO for an extension that was ordered.
pub(super) fn line(name: &str, keyword: Keyword, offers: &[Offer]) -> String {
    let values = offers
        .iter()
        .filter(|offer| offer.keyword() == keyword)
        .filter_map(Offer::value);
    std::iter::once(name.to_owned())
        .chain(values)
        .collect::<Vec<_>>()
        .join(" ")
}
