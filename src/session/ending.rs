//! The end of a session with mails on their way: what is known of each, and which of them may go
//! over another.

use tokio::io::{AsyncRead, AsyncWrite};

use super::flow::{Blame, Concluded, InFlight, Shown};
use super::outcome::Division;
use super::transaction::{Session, State};
use crate::error::{Error, Kind, Stage};
use crate::protocol::Defect;
use crate::transport::Flight;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// The connection has failed or the server has ended the session: the error is the oldest
    /// mail's. The server may have a defect that explains it.
    pub(super) fn lose(&mut self, error: Error) {
        let defect = match error.kind() {
            Kind::Timeout => self.pipeline.may_have_lost(),
            Kind::Closed | Kind::Io if error.reply().is_none() => {
                self.pipeline.may_have_closed_for()
            }
            _ => None,
        };
        if let Some(defect) = defect {
            self.pipeline.learn(defect);
            self.shown.push(Shown {
                defect,
                in_words: false,
            });
        }
        self.end(error, defect);
    }

    /// The client ends the dialogue, with the error for the oldest mail.
    pub(super) fn hang_up(&mut self, error: Error) {
        self.end(error, None);
    }

    /// Says of each mail what is known of it.
    fn end(&mut self, error: Error, defect: Option<Defect>) {
        self.state = State::Lost;
        // What has not left never will: it may go over another session.
        self.flight = Flight::default();
        let is_421 = |error: &Error| {
            error
                .reply()
                .is_some_and(|reply| reply.code().number() == 421)
        };
        // RFC 5321 section 3.8: what was sent after it is not carried out, unless the server goes
        // on all the same.
        let closing = is_421(&error) && !self.wire.has_early_reply();
        // A server may end a session between two mails at any time, and cross with the next mail.
        let unheard = self.begun > 1
            && self.pipeline.is_unanswered()
            && matches!(error.kind(), Kind::Closed | Kind::Io);
        let after_idle = self.mails.front().is_some_and(|mail| mail.after_idle);
        if unheard && defect.is_none() && self.last_accepted && !after_idle {
            self.has_ended_after(error.clone());
        }
        let error = match (defect, self.awaited_stage()) {
            (Some(Defect::Grouping), Some(stage)) => lost_commands(stage).caused_by(error),
            _ => error,
        };
        // What was found out while something else was written.
        let mut error = Some(match self.awaited_stage() {
            Some(stage) if error.reply().is_none() || closing => error.at(stage),
            _ => error,
        });
        while let (Some(in_flight), Some(outcome)) =
            (self.mails.pop_front(), self.pipeline.break_off())
        {
            let left = self.has_left(&in_flight);
            let known = outcome.messages.is_empty() && outcome.refusal.is_some();
            let (cause, blame) = match error.take() {
                Some(_) if in_flight.failure.is_some() || known => {
                    self.conclude_one(in_flight, outcome);
                    continue;
                }
                Some(own) => {
                    let blameless = defect.is_some() && !left || unheard && (!left || closing);
                    let blame = if blameless {
                        Blame::Session
                    } else {
                        Blame::Mail
                    };
                    (in_doubt(own, left), blame)
                }
                None if left && !closing => (behind(true), Blame::Mail),
                None => (behind(false), Blame::Earlier),
            };
            let division = Division::new(&outcome, &in_flight.mail.envelope);
            let result = Err(cause
                .after_refusing(division.rejected)
                .after_accepting(division.accepted));
            let timing = in_flight.watched.marks.end();
            self.watch.end(&in_flight.watched, timing, &result);
            self.concluded.push_back(Concluded {
                ticket: in_flight.ticket,
                mail: in_flight.mail,
                left: in_flight.left,
                result,
                blame,
            });
        }
    }
}

/// A session may be dropped in the middle of mails. Whoever still waits for one of them learns what
/// the server had said about it. Replies that came during the transfer of another mail are not told
/// before its end.
impl<S> Drop for Session<S> {
    fn drop(&mut self) {
        for concluded in self.concluded.drain(..) {
            let Concluded {
                mail, result, left, ..
            } = concluded;
            mail.recall.conclude(result, &mail.envelope, left);
        }
        while let (Some(in_flight), Some(outcome)) =
            (self.mails.pop_front(), self.pipeline.break_off())
        {
            let InFlight { mail, left, .. } = in_flight;
            let division = Division::new(&outcome, &mail.envelope);
            mail.recall.break_off(division, left.as_ref());
        }
    }
}

/// A failure after the last octet was handed over leaves open what the server got, unless it
/// said so: by a 421, or by a refusal of the message before its end.
fn in_doubt(error: Error, left: bool) -> Error {
    let refused = error.kind() == Kind::Rejected && error.stage() == Some(Stage::Transfer);
    let closing = error.kind() == Kind::Closed && error.reply().is_some();
    if left && !refused && !closing {
        error.with_unknown_fate()
    } else {
        error
    }
}

/// The error of a mail that was sent behind the one that the dialogue ended with.
fn behind(unknown: bool) -> Error {
    let message = "the connection ended with an earlier mail";
    let error = Error::new(Kind::Closed, message);
    if unknown {
        error.at(Stage::EndOfData).with_unknown_fate()
    } else {
        error.at(Stage::Mail)
    }
}

/// The error of a mail whose commands were lost.
fn lost_commands(stage: Stage) -> Error {
    let message = format!(
        "the server did not answer {stage}, which was sent together with the command before it: it \
         may lose such commands, so send them one at a time (`Pipelining::Never`)"
    );
    Error::new(Kind::Timeout, message)
}
