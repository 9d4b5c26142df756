//! Many mails from a stream.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::PollSemaphore;

use super::Client;
use super::job::{Job, Teller};
use crate::error::Result;
use crate::session::{Mail, Recall, Receipt};

/// What becomes of the mails of a stream: see [`Client::send_all`].
#[must_use = "nothing is sent unless it is polled"]
pub struct SendAll<S> {
    client: Client,
    mails: Pin<Box<Fuse<S>>>,
    /// What the stream panicked with. It goes on to the caller after the outcomes of the mails that
    /// came before. The lock is never waited for: it makes this `Sync`.
    panic: Option<Mutex<Box<dyn Any + Send>>>,
    space: PollSemaphore,
    /// The place of the next mail.
    next: usize,
    /// How many mails have been taken and not been told of.
    under_way: usize,
    most_under_way: usize,
    withdrawn: Arc<AtomicBool>,
    told: mpsc::UnboundedSender<(usize, Result<Receipt>)>,
    outcomes: mpsc::UnboundedReceiver<(usize, Result<Receipt>)>,
}

impl<S> SendAll<S>
where
    S: Stream,
{
    pub(super) fn new(client: Client, mails: S) -> Self {
        let settings = &client.pool().settings;
        let (told, outcomes) = mpsc::unbounded_channel();
        Self {
            most_under_way: settings.most_under_way(),
            space: PollSemaphore::new(Arc::clone(&client.pool().space)),
            client,
            mails: Box::pin(mails.fuse()),
            panic: None,
            next: 0,
            under_way: 0,
            withdrawn: Arc::default(),
            told,
            outcomes,
        }
    }

    /// Whether no other mail comes from the stream.
    fn has_ended(&self) -> bool {
        self.panic.is_some() || self.mails.is_done()
    }

    /// Takes mails from the stream, as many as there is room for.
    fn fill(&mut self, context: &mut Context<'_>)
    where
        S::Item: Into<Mail>,
    {
        while self.under_way < self.most_under_way && !self.has_ended() {
            let Poll::Ready(Some(space)) = self.space.poll_acquire(context) else {
                return;
            };
            let next = AssertUnwindSafe(|| {
                let next = self.mails.poll_next_unpin(context);
                next.map(|mail| mail.map(Into::<Mail>::into))
            });
            let mail = match catch_unwind(next) {
                Ok(Poll::Ready(Some(mail))) => mail,
                Ok(_) => return,
                Err(panic) => {
                    self.panic = Some(Mutex::new(panic));
                    return;
                }
            };
            let recall = Recall::new(Arc::clone(&self.withdrawn));
            let teller = Teller::Each(self.next, self.told.clone());
            let meter = Arc::clone(&self.client.pool().meter);
            let job = Job::new(mail.queued(), recall, teller, meter);
            self.client.pool().push(job, space);
            self.next += 1;
            self.under_way += 1;
        }
    }
}

impl<S> Stream for SendAll<S>
where
    S: Stream,
    S::Item: Into<Mail>,
{
    type Item = (usize, Result<Receipt>);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.fill(context);
        if self.under_way == 0 && self.has_ended() {
            if let Some(panic) = self.panic.take() {
                let panic = panic.into_inner();
                resume_unwind(panic.unwrap_or_else(PoisonError::into_inner));
            }
            return Poll::Ready(None);
        }
        let told = self.outcomes.poll_recv(context);
        if told.is_ready() {
            self.under_way -= 1;
            // Who knows when it is polled again: it does not wait in line for space meanwhile,
            // which would be given to it and to nobody else.
            self.space = PollSemaphore::new(Arc::clone(&self.client.pool().space));
        }
        told
    }
}

impl<S> fmt::Debug for SendAll<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll")
            .field("client", &self.client)
            .field("taken", &self.next)
            .field("under_way", &self.under_way)
            .finish_non_exhaustive()
    }
}

/// Withdraws the mails that have not left.
impl<S> Drop for SendAll<S> {
    fn drop(&mut self) {
        if self.under_way > 0 {
            self.withdrawn.store(true, Ordering::Release);
            self.client.pool().have_been_withdrawn();
        }
    }
}
