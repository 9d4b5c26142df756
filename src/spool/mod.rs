//! A durable store of mails to send, which survives the process that sends them.
//!
//! A [`Spool`] has *jobs*, and each job has *rows*: mails that are numbered from 1. A worker
//! [claims](Spool::claim) some rows of a job together, [records](Spool::record) what is about to leave
//! before it leaves, and what became of it afterwards. If the worker is killed at any moment, the next one
//! knows which rows never left, which have an outcome, and for which it is not known whether they arrived.
//!
//! # States
//!
//! ```text
//!   add                    claim                record(leaving)
//!    |                       |                        |
//!  ready ----------------> claimed ----------------> in flight ----+--> accepted
//!    ^ ^                     |                        |  |         +--> rejected
//!    | +---------------------+ release, takeover      |  |         +--> failed
//!    |                                                |  |
//!    +---- waiting <---- deferred, at its time -------+  +-- no reply, takeover --> unknown
//!    ^                                                                                |
//!    +------------------------------------- resolve ----------------------------------+
//! ```
//!
//! [`MailState`] says what each one means.
//!
//! # Invariants
//!
//! Every store keeps them, and `spool::contract` (feature `testing`) tests them.
//!
//! * **I1** A row leaves only under a [`record`](Spool::record) that has returned `Ok`.
//! * **I2** At most one [`Token`] can record for a row. A token of a claim that was taken over records
//!   nothing.
//! * **I3** Accepted, rejected, failed and cancelled are final, but for [`Spool::resolve`], which changes
//!   unknown rows alone.
//! * **I4** A row in flight becomes unknown when its worker reports that no reply came, when its claim is
//!   taken over, or when it is released without an outcome.
//! * **I5** An unknown row is sent again only after [`Spool::resolve`].
//! * **I6** A mail that is added twice, by the key in its job, is one row.
//! * **I7** The sum of the [`Counts`] of a job is the number of its rows.
//! * **I8** No row of a held account, job or mail is claimed.
//!
//! # What stores do differently
//!
//! * [`SpoolInfo::durability`] says what a confirmed call survives.
//! * Where workers are on several machines, time decides that a worker has died. A row may become unknown
//!   then although it never left. The reverse does not happen.
//! * The order of rows holds inside of a claim, and not between claims.
//! * Times are those of the store's clock. Callers give durations.
//!
//! # Cancel safety
//!
//! If the future of a method is dropped, what it was to do may be done or not. A caller that has to know what
//! was recorded does not drop [`record`](Spool::record) and [`release`](Spool::release).

mod claim;
mod clock;
mod content;
#[cfg(feature = "testing")]
pub mod contract;
mod error;
mod events;
mod holds;
mod job;
mod mail;
mod memory;
mod outcome;
mod query;
mod spending;
#[cfg(all(feature = "sqlite", unix))]
mod sqlite;
mod store;
mod values;

pub use claim::{Claim, ClaimedMail, Token, Want};
pub use clock::Clock;
pub use content::{ContentId, ContentReader};
pub use error::{SpoolError, SpoolErrorKind};
pub use events::Event;
pub use holds::{Hold, HoldReason, Scope};
pub use job::{Counts, Job, JobId, JobKind, JobPhase, NewJob};
pub use mail::{Added, MailState, NewMail};
pub use memory::MemorySpool;
pub use outcome::{Answer, Outcome, Resolution};
pub use query::{MailRecord, Query};
#[cfg(all(feature = "sqlite", unix))]
pub use sqlite::{SqliteOptions, SqliteSpool};
pub use store::{Allowance, Durability, Spent, Spool, SpoolFuture, SpoolInfo};
