//! The mails of a spool, one after the other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::claims::ActiveClaim;
use super::recipients::{RecipientRecord, left};
use super::run::{RunEvent, Runner};
use crate::address::{Envelope, ForwardPath};
use crate::session::Mail;
use crate::spool::{Answer, ClaimedMail, Outcome, SpoolError, Want};

/// A mail that the client has.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) claim: ActiveClaim,
    pub(super) row: u64,
    pub(super) key: String,
    pub(super) paths: Vec<ForwardPath>,
    pub(super) done: Vec<RecipientRecord>,
    /// From 1.
    pub(super) attempt: u32,
    pub(super) age: Duration,
    pub(super) begun: Instant,
}

/// What the feed shares with the run.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) is_stopped: Arc<AtomicBool>,
    pub(super) stopping: Notify,
    claims: Mutex<Vec<ActiveClaim>>,
    /// Why there are no more mails.
    pub(super) failure: Mutex<Option<SpoolError>>,
}

impl Shared {
    pub(super) fn claims(&self) -> Vec<ActiveClaim> {
        let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.clone()
    }

    /// Takes the claims out that are over.
    pub(super) fn take_over(&self) -> Vec<ActiveClaim> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let (over, rest) = claims.drain(..).partition(ActiveClaim::is_over);
        *claims = rest;
        over
    }

    fn add(&self, claim: ActiveClaim) {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.push(claim);
    }

    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.stopping.notify_one();
    }

    fn fail(&self, error: SpoolError) {
        let failure = self.failure.lock();
        *failure.unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }
}

/// Claims rows, and makes their mails.
pub(super) struct Feed<'a> {
    pub(super) runner: &'a Runner,
    pub(super) shared: &'a Shared,
    pub(super) current: Option<(ActiveClaim, VecDeque<ClaimedMail>)>,
}

impl Feed<'_> {
    /// The next mail; `None` if there are no more, or the run is stopped.
    pub(super) async fn next(&mut self) -> Option<(UnderWay, Mail)> {
        loop {
            if self.shared.is_stopped() {
                return None;
            }
            let Some((claim, mails)) = &mut self.current else {
                match self.claim().await {
                    Ok(true) => continue,
                    Ok(false) => return None,
                    Err(error) => {
                        self.shared.fail(error);
                        return None;
                    }
                }
            };
            let claim = claim.clone();
            let Some(mail) = mails.pop_front() else {
                self.current = None;
                continue;
            };
            if claim.is_lost() {
                self.current = None;
                continue;
            }
            if let Some(made) = self.make(claim, mail).await {
                return Some(made);
            }
        }
    }

    /// Claims rows, or waits for some. Returns false if there are no more.
    async fn claim(&mut self) -> Result<bool, SpoolError> {
        let runner = self.runner;
        let want = runner.want();
        loop {
            if self.shared.is_stopped() {
                return Ok(false);
            }
            if let Some(claim) = runner.spool.claim(&want).await? {
                let token = claim.token;
                let rows = claim.mails.len();
                let stopped = Arc::clone(&self.shared.is_stopped);
                let spool = Arc::clone(&runner.spool);
                let active = ActiveClaim::new(spool, claim.job, token, rows, stopped);
                self.shared.add(active.clone());
                self.current = Some((active, claim.mails.into()));
                return Ok(true);
            }
            if !runner.waits && !self.is_expected(&want).await? {
                return Ok(false);
            }
            tokio::select! {
                ready = runner.spool.ready(&want) => ready?,
                () = self.shared.stopping.notified() => {}
            }
        }
    }

    /// Whether rows may become ready without a person.
    async fn is_expected(&self, want: &Want) -> Result<bool, SpoolError> {
        if self.runner.is_held().await? {
            return Ok(false);
        }
        let jobs = match &want.job {
            Some(job) => self.runner.spool.job(job).await?.into_iter().collect(),
            None => self.runner.spool.jobs().await?,
        };
        let mut jobs = jobs
            .iter()
            .filter(|job| want.accounts.contains(&job.account));
        Ok(jobs.any(|job| {
            let is_held = job.hold.as_ref().is_some_and(|hold| hold.until.is_none());
            !is_held && job.counts.unsettled() > 0
        }))
    }

    /// Makes a mail for the recipients that are left. What cannot be made has its outcome.
    async fn make(&self, claim: ActiveClaim, row: ClaimedMail) -> Option<(UnderWay, Mail)> {
        let made = self.runner.maker.make(claim.job(), &row).await;
        let mut mail = match made {
            Ok(made) => made.mail,
            Err(error) => {
                let answer = Answer::new(error.message.as_str());
                let schedule = &self.runner.schedule;
                let wait = schedule.wait(row.attempts + 1, row.age, None);
                let outcome = match wait.filter(|_| error.is_transient) {
                    Some(after) => Outcome::Deferred { answer, after },
                    None => Outcome::Failed(answer),
                };
                self.runner.settled(&claim, row.row, &row.key, outcome);
                return None;
            }
        };
        let (paths, done) = left(mail.envelope.forward_paths(), row.previous.as_ref());
        if !done.is_empty() {
            let options = mail.envelope.options().clone();
            let sender = mail.envelope.reverse_path().clone();
            match Envelope::new(sender, paths.iter().cloned()) {
                Ok(envelope) => mail.envelope = envelope.with_options(options),
                Err(error) => {
                    let outcome = Outcome::Failed(Answer::new(error.to_string()));
                    self.runner.settled(&claim, row.row, &row.key, outcome);
                    return None;
                }
            }
        }
        let under_way = UnderWay {
            row: row.row,
            key: row.key,
            paths,
            done,
            attempt: row.attempts + 1,
            age: row.age,
            begun: Instant::now(),
            claim: claim.clone(),
        };
        (self.runner.on_event)(&RunEvent::Begun {
            job: claim.job().clone(),
            row: row.row,
        });
        Some((under_way, mail.with_departure(Arc::new(claim), row.row)))
    }
}
