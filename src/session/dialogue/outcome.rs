//! The result of a mail, from the replies to it.

use super::in_flight::InFlight;
use crate::address::envelope::Partial;
use crate::error::{Error, ErrorKind, JudgedBy, Result, Stage};
use crate::protocol::{Dialect, Refusal, Reply, ReplyMeaning, TransactionOutcome};
use crate::session::receipt::{Division, Receipt};
use crate::session::setup::hello::rejection;
use crate::session::timing::Timing;
use crate::transport::TlsParameters;

impl InFlight {
    /// The result of the mail by all the replies to it.
    pub(super) fn result(
        &self,
        outcome: TransactionOutcome,
        tls: Option<TlsParameters>,
    ) -> (Timing, Result<Receipt>) {
        let timing = self.telemetry.timing();
        let division = Division::new(&outcome, &self.mail.envelope);
        let result = match (&self.failure, outcome.refusal) {
            (Some(failure), _) => Err(failure.clone().with_rejected(division.rejected)),
            (None, Some(refusal)) => {
                let error = self.refusal(refusal, outcome.dialect, division, tls);
                Err(if outcome.contradictory {
                    error.with_unknown_fate()
                } else {
                    error
                })
            }
            (None, None) => match outcome
                .messages
                .into_iter()
                .find(Reply::is_positive_completion)
            {
                Some(reply) => Ok(Receipt {
                    accepted: division.accepted,
                    rejected: division.rejected,
                    reply,
                    size: self.size,
                    tls,
                    timing,
                    message_id: self.mail.message.message_id().clone(),
                }),
                None => Err(Error::new(
                    ErrorKind::Protocol,
                    "the server did not reply to the message",
                )),
            },
        };
        (timing, result)
    }

    /// The error of a mail that the server refused.
    fn refusal(
        &self,
        refusal: Refusal,
        dialect: Dialect,
        division: Division,
        tls: Option<TlsParameters>,
    ) -> Error {
        let envelope = &self.mail.envelope;
        let Division { rejected, open, .. } = division;
        let may_want_tls = matches!(refusal, Refusal::At(Stage::Mail | Stage::Data, _));
        let judged_by = match (&refusal, envelope.partial()) {
            // By LMTP, the reply to a message is for one of the recipients.
            (Refusal::At(stage, _), _)
                if *stage != Stage::EndOfData || dialect == Dialect::Smtp =>
            {
                JudgedBy::Cause
            }
            (_, Partial::AllOrNothing) => JudgedBy::EachRecipient,
            (_, Partial::AsManyAsPossible) => JudgedBy::AnyRecipient,
        };
        let error = match refusal {
            Refusal::At(Stage::Mail, reply) => {
                let message = if reply.means(ReplyMeaning::MessageTooLarge) {
                    format!(
                        "the message, of {} octets, is larger than the server takes: send less, or \
                         send it another way",
                        self.size
                    )
                } else {
                    format!("the server refused the sender {}", envelope.reverse_path())
                };
                rejection(Stage::Mail, message, reply)
            }
            Refusal::At(stage, reply) => {
                let what = match stage {
                    Stage::Data => "DATA",
                    Stage::Transfer => "a chunk of the message",
                    _ => "the message",
                };
                let message = format!("the server refused {what}");
                rejection(stage, message, reply).with_rejected(rejected)
            }
            Refusal::SomeRecipients => {
                let message = format!(
                    "the server refused {} of {} recipients, and the mail was to go to all or none",
                    rejected.len(),
                    envelope.forward_paths().len()
                );
                refused_recipients(message)
                    .with_rejected(rejected)
                    .with_untried(open)
            }
            Refusal::Recipients => {
                let message = match rejected.as_slice() {
                    [(only, reply)] => format!("the server refused the recipient {only}: {reply}"),
                    all => format!("the server refused all {} recipients", all.len()),
                };
                refused_recipients(message).with_rejected(rejected)
            }
        };
        (error.judged_by(judged_by)).with_tls(tls.is_some() || !may_want_tls)
    }
}

fn refused_recipients(message: String) -> Error {
    Error::new(ErrorKind::Rejected, message).with_stage(Stage::Rcpt)
}
