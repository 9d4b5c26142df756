//! Chunks of a message, each with its own reply (RFC 3030 section 2).

use std::future::poll_fn;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{debug, trace};

use super::wire::{TARGET, Wire};
use super::write::Content;
#[cfg(doc)]
use crate::error::Kind;
use crate::error::{Result, Stage};
use crate::protocol::{Chunk, Command};

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Sends a chunk of the message, as it is, with its BDAT in the same write. A reply is due
    /// for it; how many chunks go without waiting for theirs is the caller's decision.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), at [`Stage::Transfer`]. A refusal ends the transfer if the
    /// connection ends with it, or if it comes before the chunk has left whole:
    /// [`Kind::Rejected`] with the server's reason. If all octets of the last chunk had been
    /// handed over before, the mail's [`Fate`](crate::Fate) is unknown.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the connection is to be dropped with the future. Until it is ready, the
    /// chunk has not left whole, and the server discards it.
    pub async fn chunk(&mut self, octets: &[u8], chunk: Chunk) -> Result<()> {
        let command = Command::Bdat(octets.len(), chunk);
        let name = match chunk {
            Chunk::More => "chunk",
            Chunk::Last => "last chunk",
        };
        let tls = self.tls.is_some();
        debug!(target: TARGET, from = "client", tls, "{command}");
        trace!(target: TARGET, from = "client", tls, octets = octets.len(), "{name}");
        // A write of the command alone would be a segment, or a record, of its own.
        let mut whole = Vec::with_capacity(octets.len() + 32);
        command.encode(&mut whole);
        whole.extend_from_slice(octets);
        self.write(Stage::Transfer, &whole, Content::Chunk(chunk))
            .await
    }

    /// How many replies are due that have not been received.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.due
    }

    /// Whether [`receive`](Self::receive) would be ready at once: a reply has come, or the end
    /// of them.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it does not wait, and no part of a reply is lost.
    pub async fn has_reply(&mut self) -> bool {
        poll_fn(|context| {
            if self.ended.is_none()
                && let Poll::Ready(end) = self.poll_replies(context)
            {
                self.ended = Some(end);
            }
            Poll::Ready(!self.early.is_empty() || self.ended.is_some())
        })
        .await
    }
}
