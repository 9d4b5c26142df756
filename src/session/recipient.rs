//! The outcome of a mail: for each of its recipients, and as a whole.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::receipt::Receipt;
use crate::address::ForwardPath;
use crate::error::{Error, ErrorKind, Fate, Stage};
use crate::observe::MailOutcome;
use crate::protocol::Reply;

/// The outcome of a mail for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecipientOutcome {
    /// The server has taken responsibility for the mail (RFC 5321 section 4.2.5). Sent again, it
    /// arrives twice.
    Accepted,
    /// The server has rejected the recipient, or the mail, permanently (5yz).
    Rejected,
    /// The server deferred the recipient, or the mail after it had accepted the recipient (4yz). If
    /// the mail is sent again later, it may be accepted, and it arrives once.
    Deferred,
    /// The message went out whole and no reply to it came (RFC 1047). Sent again, it may arrive
    /// twice.
    Unknown,
    /// The server was not asked to accept the mail for this recipient, or did not get the whole
    /// message. Sent again once the cause of the failure is gone, the mail arrives once.
    NotTried,
}

impl RecipientOutcome {
    /// One word in lower case: `accepted`, `rejected`, `deferred`, `unknown` or `not-tried`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
            Self::Unknown => "unknown",
            Self::NotTried => "not-tried",
        }
    }

    /// Of the recipients that an error does not list.
    fn of_others(error: &Error) -> Self {
        let begun = matches!(
            error.stage(),
            Some(Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Transfer | Stage::EndOfData)
        );
        if error.fate() == Fate::Unknown {
            Self::Unknown
        } else if begun && error.is_passing() {
            Self::Deferred
        } else if begun && error.kind() == ErrorKind::Rejected && error.reply().is_some() {
            Self::Rejected
        } else {
            Self::NotTried
        }
    }
}

/// The [`name`](RecipientOutcome::name).
impl fmt::Display for RecipientOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A recipient, and the outcome of the mail for this recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recipient<'a> {
    /// The recipient.
    pub path: &'a ForwardPath,
    /// The outcome of the mail.
    pub outcome: RecipientOutcome,
    /// The server's reply to this recipient, if it was refused. A reply to the whole mail is
    /// [`Receipt::reply`] or [`Error::reply`].
    pub reply: Option<&'a Reply>,
}

impl<'a> Recipient<'a> {
    /// A recipient with an outcome that the program knows by itself: for example, that it did not try the
    /// mail because the user interrupted it.
    #[must_use]
    pub const fn new(path: &'a ForwardPath, outcome: RecipientOutcome) -> Self {
        Self {
            path,
            outcome,
            reply: None,
        }
    }
}

/// The outcome of a mail for each of these recipients, in their order.
///
/// They are the recipients of the mail's envelope, and `result` is what
/// [`Client::send`](crate::Client::send) or [`Session::send`](super::Session::send) returned for
/// it, or what a stream or a callback gave for it.
///
/// ```no_run
/// use pilotfish::session::{RecipientOutcome, recipient_outcomes};
/// use pilotfish::{Client, Message};
///
/// # async fn example(client: Client, message: Message) {
/// let recipients = message.envelope().forward_paths().to_vec();
/// let result = client.send(message).await;
/// for recipient in recipient_outcomes(&recipients, result.as_ref()) {
///     if recipient.outcome == RecipientOutcome::Deferred {
///         println!("later: {}", recipient.path);
///     }
/// }
/// # }
/// ```
#[must_use]
pub fn recipient_outcomes<'a>(
    recipients: &'a [ForwardPath],
    result: Result<&'a Receipt, &'a Error>,
) -> Vec<Recipient<'a>> {
    let (accepted, refused, untried, others) = match result {
        Ok(receipt) => (
            receipt.accepted.as_slice(),
            receipt.rejected.as_slice(),
            [].as_slice(),
            RecipientOutcome::NotTried,
        ),
        Err(error) => (
            error.accepted(),
            error.rejected(),
            error.untried(),
            RecipientOutcome::of_others(error),
        ),
    };
    let accepted: HashSet<_> = accepted.iter().collect();
    let refused: HashMap<_, _> = refused.iter().map(|(path, reply)| (path, reply)).collect();
    let untried: HashSet<_> = untried.iter().collect();
    let recipient = |path| {
        let (outcome, reply) = match refused.get(path).copied() {
            _ if accepted.contains(path) => (RecipientOutcome::Accepted, None),
            Some(reply) if reply.is_transient() => (RecipientOutcome::Deferred, Some(reply)),
            Some(reply) => (RecipientOutcome::Rejected, Some(reply)),
            None if untried.contains(path) => (RecipientOutcome::NotTried, None),
            None => (others, None),
        };
        Recipient {
            path,
            outcome,
            reply,
        }
    };
    recipients.iter().map(recipient).collect()
}

