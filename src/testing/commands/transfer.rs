//! DATA and the message behind it (RFC 5321, section 4.1.1.4).

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::data::{DataReader, Flaw};
use super::super::dialogue::{Dialogue, Effect, Flow, effect_of};
use super::super::fault::{Fault, Point};
use super::super::keyword::Keyword;
use super::super::received::Received;
use super::super::store::Sink;
use super::Transaction;
use super::transaction::{Body, Envelope};

/// A message that has been read to its end.
struct Transferred {
    queue_id: String,
    reader: DataReader,
    stored: io::Result<Sink>,
    answered: Answered,
}

/// Whether the message was answered before it ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    NotYet,
    Early,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) async fn data(&mut self) -> Flow<()> {
        if !self.may_transfer() {
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
        let transferred = self.receive().await?;
        if !self.input.is_empty() && !self.offers(Keyword::Pipelining) {
            let violation = "octets behind the end of data, PIPELINING is not offered (RFC 2920)";
            return Err(self.send_away(violation, "PIPELINING is not offered"));
        }
        if transferred.answered == Answered::NotYet && self.may_take(&envelope, &transferred) {
            self.take(envelope, transferred).await?;
        }
        Ok(())
    }

    /// Whether the transaction is where DATA may be sent.
    fn may_transfer(&mut self) -> bool {
        let pipelining = self.offers(Keyword::Pipelining);
        match &self.transaction {
            Transaction::Open(envelope) if !envelope.forward_paths.is_empty() => return true,
            Transaction::Open(envelope) if envelope.asked_for > 0 && pipelining => {
                self.refuse("554", "5.5.1", "No valid recipients");
            }
            Transaction::Refused if pipelining => {
                self.refuse("503", "5.5.1", "MAIL was refused");
                // DATA is the last of its group.
                self.transaction = Transaction::None;
            }
            Transaction::Open(_) => {
                self.violation("DATA without a recipient (RFC 5321, section 3.3)");
                self.refuse("554", "5.5.1", "No valid recipients");
            }
            Transaction::None | Transaction::Refused => {
                self.out_of_order("DATA without MAIL (RFC 5321, section 4.1.4)");
            }
        }
        false
    }

    /// Reads to the end of data.
    async fn receive(&mut self) -> Flow<Transferred> {
        let queue_id = self.shared.queue_id();
        let shared = &self.shared;
        let stored = Sink::open(&shared.settings.store, &shared.budget, &queue_id).await;
        let mut message = Transferred {
            queue_id,
            reader: DataReader::default(),
            stored,
            answered: Answered::NotYet,
        };
        let mut piece = Vec::new();
        let mut next_fault = self.shared.faults.next_in_body(0);
        while !message.reader.has_ended() {
            let passed = message.reader.wire_octets();
            if let Some(at) = next_fault.filter(|at| *at <= passed) {
                self.fault_in_body(at, &mut message.answered).await?;
                next_fault = self.shared.faults.next_in_body(at + 1);
                continue;
            }
            if self.input.is_empty() {
                self.fill().await?;
            }
            let octets = up_to_fault(self.input.octets(), passed, next_fault);
            let consumed = message.reader.feed(octets, &mut piece);
            self.input.consume(consumed);
            self.store(&mut message, &piece).await;
            piece.clear();
        }
        Ok(message)
    }

    async fn fault_in_body(&mut self, at: u64, answered: &mut Answered) -> Flow<()> {
        if let Some(fault) = self.shared.faults.take(Point::Body(at)) {
            self.answer_with(Some(fault), String::new()).await?;
            *answered = Answered::Early;
        }
        Ok(())
    }

    /// Keeps a piece, unless the message cannot be kept anyway.
    async fn store(&self, message: &mut Transferred, piece: &[u8]) {
        if self.is_too_large(message) {
            message.stored = Ok(Sink::Discard);
        } else if let Ok(sink) = &mut message.stored
            && let Err(error) = sink.write(piece).await
        {
            message.stored = Err(error);
        }
    }

    fn is_too_large(&self, message: &Transferred) -> bool {
        let max_size = self.shared.settings.max_size;
        max_size != 0 && message.reader.octets() > max_size
    }

    /// Whether the message is as it should be.
    fn may_take(&mut self, envelope: &Envelope, message: &Transferred) -> bool {
        let mut violations: Vec<String> = Vec::new();
        for flaw in message.reader.flaws() {
            if *flaw != Flaw::EightBit || envelope.body == Body::SevenBit {
                violations.push(flaw.describe().to_owned());
            }
        }
        let octets = message.reader.octets();
        if let Some(declared) = envelope.declared_size.filter(|size| *size != octets) {
            violations.push(format!(
                "message of {octets} octets declared with SIZE={declared} (RFC 1870, section 6)"
            ));
        }
        for violation in &violations {
            self.violation(violation);
        }
        if let Some(violation) = violations.first() {
            self.refuse("554", "5.6.0", violation);
            return false;
        }
        if self.is_too_large(message) {
            self.refuse("552", "5.3.4", "Message size exceeds the limit");
            return false;
        }
        true
    }

    async fn take(&mut self, envelope: Envelope, message: Transferred) -> Flow<()> {
        let fault = self.shared.faults.take(Point::EndOfData);
        let refused = match &fault {
            Some(Fault::ReplyAt(_, text)) => effect_of(text) == Effect::Fails,
            _ => false,
        };
        let text = format!("Ok: queued as {}", message.queue_id);
        let reply = self.reply("250", "2.0.0", &text);
        if !refused && let Err(error) = self.keep(envelope, message).await {
            tracing::debug!(target: "pilotfish::testing", %error, "not kept");
            if error.kind() == io::ErrorKind::StorageFull {
                self.refuse("452", "4.3.1", "Insufficient system storage");
            } else {
                self.refuse("451", "4.3.0", "Local error in processing");
            }
            return Ok(());
        }
        self.answer_with(fault, reply).await?;
        Ok(())
    }

    async fn keep(&mut self, envelope: Envelope, message: Transferred) -> io::Result<()> {
        let kept = message.stored?.keep().await?;
        self.shared.log.add_received(Received {
            queue_id: message.queue_id,
            connection: self.number,
            hello: self.hello.clone().unwrap_or_default(),
            tls: self.tls,
            authenticated_as: self.authenticated_as.clone(),
            reverse_path: envelope.reverse_path,
            mail_parameters: envelope.parameters,
            forward_paths: envelope.forward_paths,
            octets: kept.octets,
            file: kept.file,
            size: message.reader.octets(),
            wire_octets: message.reader.wire_octets(),
        });
        Ok(())
    }
}

/// The octets before the next fault is due.
fn up_to_fault(octets: &[u8], passed: u64, next_fault: Option<u64>) -> &[u8] {
    let due = next_fault.map(|at| usize::try_from(at - passed).unwrap_or(usize::MAX));
    due.and_then(|due| octets.get(..due)).unwrap_or(octets)
}
