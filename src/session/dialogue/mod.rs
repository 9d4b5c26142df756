//! The dialogue with a server while mails are on their way.
//!
//! A mail passes through it like this. Everything below the first line may be true of several mails at
//! once; the pipeline decides how many.
//!
//! ```text
//!  begin            the pipeline carries the mail, and says what to do next
//!    |
//!  advance          MAIL, RCPT, DATA or the message go into the flight
//!    |
//!  launch           the flight goes to the network, if its mails may depart
//!    |
//!  answer           a reply comes, and the pipeline hands it to its mail
//!    |        \
//!    |         +--> fail_connection: each mail gets what is known of it
//!    |
//!  concluded        the mail has its result
//! ```
//!
//! The dialogue reads while it writes, always: a server that replies early, or stops reading, can
//! neither block it nor make it miss the reply.

mod conclusion;
mod departing;
mod ending;
mod in_flight;
mod outcome;
mod state;
mod transfer;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use in_flight::Transfer;
pub(super) use in_flight::{Blame, Concluded, InFlight};
use state::DialogueState;

use super::findings::Findings;
use super::plan::Prepared;
use super::setup::hello::rejection;
use super::telemetry::SessionTelemetry;
use super::timing::SetUp;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{
    Action, Command, Defect, Dialect, ExpectedReply, Extensions, Grouping, Pipeline, Reply,
    SendPlan, Strategy, TransactionOutcome, UnexpectedReply,
};
use crate::transport::{Flight, Wire};

/// After a longer pause, a server may have closed the session: a message then leaves only after the
/// server has replied to its envelope.
const MAX_SILENCE: Duration = Duration::from_secs(1);

/// The connection, and the mails on their way over it.
#[derive(Debug)]
pub(super) struct Dialogue<S> {
    pub(super) wire: Wire<S>,
    pub(super) pipeline: Pipeline<InFlight>,
    /// The octets that have been put together and not sent.
    flight: Flight,
    /// The memory of the last block, for the next one.
    spare: Vec<u8>,
    state: DialogueState,
    /// The mails that have their results.
    pub(super) concluded: VecDeque<Concluded>,
    /// The oldest mails on their way, with the server's replies to them after a 421.
    decided: VecDeque<(InFlight, TransactionOutcome)>,
    /// Whether mails that another session can send are returned. Such a mail is not worth a long wait for
    /// a reply that may have been lost.
    pub(super) returns_unsent: bool,
    pub(super) findings: Findings,
    pub(super) telemetry: Box<SessionTelemetry>,
}

