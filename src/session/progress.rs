//! How far the transfer of a message is, for whoever watches.

use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::transaction::Session;
use crate::message::MessageId;

/// How much of a message has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// Whose progress it is. A mail that is sent again, or in portions, begins again at 0.
    pub message_id: &'a MessageId,
    /// 0 when the mail is begun; then the octets handed to the network, or by BDAT to what leaves next: the message alone, without
    /// transparency and end of data. As many as in all only when the end has left, too.
    pub sent: u64,
    /// Octets in all.
    pub total: u64,
}

/// What is called as messages are sent.
#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(Progress<'_>) + Send + Sync>);

impl Observer {
    pub(crate) fn new(observer: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    pub(super) fn call(&self, progress: Progress<'_>) {
        (self.0)(progress);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer(..)")
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Calls `observer` after each block or chunk of every message that is sent from here on, and
    /// once more when the end has left. It should return quickly, since the transfer waits for it.
    /// If it panics, the panic goes through whatever sends, and the session ends there.
    #[must_use]
    pub fn with_progress(self, observer: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.observed_by(Some(Observer::new(observer)))
    }

    /// The same with what may be none.
    #[must_use]
    pub(crate) fn observed_by(mut self, observer: Option<Observer>) -> Self {
        self.watch.observer = observer;
        self
    }
}
