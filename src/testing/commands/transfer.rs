//! DATA and the message behind it (RFC 5321, section 4.1.1.4).

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::data::{DataReader, Flaw};
use super::super::dialogue::{Dialogue, Effect, Flow};
use super::super::fault::{Fault, Point};
use super::super::keyword::Keyword;
use super::super::store::Sink;
use super::Transaction;
use super::transaction::{Body, Envelope};

/// A message as far as it has been read.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) queue_id: String,
    pub(super) stored: io::Result<Sink>,
    pub(super) octets: u64,
    pub(super) wire_octets: u64,
    pub(super) chunks: u64,
    /// What was wrong with it, each once.
    pub(super) flaws: Vec<Flaw>,
}

/// Whether the message, or its chunk, was answered before it ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    NotYet,
    Early,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) async fn data(&mut self) -> Flow<()> {
        if !self.may_transfer("DATA") || !self.may_data() {
            return Ok(());
        }
        let reply = "354 End data with <CR><LF>.<CR><LF>".to_owned();
        if self.answer(Point::Data, reply).await? == Effect::Fails {
            return Ok(());
        }
        let transaction = std::mem::replace(&mut self.transaction, Transaction::None);
        let Transaction::Open(envelope) = transaction else {
            return Ok(());
        };
        let (message, answered) = self.receive().await?;
        if !self.input.is_empty() && !self.offers(Keyword::Pipelining) {
            let violation = "octets behind the end of data, PIPELINING is not offered (RFC 2920)";
            return Err(self.send_away(violation, "PIPELINING is not offered"));
        }
        self.message_has_ended()?;
        if answered == Answered::NotYet && self.may_take(&envelope, &message) {
            self.take(envelope, message).await?;
        }
        Ok(())
    }

    /// Whether the message is one that may go by DATA.
    fn may_data(&mut self) -> bool {
        let violation = match &self.transaction {
            Transaction::Open(envelope) if envelope.body == Body::BinaryMime => {
                "DATA behind BODY=BINARYMIME (RFC 3030, section 3)"
            }
            Transaction::Chunks(_) => "DATA behind BDAT (RFC 3030, section 2)",
            _ => return true,
        };
        self.out_of_order(violation);
        false
    }

    /// Whether the transaction is where DATA or BDAT may be sent.
    pub(super) fn may_transfer(&mut self, verb: &str) -> bool {
        let pipelining = self.offers(Keyword::Pipelining);
        match &self.transaction {
            Transaction::Open(envelope) if !envelope.forward_paths.is_empty() => return true,
            Transaction::Chunks(_) => return true,
            Transaction::Open(envelope) if envelope.asked_for > 0 && pipelining => {
                self.no_recipients();
            }
            Transaction::Refused if pipelining => {
                self.refuse("503", "5.5.1", "MAIL was refused");
                // DATA is the last of its group.
                self.transaction = Transaction::None;
            }
            Transaction::Open(_) => {
                self.violation(&format!(
                    "{verb} without a recipient (RFC 5321, section 3.3)"
                ));
                self.no_recipients();
            }
            Transaction::None | Transaction::Refused => {
                self.out_of_order(&format!("{verb} without MAIL (RFC 5321, section 4.1.4)"));
            }
            Transaction::Broken if pipelining && verb == "BDAT" => {
                self.refuse("503", "5.5.1", "A chunk was refused");
            }
            Transaction::Broken => {
                self.out_of_order(&format!(
                    "{verb} behind a refused chunk (RFC 3030, section 2)"
                ));
            }
        }
        false
    }

    /// A message of which nothing has been read.
    pub(super) async fn incoming(&self) -> Incoming {
        let queue_id = self.shared.queue_id();
        let shared = &self.shared;
        let stored = Sink::open(&shared.settings.store, &shared.budget, &queue_id).await;
        Incoming {
            queue_id,
            stored,
            octets: 0,
            wire_octets: 0,
            chunks: 0,
            flaws: Vec::new(),
        }
    }

    /// Reads to the end of data.
    async fn receive(&mut self) -> Flow<(Incoming, Answered)> {
        let mut message = self.incoming().await;
        let mut reader = DataReader::default();
        let mut answered = Answered::NotYet;
        let mut piece = Vec::new();
        let mut next_fault = self.shared.faults.next_in_body(0);
        while !reader.has_ended() {
            let passed = reader.wire_octets();
            if let Some(at) = next_fault.filter(|at| *at <= passed) {
                self.fault_in_body(at, &mut answered).await?;
                next_fault = self.shared.faults.next_in_body(at + 1);
                continue;
            }
            if self.input.is_empty() {
                self.fill().await?;
            }
            let octets = up_to_fault(self.input.octets(), passed, next_fault);
            let consumed = reader.feed(octets, &mut piece);
            self.input.consume(consumed);
            self.store(&mut message, &piece).await;
            piece.clear();
        }
        message.wire_octets = reader.wire_octets();
        message.flaws = reader.flaws().to_vec();
        Ok((message, answered))
    }

    pub(super) async fn fault_in_body(&mut self, at: u64, answered: &mut Answered) -> Flow<()> {
        if let Some(fault) = self.shared.faults.take(Point::Body(at), self.number) {
            if matches!(fault, Fault::ReplyAt(..)) {
                *answered = Answered::Early;
            }
            self.answer_with(Some(fault), String::new()).await?;
        }
        Ok(())
    }

    /// Keeps a piece, unless the message cannot be kept anyway.
    pub(super) async fn store(&self, message: &mut Incoming, piece: &[u8]) {
        message.octets += piece.len() as u64;
        if self.is_too_large(message) {
            message.stored = Ok(Sink::Discard);
        } else if let Ok(sink) = &mut message.stored
            && let Err(error) = sink.write(piece).await
        {
            message.stored = Err(error);
        }
    }

    pub(super) fn is_too_large(&self, message: &Incoming) -> bool {
        let max_size = self.shared.settings.max_size;
        max_size != 0 && message.octets > max_size
    }

    /// Whether the message is as it should be.
    pub(super) fn may_take(&mut self, envelope: &Envelope, message: &Incoming) -> bool {
        let mut violations: Vec<String> = Vec::new();
        for flaw in &message.flaws {
            let announced = match envelope.body {
                Body::SevenBit => false,
                Body::EightBitMime => *flaw == Flaw::EightBit,
                Body::BinaryMime => true,
            };
            if !announced {
                violations.push(flaw.describe().to_owned());
            }
        }
        let octets = message.octets;
        if let Some(declared) = envelope.declared_size.filter(|size| *size != octets) {
            violations.push(format!(
                "message of {octets} octets declared with SIZE={declared} (RFC 1870, section 6)"
            ));
        }
        for violation in &violations {
            self.violation(violation);
        }
        if let Some(violation) = violations.first() {
            self.refuse_message(envelope, "554", "5.6.0", violation);
            return false;
        }
        if self.is_too_large(message) {
            let text = "Message size exceeds the limit";
            self.refuse_message(envelope, "552", "5.3.4", text);
            return false;
        }
        true
    }
}

/// The octets before the next fault is due.
pub(super) fn up_to_fault(octets: &[u8], passed: u64, next_fault: Option<u64>) -> &[u8] {
    let due = next_fault.map(|at| usize::try_from(at - passed).unwrap_or(usize::MAX));
    due.and_then(|due| octets.get(..due)).unwrap_or(octets)
}
