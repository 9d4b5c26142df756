//! The queue of expected replies: which command goes out when, and which reply is whose
//! (RFC 5321 section 4.1.4, RFC 2920 section 3.1, RFC 3030 section 2, RFC 2033 section 4.2).

mod defects;
mod outcome;
mod step;
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
pub use outcome::Outcome;
pub(crate) use outcome::Refusal;
pub use step::{Expected, Next, UnexpectedReply};
pub use strategy::{Chunking, Defect, Dialect, Pipelining, Strategy};
use transaction::{Phase, Step, Transaction};

/// How many octets of messages may be on their way before it is known whether anybody gets them.
const WINDOW: u64 = 1024 * 1024;

/// How many chunks may be without a reply: over a mebibyte is then on its way, which fills a
/// long line, and is what a refusal costs at most.
const MAX_CHUNKS: usize = 16;

/// How many commands go out before a reply is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grouping {
    /// Each command waits for its reply: for servers without PIPELINING.
    OneAtATime,
    /// MAIL, all RCPT and DATA leave together (RFC 2920 section 3.1). By BDAT, the message waits
    /// until it is known whether anybody gets it.
    Grouped,
    /// MAIL, all RCPT and the message by BDAT leave together (RFC 3030 section 2).
    Whole,
}

/// By which command a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// By DATA (RFC 5321 section 4.1.1.4).
    Data,
    /// By BDAT, in chunks (RFC 3030 section 2).
    Bdat,
}

/// How one mail goes out, as [`Pipeline::course`] has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Course {
    /// What waits for replies.
    pub grouping: Grouping,
    /// By which command the message goes.
    pub way: Way,
    /// The message's size in octets.
    pub size: u64,
    /// What the server says to the message.
    pub dialect: Dialect,
}

/// The mails that are on their way on one connection, and the replies that are due for them.
///
/// The driver asks what to do [`next_step`](Self::next_step), does it, and hands over each reply by
/// [`accept`](Self::accept). The pipeline alone knows what may leave together, that DATA ends a
/// group, what a refused command means for those behind it, when RSET or a lone end of data is
/// due, and how many mails may follow each other.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and none a state"
)]
#[derive(Debug)]
pub struct Pipeline {
    strategy: Strategy,
    pipelining: bool,
    chunking: bool,
    dialect: Dialect,
    mails: VecDeque<Transaction>,
    /// What replies are due for. Those of a mail stand together, in the order of the mails.
    awaited: VecDeque<Expected>,
    /// A transaction may be open that is not to go on (RFC 5321 section 4.1.4).
    reset_due: bool,
    /// As many mails as may be are on their way, or were not long ago: no other is begun until half
    /// of them have been answered, so that mails keep leaving together.
    full: bool,
    proven: Proven,
    /// Commands that left together were refused, and the mail may have been the reason. Until
    /// another mail has gone without that, alone, no others leave like that.
    doubt: Option<Defect>,
}

/// What the server has shown that it can do.
#[derive(Debug, Clone, Copy, Default)]
struct Proven {
    /// A message has been taken by BDAT. Before that, only one is on its way: a server that does
    /// not know BDAT would read messages as commands.
    chunking: bool,
    /// Commands of one mail that left together have all been answered in order.
    grouping: bool,
    /// A mail that was begun before the one before it had been answered has been answered.
    company: bool,
}

impl Pipeline {
    /// Begins with no mail on its way.
    #[must_use]
    pub fn new(strategy: Strategy, dialect: Dialect, extensions: &Extensions) -> Self {
        let mut pipeline = Self {
            strategy,
            pipelining: false,
            chunking: false,
            dialect,
            mails: VecDeque::new(),
            awaited: VecDeque::new(),
            reset_due: false,
            full: false,
            proven: Proven::default(),
            doubt: None,
        };
        pipeline.set_extensions(extensions);
        pipeline
    }

    /// Goes by another list, which the server has given since. No mail may be on its way.
    pub fn set_extensions(&mut self, extensions: &Extensions) {
        self.pipelining = extensions.offers(Extension::Pipelining);
        self.chunking = extensions.offers(Extension::Chunking);
    }

    /// Changes the strategy for mails that are begun from here on.
    pub fn set_strategy(&mut self, strategy: Strategy) {
        self.strategy = strategy;
    }

    /// The strategy, less what the server has turned out not to be capable of.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// RSET has been sent, and carried out.
    pub fn has_reset(&mut self) {
        self.reset_due = false;
    }

