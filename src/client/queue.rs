//! Mails that wait for a session, and workers that wait for mails.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::job::Job;
use super::limits::{
    Admission, Blocked, ConnectBackoff, Rates, is_refused_for_now, is_refused_login, now,
    pauses_anyway,
};
use super::retry::{self, Retry};
use crate::error::Error;

// A worker asks for mails by `next_mail`, one after the other. It is idle if none of its mails is on
// the way, and busy otherwise. `worker_dropped` ends it in any state.
//
//   spawn_worker           connected           Wait, BlockedUntil
//   ------------> connecting -------> asking ----------------------> idle or busy
//                  ^   |              |    ^                             |
//                  |   |         Stop |    +---------- wake_one ---------+
//                  |   |              v
//                  |   |          stop_taking
//                  |   | connect_     |
//                  |   v  abandoned   |
//                  should_continue <--+
//                      |
//                      v
//                    ended
//
// A mail waits in `jobs`. It also leaves them with an outcome: `remove_where`, `connect_failed`.
//
//             next_mail             `Pool::finish`
//   waiting -------------> taken ---------------------> it has an outcome
//    ^   ^                 |   |
//    |   +- requeue_front -+   | `Pool::fail`, and `Retry` allows another attempt
//    +--- enqueue <------------+

/// The mails that wait, and the workers that send them.
pub(super) struct Queue {
    max_connections: usize,
    pub(super) jobs: VecDeque<Job>,
    /// Workers with a session and no mail, the one that became so last at the end.
    idle: Vec<Parked>,
    /// Workers with mails on their way that could take another.
    busy: Vec<Parked>,
    /// Workers: each has one connection at most.
    workers: usize,
    /// How many of them are opening a session, and will take a mail then.
    connecting: usize,
    /// Workers that end since there are to be fewer.
    leaving: Vec<u64>,
    pub(super) backoff: ConnectBackoff,
    pub(super) admission: Admission,
    /// How many callers of `close` wait.
    closing: usize,
    last_worker: u64,
    /// The workers to wake or to start once the lock is released.
    pub(super) wakeups: Vec<Wakeup>,
    /// Whether all workers have to look at the queue then: mails are gone, or the client is about to
    /// close.
    pub(super) has_changed: bool,
}

/// A worker that wants to be woken for a mail.
type Parked = (u64, Waker);

/// A worker that is to look at the queue.
pub(super) enum Wakeup {
    /// One that waits.
    Parked(Waker),
    /// A new one with this number.
    Spawn(u64),
}

/// What a worker gets that asks for a mail.
pub(super) enum NextMail {
    Mail(Job),
    /// A mail that cannot be sent now.
    Refused(Job, Error),
    /// The limits admit no mail before this time. The worker is woken if the limits may have changed.
    BlockedUntil(Instant),
    /// No mail waits. The worker is woken when one comes.
    Wait,
    /// The session is to end.
    Stop,
}

/// What follows when no session could be opened.
#[derive(Default)]
pub(super) struct ConnectFailure {
    /// Mails that fail with it.
    pub(super) stranded: Vec<Job>,
    /// How many mails wait until a session can be opened.
    pub(super) waiting: usize,
    /// How long nothing is tried.
    pub(super) pause: Duration,
    /// The login was refused, for the first time since one has succeeded.
    pub(super) is_first_refusal: bool,
}

impl Queue {
    pub(super) fn new(max_connections: usize, rates: &Rates) -> Self {
        Self {
            max_connections,
            jobs: VecDeque::new(),
            idle: Vec::new(),
            busy: Vec::new(),
            workers: 0,
            connecting: 0,
            leaving: Vec::new(),
            backoff: ConnectBackoff::default(),
            admission: Admission::new(rates, max_connections),
            closing: 0,
            last_worker: 0,
            wakeups: Vec::new(),
            has_changed: false,
        }
    }

    /// Has one worker look at the queue: an idle one, else a new one, else a busy one. If there is
    /// none of these, the first that is free takes the mail.
    pub(super) fn wake_one(&mut self) {
        if let Some((_, waker)) = self.idle.pop() {
            self.wakeups.push(Wakeup::Parked(waker));
        } else if !self.spawn_worker()
            && let Some((_, waker)) = self.busy.pop()
        {
            self.wakeups.push(Wakeup::Parked(waker));
        }
    }

    /// How many workers have a session.
    fn open(&self) -> usize {
        self.workers - self.connecting
    }

    /// Whether another worker may open a session now, beside those that do.
    fn may_connect(&self) -> bool {
        self.connecting < self.backoff.most_connecting(self.open())
    }

