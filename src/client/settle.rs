//! What follows when a mail, or an attempt to open a session, has come to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::{debug, warn};

use super::gate::now;
use super::job::{Job, Slip};
use super::pool::Pool;
use super::retry::Decision;
use super::state::{Failed, Summoned};
use crate::error::{Error, Fate, Result};
use crate::session::{Recall, Receipt};

impl Pool {
    /// No session could be opened: see [`State::cannot_connect`].
    pub(super) fn cannot_connect(self: &Arc<Self>, begun: Instant, error: &Error) {
        self.learn(begun, Some(error));
        let failed = {
            let mut state = self.state();
            state.cannot_connect(error, &self.settings.retry, chance())
        };
        if failed.is_first_refusal {
            warn!(%error, "no session can be opened: correct the login, it is tried again rarely");
        } else if failed.waiting > 0 {
            let Failed { waiting, pause, .. } = failed;
            debug!(%error, waiting, ?pause, "mails wait until a session can be opened");
        }
        for job in failed.stranded {
            job.slip.tell(Err(error.clone()));
        }
    }

    /// A session ended by a panic in what the caller gave.
    pub(super) fn has_panicked(&self) {
        self.state().reach.rests();
    }

    /// What a mail, or an attempt to connect, that was begun then has come to.
    pub(super) fn learn(self: &Arc<Self>, begun: Instant, error: Option<&Error>) {
        let mut state = self.state();
        match error {
            None => {
                // It may take more connections than before, and no further mail may come to ask.
                let another = state.has_accepted(begun);
                drop(state);
                self.follow(another.map_or(Summoned::Nobody, Summoned::New));
            }
            Some(error) if state.gate.failed(begun, error) => self.meter.throttled(),
            Some(_) => {}
        }
    }

    /// Tells what became of a mail that was begun in this generation, unless it is sent again later.
    pub(super) fn settle(self: &Arc<Self>, slip: Slip, result: Result<Receipt>, generation: u64) {
        self.learn(slip.begun, result.as_ref().err());
        match result {
            Ok(receipt) => slip.tell(Ok(receipt)),
            Err(error) => self.fail(slip, error, generation),
        }
    }

    /// Tells a mail of this generation that has failed, unless it is sent again later.
    pub(super) fn fail(self: &Arc<Self>, mut slip: Slip, error: Error, generation: u64) {
        // Recipients that an earlier portion was accepted for do not get the mail again.
        let error = slip.recall.cut_short(error, None);
        let elapsed = now().saturating_duration_since(slip.given);
        let retry = &self.settings.retry;
        let decision = retry.decide(slip.attempt, &error, elapsed, chance());
        match (slip.copy.take(), decision) {
            (Some(mail), Decision::Again(wait)) if !slip.recall.is_withdrawn() => {
                self.meter.retried();
                slip.was_unknown |= error.fate() == Fate::Unknown;
                slip.attempt += 1;
                slip.counted = false;
                slip.lost_sessions = 0;
                slip.recall.begin_anew();
                let message_id = &slip.message_id;
                debug!(%message_id, %error, ?wait, "the mail is sent again later");
                let job = Job::again(mail, slip);
                let later = Arc::clone(self).send_later(job, wait, error, generation);
                self.tasks.spawn(later);
            }
            _ => slip.tell(Err(error)),
        }
    }

    /// Waits, and puts a mail of this generation in the queue once more. If nobody wants to wait for
    /// it, or the client was aborted since, it is told why it failed.
    async fn send_later(self: Arc<Self>, job: Job, wait: Duration, error: Error, generation: u64) {
        let is_unwanted = || {
            let ends = self.generation() != generation || self.state().is_closing();
            ends || job.slip.recall.is_withdrawn()
        };
        tokio::select! {
            biased;
            () = self.until(is_unwanted) => job.slip.tell(Err(error)),
            () = sleep(wait) => self.line_up(job, generation),
        }
    }

    /// Tells a mail that no session took it in time, if it still waits. Says whether it waits on,
    /// since no session can be opened and it may be sent again.
    pub(super) fn expire(self: &Arc<Self>, recall: &Recall, error: Error) -> bool {
        let is_expired = |job: &Job| job.slip.recall.is(recall) && job.slip.outage.is_none();
        if let Some(job) = self.take_out_all(is_expired).pop() {
            job.slip.tell(Err(error));
            return false;
        }
        let state = self.state();
        state.jobs.iter().any(|job| job.slip.recall.is(recall))
    }

    /// Tells mails that wait until a session can be opened why none could.
    pub(super) fn outage_is_not_waited_for(self: &Arc<Self>) {
        if !self.state().reach.is_outage() {
            return;
        }
        for mut job in self.take_out_all(|job| job.slip.outage.is_some()) {
            let outage = job.slip.outage.take();
            let error = outage.unwrap_or_else(|| job.slip.aborted());
            job.slip.tell(Err(error));
        }
    }
}

/// Any number, for waits that differ.
fn chance() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}
