//! The queue of expected replies: which command goes out when, and which mail each reply belongs to
//! (RFC 5321 section 4.1.4, RFC 2920 section 3.1, RFC 3030 section 2, RFC 2033 section 4.2).
//!
//! A mail goes through these phases. Replies may come in all of them, in the order of the commands.
//!
//! ```text
//!              commands are left
//!               +-----------+
//!               v           |  Send(MAIL, RCPT, DATA)
//!  begin --> Envelope ------+
//!               |   |
//!   no recipient|   | accepted: Transfer, or at once with Grouping::WithMessage
//!   is accepted |   v
//!               | Message ------ refused, or unreadable between two chunks
//!               |   |                        |
//!   AbandonData |   | message_sent           | abandon_message
//!   or HangUp   v   v                        v
//!              Sent ---- last reply ---- Abandoned
//!                            |
//!                       take_outcome
//! ```
//!
//! Several mails overlap like this (RFC 3030 section 2), where each line is one flight:
//!
//! ```text
//!  C: MAIL 1, RCPT 1, BDAT 1 LAST, RSET, MAIL 2, RCPT 2, BDAT 2 LAST
//!  S: 250 MAIL 1, 250 RCPT 1, 250 message 1, 250 RSET, 250 MAIL 2, 250 RCPT 2, 250 message 2
//! ```

mod action;
mod outcome;
mod strategy;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::VecDeque;

use super::command::{Chunk, Command};
use super::extensions::{Extension, Extensions};
use super::parameter::Parameters;
use super::reply::Reply;
use crate::address::Envelope;
pub(crate) use action::Grouping;
pub use action::{Action, ExpectedReply, SendPlan, TransferCommand, UnexpectedReply};
pub(crate) use outcome::Refusal;
pub use outcome::TransactionOutcome;
pub use strategy::{Chunking, Defect, Dialect, Pipelining, Strategy};
use transaction::{NextStep, SendPhase, Transaction};

/// How many octets of messages may be on their way before the server has accepted a recipient for them.
const WINDOW: u64 = 1024 * 1024;

/// How many chunks may be without a reply: over a mebibyte is then on its way, which fills a
/// long line, and is what a refusal costs at most.
const MAX_CHUNKS: usize = 16;

/// The mails that are on their way on one connection, each with what the driver keeps for it (`T`), and
/// the replies that are due for them.
///
/// The driver asks for the [`next_step`](Self::next_step), takes it, and hands over each reply by
/// [`accept`](Self::accept). The pipeline alone knows which commands may leave together, that DATA ends a
/// group, what a refused command means for those after it, when RSET or a lone end of data is due, and
/// how many mails may follow each other.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the facts are independent of each other"
)]
#[derive(Debug)]
pub struct Pipeline<T = ()> {
    strategy: Strategy,
    pipelining: bool,
    chunking: bool,
    dialect: Dialect,
    mails: VecDeque<Transaction<T>>,
    /// What replies are due for. Those of a mail stand together, in the order of the mails.
    awaited: VecDeque<ExpectedReply>,
    /// The server may still have a transaction open that has failed (RFC 5321 section 4.1.4).
    reset_due: bool,
    /// The largest number of mails is on its way, or was a moment ago: no other is begun until half of
    /// them have been answered, so that mails keep leaving together.
    full: bool,
    confirmed: Confirmed,
    /// Commands that left together were refused, and the mail may have been the reason. Until another
    /// mail has gone out alone and without this, no mail uses it.
    suspected: Option<Defect>,
}

/// What the server is known to support.
#[derive(Debug, Clone, Copy, Default)]
struct Confirmed {
    /// The server has accepted a message by BDAT. Before that, only one is on its way: a server that
    /// does not know BDAT would read messages as commands.
    bdat: bool,
    /// Commands of one mail that left together have all been answered in order.
    grouping: bool,
    /// A mail that was begun before the server had answered the previous one has been answered.
    batches: bool,
}

