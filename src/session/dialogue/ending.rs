//! The end of a session with mails on their way: what is known of each, and which of them another
//! session may send.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::io::{AsyncRead, AsyncWrite};

use super::in_flight::{Blame, InFlight};
use super::{Dialogue, stage};
use crate::error::{Error, ErrorKind, Problem, Result, Stage};
use crate::protocol::{Defect, Dialect, Refusal, Reply, ReplyMeaning, TransactionOutcome};
use crate::session::receipt::Division;
use crate::transport::Flight;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// The connection has failed or the server has ended the session: the error is the oldest
    /// mail's. The server may have a defect that explains it.
    pub(super) async fn fail_connection(&mut self, error: Error) {
        let defect = match error.kind() {
            ErrorKind::Timeout => self.pipeline.may_have_lost(),
            ErrorKind::Closed | ErrorKind::Io if error.reply().is_none() => {
                self.pipeline.may_have_closed_for()
            }
            _ => None,
        };
        if let Some(defect) = defect {
            self.found_defect(defect, false);
        }
        let end = self.end_at(error, defect);
        let reply = end.error.as_ref().and_then(Error::reply);
        let closing = match reply.filter(|reply| is_421(reply)) {
            Some(reply) => self.read_on(reply.clone()).await,
            None => false,
        };
        self.end(end, closing);
    }

    /// The client ends the dialogue, with the error for the oldest mail.
    pub(super) fn hang_up(&mut self, error: Error) {
        let end = self.end_at(error, None);
        self.end(end, false);
    }

    /// The client ends the dialogue, since mails are held back. The others may go over another session.
    pub(super) fn end_unsent(&mut self) {
        self.state.end();
        let end = SessionEnd {
            error: None,
            defect: None,
            unheard: false,
            stage: None,
        };
        self.end(end, false);
    }

    /// Ends the dialogue. What has not left is not sent: it may go over another session.
    fn end_at(&mut self, error: Error, defect: Option<Defect>) -> SessionEnd {
        self.state.end();
        self.flight = Flight::default();
        // A server may end a session between two mails at any time, and cross with the next mail.
        let unheard = self.findings.begun > 1
            && self.pipeline.is_unanswered()
            && matches!(error.kind(), ErrorKind::Closed | ErrorKind::Io);
        let after_idle = self
            .pipeline
            .carried()
            .next()
            .is_some_and(|mail| mail.after_idle);
        if unheard && defect.is_none() && self.findings.last_accepted && !after_idle {
            self.findings.ended_by(error.clone());
        }
        SessionEnd {
            error: Some(error),
            defect,
            unheard,
            stage: self.awaited_stage(),
        }
    }

    /// After a 421 the server is to close the connection and carry out nothing more (RFC 5321
    /// section 3.8). Some servers continue, and accept messages that they have already: their replies
    /// are read before such a message is sent again. Returns whether the connection ended before the
    /// server accepted another command.
    async fn read_on(&mut self, reply: Reply) -> bool {
        let left = (self.pipeline.carried()).take_while(|mail| self.has_left(mail));
        let left = left.count();
        if left == 0 {
            return true;
        }
        // What the server replies now says nothing about its extensions.
        let strategy = self.pipeline.strategy();
        let mut in_step = true;
        let mut went_on = false;
        let mut next: Result<Reply> = Ok(reply);
        let is_closed = loop {
            match next {
                Ok(reply) => {
                    went_on |= reply.is_positive_completion();
                    in_step = in_step && self.pipeline.accept(reply).is_ok();
                }
                Err(error) => break matches!(error.kind(), ErrorKind::Closed | ErrorKind::Io),
            }
            let decided = std::iter::from_fn(|| self.pipeline.take_outcome());
            self.decided.extend(decided);
            if self.decided.len() >= left {
                break false;
            }
            // Out of step, and it has accepted nothing or the rest is unknown.
            if self.wire.unanswered() == 0 {
                break true;
            }
            let stage = self.pipeline.awaited().map_or(Stage::EndOfData, stage);
            let timeouts = self.wire.timeouts();
            let limit = timeouts.quit.min(timeouts.reply(stage));
            next = match self.wire.receive_within(stage, limit).await {
                Err(error) => error.reply().cloned().ok_or(error),
                reply => reply,
            };
        };
        self.pipeline.set_strategy(strategy);
        is_closed && !went_on
    }

    /// Gives each mail what is known of it. `closing` says that the server carries out nothing more.
    fn end(&mut self, end: SessionEnd, closing: bool) {
        let SessionEnd { error, defect, .. } = end;
        let (unheard, stage) = (end.unheard, end.stage);
        let mut error = error.map(|error| {
            let error = match (defect, stage) {
                (Some(Defect::Grouping), Some(stage)) => lost_commands(stage).caused_by(error),
                _ => error,
            };
            // The failure may have been found while the client was writing something else.
            match stage {
                Some(stage) if error.reply().is_none() || closing => error.with_stage(stage),
                _ => error,
            }
        });
        loop {
            let is_decided = !self.decided.is_empty();
            let Some((in_flight, outcome)) = self.break_off() else {
                return;
            };
            let left = self.has_left(&in_flight);
            let own = error.take();
            if in_flight.is_held_back() {
                let (timing, result) = in_flight.result(outcome, self.wire.tls());
                self.conclude(in_flight, timing, result, Blame::Mail);
                continue;
            }
            // A mail that the server refused together with an earlier one may go over another session.
            let is_final = own.is_some() || is_decided && !is_doubted(&outcome);
            let by_421 = is_refused(&outcome) && is_refused_by_421(&outcome);
            if is_final && !by_421 && is_known(&in_flight, &outcome, is_decided) {
                self.conclude_by(outcome, in_flight);
                continue;
            }
            // By LMTP, the replies to a message are independent of each other (RFC 2033 section 4.2).
            let in_part = outcome.dialect == Dialect::Lmtp && !outcome.messages.is_empty();
            let doubtful = left && !is_decided && (!closing || in_part);
            let (cause, blame) = match own {
                Some(own) => {
                    let blameless = defect.is_some() && !left || unheard && !doubtful;
                    let blame = if blameless {
                        Blame::Session
                    } else {
                        Blame::Mail
                    };
                    (in_doubt(own, doubtful), blame)
                }
                None if doubtful => (
                    ended_earlier(Stage::EndOfData).with_unknown_fate(),
                    Blame::Mail,
                ),
                None => (ended_earlier(Stage::Mail), Blame::Earlier),
            };
            let division = Division::new(&outcome, &in_flight.mail.envelope);
            let result = Err(cause
                .with_rejected(division.rejected)
                .with_accepted(division.accepted));
            let timing = in_flight.telemetry.timing();
            self.conclude(in_flight, timing, result, blame);
        }
    }
}