    /// Starts another worker, if there may be one and it has something to do. Returns whether it did.
    fn spawn_worker(&mut self) -> bool {
        let most = self
            .max_connections
            .min(self.admission.throttle.connections);
        let has_room = self.workers < most && self.may_connect();
        let is_useful = self.connecting < self.jobs.len();
        let rests = self.workers > 0 && self.backoff.rests_for().is_some();
        if !has_room || !is_useful || rests {
            return false;
        }
        self.workers += 1;
        self.connecting += 1;
        self.last_worker += 1;
        self.wakeups.push(Wakeup::Spawn(self.last_worker));
        true
    }

    /// The next mail for a worker, which is busy if others are on its way. Without one, it is woken
    /// for it.
    pub(super) fn next_mail(&mut self, worker: u64, is_busy: bool, waker: &Waker) -> NextMail {
        self.unpark(worker);
        if !is_busy && self.workers - self.leaving.len() > self.admission.throttle.connections {
            self.leaving.push(worker);
            return NextMail::Stop;
        }
        if let Some(mut job) = self.jobs.pop_front() {
            let recipients = job.mail.envelope.forward_paths().len();
            let uncounted = (!job.completion.counted).then_some(recipients);
            return match self.admission.admit(uncounted) {
                Ok(begun) => {
                    job.completion.counted = true;
                    job.completion.begun = begun;
                    NextMail::Mail(job)
                }
                Err(Blocked::Exhausted(error)) => NextMail::Refused(job, error),
                Err(Blocked::Until(time)) => {
                    self.jobs.push_front(job);
                    self.park(worker, is_busy, waker);
                    NextMail::BlockedUntil(time)
                }
            };
        }
        if self.closing > 0 {
            return NextMail::Stop;
        }
        self.park(worker, is_busy, waker);
        NextMail::Wait
    }

    fn park(&mut self, worker: u64, is_busy: bool, waker: &Waker) {
        let parked = if is_busy {
            &mut self.busy
        } else {
            &mut self.idle
        };
        parked.push((worker, waker.clone()));
    }

    /// Takes mails out of the queue. If the limits block the first of them, they may admit the next.
    pub(super) fn remove_where(&mut self, is_out: impl Fn(&Job) -> bool) -> Vec<Job> {
        let was_first = self.jobs.front().is_some_and(&is_out);
        let jobs = std::mem::take(&mut self.jobs).into_iter();
        let (out, others): (Vec<_>, Vec<_>) = jobs.partition(is_out);
        self.jobs = others.into();
        self.has_changed = true;
        if was_first {
            self.admission.may_be_open();
            if !self.jobs.is_empty() {
                self.wake_one();
            } else if self.closing > 0 {
                self.wake_idle();
            }
        }
        out
    }

    fn wake_idle(&mut self) {
        let idle = self.idle.drain(..);
        self.wakeups
            .extend(idle.map(|(_, waker)| Wakeup::Parked(waker)));
    }

    fn unpark(&mut self, worker: u64) {
        let is_other = |parked: &Parked| parked.0 != worker;
        self.idle.retain(is_other);
        self.busy.retain(is_other);
    }

    /// A worker has a session. If more mails wait, other workers may now open theirs.
    pub(super) fn connected(&mut self) {
        self.connecting -= 1;
        self.backoff.connected();
        for job in &mut self.jobs {
            job.completion.outage = None;
        }
        for _ in 1..self.jobs.len() {
            if !self.spawn_worker() {
                return;
            }
        }
    }

    /// The server accepted a mail that was begun then, and may now get another connection.
    pub(super) fn accepted(&mut self, begun: Instant) {
        let before = self.admission.throttle.connections;
        self.admission.throttle.accepted(begun);
        if self.admission.throttle.connections > before {
            self.spawn_worker();
        }
    }

    /// A worker could not open a session. If other workers have one, the mails are left to those.
    /// If not, mails that [`Retry`] allows to wait stay in the queue until a session is open; the
    /// others are returned: all that have waited, and of those that have not, all or the first if the
    /// server said that it takes no session just now.
    pub(super) fn connect_failed(
        &mut self,
        error: &Error,
        retry: &Retry,
        chance: u32,
    ) -> ConnectFailure {
        let mut failed = ConnectFailure {
            is_first_refusal: self.backoff.is_first_refusal(error),
            ..ConnectFailure::default()
        };
        if self.open() > 0 {
            self.backoff.has_failed_beside_others(error);
            return failed;
        }
        let mut pause = self.backoff.next_pause(error, chance);
        let requested_wait = retry::requested_wait(error).max(pause);
        for mut job in std::mem::take(&mut self.jobs) {
            let elapsed = now().saturating_duration_since(job.completion.given);
            if self.closing == 0 && retry.waits(error, elapsed.saturating_add(requested_wait)) {
                job.completion.outage = Some(error.clone());
                failed.waiting += 1;
                self.jobs.push_back(job);
            } else if self.closing == 0
                && is_refused_for_now(error)
                && job.completion.outage.is_none()
                && !failed.stranded.is_empty()
            {
                self.jobs.push_back(job);
            } else {
                failed.stranded.push(job);
            }
        }
        if failed.waiting > 0 {
            pause = requested_wait;
        } else if !pauses_anyway(error) {
            pause = Duration::ZERO;
        }
        self.backoff.has_failed(error, pause);
        failed.pause = pause;
        failed
    }

