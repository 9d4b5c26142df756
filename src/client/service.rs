//! A client as a [`tower_service::Service`].

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::PollSemaphore;
use tower_service::Service;

use super::Client;
use crate::error::Error;
use crate::session::{Mail, Receipt};

/// A client as a service of tower: a mail is the request, and its receipt the response. Comes with
/// the feature `tower`.
///
/// It is ready when there is room in the client's queue, which is then kept for the next call.
/// Clones share the client, and have to be asked whether they are ready.
///
/// ```no_run
/// use pilotfish::Client;
/// use tower_service::Service as _;
///
/// # async fn example(client: Client, message: pilotfish::Message) -> pilotfish::Result<()> {
/// let mut service = client.into_service();
/// std::future::poll_fn(|context| service.poll_ready(context)).await?;
/// let receipt = service.call(message.into()).await?;
/// # Ok(())
/// # }
/// ```
pub struct ClientService {
    client: Client,
    space: PollSemaphore,
    kept: Option<OwnedSemaphorePermit>,
}

impl Client {
    /// The client as a service of tower.
    #[must_use]
    pub fn into_service(self) -> ClientService {
        ClientService {
            space: PollSemaphore::new(Arc::clone(&self.pool().space)),
            client: self,
            kept: None,
        }
    }
}

impl Clone for ClientService {
    fn clone(&self) -> Self {
        self.client.clone().into_service()
    }
}

impl fmt::Debug for ClientService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientService")
            .field("client", &self.client)
            .field("ready", &self.kept.is_some())
            .finish_non_exhaustive()
    }
}

impl Service<Mail> for ClientService {
    type Response = Receipt;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Receipt, Error>> + Send>>;

    /// Ready when there is room in the queue, for as long as that takes.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.kept.is_none() {
            // Never closed.
            self.kept = ready!(self.space.poll_acquire(context));
        }
        Poll::Ready(Ok(()))
    }

    /// Sends the mail, as [`Client::send`]: dropping the future withdraws it. Without having been
    /// ready it waits for room itself.
    fn call(&mut self, mail: Mail) -> Self::Future {
        let (client, kept) = (self.client.clone(), self.kept.take());
        Box::pin(async move { client.send_in(kept, mail).await })
    }
}
