//! What the clones of a client and its workers share.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::builder::Settings;
use super::job::Job;
use super::learned::Learned;
use super::state::{State, Summoned, Turn};
use super::worker::Worker;
use crate::observe::ClientMeter;
use crate::session::ServerConfig;

/// What all clones of a client share.
pub(super) struct Pool {
    pub(super) server: ServerConfig,
    pub(super) settings: Settings,
    pub(super) learned: Learned,
    pub(super) meter: Arc<ClientMeter>,
    state: Mutex<State>,
    /// A permit for each mail that may wait.
    pub(super) space: Arc<Semaphore>,
    /// How often all has been aborted.
    generation: AtomicU64,
    /// Something has changed that workers on their way have to look at: mails were withdrawn, all
    /// was aborted, or the client is about to close.
    changed: Notify,
    /// Workers that may not connect yet have to look at the queue and the gate again.
    moved: Notify,
    pub(super) tasks: TaskTracker,
}

impl Pool {
    pub(super) fn new(server: ServerConfig, settings: Settings) -> Self {
        Self {
            learned: Learned::new(server.strategy()),
            meter: Arc::new(ClientMeter::new(&server.host().to_string())),
            state: Mutex::new(State::new(&settings)),
            space: Arc::new(Semaphore::new(settings.queue.min(Semaphore::MAX_PERMITS))),
            server,
            settings,
            generation: AtomicU64::new(0),
            changed: Notify::new(),
            moved: Notify::new(),
            tasks: TaskTracker::new(),
        }
    }

