//! The mails that wait for a session, and the workers that wait for mails.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;

use super::builder::Settings;
use super::job::Job;
use super::learned::Learned;
use super::reach::Reach;
use super::worker::Worker;
use crate::error::{Error, Kind};
use crate::observe::ClientMeter;
use crate::session::{Recall, Server};

/// What all clones of a client share.
pub(super) struct Pool {
    pub(super) server: Server,
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
    tasks: TaskTracker,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Workers with a session and no mail, the one that became so last at the end.
    idle: Vec<Parked>,
    /// Workers with mails on their way that could take another.
    busy: Vec<Parked>,
    /// Workers: each has one connection at most.
    workers: usize,
    /// Those among them that are still opening a session, and will take a mail then.
    connecting: usize,
    reach: Reach,
    /// How many wait until all is done.
    closing: usize,
    last_worker: u64,
}

/// A worker that wants to be woken for a mail.
struct Parked {
    worker: u64,
    waker: Waker,
}

/// Who takes a mail that has been put in the queue.
enum Summoned {
    Parked(Waker),
    New(u64),
    /// Whoever is free first.
    Nobody,
}

/// What a worker gets that asks for a mail.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once, where a box would be for each mail"
)]
pub(super) enum Turn {
    Mail(Job),
    /// It is woken when there is one.
    Wait,
    /// There will be none for this session.
    Leave,
}

impl Pool {
    pub(super) fn new(server: Server, settings: Settings) -> Self {
        Self {
            learned: Learned::new(server.strategy()),
            meter: Arc::new(ClientMeter::new(&server.host().to_string())),
            space: Arc::new(Semaphore::new(settings.queue.min(Semaphore::MAX_PERMITS))),
            server,
            settings,
            state: Mutex::default(),
            generation: AtomicU64::new(0),
            changed: Notify::new(),
            tasks: TaskTracker::new(),
        }
    }

