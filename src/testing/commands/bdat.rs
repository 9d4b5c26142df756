//! BDAT and the chunk behind it (RFC 3030, section 2).

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::chunks::ChunkReader;
use super::super::dialogue::{Dialogue, Effect, Flow};
use super::super::fault::Point;
use super::super::keyword::Keyword;
use super::super::quirk::Quirk;
use super::Transaction;
use super::transaction::Envelope;
use super::transfer::{Answered, Incoming, up_to_fault};

/// A message of which some chunks have come.
#[derive(Debug)]
pub(in super::super) struct Chunks {
    envelope: Envelope,
    message: Incoming,
    reader: ChunkReader,
}

/// Which chunk of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    More,
    Last,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) async fn bdat(&mut self, octets: u64, chunk: Chunk, line: &str) -> Flow<()> {
        // Where it is not certain how much of a message follows, it would be taken for commands.
        if !self.offers(Keyword::Chunking) {
            let violation = "BDAT, not offered (RFC 3030, section 2)";
            return Err(self.send_away(violation, "Not offered"));
        }
        let well_formed = match chunk {
            Chunk::More => format!("BDAT {octets}"),
            Chunk::Last => format!("BDAT {octets} LAST"),
        };
        if !line.eq_ignore_ascii_case(&well_formed) {
            let violation = "malformed BDAT (RFC 3030, section 2)";
            return Err(self.send_away(violation, "Syntax error in parameters"));
        }
        if self.has(Quirk::NoBdat) {
            self.say("502 Command not implemented");
            self.unwanted = (octets > 0).then_some((octets, "500 Command not recognized"));
            return Ok(());
        }
        if self.has(Quirk::RefusesBdat) {
            self.discard(octets).await?;
            self.refuse("503", "5.5.1", "Not now");
            return self.check_behind();
        }
        match std::mem::replace(&mut self.transaction, Transaction::Broken) {
            Transaction::Open(envelope) if !envelope.forward_paths.is_empty() => {
                let chunks = Chunks {
                    envelope,
                    message: self.incoming().await,
                    reader: ChunkReader::default(),
                };
                self.add(Box::new(chunks), octets, chunk).await
            }
            Transaction::Chunks(chunks) => self.add(chunks, octets, chunk).await,
            other => {
                self.discard(octets).await?;
                self.transaction = other;
                if !self.is_answered_by_nothing(chunk) {
                    self.may_transfer("BDAT");
                }
                self.transaction = Transaction::Broken;
                self.check_behind()
            }
        }
    }

    /// RFC 2033, section 4.3: the last chunk has one reply for each recipient that was accepted,
    /// and so may have none.
    fn is_answered_by_nothing(&self, chunk: Chunk) -> bool {
        let nobody = matches!(&self.transaction, Transaction::Open(envelope)
            if envelope.asked_for > 0 && envelope.forward_paths.is_empty());
        self.speaks_lmtp() && chunk == Chunk::Last && nobody
    }

    async fn add(&mut self, mut chunks: Box<Chunks>, octets: u64, chunk: Chunk) -> Flow<()> {
        let answered = self.read_chunk(&mut chunks, octets).await?;
        self.check_behind()?;
        if chunk == Chunk::Last {
            self.message_has_ended()?;
        }
        if answered == Answered::Early {
            return Ok(());
        }
        if chunk == Chunk::More && self.is_too_large(&chunks.message) {
            self.refuse("552", "5.3.4", "Message size exceeds the limit");
            return Ok(());
        }
        match chunk {
            Chunk::More => {
                let reply = self.reply("250", "2.0.0", &format!("{octets} octets received"));
                if self.answer(Point::Chunk, reply).await? == Effect::Happens {
                    self.transaction = Transaction::Chunks(chunks);
                }
            }
            Chunk::Last => {
                let Chunks {
                    envelope,
                    mut message,
                    reader,
                } = *chunks;
                self.transaction = Transaction::None;
                message.flaws = reader.finish();
                if self.may_take(&envelope, &message) {
                    self.take(envelope, message).await?;
                }
            }
        }
        Ok(())
    }

    async fn read_chunk(&mut self, chunks: &mut Chunks, octets: u64) -> Flow<Answered> {
        let Chunks {
            message, reader, ..
        } = chunks;
        message.chunks += 1;
        let end = message.octets.saturating_add(octets);
        let mut answered = Answered::NotYet;
        let mut next_fault = self.shared.faults.next_in_body(message.octets);
        while message.octets < end {
            let passed = message.octets;
            if let Some(at) = next_fault.filter(|at| *at <= passed) {
                self.fault_in_body(at, &mut answered).await?;
                next_fault = self.shared.faults.next_in_body(at + 1);
                continue;
            }
            if self.input.is_empty() {
                self.fill().await?;
            }
            let piece = up_to_fault(self.input.octets(), passed, next_fault);
            let piece = up_to(piece, end - passed).to_vec();
            self.input.consume(piece.len());
            reader.feed(&piece);
            self.store(message, &piece).await;
        }
        message.wire_octets = message.octets;
        Ok(answered)
    }

    /// Reads a chunk that is not wanted: it is refused only then (RFC 3030, section 2).
    async fn discard(&mut self, octets: u64) -> Flow<()> {
        let mut rest = octets;
        while rest > 0 {
            if self.input.is_empty() {
                self.fill().await?;
            }
            let count = up_to(self.input.octets(), rest).len();
            self.input.consume(count);
            rest -= count as u64;
        }
        Ok(())
    }

    fn check_behind(&mut self) -> Flow<()> {
        if self.input.is_empty() || self.offers(Keyword::Pipelining) {
            return Ok(());
        }
        let violation = "octets behind a chunk, PIPELINING is not offered (RFC 2920)";
        Err(self.send_away(violation, "PIPELINING is not offered"))
    }
}

/// So many octets at most.
fn up_to(octets: &[u8], most: u64) -> &[u8] {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    octets.get(..most).unwrap_or(octets)
}
