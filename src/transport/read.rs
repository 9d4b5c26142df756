//! Receiving replies.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::Decoder;
use tracing::{Level, debug, enabled};

use super::end_of_replies::{EndOfReplies, MAX_SHOWN_CHARACTERS, closed_by};
use super::io_timer::Deadline;
use super::wire::{TARGET, Wire};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Result, Stage};
use crate::protocol::{Reply, ReplyDecoder, ReplyError, visible};

/// A frame is a whole reply, or what the server sent in place of one.
impl Decoder for ReplyDecoder {
    type Item = Result<Reply, ReplyError>;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        Ok(ReplyDecoder::decode(self, buffer).transpose())
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        let reply = Decoder::decode(self, buffer)?;
        if reply.is_none() && !(buffer.is_empty() && self.is_between_replies()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(reply)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Reads what has arrived. Ready as soon as [`receive`](Self::receive) would be: a reply has
    /// arrived, or no further one can.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no part of a reply is lost.
    pub(crate) async fn readable(&mut self) {
        poll_fn(|context| {
            let polled = self.poll_readable(context);
            if polled.is_pending() {
                self.acknowledge(context);
                if self.expected_replies == 0 {
                    self.timer.stop();
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
    pub(crate) async fn has_reply(&mut self) -> bool {
        poll_fn(|context| Poll::Ready(self.poll_readable(context).is_ready())).await
    }

    /// Waits for something else, for this time at most, and reads the replies that arrive meanwhile.
    /// `None` if the time is over.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no part of a reply is lost.
    pub(crate) async fn read_during<T>(
        &mut self,
        limit: Duration,
        other: impl Future<Output = T>,
    ) -> Option<T> {
        let (mut other, mut wait) = (pin!(other), Deadline::new(limit));
        poll_fn(|context| {
            if let Poll::Ready(output) = other.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            if self.poll_readable(context).is_pending() {
                self.acknowledge(context);
            }
            self.timer.poll(context, &mut wait).map(|()| None)
        })
        .await
    }

    /// Whether no further reply can come, and so nothing more is sent.
    #[must_use]
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.ended.is_none()
            && let Poll::Ready(end) = self.poll_replies(context)
        {
            self.ended = Some(end);
        }
        if self.pending_replies.is_empty() && self.ended.is_none() {
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// The error that ended the dialogue while no reply was due, if it is known without waiting.
    pub(crate) async fn ended_while_idle(&mut self, stage: Stage) -> Option<Error> {
        if self.has_reply().await && self.pending_replies.is_empty() {
            self.ended.take().map(|end| end.into_error(stage))
        } else {
            None
        }
    }

    /// The same, but only if the server has sent something. A connection that the server closed
    /// without a word is noticed when it is used.
    pub(crate) async fn said_too_much(&mut self, stage: Stage) -> Option<Error> {
        let said =
            self.has_reply().await && self.ended.as_ref().is_some_and(EndOfReplies::has_words);
        if said {
            self.ended_while_idle(stage).await
        } else {
            None
        }
    }

    /// Receives the next reply that is due.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`], [`ErrorKind::Io`] or [`ErrorKind::Protocol`], and [`ErrorKind::Closed`] for the end
    /// of the stream and for a 421, which announces it (RFC 5321 section 3.8). At
    /// [`Stage::EndOfData`] and without a reply, the mail's [`Fate`](crate::Fate) is unknown.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no part of a reply is lost.
    pub(crate) async fn receive(&mut self, stage: Stage) -> Result<Reply> {
        self.receive_within(stage, self.timeouts.reply(stage)).await
    }

    /// The same with another limit than the stage's.
    pub(crate) async fn receive_within(&mut self, stage: Stage, limit: Duration) -> Result<Reply> {
        let reply = match (self.pending_replies.pop_front(), self.ended.take()) {
            (Some(reply), ended) => {
                self.ended = ended;
                self.pending_octets = self.pending_octets.saturating_sub(reply.octets());
                reply
            }
            (None, Some(end)) => return Err(end.into_error(stage)),
            (None, None) => self.read(stage, limit).await?,
        };
        self.expected_replies = self.expected_replies.saturating_sub(1);
        if reply.code().number() == 421 {
            return Err(closed_by(reply, stage));
        }
        Ok(reply)
    }

    async fn read(&mut self, stage: Stage, limit: Duration) -> Result<Reply> {
        let mut wait = Deadline::new(limit);
        let read = poll_fn(|context| match self.framed.poll_next_unpin(context) {
            Poll::Ready(read) => Poll::Ready(Some(read)),
            Poll::Pending => {
                self.acknowledge(context);
                self.timer.poll(context, &mut wait).map(|()| None)
            }
        });
        let result = match read.await {
            Some(read) => self.reply_or_end(read),
            None => Err(EndOfReplies::Late(limit, self.unfinished())),
        };
        result.map_err(|end| end.into_error(stage))
    }

    /// Acknowledges what has arrived, by [flushing](super::Socket): some servers hold the rest back
    /// until then.
    fn acknowledge(&mut self, context: &mut Context<'_>) {
        // The next read fails for the same reason.
        let _ = Pin::new(self.framed.get_mut()).poll_flush(context);
    }

    /// Masks and logs a reply, as every reply must be.
    fn mask_and_log(&self, mut reply: Reply) -> Reply {
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

    /// The reply that was read, masked and logged, or why none can come.
    pub(super) fn reply_or_end(
        &self,
        read: Option<io::Result<Result<Reply, ReplyError>>>,
    ) -> Result<Reply, EndOfReplies> {
        match read {
            Some(Ok(Ok(reply))) => Ok(self.mask_and_log(reply)),
            Some(Ok(Err(ReplyError::NotAReply(line)))) => {
                let line = self.masked_to_the_end(line);
                self.log(&String::from_utf8_lossy(&line));
                Err(EndOfReplies::NotAReply(ReplyError::NotAReply(line)))
            }
            Some(Ok(Err(error))) => {
                // Only for the log: the error has words of its own.
                self.unfinished();
                Err(EndOfReplies::NotAReply(error))
            }
            Some(Err(error)) => Err(EndOfReplies::Failed(error, self.unfinished())),
            None => Err(EndOfReplies::Closed),
        }
    }

    /// Logs the beginning of the reply that is due next. Returns it as an error shows it.
    fn unfinished(&self) -> String {
        let octets = self.framed.read_buffer();
        let words = self.framed.decoder().unfinished(octets);
        let words = self.masked_to_the_end(words.into_bytes());
        let words = String::from_utf8_lossy(&words);
        if !words.is_empty() {
            self.log(&words);
        }
        visible(&words, MAX_SHOWN_CHARACTERS).to_string()
    }

    fn log(&self, line: &str) {
        if enabled!(target: TARGET, Level::DEBUG) {
            let line = visible(line, usize::MAX);
            debug!(target: TARGET, from = "server", tls = self.tls.is_some(), "{line}");
        }
    }
}
