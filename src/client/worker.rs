//! A task that owns a connection, and takes mails for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{FutureExt as _, Stream};
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::debug;

use super::job::{Job, Outstanding, lock};
use super::learned::Lessons;
use super::limits::{is_cut, now};
use super::pool::Pool;
use super::queue::{NextMail, Queue};
use crate::error::{Error, ErrorKind, Result};
use crate::session::{Mail, Receipt, Session, UnsentMail};

/// How many sessions may end at a mail, or without having begun any, before it fails.
const MAX_EMPTY_SESSIONS: u8 = 3;

pub(super) struct Worker {
    pool: Arc<Pool>,
    id: u64,
    /// All that was begun under another generation is aborted.
    generation: u64,
    phase: WorkerPhase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkerPhase {
    Connecting,
    Connected,
    Ended,
}

impl Worker {
    /// A worker that is about to open a session, and counted as such.
    pub(super) fn new(pool: Arc<Pool>, id: u64) -> Self {
        Self {
            generation: pool.generation(),
            pool,
            id,
            phase: WorkerPhase::Connecting,
        }
    }

    /// Opens one session after the other while mails wait.
    pub(super) async fn run(mut self) {
        loop {
            // The caller's code may panic, such as a subscriber to the log. The mails on their way
            // get an error when their completions are dropped.
            let session = AssertUnwindSafe(self.session()).catch_unwind();
            if session.await.is_err() {
                let _ = catch_unwind(AssertUnwindSafe(|| self.panicked()));
            }
            let (pool, id) = (&self.pool, self.id);
            if self.phase == WorkerPhase::Connecting {
                pool.update(Queue::connect_abandoned);
                self.phase = WorkerPhase::Connected;
            }
            let continues = pool.update(|queue| queue.should_continue(id, &pool.settings.retry));
            self.phase = if continues {
                WorkerPhase::Connecting
            } else {
                WorkerPhase::Ended
            };
            // This worker may have had the last session.
            pool.fail_refused();
            if !continues {
                return;
            }
            self.generation = pool.generation();
        }
    }

    /// A session, or the attempt to open one, ended by a panic.
    fn panicked(&self) {
        if self.phase == WorkerPhase::Connecting {
            let message = "opening a session panicked: see the message of the panic";
            let error = Error::new(ErrorKind::Connect, message);
            self.pool.connect_failed(now(), &error);
        } else {
            self.pool.update(|queue| queue.backoff.rests());
        }
        debug!("a session ended by a panic");
    }

    fn is_aborted(&self) -> bool {
        self.pool.generation() != self.generation
    }

    /// Opens a session and sends what waits, until it ends.
    async fn session(&mut self) {
        let pool = Arc::clone(&self.pool);
        let no_mail_waits = || self.is_aborted() || pool.update(|queue| queue.jobs.is_empty());
        let connecting = async {
            pool.admit_connection().await?;
            let begun = now();
            let connected = pool.server.connect().await;
            if !connected.as_ref().is_err_and(is_cut) {
                return Some((begun, connected));
            }
            // One broken connection is not an outage.
            pool.admit_connection().await?;
            Some((now(), pool.server.connect().await))
        };
        let connected = tokio::select! {
            biased;
            () = pool.until(no_mail_waits) => return,
            connected = connecting => connected,
        };
        match connected {
            Some((_, Ok(session))) => {
                pool.update(Queue::connected);
                self.phase = WorkerPhase::Connected;
                self.work(session).await;
            }
            Some((begun, Err(error))) => pool.connect_failed(begun, &error),
            None => {}
        }
    }

    async fn work(&self, session: Session) {
        let pool = &self.pool;
        // Dropped after the session, which knows what the server has said about its mails.
        let taken = Mutex::new(Outstanding::default());
        let lessons = Lessons::begin(&pool.learned, self.id);
        let mut session = session
            .with_strategy(lessons.strategy)
            .with_max_recipients(pool.settings.most_recipients)
            .with_learned_recipients(lessons.recipients)
            .with_max_mails(lessons.mails)
            .observed_by(pool.settings.on_progress.clone());
        let returned = self.send_each(&mut session, &taken, &lessons).await;
        let is_full = lessons.learn(&session);
        drop(lessons);
        let taken = taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(returned) = returned else {
            // Aborted, or all was withdrawn: the connection is closed by being dropped.
            drop(session);
            for mut completion in taken.completions.into_values() {
                completion.stop("the client was aborted");
            }
            return;
        };
        self.return_unsent(returned, taken, is_full);
        pool.update(|queue| queue.stop_taking(self.id));
        tokio::select! {
            () = session.quit() => {}
            () = pool.until(|| self.is_aborted()) => {}
        }
    }

    /// Sends what there is; `None` if there was no use in going on.
    async fn send_each(
        &self,
        session: &mut Session,
        taken: &Mutex<Outstanding>,
        lessons: &Lessons<'_>,
    ) -> Option<Vec<UnsentMail>> {
        let mut accepted = 0;
        let on_outcome = |index, result: Result<Receipt>| {
            if result.is_ok() {
                accepted += 1;
                lock(&self.pool.learned).has_accepted(accepted);
            }
            if let Some(completion) = lock(taken).completions.remove(&index) {
                self.pool.finish(completion, result);
            }
        };
        let mut sending =
            pin!(session.send_each(MailStream::new(self, taken, lessons), on_outcome));
        let in_vain = || self.is_aborted() || lock(taken).all_withdrawn();
        tokio::select! {
            biased;
            returned = &mut sending => Some(returned),
            () = self.pool.until(in_vain) => None,
        }
    }

