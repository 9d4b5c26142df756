//! A mail that a client has been given, and who is told what becomes of it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::{debug, warn};

use super::gate::now;
use super::retry::Retry;
use crate::error::{Error, ErrorKind, Fate, Result};
use crate::message::MessageId;
use crate::observe::ClientMeter;
use crate::session::{Mail, MailOutcome, Recall, Receipt};

/// A mail that is to be sent.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) mail: Mail,
    pub(super) slip: Slip,
    /// Its place in the queue, for as long as it waits there for the first time: the queue may be
    /// longer for mails that come back.
    pub(super) space: Option<OwnedSemaphorePermit>,
}

impl Job {
    pub(super) fn new(
        mut mail: Mail,
        recall: Recall,
        teller: Teller,
        meter: Arc<ClientMeter>,
    ) -> Self {
        mail.recall = recall.clone();
        Self {
            slip: Slip {
                message_id: mail.message.message_id().clone(),
                recall,
                teller: Some(teller),
                meter,
                lost_sessions: 0,
                given: now(),
                begun: now(),
                attempt: 1,
                counted: false,
                was_unknown: false,
                outage: None,
                copy: None,
            },
            mail,
            space: None,
        }
    }

    /// What is to be told, with the mail, should it be sent again.
    pub(super) fn into_slip(self) -> Slip {
        let Self { mail, mut slip, .. } = self;
        slip.copy.get_or_insert(mail);
        slip
    }

    /// The same mail once more.
    pub(super) fn again(mail: Mail, slip: Slip) -> Self {
        Self {
            mail,
            slip,
            space: None,
        }
    }
}

/// What stays behind of a mail that a session has. Whatever happens, somebody is told.
#[derive(Debug)]
pub(super) struct Slip {
    pub(super) message_id: MessageId,
    pub(super) recall: Recall,
    teller: Option<Teller>,
    meter: Arc<ClientMeter>,
    /// How many sessions have ended at the mail, or without having begun any.
    pub(super) lost_sessions: u8,
    /// When the client was given the mail.
    pub(super) given: Instant,
    /// When this attempt has begun.
    pub(super) begun: Instant,
    /// From 1.
    pub(super) attempt: u32,
    /// The rates have counted the mail in this attempt.
    pub(super) counted: bool,
    /// An earlier attempt left it open whether the server has the mail.
    pub(super) was_unknown: bool,
    /// Why no session can be opened, while the mail waits for one.
    pub(super) outage: Option<Error>,
    /// The mail, where it may be sent again.
    pub(super) copy: Option<Mail>,
}

/// How to tell what became of a mail.
#[derive(Debug)]
pub(super) enum Teller {
    One(oneshot::Sender<Result<Receipt>>),
    Each(usize, mpsc::UnboundedSender<(usize, Result<Receipt>)>),
}

impl Slip {
    /// Keeps the mail, if it may be sent again and can: with all of its recipients, where it goes in
    /// portions.
    pub(super) fn keep(&mut self, mail: &Mail, retry: &Retry) {
        let can_be_sent_again =
            retry.has_attempt_behind(self.attempt) && mail.message.is_repeatable();
        let whole = self.copy.take();
        self.copy = can_be_sent_again.then(|| whole.unwrap_or_else(|| mail.clone()));
    }

    /// Tells what became of the mail.
    pub(super) fn tell(mut self, result: Result<Receipt>) {
        self.say(result);
    }

    fn say(&mut self, result: Result<Receipt>) {
        let Some(teller) = self.teller.take() else {
            return;
        };
        let result = self.recall.concluded().unwrap_or(result);
        // Portions of it may have been accepted, whatever it failed for.
        let result = result.map_err(|error| self.recall.cut_short(error, None));
        let result = match result {
            Err(error) if self.was_unknown => Err(still_unknown(error)),
            result => result,
        };
        let message_id = &self.message_id;
        let was_sent = self.recall.has_departed() || self.recall.has_accepted();
        if self.recall.is_withdrawn() && !was_sent {
            return debug!(%message_id, "the mail was withdrawn before its end had left");
        }
        self.meter.told(MailOutcome::of(result.as_ref()));
        let untold = match teller {
            Teller::One(waiting) => waiting.send(result).err(),
            Teller::Each(index, told) => {
                let told = told.send((index, result));
                told.err().map(|mpsc::error::SendError((_, result))| result)
            }
        };
        if let Some(result) = untold {
            warn!(%message_id, ?result, "nobody waits for what became of this mail");
        }
    }

    /// What is known of the mail when its session is given up.
    pub(super) fn given_up(&self, cause: &str) -> Error {
        if self.recall.has_departed() {
            let message = format!(
                "{cause} before the server had answered: \
                 look whether the mail arrived before sending it again"
            );
            Error::new(ErrorKind::Closed, message).with_unknown_fate()
        } else {
            self.not_sent(&format!("{cause} before the mail had left"))
        }
    }

    /// The error of a mail that was not sent for this cause, or not to all of its recipients.
    fn not_sent(&self, cause: &str) -> Error {
        let to = if self.recall.has_accepted() {
            " to the recipients that have not accepted it, and not to the others (`Error::accepted`)"
        } else {
            ""
        };
        Error::new(ErrorKind::Closed, format!("{cause}: send it again{to}"))
    }

    /// The error of a mail that was waiting when the client was aborted.
    pub(super) fn aborted(&self) -> Error {
        self.not_sent("the client was aborted before the mail was sent")
    }
}

/// An earlier attempt may have delivered the mail, so the failure of this one does not say that the
/// server does not have it.
fn still_unknown(error: Error) -> Error {
    if error.fate() == Fate::Unknown {
        return error;
    }
    let message = "an earlier attempt may have delivered the mail, and the last one failed: \
                   look whether the mail arrived before sending it again";
    let mut unknown = Error::new(error.kind(), message);
    if let Some(stage) = error.stage() {
        unknown = unknown.at(stage);
    }
    unknown
        .after_accepting(error.accepted().to_vec())
        .with_unknown_fate()
        .caused_by(error)
}

/// The runtime is shutting down, or what the caller gave panicked. A second panic on the way, such
/// as one of a subscriber to the log, must not end the process.
impl Drop for Slip {
    fn drop(&mut self) {
        if self.teller.is_some() {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let error = self.given_up("the sending task was stopped");
                self.say(Err(error));
            }));
        }
    }
}

/// The mails that a session has been given and that have not been told of, by their places.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The place of the first of `slips`.
    first: usize,
    slips: VecDeque<Option<Slip>>,
    count: usize,
}

impl Taken {
    /// Adds the next mail.
    pub(super) fn push(&mut self, slip: Slip) {
        self.slips.push_back(Some(slip));
        self.count += 1;
    }

    pub(super) fn remove(&mut self, index: usize) -> Option<Slip> {
        let slip = self.slips.get_mut(index.checked_sub(self.first)?)?.take()?;
        self.count -= 1;
        while self.slips.pop_front_if(|slip| slip.is_none()).is_some() {
            self.first += 1;
        }
        Some(slip)
    }

    /// How many have not been told of.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// How many have been taken.
    pub(super) fn total(&self) -> usize {
        self.first + self.slips.len()
    }

    /// Whether there are some, and all are withdrawn before their ends have left.
    pub(super) fn is_in_vain(&self) -> bool {
        let in_vain = |slip: &Slip| slip.recall.is_withdrawn() && !slip.recall.has_departed();
        self.count > 0 && self.slips.iter().flatten().all(in_vain)
    }

    pub(super) fn into_slips(self) -> impl Iterator<Item = Slip> {
        self.slips.into_iter().flatten()
    }
}
