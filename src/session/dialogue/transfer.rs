//! The octets of a message: by DATA in blocks, or by BDAT in chunks.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::Dialogue;
use super::in_flight::{InFlight, Transfer};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::message::BodyError;
use crate::protocol::{Chunk, TransferCommand, Transparency};
use crate::session::mail::withdrawn;
use crate::transport::within;

/// The largest block whose memory is kept for the next mail.
const MAX_SPARE_OCTETS: usize = 16 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// Sends the message of the newest mail. Its end may wait in the flight for what follows. By
    /// BDAT, the transfer is interrupted as soon as an earlier mail is concluded: the caller of that mail
    /// must not wait for the source of another.
    pub(super) async fn transfer_message(&mut self, command: TransferCommand) {
        let Some(in_flight) = self.newest() else {
            return;
        };
        let Some(mut transfer) = in_flight.transfer.take() else {
            return;
        };
        in_flight.telemetry.transfer_begins();
        if transfer.block.capacity() == 0 {
            transfer.block = std::mem::take(&mut self.spare);
        }
        match command {
            TransferCommand::Bdat => self.chunks(transfer).await,
            TransferCommand::Data => self.blocks(transfer).await,
        }
    }

    /// The newest mail.
    fn newest(&mut self) -> Option<&mut InFlight> {
        self.pipeline.carried_mut().next_back()
    }

    fn interrupt(&mut self, transfer: Transfer) {
        if let Some(in_flight) = self.newest() {
            in_flight.transfer = Some(transfer);
        }
    }

    /// Sends the message after DATA, with the end of data. No earlier mail waits for a reply then.
    async fn blocks(&mut self, mut transfer: Transfer) {
        let mut transparency = Transparency::default();
        loop {
            let more = match self.next_block(&mut transfer).await {
                Some(Ok(more)) => more,
                // Without an end of data the server has nothing.
                Some(Err(error)) => return self.hang_up(error),
                None => return self.interrupt(transfer),
            };
            if !more && self.is_withdrawn() {
                return self.hang_up(withdrawn());
            }
            let Transfer {
                block,
                sent,
                reader,
                ..
            } = &mut transfer;
            *sent += block.len() as u64;
            if reader.is_base64() {
                transparency.apply_to_base64(block);
            } else {
                transparency.apply(block);
            }
            if !more {
                transparency.end_of_data(block);
                let replies = self.pipeline.message_sent();
                self.wire.put_last_block(&mut self.flight, block, replies);
                return self.message_ends(transfer.block);
            }
            if let Err(error) = self.wire.block(block).await {
                return self.fail_connection(error).await;
            }
            block.clear();
            self.report(*sent);
        }
    }

    /// Sends the message by BDAT.
    async fn chunks(&mut self, mut transfer: Transfer) {
        loop {
            let read = self.next_block(&mut transfer).await;
            while self.is_alive()
                && self.concluded.is_empty()
                && (!self.pipeline.may_send_chunk()
                    || transfer.sent > 0 && self.wire.has_reply().await)
            {
                self.early_reply().await;
            }
            if self.state.has_ended() {
                return;
            }
            if !self.concluded.is_empty() {
                transfer.read = read;
                return self.interrupt(transfer);
            }
            if self.pipeline.is_refused() {
                return self.pipeline.abandon_message();
            }
            let read = match read {
                Some(Ok(false)) if self.is_withdrawn() => Err(withdrawn()),
                Some(read) => read,
                None => continue,
            };
            let chunk = match read {
                Ok(true) => Chunk::More,
                Ok(false) => Chunk::Last,
                Err(error) => {
                    // Between two chunks the server waits for nothing.
                    if let Some(in_flight) = self.newest() {
                        in_flight.failure = Some(error);
                    }
                    return self.pipeline.abandon_message();
                }
            };
            let Transfer { block, sent, .. } = &mut transfer;
            let replies = self.pipeline.chunk_sent(chunk);
            self.wire.put_chunk(&mut self.flight, block, chunk, replies);
            *sent += block.len() as u64;
            if chunk == Chunk::Last {
                return self.message_ends(transfer.block);
            }
            block.clear();
            if self.flight.is_long() {
                self.launch().await;
            }
            self.report(*sent);
        }
    }

    /// Whether the newest mail has been withdrawn. Once its end is in the flight, only a departure can
    /// still keep it there.
    fn is_withdrawn(&mut self) -> bool {
        self.newest()
            .is_some_and(|newest| newest.mail.withdrawal.is_withdrawn())
    }

    /// The message ends here in the flight. The memory of its last block is kept, unless it is large.
    fn message_ends(&mut self, mut block: Vec<u8>) {
        if block.capacity() <= MAX_SPARE_OCTETS {
            block.clear();
            self.spare = block;
        }
        let end = self.wire.position(&self.flight);
        if let Some(in_flight) = self.newest() {
            in_flight.end = Some(end);
        }
    }

    /// Reports how much has been sent. The last report follows when the end has left.
    fn report(&self, sent: u64) {
        if let Some(InFlight { mail, size, .. }) = self.pipeline.carried().next_back()
            && sent < *size
        {
            self.telemetry.report(mail, sent, *size);
        }
    }

    /// Reads the next block, and accepts replies while the source is pending. `None` if a reply has
    /// concluded a mail or ended the session; the next call continues with the block.
    async fn next_block(&mut self, transfer: &mut Transfer) -> Option<Result<bool>> {
        let Transfer {
            reader,
            block,
            read,
            waited,
            ..
        } = transfer;
        if let Some(read) = read.take() {
            return Some(read);
        }
        if self.is_withdrawn() {
            return Some(Err(withdrawn()));
        }
        let mut next = pin!(reader.next_block(block));
        if let Poll::Ready(read) = poll!(&mut next) {
            *waited = Duration::ZERO;
            return Some(read.map_err(unreadable));
        }
        // Mails that are whole do not wait for the source of another.
        if self.pipeline.carried().len() > 1 {
            self.launch().await;
        }
        let limit = self.wire.timeouts().block;
        let begun = Instant::now();
        let mut next = pin!(within(limit.saturating_sub(*waited), next));
        let read = loop {
            if self.state.has_ended() || !self.concluded.is_empty() {
                *waited += begun.elapsed();
                return None;
            }
            tokio::select! {
                biased;
                read = &mut next => break read,
                () = self.wire.readable() => self.early_reply().await,
            }
        };
        *waited = Duration::ZERO;
        Some(read.map_or_else(|| Err(too_slow(limit)), |read| read.map_err(unreadable)))
    }

    /// Accepts what the server has sent while the message is on its way.
    async fn early_reply(&mut self) {
        if self.pipeline.awaited().is_some() {
            self.answer().await;
        // Nothing is due, so this is the server's reason to stop, or its end.
        } else if let Err(error) = self.wire.receive(Stage::Transfer).await {
            self.fail_connection(error).await;
        }
    }
}

fn too_slow(limit: Duration) -> Error {
    let message = format!("the source of the message took over {limit:?} for a block of it");
    Error::new(ErrorKind::Body, message).with_stage(Stage::Transfer)
}

fn unreadable(cause: BodyError) -> Error {
    Error::new(ErrorKind::Body, "the message could not be read whole")
        .caused_by(cause)
        .with_stage(Stage::Transfer)
}