    /// Whether messages can go by BDAT, and so be binary.
    #[must_use]
    pub fn has_chunking(&self) -> bool {
        self.chunking && self.strategy.chunking != Chunking::Never
    }

    fn has_pipelining(&self) -> bool {
        self.pipelining
            && self.strategy.pipelining != Pipelining::Never
            && self.doubt != Some(Defect::Grouping)
    }

    /// Decides how a message of so many octets goes out, by the only way for it if there is one,
    /// with so many mails waiting behind it.
    #[must_use]
    pub fn course(&self, size: u64, only: Option<Way>, waiting: usize) -> Course {
        let in_company = waiting > 0 || !self.mails.is_empty();
        let way = only.unwrap_or(match self.strategy.chunking {
            Chunking::Always if self.chunking => Way::Bdat,
            Chunking::Auto if self.chunking && self.has_pipelining() && in_company => Way::Bdat,
            _ => Way::Data,
        });
        // How many replies LMTP has to the last chunk is known only after those to RCPT.
        let at_once = way == Way::Bdat && size <= WINDOW && self.dialect == Dialect::Smtp;
        let grouping = match self.has_pipelining() {
            false => Grouping::OneAtATime,
            true if at_once => Grouping::Whole,
            true => Grouping::Grouped,
        };
        Course {
            grouping,
            way,
            size,
            dialect: self.dialect,
        }
    }

    /// Whether a mail on this course may be begun now, behind those that are on their way.
    #[must_use]
    pub fn may_begin(&self, course: &Course) -> bool {
        let Some(last) = self.mails.back() else {
            return true;
        };
        // What a server holds after a refusal is not certain.
        let alone = course.grouping == Grouping::OneAtATime
            || !self.has_pipelining()
            || self.doubt.is_some();
        if last.phase != Phase::Sent || alone || last.refusal().is_some() {
            return false;
        }
        let eager = self.strategy.pipelining == Pipelining::Eager;
        if last.course.way == Way::Bdat && course.way == Way::Bdat {
            return self.proven.chunking && !self.full && self.has_room(course);
        }
        let adds_whole = course.grouping == Grouping::Whole && self.most_mails() == 1;
        eager && self.mails.len() == 1 && !adds_whole
    }

    /// Whether another mail may be begun soon, without an answer to those that are on their way.
    #[must_use]
    pub fn may_be_followed(&self) -> bool {
        let Some(last) = self.mails.back() else {
            return true;
        };
        self.has_pipelining()
            && self.doubt.is_none()
            && match last.course.way {
                Way::Bdat => self.proven.chunking && self.most_mails() > 1,
                Way::Data => self.strategy.pipelining == Pipelining::Eager && self.mails.len() == 1,
            }
    }

    /// Whether it makes a difference to a mail that another waits behind it.
    #[must_use]
    pub fn likes_company(&self) -> bool {
        let may_chunk = self.chunking && self.strategy.chunking == Chunking::Auto;
        may_chunk && self.has_pipelining() && self.mails.is_empty()
    }

    /// How many mails may be on their way at once.
    fn most_mails(&self) -> usize {
        usize::try_from(self.strategy.messages_in_flight.get()).unwrap_or(usize::MAX)
    }

    fn has_room(&self, course: &Course) -> bool {
        let octets = |course: &Course| match course.grouping {
            Grouping::Whole => course.size,
            _ => 0,
        };
        let on_their_way: u64 = self.mails.iter().map(|mail| octets(&mail.course)).sum();
        on_their_way.saturating_add(octets(course)) <= WINDOW
    }

    /// Begins a mail, which [`may_begin`](Self::may_begin) has allowed.
    pub fn begin(&mut self, course: Course, envelope: &Envelope, parameters: Parameters) {
        // Behind a mail by BDAT, whose transaction stays open if it is refused (RFC 3030 section
        // 2), RSET keeps the recipients of one mail from another's message.
        let behind = self.mails.back().map(|mail| mail.course.way);
        let reset = self.reset_due || behind == Some(Way::Bdat);
        self.reset_due = false;
        let reset = reset.then_some(Command::Rset);
        let mut mail = Transaction::new(course, envelope, parameters, reset, behind);
        mail.in_doubt = self.doubt.is_some();
        self.mails.push_back(mail);
        self.full = self.mails.len() >= self.most_mails();
    }

