//! The octets of a message: by DATA in blocks, or by BDAT in chunks; and the reply to the last.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::hello::refused;
use super::receipt::Progress;
use super::transaction::{Session, State};
use crate::error::{Error, Kind, Result, Stage};
use crate::message::{Block, Octets};
use crate::protocol::{Chunk, Grouping, Reply, Transparency, Way};

/// How many chunks may be without a reply: over a mebibyte is then on its way, which fills a
/// long line, and is what a refusal costs at most.
const WINDOW: usize = 16;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Sends the message behind DATA, with the end of data.
    pub(super) async fn blocks(
        &mut self,
        mut octets: Octets,
        total: u64,
        mut progress: impl FnMut(Progress),
    ) -> Result<()> {
        let limit = self.wire.timeouts().block;
        let mut transparency = Transparency::default();
        let mut block = Vec::new();
        let mut sent = 0;
        loop {
            block.clear();
            let position = next_block(&mut octets, &mut block, limit).await?;
            sent += block.len() as u64;
            transparency.apply(&mut block);
            match position {
                Block::More => self.wire.block(&block).await?,
                Block::Last => {
                    transparency.end_of_data(&mut block);
                    self.wire.last_block(&block).await?;
                    progress(Progress { sent, total });
                    return Ok(());
                }
            }
            progress(Progress { sent, total });
        }
    }

    /// Answers 354 with nothing but the end of data.
    pub(super) async fn abandon_data(&mut self) -> Result<()> {
        self.wire.last_block(b".\r\n").await?;
        // Nothing depends on the reply, so it is not waited for as long as one that counts.
        self.wire.receive(Stage::Data).await?;
        Ok(())
    }

    /// Sends the message by BDAT. The replies to some of the chunks may be due still.
    pub(super) async fn chunks(
        &mut self,
        mut octets: Octets,
        total: u64,
        mut progress: impl FnMut(Progress),
    ) -> Result<()> {
        let limit = self.wire.timeouts().block;
        let window = match self.grouping() {
            Grouping::Grouped => WINDOW,
            Grouping::OneAtATime => 1,
        };
        let mut block = Vec::new();
        let mut sent = 0;
        loop {
            block.clear();
            let chunk = match next_block(&mut octets, &mut block, limit).await {
                Ok(Block::More) => Chunk::More,
                Ok(Block::Last) => Chunk::Last,
                Err(error) => {
                    // Between two chunks the server waits for nothing.
                    self.drain().await;
                    return Err(error);
                }
            };
            while self.wire.unanswered() >= window || self.wire.has_reply().await {
                self.accepted_chunk(Stage::Transfer).await?;
            }
            self.wire.chunk(&block, chunk).await?;
            sent += block.len() as u64;
            progress(Progress { sent, total });
            if chunk == Chunk::Last {
                return Ok(());
            }
        }
    }

    /// Receives the reply to a chunk that is not the last. After a refusal no chunk may follow
    /// (RFC 3030 section 2).
    async fn accepted_chunk(&mut self, stage: Stage) -> Result<()> {
        let reply = self.wire.receive(stage).await?;
        if reply.is_positive_completion() {
            return Ok(());
        }
        let refusal = refused(
            Stage::Transfer,
            "the server refused a chunk of the message",
            reply,
        );
        if refusal.kind() != Kind::Rejected {
            return Err(refusal);
        }
        match self.drain().await {
            // It took the message all the same, or so it says.
            Some(last) if stage == Stage::EndOfData && last.is_positive_completion() => {
                Err(refusal.with_unknown_fate())
            }
            _ => Err(refusal),
        }
    }

    /// Receives the replies to the chunks that are on their way, so that RSET can follow.
    /// Returns the last one, if all have come in time.
    async fn drain(&mut self) -> Option<Reply> {
        let limit = self.wire.timeouts().command;
        let replies = async {
            let mut last = None;
            while self.wire.unanswered() > 0 {
                last = Some(self.wire.receive(Stage::Transfer).await?);
            }
            Ok::<_, Error>(last)
        };
        let Ok(Ok(last)) = timeout(limit, replies).await else {
            return None;
        };
        self.state = State::Refused;
        last
    }

    /// Receives the reply to the message.
    pub(super) async fn accepted_message(&mut self, way: Way) -> Result<Reply> {
        while self.wire.unanswered() > 1 {
            self.accepted_chunk(Stage::EndOfData).await?;
        }
        let reply = self.wire.receive(Stage::EndOfData).await?;
        if reply.is_positive_intermediate() {
            return Err(refused(
                Stage::EndOfData,
                "the server wants more after the end",
                reply,
            )
            .with_unknown_fate());
        }
        self.state = State::Idle;
        if !reply.is_positive_completion() {
            if way == Way::Bdat {
                // RFC 3030 section 2: what state a refused chunk leaves is not certain.
                self.state = State::Refused;
            }
            return Err(refused(
                Stage::EndOfData,
                "the server refused the message",
                reply,
            ));
        }
        Ok(reply)
    }
}

async fn next_block(octets: &mut Octets, block: &mut Vec<u8>, limit: Duration) -> Result<Block> {
    let failed =
        |error| Error::new(Kind::Body, "the message could not be read whole").caused_by(error);
    let Ok(result) = timeout(limit, octets.next_block(block)).await else {
        let message = format!("the source of the message took over {limit:?} for a block of it");
        return Err(Error::new(Kind::Body, message).at(Stage::Transfer));
    };
    result.map_err(|error| failed(error).at(Stage::Transfer))
}
