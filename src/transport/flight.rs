//! Groups of commands and octets that are sent together.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{debug, trace};

use super::wire::{TARGET, Wire};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Result, Stage};
use crate::protocol::{Chunk, Command};

/// From this many octets on a flight is sent without waiting for more.
const LONG_FLIGHT: usize = 64 * 1024;

/// The most octets of a TLS record (RFC 8446 section 5.1).
const MAX_RECORD_OCTETS: usize = 16 * 1024;

/// How many octets at the end of a long flight have a TLS record of their own.
const LAST_RECORD_OCTETS: usize = 3;

/// Commands and octets of messages in the order in which they are sent, with the positions after
/// which replies are due.
#[derive(Default)]
pub(crate) struct Flight {
    octets: Vec<u8>,
    /// For each reply, after how many octets of the flight it is due.
    answered: Vec<usize>,
}

impl Flight {
    /// Whether it contains nothing.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Whether it is long enough to be sent without waiting for more: 64 KiB.
    #[must_use]
    pub(crate) fn is_long(&self) -> bool {
        self.octets.len() >= LONG_FLIGHT
    }

    fn now_due(&mut self, replies: usize) {
        let end = self.octets.len();
        self.answered.extend(std::iter::repeat_n(end, replies));
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight")
            .field("octets", &self.octets.len())
            .field("replies", &self.answered.len())
            .finish()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Puts a command into a flight. One reply is due for it. Commands with a secret must be sent by
    /// [`command`](Self::command), which overwrites them afterwards.
    pub(crate) fn put(&self, flight: &mut Flight, command: &Command<'_>) {
        debug!(target: TARGET, from = "client", tls = self.tls.is_some(), "{command}");
        command.encode(&mut flight.octets);
        flight.now_due(1);
    }

    /// Puts a BDAT command and its chunk of a message, unchanged, into a flight (RFC 3030 section 2).
    /// This number of replies is due for it.
    pub(crate) fn put_chunk(
        &self,
        flight: &mut Flight,
        octets: &[u8],
        chunk: Chunk,
        replies: usize,
    ) {
        let command = Command::Bdat(octets.len(), chunk);
        let name = match chunk {
            Chunk::More => "chunk",
            Chunk::Last => "last chunk",
        };
        let tls = self.tls.is_some();
        debug!(target: TARGET, from = "client", tls, "{command}");
        trace!(target: TARGET, from = "client", tls, octets = octets.len(), "{name}");
        command.encode(&mut flight.octets);
        flight.octets.extend_from_slice(octets);
        flight.now_due(replies);
    }

    /// Puts the last block of a message into a flight. The block has undergone transparency and ends
    /// with the end of data. This number of replies is due for it.
    pub(crate) fn put_last_block(&self, flight: &mut Flight, block: &mut Vec<u8>, replies: usize) {
        trace!(target: TARGET, from = "client", tls = self.tls.is_some(), octets = block.len(), "last block");
        if flight.is_empty() {
            std::mem::swap(&mut flight.octets, block);
        } else {
            flight.octets.extend_from_slice(block);
        }
        flight.now_due(replies);
    }

    /// How many octets will have been handed to the network since the connection or TLS began, once
    /// this flight is sent.
    #[must_use]
    pub(crate) fn position(&self, flight: &Flight) -> u64 {
        self.handed_over + flight.octets.len() as u64
    }

    /// How many octets have been handed to the network since the connection or TLS began.
    #[must_use]
    pub(crate) fn handed_over(&self) -> u64 {
        self.handed_over
    }

    /// Sends a flight and empties it. If the replies end while some of them have not been
    /// [received](Self::receive) yet, the rest of the flight is not sent; the end is reported after
    /// those replies.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`], [`ErrorKind::Io`], [`ErrorKind::Closed`] or [`ErrorKind::Protocol`] at `stage`; at
    /// [`Stage::Transfer`] also [`ErrorKind::Rejected`], for a refusal of the message that comes before
    /// its end.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the connection must be dropped together with the future.
    pub(crate) async fn launch(&mut self, stage: Stage, flight: &mut Flight) -> Result<()> {
        if flight.is_empty() {
            return Ok(());
        }
        self.in_exchange = false;
        let result = self.write_flight(stage, flight).await;
        flight.octets.clear();
        flight.answered.clear();
        result
    }

    /// TLS may buffer what it has taken. A message is sent only when its end has left that buffer, so
    /// TLS gets the end of a long flight only after the rest has been sent.
    async fn write_flight(&mut self, stage: Stage, flight: &Flight) -> Result<()> {
        let length = flight.octets.len();
        let split = if self.tls.is_some() && length > MAX_RECORD_OCTETS {
            length.saturating_sub(LAST_RECORD_OCTETS)
        } else {
            0
        };
        let (most, last) = flight.octets.split_at_checked(split).unwrap_or_default();
        let answered = flight.answered.partition_point(|end| *end <= split);
        let (early, late) = flight
            .answered
            .split_at_checked(answered)
            .unwrap_or_default();
        for (octets, answered, before) in [(most, early, 0), (last, late, split)] {
            if !octets.is_empty() {
                self.write(stage, octets, answered, before).await?;
            }
        }
        Ok(())
    }
}
