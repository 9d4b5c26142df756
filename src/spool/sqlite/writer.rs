//! The thread that has the file: it commits what has gathered while it was busy together.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::super::error::{SpoolError, SpoolErrorKind};
use super::failure::{Done, copy};
use super::store::Store;

/// The longest time that a confirmed record is not on the disk.
const UNSYNCED: Duration = Duration::from_secs(1);

/// The most calls of a transaction.
const TOGETHER: usize = 256;

/// Whether a change has to survive a power cut before it is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    PowerCut,
    /// The end of the process. After a power cut, its rows are unknown.
    Process,
}

/// Confirms what a call did, or says why nothing was committed.
type Answer = Box<dyn FnOnce(Option<&SpoolError>) + Send>;

/// What a call did, and whether it failed.
struct Ran {
    failed: bool,
    answer: Answer,
}

/// The work of a call, which is done with the file, or not at all because of an error.
type Run = Box<dyn FnOnce(Result<&mut Store, &SpoolError>) -> Ran + Send>;

enum Request {
    Read(Run),
    Write(Durable, Run),
}

/// The way to the thread. The thread ends once the last one is dropped.
#[derive(Debug, Clone)]
pub(super) struct Writer(Sender<Request>);

impl Writer {
    /// Starts the thread. `changed` wakes those that wait for rows by this handle.
    pub(super) fn start(store: Store, changed: Arc<Notify>) -> Result<Self, SpoolError> {
        let (sender, requests) = channel();
        let thread = std::thread::Builder::new().name("pilotfish-spool".to_owned());
        let mut state = State {
            store,
            changed,
            unsynced_since: None,
            is_full: false,
            may_sweep: true,
        };
        let spawned = thread.spawn(move || state.serve(&requests));
        spawned.map_err(|error| {
            let message = "the thread of the spool cannot be started";
            SpoolError::new(SpoolErrorKind::Unavailable, message).caused_by(error)
        })?;
        Ok(Self(sender))
    }

    /// Reads from one state of the file.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Done<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        self.call(Request::Read, work).await
    }

    /// Changes the file, wholly or not at all.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        durable: Durable,
        work: impl FnOnce(&mut Store) -> Done<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        self.call(|run| Request::Write(durable, run), work).await
    }

    async fn call<T: Send + 'static>(
        &self,
        request: impl FnOnce(Run) -> Request,
        work: impl FnOnce(&mut Store) -> Done<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let (sender, answer) = oneshot::channel();
        let run = move |store: Result<&mut Store, &SpoolError>| {
            let done = match store {
                Ok(store) => work(store).map_err(|failure| failure.into_error(&store.place())),
                Err(error) => Err(copy(error)),
            };
            Ran {
                failed: done.is_err(),
                answer: Box::new(move |failure| {
                    let done = match failure {
                        Some(error) if done.is_ok() => Err(copy(error)),
                        _ => done,
                    };
                    let _ = sender.send(done);
                }),
            }
        };
        let _ = self.0.send(request(Box::new(run)));
        let ended = |_| {
            let message = "the thread of the spool has ended: open the spool again";
            SpoolError::new(SpoolErrorKind::Unavailable, message)
        };
        answer.await.map_err(ended)?
    }
}

struct State {
    store: Store,
    changed: Arc<Notify>,
    unsynced_since: Option<Instant>,
    /// Whether commits are synced now.
    is_full: bool,
    /// Whether there may be rows of removed jobs, which are deleted when there is nothing else to do.
    may_sweep: bool,
}

