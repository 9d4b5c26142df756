//! What the clones of a client and its workers share.
//!
//! One mail goes through it so: [`push`](Pool::push) puts it in the queue, a [`Worker`] takes it by
//! [`next_mail`](Pool::next_mail), and [`finish`](Pool::finish) gives the caller its outcome, or puts
//! it in the queue once more when [`Retry`](super::Retry) says so.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::job::{Completion, Job, Tally};
use super::learned::Learned;
use super::limits::now;
use super::queue::{ConnectFailure, NextMail, Queue, Settings, Wakeup};
use super::retry::Decision;
use super::worker::Worker;
use crate::error::{Error, Fate, Result};
use crate::session::{Receipt, ServerConfig, Withdrawal};

/// What all clones of a client share.
pub(super) struct Pool {
    pub(super) server: ServerConfig,
    pub(super) settings: Settings,
    pub(super) learned: Learned,
    pub(super) tally: Arc<Tally>,
    queue: Mutex<Queue>,
    /// A permit for each mail that may wait.
    pub(super) space: Arc<Semaphore>,
    /// How many times all sessions have been aborted.
    generation: AtomicU64,
    /// Notified when busy workers have to look again: mails were withdrawn, all sessions were
    /// aborted, or the client is about to close.
    changed: Notify,
    /// Notified when workers that may not connect yet have to look at the queue and the limits again.
    queue_changed: Notify,
    pub(super) tasks: TaskTracker,
}

/// What a worker tells the queue about itself.
#[derive(Clone, Copy)]
pub(super) enum WorkerEvent<'a> {
    /// It has a session.
    Connected,
    /// It began to open a session then, and could not.
    ConnectFailed { begun: Instant, error: &'a Error },
    /// It stopped opening a session, since no mail waits.
    ConnectAbandoned,
    /// Its session ended by a panic in the caller's code.
    Panicked,
    /// It takes no more mails over its session, which may take a while to end.
    StopsTaking,
    /// The runtime dropped it while it shuts down.
    Dropped { was_connecting: bool },
}

