//! `pilotfish send` as a program: arguments in; exit status, two streams and a mail out.

mod compose;
mod content;
mod delivery;
mod dkim;
mod dry_run;
mod empty;
mod fields;
mod finished;
mod hints;
mod interrupt;
mod json;
mod login;
mod made;
mod missing_login;
mod network;
pub(crate) mod office;
mod output;
pub(crate) mod peer;
mod progress;
mod refusals;
pub(crate) mod run;
mod secrets;
mod settings;
mod usage;
mod verdicts;