impl MailOutcome {
    /// The outcome of a mail, from the result of sending it.
    #[must_use]
    pub fn of(result: Result<&Receipt, &Error>) -> Self {
        match result {
            Ok(receipt) if receipt.is_partial() => Self::Partial,
            Ok(_) => Self::Accepted,
            Err(error) if error.fate() == Fate::Unknown => Self::Unknown,
            Err(error) if !error.accepted().is_empty() => Self::Partial,
            Err(error) if error.is_transient() => Self::Deferred,
            Err(error) if error.kind() == ErrorKind::Rejected => Self::Rejected,
            Err(_) => Self::Failed,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::error::JudgedBy;
    use crate::protocol::ReplyDecoder;

    pub(crate) fn reply(line: &str) -> Reply {
        let mut buffer = BytesMut::from(format!("{line}\r\n").as_bytes());
        let mut decoder = ReplyDecoder::default();
        decoder.decode(&mut buffer).unwrap().unwrap()
    }

    fn path(name: &str) -> ForwardPath {
        format!("{name}@example.org").parse().unwrap()
    }

    /// The outcome of a mail, and those of five recipients: one that is accepted, one refused for
    /// now and one permanently, one untried, and one that the error does not name.
    fn outcomes(error: &Error) -> String {
        let recipients = ["accepted", "later", "never", "untried", "other"].map(path);
        let outcomes = recipient_outcomes(&recipients, Err(error));
        let words = outcomes.iter().map(|recipient| recipient.outcome.name());
        let words: Vec<_> = words.collect();
        format!("{}: {}", MailOutcome::of(Err(error)), words.join(" "))
    }

    #[test]
    fn each_recipient_has_an_outcome_of_its_own() {
        let at = |kind, stage| Error::new(kind, "it failed").with_stage(stage);
        let lists = |error: Error| {
            let refused = vec![
                (path("later"), reply("450 later")),
                (path("never"), reply("550 never")),
            ];
            (error.with_rejected(refused)).with_untried(vec![path("untried")])
        };
        let rejected = |line| at(ErrorKind::Rejected, Stage::EndOfData).with_reply(reply(line));
        for (error, of_mail, of_other) in [
            (at(ErrorKind::Closed, Stage::Rcpt), "deferred", "deferred"),
            (rejected("450 later"), "deferred", "deferred"),
            // The message would be refused for the other recipients too.
            (rejected("550 never"), "rejected", "rejected"),
            (
                at(ErrorKind::Closed, Stage::EndOfData).with_unknown_fate(),
                "unknown",
                "unknown",
            ),
            (
                at(ErrorKind::InvalidInput, Stage::Mail),
                "failed",
                "not-tried",
            ),
            (at(ErrorKind::Body, Stage::Transfer), "failed", "not-tried"),
            (
                at(ErrorKind::Connect, Stage::Connect),
                "deferred",
                "not-tried",
            ),
            (at(ErrorKind::Auth, Stage::Auth), "failed", "not-tried"),
            (
                Error::new(ErrorKind::Timeout, "no session"),
                "deferred",
                "not-tried",
            ),
            (
                at(ErrorKind::Rejected, Stage::Rcpt).judged_by(JudgedBy::AnyRecipient),
                "deferred",
                "not-tried",
            ),
            // All or nothing.
            (
                at(ErrorKind::Rejected, Stage::Rcpt).judged_by(JudgedBy::EachRecipient),
                "rejected",
                "not-tried",
            ),
        ] {
            let expected = |of_mail, of_accepted| {
                format!("{of_mail}: {of_accepted} deferred rejected not-tried {of_other}")
            };
            assert_eq!(
                outcomes(&lists(error.clone())),
                expected(of_mail, of_other),
                "{error:?}"
            );
            // The server has the mail for one recipient, so it must not be sent again as it is.
            let partly = lists(error).with_accepted(vec![path("accepted")]);
            let of_mail = if of_mail == "unknown" {
                of_mail
            } else {
                "partial"
            };
            assert_eq!(
                outcomes(&partly),
                expected(of_mail, "accepted"),
                "{partly:?}"
            );
            assert!(!partly.is_transient(), "{partly:?}");
        }
    }
}
