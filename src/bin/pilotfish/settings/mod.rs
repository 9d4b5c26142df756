//! The configuration, and what its errors mean for the command.

mod choice;
mod commands;
mod edit;
mod entries;
mod errors;
mod file;
mod lock;
mod paths;
mod private_file;
mod replaced_items;

use pilotfish::config::Account;

pub(crate) use choice::{configuration, selected};
pub(crate) use commands::{effective, run};
pub(crate) use errors::no_secret;
pub(crate) use file::ConfigFile;
pub(crate) use paths::{absolute, at_home, shown_path};
pub(crate) use private_file::{link_target, write_private};

/// A command that prints a secret, as every screen shows it.
pub(crate) fn shown_command(command: &str) -> String {
    let mut account = Account::default();
    account.password_command = Some(command.to_owned());
    account.shown_secret_command().unwrap_or_default()
}

/// A word that a shell reads as it is, or in quotes.
pub(crate) fn in_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.@/:%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
