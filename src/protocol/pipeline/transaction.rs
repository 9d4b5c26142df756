//! One mail in the pipeline.

use std::collections::VecDeque;

use super::super::command::Command;
use super::super::parameter::Parameters;
use super::super::reply::Reply;
use super::super::reply_meaning::ReplyMeaning;
use super::super::stage::Stage;
use super::{
    Defect, Dialect, ExpectedReply, Grouping, Refusal, SendPlan, TransactionOutcome,
    TransferCommand,
};
use crate::address::Envelope;
use crate::address::envelope::Partial;

/// How many commands leave together at most. A server that has enough recipients refuses the rest, so the
/// commands that have left with the last accepted one were sent for nothing.
const MAX_GROUP: usize = 500;

/// The replies to one mail, and the commands that are left.
#[derive(Debug)]
pub(super) struct Transaction<T> {
    /// The data that the driver keeps with the mail.
    pub(super) carried: T,
    pub(super) plan: SendPlan,
    /// How the previous mail went, if the server had not answered it when this one was begun.
    pub(super) previous: Option<TransferCommand>,
    /// Whether the mail was begun alone, to test whether the server has a defect.
    pub(super) is_probe: bool,
    pub(super) phase: SendPhase,
    /// How many replies to its commands have not come.
    pub(super) due: usize,
    unsent: VecDeque<(ExpectedReply, Command)>,
    /// How many recipients the envelope has.
    count: usize,
    partial: Partial,
    mail: Option<Reply>,
    recipients: Vec<Reply>,
    data: Option<Reply>,
    chunk: Option<Reply>,
    messages: Vec<Reply>,
}

/// How far the client is with a mail: see the diagram of the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendPhase {
    /// Commands are left.
    Envelope,
    /// The message is on its way.
    Message,
    /// Nothing is left to send.
    Sent,
    /// The message was abandoned between two chunks.
    Abandoned,
}

/// What a mail whose commands have all been answered needs next.
pub(super) enum NextStep {
    Send(Vec<(ExpectedReply, Command)>),
    Wait,
    Transfer(TransferCommand),
    AbandonData,
    HangUp,
    Over,
}

impl<T> Transaction<T> {
    pub(super) fn new(
        plan: SendPlan,
        envelope: &Envelope,
        parameters: Parameters,
        reset: Option<Command>,
        carried: T,
    ) -> Self {
        let paths = envelope.forward_paths();
        let rset = reset.map(|command| (ExpectedReply::Reset, command));
        let Parameters { mail, rcpt } = parameters;
        let mail = Command::Mail(envelope.reverse_path().clone(), mail);
        let rcpt = rcpt.into_iter().chain(std::iter::repeat_with(Vec::new));
        let rcpt = (paths.iter().cloned().zip(rcpt))
            .map(|(path, parameters)| Command::Rcpt(path, parameters))
            .enumerate();
        let data =
            (plan.command == TransferCommand::Data).then_some((ExpectedReply::Data, Command::Data));
        Self {
            plan,
            carried,
            previous: None,
            is_probe: false,
            phase: SendPhase::Envelope,
            due: 0,
            unsent: (rset.into_iter())
                .chain([(ExpectedReply::Mail, mail)])
                .chain(rcpt.map(|(index, command)| (ExpectedReply::Rcpt(index), command)))
                .chain(data)
                .collect(),
            count: paths.len(),
            partial: envelope.partial(),
            mail: None,
            recipients: Vec::new(),
            data: None,
            chunk: None,
            messages: Vec::new(),
        }
    }

    pub(super) fn step(&mut self) -> NextStep {
        match self.phase {
            SendPhase::Envelope => {}
            SendPhase::Message => return NextStep::Transfer(self.plan.command),
            SendPhase::Sent | SendPhase::Abandoned => return NextStep::Over,
        }
        let group = self.next_group();
        if !group.is_empty() {
            self.due += group.len();
            return NextStep::Send(group);
        }
        let is_said = self.unsent.is_empty();
        if self.plan.grouping == Grouping::WithMessage && is_said && !self.asks_first() {
            self.phase = SendPhase::Message;
            return NextStep::Transfer(self.plan.command);
        }
        if self.due > 0 {
            return NextStep::Wait;
        }
        if self.refusal().is_none() {
            self.phase = SendPhase::Message;
            return NextStep::Transfer(self.plan.command);
        }
        self.phase = SendPhase::Sent;
        match &self.data {
            // An end of data would deliver an empty message to those who were accepted.
            Some(data) if data.is_positive_intermediate() && self.accepted() > 0 => {
                NextStep::HangUp
            }
            // RFC 2033 section 4.2: in LMTP, no accepted recipient means no reply.
            Some(data) if data.is_positive_intermediate() => match self.plan.dialect {
                Dialect::Lmtp => NextStep::HangUp,
                Dialect::Smtp => NextStep::AbandonData,
            },
            _ => NextStep::Over,
        }
    }

    /// Whether DATA, or the message, waits for the replies to RCPT: none of them may be refused.
    fn asks_first(&self) -> bool {
        self.partial == Partial::AllOrNothing && self.count > 1
    }

    /// The commands that can go now.
    fn next_group(&mut self) -> Vec<(ExpectedReply, Command)> {
        let awaits_replies = self.due > 0;
        let at_data = matches!(self.unsent.front(), Some((ExpectedReply::Data, _)));
        if awaits_replies || (self.mail.is_some() && self.refusal().is_some()) {
            return Vec::new();
        }
        self.skip_recipients();
        let count = match self.plan.grouping {
            Grouping::OneAtATime => 1,
            _ if at_data || !self.asks_first() => self.unsent.len(),
            _ => self
                .unsent
                .iter()
                .take_while(|(expected, _)| *expected != ExpectedReply::Data)
                .count(),
        };
        let count = count.min(MAX_GROUP).min(self.unsent.len());
        self.unsent.drain(..count).collect()
    }

