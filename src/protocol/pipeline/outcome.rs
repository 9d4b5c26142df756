//! The outcome of a mail by the server's replies, and the defects that it shows.

use super::super::reply::Reply;
use super::super::reply_meaning::ReplyMeaning;
use super::super::stage::Stage;
use super::transaction::Transaction;
use super::{Defect, Dialect, ExpectedReply, Pipeline, TransferCommand};

/// Why a mail failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// MAIL, DATA, a chunk that was not the last ([`Stage::Transfer`]) or the message
    /// ([`Stage::EndOfData`]) was refused.
    At(Stage, Reply),
    /// No recipient was accepted, or by LMTP none of several after the message.
    Recipients,
    /// A recipient was refused, and the mail was to go to all or to none.
    SomeRecipients,
}

/// The outcome of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionOutcome {
    /// Why it failed; `None` if the server has accepted it.
    pub refusal: Option<Refusal>,
    /// The replies to RCPT in the envelope's order.
    pub recipients: Vec<Reply>,
    /// The replies to the message: one, or by LMTP one for each accepted recipient in turn.
    pub messages: Vec<Reply>,
    /// SMTP or LMTP.
    pub dialect: Dialect,
    /// The defect of the server that explains the refusal: the mail can be sent again at once, in another
    /// way. With [`Defect::Chunking`] the connection must be dropped.
    pub defect: Option<Defect>,
    /// Whether the server refused the mail and accepted its message all the same: whether it delivers
    /// the message is unknown.
    pub contradictory: bool,
}

impl Refusal {
    /// Whether the server refused MAIL as not understood or out of order (RFC 5321 section 4.2.2).
    pub(super) fn is_misunderstood_sender(&self) -> bool {
        matches!(self, Self::At(Stage::Mail, reply) if reply.means(ReplyMeaning::NotUnderstood))
    }

    /// Whether the server refused the commands as out of order (RFC 5321 section 4.2.2), with these
    /// replies to RCPT.
    pub(super) fn is_out_of_order(&self, recipients: &[Reply]) -> bool {
        let out_of_order = |reply: &Reply| reply.means(ReplyMeaning::OutOfOrder);
        match self {
            Self::At(Stage::Mail | Stage::Data, reply) => out_of_order(reply),
            Self::Recipients => !recipients.is_empty() && recipients.iter().all(out_of_order),
            _ => false,
        }
    }
}

impl TransactionOutcome {
    /// Whether the mail, which was sent again without what the server was suspected of, was not
    /// refused in the same command: the suspicion is true.
    pub(crate) fn confirms(&self, defect: Defect) -> bool {
        let is_refused_again = self.refusal.as_ref().is_some_and(|refusal| match defect {
            Defect::Grouping => refusal.is_out_of_order(&self.recipients),
            _ => refusal.is_misunderstood_sender(),
        });
        !is_refused_again
    }
}

impl<T> Pipeline<T> {
    /// The defect that explains why the next reply does not come: the server may have lost the commands
    /// that left together with one that it has answered.
    pub(crate) fn may_have_lost(&self) -> Option<Defect> {
        let mail = self.mails.front()?;
        if mail.previous == Some(TransferCommand::Data)
            && mail.plan.command == TransferCommand::Data
            && mail.is_unanswered()
        {
            return Some(Defect::Pipelining);
        }
        let is_answered_in_part = mail.leaves_together() && !mail.is_unanswered();
        let is_due = matches!(
            self.awaited(),
            Some(ExpectedReply::Rcpt(_) | ExpectedReply::Data)
        );
        (is_answered_in_part && is_due && !self.confirmed.grouping).then_some(Defect::Grouping)
    }

    /// The defect that explains why the server has closed the connection without a reply: commands that
    /// left with the end of a message. A server that has answered such commands before has another reason.
    pub(crate) fn may_have_closed_for(&self) -> Option<Defect> {
        let is_eager = |mail: &Transaction<T>| {
            mail.previous == Some(TransferCommand::Data) && mail.is_unanswered()
        };
        let is_first = |mail: &Transaction<T>| mail.previous.is_some() && !self.confirmed.batches;
        let mut mails = self.mails.iter();
        let is_suspect = mails.any(|mail| is_eager(mail) || is_first(mail));
        is_suspect.then_some(Defect::Pipelining)
    }

    /// Whether the server has not replied to any command of the oldest mail.
    pub(crate) fn is_unanswered(&self) -> bool {
        (self.mails.front()).is_some_and(Transaction::is_unanswered)
    }

    /// Adapts the strategy to a defect of the server.
    pub(crate) fn learn(&mut self, defect: Defect) {
        self.strategy = self.strategy.without(defect);
    }

    /// Notes the defect that the replies to a mail show. The server may have refused commands that left
    /// together because of the mail itself: whether it accepts them sent otherwise is not known yet.
    pub(super) fn has_shown(&mut self, defect: Option<Defect>) {
        match defect {
            Some(Defect::Chunking) => self.learn(Defect::Chunking),
            // Groups matter to mails on their own too.
            Some(_) if self.suspected == Some(Defect::Grouping) => {}
            Some(_) => self.suspected = defect,
            None => {}
        }
    }
}
