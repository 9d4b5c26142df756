//! Whether a mail is still to be sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Connects a mail on its way with whoever may withdraw it. By default nobody can.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recall(Option<Arc<Flags>>);

#[derive(Debug)]
struct Flags {
    /// Nobody wants the mail to be sent any more.
    withdrawn: AtomicBool,
    /// The same of all mails that were given together.
    all_withdrawn: Arc<AtomicBool>,
    /// The end of the message has been handed over, or is about to be: from here on the server
    /// alone decides.
    departed: AtomicBool,
}

impl Recall {
    /// A mail that can be withdrawn, by itself or with others.
    pub(crate) fn new(all_withdrawn: Arc<AtomicBool>) -> Self {
        Self(Some(Arc::new(Flags {
            withdrawn: AtomicBool::new(false),
            all_withdrawn,
            departed: AtomicBool::new(false),
        })))
    }

    /// Withdraws the mail. It is not sent, unless its end has left.
    pub(crate) fn withdraw(&self) {
        if let Some(flags) = &self.0 {
            flags.withdrawn.store(true, Ordering::Release);
        }
    }

    /// Whether the mail has been withdrawn.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.0.as_ref().is_some_and(|flags| {
            flags.withdrawn.load(Ordering::Acquire) || flags.all_withdrawn.load(Ordering::Acquire)
        })
    }

    /// The end of the message is about to leave. Says whether it may.
    pub(crate) fn depart(&self) -> bool {
        if self.is_withdrawn() {
            return false;
        }
        if let Some(flags) = &self.0 {
            flags.departed.store(true, Ordering::Release);
        }
        true
    }

    /// The mail has not been accepted, and is to be sent once more.
    pub(crate) fn return_home(&self) {
        if let Some(flags) = &self.0 {
            flags.departed.store(false, Ordering::Release);
        }
    }

    /// Whether the end of the message may have left.
    pub(crate) fn has_departed(&self) -> bool {
        (self.0.as_ref()).is_some_and(|flags| flags.departed.load(Ordering::Acquire))
    }

    /// Whether both are of the same mail.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}
