//! Why an envelope cannot ask for something.

/// What is wrong with an option of an envelope. Input is shown escaped and shortened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// No identifier of an envelope (RFC 3461 section 4.4).
    #[error(
        "\"{found}\" cannot identify an envelope: use printable ASCII that has 1 to 100 octets, \
         where each space, + and = counts for three"
    )]
    EnvelopeId {
        /// What was given.
        found: Box<str>,
    },
    /// No events to notify the sender of (RFC 3461 section 4.1).
    #[error("\"{found}\" is not valid: write never, or some of success,failure,delay")]
    Notify {
        /// What was given.
        found: Box<str>,
    },
    /// No part of a message that a notification returns (RFC 3461 section 4.3).
    #[error("\"{found}\" is not a part of a mail: write hdrs or full")]
    Ret {
        /// What was given.
        found: Box<str>,
    },
    /// No time to deliver by (RFC 2852).
    #[error(
        "{seconds} seconds is not a valid delivery time: use -999999999 to 999999999, and more than \
         0 where the mail is to be returned"
    )]
    DeliverBy {
        /// What was given.
        seconds: i64,
    },
    /// No time to hold a mail for (RFC 4865).
    #[error("a mail cannot be held for {seconds} seconds: use 1 to 999999999")]
    HoldSeconds {
        /// What was given.
        seconds: i64,
    },
    /// No date to hold a mail until (RFC 4865).
    #[error(
        "\"{found}\" is not a valid date to hold a mail until: write one of 1970 or later as in \
         2030-01-31T08:00:00Z or 2030-01-31T09:00:00+01:00"
    )]
    DateTime {
        /// What was given.
        found: Box<str>,
    },
    /// No priority (RFC 6710).
    #[error("{found} is not a valid priority: use -9 (lowest) to 9 (highest)")]
    Priority {
        /// What was given.
        found: i64,
    },
    /// Options for an address that is not a recipient.
    #[error("{path} is not a recipient of this envelope: add it, or leave its options out")]
    NoSuchRecipient {
        /// The path that was given.
        path: Box<str>,
    },
}
