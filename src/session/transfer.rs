//! The octets of a message: by DATA in blocks, or by BDAT in chunks.

use std::pin::pin;
use std::task::Poll;

use futures_util::poll;
use tokio::io::{AsyncRead, AsyncWrite};

use super::flow::InFlight;
use super::mail::withdrawn;
use super::transaction::{Session, State};
use crate::error::{Error, Kind, Result, Stage};
use crate::message::{Block, BodyError, Octets};
use crate::protocol::{Chunk, Transparency, Way};
use crate::transport::within;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Sends the message of the newest mail. Its end may wait in the flight for what follows.
    pub(super) async fn transfer_message(&mut self, way: Way) {
        let Some(mail) = self.mails.back_mut() else {
            return;
        };
        let Some(octets) = mail.octets.take() else {
            return;
        };
        mail.watched.marks.transfer_begins();
        match way {
            Way::Bdat => self.chunks(octets).await,
            _ => self.blocks(octets).await,
        }
    }

    /// Sends the message behind DATA, with the end of data.
    async fn blocks(&mut self, mut octets: Octets) {
        let mut transparency = Transparency::default();
        let mut block = Vec::new();
        let mut sent = 0;
        loop {
            block.clear();
            let position = match self.next_block(&mut octets, &mut block).await {
                Ok(position) => position,
                // Without an end of data the server has nothing.
                Err(error) => return self.hang_up(error),
            };
            if self.state == State::Lost {
                return;
            }
            if position == Block::Last && !self.departs() {
                return self.hang_up(withdrawn());
            }
            sent += block.len() as u64;
            transparency.apply(&mut block);
            if position == Block::Last {
                transparency.end_of_data(&mut block);
                let replies = self.pipeline.message_sent();
                self.wire
                    .put_last_block(&mut self.flight, &mut block, replies);
                return self.message_ends();
            }
            if let Err(error) = self.wire.block(&block).await {
                return self.lose(error);
            }
            self.report(sent);
        }
    }

    /// Sends the message by BDAT.
    async fn chunks(&mut self, mut octets: Octets) {
        let mut block = Vec::new();
        let mut sent = 0;
        loop {
            block.clear();
            let read = self.next_block(&mut octets, &mut block).await;
            while self.state != State::Lost
                && (!self.pipeline.may_send_chunk() || sent > 0 && self.wire.has_reply().await)
            {
                self.early_reply().await;
            }
            if self.state == State::Lost {
                return;
            }
            if self.pipeline.is_refused() {
                return self.pipeline.abandon_message();
            }
            let read = match read {
                Ok(Block::Last) if !self.departs() => Err(withdrawn()),
                read => read,
            };
            let chunk = match read {
                Ok(Block::More) => Chunk::More,
                Ok(Block::Last) => Chunk::Last,
                Err(error) => {
                    // Between two chunks the server waits for nothing.
                    if let Some(mail) = self.mails.back_mut() {
                        mail.failure = Some(error);
                    }
                    return self.pipeline.abandon_message();
                }
            };
            let replies = self.pipeline.chunk_sent(chunk);
            self.wire
                .put_chunk(&mut self.flight, &block, chunk, replies);
            sent += block.len() as u64;
            if chunk == Chunk::Last {
                return self.message_ends();
            }
            if self.flight.is_long() {
                self.launch().await;
            }
            self.report(sent);
        }
    }

    /// The end of the newest mail's message is about to leave. Says whether it may.
    fn departs(&self) -> bool {
        self.mails
            .back()
            .is_none_or(|mail| mail.mail.recall.depart())
    }

    fn message_ends(&mut self) {
        let end = self.wire.position(&self.flight);
        if let Some(mail) = self.mails.back_mut() {
            mail.end = Some(end);
        }
    }

    /// Tells how much has been sent. That all has is told when the end has left.
    fn report(&self, sent: u64) {
        if let Some(InFlight { mail, size, .. }) = self.mails.back()
            && sent < *size
        {
            self.watch.report(mail, sent, *size);
        }
    }

    /// Reads the next block, and replies for as long as the source gives nothing.
    async fn next_block(&mut self, octets: &mut Octets, block: &mut Vec<u8>) -> Result<Block> {
        if self.mails.back().is_some_and(InFlight::is_withdrawn) {
            return Err(withdrawn());
        }
        let mut next = pin!(octets.next_block(block));
        if let Poll::Ready(read) = poll!(&mut next) {
            return read.map_err(unreadable);
        }
        // Mails that are whole do not wait for the source of another.
        if self.mails.len() > 1 {
            self.launch().await;
        }
        let limit = self.wire.timeouts().block;
        let mut next = pin!(within(limit, next));
        let result = loop {
            tokio::select! {
                biased;
                result = &mut next => break result,
                () = self.wire.readable(), if self.state != State::Lost => {
                    self.early_reply().await;
                }
            }
            if self.state == State::Lost {
                return Ok(Block::More);
            }
        };
        let Some(read) = result else {
            let message =
                format!("the source of the message took over {limit:?} for a block of it");
            return Err(Error::new(Kind::Body, message).at(Stage::Transfer));
        };
        read.map_err(unreadable)
    }

    /// Takes in what has come while the message is under way.
    async fn early_reply(&mut self) {
        if self.pipeline.awaited().is_some() {
            self.answer().await;
        // Nothing is due, so this is the server's reason to stop, or its end.
        } else if let Err(error) = self.wire.receive(Stage::Transfer).await {
            self.lose(error);
        }
    }
}

fn unreadable(cause: BodyError) -> Error {
    Error::new(Kind::Body, "the message could not be read whole")
        .caused_by(cause)
        .at(Stage::Transfer)
}
