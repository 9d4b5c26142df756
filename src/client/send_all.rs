//! Many mails from a stream.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
            next: 0,
            under_way: 0,
            withdrawn: Arc::default(),
            told,
            outcomes,
        }
    }

    /// Takes mails from the stream, as many as there is room for.
    fn fill(&mut self, context: &mut Context<'_>)
    where
        S::Item: Into<Mail>,
    {
        while self.under_way < self.most_under_way && !self.mails.is_done() {
            let Poll::Ready(Some(space)) = self.space.poll_acquire(context) else {
                return;
            };
            let Poll::Ready(Some(mail)) = self.mails.poll_next_unpin(context) else {
                return;
            };
            let recall = Recall::new(Arc::clone(&self.withdrawn));
            let teller = Teller::Each(self.next, self.told.clone());
            let meter = Arc::clone(&self.client.pool().meter);
            let job = Job::new(mail.into().queued(), recall, teller, meter);
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
        if self.under_way == 0 && self.mails.is_done() {
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
