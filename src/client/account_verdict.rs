//! What an error means for the account, in contrast to the one mail.

use std::time::Duration;

use crate::error::Error;
use crate::protocol::{Reply, ReplyMeaning};

/// What an error means for the account. The waits are those that the server asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AccountVerdict {
    /// Nothing: it is about this mail, a recipient or the network.
    Neutral,
    /// The mail has to be sent again later, since the server does not know its sender yet.
    Greylisted(Option<Duration>),
    /// The account sends too much at once.
    Throttled(Option<Duration>),
    /// The account has sent so many mails that the server accepts no other for hours.
    Exhausted(Option<Duration>),
}

impl AccountVerdict {
    /// Judges by the reply to the mail and those to the recipients. The most severe counts.
    pub(super) fn of(error: &Error) -> Self {
        let verdicts = replies(error).map(|reply| {
            let means = |meaning| reply.means_at(meaning, error.stage());
            if means(ReplyMeaning::QuotaExceeded) {
                Self::Exhausted(reply.retry_after())
            } else if means(ReplyMeaning::Greylisted) {
                Self::Greylisted(reply.retry_after())
            } else if means(ReplyMeaning::Throttled) {
                Self::Throttled(reply.retry_after())
            } else {
                Self::Neutral
            }
        });
        verdicts.max().unwrap_or(Self::Neutral)
    }
}

/// Whether a server that ended a session at a mail may have done so because of the number of mails in
/// it. A server that names another reason, or a time to wait, has not.
pub(super) fn may_limit_mails(error: &Error) -> bool {
    replies(error).next().is_none_or(|reply| {
        reply.means(ReplyMeaning::TooManyMails)
            || reply.means(ReplyMeaning::MaybeTooManyMails) && reply.retry_after().is_none()
    })
}