impl<T> Pipeline<T> {
    /// Begins with no mail on its way.
    #[must_use]
    pub fn new(strategy: Strategy, dialect: Dialect, extensions: &Extensions) -> Self {
        Self {
            strategy,
            pipelining: extensions.offers(Extension::Pipelining),
            chunking: extensions.offers(Extension::Chunking),
            dialect,
            mails: VecDeque::new(),
            awaited: VecDeque::new(),
            reset_due: false,
            full: false,
            confirmed: Confirmed::default(),
            suspected: None,
        }
    }

    /// Sets the extensions that the server has listed since. No mail may be on its way.
    pub(crate) fn set_extensions(&mut self, extensions: &Extensions) {
        self.pipelining = extensions.offers(Extension::Pipelining);
        self.chunking = extensions.offers(Extension::Chunking);
    }

    /// Changes the strategy for mails that are begun from here on.
    pub(crate) fn set_strategy(&mut self, strategy: Strategy) {
        self.strategy = strategy;
    }

    /// The strategy, less what the server has turned out not to support.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// The server has carried out RSET.
    pub(crate) fn has_reset(&mut self) {
        self.reset_due = false;
    }

    /// Whether messages can go by BDAT, and so be binary.
    pub(crate) fn has_chunking(&self) -> bool {
        self.chunking && self.strategy.chunking != Chunking::Never
    }

    fn has_pipelining(&self) -> bool {
        self.pipelining
            && self.strategy.pipelining != Pipelining::Never
            && self.suspected != Some(Defect::Grouping)
    }

    /// Decides how a message of `size` octets goes out, with `waiting` mails in the queue after it. `only`
    /// is the command that the message needs, if it needs one.
    #[must_use]
    pub fn plan(&self, size: u64, only: Option<TransferCommand>, waiting: usize) -> SendPlan {
        let is_batched = waiting > 0 || !self.mails.is_empty();
        let command = only.unwrap_or(match self.strategy.chunking {
            Chunking::Always if self.chunking => TransferCommand::Bdat,
            Chunking::Auto if self.chunking && self.has_pipelining() && is_batched => {
                TransferCommand::Bdat
            }
            _ => TransferCommand::Data,
        });
        // How many replies LMTP has to the last chunk is known only after those to RCPT.
        let at_once =
            command == TransferCommand::Bdat && size <= WINDOW && self.dialect == Dialect::Smtp;
        let grouping = match self.has_pipelining() {
            false => Grouping::OneAtATime,
            true if at_once => Grouping::WithMessage,
            true => Grouping::Grouped,
        };
        SendPlan {
            grouping,
            command,
            size,
            dialect: self.dialect,
        }
    }

    /// Whether a mail with this plan may be begun now, after those that are on their way.
    #[must_use]
    pub fn may_begin(&self, plan: &SendPlan) -> bool {
        let Some(last) = self.mails.back() else {
            return true;
        };
        // After a refusal, it is not certain which transaction the server has open.
        let alone = plan.grouping == Grouping::OneAtATime
            || !self.has_pipelining()
            || self.suspected.is_some();
        if last.phase != SendPhase::Sent || alone || last.refusal().is_some() {
            return false;
        }
        let eager = self.strategy.pipelining == Pipelining::Eager;
        if last.plan.command == TransferCommand::Bdat && plan.command == TransferCommand::Bdat {
            return self.confirmed.bdat && !self.full && self.has_room(plan);
        }
        let adds_whole = plan.grouping == Grouping::WithMessage && self.most_mails() == 1;
        eager && self.mails.len() == 1 && !adds_whole
    }

    /// Whether another mail may be begun soon, before those on their way are answered.
    pub(crate) fn may_be_followed(&self) -> bool {
        let Some(last) = self.mails.back() else {
            return true;
        };
        self.has_pipelining()
            && self.suspected.is_none()
            && match last.plan.command {
                TransferCommand::Bdat => self.confirmed.bdat && self.most_mails() > 1,
                TransferCommand::Data => {
                    self.strategy.pipelining == Pipelining::Eager && self.mails.len() == 1
                }
            }
    }

