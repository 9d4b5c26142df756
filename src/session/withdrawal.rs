//! Whether a mail has been withdrawn, and which recipients have received it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::portions::PortionResults;
use super::receipt::{Division, Receipt};
use crate::address::Envelope;
use crate::error::{Error, Result};

/// A handle that can withdraw a mail that is queued or on its way; detached by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Withdrawal(Option<Arc<Flags>>);

#[derive(Debug, Default)]
struct Flags {
    /// The mail has been withdrawn.
    withdrawn: AtomicBool,
    /// All mails that were given together have been withdrawn, if there are others.
    all_withdrawn: Option<Arc<AtomicBool>>,
    /// The end of the message has been handed over, or is about to be: the mail cannot be withdrawn any
    /// more.
    committed: AtomicBool,
    /// The results of the portions, if the mail goes in several.
    portions: Mutex<Option<Box<PortionResults>>>,
}

impl Flags {
    fn portions(&self) -> MutexGuard<'_, Option<Box<PortionResults>>> {
        self.portions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Withdrawal {
    /// A mail that can be withdrawn: by itself, or with others.
    pub(crate) fn new(all_withdrawn: Option<Arc<AtomicBool>>) -> Self {
        Self(Some(Arc::new(Flags {
            all_withdrawn,
            ..Flags::default()
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
            let all_withdrawn = flags.all_withdrawn.as_ref();
            flags.withdrawn.load(Ordering::Acquire)
                || all_withdrawn.is_some_and(|all| all.load(Ordering::Acquire))
        })
    }

    /// The end of the message leaves now.
    pub(crate) fn commit(&self) {
        if let Some(flags) = &self.0 {
            flags.committed.store(true, Ordering::Release);
        }
    }

    /// The mail has not been accepted, and will be sent once more.
    pub(crate) fn uncommit(&self) {
        if let Some(flags) = &self.0 {
            flags.committed.store(false, Ordering::Release);
        }
    }

    /// The mail has not been accepted for any recipient, and another attempt follows later, which begins
    /// without the results of this one.
    pub(crate) fn begin_anew(&self) {
        if let Some(flags) = &self.0 {
            flags.committed.store(false, Ordering::Release);
            *flags.portions() = None;
        }
    }

    /// Whether the end of the message may have left.
    pub(crate) fn is_committed(&self) -> bool {
        (self.0.as_ref()).is_some_and(|flags| flags.committed.load(Ordering::Acquire))
    }

    /// Adds the result of a portion of the mail. The caller that waits for the mail sees it too.
    pub(super) fn add_portion<T>(&mut self, add: impl FnOnce(&mut PortionResults) -> T) -> T {
        let flags = self.0.get_or_insert_default();
        add(flags.portions().get_or_insert_default())
    }

    /// Notes what the server has said about a portion whose session ends before the last reply to
    /// it. The recipients of `left` have not been sent to.
    pub(super) fn break_off(&self, division: Division, left: Option<&Envelope>) {
        if let Some(flags) = &self.0 {
            let mut portions = flags.portions();
            portions.get_or_insert_default().break_off(division, left);
        }
    }

    /// Notes the result of a portion whose session ends. The recipients of `left` have not been
    /// sent to.
    pub(super) fn conclude(
        &self,
        result: Result<Receipt>,
        envelope: &Envelope,
        left: Option<Envelope>,
    ) {
        if let Some(flags) = &self.0 {
            let mut portions = flags.portions();
            let results = portions.get_or_insert_default();
            match results.add(result, envelope, left) {
                ControlFlow::Continue(left) => {
                    flags.committed.store(false, Ordering::Release);
                    results.break_off(Division::default(), Some(&left));
                }
                ControlFlow::Break(result) => results.whole = Some(result),
            }
        }
    }

    /// The result of the mail, if it was known when its session ended.
    pub(crate) fn concluded(&self) -> Option<Result<Receipt>> {
        self.portions(|results| results.whole.clone())?
    }

    fn portions<T>(&self, of: impl FnOnce(&PortionResults) -> T) -> Option<T> {
        self.0.as_ref()?.portions().as_deref().map(of)
    }

    /// Whether a portion of the mail has a result.
    pub(super) fn has_portions(&self) -> bool {
        self.portions(|_| ()).is_some()
    }

    /// Whether a portion of the mail has been accepted.
    pub(crate) fn has_accepted(&self) -> bool {
        self.portions(PortionResults::has_accepted) == Some(true)
    }

    /// An error that the mail fails with, and the results of its portions. The recipients that are left
    /// have not been tried.
    pub(crate) fn cut_short(&self, error: Error, left: Option<&Envelope>) -> Error {
        self.portions(|results| results.cut_short(error.clone(), left))
            .unwrap_or(error)
    }

    /// Whether both are of the same mail.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let other = other.0.as_ref();
        (self.0.as_ref().zip(other)).is_some_and(|(one, other)| Arc::ptr_eq(one, other))
    }
}