/// The reply to the mail, and then those to the recipients that the server rejected.
fn replies(error: &Error) -> impl Iterator<Item = &Reply> {
    let rejected = error.rejected().iter().map(|(_, reply)| reply);
    error.reply().into_iter().chain(rejected)
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::BytesMut;

    use super::AccountVerdict::{Exhausted, Greylisted, Neutral, Throttled};
    use super::*;
    use crate::error::{ErrorKind, Stage};
    use crate::protocol::ReplyDecoder;

    pub(crate) fn reply(line: &str) -> Reply {
        let mut buffer = BytesMut::from(format!("{line}\r\n").as_bytes());
        ReplyDecoder::default()
            .decode(&mut buffer)
            .unwrap()
            .unwrap()
    }

    /// A mail that was refused so.
    pub(crate) fn refused(stage: Stage, line: &str) -> Error {
        Error::new(ErrorKind::Rejected, "the server refused it")
            .with_reply(reply(line))
            .with_stage(stage)
    }

    fn recipient(line: &str) -> Error {
        let refused = vec![("a@example.org".parse().unwrap(), reply(line))];
        Error::new(ErrorKind::Rejected, "the server refused all recipients")
            .with_rejected(refused)
            .with_stage(Stage::Rcpt)
    }

    /// Each as some service sends it.
    const SERVICES: &[(Stage, &str, AccountVerdict)] = &[
        (
            Stage::EndOfData,
            "550 5.4.5 Daily user sending limit exceeded.",
            Exhausted(None),
        ),
        (
            Stage::EndOfData,
            "454 Throttling failure: Daily message quota exceeded.",
            Exhausted(None),
        ),
        (
            Stage::Mail,
            "550 5.7.1 <a@b>: You have exceeded your daily sending limit",
            Exhausted(None),
        ),
        (
            Stage::EndOfData,
            "554 5.2.0 x; OutboundSpamException",
            Neutral,
        ),
        (Stage::EndOfData, "552 5.2.2 mailbox over quota", Neutral),
        (
            Stage::Mail,
            "451 4.7.1 Greylisting in action, please come back in 00:05:00",
            Greylisted(Some(Duration::from_mins(5))),
        ),
        (
            Stage::Mail,
            "450 4.2.0 Greylisted for 60 seconds",
            Greylisted(Some(Duration::from_mins(1))),
        ),
        (
            Stage::Greeting,
            "421 4.4.5 Server busy, try again later.",
            Throttled(None),
        ),
        (
            Stage::Mail,
            "421 4.7.0 Try again in 30 seconds, closing connection.",
            Throttled(Some(Duration::from_secs(30))),
        ),
        (
            Stage::Mail,
            "421 4.7.1 Max message per connection reached",
            Neutral,
        ),
        (
            Stage::Mail,
            "451 4.4.2 Timeout waiting for data from client.",
            Neutral,
        ),
        (
            Stage::Auth,
            "454 4.7.0 Too many login attempts, please try again later.",
            Throttled(None),
        ),
        (
            Stage::StartTls,
            "454 4.7.0 TLS not available due to temporary reason",
            Neutral,
        ),
        (
            Stage::EndOfData,
            "454 Throttling failure: Maximum sending rate exceeded.",
            Throttled(None),
        ),
        (
            Stage::Auth,
            "432 4.3.2 Concurrent connections limit exceeded.",
            Throttled(None),
        ),
        (
            Stage::Mail,
            "450 4.2.1 Peak SMTP relay limit exceeded",
            Throttled(None),
        ),
        (
            Stage::Mail,
            "451 4.3.0 mail server temporarily rejected",
            Throttled(None),
        ),
        (
            Stage::Mail,
            "452 4.3.1 Insufficient system storage",
            Throttled(None),
        ),
        (Stage::Data, "451 4.5.0 protocol violation", Neutral),
        (
            Stage::Auth,
            "535 5.7.8 Username and Password not accepted.",
            Neutral,
        ),
        (Stage::EndOfData, "550 5.7.1 spam", Neutral),
    ];

    #[test]
    fn the_words_of_services() {
        for (stage, line, expected) in SERVICES {
            assert_eq!(
                AccountVerdict::of(&refused(*stage, line)),
                *expected,
                "{line}"
            );
        }
    }

    #[test]
    fn a_recipient_is_not_the_account() {
        for (line, expected) in [
            ("450 4.2.1 The user is receiving mail too quickly", Neutral),
            ("452 4.2.2 over quota", Neutral),
            ("452 4.5.3 too many recipients", Neutral),
            ("450 mailbox unavailable", Neutral),
            ("451 4.7.1 try again later", Greylisted(None)),
            ("450 too many messages, slow down", Throttled(None)),
            (
                "550 5.7.1 exceeded your daily sending limit",
                Exhausted(None),
            ),
        ] {
            assert_eq!(AccountVerdict::of(&recipient(line)), expected, "{line}");
        }
    }

    #[test]
    fn what_may_be_about_the_number_of_mails() {
        for (line, expected) in [
            ("421 4.7.1 Max message per connection reached", true),
            ("421 too many messages in this connection", true),
            ("452 4.5.3 Too many messages sent in this session", true),
            ("421 4.7.0 closing connection", true),
            ("421 4.3.2 bye", true),
            ("421 4.3.2 Service shutting down", false),
            ("421 mail.example Service not available, restarting", false),
            ("421 4.7.0 Too many errors", false),
            ("421 4.4.2 Connection timed out", false),
            (
                "421 4.7.0 Try again in 30 seconds, closing connection.",
                false,
            ),
            ("421 4.4.5 Server busy, try again later.", false),
            (
                "451 4.7.1 Greylisting in action, please come back in 00:05:00",
                false,
            ),
        ] {
            assert_eq!(
                may_limit_mails(&refused(Stage::Mail, line)),
                expected,
                "{line}"
            );
        }
        assert!(may_limit_mails(&Error::new(ErrorKind::Closed, "closed")));
    }

    #[test]
    fn an_error_without_a_reply_says_nothing() {
        assert_eq!(
            AccountVerdict::of(&Error::new(ErrorKind::Io, "cut")),
            Neutral
        );
    }
}
