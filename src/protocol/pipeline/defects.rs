//! What a server offers and turns out not to support.

use super::transaction::Transaction;
use super::{Defect, ExpectedReply, Pipeline, TransferCommand};

impl<T> Pipeline<T> {
    /// What the server cannot do, if the reply that is due next does not come: it may have lost the
    /// commands that left together with one that it has answered.
    #[must_use]
    pub fn may_have_lost(&self) -> Option<Defect> {
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

    /// What the server cannot do, if it has closed the connection without a reply: it may have closed it
    /// because of commands that left with the end of a message. A server that has answered such
    /// commands before has another reason.
    #[must_use]
    pub fn may_have_closed_for(&self) -> Option<Defect> {
        let is_eager = |mail: &Transaction<T>| {
            mail.previous == Some(TransferCommand::Data) && mail.is_unanswered()
        };
        let is_first = |mail: &Transaction<T>| mail.previous.is_some() && !self.confirmed.batches;
        let mut mails = self.mails.iter();
        let is_suspect = mails.any(|mail| is_eager(mail) || is_first(mail));
        is_suspect.then_some(Defect::Pipelining)
    }

    /// Whether the server has not replied to any command of the oldest mail.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        (self.mails.front()).is_some_and(Transaction::is_unanswered)
    }

    /// Remembers what the server cannot do.
    pub fn learn(&mut self, defect: Defect) {
        self.strategy = self.strategy.without(defect);
    }

    /// What the replies to a mail have shown. Commands that left together may have been refused since
    /// the mail is: it is not known yet whether the server would accept them in another command.
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