    /// Whether a mail goes out in another way if another mail waits after it.
    pub(crate) fn benefits_from_batching(&self) -> bool {
        let may_chunk = self.chunking && self.strategy.chunking == Chunking::Auto;
        may_chunk && self.has_pipelining() && self.mails.is_empty()
    }

    /// How many mails may be on their way at once.
    fn most_mails(&self) -> usize {
        usize::try_from(self.strategy.messages_in_flight.max(1)).unwrap_or(usize::MAX)
    }

    fn has_room(&self, plan: &SendPlan) -> bool {
        let octets = |plan: &SendPlan| match plan.grouping {
            Grouping::WithMessage => plan.size,
            _ => 0,
        };
        let on_their_way: u64 = self.mails.iter().map(|mail| octets(&mail.plan)).sum();
        on_their_way.saturating_add(octets(plan)) <= WINDOW
    }

    /// Begins a mail, which [`may_begin`](Self::may_begin) has allowed.
    pub fn begin(
        &mut self,
        plan: SendPlan,
        envelope: Envelope,
        parameters: Parameters,
        carried: T,
    ) {
        // The transaction of a mail by BDAT stays open if the server refuses it (RFC 3030 section 2).
        // RSET keeps the recipients of one mail from another's message.
        let previous = self.mails.back().map(|mail| mail.plan.command);
        let reset = self.reset_due || previous == Some(TransferCommand::Bdat);
        self.reset_due = false;
        let mut mail = Transaction::new(plan, envelope, parameters, reset, carried);
        mail.previous = previous;
        mail.is_probe = self.suspected.is_some();
        self.mails.push_back(mail);
        self.full = self.mails.len() >= self.most_mails();
    }

    /// What the driver does now.
    pub fn next_step(&mut self) -> Action {
        let step = self
            .mails
            .back_mut()
            .map_or(NextStep::Over, Transaction::step);
        match (step, self.awaited.front()) {
            (NextStep::Send, _) => {
                let mail = self.mails.back();
                let expected = mail.into_iter().flat_map(Transaction::expected_replies);
                self.awaited.extend(expected);
                Action::Send
            }
            (NextStep::Transfer(command), _) => Action::Transfer(command),
            (NextStep::HangUp, _) => Action::HangUp,
            (NextStep::AbandonData, _) => {
                self.now_due(ExpectedReply::LoneEndOfData, 1);
                Action::AbandonData
            }
            (NextStep::Wait, Some(expected)) => Action::Receive(*expected),
            (NextStep::Over, Some(expected)) => Action::Await(*expected),
            (NextStep::Wait | NextStep::Over, None) => Action::Idle,
        }
    }

