//! Commands and octets that leave together.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{debug, trace};

use super::wire::{TARGET, Wire};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Result, Stage};
use crate::protocol::{Chunk, Command};

/// How many octets are worth a write of their own.
const LONG: usize = 64 * 1024;

/// The most octets of a TLS record (RFC 8446 section 5.1).
const RECORD: usize = 16 * 1024;

/// How many octets at the end of a long flight have a TLS record of their own.
const LAST: usize = 3;

/// Commands and octets of messages in the order in which they leave, with the places at which
/// replies are due.
#[derive(Default)]
pub(crate) struct Flight {
    octets: Vec<u8>,
    /// For each reply that is due, how many octets have to leave before.
    answered: Vec<usize>,
}

impl Flight {
    /// Whether there is nothing in it.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Whether it is long enough to leave without waiting for more: 64 KiB.
    #[must_use]
    pub(crate) fn is_long(&self) -> bool {
        self.octets.len() >= LONG
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
    /// Puts a command into a flight. A reply is due for it. Commands with a secret go by
    /// [`command`](Self::command) alone, which overwrites them.
    pub(crate) fn put(&self, flight: &mut Flight, command: &Command) {
        debug!(target: TARGET, from = "client", tls = self.tls.is_some(), "{command}");
        command.encode(&mut flight.octets);
        flight.now_due(1);
    }

    /// Puts a chunk of a message into a flight, as it is, behind its BDAT (RFC 3030 section 2). A
    /// reply is due for it, or for the last so many.
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

    /// Puts the last block of a message into a flight. It has undergone transparency and ends with
    /// the end of data, for which so many replies are due.
    pub(crate) fn put_last_block(&self, flight: &mut Flight, block: &mut Vec<u8>, replies: usize) {
        trace!(target: TARGET, from = "client", tls = self.tls.is_some(), octets = block.len(), "last block");
        if flight.is_empty() {
            std::mem::swap(&mut flight.octets, block);
        } else {
            flight.octets.extend_from_slice(block);
        }
        flight.now_due(replies);
    }

    /// How many octets will have been handed to the network, since the connection or TLS began,
    /// when this flight has left.
    #[must_use]
    pub(crate) fn position(&self, flight: &Flight) -> u64 {
        self.handed_over + flight.octets.len() as u64
    }

    /// How many octets have been handed to the network since the connection or TLS began.
    #[must_use]
    pub(crate) fn handed_over(&self) -> u64 {
        self.handed_over
    }

    /// Sends a flight, which is empty then. If an end of the replies is found while some that are
    /// due can still be [received](Self::receive), nothing more is sent, and it is told behind
    /// them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`], [`ErrorKind::Io`], [`ErrorKind::Closed`] or [`ErrorKind::Protocol`] at `stage`; at
    /// [`Stage::Transfer`] also [`ErrorKind::Rejected`], for a refusal of the message that comes before
    /// its end.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the connection is to be dropped with the future.
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

    /// What TLS has taken may wait there for long, and a message whose end does has not left. So the
    /// end of a long flight is not given to TLS before the rest has left.
    async fn write_flight(&mut self, stage: Stage, flight: &Flight) -> Result<()> {
        let length = flight.octets.len();
        let split = if self.tls.is_some() && length > RECORD {
            length.saturating_sub(LAST)
        } else {
            0
        };
        let (most, last) = flight.octets.split_at_checked(split).unwrap_or_default();
        let answered = flight.answered.partition_point(|end| *end <= split);
        let (early, late) = flight
            .answered
            .split_at_checked(answered)
            .unwrap_or_default();
        let late: Vec<_> = late.iter().map(|end| end - split).collect();
        for (octets, answered) in [(most, early), (last, &late)] {
            if !octets.is_empty() {
                self.write(stage, octets, answered).await?;
            }
        }
        Ok(())
    }
}
