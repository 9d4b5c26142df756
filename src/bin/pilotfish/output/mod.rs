//! What the command shows and writes.

pub(crate) mod advice;
mod class;
pub(crate) mod dry_run;
pub(crate) mod headline;
pub(crate) mod json;
mod layout;
pub(crate) mod log;
pub(crate) mod logging;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod steps;
pub(crate) mod submission;
pub(crate) mod waiting;