impl Pool {
    pub(super) fn new(server: ServerConfig, settings: Settings) -> Self {
        Self {
            learned: Learned::new(server.strategy()),
            tally: Arc::new(Tally::new(&server.host().to_string())),
            queue: Mutex::new(Queue::new(&settings)),
            space: Arc::new(Semaphore::new(settings.queue.min(Semaphore::MAX_PERMITS))),
            server,
            settings,
            generation: AtomicU64::new(0),
            changed: Notify::new(),
            queue_changed: Notify::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Changes the queue, and then wakes or starts the workers that the change asks for. Recorders of
    /// metrics and wakers are the caller's code, so they run when the lock is not held. For the same
    /// reason `change` returns mails instead of dropping them.
    pub(super) fn update<T>(self: &Arc<Self>, change: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let before = queue.jobs.len();
        let result = change(&mut queue);
        let (after, wakeups) = (queue.jobs.len(), std::mem::take(&mut queue.wakeups));
        drop(queue);
        self.tally.meter.waiting(before, after);
        for wakeup in wakeups {
            match wakeup {
                Wakeup::Parked(waker) => waker.wake(),
                Wakeup::Spawn(id) => {
                    self.tasks.spawn(Worker::new(Arc::clone(self), id).run());
                }
            }
        }
        result
    }

    /// Puts a new mail in the queue, where there is space for it.
    pub(super) fn push(self: &Arc<Self>, mut job: Job, space: OwnedSemaphorePermit) {
        job.space = Some(space);
        let recipients = job.mail.envelope.forward_paths().len();
        match self.settings.rates.check(recipients) {
            Ok(()) => self.enqueue(job, self.generation()),
            Err(error) => job.completion.tell(Err(error)),
        }
    }

    /// Puts a mail of this generation behind all others.
    fn enqueue(self: &Arc<Self>, job: Job, generation: u64) {
        let refused = self.update(|queue| {
            if self.generation() != generation {
                return Some((job, None));
            }
            if let Some(error) = queue.refusal() {
                return Some((job, Some(error)));
            }
            queue.enqueue(job, &self.settings.retry);
            None
        });
        match refused {
            Some((job, Some(error))) => job.completion.tell(Err(error)),
            Some((job, None)) => job.completion.abort(),
            None => {}
        }
    }

    /// Puts mails of this generation back in front of all others, in their order.
    pub(super) fn requeue_front(self: &Arc<Self>, jobs: Vec<Job>, generation: u64) {
        let is_wanted = |job: &Job| !job.completion.withdrawal.is_withdrawn();
        let (jobs, _withdrawn): (Vec<_>, Vec<_>) = jobs.into_iter().partition(is_wanted);
        let aborted = self.update(|queue| {
            if self.generation() != generation {
                return jobs;
            }
            queue.requeue_front(jobs);
            Vec::new()
        });
        for job in aborted {
            job.completion.abort();
        }
    }

    /// See [`Queue::next_mail`].
    pub(super) fn next_mail(
        self: &Arc<Self>,
        worker: u64,
        generation: u64,
        is_busy: bool,
        waker: &Waker,
    ) -> NextMail {
        self.update(|queue| {
            // What has come since the abort is for other sessions.
            if self.generation() != generation {
                return NextMail::Stop;
            }
            let next = queue.next_mail(worker, is_busy, waker);
            if queue.is_connecting_without_mail() {
                self.queue_changed.notify_waiters();
                // `close` does not wait for a worker that hangs while it connects.
                if queue.is_closing() {
                    self.changed.notify_waiters();
                }
            }
            next
        })
    }

    /// Waits until a connection may be opened; `None` if no mail waits for it any more.
    pub(super) async fn admit_connection(self: &Arc<Self>) -> Option<()> {
        loop {
            let queue_changed = self.queue_changed.notified();
            let admitted = self.update(|queue| {
                let has_mails = !queue.jobs.is_empty();
                has_mails.then(|| queue.admit_connection())
            })?;
            let Err(wait) = admitted else {
                return Some(());
            };
            tokio::select! {
                biased;
                () = queue_changed => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// What a worker tells about itself.
    pub(super) fn report(self: &Arc<Self>, worker: u64, event: WorkerEvent<'_>) {
        match event {
            WorkerEvent::Connected => self.update(Queue::connected),
            WorkerEvent::ConnectFailed { begun, error } => self.connect_failed(begun, error),
            WorkerEvent::ConnectAbandoned => self.update(Queue::connect_abandoned),
            WorkerEvent::Panicked => self.update(|queue| queue.backoff.rests()),
            WorkerEvent::StopsTaking => self.update(|queue| queue.stop_taking(worker)),
            WorkerEvent::Dropped { was_connecting } => {
                drop(self.update(|queue| queue.worker_dropped(worker, was_connecting)));
            }
        }
    }

    /// No session could be opened: see [`Queue::connect_failed`].
    fn connect_failed(self: &Arc<Self>, begun: Instant, error: &Error) {
        self.learn(begun, Some(error));
        let failure =
            self.update(|queue| queue.connect_failed(error, &self.settings.retry, chance()));
        let ConnectFailure {
            stranded,
            waiting,
            pause,
            is_first_refusal,
        } = failure;
        if is_first_refusal {
            warn!(%error, "no session can be opened: correct the login, it is tried again rarely");
        } else if waiting > 0 {
            debug!(%error, waiting, ?pause, "mails wait until a session can be opened");
        }
        for job in stranded {
            job.completion.tell(Err(error.clone()));
        }
    }

    /// See [`Queue::should_continue`].
    pub(super) fn should_continue(self: &Arc<Self>, worker: u64) -> bool {
        let continues = self.update(|queue| queue.should_continue(worker, &self.settings.retry));
        // It may have had the last session.
        self.fail_refused();
        continues
    }

    /// Whether no mail waits.
    pub(super) fn is_empty(self: &Arc<Self>) -> bool {
        self.update(|queue| queue.jobs.is_empty())
    }

    /// Drops the waiting mails that were withdrawn, and has busy workers look whether theirs were.
    pub(super) fn drop_withdrawn(self: &Arc<Self>) {
        drop(self.remove_where(|job| job.completion.withdrawal.is_withdrawn()));
    }

    fn remove_where(self: &Arc<Self>, is_out: impl Fn(&Job) -> bool) -> Vec<Job> {
        let removed = self.update(|queue| queue.remove_where(is_out));
        self.queue_changed.notify_waiters();
        self.changed.notify_waiters();
        removed
    }

    /// Fails all mails that wait, if they may not wait: see [`Queue::refusal`].
    fn fail_refused(self: &Arc<Self>) {
        let refused = self.update(|queue| {
            let error = queue.refusal()?;
            Some((error, queue.remove_where(|_| true)))
        });
        let Some((error, removed)) = refused else {
            return;
        };
        self.queue_changed.notify_waiters();
        self.changed.notify_waiters();
        for job in removed {
            job.completion.tell(Err(error.clone()));
        }
    }

    /// Fails a mail that no session took in time, if it still waits. Returns whether it waits on,
    /// since no session can be opened and it may be sent again.
    pub(super) fn expire(self: &Arc<Self>, withdrawal: &Withdrawal, error: Error) -> bool {
        let is_it = |job: &Job| job.completion.withdrawal.is(withdrawal);
        let is_expired = |job: &Job| is_it(job) && job.completion.outage.is_none();
        if let Some(job) = self.remove_where(is_expired).pop() {
            job.completion.tell(Err(error));
            return false;
        }
        self.update(|queue| queue.jobs.iter().any(is_it))
    }

    /// Has the limits learn what a mail, or an attempt to connect, that was begun then has come to.
    pub(super) fn learn(self: &Arc<Self>, begun: Instant, error: Option<&Error>) {
        let is_throttled = self.update(|queue| match error {
            // The server may take one more connection now, and no further mail may come to ask.
            None => {
                queue.accepted(begun);
                false
            }
            Some(error) => queue.admission.failed(begun, error),
        });
        if is_throttled {
            self.tally.meter.throttled();
        }
    }

    /// Gives the outcome of a mail that was begun in this generation, unless it is sent again later.
    pub(super) fn finish(
        self: &Arc<Self>,
        completion: Completion,
        result: Result<Receipt>,
        generation: u64,
    ) {
        self.learn(completion.begun, result.as_ref().err());
        match result {
            Ok(receipt) => completion.tell(Ok(receipt)),
            Err(error) => self.fail(completion, error, generation),
        }
    }

    /// Fails a mail of this generation, unless it is sent again later.
    pub(super) fn fail(
        self: &Arc<Self>,
        mut completion: Completion,
        error: Error,
        generation: u64,
    ) {
        // Recipients that accepted an earlier portion do not get the mail again.
        let error = completion.withdrawal.cut_short(error, None);
        let elapsed = now().saturating_duration_since(completion.given);
        let retry = &self.settings.retry;
        let decision = retry.decide(completion.attempt, &error, elapsed, chance());
        match (completion.copy.take(), decision) {
            (Some(mail), Decision::Again(wait)) if !completion.withdrawal.is_withdrawn() => {
                self.tally.meter.retried();
                completion.was_unknown |= error.fate() == Fate::Unknown;
                completion.attempt += 1;
                completion.counted = false;
                completion.ended_sessions = 0;
                completion.withdrawal.begin_anew();
                let message_id = &completion.message_id;
                debug!(%message_id, %error, ?wait, "the mail is sent again later");
                let job = Job::again(mail, completion);
                let later = Arc::clone(self).send_later(job, wait, error, generation);
                self.tasks.spawn(later);
            }
            _ => completion.tell(Err(error)),
        }
    }

    /// Waits, and puts a mail of this generation in the queue once more. If its caller is gone, or
    /// the client is closed or aborted, the mail fails with its last error instead.
    async fn send_later(self: Arc<Self>, job: Job, wait: Duration, error: Error, generation: u64) {
        let is_unwanted = || {
            let ends = self.generation() != generation || self.update(|queue| queue.is_closing());
            ends || job.completion.withdrawal.is_withdrawn()
        };
        tokio::select! {
            biased;
            () = self.until(is_unwanted) => job.completion.tell(Err(error)),
            () = sleep(wait) => self.enqueue(job, generation),
        }
    }

    /// Waits until `holds` returns true. It is called again after each change.
    pub(super) async fn until(&self, holds: impl Fn() -> bool) {
        loop {
            let changed = self.changed.notified();
            if holds() {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Ends all sessions, and fails all mails.
    pub(super) fn abort(self: &Arc<Self>) {
        let jobs = self.update(|queue| {
            self.generation.fetch_add(1, Ordering::Release);
            std::mem::take(&mut queue.jobs)
        });
        self.changed.notify_waiters();
        for job in jobs {
            job.completion.abort();
        }
    }

    /// Waits until no worker is left, and lets none wait for more mails meanwhile.
    pub(super) async fn close(self: &Arc<Self>) {
        let _closing = Closing::new(self);
        if self.update(|queue| queue.backoff.is_outage()) {
            for job in self.remove_where(|job| job.completion.outage.is_some()) {
                job.completion.abort();
            }
        }
        self.fail_refused();
        // The tracker stays closed, which hinders nothing: opened again, other callers of `close`
        // would wait on.
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// While it lives, workers end where they would wait.
struct Closing<'a>(&'a Arc<Pool>);

impl<'a> Closing<'a> {
    fn new(pool: &'a Arc<Pool>) -> Self {
        pool.update(Queue::begin_close);
        pool.changed.notify_waiters();
        Self(pool)
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.update(Queue::end_close);
    }
}

/// A random number, so that waits differ.
fn chance() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}