impl State {
    fn serve(&mut self, requests: &Receiver<Request>) {
        loop {
            let next = match self.unsynced_since {
                _ if self.may_sweep => requests.recv_timeout(Duration::ZERO),
                None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(since) => requests.recv_timeout(UNSYNCED.saturating_sub(since.elapsed())),
            };
            match next {
                Ok(first) => self.take(first, requests),
                Err(RecvTimeoutError::Timeout) => self.sweep(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self
                .unsynced_since
                .is_some_and(|since| since.elapsed() >= UNSYNCED)
            {
                self.sync();
            }
        }
        if self.unsynced_since.is_some() {
            self.sync();
        }
        self.store.owner.lock.end();
    }

    fn take(&mut self, first: Request, requests: &Receiver<Request>) {
        let mut writes = Vec::new();
        let mut reads = Vec::new();
        let mut durable = Durable::Process;
        for request in std::iter::once(first).chain(requests.try_iter().take(TOGETHER)) {
            match request {
                Request::Read(run) => reads.push(run),
                Request::Write(needs, run) => {
                    if needs == Durable::PowerCut {
                        durable = Durable::PowerCut;
                    }
                    writes.push(run);
                }
            }
        }
        if !writes.is_empty() {
            self.write(durable, writes);
        }
        for run in reads {
            self.read(run);
        }
    }

    fn read(&mut self, run: Run) {
        // A failure of it is one of the statements of the call, too.
        let _ = self.store.execute("BEGIN DEFERRED", []);
        let ran = run(Ok(&mut self.store));
        self.roll_back();
        (ran.answer)(None);
    }

    fn write(&mut self, durable: Durable, runs: Vec<Run>) {
        let before = self.store.connection.total_changes();
        let mut answers = Vec::new();
        let done = self.transact(durable, runs, &mut answers);
        self.roll_back();
        let registered = self.store.registered.take();
        if done.is_ok() {
            self.store.owner.id = self.store.owner.id.or(registered);
        }
        // A transaction without changes syncs nothing.
        if done.is_ok() && self.store.connection.total_changes() != before {
            self.unsynced_since = match durable {
                Durable::PowerCut => None,
                Durable::Process => self.unsynced_since.or_else(|| Some(Instant::now())),
            };
            self.may_sweep |= std::mem::take(&mut self.store.has_removed);
            self.changed.notify_waiters();
        }
        for answer in answers {
            answer(done.as_ref().err());
        }
    }

    /// Ends a transaction that is still open.
    fn roll_back(&self) {
        if !self.store.connection.is_autocommit() {
            let _ = self.store.connection.execute_batch("ROLLBACK");
        }
    }

    /// Runs the calls in one transaction. One that fails changes nothing, and the others go on.
    fn transact(
        &mut self,
        durable: Durable,
        runs: Vec<Run>,
        answers: &mut Vec<Answer>,
    ) -> Result<(), SpoolError> {
        let is_alone = runs.len() == 1;
        let mut done = self.begin(durable == Durable::PowerCut);
        let mut has_worked = false;
        for run in runs {
            if done.is_ok() && !is_alone {
                done = self.store.execute("SAVEPOINT call", []).map(drop);
            }
            if let Err(failure) = done {
                let error = failure.into_error(&self.store.place());
                answers.push(run(Err(&error)).answer);
                done = Err(error.into());
                continue;
            }
            let registered = self.store.registered;
            let ran = run(Ok(&mut self.store));
            answers.push(ran.answer);
            has_worked |= !ran.failed;
            if ran.failed {
                self.store.registered = registered;
            }
            done = self.end_call(is_alone, ran.failed);
        }
        if done.is_ok() && has_worked {
            done = self.store.execute("COMMIT", []).map(drop);
        }
        done.map_err(|failure| failure.into_error(&self.store.place()))
    }

    fn end_call(&self, is_alone: bool, failed: bool) -> Done<()> {
        if self.store.connection.is_autocommit() {
            // SQLite has undone all calls of the transaction, as when the disk is full.
            let message = "another change that was made together with this one failed: try again";
            return Err(SpoolError::new(SpoolErrorKind::Unavailable, message).into());
        }
        if !is_alone && failed {
            self.store.execute("ROLLBACK TO call", [])?;
        }
        if !is_alone {
            self.store.execute("RELEASE call", [])?;
        }
        Ok(())
    }

    fn begin(&mut self, is_full: bool) -> Done<()> {
        if self.is_full != is_full {
            let level = if is_full { "FULL" } else { "NORMAL" };
            self.store
                .connection
                .pragma_update(None, "synchronous", level)?;
            self.is_full = is_full;
        }
        self.store.execute("BEGIN IMMEDIATE", [])?;
        Ok(())
    }

    /// Deletes some rows of a removed job.
    fn sweep(&mut self) {
        if !self.may_sweep {
            return;
        }
        let is_there = self
            .store
            .first("SELECT 1 FROM job WHERE phase = 3", [], |_| Ok(()));
        self.may_sweep = matches!(is_there, Ok(Some(())));
        if self.may_sweep {
            let swept = self.begin(false).and_then(|()| {
                self.store.sweep()?;
                self.store.execute("COMMIT", [])
            });
            self.roll_back();
            self.may_sweep = swept.is_ok();
        }
    }

    /// Syncs what was confirmed. If that fails, the next second tries again.
    fn sync(&mut self) {
        let synced = self.begin(true).and_then(|()| {
            self.store
                .execute("UPDATE spool SET synced = synced + 1", [])?;
            self.store.execute("COMMIT", [])
        });
        self.roll_back();
        self.unsynced_since = synced.is_err().then(Instant::now);
    }
}