    /// No RCPT follows once the server has enough recipients. Its reply applies to the others too
    /// (RFC 5321 section 4.5.3.1.10).
    fn skip_recipients(&mut self) {
        let enough = self
            .recipients
            .last()
            .filter(|reply| reply.means(ReplyMeaning::TooManyRecipients));
        let Some(reply) = enough.filter(|_| self.accepted() > 0).cloned() else {
            return;
        };
        let others = self.count - self.recipients.len();
        self.recipients.extend(std::iter::repeat_n(reply, others));
        self.unsent
            .retain(|(expected, _)| !matches!(expected, ExpectedReply::Rcpt(_)));
    }

    /// Notes the reply to one of its commands. Returns a reply that cannot be one.
    pub(super) fn accept(&mut self, expected: ExpectedReply, reply: Reply) -> Result<(), Reply> {
        let fits = match expected {
            ExpectedReply::Data => !reply.is_positive_completion(),
            ExpectedReply::Reset => reply.is_positive_completion(),
            _ => !reply.is_positive_intermediate(),
        };
        if !fits {
            return Err(reply);
        }
        self.due -= 1;
        match expected {
            ExpectedReply::Mail => self.mail = Some(reply),
            ExpectedReply::Rcpt(_) => self.recipients.push(reply.truncated()),
            ExpectedReply::Data => self.data = Some(reply),
            ExpectedReply::Chunk if reply.is_positive_completion() => {}
            ExpectedReply::Chunk => {
                self.chunk.get_or_insert(reply);
            }
            ExpectedReply::Message => self.messages.push(reply),
            // An empty message has no recipient, whatever the server replies to it.
            ExpectedReply::Reset | ExpectedReply::LoneEndOfData => {}
        }
        Ok(())
    }

    /// Whether nothing is left to send and no reply is due.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, SendPhase::Sent | SendPhase::Abandoned) && self.due == 0
    }

    /// Whether not one of its commands has been answered.
    pub(super) fn is_unanswered(&self) -> bool {
        self.mail.is_none()
    }

    /// Whether MAIL, all RCPT and DATA, or the message by BDAT, leave together.
    pub(super) fn leaves_together(&self) -> bool {
        self.plan.grouping != Grouping::OneAtATime && !self.asks_first()
    }

    /// How many recipients were accepted.
    pub(super) fn accepted(&self) -> usize {
        let accepted = |reply: &&Reply| reply.is_positive_completion();
        self.recipients.iter().filter(accepted).count()
    }

    /// Why the mail fails, once that is certain.
    ///
    /// After a refused MAIL, the replies to later commands, mostly "503 MAIL first", are not the reason.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        if let Some(refusal) = self.envelope_refusal() {
            return Some(refusal);
        }
        if let Some(chunk) = &self.chunk {
            return Some(Refusal::At(Stage::Transfer, chunk.clone()));
        }
        let accepted = |reply: &Reply| reply.is_positive_completion();
        match self.messages.as_slice() {
            [] => None,
            replies if replies.iter().any(accepted) => None,
            [only] => Some(Refusal::At(Stage::EndOfData, only.clone())),
            _ => Some(Refusal::Recipients),
        }
    }

    fn envelope_refusal(&self) -> Option<Refusal> {
        let all_answered = self.recipients.len() == self.count;
        match (&self.mail, &self.data) {
            (Some(mail), _) if !mail.is_positive_completion() => {
                Some(Refusal::At(Stage::Mail, mail.clone()))
            }
            (Some(_), _) if all_answered && self.accepted() == 0 => Some(Refusal::Recipients),
            (Some(_), _)
                if self.partial == Partial::AllOrNothing
                    && self.accepted() < self.recipients.len() =>
            {
                all_answered.then_some(Refusal::SomeRecipients)
            }
            (_, Some(data)) if !data.is_positive_intermediate() => {
                Some(Refusal::At(Stage::Data, data.clone()))
            }
            _ => None,
        }
    }

    /// The defect of the server that this mail has shown.
    fn defect(&self, bdat_confirmed: bool) -> Option<Defect> {
        let grouped = self.plan.grouping != Grouping::OneAtATime;
        match self.refusal()? {
            refusal if self.previous.is_some() && refusal.is_misunderstood_sender() => {
                Some(Defect::Pipelining)
            }
            refusal if grouped && refusal.is_out_of_order(&self.recipients) => {
                Some(Defect::Grouping)
            }
            Refusal::At(Stage::Transfer | Stage::EndOfData, reply)
                if self.plan.command == TransferCommand::Bdat
                    && !bdat_confirmed
                    && reply.means(ReplyMeaning::NotUnderstood) =>
            {
                Some(Defect::Chunking)
            }
            _ => None,
        }
    }

    /// The outcome of the mail. A refusal of BDAT means a defect unless the server has accepted BDAT before.
    pub(super) fn outcome(self, bdat_confirmed: bool) -> (T, TransactionOutcome) {
        let refusal = self.refusal();
        let taken = |reply: &Reply| reply.is_positive_completion();
        let outcome = TransactionOutcome {
            defect: self.defect(bdat_confirmed),
            // The server says that it has accepted the message nevertheless.
            contradictory: matches!(refusal, Some(Refusal::At(Stage::Mail | Stage::Transfer, _)))
                && self.messages.iter().any(taken)
                && self.accepted() > 0,
            dialect: self.plan.dialect,
            refusal,
            recipients: self.recipients,
            messages: self.messages,
        };
        (self.carried, outcome)
    }
}
