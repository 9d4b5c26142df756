//! One mail in the pipeline.

use std::ops::Range;

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

/// The places of the commands in their order. DATA, if there is one, follows the last RCPT.
const RESET: usize = 0;
const MAIL: usize = 1;
const FIRST_RCPT: usize = 2;

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
    envelope: Envelope,
    parameters: Parameters,
    /// The places of the commands that leave now. Those after them are left.
    group: Range<usize>,
    /// The place after the last command.
    end: usize,
    /// How many recipients the envelope has.
    count: usize,
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
    Send,
    Wait,
    Transfer(TransferCommand),
    AbandonData,
    HangUp,
    Over,
}

impl<T> Transaction<T> {
    pub(super) fn new(
        plan: SendPlan,
        envelope: Envelope,
        parameters: Parameters,
        reset: bool,
        carried: T,
    ) -> Self {
        let count = envelope.forward_paths().len();
        let has_data = plan.command == TransferCommand::Data;
        let first = if reset { RESET } else { MAIL };
        Self {
            plan,
            carried,
            previous: None,
            is_probe: false,
            phase: SendPhase::Envelope,
            due: 0,
            envelope,
            parameters,
            group: first..first,
            end: FIRST_RCPT + count + usize::from(has_data),
            count,
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
        if self.begin_group() {
            return NextStep::Send;
        }
        let is_said = self.group.end == self.end;
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
        self.envelope.partial() == Partial::AllOrNothing && self.count > 1
    }

    /// Puts the commands that can go now into the group, and says whether there are any.
    fn begin_group(&mut self) -> bool {
        self.group = self.group.end..self.group.end;
        if self.due > 0 || (self.mail.is_some() && self.refusal().is_some()) {
            return false;
        }
        self.skip_recipients();
        let start = self.group.end;
        let data = FIRST_RCPT + self.count;
        let most = match self.plan.grouping {
            Grouping::OneAtATime => 1,
            _ if self.asks_first() && start < data => data - start,
            _ => MAX_GROUP,
        };
        let end = start.saturating_add(most.min(MAX_GROUP)).min(self.end);
        self.group = start..end;
        self.due = self.group.len();
        self.due > 0
    }

    /// The commands that leave now.
    pub(super) fn group(&self) -> impl Iterator<Item = Command<'_>> {
        self.group.clone().filter_map(|place| self.command(place))
    }

    /// What is expected in reply to them.
    pub(super) fn expected_replies(&self) -> impl Iterator<Item = ExpectedReply> {
        self.group.clone().map(|place| self.expected_reply(place))
    }

    fn expected_reply(&self, place: usize) -> ExpectedReply {
        match place.checked_sub(FIRST_RCPT) {
            None if place == RESET => ExpectedReply::Reset,
            None => ExpectedReply::Mail,
            Some(recipient) if recipient < self.count => ExpectedReply::Rcpt(recipient),
            Some(_) => ExpectedReply::Data,
        }
    }

    fn command(&self, place: usize) -> Option<Command<'_>> {
        Some(match self.expected_reply(place) {
            ExpectedReply::Reset => Command::Rset,
            ExpectedReply::Mail => {
                Command::Mail(self.envelope.reverse_path(), &self.parameters.mail)
            }
            ExpectedReply::Rcpt(recipient) => {
                let path = self.envelope.forward_paths().get(recipient)?;
                let parameters = self.parameters.rcpt.get(recipient);
                Command::Rcpt(path, parameters.map_or(&[], Vec::as_slice))
            }
            _ => Command::Data,
        })
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
        let next = self.group.end.max(FIRST_RCPT + self.count);
        self.group = next..next;
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
                if self.envelope.partial() == Partial::AllOrNothing
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
