//! Why no reply comes any more, in words.

use std::io;
use std::time::Duration;

use super::tls::is_refusal;
use crate::error::{Error, ErrorKind, Problem, Stage};
use crate::protocol::{Reply, ReplyClass, ReplyError, visible};

/// The most octets of replies that are kept until they are read.
pub(super) const MAX_PENDING_OCTETS: usize = 1024 * 1024;

/// How many characters an error shows of what the server sent.
pub(super) const MAX_SHOWN_CHARACTERS: usize = 500;

/// Why no further reply can come. A text is the beginning of an incomplete reply, as it is shown and
/// without secrets; it may be empty.
#[derive(Debug)]
pub(super) enum EndOfReplies {
    /// The stream failed, or ended within a reply.
    Failed(io::Error, String),
    /// The server sent something else than a reply.
    NotAReply(ReplyError),
    Closed,
    /// A reply that no command asked for.
    UnsolicitedReply(Reply),
    /// The replies that have not been read yet have too many octets.
    TooManyReplies,
    /// The server took no octet of a command for this time.
    Stalled(Duration),
    /// The server did not send a whole reply within this time.
    Late(Duration, String),
}

impl EndOfReplies {
    /// Whether the server sent something that can be shown.
    pub(super) fn has_words(&self) -> bool {
        match self {
            Self::UnsolicitedReply(_) | Self::NotAReply(_) => true,
            Self::Failed(_, words) | Self::Late(_, words) => !words.is_empty(),
            Self::Closed | Self::TooManyReplies | Self::Stalled(_) => false,
        }
    }

    pub(super) fn into_error(self, stage: Stage) -> Error {
        let (kind, message) = match self {
            // The words are not a reply, as the rest may change their meaning. But they are often the
            // only reason that the server gives. TLS explains such an end, too, and says no more.
            Self::Failed(error, words)
                if error.kind() == io::ErrorKind::UnexpectedEof && !words.is_empty() =>
            {
                let message =
                    format!("the server closed the connection within a reply at {stage}: {words}");
                (ErrorKind::Closed, message)
            }
            Self::Failed(error, _) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Self::Closed.into_error(stage);
            }
            Self::Failed(error, _) if is_refusal(&error) => {
                let message = format!(
                    "the server wants a client certificate that it can trust: \
                     name one, or another one (at {stage})"
                );
                return failure(ErrorKind::Tls, stage, message)
                    .with_problem(Problem::ClientCertificate)
                    .caused_by(error);
            }
            Self::Failed(error, words) => {
                let within = if words.is_empty() {
                    words
                } else {
                    format!(" within a reply: {words}")
                };
                let message = format!("the connection broke at {stage}{within}");
                return failure(ErrorKind::Io, stage, message).caused_by(error);
            }
            Self::NotAReply(ReplyError::NotAReply(line)) if stage == Stage::Greeting => {
                let message = format!(
                    "the server does not speak SMTP, it sent \"{}\": check the port",
                    visible(&String::from_utf8_lossy(&line), MAX_SHOWN_CHARACTERS)
                );
                (ErrorKind::Protocol, message)
            }
            Self::NotAReply(error) => (ErrorKind::Protocol, format!("{error} (at {stage})")),
            Self::Closed => (ErrorKind::Closed, closed(stage)),
            Self::UnsolicitedReply(reply) => return unsolicited(reply, stage),
            Self::TooManyReplies => {
                let message = format!(
                    "the server's replies have over {MAX_PENDING_OCTETS} octets: send to fewer"
                );
                (ErrorKind::Protocol, message)
            }
            Self::Stalled(limit) => {
                let advice = advice(stage);
                let message =
                    format!("the server took no octet within {limit:?} at {stage}{advice}");
                (ErrorKind::Timeout, message)
            }
            Self::Late(limit, words) => {
                let message = late(limit, &words, stage);
                let error = failure(ErrorKind::Timeout, stage, message);
                return if stage == Stage::Greeting && words.is_empty() {
                    error
                        .with_problem(Problem::BeginsWithTls)
                        .with_advice("if the port begins with TLS, use implicit TLS")
                } else if stage == Stage::EndOfData {
                    error.with_advice("find out whether the mail arrived before sending it again")
                } else {
                    error
                };
            }
        };
        failure(kind, stage, message)
    }
}

/// An error of the connection at a stage. After the end of data, the fate of the mail is unknown.
fn failure(kind: ErrorKind, stage: Stage, message: String) -> Error {
    let error = Error::new(kind, message).with_stage(stage);
    if stage == Stage::EndOfData {
        error.with_unknown_fate()
    } else {
        error
    }
}

fn closed(stage: Stage) -> String {
    format!("the server closed the connection at {stage}")
}

/// The server closes the connection by this reply, so the fate of the mail is known.
pub(super) fn closed_by(reply: Reply, stage: Stage) -> Error {
    Error::new(ErrorKind::Closed, closed(stage))
        .with_reply(reply)
        .with_stage(stage)
}

/// What to do after a wait that was too long. During a mail it depends on the mail's fate, which is
/// not known here.
fn advice(stage: Stage) -> &'static str {
    match stage {
        Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Transfer | Stage::EndOfData => "",
        _ => ": try again later",
    }
}

fn late(limit: Duration, words: &str, stage: Stage) -> String {
    let beginning = if words.is_empty() {
        String::new()
    } else {
        format!(", but for its beginning \"{words}\"")
    };
    match stage {
        Stage::Greeting if words.is_empty() => {
            format!("no greeting within {limit:?}")
        }
        Stage::Greeting => format!("no greeting within {limit:?}{beginning}: try again later"),
        Stage::EndOfData => format!("no reply to the end of data within {limit:?}{beginning}"),
        _ => {
            let advice = advice(stage);
            format!("no reply to {stage} within {limit:?}{beginning}{advice}")
        }
    }
}

/// A reply that no command asked for: within a message it is the server's reason to stop, as is a
/// refusal of an earlier chunk.
fn unsolicited(reply: Reply, stage: Stage) -> Error {
    if reply.code().number() == 421 {
        return closed_by(reply, stage);
    }
    let negative = matches!(
        reply.code().class(),
        ReplyClass::TransientNegative | ReplyClass::PermanentNegative
    );
    let (kind, message) = match (stage, negative) {
        (Stage::Transfer, true) => (
            ErrorKind::Rejected,
            "the server refused the message while it was sent",
        ),
        (Stage::Transfer, false) => (
            ErrorKind::Protocol,
            "the server answered before the end of the message",
        ),
        _ => (
            ErrorKind::Protocol,
            "the server sent a reply that no command asked for",
        ),
    };
    let error = Error::new(kind, message)
        .with_reply(reply)
        .with_stage(stage);
    if stage == Stage::Transfer && !negative {
        // The server may take what it got for a whole message.
        error.with_unknown_fate()
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server may have a mail that got no reply in time: it must not be sent again as it is.
    #[test]
    fn who_may_have_the_mail_is_not_advised_to_try_again() {
        for (stage, advised) in [
            (Stage::Greeting, true),
            (Stage::Hello, true),
            (Stage::Auth, true),
            (Stage::Mail, false),
            (Stage::Rcpt, false),
            (Stage::Data, false),
            (Stage::Transfer, false),
            (Stage::EndOfData, false),
        ] {
            let limit = Duration::from_secs(5);
            let late = EndOfReplies::Late(limit, "250-".to_owned()).into_error(stage);
            let stalled = EndOfReplies::Stalled(limit).into_error(stage);
            for error in [late, stalled] {
                let text = error.to_string();
                assert_eq!(text.contains("try again later"), advised, "{text}");
            }
        }
    }
}
