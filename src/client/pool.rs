//! What the clones of a client and its workers share.
//!
//! One mail goes through it so: [`push`](Pool::push) puts it in the queue, a [`Worker`] takes it by
//! [`next_mail`](Pool::next_mail), and [`finish`](Pool::finish) gives the caller its outcome, or puts
//! it in the queue once more when [`Retry`] says so.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;
use tracing::{debug, warn};

use super::job::{Completion, Job, OutcomeSender, Tally, lock};
use super::learned::Learned;
use super::limits::{Rates, now};
use super::queue::{ConnectFailure, NextMail, Queue, Wakeup};
use super::retry::Retry;
use super::worker::Worker;
use crate::error::{Error, Fate, Result};
use crate::session::{Mail, Observer, Receipt, ServerConfig, Withdrawal};

/// The settings of a client.
#[derive(Clone)]
pub(super) struct ClientSettings {
    pub(super) max_connections: usize,
    pub(super) queue: usize,
    pub(super) queue_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) max_age: Duration,
    pub(super) mails_per_connection: usize,
    pub(super) most_recipients: Option<NonZeroU32>,
    pub(super) retry: Retry,
    pub(super) rates: Rates,
    pub(super) on_progress: Option<Observer>,
}

impl ClientSettings {
    /// How many mails of a stream may be anywhere between it and their outcomes: in the queue, and
    /// some on each connection.
    pub(super) fn most_under_way(&self) -> usize {
        let on_their_way = self.max_connections.saturating_mul(64);
        self.queue.saturating_add(on_their_way)
    }
}

/// What all clones of a client share.
pub(super) struct Pool {
    pub(super) server: ServerConfig,
    pub(super) settings: ClientSettings,
    pub(super) learned: Mutex<Learned>,
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
    /// Each task has a receiver as long as it runs.
    tasks: watch::Sender<()>,
}

impl Pool {
    pub(super) fn new(server: ServerConfig, settings: ClientSettings) -> Self {
        Self {
            learned: Mutex::new(Learned::new(server.strategy())),
            tally: Arc::new(Tally::new(&server.host().to_string())),
            queue: Mutex::new(Queue::new(settings.max_connections, &settings.rates)),
            space: Arc::new(Semaphore::new(settings.queue.min(Semaphore::MAX_PERMITS))),
            server,
            settings,
            generation: AtomicU64::new(0),
            changed: Notify::new(),
            queue_changed: Notify::new(),
            tasks: watch::Sender::default(),
        }
    }

    /// Changes the queue, and then wakes or starts the workers that the change asks for. Recorders of
    /// metrics and wakers are the caller's code, so they run when the lock is not held. For the same
    /// reason `change` returns mails instead of dropping them.
    pub(super) fn update<T>(self: &Arc<Self>, change: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queue = lock(&self.queue);
        let before = queue.jobs.len();
        let result = change(&mut queue);
        let (after, wakeups) = (queue.jobs.len(), std::mem::take(&mut queue.wakeups));
        let has_changed = std::mem::take(&mut queue.has_changed);
        drop(queue);
        self.tally.meter.waiting(before, after);
        for wakeup in wakeups {
            match wakeup {
                Wakeup::Parked(waker) => waker.wake(),
                Wakeup::Spawn(id) => self.spawn(Worker::new(Arc::clone(self), id).run()),
            }
        }
        if has_changed {
            self.queue_changed.notify_waiters();
            self.changed.notify_waiters();
        }
        result
    }

