//! What becomes of mails to which all replies have come, and what they show of the server.

use tokio::io::{AsyncRead, AsyncWrite};

use super::Dialogue;
use super::in_flight::{Blame, Concluded, InFlight};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{Defect, Refusal, ReplyMeaning, TransactionOutcome};
use crate::session::findings::FoundDefect;
use crate::session::mail::Mail;
use crate::session::receipt::Receipt;
use crate::session::setup::hello::rejection;
use crate::session::timing::Timing;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// Concludes the mails to which all replies have come.
    pub(super) fn conclude_answered(&mut self) {
        while let Some((in_flight, outcome)) = self.pipeline.take_outcome() {
            let defect = outcome.defect;
            self.conclude_by(outcome, in_flight);
            if defect == Some(Defect::Chunking) {
                self.hang_up(Error::new(
                    ErrorKind::Closed,
                    "the server offers CHUNKING and does not understand BDAT",
                ));
            }
        }
        if self.pipeline.is_empty() {
            self.state.all_answered();
        }
    }

    /// Concludes a mail by what the server has replied to it.
    pub(super) fn conclude_by(&mut self, outcome: TransactionOutcome, mut in_flight: InFlight) {
        self.learn_defect(&mut in_flight.mail, &outcome);
        let took_no_more = self.findings.takes_no_more;
        let blame = match outcome.defect {
            Some(_) if !outcome.contradictory => Blame::Session,
            _ if outcome.contradictory || !self.refuses_more(&outcome) => Blame::Mail,
            _ if took_no_more => Blame::Earlier,
            _ => Blame::Session,
        };
        self.findings.learn_max_recipients(&outcome);
        let (timing, result) = in_flight.result(outcome, self.wire.tls());
        self.conclude(in_flight, timing, result, blame);
    }

    /// The mail has its result.
    pub(super) fn conclude(
        &mut self,
        in_flight: InFlight,
        timing: Timing,
        result: Result<Receipt>,
        blame: Blame,
    ) {
        self.findings.count(&result);
        self.telemetry
            .end(&in_flight.telemetry, in_flight.size, timing, &result);
        self.concluded.push_back(Concluded {
            ticket: in_flight.ticket,
            mail: in_flight.mail,
            result,
            blame,
            portion: in_flight.portion,
        });
    }

    /// Notes what a mail has shown that the server cannot do. A refusal of commands that left together
    /// may be about the mail: whether the server lacks anything is known once the same commands have
    /// been sent again in another way.
    fn learn_defect(&mut self, mail: &mut Mail, outcome: &TransactionOutcome) {
        let (defect, in_words) = match (outcome.defect, mail.suspected.take()) {
            (Some(Defect::Chunking), _) => (Defect::Chunking, true),
            (Some(defect), _) if mail.message.is_repeatable() => {
                mail.suspected = Some(defect);
                return;
            }
            (Some(defect), _) => (defect, false),
            (None, Some(defect)) if outcome.confirms(defect) => (defect, true),
            (None, _) => return,
        };
        self.found_defect(defect, in_words);
    }

    /// The server lacks what it offers. `in_words` says whether a reply shows it.
    pub(super) fn found_defect(&mut self, defect: Defect, in_words: bool) {
        self.pipeline.learn(defect);
        self.findings.defects.push(FoundDefect { defect, in_words });
    }

    /// Whether the server has refused a mail because it takes no more in this session, which is noted.
    fn refuses_more(&mut self, outcome: &TransactionOutcome) -> bool {
        let Some(Refusal::At(Stage::Mail, reply)) = &outcome.refusal else {
            return false;
        };
        let refuses = self.findings.begun > 1 && reply.means(ReplyMeaning::TooManyMails);
        if refuses && !self.findings.takes_no_more {
            self.findings.takes_no_more = true;
            let message = "the server takes no more mails";
            let error = rejection(Stage::Mail, message, reply.clone());
            self.findings.ended_by(error);
        }
        refuses
    }
}