    /// What to do now.
    pub fn next_step(&mut self) -> Next {
        let step = self.mails.back_mut().map_or(Step::Over, Transaction::step);
        match (step, self.awaited.front()) {
            (Step::Send(group), _) => {
                let (expected, commands): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                self.awaited.extend(expected);
                Next::Send(commands)
            }
            (Step::Transfer, _) => Next::Transfer(self.way()),
            (Step::HangUp, _) => Next::HangUp,
            (Step::AbandonData, _) => {
                self.now_due(Expected::LoneEndOfData, 1);
                Next::AbandonData
            }
            (Step::Wait, Some(expected)) => Next::Receive(*expected),
            (Step::Over, Some(expected)) => Next::Await(*expected),
            (Step::Wait | Step::Over, None) => Next::Idle,
        }
    }

    fn way(&self) -> Way {
        self.mails.back().map_or(Way::Data, |mail| mail.course.way)
    }

    fn now_due(&mut self, expected: Expected, replies: usize) {
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
        let chunks = (self.awaited.iter()).filter(|expected| **expected == Expected::Chunk);
        chunks.count() < window
    }

    /// A chunk of the newest mail has been sent. Returns how many replies are due for it.
    pub fn chunk_sent(&mut self, chunk: Chunk) -> usize {
        match chunk {
            Chunk::More => {
                self.now_due(Expected::Chunk, 1);
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
        mail.phase = Phase::Sent;
        let replies = match mail.course.dialect {
            Dialect::Smtp => 1,
            Dialect::Lmtp => mail.accepted(),
        };
        self.now_due(Expected::Message, replies);
        replies
    }

    /// The newest mail's message will not be completed, and stops between two chunks.
    pub fn abandon_message(&mut self) {
        if let Some(mail) = self.mails.back_mut() {
            mail.phase = Phase::Abandoned;
        }
    }

    /// Whether the newest mail has been refused: no chunk may follow (RFC 3030 section 2).
    #[must_use]
    pub fn is_refused(&self) -> bool {
        (self.mails.back()).is_some_and(|mail| mail.refusal().is_some())
    }

    /// What the next reply is for; `None` if none is due.
    #[must_use]
    pub fn awaited(&self) -> Option<Expected> {
        self.awaited.front().copied()
    }

    /// Takes in the next reply.
    ///
    /// # Errors
    ///
    /// The reply cannot be one to the command it is for, or no reply was due. The dialogue has
    /// lost its step, and the connection is to be closed.
    pub fn accept(&mut self, reply: Reply) -> Result<(), UnexpectedReply> {
        let (Some(mail), Some(expected)) = (self.mails.front_mut(), self.awaited.front()) else {
            return Err(UnexpectedReply(reply));
        };
        mail.accept(*expected, reply).map_err(UnexpectedReply)?;
        self.awaited.pop_front();
        Ok(())
    }

    /// The outcome of the oldest mail, once all is said about it.
    pub fn take_outcome(&mut self) -> Option<Outcome> {
        let mail = self.mails.pop_front_if(|mail| mail.is_over())?;
        self.full &= self.mails.len() > self.most_mails() / 2;
        let way = mail.course.way;
        if mail.in_doubt {
            self.doubt = None;
        }
        let abandoned = mail.phase == Phase::Abandoned;
        let in_company = mail.behind.is_some();
        let grouped = mail.leaves_together();
        let outcome = mail.outcome(self.proven.chunking);
        self.proven.chunking |= way == Way::Bdat && outcome.refusal.is_none() && !abandoned;
        self.proven.grouping |= grouped && outcome.defect.is_none();
        self.proven.company |= in_company && outcome.defect.is_none();
        // After an end of data no transaction is open, whatever the server said to it; after a
        // refused chunk that is not certain (RFC 3030 section 2).
        let closed = match outcome.refusal {
            None => !abandoned,
            Some(_) => way == Way::Data && !outcome.messages.is_empty(),
        };
        self.reset_due |= !closed && self.mails.is_empty();
        self.has_shown(outcome.defect);
        Some(outcome)
    }

    /// What has been said so far about the oldest mail, when no more will be.
    pub fn break_off(&mut self) -> Option<Outcome> {
        self.awaited.clear();
        let mail = self.mails.pop_front()?;
        let outcome = mail.outcome(self.proven.chunking);
        self.has_shown(outcome.defect);
        Some(outcome)
    }
}
