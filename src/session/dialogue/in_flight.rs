//! A mail that the pipeline carries.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::message::MessageReader;
use crate::session::mail::Mail;
use crate::session::portions::Portion;
use crate::session::receipt::Receipt;
use crate::session::telemetry::TransactionTelemetry;

/// A mail that the pipeline carries.
#[derive(Debug)]
pub(in crate::session) struct InFlight {
    pub(super) ticket: usize,
    pub(super) mail: Mail,
    pub(super) size: u64,
    pub(super) telemetry: TransactionTelemetry,
    /// The transfer of the message, while it has not begun or is interrupted.
    pub(super) transfer: Option<Transfer>,
    /// How many octets the wire has handed over when the message has left whole.
    pub(super) end: Option<u64>,
    /// Why its message does not go out whole.
    pub(super) failure: Option<Error>,
    /// Whether the session had been idle when the mail was begun. The server may have ended the session
    /// before it received the first command.
    pub(super) after_idle: bool,
    /// The portion of the mail that this is, if others follow.
    pub(super) portion: Option<Portion>,
}

/// How far a message is on its way into the flight.
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

impl Transfer {
    pub(super) fn new(reader: MessageReader) -> Self {
        Self {
            reader,
            block: Vec::new(),
            read: None,
            waited: Duration::ZERO,
            sent: 0,
        }
    }
}

impl InFlight {
    /// Whether the message has been handed to the network whole.
    pub(super) fn has_left(&self, handed_over: u64) -> bool {
        self.end.is_some_and(|end| end <= handed_over)
    }

    /// Whether the end of the message is in the flight.
    pub(super) fn is_leaving(&self, handed_over: u64) -> bool {
        self.end.is_some() && !self.has_left(handed_over)
    }

    /// Whether the end of the message was in the flight, and may not leave.
    pub(super) fn is_held_back(&self) -> bool {
        self.end.is_some() && self.failure.is_some()
    }
}

/// A mail with its result.
#[derive(Debug)]
pub(in crate::session) struct Concluded {
    pub(in crate::session) ticket: usize,
    pub(in crate::session) mail: Mail,
    pub(in crate::session) result: Result<Receipt>,
    pub(in crate::session) blame: Blame,
    pub(in crate::session) portion: Option<Portion>,
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
