//! A mail that a client sends, and where its outcome goes.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::{debug, warn};

use super::limits::now;
use super::retry::Retry;
use crate::error::{Error, ErrorKind, Fate, Result};
use crate::message::MessageId;
use crate::observe::ClientMeter;
use crate::session::{Mail, MailOutcome, Receipt, Withdrawal};

/// A mail that is to be sent.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) mail: Mail,
    pub(super) completion: Completion,
}

impl Job {
    pub(super) fn new(
        mut mail: Mail,
        withdrawal: Withdrawal,
        sender: OutcomeSender,
        tally: Arc<Tally>,
    ) -> Self {
        mail.withdrawal = withdrawal.clone();
        Self {
            completion: Completion {
                message_id: mail.message.message_id().clone(),
                withdrawal,
                sender: Some(sender),
                tally,
                space: None,
                generation: 0,
                ended_sessions: 0,
                given: now(),
                begun: now(),
                attempt: 1,
                counted: false,
                was_unknown: false,
                outage: None,
                copy: None,
            },
            mail,
        }
    }

    /// Ends an attempt that has not begun, and keeps the mail for another one.
    pub(super) fn into_completion(self) -> Completion {
        let Self {
            mail,
            mut completion,
        } = self;
        completion.space = None;
        completion.copy.get_or_insert(mail);
        completion
    }
}

/// What the client keeps of a mail while a session has it. It always gives the
/// caller an outcome: dropping it does, too.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) message_id: MessageId,
    pub(super) withdrawal: Withdrawal,
    sender: Option<OutcomeSender>,
    tally: Arc<Tally>,
    /// The mail's place in the queue, while it waits there for the first time: the queue may be longer
    /// for mails that come back.
    pub(super) space: Option<OwnedSemaphorePermit>,
    /// How many times all sessions had been aborted when the client was given the mail. A mail of an
    /// earlier generation is aborted.
    pub(super) generation: u64,
    /// How many sessions have ended at the mail, or without having begun any.
    pub(super) ended_sessions: u8,
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

/// Where the outcome of a mail goes.
#[derive(Debug)]
pub(super) enum OutcomeSender {
    One(oneshot::Sender<Result<Receipt>>),
    Each(usize, mpsc::UnboundedSender<(usize, Result<Receipt>)>),
}

impl Completion {
    /// A session takes the mail, which is kept if it may be sent again and can: with all of its
    /// recipients, where it goes in portions.
    pub(super) fn begin(&mut self, mail: &Mail, retry: &Retry) {
        self.space = None;
        let can_be_sent_again =
            retry.has_attempt_after(self.attempt) && mail.message.is_repeatable();
        let whole = self.copy.take();
        self.copy = can_be_sent_again.then(|| whole.unwrap_or_else(|| mail.clone()));
    }

    /// Gives the caller the outcome.
    pub(super) fn complete(mut self, result: Result<Receipt>) {
        self.send(result, |report| &mut report.failed);
    }

    /// The client was aborted while the mail waited.
    pub(super) fn abort(mut self) {
        let error = self.outage.take();
        let error = error
            .unwrap_or_else(|| self.not_sent("the client was aborted before the mail was sent"));
        self.send(Err(error), |report| &mut report.withdrawn);
    }

    /// The session of the mail was stopped.
    pub(super) fn stop(&mut self, cause: &str) {
        let error = if self.withdrawal.is_committed() {
            let message = format!(
                "{cause} before the server had answered: \
                 look whether the mail arrived before sending it again"
            );
            Error::new(ErrorKind::Closed, message).with_unknown_fate()
        } else {
            self.not_sent(&format!("{cause} before the mail had left"))
        };
        self.send(Err(error), |report| &mut report.withdrawn);
    }

