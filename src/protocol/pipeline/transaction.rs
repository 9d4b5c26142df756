//! One mail in the pipeline.

use std::collections::VecDeque;

use super::super::command::Command;
use super::super::parameter::Parameters;
use super::super::reply::Reply;
use super::super::reply_meaning::ReplyMeaning;
use super::{Course, Defect, Dialect, Expected, Grouping, Outcome, Refusal, Way};
use crate::address::Envelope;
use crate::address::envelope::Partial;

/// How many commands leave together at most. A server that has enough recipients says so, and those
/// that have left with it were asked for nothing.
const GROUP: usize = 500;

/// What has been said about a mail, and what is left to say.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) course: Course,
    /// How the mail in front of it went, if that had not been answered when it was begun.
    pub(super) behind: Option<Way>,
    /// Whether it was begun alone, to see whether the server has a defect.
    pub(super) in_doubt: bool,
    pub(super) phase: Phase,
    /// Replies to its commands that have not come.
    pub(super) due: usize,
    unsent: VecDeque<(Expected, Command)>,
    /// How many recipients the envelope has.
    count: usize,
    partial: Partial,
    mail: Option<Reply>,
    recipients: Vec<Reply>,
    data: Option<Reply>,
    chunk: Option<Reply>,
    messages: Vec<Reply>,
}

/// How far the client is with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Commands are left.
    Envelope,
    /// The message is on its way.
    Message,
    /// Nothing is left to send.
    Sent,
    /// The message was given up between two chunks.
    Abandoned,
}

/// What a mail whose commands have all been answered needs next.
pub(super) enum Step {
    Send(Vec<(Expected, Command)>),
    Wait,
    Transfer,
    AbandonData,
    HangUp,
    Over,
}

impl Transaction {
    pub(super) fn new(
        course: Course,
        envelope: &Envelope,
        parameters: Parameters,
        reset: Option<Command>,
        behind: Option<Way>,
    ) -> Self {
        let paths = envelope.forward_paths();
        let rset = reset.map(|command| (Expected::Reset, command));
        let Parameters { mail, rcpt } = parameters;
        let mail = Command::Mail(envelope.reverse_path().clone(), mail);
        let rcpt = rcpt.into_iter().chain(std::iter::repeat_with(Vec::new));
        let rcpt = (paths.iter().cloned().zip(rcpt))
            .map(|(path, parameters)| Command::Rcpt(path, parameters))
            .enumerate();
        let data = (course.way == Way::Data).then_some((Expected::Data, Command::Data));
        Self {
            course,
            behind,
            in_doubt: false,
            phase: Phase::Envelope,
            due: 0,
            unsent: (rset.into_iter())
                .chain([(Expected::Mail, mail)])
                .chain(rcpt.map(|(index, command)| (Expected::Rcpt(index), command)))
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

    pub(super) fn step(&mut self) -> Step {
        match self.phase {
            Phase::Envelope => {}
            Phase::Message => return Step::Transfer,
            Phase::Sent | Phase::Abandoned => return Step::Over,
        }
        let group = self.next_group();
        if !group.is_empty() {
            self.due += group.len();
            return Step::Send(group);
        }
        let is_said = self.unsent.is_empty();
        if self.course.grouping == Grouping::Whole && is_said && !self.asks_first() {
            self.phase = Phase::Message;
            return Step::Transfer;
        }
        if self.due > 0 {
            return Step::Wait;
        }
        if self.refusal().is_none() {
            self.phase = Phase::Message;
            return Step::Transfer;
        }
        self.phase = Phase::Sent;
        match &self.data {
            // An end of data would deliver an empty message to those who were accepted.
            Some(data) if data.is_positive_intermediate() && self.accepted() > 0 => Step::HangUp,
            // RFC 2033 section 4.2: there, nobody accepted means no reply.
            Some(data) if data.is_positive_intermediate() => match self.course.dialect {
                Dialect::Lmtp => Step::HangUp,
                Dialect::Smtp => Step::AbandonData,
            },
            _ => Step::Over,
        }
    }

    /// Whether DATA, or the message, waits for the replies to RCPT: none of them may be refused.
    fn asks_first(&self) -> bool {
        self.partial == Partial::AllOrNothing && self.count > 1
    }

    /// The commands that can go now.
    fn next_group(&mut self) -> Vec<(Expected, Command)> {
        let awaits_replies = self.due > 0;
        let at_data = matches!(self.unsent.front(), Some((Expected::Data, _)));
        if awaits_replies || (self.mail.is_some() && self.refusal().is_some()) {
            return Vec::new();
        }
        self.skip_recipients();
        let count = match self.course.grouping {
            Grouping::OneAtATime => 1,
            _ if at_data || !self.asks_first() => self.unsent.len(),
            _ => self
                .unsent
                .iter()
                .take_while(|(expected, _)| *expected != Expected::Data)
                .count(),
        };
        let count = count.min(GROUP).min(self.unsent.len());
        self.unsent.drain(..count).collect()
    }

    /// A server that has enough recipients is asked for no more. Its reply holds for the others too
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
            .retain(|(expected, _)| !matches!(expected, Expected::Rcpt(_)));
    }

    /// Takes in a reply to one of its commands; `None` if it cannot be one.
    pub(super) fn accept(&mut self, expected: Expected, reply: Reply) -> Result<(), Reply> {
        let fits = match expected {
            Expected::Data => !reply.is_positive_completion(),
            Expected::Reset => reply.is_positive_completion(),
            _ => !reply.is_positive_intermediate(),
        };
        if !fits {
            return Err(reply);
        }
        self.due -= 1;
        match expected {
            Expected::Mail => self.mail = Some(reply),
            Expected::Rcpt(_) => self.recipients.push(reply.shortened()),
            Expected::Data => self.data = Some(reply),
            Expected::Chunk if reply.is_positive_completion() => {}
            Expected::Chunk => {
                self.chunk.get_or_insert(reply);
            }
            Expected::Message => self.messages.push(reply),
            // Nobody would get what stands before a lone end, whatever the server says to it.
            Expected::Reset | Expected::LoneEndOfData => {}
        }
        Ok(())
    }

    /// Whether nothing is left to send and no reply is due.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Sent | Phase::Abandoned) && self.due == 0
    }

