//! The configuration, and what its errors mean for the command.

mod choice;
mod commands;
mod entries;
mod errors;
mod file;

use std::path::Path;

pub(crate) use choice::{configuration, selected};
pub(crate) use commands::{effective, run};
pub(crate) use file::{ConfigFile, write_private};

/// A path as people read it: with `~` in place of the home directory.
pub(crate) fn shown_path(path: &Path) -> String {
    let home = std::env::home_dir().filter(|home| home.as_os_str().len() > 1);
    let rest = home
        .as_deref()
        .and_then(|home| path.strip_prefix(home).ok());
    let shown = rest.map(|rest| Path::new("~").join(rest));
    shown.as_deref().unwrap_or(path).display().to_string()
}