    pub(super) fn state(&self) -> Locked<'_> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = state.jobs.len();
        Locked {
            state,
            count: Count {
                meter: &self.meter,
                before: waiting,
                after: waiting,
            },
        }
    }

    /// Puts a mail in the queue, for which there is space, and sees to it that somebody takes it.
    pub(super) fn push(self: &Arc<Self>, mut job: Job, space: OwnedSemaphorePermit) {
        job.space = Some(space);
        let recipients = job.mail.envelope.forward_paths().len();
        match self.settings.rates.check(recipients) {
            Ok(()) => self.line_up(job, self.generation()),
            Err(error) => job.slip.tell(Err(error)),
        }
    }

    /// Puts a mail of this generation behind all others.
    pub(super) fn line_up(self: &Arc<Self>, job: Job, generation: u64) {
        let mut state = self.state();
        if self.generation() != generation {
            drop(state);
            let error = job.slip.aborted();
            return job.slip.tell(Err(error));
        }
        if let Some(error) = state.refusal() {
            drop(state);
            return job.slip.tell(Err(error));
        }
        state.push_back(job, &self.settings.retry);
        let summoned = state.summon();
        drop(state);
        self.follow(summoned);
    }

    /// Puts mails of this generation back in front of all others, in their order.
    pub(super) fn put_back(self: &Arc<Self>, jobs: Vec<Job>, generation: u64) {
        let is_wanted = |job: &Job| !job.slip.recall.is_withdrawn();
        // Those that were withdrawn are dropped when the lock is not held.
        let (jobs, _withdrawn): (Vec<_>, Vec<_>) = jobs.into_iter().partition(is_wanted);
        let mut state = self.state();
        if self.generation() != generation {
            drop(state);
            for job in jobs {
                let error = job.slip.aborted();
                job.slip.tell(Err(error));
            }
            return;
        }
        let count = jobs.len();
        for job in jobs.into_iter().rev() {
            job.slip.recall.return_home();
            state.jobs.push_front(job);
        }
        let summoned: Vec<_> = (0..count).map(|_| state.summon()).collect();
        drop(state);
        for summoned in summoned {
            self.follow(summoned);
        }
    }

    pub(super) fn follow(self: &Arc<Self>, summoned: Summoned) {
        match summoned {
            Summoned::Parked(waker) => waker.wake(),
            Summoned::New(id) => {
                self.tasks.spawn(Worker::new(Arc::clone(self), id).run());
            }
            Summoned::Nobody => {}
        }
    }

    /// See [`State::take`].
    pub(super) fn take(
        &self,
        worker: u64,
        generation: u64,
        is_busy: bool,
        context: &Context<'_>,
    ) -> Turn {
        let mut state = self.state();
        // What has come since is for others.
        if self.generation() != generation {
            return Turn::Leave;
        }
        let turn = state.take(worker, is_busy, context.waker());
        if state.is_connecting_for_nothing() {
            self.moved.notify_waiters();
            // What hangs while it connects is not waited for.
            if state.is_closing() {
                self.changed.notify_waiters();
            }
        }
        turn
    }

    /// Waits until a connection may be opened; `None` if no mail waits for it any more.
    pub(super) async fn admit_connection(&self) -> Option<()> {
        loop {
            let moved = self.moved.notified();
            let wait = {
                let mut state = self.state();
                if state.jobs.is_empty() {
                    return None;
                }
                match state.admit_connection() {
                    Ok(()) => return Some(()),
                    Err(wait) => wait,
                }
            };
            tokio::select! {
                biased;
                () = moved => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// See [`State::has_connected`].
    pub(super) fn has_connected(self: &Arc<Self>) {
        let others = self.state().has_connected();
        for worker in others {
            self.follow(Summoned::New(worker));
        }
    }

    /// See [`State::gives_up_connecting`].
    pub(super) fn gives_up_connecting(&self) {
        self.state().gives_up_connecting();
    }

    /// See [`State::takes_leave`].
    pub(super) fn takes_leave(self: &Arc<Self>, worker: u64) {
        let summoned = self.state().takes_leave(worker);
        for summoned in summoned {
            self.follow(summoned);
        }
    }

    /// See [`State::goes_on`].
    pub(super) fn goes_on(self: &Arc<Self>, worker: u64) -> bool {
        let mut state = self.state();
        let goes_on = state.goes_on(worker, &self.settings.retry);
        // It may have been the one that was woken for them.
        let summoned = if goes_on || state.jobs.is_empty() {
            Summoned::Nobody
        } else {
            state.summon()
        };
        drop(state);
        self.follow(summoned);
        // It may have had the last session.
        self.fail_all_refused();
        goes_on
    }

    /// A worker has been dropped, since the runtime is shutting down.
    pub(super) fn has_been_dropped(&self, worker: u64, was_connecting: bool) {
        // Told as they are dropped, when the lock is not held.
        let _stranded = self.state().has_been_dropped(worker, was_connecting);
    }

    /// Whether no mail waits.
    pub(super) fn is_empty(&self) -> bool {
        self.state().jobs.is_empty()
    }

    /// Mails have been withdrawn: those that wait are dropped, and workers that are on their way
    /// with one are told.
    pub(super) fn have_been_withdrawn(self: &Arc<Self>) {
        let is_withdrawn = |job: &Job| job.slip.recall.is_withdrawn();
        // Dropped when the lock is not held.
        let _withdrawn = self.take_out_all(is_withdrawn);
    }

    pub(super) fn take_out_all(self: &Arc<Self>, is_out: impl Fn(&Job) -> bool) -> Vec<Job> {
        let (out, summoned) = self.state().take_out(is_out);
        self.has_taken_out(summoned);
        out
    }

    fn has_taken_out(self: &Arc<Self>, summoned: Vec<Summoned>) {
        self.moved.notify_waiters();
        self.changed.notify_waiters();
        for summoned in summoned {
            self.follow(summoned);
        }
    }

    /// Fails all mails that wait, if they are not to wait: see [`State::refusal`].
    fn fail_all_refused(self: &Arc<Self>) {
        let mut state = self.state();
        let Some(error) = state.refusal() else {
            return;
        };
        let (out, summoned) = state.take_out(|_| true);
        drop(state);
        self.has_taken_out(summoned);
        for job in out {
            job.slip.tell(Err(error.clone()));
        }
    }

    /// Waits for as long as it does not hold, and looks again whenever something has changed.
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
    pub(super) fn abort(&self) {
        let jobs = {
            let mut state = self.state();
            self.generation.fetch_add(1, Ordering::Release);
            std::mem::take(&mut state.jobs)
        };
        self.changed.notify_waiters();
        for mut job in jobs {
            let outage = job.slip.outage.take();
            let error = outage.unwrap_or_else(|| job.slip.aborted());
            job.slip.tell(Err(error));
        }
    }

    /// Waits until no worker is left, and lets none wait for more mails meanwhile.
    pub(super) async fn close(self: &Arc<Self>) {
        let _closing = Closing::new(self);
        self.outage_is_not_waited_for();
        self.fail_all_refused();
        // It stays closed, which hinders nothing: opened again, it would leave others waiting.
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The state, for which others have to wait.
pub(super) struct Locked<'a> {
    state: MutexGuard<'a, State>,
    /// Dropped after `state`, when the lock is not held: a recorder of metrics is the caller's code.
    count: Count<'a>,
}

/// How many mails were waiting before the state was locked, and are after it.
struct Count<'a> {
    meter: &'a ClientMeter,
    before: usize,
    after: usize,
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.meter.waiting(self.before, self.after);
    }
}

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.count.after = self.state.jobs.len();
    }
}

/// As long as it lives, workers end where they would wait.
struct Closing<'a>(&'a Pool);

impl<'a> Closing<'a> {
    fn new(pool: &'a Pool) -> Self {
        for waker in pool.state().closes() {
            waker.wake();
        }
        pool.changed.notify_waiters();
        Self(pool)
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.state().closes_no_more();
    }
}