    /// Sends the outcome, and counts an error as `failed` says, unless the fate of the mail is unknown.
    fn send(&mut self, result: Result<Receipt>, failed: fn(&mut CloseReport) -> &mut usize) {
        let Some(sender) = self.sender.take() else {
            return;
        };
        let result = self.withdrawal.concluded().unwrap_or(result);
        // Portions of it may have been accepted before it failed.
        let result = result.map_err(|error| self.withdrawal.cut_short(error, None));
        let result = match result {
            Err(error) if self.was_unknown => Err(still_unknown(error)),
            result => result,
        };
        let message_id = &self.message_id;
        let was_sent = self.withdrawal.is_committed() || self.withdrawal.has_accepted();
        if self.withdrawal.is_withdrawn() && !was_sent {
            lock(&self.tally.report).withdrawn += 1;
            return debug!(%message_id, "the mail was withdrawn before its end had left");
        }
        let mut report = lock(&self.tally.report);
        *match &result {
            Ok(_) => &mut report.sent,
            Err(error) if error.fate() == Fate::Unknown => &mut report.unknown,
            Err(_) => failed(&mut report),
        } += 1;
        drop(report);
        self.tally
            .meter
            .count_mail(MailOutcome::of(result.as_ref()));
        let unsent = match sender {
            OutcomeSender::One(waiting) => waiting.send(result).err(),
            OutcomeSender::Each(number, outcomes) => {
                let sent = outcomes.send((number, result));
                sent.err().map(|mpsc::error::SendError((_, result))| result)
            }
        };
        if let Some(result) = unsent {
            warn!(%message_id, ?result, "no caller waits for the outcome of this mail");
        }
    }

    /// The error of a mail that was not sent for this cause, or not to all of its recipients.
    fn not_sent(&self, cause: &str) -> Error {
        let to = if self.withdrawal.has_accepted() {
            " to the recipients that have not accepted it, and not to the others (`Error::accepted`)"
        } else {
            ""
        };
        Error::new(ErrorKind::Closed, format!("{cause}: send it again{to}"))
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
        unknown = unknown.with_stage(stage);
    }
    unknown
        .with_accepted(error.accepted().to_vec())
        .with_unknown_fate()
        .caused_by(error)
}

/// The runtime is shutting down, or what the caller gave panicked. A second panic on the way, such
/// as one of a subscriber to the log, must not end the process.
impl Drop for Completion {
    fn drop(&mut self) {
        if self.sender.is_some() {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                self.stop("the sending task was stopped");
            }));
        }
    }
}

/// The mails that a session was given and that have no outcome yet, by their numbers in the session.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    /// How many mails the session was given.
    pub(super) total: usize,
    pub(super) completions: BTreeMap<usize, Completion>,
}

impl Outstanding {
    /// Adds the next mail.
    pub(super) fn push(&mut self, completion: Completion) {
        self.completions.insert(self.total, completion);
        self.total += 1;
    }

    /// Whether there are some, and all are withdrawn before their ends have left.
    pub(super) fn all_withdrawn(&self) -> bool {
        let is_withdrawn = |completion: &Completion| {
            completion.withdrawal.is_withdrawn() && !completion.withdrawal.is_committed()
        };
        !self.completions.is_empty() && self.completions.values().all(is_withdrawn)
    }
}

/// What became of the mails of a client while [`Client::close_within`](crate::Client::close_within)
/// waited. Each mail is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReport {
    /// Mails that the server accepted for at least one recipient.
    pub sent: usize,
    /// Mails that failed: each caller has the error. Those below are not counted here.
    pub failed: usize,
    /// Mails that the client, or a caller who dropped a future, took back in time. The server does not
    /// deliver them.
    pub withdrawn: usize,
    /// Mails that the server may have or not ([`Fate::Unknown`]).
    pub unknown: usize,
}

/// Counts the mails of a client by their endings, and hands figures to the recorder of metrics.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) meter: ClientMeter,
    report: Mutex<CloseReport>,
}

impl Tally {
    pub(super) fn new(server: &str) -> Self {
        Self {
            meter: ClientMeter::new(server),
            report: Mutex::default(),
        }
    }

    /// What has been counted since `before`.
    pub(super) fn since(&self, before: CloseReport) -> CloseReport {
        let now = *lock(&self.report);
        CloseReport {
            sent: now.sent - before.sent,
            failed: now.failed - before.failed,
            withdrawn: now.withdrawn - before.withdrawn,
            unknown: now.unknown - before.unknown,
        }
    }
}

/// Locks even what a panic has poisoned: each change under a lock of the client is whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