/// Why the dialogue ends.
struct SessionEnd {
    /// The oldest mail's, if the dialogue ends at it.
    error: Option<Error>,
    /// What the server cannot do, if that explains the end.
    defect: Option<Defect>,
    /// The oldest mail may have crossed with the end.
    unheard: bool,
    /// What the oldest mail waited for.
    stage: Option<Stage>,
}

fn is_421(reply: &Reply) -> bool {
    reply.means(ReplyMeaning::ServiceClosing)
}

/// Whether the result of a mail is known, though its session ends: all replies to it have come, or
/// it had failed before.
fn is_known(in_flight: &InFlight, outcome: &TransactionOutcome, is_decided: bool) -> bool {
    let is_refused = is_refused(outcome) && outcome.messages.is_empty();
    in_flight.failure.is_some() || is_decided || is_refused
}

fn is_refused(outcome: &TransactionOutcome) -> bool {
    outcome.refusal.is_some() && !outcome.contradictory
}

/// Whether the refusal may be due to what the server cannot do, so that the mail is to go once more.
fn is_doubted(outcome: &TransactionOutcome) -> bool {
    outcome.defect.is_some() && !outcome.contradictory
}

/// Whether the refusal of a mail is the end of the session.
fn is_refused_by_421(outcome: &TransactionOutcome) -> bool {
    match &outcome.refusal {
        Some(Refusal::At(_, reply)) => is_421(reply),
        Some(_) => (outcome.recipients.iter().chain(&outcome.messages)).any(is_421),
        None => false,
    }
}

impl<S> Dialogue<S> {
    /// The oldest mail on its way, and all that the server has replied to it.
    fn break_off(&mut self) -> Option<(InFlight, TransactionOutcome)> {
        (self.decided.pop_front()).or_else(|| self.pipeline.break_off())
    }
}

/// A session may be dropped in the middle of mails. Their callers learn what the server has replied to
/// each.
impl<S> Drop for Dialogue<S> {
    fn drop(&mut self) {
        loop {
            let is_decided = !self.decided.is_empty();
            let Some((in_flight, outcome)) = self.break_off() else {
                return;
            };
            let known = is_known(&in_flight, &outcome, is_decided) && !is_doubted(&outcome);
            if !known {
                let InFlight { mail, portion, .. } = in_flight;
                let division = Division::new(&outcome, &mail.envelope);
                let left = portion.and_then(|portion| portion.left);
                mail.withdrawal.break_off(division, left.as_ref());
                continue;
            }
            let (timing, result) = in_flight.result(outcome, self.wire.tls());
            // This may be an unwinding, and a second panic would end the process.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let InFlight {
                    telemetry, size, ..
                } = &in_flight;
                self.telemetry.end(telemetry, *size, timing, &result);
            }));
            let InFlight { mail, portion, .. } = in_flight;
            let left = portion.and_then(|portion| portion.left);
            mail.withdrawal.conclude(result, &mail.envelope, left);
        }
    }
}

/// A failure after the last octet was handed over leaves open what the server got, unless it
/// refused the message before its end.
fn in_doubt(error: Error, left: bool) -> Error {
    let refused = error.kind() == ErrorKind::Rejected && error.stage() == Some(Stage::Transfer);
    if left && !refused {
        error.with_unknown_fate()
    } else {
        error
    }
}

/// The error of a mail that is not the one that the dialogue ended at.
fn ended_earlier(stage: Stage) -> Error {
    Error::new(ErrorKind::Closed, "the connection ended with another mail").with_stage(stage)
}

/// The error of a mail whose commands were lost.
fn lost_commands(stage: Stage) -> Error {
    let message = format!(
        "the server did not answer {stage}, which was sent together with the command before it: it \
         may lose such commands"
    );
    Error::new(ErrorKind::Timeout, message)
        .with_problem(Problem::LostCommand)
        .with_advice("send them one at a time (`Pipelining::Never`)")
}
