//! Writing while reading: the full-duplex half of the wire.

use std::future::poll_fn;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};

use super::end_of_replies::{EndOfReplies, MAX_PENDING_OCTETS};
use super::io_timer::Deadline;
use super::wire::Wire;
use crate::error::{Result, Stage};

/// How many octets a poll has written, or that there is nothing left to write: all is flushed, or
/// replies that were due have come with the end of all replies after them.
type WriteProgress = ControlFlow<(), usize>;

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Writes and flushes all octets, which follow `before` others. `answered` says after how many
    /// octets, with those others, each reply is due. The time
    /// limit starts again with each octet that the server accepts: a slow line is allowed, a stalled
    /// one is an error.
    ///
    /// Octets that the server sent before this write began answer nothing. They are found first.
    pub(super) async fn write(
        &mut self,
        stage: Stage,
        octets: &[u8],
        answered: &[usize],
        before: usize,
    ) -> Result<()> {
        if self.ended.is_some() && !self.pending_replies.is_empty() {
            return Ok(());
        }
        if let Some(end) = self.ended.take() {
            return Err(end.into_error(stage));
        }
        let limit = self.timeouts.write(stage);
        let mut rest = octets;
        let mut answered = answered.iter().peekable();
        let mut broken = None;
        loop {
            let mut wait = Deadline::new(limit);
            let step =
                poll_fn(
                    |context| match self.poll_write(context, stage, rest, &mut broken) {
                        Poll::Ready(step) => Poll::Ready(Some(step)),
                        Poll::Pending => self.timer.poll(context, &mut wait).map(|()| None),
                    },
                );
            match step.await {
                Some(Ok(WriteProgress::Continue(count))) => {
                    rest = rest.get(count..).unwrap_or_default();
                    self.handed_over += count as u64;
                    let written = before + octets.len() - rest.len();
                    while answered.next_if(|end| **end <= written).is_some() {
                        self.expected_replies += 1;
                    }
                }
                Some(Ok(WriteProgress::Break(()))) => return Ok(()),
                Some(Err(error)) => return Err(error),
                None if self.pending_replies.is_empty() => {
                    return Err(EndOfReplies::Stalled(limit).into_error(stage));
                }
                None => {
                    self.ended = Some(EndOfReplies::Stalled(limit));
                    return Ok(());
                }
            }
        }
    }

    /// Reads the replies that have arrived, then writes what can be written.
    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        stage: Stage,
        rest: &[u8],
        broken: &mut Option<io::Error>,
    ) -> Poll<Result<WriteProgress>> {
        if let Poll::Ready(end) = self.poll_replies(context) {
            if !self.pending_replies.is_empty() {
                self.ended = Some(end);
                return Poll::Ready(Ok(WriteProgress::Break(())));
            }
            let end = match broken.take() {
                Some(cause) if !end.has_words() => EndOfReplies::Failed(cause, String::new()),
                _ => end,
            };
            return Poll::Ready(Err(end.into_error(stage)));
        }
        if broken.is_some() {
            // The server's reason is often on its way: wait for it until the stream ends.
            return Poll::Pending;
        }
        let stream = Pin::new(self.framed.get_mut());
        let written = if rest.is_empty() {
            ready!(stream.poll_flush(context)).map(WriteProgress::Break)
        } else {
            ready!(stream.poll_write(context, rest)).map(WriteProgress::Continue)
        };
        match written {
            Ok(WriteProgress::Continue(0)) => {
                let cause = io::ErrorKind::WriteZero.into();
                let end = EndOfReplies::Failed(cause, String::new());
                Poll::Ready(Err(end.into_error(stage)))
            }
            Ok(written) => Poll::Ready(Ok(written)),
            Err(error) => {
                // TLS may have sent a part of what it did not accept whole, but not the last octet.
                if self.tls.is_some() {
                    self.handed_over += rest.len().saturating_sub(1) as u64;
                }
                *broken = Some(error);
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Reads the replies that have arrived. Ready if one arrived that is not due, or if no further one
    /// can arrive.
    pub(super) fn poll_replies(&mut self, context: &mut Context<'_>) -> Poll<EndOfReplies> {
        loop {
            let read = ready!(self.framed.poll_next_unpin(context));
            let reply = match self.reply_or_end(read) {
                Ok(reply) => reply,
                Err(end) => return Poll::Ready(end),
            };
            if self.pending_replies.len() >= self.expected_replies {
                return Poll::Ready(EndOfReplies::UnsolicitedReply(reply));
            }
            self.pending_octets += reply.octets();
            self.pending_replies.push_back(reply);
            if self.pending_octets > MAX_PENDING_OCTETS {
                return Poll::Ready(EndOfReplies::TooManyReplies);
            }
        }
    }
}
