//! Writing while reading: the full-duplex half of the wire.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::codec::ReadError;
use super::wire::{Wire, closed, closed_by, failure, read_failure};
use crate::error::{Error, Kind, Result, Stage};
use crate::protocol::{Chunk, Reply, ReplyClass};

/// What is written, and so which replies may come meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// So many commands; each may be answered before the next is written.
    Commands(usize),
    /// A part of the message, to which no reply is due.
    Block,
    /// The end of the message, to which a reply is due once it is written.
    LastBlock,
    /// BDAT and its octets, to which a reply is due once they are written.
    Chunk(Chunk),
}

impl Content {
    /// Whether a reply is due once it is written whole.
    fn is_answered(self) -> bool {
        matches!(self, Self::LastBlock | Self::Chunk(_))
    }

    /// Whether the server has a whole message once it is written.
    fn completes_message(self) -> bool {
        matches!(self, Self::LastBlock | Self::Chunk(Chunk::Last))
    }
}

/// How far a poll got.
enum Progress {
    Written(usize),
    Flushed,
    /// Replies that were due have come, and behind them the end of all replies. The former are
    /// what counts, so there is nothing more to write.
    Answered,
}

/// Why no reply that is due can come any more.
#[derive(Debug)]
pub(super) enum End {
    Failed(ReadError),
    Closed,
    /// A reply that no command asked for.
    Unasked(Reply),
    /// The server has not taken the rest of what it is to answer.
    Stalled(Duration),
}

impl End {
    pub(super) fn at(self, stage: Stage) -> Error {
        match self {
            Self::Failed(error) => read_failure(error, stage),
            Self::Closed => closed(stage),
            Self::Unasked(reply) => unasked(reply, stage),
            Self::Stalled(limit) => stalled(limit, stage),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Writes and flushes everything. The time limit is for each step forward, so that a slow
    /// line is no failure and a stalled one is.
    pub(super) async fn write(
        &mut self,
        stage: Stage,
        octets: &[u8],
        content: Content,
    ) -> Result<()> {
        if let Some(end) = self.ended.take() {
            return Err(end.at(stage));
        }
        if let Content::Commands(count) = content {
            // What is there before anything is sent answers nothing.
            self.refuse_stale_replies(stage).await?;
            self.due += count;
        }
        let limit = self.timeouts.write(stage);
        let mut rest = octets;
        let mut broken = None;
        loop {
            let step = poll_fn(|context| self.poll_write(context, stage, rest, &mut broken));
            let progress = match timeout(limit, step).await {
                Ok(Ok(progress)) => progress,
                Ok(Err(error)) => return Err(in_doubt(error, rest, content)),
                Err(_) if self.early.is_empty() => {
                    return Err(in_doubt(stalled(limit, stage), rest, content));
                }
                Err(_) => {
                    self.ended = Some(End::Stalled(limit));
                    Progress::Answered
                }
            };
            match progress {
                Progress::Written(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    if rest.is_empty() && content.is_answered() {
                        self.due += 1;
                    }
                }
                Progress::Answered if matches!(content, Content::Chunk(_)) && !rest.is_empty() => {
                    return Err(self.broken_off(stage));
                }
                Progress::Flushed | Progress::Answered => return Ok(()),
            }
        }
    }

    /// Why a chunk could not be written whole: an earlier one was refused, or what ended the
    /// replies.
    fn broken_off(&mut self, stage: Stage) -> Error {
        let refusal = self
            .early
            .drain(..)
            .find(|reply| !reply.is_positive_completion());
        match (refusal, self.ended.take()) {
            (Some(reply), _) => unasked(reply, stage),
            (None, Some(end)) => end.at(stage),
            (None, None) => closed(stage),
        }
    }

    async fn refuse_stale_replies(&mut self, stage: Stage) -> Result<()> {
        poll_fn(|context| match self.poll_replies(context) {
            Poll::Ready(end) => Poll::Ready(Err(end.at(stage))),
            Poll::Pending => Poll::Ready(Ok(())),
        })
        .await
    }

    /// Takes in the replies that are there, then writes what can be written.
    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        stage: Stage,
        rest: &[u8],
        broken: &mut Option<io::Error>,
    ) -> Poll<Result<Progress>> {
        if let Poll::Ready(end) = self.poll_replies(context) {
            if !self.early.is_empty() {
                self.ended = Some(end);
                return Poll::Ready(Ok(Progress::Answered));
            }
            let error = end.at(stage);
            return Poll::Ready(Err(match broken.take() {
                Some(cause) if error.reply().is_none() => broke(cause, stage),
                _ => error,
            }));
        }
        if broken.is_some() {
            // The reason is often on its way: it is waited for until the stream ends.
            return Poll::Pending;
        }
        let stream = Pin::new(self.framed.get_mut());
        let written = if rest.is_empty() {
            ready!(stream.poll_flush(context)).map(|()| Progress::Flushed)
        } else {
            ready!(stream.poll_write(context, rest)).map(Progress::Written)
        };
        match written {
            Ok(Progress::Written(0)) => {
                Poll::Ready(Err(broke(io::ErrorKind::WriteZero.into(), stage)))
            }
            Ok(progress) => Poll::Ready(Ok(progress)),
            Err(error) => {
                *broken = Some(error);
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Takes in the replies that are there. Ready if one came that is not due, or none can come
    /// any more.
    pub(super) fn poll_replies(&mut self, context: &mut Context<'_>) -> Poll<End> {
        loop {
            match ready!(self.framed.poll_next_unpin(context)) {
                Some(Ok(reply)) => {
                    let reply = self.take_in(reply);
                    if self.early.len() >= self.due {
                        return Poll::Ready(End::Unasked(reply));
                    }
                    self.early.push_back(reply);
                }
                Some(Err(error)) => {
                    return Poll::Ready(End::Failed(self.without_secrets(error)));
                }
                None => return Poll::Ready(End::Closed),
            }
        }
    }
}

fn broke(cause: io::Error, stage: Stage) -> Error {
    failure(Kind::Io, stage, format!("the connection broke at {stage}")).caused_by(cause)
}

fn stalled(limit: Duration, stage: Stage) -> Error {
    let message = format!("the server took no octet within {limit:?} at {stage}: try again later");
    failure(Kind::Timeout, stage, message)
}

/// A failure after the last octet was handed over leaves open what the server got, unless it
/// said so.
fn in_doubt(error: Error, rest: &[u8], content: Content) -> Error {
    if content.completes_message() && rest.is_empty() && error.reply().is_none() {
        error.with_unknown_fate()
    } else {
        error
    }
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
            Kind::Rejected,
            "the server refused the message while it was sent",
        )
        .with_reply(reply)
        .at(stage),
        // The server may take what it got for a whole message.
        (Stage::Transfer, false) => Error::new(
            Kind::Protocol,
            "the server answered before the end of the message",
        )
        .with_reply(reply)
        .at(stage)
        .with_unknown_fate(),
        _ => Error::new(
            Kind::Protocol,
            "the server sent a reply that no command asked for",
        )
        .with_reply(reply)
        .at(stage),
    }
}