    /// Why no session is open and none is opened before a pause has passed.
    fn outage(&self) -> Option<&Error> {
        self.backoff.failure().filter(|_| self.open() == 0)
    }

    /// Why no mail waits for the end of a pause: the login was refused, or the client is about to
    /// close and the server cannot be reached.
    pub(super) fn refusal(&self) -> Option<Error> {
        let is_vain = self.closing > 0 && self.backoff.is_outage();
        let is_final = |error: &&Error| is_vain || is_refused_login(error);
        self.outage().filter(is_final).cloned()
    }

    /// Puts a mail at the end of the queue. If no session can be opened just now, the mail waits like
    /// those that waited when the last attempt failed.
    pub(super) fn enqueue(&mut self, mut job: Job, retry: &Retry) {
        self.mark_outage(&mut job, retry);
        self.jobs.push_back(job);
        self.wake_one();
    }

    /// Puts mails at the front of the queue, in their order.
    pub(super) fn requeue_front(&mut self, jobs: Vec<Job>) {
        let count = jobs.len();
        for job in jobs.into_iter().rev() {
            job.completion.withdrawal.uncommit();
            self.jobs.push_front(job);
        }
        (0..count).for_each(|_| self.wake_one());
    }

    fn mark_outage(&self, job: &mut Job, retry: &Retry) {
        let elapsed = now().saturating_duration_since(job.completion.given);
        let until = elapsed.saturating_add(self.backoff.rests_for().unwrap_or_default());
        if let Some(error) = self.outage().filter(|error| retry.waits(error, until)) {
            job.completion.outage = Some(error.clone());
        }
    }

    /// Whether a worker opens a session, or waits until it may, and no mail waits.
    pub(super) fn is_connecting_without_mail(&self) -> bool {
        self.connecting > 0 && self.jobs.is_empty()
    }

    /// Whether a session may be opened now; if not, for how long.
    pub(super) fn admit_connection(&mut self) -> Result<(), Duration> {
        match self.backoff.rests_for() {
            Some(wait) => Err(wait),
            None => self.admission.admit_connection(),
        }
    }

    /// A worker takes no more mails over its session, which may take a while to end. Others take
    /// those that wait.
    pub(super) fn stop_taking(&mut self, worker: u64) {
        self.unpark(worker);
        (0..self.jobs.len()).for_each(|_| self.wake_one());
    }

    /// A worker stops opening a session.
    pub(super) fn connect_abandoned(&mut self) {
        self.connecting -= 1;
    }

    /// Whether a worker is to open another session; otherwise it has ended.
    pub(super) fn should_continue(&mut self, worker: u64, retry: &Retry) -> bool {
        self.forget(worker);
        if self.outage().is_some() {
            let mut jobs = std::mem::take(&mut self.jobs);
            for job in &mut jobs {
                self.mark_outage(job, retry);
            }
            self.jobs = jobs;
        }
        let room = self.workers == 0 || self.workers < self.admission.throttle.connections;
        // Others that are connecting may be enough.
        let is_needed = self.jobs.len() > self.connecting && self.may_connect();
        if !room || !is_needed {
            // The worker may have been woken for them.
            if !self.jobs.is_empty() {
                self.wake_one();
            }
            return false;
        }
        self.workers += 1;
        self.connecting += 1;
        true
    }

    fn forget(&mut self, worker: u64) {
        self.unpark(worker);
        self.leaving.retain(|leaving| *leaving != worker);
        self.workers -= 1;
    }

    /// A worker has been dropped. If it was the last, no worker takes the mails that wait: they are
    /// returned.
    pub(super) fn worker_dropped(&mut self, worker: u64, was_connecting: bool) -> VecDeque<Job> {
        self.forget(worker);
        self.connecting -= usize::from(was_connecting);
        if self.workers > 0 {
            return VecDeque::new();
        }
        std::mem::take(&mut self.jobs)
    }

    /// From here on, workers end where they would wait.
    pub(super) fn begin_close(&mut self) {
        self.closing += 1;
        self.has_changed = true;
        self.wake_idle();
    }

    /// Takes one [`begin_close`](Self::begin_close) back.
    pub(super) fn end_close(&mut self) {
        self.closing -= 1;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing > 0
    }
}
