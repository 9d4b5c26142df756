//! Drives the pipeline: sends what it says, hands it the replies, and says what became of mails.

use std::num::NonZeroU32;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::hello::refused;
use super::mail::Mail;
use super::outcome::{Division, result};
use super::portions::domains;
use super::prepare::Prepared;
use super::receipt::Receipt;
use super::timing::Timing;
use super::transaction::{Session, State};
use super::transfer::Transfer;
use super::watch::Watched;
use crate::address::Envelope;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::message::MessageReader;
use crate::protocol::{
    Defect, Expected, Next, Outcome, Refusal, Reply, ReplyMeaning, UnexpectedReply,
};
use crate::transport::TlsParameters;

/// A mail that the pipeline has.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) ticket: usize,
    pub(super) mail: Mail,
    pub(super) size: u64,
    pub(super) watched: Watched,
    /// Until the transfer of the message begins.
    pub(super) octets: Option<MessageReader>,
    /// The transfer of the message, while it is interrupted.
    pub(super) transfer: Option<Box<Transfer>>,
    /// How many octets the wire has handed over when the message has left whole.
    pub(super) end: Option<u64>,
    /// Why its message could not be read.
    pub(super) failure: Option<Error>,
    /// Whether the session had been idle when the mail was begun, so that its end may have crossed
    /// with it.
    pub(super) after_idle: bool,
    /// The recipients of portions that follow.
    pub(super) left: Option<Envelope>,
}

impl InFlight {
    /// Whether nobody wants it to be sent any more.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.mail.recall.is_withdrawn()
    }

    /// What the mail comes to, when all is said about it.
    pub(super) fn result(
        &self,
        outcome: Outcome,
        tls: Option<TlsParameters>,
    ) -> (Timing, Result<Receipt>) {
        let timing = self.watched.marks.end();
        let envelope = &self.mail.envelope;
        let result = match &self.failure {
            Some(failure) => {
                let division = Division::new(&outcome, envelope);
                Err(failure.clone().after_refusing(division.rejected))
            }
            None => result(outcome, &self.mail, self.size, tls, timing),
        };
        (timing, result)
    }
}

/// A mail about which all is said.
#[derive(Debug)]
pub(super) struct Concluded {
    pub(super) ticket: usize,
    pub(super) mail: Mail,
    pub(super) result: Result<Receipt>,
    pub(super) blame: Blame,
}

/// What a mail failed for, if it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// The mail, or the server took it. Or its fate is unknown.
    Mail,
    /// The session: the server ended it at this mail, or lacks what it offers.
    Session,
    /// The session, which ended at an earlier mail.
    Earlier,
}

/// Something that the server cannot do, as a session has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) defect: Defect,
    /// Whether a reply says so. A silence or a close may have had another reason.
    pub(crate) in_words: bool,
}

impl Concluded {
    /// The mail, if it can be sent once more and deserves it.
    pub(super) fn again(&self) -> Option<Mail> {
        (self.blame != Blame::Mail && self.mail.message.is_repeatable()).then(|| self.mail.clone())
    }
}

