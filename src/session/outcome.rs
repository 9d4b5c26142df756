//! The result of a mail, from the replies to it.

use super::receipt::Receipt;
use super::setup::hello::rejection;
use super::timing::Timing;
use crate::address::{Envelope, ForwardPath, Partial};
use crate::error::{Error, ErrorKind, JudgedBy, Result, Stage};
use crate::message::MessageId;
use crate::protocol::{Dialect, Refusal, Reply, ReplyMeaning, TransactionOutcome};
use crate::transport::TlsParameters;

type Rejected = Vec<(ForwardPath, Reply)>;

/// The recipients that a mail was taken for, and those that it was not.
#[derive(Debug, Default)]
pub(super) struct Division {
    pub(super) accepted: Vec<ForwardPath>,
    pub(super) rejected: Rejected,
    /// Accepted by RCPT, with no word on the message for them.
    pub(super) open: Vec<ForwardPath>,
}

impl Division {
    /// By the replies to RCPT and, where there is one for each recipient, to the message.
    pub(super) fn new(outcome: &TransactionOutcome, envelope: &Envelope) -> Self {
        let mut division = Self::default();
        let mut messages = outcome.messages.iter();
        for (path, reply) in envelope.forward_paths().iter().zip(&outcome.recipients) {
            if !reply.is_positive_completion() {
                division.rejected.push((path.clone(), reply.clone()));
                continue;
            }
            let message = match outcome.dialect {
                Dialect::Lmtp => messages.next(),
                // One reply for all: a refusal is the mail's, not a recipient's.
                _ => (outcome.messages.first()).filter(|reply| reply.is_positive_completion()),
            };
            match message {
                None => division.open.push(path.clone()),
                Some(reply) if reply.is_positive_completion() => {
                    division.accepted.push(path.clone());
                }
                Some(reply) => division.rejected.push((path.clone(), reply.clone())),
            }
        }
        division
    }
}

/// The result of a mail about which all has been said.
pub(super) fn result(
    outcome: TransactionOutcome,
    envelope: &Envelope,
    message_id: &MessageId,
    size: u64,
    tls: Option<TlsParameters>,
    timing: Timing,
) -> Result<Receipt> {
    let division = Division::new(&outcome, envelope);
    if let Some(refusal) = outcome.refusal {
        let may_want_tls = matches!(refusal, Refusal::Mail(_) | Refusal::Data(_));
        let judged_by = judged_by(&refusal, outcome.dialect, envelope.partial());
        let error = refusal_error(refusal, envelope, division, size)
            .judged_by(judged_by)
            .with_tls(tls.is_some() || !may_want_tls);
        return Err(if outcome.contradictory {
            error.with_unknown_fate()
        } else {
            error
        });
    }
    let positive = |reply: &Reply| reply.is_positive_completion();
    match outcome.messages.into_iter().find(positive) {
        Some(reply) => Ok(Receipt {
            accepted: division.accepted,
            rejected: division.rejected,
            reply,
            size,
            tls,
            timing,
            message_id: message_id.clone(),
        }),
        None => Err(Error::new(
            ErrorKind::Protocol,
            "the server did not reply to the message",
        )),
    }
}

fn judged_by(refusal: &Refusal, dialect: Dialect, partial: Partial) -> JudgedBy {
    match (refusal, partial) {
        (Refusal::Mail(_) | Refusal::Data(_) | Refusal::Chunk(_), _) => JudgedBy::Cause,
        // By LMTP, it is the reply for one of the recipients.
        (Refusal::Message(_), _) if dialect == Dialect::Smtp => JudgedBy::Cause,
        (_, Partial::AllOrNothing) => JudgedBy::EachRecipient,
        (_, Partial::AsManyAsPossible) => JudgedBy::AnyRecipient,
    }
}

fn refusal_error(refusal: Refusal, envelope: &Envelope, division: Division, size: u64) -> Error {
    let Division { rejected, open, .. } = division;
    match refusal {
        Refusal::Mail(reply) if reply.means(ReplyMeaning::MessageTooLarge) => {
            let message = format!(
                "the message, of {size} octets, is larger than the server takes: send less, or \
                 send it another way"
            );
            rejection(Stage::Mail, message, reply)
        }
        Refusal::Mail(reply) => {
            let message = format!("the server refused the sender {}", envelope.reverse_path());
            rejection(Stage::Mail, message, reply)
        }
        Refusal::Data(reply) => {
            rejection(Stage::Data, "the server refused DATA", reply).with_rejected(rejected)
        }
        Refusal::Chunk(reply) => {
            let message = "the server refused a chunk of the message";
            rejection(Stage::Transfer, message, reply).with_rejected(rejected)
        }
        Refusal::Message(reply) => {
            rejection(Stage::EndOfData, "the server refused the message", reply)
                .with_rejected(rejected)
        }
        Refusal::SomeRecipients => {
            let message = format!(
                "the server refused {} of {} recipients, and the mail was to go to all or none",
                rejected.len(),
                envelope.forward_paths().len()
            );
            Error::new(ErrorKind::Rejected, message)
                .with_rejected(rejected)
                .with_untried(open)
                .with_stage(Stage::Rcpt)
        }
        _ => {
            let message = match rejected.as_slice() {
                [(only, reply)] => format!("the server refused the recipient {only}: {reply}"),
                all => format!("the server refused all {} recipients", all.len()),
            };
            Error::new(ErrorKind::Rejected, message)
                .with_rejected(rejected)
                .with_stage(Stage::Rcpt)
        }
    }
}