    fn state(&self) -> Locked<'_> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Locked {
            before: state.jobs.len(),
            state,
            meter: &self.meter,
        }
    }

    /// Puts a mail in the queue, for which there is space, and sees to it that somebody takes it.
    pub(super) fn push(self: &Arc<Self>, job: Job) {
        let mut state = self.state();
        if let Some(error) = state.reach.refusal() {
            drop(state);
            return job.slip.tell(Err(error));
        }
        state.jobs.push_back(job);
        let summoned = state.summon(&self.settings);
        drop(state);
        self.follow(summoned);
    }

    /// Puts mails back in front of all others, in their order.
    pub(super) fn put_back(self: &Arc<Self>, jobs: impl DoubleEndedIterator<Item = Job>) {
        let mut state = self.state();
        let mut count = 0;
        for job in jobs.rev() {
            job.slip.recall.return_home();
            state.jobs.push_front(job);
            count += 1;
        }
        let summoned: Vec<_> = (0..count).map(|_| state.summon(&self.settings)).collect();
        drop(state);
        for summoned in summoned {
            self.follow(summoned);
        }
    }

    fn follow(self: &Arc<Self>, summoned: Summoned) {
        match summoned {
            Summoned::Parked(waker) => waker.wake(),
            Summoned::New(id) => {
                self.tasks.spawn(Worker::new(Arc::clone(self), id).run());
            }
            Summoned::Nobody => {}
        }
    }

    /// The next mail for a worker, which is busy if others are on its way. Without one, its task is
    /// woken for it.
    pub(super) fn take(&self, worker: u64, is_busy: bool, context: &Context<'_>) -> Turn {
        let mut state = self.state();
        state.unpark(worker);
        if let Some(job) = state.jobs.pop_front() {
            return Turn::Mail(job);
        }
        if state.closing > 0 {
            return Turn::Leave;
        }
        let parked = Parked {
            worker,
            waker: context.waker().clone(),
        };
        if is_busy {
            state.busy.push(parked);
        } else {
            state.idle.push(parked);
        }
        Turn::Wait
    }

    /// A worker has a session. If more mails wait, so may others.
    pub(super) fn has_connected(self: &Arc<Self>) {
        let mut state = self.state();
        state.connecting -= 1;
        state.reach.has_connected();
        let workers: Vec<_> = (0..state.jobs.len().saturating_sub(1))
            .map_while(|_| state.new_worker(&self.settings))
            .collect();
        drop(state);
        for worker in workers {
            self.follow(Summoned::New(worker));
        }
    }

    /// A worker could not open a session, so the mails that wait cannot be sent now, and are
    /// returned. But if other workers have one, the mails are theirs.
    pub(super) fn cannot_connect(&self, error: &Error) -> VecDeque<Job> {
        let mut state = self.state();
        if state.workers > state.connecting {
            state.reach.has_enough();
            return VecDeque::new();
        }
        state.reach.has_failed(error);
        std::mem::take(&mut state.jobs)
    }

    /// A worker that could not open a session does so no more.
    pub(super) fn gives_up_connecting(&self) {
        self.state().connecting -= 1;
    }

    /// Whether a worker is to open another session; otherwise it has ended.
    pub(super) fn goes_on(&self, worker: u64) -> bool {
        let mut state = self.state();
        state.unpark(worker);
        let is_surplus = state.workers > 1 && state.reach.is_resting();
        if state.jobs.is_empty() || is_surplus {
            state.workers -= 1;
            return false;
        }
        state.connecting += 1;
        true
    }

    /// A worker has been dropped, since the runtime is shutting down.
    pub(super) fn has_been_dropped(&self, worker: u64, was_connecting: bool) {
        let mut state = self.state();
        state.unpark(worker);
        state.workers -= 1;
        state.connecting -= usize::from(was_connecting);
    }

    /// Whether no mail waits.
    pub(super) fn is_empty(&self) -> bool {
        self.state().jobs.is_empty()
    }

    /// Mails have been withdrawn: those that wait are dropped, and workers that are on their way
    /// with one are told.
    pub(super) fn have_been_withdrawn(&self) {
        // Dropped when the lock is not held.
        let _withdrawn: VecDeque<_> = {
            let mut state = self.state();
            let jobs = std::mem::take(&mut state.jobs).into_iter();
            let (withdrawn, others) = jobs.partition(|job| job.slip.recall.is_withdrawn());
            state.jobs = others;
            withdrawn
        };
        self.changed.notify_waiters();
    }

    /// Takes a mail out of the queue. Says whether it was there.
    pub(super) fn take_out(&self, recall: &Recall) -> bool {
        let mut state = self.state();
        let place = (state.jobs.iter()).position(|job| job.slip.recall.is(recall));
        let job = place.and_then(|place| state.jobs.remove(place));
        drop(state);
        job.is_some()
    }

    /// Waits until something has changed, for as long as `holds` does not.
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
        let jobs: Vec<_> = {
            let mut state = self.state();
            self.generation.fetch_add(1, Ordering::Release);
            state.jobs.drain(..).collect()
        };
        self.changed.notify_waiters();
        for job in jobs {
            job.slip.tell(Err(aborted()));
        }
    }

    /// Waits until no worker is left, and lets none wait for more mails meanwhile.
    pub(super) async fn close(&self) {
        let _closing = Closing::new(self);
        // It stays closed, which hinders nothing: opened again, it would leave others waiting.
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The state, of which others have to wait.
struct Locked<'a> {
    state: MutexGuard<'a, State>,
    meter: &'a ClientMeter,
    /// How many mails were waiting.
    before: usize,
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
        self.meter.waiting(self.before, self.state.jobs.len());
    }
}

impl State {
    fn summon(&mut self, settings: &Settings) -> Summoned {
        if let Some(parked) = self.idle.pop() {
            return Summoned::Parked(parked.waker);
        }
        if let Some(worker) = self.new_worker(settings) {
            return Summoned::New(worker);
        }
        match self.busy.pop() {
            Some(parked) => Summoned::Parked(parked.waker),
            None => Summoned::Nobody,
        }
    }

    /// Another worker, if there may be one and there is something for it to do.
    fn new_worker(&mut self, settings: &Settings) -> Option<u64> {
        let room = self.workers < self.reach.most(settings.max_connections);
        let use_for_it = self.connecting < self.jobs.len();
        let rests = self.workers > 0 && self.reach.is_resting();
        if !room || !use_for_it || rests {
            return None;
        }
        self.workers += 1;
        self.connecting += 1;
        self.last_worker += 1;
        Some(self.last_worker)
    }

    fn unpark(&mut self, worker: u64) {
        let is_other = |parked: &Parked| parked.worker != worker;
        self.idle.retain(is_other);
        self.busy.retain(is_other);
    }
}

/// As long as it lives, workers end where they would wait.
struct Closing<'a>(&'a Pool);

impl<'a> Closing<'a> {
    fn new(pool: &'a Pool) -> Self {
        let mut state = pool.state();
        state.closing += 1;
        let parked: Vec<_> = state.idle.drain(..).collect();
        drop(state);
        for parked in parked {
            parked.waker.wake();
        }
        pool.changed.notify_waiters();
        Self(pool)
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.state().closing -= 1;
    }
}

/// What a mail comes to that was waiting.
pub(super) fn aborted() -> Error {
    Error::new(
        Kind::Closed,
        "the client was aborted before the mail was sent",
    )
}
