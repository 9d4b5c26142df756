//! What an error says about the account, as against the one mail.

use std::time::Duration;

use super::hint;
use crate::error::{Error, Stage};

/// What an error says about the account. The waits are those that the server asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Signal {
    /// Nothing: it is about this mail, a recipient or the line.
    Neutral,
    /// The mail has to come again later, since its sender is new there.
    Greylisted(Option<Duration>),
    /// Too much at once.
    Throttled(Option<Duration>),
    /// So many mails were sent that no other is taken for hours.
    Exhausted(Option<Duration>),
}

impl Signal {
    /// By the reply, or by the strongest of those to the recipients.
    pub(super) fn of(error: &Error) -> Self {
        let signals = said(error).map(|said| said.signal());
        signals.max().unwrap_or(Self::Neutral)
    }
}

/// Whether a server that ended a session at a mail may have done so for the number of mails in it.
/// It may have ended it for too many errors, a silence or too much at once, and said so.
pub(super) fn may_be_full(error: &Error) -> bool {
    said(error).next().is_none_or(|said| said.may_be_full())
}

/// Whether the server has named the number of mails in a session as the reason.
pub(super) fn names_mails(error: &Error) -> bool {
    said(error).next().is_some_and(|said| said.is_of_its_mails)
}

/// What the server said: to the mail, and then to the recipients that it refused.
fn said(error: &Error) -> impl Iterator<Item = Said> {
    let refused = error.rejected().iter().map(|(_, reply)| reply);
    error.reply().into_iter().chain(refused).map(|reply| {
        let status = reply.enhanced_status();
        Said {
            code: reply.code().number(),
            status: status.map(|status| (status.subject, status.detail)),
            text: reply.text().to_ascii_lowercase(),
            stage: error.stage(),
            is_of_its_mails: reply.is_too_many_mails(),
        }
    })
}

/// A reply in the parts that count.
struct Said {
    code: u16,
    /// Subject and detail of the enhanced status code.
    status: Option<(u16, u16)>,
    /// In lower case.
    text: String,
    stage: Option<Stage>,
    /// Whether it is about the number of mails in the session.
    is_of_its_mails: bool,
}

impl Said {
    fn signal(&self) -> Signal {
        let wait = hint::wait(&self.text);
        if self.is_quota() {
            Signal::Exhausted(wait)
        } else if self.is_greylisting() {
            Signal::Greylisted(wait)
        } else if self.is_throttling() {
            Signal::Throttled(wait)
        } else {
            Signal::Neutral
        }
    }

    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    /// X.1.* and X.2.* are about an address and a mailbox (RFC 3463 sections 3.2 and 3.3).
    fn is_of_a_recipient(&self) -> bool {
        matches!(self.status, Some((1 | 2, _)))
    }

    fn is_quota(&self) -> bool {
        let limit = self.has(&["limit", "quota"]);
        let daily = self.has(&["daily"]) && limit;
        let said = daily || self.has(&["sending limit", "sending quota", "outboundspam"]);
        self.code >= 400
            && ((self.code, self.status) == (550, Some((4, 5)))
                || said && !self.is_of_a_recipient())
    }

    fn is_greylisting(&self) -> bool {
        let named = self.has(&["greylist", "graylist"]);
        matches!(self.code, 400..=499) && named
            || matches!((self.code, self.status), (450 | 451, Some((7, 1))))
    }

    /// What ends a session by its age or after a silence, and the end of a line's wait.
    fn is_of_its_time(&self) -> bool {
        self.has(&["expired", "timeout", "timed out", "idle"]) || self.status == Some((4, 2))
    }

    fn says_too_much(&self) -> bool {
        self.has(&[
            "too many connections",
            "too many login",
            "too many mails",
            "too many messages",
            "too much",
            "too fast",
            "throttl",
            "rate limit",
            "sending rate",
            "relay limit",
            "busy",
        ])
    }

    fn may_be_full(&self) -> bool {
        self.is_of_its_mails
            || !self.is_of_its_time()
                && !self.says_too_much()
                && !self.is_quota()
                && !self.is_greylisting()
                && !self.is_of_the_system()
                && hint::wait(&self.text).is_none()
                && !self.has(&["error"])
    }

    /// Whether the server goes down, whatever the client does. X.3.2 alone does not say that: some
    /// servers end a full session by it.
    fn is_of_the_system(&self) -> bool {
        self.has(&["shut", "restart", "maintenance", "not accepting"])
    }

    fn is_throttling(&self) -> bool {
        let says = self.says_too_much();
        let of_the_session = self.is_of_its_time() || self.is_of_its_mails;
        match self.code {
            421 => !of_the_session,
            432 => true,
            450..=452 if of_the_session => false,
            450..=452 => match self.status {
                // The recipient's, or of this message.
                Some((1 | 2 | 5 | 6, _)) => self.has(&["relay limit"]),
                Some(_) => true,
                None => says || self.stage != Some(Stage::Rcpt),
            },
            // Behind STARTTLS it says that there is no TLS (RFC 3207 section 4).
            454 => says || self.status == Some((7, 0)) && self.stage != Some(Stage::StartTls),
            _ => false,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::error::ErrorKind;
    use crate::protocol::{Reply, ReplyDecoder};

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
            .at(stage)
    }

    fn recipient(line: &str) -> Error {
        let refused = vec![("a@example.org".parse().unwrap(), reply(line))];
        Error::new(ErrorKind::Rejected, "the server refused all recipients")
            .after_refusing(refused)
            .at(Stage::Rcpt)
    }

    /// Each as some service sends it.
    #[test]
    fn the_words_of_services() {
        use Signal::{Exhausted, Greylisted, Neutral, Throttled};
        let in_seconds = |seconds| Some(Duration::from_secs(seconds));
        for (stage, line, expected) in [
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
                Greylisted(in_seconds(300)),
            ),
            (
                Stage::Mail,
                "450 4.2.0 Greylisted for 60 seconds",
                Greylisted(in_seconds(60)),
            ),
            (
                Stage::Greeting,
                "421 4.4.5 Server busy, try again later.",
                Throttled(None),
            ),
            (
                Stage::Mail,
                "421 4.7.0 Try again in 30 seconds, closing connection.",
                Throttled(in_seconds(30)),
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
        ] {
            assert_eq!(Signal::of(&refused(stage, line)), expected, "{line}");
        }
    }

    #[test]
    fn a_recipient_is_not_the_account() {
        use Signal::{Exhausted, Greylisted, Neutral, Throttled};
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
            assert_eq!(Signal::of(&recipient(line)), expected, "{line}");
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
            assert_eq!(may_be_full(&refused(Stage::Mail, line)), expected, "{line}");
        }
        assert!(may_be_full(&Error::new(ErrorKind::Closed, "closed")));
    }

    #[test]
    fn an_error_without_a_reply_says_nothing() {
        assert_eq!(
            Signal::of(&Error::new(ErrorKind::Io, "cut")),
            Signal::Neutral
        );
    }
}
