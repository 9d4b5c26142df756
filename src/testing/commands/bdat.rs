//! BDAT and the chunk after it (RFC 3030, section 2).

use super::super::data::DataReader;
use super::super::extensions::Keyword;
use super::super::fault::{Point, Quirk};
use super::super::received::{IncomingMail, TransactionState};
use super::super::session::{Flow, ServerSession};
use super::transfer::up_to;

impl ServerSession {
    pub(super) async fn bdat(&mut self, octets: u64, is_last: bool, line: &str) -> Flow<()> {
        // The server cannot tell how much of a message follows, and would read it as commands.
        if !self.offers(Keyword::Chunking) {
            let violation = "BDAT, not offered (RFC 3030, section 2)";
            return Err(self.disconnect(violation, "Not offered"));
        }
        let last = if is_last { " LAST" } else { "" };
        if !line.eq_ignore_ascii_case(&format!("BDAT {octets}{last}")) {
            let violation = "malformed BDAT (RFC 3030, section 2)";
            return Err(self.disconnect(violation, "Syntax error in parameters"));
        }
        if self.has(Quirk::NoBdat) {
            self.say("502 Command not implemented");
            self.unwanted = (octets > 0).then_some((octets, "500 Command not recognized"));
            return Ok(());
        }
        if self.has(Quirk::RefusesBdat) {
            self.discard(octets).await?;
            self.refuse("503 5.5.1 Not now");
            return self.check_after_chunk();
        }
        match std::mem::replace(&mut self.transaction, TransactionState::Broken) {
            TransactionState::Open(mut mail) if mail.has_recipients() => {
                self.begin_message(&mut mail, DataReader::of_chunks()).await;
                self.add_chunk(mail, octets, is_last).await
            }
            TransactionState::Chunks(mail) => self.add_chunk(mail, octets, is_last).await,
            other => {
                self.discard(octets).await?;
                // RFC 2033, section 4.3: the last chunk has one reply for each accepted recipient,
                // and so may have none.
                let unanswered = is_last
                    && self.shared.settings.lmtp
                    && matches!(&other, TransactionState::Open(mail) if mail.named_recipients > 0);
                self.transaction = other;
                if !unanswered {
                    // The reply is all that the client gets, whatever the state was.
                    let _ = self.check_state_for_message("BDAT");
                }
                self.transaction = TransactionState::Broken;
                self.check_after_chunk()
            }
        }
    }

    async fn add_chunk(
        &mut self,
        mut mail: Box<IncomingMail>,
        octets: u64,
        is_last: bool,
    ) -> Flow<()> {
        mail.received.chunks += 1;
        let answered = self.receive(&mut mail, Some(octets)).await?;
        self.check_after_chunk()?;
        if is_last {
            self.message_has_ended()?;
        }
        if answered {
            return Ok(());
        }
        if is_last {
            self.transaction = TransactionState::None;
            return self.deliver(mail).await;
        }
        if self.is_too_large(&mail) {
            return Err(self.refuse("552 5.3.4 Message size exceeds the limit"));
        }
        let reply = format!("250 2.0.0 {octets} octets received");
        self.answer(Point::Chunk, &reply).await?;
        self.transaction = TransactionState::Chunks(mail);
        Ok(())
    }

    /// Reads a chunk that the server then refuses (RFC 3030, section 2).
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

    fn check_after_chunk(&mut self) -> Flow<()> {
        if self.input.is_empty() || self.offers(Keyword::Pipelining) {
            return Ok(());
        }
        Err(self.not_pipelining("a chunk"))
    }
}
