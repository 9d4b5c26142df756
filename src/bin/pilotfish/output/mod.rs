//! What the command shows and writes.

pub(crate) mod advice;
pub(crate) mod dry_run;
mod json;
pub(crate) mod logging;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod waiting;
