//! Sends the mails of a [`Spool`](crate::spool::Spool) by a [`Client`](crate::Client).
//!
//! A [`Runner`] claims rows, makes their mails by a [`MailMaker`], and sends them. Before the end of a mail
//! leaves, that is in the spool, and so is what became of it with the next record. If the process is killed at
//! any moment, the next one goes on where it was: it sends what had not left, and what may have arrived is
//! unknown, and not sent again unasked.

mod claims;
mod feed;
mod maker;
mod recipients;
mod run;
mod schedule;
#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
mod verdict;

pub use maker::{MadeMail, MailMaker, MakeError, Making};
pub use recipients::RecipientRecord;
pub use run::{RunEnd, RunEvent, Runner};
pub use schedule::Schedule;