    /// The commands that leave now: those of the last [`Action::Send`].
    pub fn group(&self) -> impl Iterator<Item = Command<'_>> {
        self.mails.back().into_iter().flat_map(Transaction::group)
    }

    fn now_due(&mut self, expected: ExpectedReply, replies: usize) {
        if let Some(mail) = self.mails.back_mut() {
            mail.due += replies;
            self.awaited.extend(std::iter::repeat_n(expected, replies));
        }
    }

    /// Whether the newest mail's next chunk need not wait for replies to earlier ones.
    #[must_use]
    pub fn may_send_chunk(&self) -> bool {
        // By LMTP it depends on the last chunk's own fate how many replies it has.
        let window = match self.dialect {
            Dialect::Smtp if self.has_pipelining() => MAX_CHUNKS,
            _ => 1,
        };
        let chunks = (self.awaited.iter()).filter(|expected| **expected == ExpectedReply::Chunk);
        chunks.count() < window
    }

    /// A chunk of the newest mail has been sent. Returns how many replies are due for it.
    pub fn chunk_sent(&mut self, chunk: Chunk) -> usize {
        match chunk {
            Chunk::More => {
                self.now_due(ExpectedReply::Chunk, 1);
                1
            }
            Chunk::Last => self.message_sent(),
        }
    }

    /// The end of the newest mail's message has been sent. Returns how many replies are due for
    /// it.
    pub fn message_sent(&mut self) -> usize {
        let Some(mail) = self.mails.back_mut() else {
            return 0;
        };
        mail.phase = SendPhase::Sent;
        let replies = match mail.plan.dialect {
            Dialect::Smtp => 1,
            Dialect::Lmtp => mail.accepted(),
        };
        self.now_due(ExpectedReply::Message, replies);
        replies
    }

    /// The newest mail's message will not be completed, and stops between two chunks.
    pub fn abandon_message(&mut self) {
        if let Some(mail) = self.mails.back_mut() {
            mail.phase = SendPhase::Abandoned;
        }
    }

    /// Whether the newest mail has been refused: no chunk may follow (RFC 3030 section 2).
    #[must_use]
    pub fn is_refused(&self) -> bool {
        (self.mails.back()).is_some_and(|mail| mail.refusal().is_some())
    }

    /// What the next reply is for; `None` if none is due.
    pub(crate) fn awaited(&self) -> Option<ExpectedReply> {
        self.awaited.front().copied()
    }

    /// Hands the next reply to its mail.
    ///
    /// # Errors
    ///
    /// The reply cannot be one to the command it is for, or no reply was due. Later replies would be
    /// matched to the wrong commands, so the connection must be closed.
    pub fn accept(&mut self, reply: Reply) -> Result<(), UnexpectedReply> {
        let (Some(mail), Some(expected)) = (self.mails.front_mut(), self.awaited.front()) else {
            return Err(UnexpectedReply(reply));
        };
        mail.accept(*expected, reply).map_err(UnexpectedReply)?;
        self.awaited.pop_front();
        Ok(())
    }

    /// What all mails on their way carry, from the oldest to the newest.
    pub(crate) fn carried(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator {
        self.mails.iter().map(|mail| &mail.carried)
    }

    /// The same, to be changed.
    pub(crate) fn carried_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.mails.iter_mut().map(|mail| &mut mail.carried)
    }

    /// Whether no mail is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.mails.is_empty()
    }

    /// The outcome of the oldest mail, once all replies to it have come.
    pub fn take_outcome(&mut self) -> Option<(T, TransactionOutcome)> {
        let mail = self.mails.pop_front_if(|mail| mail.is_over())?;
        self.full &= self.mails.len() > self.most_mails() / 2;
        let command = mail.plan.command;
        if mail.is_probe {
            self.suspected = None;
        }
        let abandoned = mail.phase == SendPhase::Abandoned;
        let is_batched = mail.previous.is_some();
        let grouped = mail.leaves_together();
        let (carried, outcome) = mail.outcome(self.confirmed.bdat);
        self.confirmed.bdat |=
            command == TransferCommand::Bdat && outcome.refusal.is_none() && !abandoned;
        self.confirmed.grouping |= grouped && outcome.defect.is_none();
        self.confirmed.batches |= is_batched && outcome.defect.is_none();
        // After an end of data no transaction is open, whatever the server said to it; after a
        // refused chunk that is not certain (RFC 3030 section 2).
        let closed = match outcome.refusal {
            None => !abandoned,
            Some(_) => command == TransferCommand::Data && !outcome.messages.is_empty(),
        };
        self.reset_due |= !closed && self.mails.is_empty();
        self.has_shown(outcome.defect);
        Some((carried, outcome))
    }

    /// What the server has replied to the oldest mail so far, when no more replies will come.
    pub fn break_off(&mut self) -> Option<(T, TransactionOutcome)> {
        self.awaited.clear();
        let mail = self.mails.pop_front()?;
        let (carried, outcome) = mail.outcome(self.confirmed.bdat);
        self.has_shown(outcome.defect);
        Some((carried, outcome))
    }
}
