//! A mail on its way, and what it comes to.

use std::time::Duration;

use crate::address::Envelope;
use crate::error::{Error, Result};
use crate::message::MessageReader;
use crate::protocol::TransactionOutcome;
use crate::session::mail::Mail;
use crate::session::outcome::{Division, result};
use crate::session::plan::Prepared;
use crate::session::receipt::Receipt;
use crate::session::telemetry::TransactionTelemetry;
use crate::session::timing::Timing;
use crate::transport::TlsParameters;

/// A mail that the pipeline carries.
#[derive(Debug)]
pub(in crate::session) struct InFlight {
    pub(super) ticket: usize,
    pub(super) mail: Mail,
    pub(super) size: u64,
    pub(super) telemetry: TransactionTelemetry,
    /// Until the transfer of the message begins.
    pub(super) reader: Option<MessageReader>,
    /// The transfer of the message, while it is interrupted.
    pub(super) transfer: Option<Box<Transfer>>,
    /// How many octets the wire has handed over when the message has left whole.
    pub(super) end: Option<u64>,
    /// Why its message could not be read.
    pub(super) failure: Option<Error>,
    /// Whether the session had been idle when the mail was begun. The server may have ended the session
    /// before it received the first command.
    pub(super) after_idle: bool,
    /// The recipients of later portions.
    pub(super) left: Option<Envelope>,
}

/// A message that is on its way into the flight.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) reader: MessageReader,
    /// What has been read of the next block.
    pub(super) block: Vec<u8>,
    /// Whether more blocks follow, once the block has been read whole, or why it cannot be read.
    pub(super) read: Option<Result<bool>>,
    /// How long the source has taken for the block.
    pub(super) waited: Duration,
    /// How many octets are in the flight.
    pub(super) sent: u64,
}

impl InFlight {
    pub(super) fn new(
        ticket: usize,
        prepared: Prepared,
        telemetry: TransactionTelemetry,
        after_idle: bool,
        left: Option<Envelope>,
    ) -> Self {
        Self {
            ticket,
            mail: prepared.mail,
            size: prepared.size,
            telemetry,
            reader: Some(prepared.reader),
            transfer: None,
            end: None,
            failure: None,
            after_idle,
            left,
        }
    }

    /// The transfer of the message, from where it was interrupted or from the beginning.
    pub(super) fn take_transfer(&mut self) -> Option<Transfer> {
        if let Some(transfer) = self.transfer.take() {
            return Some(*transfer);
        }
        let reader = self.reader.take()?;
        self.telemetry.marks.transfer_begins();
        Some(Transfer {
            reader,
            block: Vec::new(),
            read: None,
            waited: Duration::ZERO,
            sent: 0,
        })
    }

    /// Whether the message has been handed to the network whole.
    pub(super) fn has_left(&self, handed_over: u64) -> bool {
        self.end.is_some_and(|end| end <= handed_over)
    }

    /// Whether the caller has withdrawn the mail.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.mail.withdrawal.is_withdrawn()
    }

    /// What the mail comes to by all the replies to it.
    pub(super) fn result(
        &self,
        outcome: TransactionOutcome,
        tls: Option<TlsParameters>,
    ) -> (Timing, Result<Receipt>) {
        let timing = self.telemetry.marks.end();
        let envelope = &self.mail.envelope;
        let result = if let Some(failure) = &self.failure {
            let division = Division::new(&outcome, envelope);
            Err(failure.clone().with_rejected(division.rejected))
        } else {
            let message_id = self.mail.message.message_id();
            result(outcome, envelope, message_id, self.size, tls, timing)
        };
        (timing, result)
    }
}

/// A mail with its result.
#[derive(Debug)]
pub(in crate::session) struct Concluded {
    pub(in crate::session) ticket: usize,
    pub(in crate::session) mail: Mail,
    pub(in crate::session) result: Result<Receipt>,
    pub(in crate::session) blame: Blame,
}

/// What a mail failed for, if it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum Blame {
    /// The mail. Or the server accepted it, or its fate is unknown.
    Mail,
    /// The session: the server ended it at this mail, or lacks what it offers.
    Session,
    /// The session, which ended at an earlier mail.
    Earlier,
}

impl Concluded {
    /// The mail, if it can be sent once more and its failure is not its own.
    pub(in crate::session) fn to_resend(&self) -> Option<Mail> {
        (self.blame != Blame::Mail && self.mail.message.is_repeatable()).then(|| self.mail.clone())
    }
}
