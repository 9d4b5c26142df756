//! Files that only their owner can read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::shown_path;
use crate::exit;
use crate::failure::Failure;

/// How many symbolic links a path may lead over.
const MAX_LINKS: usize = 40;

/// Writes a file that only its owner can read. An old file is replaced when all of the new one is on the
/// disk. The directory is made if it is missing.
pub(crate) fn write_private(path: &Path, octets: &[u8]) -> Result<(), Failure> {
    let written = || {
        let path = link_target(path);
        let directory = made_directory(&path)?;
        // Its mode is 600.
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(octets)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        // The old file is gone, so this is not a failure: what the caller undoes would be missing.
        let _ = sync(directory);
        Ok(())
    };
    written().map_err(|error| cannot_write(path, error))
}

/// The file that a path leads to, whether it exists or not. A link stays, and leads to the new content.
pub(crate) fn link_target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = std::fs::read_link(&target) else {
            break;
        };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    target
}

/// Writes the names of a directory to the disk.
fn sync(directory: &Path) -> io::Result<()> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    match synced.as_ref().map_err(io::Error::kind) {
        // Some network file systems cannot do so, and some directories cannot be read.
        Err(
            io::ErrorKind::InvalidInput
            | io::ErrorKind::Unsupported
            | io::ErrorKind::PermissionDenied,
        ) => Ok(()),
        _ => synced,
    }
}

/// The directory of a file, which only its owner can read if it is made now.
pub(super) fn made_directory(path: &Path) -> io::Result<&Path> {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    if !directory.exists() {
        // Its mode is 700 before another user can look into it.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    Ok(directory)
}

pub(super) fn cannot_write(path: &Path, error: io::Error) -> Failure {
    let message = format!("cannot write {}", shown_path(path));
    Failure::io(exit::CANNOT_CREATE, message, error)
}

/// New files that only their owner can read. They are removed with this value unless they are kept.
#[derive(Debug, Default)]
pub(super) struct NewFiles(Vec<PathBuf>);

impl NewFiles {
    /// Makes a file. One that is there is never replaced, as it belongs to something else.
    pub(super) fn create(&mut self, path: &Path, octets: &[u8]) -> Result<(), Failure> {
        let mut written = || {
            let directory = made_directory(path)?;
            let mut options = OpenOptions::new();
            let mut file = (options.write(true).create_new(true).mode(0o600)).open(path)?;
            self.0.push(path.to_owned());
            file.write_all(octets)?;
            file.sync_all()?;
            sync(directory)
        };
        written().map_err(|error| {
            let is_there = error.kind() == io::ErrorKind::AlreadyExists;
            let failure = cannot_write(path, error);
            if is_there {
                return failure.with_help("run the command again, which takes another name then");
            }
            failure
        })
    }

    /// Leaves the files where they are.
    pub(super) fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Links stay, whether their file is there or not.
    #[test]
    fn a_link_leads_to_the_new_content() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::create_dir(path("there")).unwrap();
        std::os::unix::fs::symlink("second", path("first")).unwrap();
        std::os::unix::fs::symlink("there/file", path("second")).unwrap();
        for content in ["one", "two"] {
            write_private(&path("first"), content.as_bytes()).unwrap();
            let written = std::fs::read_to_string(path("there/file")).unwrap();
            assert_eq!(written, content);
            assert!(path("first").is_symlink() && path("second").is_symlink());
        }
    }

    /// A directory that cannot be read cannot be synchronised, but its files can be replaced.
    #[test]
    fn a_directory_that_cannot_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let set_mode = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(directory.path(), mode).unwrap();
        };
        set_mode(0o300);
        let path = directory.path().join("config.toml");
        let written = write_private(&path, b"new");
        set_mode(0o700);
        written.unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"new");
    }

    #[test]
    fn new_files_are_removed_unless_they_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join("new").join(name);
        let mut files = NewFiles::default();
        files.create(&path("kept"), b"one").unwrap();
        files.keep();
        files.create(&path("left"), b"two").unwrap();
        let failure = files.create(&path("kept"), b"three").unwrap_err();
        assert_eq!(failure.status, exit::CANNOT_CREATE);
        drop(files);
        assert_eq!(std::fs::read(path("kept")).unwrap(), b"one");
        assert!(!path("left").exists());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path("kept")), mode(&path(""))), (0o600, 0o700));
    }
}
