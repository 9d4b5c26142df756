//! Who waits for whom: mails for a session, and workers for mails.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::builder::Settings;
use super::gate::{Gate, now};
use super::job::Job;
use super::reach::{Reach, is_refused_for_now, is_refused_login, pauses_anyway};
use super::retry::{self, Retry};
use super::throttle::Held;
use crate::error::Error;

/// What waits, and what is done about it.
pub(super) struct State {
    max_connections: usize,
    pub(super) jobs: VecDeque<Job>,
    /// Workers with a session and no mail, the one that became so last at the end.
    idle: Vec<Parked>,
    /// Workers with mails on their way that could take another.
    busy: Vec<Parked>,
    /// Workers: each has one connection at most.
    workers: usize,
    /// Those among them that are still opening a session, and will take a mail then.
    connecting: usize,
    /// Workers that end since there are to be fewer.
    leaving: Vec<u64>,
    pub(super) reach: Reach,
    pub(super) gate: Gate,
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
pub(super) enum Summoned {
    Parked(Waker),
    New(u64),
    /// Whoever is free first.
    Nobody,
}

/// What a worker gets that asks for a mail.
pub(super) enum Turn {
    Mail(Job),
    /// One that cannot be sent now.
    Refused(Job, Error),
    /// None before then, but it is woken if others are given.
    Hold(Instant),
    /// It is woken when there is one.
    Wait,
    /// There will be none for this session.
    Leave,
}

/// What follows when no session could be opened.
#[derive(Default)]
pub(super) struct Failed {
    /// Mails that fail with it.
    pub(super) stranded: Vec<Job>,
    /// How many mails wait until a session can be opened.
    pub(super) waiting: usize,
    /// How long nothing is tried.
    pub(super) pause: Duration,
    /// The login was refused, for the first time since one has succeeded.
    pub(super) is_first_refusal: bool,
}

impl State {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            max_connections: settings.max_connections,
            jobs: VecDeque::new(),
            idle: Vec::new(),
            busy: Vec::new(),
            workers: 0,
            connecting: 0,
            leaving: Vec::new(),
            reach: Reach::default(),
            gate: Gate::new(&settings.rates, settings.max_connections),
            closing: 0,
            last_worker: 0,
        }
    }

    /// Somebody for a mail that waits.
    pub(super) fn summon(&mut self) -> Summoned {
        if let Some(parked) = self.idle.pop() {
            return Summoned::Parked(parked.waker);
        }
        if let Some(worker) = self.new_worker() {
            return Summoned::New(worker);
        }
        match self.busy.pop() {
            Some(parked) => Summoned::Parked(parked.waker),
            None => Summoned::Nobody,
        }
    }

    /// How many workers have a session.
    fn open(&self) -> usize {
        self.workers - self.connecting
    }

    /// Whether another worker may open a session now, beside those that do.
    fn may_connect(&self) -> bool {
        self.connecting < self.reach.most_connecting(self.open())
    }

    /// Another worker, if there may be one and there is something for it to do.
    fn new_worker(&mut self) -> Option<u64> {
        let most = self.max_connections.min(self.gate.connections());
        let room = self.workers < most && self.may_connect();
        let use_for_it = self.connecting < self.jobs.len();
        let rests = self.workers > 0 && self.reach.rests_for().is_some();
        if !room || !use_for_it || rests {
            return None;
        }
        self.workers += 1;
        self.connecting += 1;
        self.last_worker += 1;
        Some(self.last_worker)
    }

    /// The next mail for a worker, which is busy if others are on its way. Without one, it is woken
    /// for it.
    pub(super) fn take(&mut self, worker: u64, is_busy: bool, waker: &Waker) -> Turn {
        self.unpark(worker);
        if !is_busy && self.workers - self.leaving.len() > self.gate.connections() {
            self.leaving.push(worker);
            return Turn::Leave;
        }
        if let Some(mut job) = self.jobs.pop_front() {
            let recipients = job.mail.envelope.forward_paths().len();
            let uncounted = (!job.slip.counted).then_some(recipients);
            return match self.gate.admit(uncounted) {
                Ok(begun) => {
                    job.slip.counted = true;
                    job.slip.begun = begun;
                    Turn::Mail(job)
                }
                Err(Held::Exhausted(error)) => Turn::Refused(job, error),
                Err(Held::Until(time)) => {
                    self.jobs.push_front(job);
                    self.park(worker, is_busy, waker);
                    Turn::Hold(time)
                }
            };
        }
        if self.closing > 0 {
            return Turn::Leave;
        }
        self.park(worker, is_busy, waker);
        Turn::Wait
    }

    fn park(&mut self, worker: u64, is_busy: bool, waker: &Waker) {
        let waker = waker.clone();
        let parked = if is_busy {
            &mut self.busy
        } else {
            &mut self.idle
        };
        parked.push(Parked { worker, waker });
    }

    /// Takes mails out of the queue. The gate may have been closed for the first of them.
    pub(super) fn take_out(&mut self, is_out: impl Fn(&Job) -> bool) -> (Vec<Job>, Vec<Summoned>) {
        let was_first = self.jobs.front().is_some_and(&is_out);
        let jobs = std::mem::take(&mut self.jobs).into_iter();
        let (out, others): (Vec<_>, Vec<_>) = jobs.partition(is_out);
        self.jobs = others.into();
        if !was_first {
            return (out, Vec::new());
        }
        self.gate.may_be_open();
        let summoned = match (self.jobs.is_empty(), self.closing) {
            (false, _) => vec![self.summon()],
            (true, 0) => Vec::new(),
            (true, _) => {
                let held = self.idle.drain(..);
                held.map(|parked| Summoned::Parked(parked.waker)).collect()
            }
        };
        (out, summoned)
    }

    fn unpark(&mut self, worker: u64) {
        let is_other = |parked: &Parked| parked.worker != worker;
        self.idle.retain(is_other);
        self.busy.retain(is_other);
    }

    /// A worker has a session. If more mails wait, these are others that may have one too.
    pub(super) fn has_connected(&mut self) -> Vec<u64> {
        self.connecting -= 1;
        self.reach.has_connected();
        for job in &mut self.jobs {
            job.slip.outage = None;
        }
        let others = 0..self.jobs.len().saturating_sub(1);
        others.map_while(|_| self.new_worker()).collect()
    }

    /// A mail that was begun then has been accepted. Returns another worker, if there may be one
    /// more now.
    pub(super) fn has_accepted(&mut self, begun: Instant) -> Option<u64> {
        let before = self.gate.connections();
        self.gate.accepted(begun);
        if self.gate.connections() > before {
            self.new_worker()
        } else {
            None
        }
    }

    /// A worker could not open a session. If other workers have one, the mails are left to those.
    /// If not, mails that [`Retry`] allows to wait stay in the queue until a session is open; the
    /// others are returned: all that have waited, and of those that have not, all or the first if the
    /// server said that it takes no session just now.
    pub(super) fn cannot_connect(&mut self, error: &Error, retry: &Retry, chance: u32) -> Failed {
        let mut failed = Failed {
            is_first_refusal: self.reach.is_first_refusal(error),
            ..Failed::default()
        };
        if self.open() > 0 {
            self.reach.has_failed_beside_others(error);
            return failed;
        }
        let mut pause = self.reach.next_pause(error, chance);
        let asked = retry::asked(error).max(pause);
        for mut job in std::mem::take(&mut self.jobs) {
            let elapsed = now().saturating_duration_since(job.slip.given);
            if self.closing == 0 && retry.waits(error, elapsed.saturating_add(asked)) {
                job.slip.outage = Some(error.clone());
                failed.waiting += 1;
                self.jobs.push_back(job);
            } else if self.closing == 0
                && is_refused_for_now(error)
                && job.slip.outage.is_none()
                && !failed.stranded.is_empty()
            {
                self.jobs.push_back(job);
            } else {
                failed.stranded.push(job);
            }
        }
        if failed.waiting > 0 {
            pause = asked;
        } else if !pauses_anyway(error) {
            pause = Duration::ZERO;
        }
        self.reach.has_failed(error, pause);
        failed.pause = pause;
        failed
    }

    /// Why no session is open and none is opened before a pause has passed.
    fn outage(&self) -> Option<&Error> {
        self.reach.failure().filter(|_| self.open() == 0)
    }

    /// Why no mail waits for the end of a pause: the login was refused, or the client is about to
    /// close and the server cannot be reached.
    pub(super) fn refusal(&self) -> Option<Error> {
        let is_vain = self.closing > 0 && self.reach.is_outage();
        let is_final = |error: &&Error| is_vain || is_refused_login(error);
        self.outage().filter(is_final).cloned()
    }

    /// Puts a mail in the queue. If no session can be opened just now, the mail waits as those do
    /// that the last attempt failed for.
    pub(super) fn push_back(&mut self, mut job: Job, retry: &Retry) {
        self.mark_outage(&mut job, retry);
        self.jobs.push_back(job);
    }

    fn mark_outage(&self, job: &mut Job, retry: &Retry) {
        let elapsed = now().saturating_duration_since(job.slip.given);
        let until = elapsed.saturating_add(self.reach.rests_for().unwrap_or_default());
        if let Some(error) = self.outage().filter(|error| retry.waits(error, until)) {
            job.slip.outage = Some(error.clone());
        }
    }

    /// Whether a worker opens a session, or waits until it may, and no mail waits.
    pub(super) fn is_connecting_for_nothing(&self) -> bool {
        self.connecting > 0 && self.jobs.is_empty()
    }

    /// Whether a session may be opened now; if not, for how long.
    pub(super) fn admit_connection(&mut self) -> Result<(), Duration> {
        match self.reach.rests_for() {
            Some(wait) => Err(wait),
            None => self.gate.admit_connection(),
        }
    }

    /// A worker that could not open a session does so no more.
    pub(super) fn gives_up_connecting(&mut self) {
        self.connecting -= 1;
    }

    /// A worker takes no more mails over its session, which may take a while to end: what waits is
    /// for these.
    pub(super) fn takes_leave(&mut self, worker: u64) -> Vec<Summoned> {
        self.unpark(worker);
        (0..self.jobs.len()).map(|_| self.summon()).collect()
    }

    /// Whether a worker is to open another session; otherwise it has ended.
    pub(super) fn goes_on(&mut self, worker: u64, retry: &Retry) -> bool {
        self.unpark(worker);
        self.leaving.retain(|leaving| *leaving != worker);
        self.workers -= 1;
        if self.outage().is_some() {
            let mut jobs = std::mem::take(&mut self.jobs);
            for job in &mut jobs {
                self.mark_outage(job, retry);
            }
            self.jobs = jobs;
        }
        let room = self.workers == 0 || self.workers < self.gate.connections();
        // Others that are connecting may be enough.
        let is_needed = self.jobs.len() > self.connecting && self.may_connect();
        if !room || !is_needed {
            return false;
        }
        self.workers += 1;
        self.connecting += 1;
        true
    }

    /// A worker has been dropped. If there is no other, nobody takes the mails that wait: they are
    /// returned.
    pub(super) fn has_been_dropped(&mut self, worker: u64, was_connecting: bool) -> VecDeque<Job> {
        self.unpark(worker);
        self.leaving.retain(|leaving| *leaving != worker);
        self.workers -= 1;
        self.connecting -= usize::from(was_connecting);
        if self.workers > 0 {
            return VecDeque::new();
        }
        std::mem::take(&mut self.jobs)
    }

    /// From here on, workers end where they would wait. Returns those that wait.
    pub(super) fn closes(&mut self) -> impl Iterator<Item = Waker> {
        self.closing += 1;
        std::mem::take(&mut self.idle)
            .into_iter()
            .map(|parked| parked.waker)
    }

    /// As [`closes`](Self::closes) was never called.
    pub(super) fn closes_no_more(&mut self) {
        self.closing -= 1;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing > 0
    }
}