    /// Whether not one of its commands has been answered.
    pub(super) fn is_unanswered(&self) -> bool {
        self.mail.is_none()
    }

    /// Whether MAIL, all RCPT and DATA, or the message by BDAT, leave together.
    pub(super) fn leaves_together(&self) -> bool {
        self.course.grouping != Grouping::OneAtATime && !self.asks_first()
    }

    /// How many recipients were accepted.
    pub(super) fn accepted(&self) -> usize {
        let accepted = |reply: &&Reply| reply.is_positive_completion();
        self.recipients.iter().filter(accepted).count()
    }

    /// Why the mail fails, once that is certain.
    ///
    /// A refused MAIL is the reason of all that follows; the server's words to the commands
    /// behind it, mostly "503 MAIL first", are not.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        if let Some(refusal) = self.envelope_refusal() {
            return Some(refusal);
        }
        if let Some(chunk) = &self.chunk {
            return Some(Refusal::Chunk(chunk.clone()));
        }
        let accepted = |reply: &Reply| reply.is_positive_completion();
        match self.messages.as_slice() {
            [] => None,
            replies if replies.iter().any(accepted) => None,
            [only] => Some(Refusal::Message(only.clone())),
            _ => Some(Refusal::Recipients),
        }
    }

    fn envelope_refusal(&self) -> Option<Refusal> {
        let all_answered = self.recipients.len() == self.count;
        match (&self.mail, &self.data) {
            (Some(mail), _) if !mail.is_positive_completion() => Some(Refusal::Mail(mail.clone())),
            (Some(_), _) if all_answered && self.accepted() == 0 => Some(Refusal::Recipients),
            (Some(_), _)
                if self.partial == Partial::AllOrNothing
                    && self.accepted() < self.recipients.len() =>
            {
                all_answered.then_some(Refusal::SomeRecipients)
            }
            (_, Some(data)) if !data.is_positive_intermediate() => {
                Some(Refusal::Data(data.clone()))
            }
            _ => None,
        }
    }

    /// What the server cannot do, as this mail has shown.
    fn defect(&self, proven: bool) -> Option<Defect> {
        let grouped = self.course.grouping != Grouping::OneAtATime;
        match self.refusal()? {
            refusal if self.behind.is_some() && refusal.is_misunderstood_sender() => {
                Some(Defect::Pipelining)
            }
            refusal if grouped && refusal.is_out_of_order(&self.recipients) => {
                Some(Defect::Grouping)
            }
            Refusal::Chunk(reply) | Refusal::Message(reply)
                if self.course.way == Way::Bdat
                    && !proven
                    && reply.means(ReplyMeaning::NotUnderstood) =>
            {
                Some(Defect::Chunking)
            }
            _ => None,
        }
    }

    /// What became of the mail; whether BDAT has been understood before decides what a refusal of
    /// it means.
    pub(super) fn outcome(self, proven: bool) -> Outcome {
        let refusal = self.refusal();
        let taken = |reply: &Reply| reply.is_positive_completion();
        Outcome {
            defect: self.defect(proven),
            // It took the message all the same, or so it says.
            contradictory: matches!(refusal, Some(Refusal::Mail(_) | Refusal::Chunk(_)))
                && self.messages.iter().any(taken)
                && self.accepted() > 0,
            dialect: self.course.dialect,
            refusal,
            recipients: self.recipients,
            messages: self.messages,
        }
    }
}
