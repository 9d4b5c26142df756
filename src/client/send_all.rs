//! Many mails from a stream.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::ReusableBoxFuture;

use super::Client;
use super::job::OutcomeSender;
use crate::error::{Error, Result};
use crate::session::{Mail, Receipt, Withdrawal};

/// What becomes of the mails of a stream: see [`Client::send_all`].
#[must_use = "nothing is sent unless it is polled"]
pub struct SendAll<S, T> {
    client: Client,
    mails: Pin<Box<Fuse<S>>>,
    /// What the stream panicked with. It goes on to the caller after the outcomes of the mails that
    /// came before. The lock is never waited for: it makes this `Sync`.
    panic: Option<Mutex<Box<dyn Any + Send>>>,
    space: Space,
    /// The number of the next mail.
    next: usize,
    /// The tags of the mails that have no outcome yet, by their numbers.
    tags: HashMap<usize, T>,
    most_under_way: usize,
    withdrawn: Arc<AtomicBool>,
    sender: mpsc::UnboundedSender<(usize, Result<Receipt>)>,
    outcomes: mpsc::UnboundedReceiver<(usize, Result<Receipt>)>,
}

impl<S, T, M> SendAll<S, T>
where
    S: Stream<Item = (T, M)>,
    M: TryInto<Mail>,
    M::Error: Into<Error>,
{
    pub(super) fn new(client: Client, mails: S) -> Self {
        let settings = &client.pool().settings;
        let (sender, outcomes) = mpsc::unbounded_channel();
        Self {
            most_under_way: settings.most_under_way(),
            space: Space::new(Arc::clone(&client.pool().space)),
            client,
            mails: Box::pin(mails.fuse()),
            panic: None,
            next: 0,
            tags: HashMap::new(),
            withdrawn: Arc::default(),
            sender,
            outcomes,
        }
    }

    /// Whether the stream gives no more mails.
    fn has_ended(&self) -> bool {
        self.panic.is_some() || self.mails.is_done()
    }

    /// Takes mails from the stream, as many as there is room for.
    fn fill(&mut self, context: &mut Context<'_>) {
        while self.tags.len() < self.most_under_way && !self.has_ended() {
            let Poll::Ready(Ok(space)) = self.space.poll_acquire(context) else {
                return;
            };
            let next = AssertUnwindSafe(|| {
                let next = self.mails.poll_next_unpin(context);
                next.map(|item| item.map(|(tag, mail)| (tag, mail.try_into())))
            });
            let (tag, mail) = match catch_unwind(next) {
                Ok(Poll::Ready(Some(item))) => item,
                Ok(_) => return,
                Err(panic) => {
                    self.panic = Some(Mutex::new(panic));
                    return;
                }
            };
            let number = self.next;
            self.next += 1;
            self.tags.insert(number, tag);
            match mail {
                Ok(mail) => {
                    let withdrawal = Withdrawal::new(Some(Arc::clone(&self.withdrawn)));
                    let sender = OutcomeSender::Each(number, self.sender.clone());
                    let pool = self.client.pool();
                    pool.push(mail.queued(), withdrawal, sender, space);
                }
                // The receiver is in this struct, so the channel is open.
                Err(error) => drop(self.sender.send((number, Err(error.into())))),
            }
        }
    }
}

impl<S, T, M> Stream for SendAll<S, T>
where
    S: Stream<Item = (T, M)>,
    M: TryInto<Mail>,
    M::Error: Into<Error>,
{
    type Item = (T, Result<Receipt>);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.fill(context);
        if self.tags.is_empty() && self.has_ended() {
            if let Some(panic) = self.panic.take() {
                let panic = panic.into_inner();
                resume_unwind(panic.unwrap_or_else(PoisonError::into_inner));
            }
            return Poll::Ready(None);
        }
        let outcome = ready!(self.outcomes.poll_recv(context));
        // The caller may poll again much later. Until then, this stream must not wait for space: a
        // permit given to it would be kept from all others.
        self.space.stop_waiting();
        let outcome = outcome.and_then(|(number, result)| {
            let tag = self.tags.remove(&number)?;
            Some((tag, result))
        });
        Poll::Ready(outcome)
    }
}

/// The permits for mails that may wait. The future for the next one keeps its memory.
struct Space {
    semaphore: Arc<Semaphore>,
    next: ReusableBoxFuture<'static, Result<OwnedSemaphorePermit, AcquireError>>,
    is_waiting: bool,
}

impl Space {
    fn new(semaphore: Arc<Semaphore>) -> Self {
        Self {
            next: ReusableBoxFuture::new(Arc::clone(&semaphore).acquire_owned()),
            semaphore,
            is_waiting: false,
        }
    }

    fn poll_acquire(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<OwnedSemaphorePermit, AcquireError>> {
        self.is_waiting = true;
        let acquired = ready!(self.next.poll(context));
        self.stop_waiting();
        Poll::Ready(acquired)
    }

    /// Gives up the place among those that wait.
    fn stop_waiting(&mut self) {
        if std::mem::take(&mut self.is_waiting) {
            self.next.set(Arc::clone(&self.semaphore).acquire_owned());
        }
    }
}

/// The stream of mails is in a box, and tags are only moved in and out.
impl<S, T> Unpin for SendAll<S, T> {}

impl<S, T> fmt::Debug for SendAll<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll")
            .field("client", &self.client)
            .field("taken", &self.next)
            .field("under_way", &self.tags.len())
            .finish_non_exhaustive()
    }
}

/// Withdraws the mails that have not left.
impl<S, T> Drop for SendAll<S, T> {
    fn drop(&mut self) {
        if !self.tags.is_empty() {
            self.withdrawn.store(true, Ordering::Release);
            self.client.pool().drop_withdrawn();
        }
    }
}
