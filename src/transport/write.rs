//! Writing while reading: the full-duplex half of the wire.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};

use super::end::{End, MAX_PENDING_OCTETS, broke, stalled};
use super::io_timer::Deadline;
use super::wire::Wire;
use crate::error::{Result, Stage};

/// How far a poll got.
enum Progress {
    Written(usize),
    Flushed,
    /// Replies that were due have come, and behind them the end of all replies. The former are
    /// what counts, so there is nothing more to write.
    Answered,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Writes and flushes everything; a reply is due as soon as so many octets as `answered` says
    /// have been handed over. The time limit is for each step forward, so that a slow line is no
    /// failure and a stalled one is.
    ///
    /// What is there before anything is written answers nothing, and is found before.
    pub(super) async fn write(
        &mut self,
        stage: Stage,
        octets: &[u8],
        answered: &[usize],
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
                Some(Ok(Progress::Written(count))) => {
                    rest = rest.get(count..).unwrap_or_default();
                    self.handed_over += count as u64;
                    let written = octets.len() - rest.len();
                    while answered.next_if(|end| **end <= written).is_some() {
                        self.expected_replies += 1;
                    }
                }
                Some(Ok(Progress::Flushed | Progress::Answered)) => return Ok(()),
                Some(Err(error)) => return Err(error),
                None if self.pending_replies.is_empty() => return Err(stalled(limit, stage)),
                None => {
                    self.ended = Some(End::Stalled(limit));
                    return Ok(());
                }
            }
        }
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
            if !self.pending_replies.is_empty() {
                self.ended = Some(end);
                return Poll::Ready(Ok(Progress::Answered));
            }
            return Poll::Ready(Err(match broken.take() {
                Some(cause) if !end.has_words() => broke(cause, stage),
                _ => end.into_error(stage),
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
                // TLS may have sent records of what it did not take whole, but not the last octet.
                if self.tls.is_some() {
                    self.handed_over += rest.len().saturating_sub(1) as u64;
                }
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
                    let reply = self.mask_and_log(reply);
                    if self.pending_replies.len() >= self.expected_replies {
                        return Poll::Ready(End::UnsolicitedReply(reply));
                    }
                    self.pending_octets += reply.octets();
                    self.pending_replies.push_back(reply);
                    if self.pending_octets > MAX_PENDING_OCTETS {
                        return Poll::Ready(End::TooManyReplies);
                    }
                }
                Some(Err(error)) => return Poll::Ready(self.failed(error)),
                None => return Poll::Ready(End::Closed),
            }
        }
    }
}
