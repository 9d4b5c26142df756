//! Why no reply came, as an error of a stage.

use std::time::Duration;

use super::codec::ReadError;
use super::tls::is_refusal;
use crate::error::{Error, Kind, Stage};
use crate::protocol::{Reply, ReplyError};

/// An error of the connection at a stage: behind the end of data, it leaves the fate open.
pub(super) fn failure(kind: Kind, stage: Stage, message: String) -> Error {
    let error = Error::new(kind, message).at(stage);
    if stage == Stage::EndOfData {
        error.with_unknown_fate()
    } else {
        error
    }
}

pub(super) fn closed(stage: Stage) -> Error {
    failure(
        Kind::Closed,
        stage,
        format!("the server closed the connection at {stage}"),
    )
}

/// An answer, if not a good one: the fate is known.
pub(super) fn closed_by(reply: Reply, stage: Stage) -> Error {
    Error::new(
        Kind::Closed,
        format!("the server closed the connection at {stage}"),
    )
    .with_reply(reply)
    .at(stage)
}

pub(super) fn read_failure(error: ReadError, stage: Stage) -> Error {
    match error {
        ReadError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            closed(stage).caused_by(error)
        }
        ReadError::Io(error) if is_refusal(&error) => {
            let message = format!(
                "the server wants a client certificate that it can trust: \
                 name one, or another one (at {stage})"
            );
            failure(Kind::Tls, stage, message).caused_by(error)
        }
        ReadError::Io(error) => {
            failure(Kind::Io, stage, format!("the connection broke at {stage}")).caused_by(error)
        }
        ReadError::Truncated => failure(
            Kind::Closed,
            stage,
            format!("the server closed the connection within a reply at {stage}"),
        ),
        ReadError::NotAReply(error) => {
            let advice = if matches!(error, ReplyError::NotAReply(_)) && stage == Stage::Greeting {
                ": check the port"
            } else {
                ""
            };
            failure(Kind::Protocol, stage, format!("{error}{advice}")).caused_by(error)
        }
    }
}

pub(super) fn no_reply(stage: Stage, limit: Duration) -> Error {
    let message = match stage {
        Stage::Greeting => {
            format!("no greeting within {limit:?}: if the port begins with TLS, use implicit TLS")
        }
        Stage::EndOfData => format!(
            "no reply to the end of data within {limit:?}: \
             find out whether the mail arrived before sending it again"
        ),
        _ => format!("no reply to {stage} within {limit:?}: try again later"),
    };
    failure(Kind::Timeout, stage, message)
}
