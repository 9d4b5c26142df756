//! `pilotfish send` as a program: arguments in; exit status, two streams and a mail out.

mod account;
mod check;
pub(crate) mod cli_fixture;
mod compose;
/// Accounts from a file.
pub(crate) mod config;
mod config_file;
mod config_pipe;
mod content;
mod delivery;
/// `pilotfish demo`.
pub(crate) mod demo;
mod dialogue;
mod discovery;
mod dkim;
mod draft;
mod dry_run;
mod empty;
mod errors;
/// The example programs.
pub(crate) mod examples;
mod fields;
mod finished;
mod found;
mod help;
mod hints;
mod import;
mod import_details;
mod interrupt;
mod json;
mod login;
mod made;
mod missing_login;
mod network;
mod oauth;
mod oauth_accounts;
mod oauth_faults;
mod oauth_flags;
mod oauth_login;
mod oauth_renewal;
mod oauth_second_login;
mod oauth_terminal;
mod output;
mod pages;
pub(crate) mod peer;
/// Recipients as arguments, questions on the terminal, an editor, copies.
mod people;
mod printed_examples;
mod progress;
mod quit;
mod refusals;
mod retry;
pub(crate) mod run;
mod secret_sources;
mod secrets;
mod sendmail;
mod settings;
mod several_accounts;
mod standard_input;
/// The exit statuses.
mod statuses;
mod test_mail;
mod usage;
mod verdicts;
