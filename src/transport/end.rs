//! Why no reply comes any more, in words.

use std::fmt;
use std::io;
use std::time::Duration;

use super::codec::ReadError;
use super::tls::is_refusal;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::{Reply, ReplyClass, ReplyError, visible};

/// The most octets of replies that are kept until they are read.
pub(super) const MAX_PENDING_OCTETS: usize = 1024 * 1024;

/// How many characters of an unfinished reply are shown.
const MAX_SHOWN_CHARACTERS: usize = 500;

/// What has come of a reply that is not whole, without secrets. It may be empty.
#[derive(Debug, Default)]
pub(super) struct Unfinished(pub(super) String);

impl Unfinished {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", visible(&self.0, MAX_SHOWN_CHARACTERS))
    }
}

/// Why no reply that is due can come any more.
#[derive(Debug)]
pub(super) enum End {
    /// Reading failed, after this much of a reply.
    Failed(ReadError, Unfinished),
    Closed,
    /// A reply that no command asked for.
    UnsolicitedReply(Reply),
    /// More came than is kept until it is due to be read.
    TooManyReplies,
    /// The server has not taken the rest of what it is to answer.
    Stalled(Duration),
    /// The server has not answered in time, or not with a whole reply.
    Late(Duration, Unfinished),
}

impl End {
    /// Whether the server sent something that can be shown.
    pub(super) fn has_words(&self) -> bool {
        match self {
            Self::UnsolicitedReply(_) | Self::Failed(ReadError::NotAReply(_), _) => true,
            Self::Failed(_, words) | Self::Late(_, words) => !words.is_empty(),
            Self::Closed | Self::TooManyReplies | Self::Stalled(_) => false,
        }
    }

    pub(super) fn into_error(self, stage: Stage) -> Error {
        match self {
            Self::Failed(error, words) => failed(error, &words, stage),
            Self::Closed => closed(stage),
            Self::UnsolicitedReply(reply) => unasked(reply, stage),
            Self::TooManyReplies => failure(
                ErrorKind::Protocol,
                stage,
                format!(
                    "the server's replies have over {MAX_PENDING_OCTETS} octets: send to fewer"
                ),
            ),
            Self::Stalled(limit) => stalled(limit, stage),
            Self::Late(limit, words) => late(limit, &words, stage),
        }
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

fn failed(error: ReadError, words: &Unfinished, stage: Stage) -> Error {
    match error {
        // TLS has an explanation of its own for this, which says no more.
        ReadError::Truncated => cut_off(words, stage),
        ReadError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            cut_off(words, stage)
        }
        ReadError::Io(error) if is_refusal(&error) => {
            let message = format!(
                "the server wants a client certificate that it can trust: \
                 name one, or another one (at {stage})"
            );
            failure(ErrorKind::Tls, stage, message).caused_by(error)
        }
        ReadError::Io(error) => {
            let within = if words.is_empty() {
                String::new()
            } else {
                format!(" within a reply: {words}")
            };
            let message = format!("the connection broke at {stage}{within}");
            failure(ErrorKind::Io, stage, message).caused_by(error)
        }
        ReadError::NotAReply(error) => {
            let message = match (&error, stage) {
                (ReplyError::NotAReply(line), Stage::Greeting) => format!(
                    "the server does not speak SMTP, it sent \"{}\": check the port",
                    visible(&String::from_utf8_lossy(line), MAX_SHOWN_CHARACTERS)
                ),
                _ => format!("{error} (at {stage})"),
            };
            failure(ErrorKind::Protocol, stage, message)
        }
    }
}

/// Not a reply, as the rest may say something else. But often the only reason there is.
fn cut_off(words: &Unfinished, stage: Stage) -> Error {
    if words.is_empty() {
        return closed(stage);
    }
    let message = format!("the server closed the connection within a reply at {stage}: {words}");
    failure(ErrorKind::Closed, stage, message)
}

fn closed(stage: Stage) -> Error {
    let message = format!("the server closed the connection at {stage}");
    failure(ErrorKind::Closed, stage, message)
}

/// An answer, if not a good one: the fate is known.
pub(super) fn closed_by(reply: Reply, stage: Stage) -> Error {
    let message = format!("the server closed the connection at {stage}");
    Error::new(ErrorKind::Closed, message)
        .with_reply(reply)
        .with_stage(stage)
}

pub(super) fn broke(cause: io::Error, stage: Stage) -> Error {
    failure(
        ErrorKind::Io,
        stage,
        format!("the connection broke at {stage}"),
    )
    .caused_by(cause)
}

pub(super) fn stalled(limit: Duration, stage: Stage) -> Error {
    let advice = advice(stage);
    let message = format!("the server took no octet within {limit:?} at {stage}{advice}");
    failure(ErrorKind::Timeout, stage, message)
}

/// The next step after a wait that was too long. During a mail it depends on the mail's fate, which
/// is not known here.
fn advice(stage: Stage) -> &'static str {
    match stage {
        Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Transfer | Stage::EndOfData => "",
        _ => ": try again later",
    }
}

fn late(limit: Duration, words: &Unfinished, stage: Stage) -> Error {
    let beginning = if words.is_empty() {
        String::new()
    } else {
        format!(", but for its beginning \"{words}\"")
    };
    let message = match stage {
        Stage::Greeting if words.is_empty() => {
            format!("no greeting within {limit:?}: if the port begins with TLS, use implicit TLS")
        }
        Stage::Greeting => format!("no greeting within {limit:?}{beginning}: try again later"),
        Stage::EndOfData => format!(
            "no reply to the end of data within {limit:?}{beginning}: \
             find out whether the mail arrived before sending it again"
        ),
        _ => {
            let advice = advice(stage);
            format!("no reply to {stage} within {limit:?}{beginning}{advice}")
        }
    };
    failure(ErrorKind::Timeout, stage, message)
}

/// A reply that no command asked for: within a message it is the server's reason to stop, as
/// is a refusal of an earlier chunk.
fn unasked(reply: Reply, stage: Stage) -> Error {
    if reply.code().number() == 421 {
        return closed_by(reply, stage);
    }
    let negative = matches!(
        reply.code().class(),
        ReplyClass::TransientNegative | ReplyClass::PermanentNegative
    );
    match (stage, negative) {
        (Stage::Transfer, true) => Error::new(
            ErrorKind::Rejected,
            "the server refused the message while it was sent",
        )
        .with_reply(reply)
        .with_stage(stage),
        // The server may take what it got for a whole message.
        (Stage::Transfer, false) => Error::new(
            ErrorKind::Protocol,
            "the server answered before the end of the message",
        )
        .with_reply(reply)
        .with_stage(stage)
        .with_unknown_fate(),
        _ => Error::new(
            ErrorKind::Protocol,
            "the server sent a reply that no command asked for",
        )
        .with_reply(reply)
        .with_stage(stage),
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
            let late = End::Late(limit, Unfinished("250-".to_owned())).into_error(stage);
            let stalled = End::Stalled(limit).into_error(stage);
            for error in [late, stalled] {
                let text = error.to_string();
                assert_eq!(text.contains("try again later"), advised, "{text}");
            }
        }
    }
}
