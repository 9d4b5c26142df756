//! Receiving replies.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{Level, debug, enabled};

use super::alarm::Wait;
use super::codec::ReadError;
use super::tls::is_refusal;
use super::wire::{TARGET, Wire, failure};
use crate::error::{Error, Kind, Result, Stage};
use crate::protocol::{Reply, ReplyError};

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Whether replies have come that have not been received.
    pub(crate) fn has_early_reply(&self) -> bool {
        !self.early.is_empty()
    }

    /// Takes in what has come. Ready as soon as [`receive`](Self::receive) would be: a reply has
    /// come, or the end of them.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no part of a reply is lost.
    pub async fn readable(&mut self) {
        poll_fn(|context| {
            let polled = self.poll_readable(context);
            if polled.is_pending() {
                self.acknowledge(context);
                if self.due == 0 {
                    self.alarm.stop();
                }
            }
            polled
        })
        .await;
    }

    /// Whether [`receive`](Self::receive) would be ready at once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it does not wait, and no part of a reply is lost.
    pub async fn has_reply(&mut self) -> bool {
        poll_fn(|context| Poll::Ready(self.poll_readable(context).is_ready())).await
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.ended.is_none()
            && let Poll::Ready(end) = self.poll_replies(context)
        {
            self.ended = Some(end);
        }
        if self.early.is_empty() && self.ended.is_none() {
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Receives the reply that is due next.
    ///
    /// # Errors
    ///
    /// [`Kind::Timeout`], [`Kind::Io`] or [`Kind::Protocol`], and [`Kind::Closed`] for the end
    /// of the stream and for a 421, which announces it (RFC 5321 section 3.8). At
    /// [`Stage::EndOfData`] and without a reply, the mail's [`Fate`](crate::Fate) is unknown.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no part of a reply is lost.
    pub async fn receive(&mut self, stage: Stage) -> Result<Reply> {
        self.receive_within(stage, self.timeouts.reply(stage)).await
    }

    /// The same with another limit than the stage's.
    pub(crate) async fn receive_within(&mut self, stage: Stage, limit: Duration) -> Result<Reply> {
        let reply = match (self.early.pop_front(), self.ended.take()) {
            (Some(reply), ended) => {
                self.ended = ended;
                self.early_octets = self.early_octets.saturating_sub(reply.octets());
                reply
            }
            (None, Some(end)) => return Err(end.at(stage)),
            (None, None) => self.read(stage, limit).await?,
        };
        self.due = self.due.saturating_sub(1);
        if reply.code().number() == 421 {
            return Err(closed_by(reply, stage));
        }
        Ok(reply)
    }

    async fn read(&mut self, stage: Stage, limit: Duration) -> Result<Reply> {
        let mut wait = Wait::new(limit);
        let read = poll_fn(|context| match self.framed.poll_next_unpin(context) {
            Poll::Ready(read) => Poll::Ready(Some(read)),
            Poll::Pending => {
                self.acknowledge(context);
                self.alarm.poll(context, &mut wait).map(|()| None)
            }
        });
        match read.await {
            Some(Some(Ok(reply))) => Ok(self.take_in(reply)),
            Some(Some(Err(error))) => Err(read_failure(self.without_secrets(error), stage)),
            Some(None) => Err(closed(stage)),
            None => Err(no_reply(stage, limit)),
        }
    }

    /// What has come is not all that is waited for: a server may hold the rest back until the former
    /// is acknowledged, which [flushing](super::Socket) does.
    fn acknowledge(&mut self, context: &mut Context<'_>) {
        // A failure is one of the next read, too.
        let _ = Pin::new(self.framed.get_mut()).poll_flush(context);
    }

    /// Masks and logs a reply: none goes further without.
    pub(super) fn take_in(&self, mut reply: Reply) -> Reply {
        let challenge = self.in_exchange && reply.is_positive_intermediate();
        let unmasked = challenge.then(|| reply.clone());
        for mask in &self.masks {
            reply.mask(mask);
        }
        if enabled!(target: TARGET, Level::DEBUG) {
            for line in reply.wire_lines() {
                debug!(target: TARGET, from = "server", tls = self.tls.is_some(), "{line}");
            }
        }
        unmasked.unwrap_or(reply)
    }

    /// What is not a reply may repeat a secret too, and may be cut off within it: once the server
    /// has got one, it is not shown.
    pub(super) fn without_secrets(&self, error: ReadError) -> ReadError {
        match error {
            ReadError::NotAReply(ReplyError::NotAReply(octets)) => {
                let shown = if self.knows_secret {
                    b"<redacted>".to_vec()
                } else {
                    self.masked_octets(octets)
                };
                ReadError::NotAReply(ReplyError::NotAReply(shown))
            }
            other => other,
        }
    }

    fn masked_octets(&self, octets: Vec<u8>) -> Vec<u8> {
        self.masks.iter().fold(octets, |octets, mask| {
            mask.applied_to_octets(&octets).unwrap_or(octets)
        })
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

fn no_reply(stage: Stage, limit: Duration) -> Error {
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