    /// Puts back what can be sent over another session.
    fn return_unsent(&self, returned: Vec<UnsentMail>, mut taken: Outstanding, is_full: bool) {
        let fruitless = returned.len() == taken.total && returned.iter().all(|mail| !mail.hit);
        let mut back = Vec::new();
        for UnsentMail {
            index,
            mail,
            error,
            advanced,
            hit,
        } in returned
        {
            let Some(mut completion) = taken.completions.remove(&index) else {
                continue;
            };
            if advanced {
                completion.ended_sessions = 0;
            } else {
                completion.ended_sessions += u8::from(fruitless || hit);
            }
            if completion.ended_sessions >= MAX_EMPTY_SESSIONS {
                let completion = Job { mail, completion }.into_completion();
                self.pool.finish(completion, Err(error));
                continue;
            }
            if hit && !is_full {
                self.pool.learn(completion.begun, Some(&error));
            }
            let message_id = &completion.message_id;
            debug!(%message_id, "the mail goes over another session");
            back.push(Job { mail, completion });
        }
        self.pool.requeue_front(back);
    }
}

/// The runtime is shutting down.
impl Drop for Worker {
    fn drop(&mut self) {
        if self.phase != WorkerPhase::Ended {
            let was_connecting = self.phase == WorkerPhase::Connecting;
            let dropped = |queue: &mut Queue| queue.worker_dropped(self.id, was_connecting);
            drop(self.pool.update(dropped));
        }
    }
}

/// The mails for one session, as they come. It ends when the session is to end.
struct MailStream<'a> {
    worker: &'a Worker,
    taken: &'a Mutex<Outstanding>,
    lessons: &'a Lessons<'a>,
    /// When the session has become too old to begin a mail.
    old: Instant,
    /// Since when there has been nothing to do.
    idle_since: Option<Instant>,
    wake: Pin<Box<Sleep>>,
    /// Until no mail may be begun any more that waits.
    held: Option<Pin<Box<Sleep>>>,
}

impl<'a> MailStream<'a> {
    fn new(worker: &'a Worker, taken: &'a Mutex<Outstanding>, lessons: &'a Lessons<'a>) -> Self {
        let settings = &worker.pool.settings;
        let now = Instant::now();
        Self {
            old: later(now, settings.max_age),
            idle_since: None,
            wake: Box::pin(sleep_until(later(now, settings.idle_timeout))),
            held: None,
            worker,
            taken,
            lessons,
        }
    }

    /// Whether no mail may be begun before then; its task is woken when one may.
    fn is_held(&mut self, until: std::time::Instant, context: &mut Context<'_>) -> bool {
        let mut sleep = Box::pin(sleep_until(Instant::from_std(until)));
        let is_held = sleep.as_mut().poll(context).is_pending();
        self.held = is_held.then_some(sleep);
        is_held
    }

    /// Whether the session is to end since there is nothing to do; its task is woken when it is.
    fn has_been_idle(&mut self, context: &mut Context<'_>) -> bool {
        let now = Instant::now();
        let since = *self.idle_since.get_or_insert(now);
        let end = later(since, self.worker.pool.settings.idle_timeout).min(self.old);
        // Set anew when it goes off, and not for each mail.
        while self.wake.as_mut().poll(context).is_ready() {
            if end <= self.wake.deadline() {
                return true;
            }
            self.wake.as_mut().reset(end);
        }
        false
    }
}

impl Stream for MailStream<'_> {
    type Item = Mail;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Mail>> {
        let mails = &mut *self;
        let Worker {
            pool,
            id,
            generation,
            ..
        } = mails.worker;
        let (count, total) = {
            let taken = lock(mails.taken);
            (taken.completions.len(), taken.total)
        };
        let settings = &pool.settings;
        let is_old = total > 0 && mails.old <= Instant::now();
        let is_full = total >= settings.mails_per_connection || !mails.lessons.allows(total);
        if is_old || is_full {
            return Poll::Ready(None);
        }
        // The session asks again when a mail on its way has been answered.
        if count > 0 && !mails.lessons.allows_company(total) {
            return Poll::Pending;
        }
        loop {
            match pool.next_mail(*id, *generation, count > 0, context.waker()) {
                NextMail::Mail(Job {
                    mail,
                    mut completion,
                }) => {
                    mails.idle_since = None;
                    let message_id = &completion.message_id;
                    debug!(%message_id, "a session takes the mail");
                    completion.begin(&mail, &settings.retry);
                    lock(mails.taken).push(completion);
                    return Poll::Ready(Some(mail));
                }
                // The server has not said it once more.
                NextMail::Refused(job, error) => {
                    pool.fail(job.into_completion(), error);
                }
                NextMail::BlockedUntil(until) if !mails.is_held(until, context) => {}
                NextMail::Stop => return Poll::Ready(None),
                NextMail::BlockedUntil(_) | NextMail::Wait
                    if count == 0 && mails.has_been_idle(context) =>
                {
                    return Poll::Ready(None);
                }
                NextMail::BlockedUntil(_) | NextMail::Wait => return Poll::Pending,
            }
        }
    }
}

pub(super) fn later(now: Instant, by: Duration) -> Instant {
    // Thirty years later, where the sum would overflow.
    let far = Duration::from_hours(30 * 365 * 24);
    now + by.min(far)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No limit is so long that the clock has no such time.
    #[test]
    fn a_time_later_by_any_duration() {
        let now = Instant::now();
        let year = Duration::from_hours(365 * 24);
        for by in [Duration::ZERO, Duration::from_secs(1), year * 20] {
            assert_eq!(later(now, by) - now, by);
        }
        assert!(later(now, Duration::MAX) > now + year * 20);
    }
}