/// What the dialogue can do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DialogueStatus {
    /// There is more to send.
    Working,
    /// All is sent: another mail may be begun, or the next reply received.
    Waiting,
    /// No mail is on its way.
    Idle,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) fn new(
        wire: Wire<S>,
        dialect: Dialect,
        extensions: &Extensions,
        set_up: SetUp,
    ) -> Self {
        Self {
            wire,
            pipeline: Pipeline::new(Strategy::default(), dialect, extensions),
            flight: Flight::default(),
            spare: Vec::new(),
            state: DialogueState::Idle(None),
            concluded: VecDeque::new(),
            decided: VecDeque::new(),
            returns_unsent: false,
            findings: Findings::default(),
            telemetry: Box::new(SessionTelemetry::new(set_up)),
        }
    }

    /// Whether a command can be sent, as no mail is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.state.is_idle()
    }

    /// Whether the dialogue has not ended.
    pub(super) fn is_alive(&self) -> bool {
        !self.state.has_ended()
    }

    /// Ends the dialogue if the server has ended it while no mail was on its way: any reply that no
    /// command asked for is its end.
    pub(super) async fn ended_while_idle(&mut self) -> Option<Error> {
        if !self.pipeline.is_empty() {
            return None;
        }
        let end = self.wire.ended_while_idle(Stage::Mail).await?;
        self.state.end();
        Some(end)
    }

    /// Sends a command between two mails, and receives the reply. Every error ends the dialogue.
    pub(super) async fn ask(&mut self, stage: Stage, command: Command<'_>) -> Result<Reply> {
        let resets = command == Command::Rset;
        self.state.ask();
        match self.wire.command(stage, command).await {
            Ok(reply) => {
                self.state.answered();
                if resets && reply.is_positive_completion() {
                    self.pipeline.has_reset();
                }
                Ok(reply)
            }
            Err(error) => {
                self.state.end();
                Err(error)
            }
        }
    }

    /// Sends QUIT if the dialogue has not ended, and closes the connection.
    pub(super) async fn quit(mut self) {
        if self.state.is_idle() {
            self.wire.quit().await;
        } else {
            self.wire.close().await;
        }
    }

    /// How a mail would go out now, with this many mails waiting after it.
    fn plan(&self, prepared: &Prepared, waiting: usize) -> SendPlan {
        let mut plan = self.pipeline.plan(prepared.size, prepared.only, waiting);
        if prepared.mail.suspected == Some(Defect::Grouping) {
            plan.grouping = Grouping::OneAtATime;
        } else if plan.grouping == Grouping::WithMessage && self.may_have_ended() {
            plan.grouping = Grouping::Grouped;
        }
        plan
    }

    /// Whether the server may have closed an idle session without the client knowing. A message that
    /// leaves with its envelope then gets no reply, and its fate is unknown.
    fn may_have_ended(&self) -> bool {
        let is_long = |silence| silence > MAX_SILENCE;
        self.pipeline.is_empty() && self.state.idle_for().is_some_and(is_long)
    }

    /// Whether a mail may be begun now, with this many mails waiting after it. A mail that is sent again
    /// to test a suspicion goes alone.
    pub(super) fn may_begin(&self, prepared: &Prepared, waiting: usize) -> bool {
        let is_certain = prepared.mail.suspected.is_none() || self.pipeline.is_empty();
        is_certain && self.pipeline.may_begin(&self.plan(prepared, waiting))
    }

    /// Begins a mail, which [`may_begin`](Self::may_begin) has allowed.
    pub(super) fn begin(&mut self, ticket: usize, mut prepared: Prepared, waiting: usize) {
        let plan = self.plan(&prepared, waiting);
        let after_idle = self.may_have_ended();
        self.state.begin_mail();
        self.findings.begun += 1;
        let Prepared { mail, size, .. } = &prepared;
        let telemetry = self.telemetry.begin(mail, *size);
        self.telemetry.report(mail, 0, *size);
        let parameters = std::mem::take(&mut prepared.parameters);
        let envelope = prepared.mail.envelope.clone();
        let in_flight = InFlight {
            ticket,
            mail: prepared.mail,
            size: prepared.size,
            telemetry,
            transfer: Some(Transfer::new(prepared.reader)),
            end: None,
            failure: None,
            after_idle,
            portion: prepared.portion,
        };
        self.pipeline.begin(plan, envelope, parameters, in_flight);
    }

    /// Takes the next step, but does not wait for a reply that delays nothing.
    pub(super) async fn advance(&mut self) -> DialogueStatus {
        if self.state.has_ended() {
            return DialogueStatus::Idle;
        }
        match self.pipeline.next_step() {
            Action::Send => {
                for command in self.pipeline.group() {
                    self.wire.put(&mut self.flight, &command);
                }
                if self.flight.is_long() {
                    self.launch().await;
                }
            }
            Action::Receive(_) => self.answer().await,
            Action::Transfer(command) => self.transfer_message(command).await,
            Action::AbandonData => {
                let end = &mut b".\r\n".to_vec();
                self.wire.put_last_block(&mut self.flight, end, 1);
            }
            // The mail has failed already, so the user never sees this error.
            Action::HangUp => {
                self.hang_up(Error::new(ErrorKind::Closed, "the connection was closed"));
            }
            Action::Await(_) => return DialogueStatus::Waiting,
            Action::Idle => {
                self.conclude_answered();
                return DialogueStatus::Idle;
            }
        }
        DialogueStatus::Working
    }

    /// Sends what has been put together.
    pub(super) async fn launch(&mut self) {
        if self.flight.is_empty() || !self.may_depart().await {
            return;
        }
        let is_leaving =
            |mail: &InFlight| mail.telemetry.has_begun_transfer() && !self.has_left(mail);
        let with_message = self.pipeline.carried().any(is_leaving);
        let stage = if with_message && !self.is_answered_in_advance().await {
            Stage::Transfer
        } else {
            Stage::Mail
        };
        match self.wire.launch(stage, &mut self.flight).await {
            Ok(()) => self.mark_left(),
            Err(error) => self.fail_connection(error).await,
        }
    }

    /// Notes which messages have just left.
    fn mark_left(&mut self) {
        let handed_over = self.wire.handed_over();
        let mut now = None;
        for in_flight in self.pipeline.carried_mut() {
            if in_flight.has_left(handed_over) && !in_flight.telemetry.has_left() {
                let now = *now.get_or_insert_with(Instant::now);
                in_flight.telemetry.leaves(now);
                let size = in_flight.size;
                self.telemetry.report(&in_flight.mail, size, size);
            }
        }
    }

    /// Whether the server has replied though nothing of the flight has left: the reply cannot be one to
    /// a message in it.
    async fn is_answered_in_advance(&mut self) -> bool {
        let opens = matches!(
            self.pipeline.awaited(),
            Some(ExpectedReply::Reset | ExpectedReply::Mail)
        );
        opens && self.wire.unanswered() == 0 && self.wire.has_reply().await
    }

    /// Sends what has been put together, and receives the reply that is due next, if one is.
    pub(super) async fn answer(&mut self) {
        self.launch().await;
        let received = self.reply().await;
        self.accept_reply(received).await;
    }

    /// The reply that is due next; `None` if none is. The future may be dropped: no part of a
    /// reply is lost.
    pub(super) async fn reply(&mut self) -> Option<Result<Reply>> {
        let stage = self.awaited_stage()?;
        // A mail that cannot be returned, or may have been accepted, waits for a slow server instead.
        let has_left = self
            .pipeline
            .carried()
            .next()
            .is_some_and(|mail| self.has_left(mail));
        let is_short = match self.pipeline.may_have_lost() {
            Some(Defect::Grouping) => self.returns_unsent && !has_left,
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

    /// Hands a reply to the pipeline. A reply that cannot be one to the command ends the dialogue.
    pub(super) async fn accept_reply(&mut self, received: Option<Result<Reply>>) {
        let (Some(received), Some(expected)) = (received, self.pipeline.awaited()) else {
            return;
        };
        let reply = match received {
            Ok(reply) => reply,
            Err(error) => return self.fail_connection(error).await,
        };
        let Err(UnexpectedReply(reply)) = self.pipeline.accept(reply) else {
            return self.conclude_answered();
        };
        let stage = stage(expected);
        let error = match expected {
            ExpectedReply::Reset => rejection(stage, "the server refused RSET", reply),
            ExpectedReply::Message => {
                let message = "the server wants more after the end";
                rejection(stage, message, reply).with_unknown_fate()
            }
            _ => {
                let message = format!("the server's reply cannot be one to {stage}");
                Error::new(ErrorKind::Protocol, message)
                    .with_reply(reply)
                    .with_stage(stage)
            }
        };
        self.fail_connection(error).await;
    }

    /// Whether the message has been handed to the network whole.
    fn has_left(&self, in_flight: &InFlight) -> bool {
        in_flight.has_left(self.wire.handed_over())
    }

    /// What the oldest mail waits for.
    fn awaited_stage(&self) -> Option<Stage> {
        let stage = stage(self.pipeline.awaited()?);
        let oldest = self.pipeline.carried().next()?;
        Some(match stage {
            // After the last chunk, all replies decide on the message.
            Stage::Transfer if self.has_left(oldest) => Stage::EndOfData,
            Stage::EndOfData if !self.has_left(oldest) => Stage::Transfer,
            _ => stage,
        })
    }
}

/// The stage of the reply that is due.
fn stage(expected: ExpectedReply) -> Stage {
    match expected {
        ExpectedReply::Reset => Stage::Reset,
        ExpectedReply::Mail => Stage::Mail,
        ExpectedReply::Rcpt(_) => Stage::Rcpt,
        ExpectedReply::Chunk => Stage::Transfer,
        ExpectedReply::Message => Stage::EndOfData,
        _ => Stage::Data,
    }
}
