//! What the command shows and writes.

pub(crate) mod advice;
pub(crate) mod dry_run;
pub(crate) mod file;
pub(crate) mod json;
pub(crate) mod logging;
pub(crate) mod progress;
pub(crate) mod report;
mod steps;
mod transcript;
mod waiting;
mod wire_event;