/// Where the dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is more to do.
    Working,
    /// Nothing is to be done but to begin another mail, or to wait for a reply.
    Waiting,
    /// No mail is on its way.
    Idle,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Begins a mail; the caller has seen that it may.
    pub(super) fn begin(&mut self, ticket: usize, prepared: Prepared, waiting: usize) {
        self.state = State::Busy;
        self.begun += 1;
        if self.extensions().limits().domains.is_some() {
            let domains = domains(&prepared.mail.envelope);
            self.domains.extend(domains.cloned());
        }
        let course = self.course(&prepared, waiting);
        let after_idle = self.may_have_ended();
        let Prepared {
            mail,
            octets,
            size,
            parameters,
            ..
        } = prepared;
        let watched = self.watch.begin(&mail, size);
        self.watch.report(&mail, 0, size);
        self.pipeline.begin(course, &mail.envelope, parameters);
        self.mails.push_back(InFlight {
            ticket,
            mail,
            size,
            watched,
            octets: Some(octets),
            transfer: None,
            end: None,
            failure: None,
            after_idle,
            left: None,
        });
    }

    /// Does what is next, but does not wait for a reply that holds nothing up.
    pub(super) async fn advance(&mut self) -> Standing {
        if self.state == State::Lost {
            return Standing::Idle;
        }
        match self.pipeline.next_step() {
            Next::Send(commands) => {
                for command in &commands {
                    self.wire.put(&mut self.flight, command);
                }
                if self.flight.is_long() {
                    self.launch().await;
                }
            }
            Next::Receive(_) => self.answer().await,
            // By far the largest future: those around it are not to be as large each.
            Next::Transfer(way) => Box::pin(self.transfer_message(way)).await,
            Next::AbandonData => {
                let end = &mut b".\r\n".to_vec();
                self.wire.put_last_block(&mut self.flight, end, 1);
            }
            Next::HangUp => self.hang_up(hung_up()),
            Next::Await(_) => return Standing::Waiting,
            Next::Idle => {
                self.settle();
                return Standing::Idle;
            }
        }
        Standing::Working
    }

    /// Sends what has been put together.
    pub(super) async fn launch(&mut self) {
        if self.flight.is_empty() {
            return;
        }
        let is_leaving = |mail: &InFlight| mail.octets.is_none() && !self.has_left(mail);
        let with_message = self.mails.iter().any(is_leaving);
        let stage = if with_message && !self.is_answered_in_advance().await {
            Stage::Transfer
        } else {
            Stage::Mail
        };
        match self.wire.launch(stage, &mut self.flight).await {
            Ok(()) => self.mark_left(),
            Err(error) => self.lose(error).await,
        }
    }

    /// Notes which messages have just left.
    fn mark_left(&mut self) {
        let handed_over = self.wire.handed_over();
        let is_new = |mail: &&mut InFlight| {
            !mail.watched.marks.has_left() && mail.end.is_some_and(|end| end <= handed_over)
        };
        let mut now = None;
        for InFlight {
            mail,
            size,
            watched,
            ..
        } in self.mails.iter_mut().filter(is_new)
        {
            watched.marks.leaves(*now.get_or_insert_with(Instant::now));
            self.watch.report(mail, *size, *size);
        }
    }

    /// Whether there is an answer to a flight of which nothing has left: it is no word on a
    /// message in it.
    async fn is_answered_in_advance(&mut self) -> bool {
        let opens = matches!(
            self.pipeline.awaited(),
            Some(Expected::Reset | Expected::Mail)
        );
        opens && self.wire.unanswered() == 0 && self.wire.has_reply().await
    }

    /// Sends what has been put together, and receives the reply that is due next, if one is.
    pub(super) async fn answer(&mut self) {
        self.launch().await;
        let received = self.reply().await;
        self.take_in(received).await;
    }

    /// The reply that is due next; `None` if none is. The future may be dropped: no part of a
    /// reply is lost.
    pub(super) async fn reply(&mut self) -> Option<Result<Reply>> {
        let stage = self.awaited_stage()?;
        // A mail that cannot be returned, or may have been accepted, waits for a slow server instead.
        let has_left = self.mails.front().is_some_and(|mail| self.has_left(mail));
        let is_short = match self.pipeline.may_have_lost() {
            Some(Defect::Grouping) => self.gives_back && !has_left,
            defect => defect.is_some(),
        };
        Some(if is_short {
            let timeouts = self.wire.timeouts();
            let limit = timeouts.pipelined.min(timeouts.reply(stage));
            self.wire.receive_within(stage, limit).await
        } else {
            self.wire.receive(stage).await
        })
    }

    /// Hands a reply to the pipeline.
    pub(super) async fn take_in(&mut self, received: Option<Result<Reply>>) {
        let (Some(received), Some(expected)) = (received, self.pipeline.awaited()) else {
            return;
        };
        let reply = match received {
            Ok(reply) => reply,
            Err(error) => return self.lose(error).await,
        };
        let Err(UnexpectedReply(reply)) = self.pipeline.accept(reply) else {
            return self.settle();
        };
        let stage = stage(expected);
        let error = match expected {
            Expected::Reset => refused(stage, "the server refused RSET", reply),
            Expected::Message => {
                refused(stage, "the server wants more after the end", reply).with_unknown_fate()
            }
            _ => {
                let message = format!("the server's reply cannot be one to {stage}");
                Error::new(ErrorKind::Protocol, message)
                    .with_reply(reply)
                    .at(stage)
            }
        };
        self.lose(error).await;
    }

    /// What the oldest mail waits for.
    pub(super) fn awaited_stage(&self) -> Option<Stage> {
        let stage = stage(self.pipeline.awaited()?);
        let oldest = self.mails.front()?;
        Some(match stage {
            // Behind the last chunk, all replies decide on the message.
            Stage::Transfer if self.has_left(oldest) => Stage::EndOfData,
            Stage::EndOfData if !self.has_left(oldest) => Stage::Transfer,
            _ => stage,
        })
    }

    /// Whether the message has been handed over whole.
    pub(super) fn has_left(&self, in_flight: &InFlight) -> bool {
        (in_flight.end).is_some_and(|end| end <= self.wire.handed_over())
    }

    /// Whether the dialogue has not ended.
    pub(super) fn goes_on(&self) -> bool {
        self.state != State::Lost
    }

    /// Concludes the mails about which all is said.
    fn settle(&mut self) {
        while let Some(outcome) = self.pipeline.take_outcome() {
            let Some(in_flight) = self.mails.pop_front() else {
                return;
            };
            let defect = outcome.defect;
            self.conclude_one(in_flight, outcome);
            if defect == Some(Defect::Chunking) {
                self.hang_up(Error::new(
                    ErrorKind::Closed,
                    "the server offers CHUNKING and does not understand BDAT",
                ));
            }
        }
        if self.mails.is_empty() && self.state == State::Busy {
            self.state = State::Idle;
            self.idle_since = Some(Instant::now());
        }
    }

    pub(super) fn conclude_one(&mut self, mut in_flight: InFlight, outcome: Outcome) {
        self.learn_defect(&mut in_flight.mail, &outcome);
        let is_spent = self.has_refused_more;
        let blame = match outcome.defect {
            Some(_) if !outcome.contradictory => Blame::Session,
            _ if outcome.contradictory || !self.refuses_more(&outcome) => Blame::Mail,
            _ if is_spent => Blame::Earlier,
            _ => Blame::Session,
        };
        self.learn_most_recipients(&outcome);
        let (timing, result) = in_flight.result(outcome, self.wire.tls());
        self.count(&result);
        self.watch.end(&in_flight.watched, timing, &result);
        self.concluded.push_back(Concluded {
            ticket: in_flight.ticket,
            mail: in_flight.mail,
            result,
            blame,
        });
    }

    /// Notes what a mail has shown that the server cannot do. A refusal of commands that left together
    /// may be about the mail: whether the server lacks anything is known once the same commands have
    /// been sent again in another way.
    fn learn_defect(&mut self, mail: &mut Mail, outcome: &Outcome) {
        let (defect, in_words) = match (outcome.defect, mail.doubted.take()) {
            (Some(Defect::Chunking), _) => (Defect::Chunking, true),
            (Some(defect), _) if mail.message.is_repeatable() => {
                mail.doubted = Some(defect);
                return;
            }
            (Some(defect), _) => (defect, false),
            (None, Some(defect)) if outcome.confirms(defect) => (defect, true),
            (None, _) => return,
        };
        self.pipeline.learn(defect);
        self.shown.push(Shown { defect, in_words });
    }

    /// Notes whether a mail was accepted.
    fn count(&mut self, result: &Result<Receipt>) {
        self.last_accepted = result.is_ok();
        self.accepted += u32::from(result.is_ok());
    }

    /// Whether the server has refused a mail since it takes no more in this session, which is noted.
    fn refuses_more(&mut self, outcome: &Outcome) -> bool {
        let Some(Refusal::Mail(reply)) = &outcome.refusal else {
            return false;
        };
        let refuses = self.begun > 1 && reply.means(ReplyMeaning::TooManyMails);
        if refuses && !self.has_refused_more {
            self.has_refused_more = true;
            let error = refused(Stage::Mail, "the server takes no more mails", reply.clone());
            self.has_ended_after(error);
        }
        refuses
    }

    /// The server ended the session at the next mail after those that it has accepted.
    pub(super) fn has_ended_after(&mut self, error: Error) {
        self.ended_after = NonZeroU32::new(self.accepted).map(|mails| (mails, error));
    }
}

/// Never seen: the pipeline hangs up on a mail that has failed already.
fn hung_up() -> Error {
    Error::new(ErrorKind::Closed, "the connection was closed")
}

/// The stage of the reply that is due.
pub(super) fn stage(expected: Expected) -> Stage {
    match expected {
        Expected::Reset => Stage::Reset,
        Expected::Mail => Stage::Mail,
        Expected::Rcpt(_) => Stage::Rcpt,
        Expected::Chunk => Stage::Transfer,
        Expected::Message => Stage::EndOfData,
        _ => Stage::Data,
    }
}
