//! DATA and the message after it (RFC 5321, section 4.1.1.4).

use super::super::data::DataReader;
use super::super::extensions::Keyword;
use super::super::fault::{Fault, Point};
use super::super::received::{IncomingMail, TransactionState};
use super::super::session::{Flow, ServerSession, SessionStop};
use super::super::store::Sink;

impl ServerSession {
    pub(super) async fn data(&mut self) -> Flow<()> {
        self.check_state_for_message("DATA")?;
        let violation = match &self.transaction {
            TransactionState::Open(mail) if mail.has_body("BINARYMIME") => {
                Some("DATA after BODY=BINARYMIME (RFC 3030, section 3)")
            }
            TransactionState::Chunks(_) => Some("DATA after BDAT (RFC 3030, section 2)"),
            _ => None,
        };
        if let Some(violation) = violation {
            return Err(self.out_of_order(violation));
        }
        let reply = "354 End data with <CR><LF>.<CR><LF>".to_owned();
        if !self.say_at(Point::Data, reply).await? {
            return Err(SessionStop::Refused);
        }
        let transaction = std::mem::replace(&mut self.transaction, TransactionState::None);
        let TransactionState::Open(mut mail) = transaction else {
            return Ok(());
        };
        self.begin_message(&mut mail, DataReader::default()).await;
        let answered = self.receive(&mut mail, None).await?;
        if !self.input.is_empty() && !self.offers(Keyword::Pipelining) {
            return Err(self.not_pipelining("the end of data"));
        }
        self.message_has_ended()?;
        if answered {
            return Ok(());
        }
        self.deliver(mail).await
    }

    /// Checks that the transaction is where the client may send DATA or BDAT.
    pub(super) fn check_state_for_message(&mut self, verb: &str) -> Flow<()> {
        let pipelining = self.offers(Keyword::Pipelining);
        Err(match &self.transaction {
            TransactionState::Open(mail) if mail.has_recipients() => return Ok(()),
            TransactionState::Chunks(_) => return Ok(()),
            TransactionState::Open(mail) => {
                if mail.named_recipients == 0 || !pipelining {
                    self.violation(&format!(
                        "{verb} without a recipient (RFC 5321, section 3.3)"
                    ));
                }
                // RFC 2033, section 4.2.
                let code = if self.shared.settings.lmtp { 503 } else { 554 };
                self.refuse(&format!("{code} 5.5.1 No valid recipients"))
            }
            TransactionState::Refused if pipelining => {
                // DATA is the last of its group.
                self.transaction = TransactionState::None;
                self.refuse("503 5.5.1 MAIL was refused")
            }
            TransactionState::None | TransactionState::Refused => {
                self.out_of_order(&format!("{verb} without MAIL (RFC 5321, section 4.1.4)"))
            }
            TransactionState::Broken if pipelining && verb == "BDAT" => {
                self.refuse("503 5.5.1 A chunk was refused")
            }
            TransactionState::Broken => self.out_of_order(&format!(
                "{verb} after a refused chunk (RFC 3030, section 2)"
            )),
        })
    }

    /// Prepares to read the message of a mail.
    pub(super) async fn begin_message(&self, mail: &mut IncomingMail, reader: DataReader) {
        let shared = &self.shared;
        let queue_id = shared.queue_id();
        mail.sink = Sink::open(&shared.settings.store, &shared.budget, &queue_id).await;
        mail.received.queue_id = queue_id;
        mail.reader = reader;
    }

    /// Reads to the end of data, or a chunk of this size. Returns whether a fault has answered
    /// already.
    pub(super) async fn receive(
        &mut self,
        mail: &mut IncomingMail,
        chunk: Option<u64>,
    ) -> Flow<bool> {
        let begin = mail.reader.wire_octets();
        let end = chunk.map_or(u64::MAX, |octets| begin.saturating_add(octets));
        let mut answered = false;
        let mut piece = Vec::new();
        let mut next_fault = self.shared.faults.next_in_body(begin);
        while !mail.reader.has_ended() && mail.reader.wire_octets() < end {
            let passed = mail.reader.wire_octets();
            if let Some(at) = next_fault.filter(|at| *at <= passed) {
                answered |= self.fault_in_body(at).await?;
                next_fault = self.shared.faults.next_in_body(at + 1);
                continue;
            }
            if self.input.is_empty() {
                self.fill().await?;
            }
            let most = next_fault.unwrap_or(end).min(end) - passed;
            let octets = up_to(self.input.octets(), most);
            let consumed = mail.reader.feed(octets, &mut piece);
            self.input.consume(consumed);
            self.store(mail, &piece).await;
            piece.clear();
        }
        Ok(answered)
    }

    /// Lets the fault at this octet happen. Returns whether it is an answer.
    async fn fault_in_body(&mut self, at: u64) -> Flow<bool> {
        let fault = self.shared.faults.take(Point::Body(at), self.number);
        let answers = matches!(fault, Some(Fault::ReplyAt(..)));
        self.say_unless(fault, "").await?;
        Ok(answers)
    }

    /// Keeps a piece, unless the server cannot keep the message anyway.
    async fn store(&self, mail: &mut IncomingMail, piece: &[u8]) {
        mail.received.size += piece.len() as u64;
        if self.is_too_large(mail) {
            mail.sink = Ok(Sink::Discard);
        } else if let Ok(sink) = &mut mail.sink
            && let Err(error) = sink.write(piece).await
        {
            mail.sink = Err(error);
        }
    }

    pub(super) fn is_too_large(&self, mail: &IncomingMail) -> bool {
        let max_size = self.shared.settings.max_size;
        max_size != 0 && mail.received.size > max_size
    }
}

/// The first octets, at most this many.
pub(super) fn up_to(octets: &[u8], most: u64) -> &[u8] {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    octets.get(..most).unwrap_or(octets)
}
