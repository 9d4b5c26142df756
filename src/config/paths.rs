//! Paths in a file of accounts: those in the home directory, and those relative to the file.

use std::path::{Path, PathBuf};

/// The path, with the home directory in place of `~`.
pub(super) fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// The path with `~` in place of the home directory, for people.
pub(super) fn shown(path: &Path) -> String {
    let home = std::env::home_dir().filter(|home| home.as_os_str().len() > 1);
    let rest = home
        .as_deref()
        .and_then(|home| path.strip_prefix(home).ok());
    rest.map_or_else(
        || path.display().to_string(),
        |rest| Path::new("~").join(rest).display().to_string(),
    )
}

/// Makes a relative path one from this directory.
pub(super) fn resolve(path: &mut PathBuf, directory: &Path) {
    if path.is_relative() && !path.starts_with("~") {
        *path = directory.join(&*path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_relative_to_the_file() {
        for (path, expected) in [
            ("password", "/etc/pilotfish/password"),
            ("../password", "/etc/pilotfish/../password"),
            ("/run/password", "/run/password"),
            ("~/password", "~/password"),
        ] {
            let mut path = PathBuf::from(path);
            resolve(&mut path, Path::new("/etc/pilotfish"));
            assert_eq!(path, Path::new(expected));
        }
    }

    #[test]
    fn the_home_directory_is_shown_as_it_is_written() {
        let home = std::env::home_dir().unwrap();
        let path = at_home(Path::new("~/.config/mail"));
        assert_eq!(path, home.join(".config/mail"));
        assert_eq!(shown(&path), "~/.config/mail");
        assert_eq!(shown(Path::new("/etc/mail")), "/etc/mail");
    }
}
