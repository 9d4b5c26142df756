//! Paths, as people type and read them.

use std::path::{Path, PathBuf};

use crate::exit;
use crate::failure::Failure;

/// A path as people read it: with `~` in place of the home directory.
pub(crate) fn shown_path(path: &Path) -> String {
    let home = std::env::home_dir().filter(|home| home.as_os_str().len() > 1);
    let rest = home
        .as_deref()
        .and_then(|home| path.strip_prefix(home).ok());
    let shown = rest.map(|rest| Path::new("~").join(rest));
    shown.as_deref().unwrap_or(path).display().to_string()
}

/// A path that means the same in a file elsewhere. The configuration knows `~`.
pub(crate) fn absolute(path: PathBuf) -> Result<PathBuf, Failure> {
    if path.starts_with("~") {
        return Ok(path);
    }
    std::path::absolute(&path).map_err(|error| {
        Failure::io(
            exit::CONFIG,
            format!("cannot use the path {}", path.display()),
            error,
        )
    })
}

/// The path, with the home directory in place of `~`.
pub(crate) fn at_home(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}