    /// Starts a task that [`close`](Self::close) waits for.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let running = self.tasks.subscribe();
        tokio::spawn(async move {
            task.await;
            drop(running);
        });
    }

    /// Puts a new mail in the queue, where there is space for it.
    pub(super) fn push(
        self: &Arc<Self>,
        mail: Mail,
        withdrawal: Withdrawal,
        sender: OutcomeSender,
        space: OwnedSemaphorePermit,
    ) {
        let recipients = mail.envelope.forward_paths().len();
        let mut job = Job::new(mail, withdrawal, sender, Arc::clone(&self.tally));
        job.completion.space = Some(space);
        job.completion.generation = self.generation();
        match self.settings.rates.check(recipients) {
            Ok(()) => self.enqueue(job),
            Err(error) => job.completion.complete(Err(error)),
        }
    }

    /// Puts a mail at the end of the queue.
    fn enqueue(self: &Arc<Self>, job: Job) {
        let refused = self.update(|queue| {
            if self.generation() != job.completion.generation {
                return Some((job, None));
            }
            if let Some(error) = queue.refusal() {
                return Some((job, Some(error)));
            }
            queue.enqueue(job, &self.settings.retry);
            None
        });
        match refused {
            Some((job, Some(error))) => job.completion.complete(Err(error)),
            Some((job, None)) => job.completion.abort(),
            None => {}
        }
    }

    /// Puts mails back at the front of the queue, in their order.
    pub(super) fn requeue_front(self: &Arc<Self>, jobs: Vec<Job>) {
        let is_wanted = |job: &Job| !job.completion.withdrawal.is_withdrawn();
        let (jobs, _withdrawn): (Vec<_>, Vec<_>) = jobs.into_iter().partition(is_wanted);
        let aborted = self.update(|queue| {
            let is_aborted = |job: &Job| self.generation() != job.completion.generation;
            let (aborted, jobs): (Vec<_>, _) = jobs.into_iter().partition(is_aborted);
            queue.requeue_front(jobs);
            aborted
        });
        for job in aborted {
            job.completion.abort();
        }
    }

    /// The next mail for a worker of this generation: see [`Queue::next_mail`].
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
                queue.has_changed |= queue.is_closing();
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

    /// No session could be opened: see [`Queue::connect_failed`].
    pub(super) fn connect_failed(self: &Arc<Self>, begun: Instant, error: &Error) {
        self.learn(begun, Some(error));
        let retry = &self.settings.retry;
        let failure = self.update(|queue| queue.connect_failed(error, retry, chance()));
        if failure.is_first_refusal {
            warn!(%error, "no session can be opened: correct the login, it is tried again rarely");
        } else if failure.waiting > 0 {
            let ConnectFailure { waiting, pause, .. } = failure;
            let wait_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            debug!(%error, waiting, wait_ms, "mails wait until a session can be opened");
        }
        for job in failure.stranded {
            job.completion.complete(Err(error.clone()));
        }
    }

    /// Drops the waiting mails that were withdrawn, and has busy workers look whether theirs were.
    pub(super) fn drop_withdrawn(self: &Arc<Self>) {
        let is_withdrawn = |job: &Job| job.completion.withdrawal.is_withdrawn();
        drop(self.update(|queue| queue.remove_where(is_withdrawn)));
    }

    /// Fails all mails that wait, if they may not wait: see [`Queue::refusal`].
    pub(super) fn fail_refused(self: &Arc<Self>) {
        let refused = self.update(|queue| {
            let error = queue.refusal()?;
            Some((error, queue.remove_where(|_| true)))
        });
        if let Some((error, removed)) = refused {
            for job in removed {
                job.completion.complete(Err(error.clone()));
            }
        }
    }

    /// Fails a mail that no session took in time, if it still waits. Returns whether it waits on,
    /// since no session can be opened and it may be sent again.
    pub(super) fn expire(self: &Arc<Self>, withdrawal: &Withdrawal, error: Error) -> bool {
        let is_it = |job: &Job| job.completion.withdrawal.is(withdrawal);
        let is_expired = |job: &Job| is_it(job) && job.completion.outage.is_none();
        let mut expired = self.update(|queue| queue.remove_where(is_expired));
        if let Some(job) = expired.pop() {
            job.completion.complete(Err(error));
            return false;
        }
        self.update(|queue| queue.jobs.iter().any(is_it))
    }

    /// Reports the result of a mail, or of an attempt to connect, that began at `begun` to the limits.
    pub(super) fn learn(self: &Arc<Self>, begun: Instant, error: Option<&Error>) {
        let is_throttled = self.update(|queue| match error {
            // The server may take one more connection now. No other mail may come that would open it.
            None => {
                queue.accepted(begun);
                false
            }
            Some(error) => queue.admission.throttle.failed(begun, now(), error),
        });
        if is_throttled {
            self.tally.meter.throttled();
        }
    }

    /// Gives the outcome of a mail that was begun, unless it is sent again later.
    pub(super) fn finish(self: &Arc<Self>, completion: Completion, result: Result<Receipt>) {
        self.learn(completion.begun, result.as_ref().err());
        match result {
            Ok(receipt) => completion.complete(Ok(receipt)),
            Err(error) => self.fail(completion, error),
        }
    }

    /// Fails a mail, unless it is sent again later.
    pub(super) fn fail(self: &Arc<Self>, mut completion: Completion, error: Error) {
        // Recipients that accepted an earlier portion do not get the mail again.
        let error = completion.withdrawal.cut_short(error, None);
        let elapsed = now().saturating_duration_since(completion.given);
        let retry = &self.settings.retry;
        let wait = retry.wait_before_next(completion.attempt, &error, elapsed, chance());
        // No mail that waits is sent again by then.
        let wait = wait.filter(|_| !self.update(|queue| queue.is_closing()));
        match (completion.copy.take(), wait) {
            (Some(mail), Some(wait)) if !completion.withdrawal.is_withdrawn() => {
                self.tally.meter.retried();
                completion.was_unknown |= error.fate() == Fate::Unknown;
                completion.attempt += 1;
                completion.counted = false;
                completion.ended_sessions = 0;
                completion.withdrawal.begin_anew();
                let message_id = &completion.message_id;
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                debug!(%message_id, %error, wait_ms, "the mail is sent again later");
                let job = Job { mail, completion };
                self.spawn(Arc::clone(self).send_later(job, wait, error));
            }
            _ => completion.complete(Err(error)),
        }
    }

    /// Waits, and puts a mail in the queue once more. If its caller is gone, or the client is closed
    /// or aborted, the mail fails with its last error instead.
    async fn send_later(self: Arc<Self>, job: Job, wait: Duration, error: Error) {
        let is_unwanted = || {
            let is_aborted = self.generation() != job.completion.generation;
            is_aborted
                || self.update(|queue| queue.is_closing())
                || job.completion.withdrawal.is_withdrawn()
        };
        tokio::select! {
            biased;
            () = self.until(is_unwanted) => job.completion.complete(Err(error)),
            () = sleep(wait) => self.enqueue(job),
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
            queue.has_changed = true;
            std::mem::take(&mut queue.jobs)
        });
        for job in jobs {
            job.completion.abort();
        }
    }

    /// Waits until no worker is left, and lets none wait for more mails meanwhile.
    pub(super) async fn close(self: &Arc<Self>) {
        let _closing = Closing::begin(self);
        let failed = self.update(|queue| {
            let is_outage = queue.backoff.is_outage();
            let failed = |job: &Job| job.completion.outage.is_some();
            is_outage.then(|| queue.remove_where(failed))
        });
        for job in failed.into_iter().flatten() {
            job.completion.abort();
        }
        self.fail_refused();
        self.tasks.closed().await;
    }
}

/// While it lives, workers end where they would wait.
struct Closing<'a>(&'a Arc<Pool>);

impl<'a> Closing<'a> {
    fn begin(pool: &'a Arc<Pool>) -> Self {
        pool.update(Queue::begin_close);
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
