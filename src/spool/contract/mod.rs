//! What every store has to do: the suite that tests it.
//!
//! A store implements [`StoreUnderTest`], and [`check`] runs all cases, each on a store of its own. A case
//! returns the first invariant that does not hold, and never panics.
//!
//! ```
//! use pilotfish::spool::contract::{MemoryStore, check};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let violations = check(|| async { Ok(MemoryStore::new()) }).await;
//! assert!(violations.is_empty(), "{violations:?}");
//! # }
//! ```

mod bed;
mod claims;
mod content;
mod jobs;
mod lifecycle;
mod limits;
mod race;
mod settling;
#[cfg(test)]
mod tests;
mod walk;

use std::fmt;
use std::sync::Arc;

use super::clock::Clock;
use super::error::SpoolError;
use super::memory::MemorySpool;
use super::store::{Spool, SpoolFuture};

/// A store that is tested.
pub trait StoreUnderTest: Send + Sync {
    /// Opens the store as another process does, which has this name.
    fn open<'a>(&'a self, worker: &'a str) -> SpoolFuture<'a, Arc<dyn Spool>>;

    /// Ends a worker as `kill -9` does. The handle is the last one.
    fn kill(&self, worker: Arc<dyn Spool>) -> SpoolFuture<'_, ()>;

    /// The clock of the store.
    fn clock(&self) -> &Clock;
}

/// An invariant of the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Invariant {
    /// A row leaves only under a record that has returned `Ok`.
    I1,
    /// One token alone can record for a row.
    I2,
    /// What is settled is final.
    I3,
    /// A row in flight becomes unknown, and nothing else, if its outcome is not recorded.
    I4,
    /// Unknown rows are sent again only after they are resolved.
    I5,
    /// Adding a mail twice is adding it once.
    I6,
    /// The counts are those of the rows.
    I7,
    /// What is held is not claimed.
    I8,
    /// What the documentation of a method says besides.
    Documented,
}

/// What a store did wrong.
#[derive(Debug)]
#[non_exhaustive]
pub struct Violation {
    /// The case that found it.
    pub case: &'static str,
    /// What does not hold.
    pub invariant: Invariant,
    /// What was expected, and what was found.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}: {}", self.case, self.invariant, self.message)
    }
}

/// Tests a store. `make` makes an empty one for each case.
///
/// # Errors
///
/// None: a store that cannot be made, and an error that no case expects, are violations.
pub async fn check<S, F>(make: impl Fn() -> F) -> Vec<Violation>
where
    S: StoreUnderTest,
    F: Future<Output = Result<S, SpoolError>>,
{
    let mut violations = Vec::new();
    macro_rules! run {
        ($($module:ident::$case:ident),+ $(,)?) => {
            $(
                let case = concat!(stringify!($module), "::", stringify!($case));
                let outcome = match make().await {
                    Ok(store) => Box::pin($module::$case(&store)).await,
                    Err(error) => Err(error.into()),
                };
                if let Err(bed::Broken { invariant, message }) = outcome {
                    violations.push(Violation { case, invariant, message });
                }
            )+
        };
    }
    run!(
        lifecycle::a_mail_from_add_to_accepted,
        lifecycle::rows_that_never_left_are_ready_again,
        lifecycle::a_row_may_leave_twice,
        lifecycle::a_mail_that_is_rejected_before_it_leaves,
        lifecycle::a_mail_that_left_in_an_earlier_attempt,
        claims::a_claim_that_was_taken_over_records_nothing,
        claims::a_record_is_whole_or_nothing,
        claims::rows_of_another_claim,
        claims::what_can_be_claimed,
        claims::jobs_take_turns,
        claims::held_scopes,
        settling::what_is_settled_is_final,
        settling::in_flight_becomes_unknown,
        settling::unknown_waits_for_a_person,
        settling::deferred_mails_come_back,
        settling::a_mail_that_did_not_leave,
        jobs::adding_twice_is_once,
        jobs::jobs_that_differ,
        jobs::cancelled_rows,
        jobs::a_job_is_removed,
        jobs::rows_are_read_in_pages,
        jobs::events_of_a_job,
        jobs::what_is_old_is_pruned,
        content::content_stays_as_long_as_it_is_needed,
        content::content_is_found_by_its_hash,
        limits::what_an_account_may_send,
        limits::values_that_are_too_large,
        race::workers_side_by_side,
        walk::random_calls,
    );
    violations
}

/// [`MemorySpool`] under test.
#[derive(Debug)]
pub struct MemoryStore {
    spool: MemorySpool,
    clock: Clock,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        let clock = Clock::default();
        Self {
            spool: MemorySpool::with_clock(clock.clone()),
            clock,
        }
    }
}

impl StoreUnderTest for MemoryStore {
    fn open<'a>(&'a self, worker: &'a str) -> SpoolFuture<'a, Arc<dyn Spool>> {
        let worker: Arc<dyn Spool> = Arc::new(self.spool.worker(worker));
        Box::pin(std::future::ready(Ok(worker)))
    }

    fn kill(&self, worker: Arc<dyn Spool>) -> SpoolFuture<'_, ()> {
        drop(worker);
        Box::pin(std::future::ready(Ok(())))
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}
