//! Writing the message instead of sending it, into a file that has all of its content or is not
//! there.

use std::fs::{File, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use pilotfish::Message;
use pilotfish::message::{BodyType, MessageReader};
use rustix::io::Errno;
use tempfile::TempPath;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::exit;
use crate::failure::Failure;
use crate::input::blocking;

/// Where the message goes.
pub(crate) struct Output<'a> {
    /// A file, or `-` for standard output.
    pub(crate) path: &'a Path,
    /// The permissions of a new file, which the umask restricts.
    pub(crate) mode: u32,
    /// Whether it may take the place of a regular file.
    pub(crate) replaces: bool,
    /// Header fields before those of the message.
    pub(crate) begin: &'a str,
    /// The flag that names the place.
    pub(crate) flag: &'static str,
}

impl<'a> Output<'a> {
    /// The place of `--output`.
    pub(crate) fn of_dry_run(path: &'a Path) -> Self {
        Self {
            path,
            mode: 0o666,
            replaces: true,
            begin: "",
            flag: "--output",
        }
    }

    fn cannot_write(&self, error: io::Error) -> Failure {
        let name = self.path.display();
        let flag = self.flag;
        let name = if self.path == Path::new("-") {
            "standard output".to_owned()
        } else {
            name.to_string()
        };
        let message = format!("cannot write to {name}: choose another place by {flag}");
        Failure::io(exit::CANNOT_CREATE, message, error)
    }
}

/// Writes exactly the octets that a server would be sent as the message, if it carried `most`.
///
/// `read` are the files that have been read for it, besides those that it sends.
pub(crate) async fn write(
    message: &Message,
    most: BodyType,
    output: &Output<'_>,
    read: &[PathBuf],
) -> Result<(), Failure> {
    let octets = message.rendition_with_smtputf8(most).into_octets();
    if output.path == Path::new("-") {
        return copy(octets, tokio::io::stdout(), output).await;
    }
    // Opening it would empty it.
    let written = identity(output.path);
    let mut parts = message.files().chain(read.iter().map(PathBuf::as_path));
    if written.is_some() && parts.any(|path| identity(path) == written) {
        let name = output.path.display();
        let flag = output.flag;
        let message = format!("{name} is a part of the mail: choose another place by {flag}");
        return Err(Failure::new(exit::CANNOT_CREATE, message));
    }
    let path = output.path.to_owned();
    let (mode, replaces) = (output.mode, output.replaces);
    let mut file = blocking(move || OutputFile::open(&path, mode, replaces))
        .await
        .map_err(|error| output.cannot_write(error))?;
    copy(octets, &mut file.file, output).await?;
    file.finish()
        .await
        .map_err(|error| output.cannot_write(error))
}

/// The device and inode of a regular file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    Some((metadata.dev(), metadata.ino()))
}

async fn copy(
    mut octets: MessageReader,
    mut file: impl AsyncWrite + Unpin,
    output: &Output<'_>,
) -> Result<(), Failure> {
    let mut block = output.begin.as_bytes().to_vec();
    loop {
        let more = octets
            .next_block(&mut block)
            .await
            .map_err(|error| Failure::of(exit::NO_INPUT, &error))?;
        let mut written = file.write_all(&block).await;
        block.clear();
        if !more {
            written = written.and(file.flush().await);
        }
        match written {
            Ok(()) if more => {}
            Ok(()) => return Ok(()),
            // The reader has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(output.cannot_write(error)),
        }
    }
}

/// A file that is being written.
struct OutputFile {
    file: tokio::fs::File,
    temporary: Option<Temporary>,
}

/// A file that will replace another. Dropping this before that removes the file.
struct Temporary {
    path: TempPath,
    /// The path that it gets.
    target: PathBuf,
    /// Whether a file that has this path by then is replaced.
    replaces: bool,
    /// The file that is replaced.
    old: Option<File>,
}

impl OutputFile {
    /// Opens what is at a path, or what will be.
    ///
    /// A regular file is written under another name in the same directory, and takes its place at the
    /// end. These are written in place: a pipe and a device; what a symbolic link leads to, as the
    /// link is to stay; a file with several names or of another owner, which would be another
    /// afterwards; and a file in a directory that takes no other.
    ///
    /// Fails if `replaces` is false, and it is a regular file.
    fn open(path: &Path, mode: u32, replaces: bool) -> io::Result<Self> {
        match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut new = Self::beside(path, None, mode)?;
                if let Some(temporary) = &mut new.temporary {
                    temporary.replaces = replaces;
                }
                Ok(new)
            }
            Ok(old) if old.is_file() && !replaces => Err(ErrorKind::AlreadyExists.into()),
            Ok(old) if old.is_file() => {
                // A user who may not write to the file may not replace it either.
                let file = File::options().write(true).open(path)?;
                let beside = (old.nlink() == 1).then(|| Self::beside(path, Some(&old), mode));
                let Some(Ok(mut new)) = beside else {
                    file.set_len(0)?;
                    return Ok(Self::in_place(file));
                };
                if let Some(temporary) = &mut new.temporary {
                    temporary.old = Some(file);
                }
                Ok(new)
            }
            _ => File::create(path).map(Self::in_place),
        }
    }

    fn in_place(file: File) -> Self {
        Self {
            file: file.into(),
            temporary: None,
        }
    }

    /// A file that takes the place of the old one, with the same owner and permissions.
    fn beside(path: &Path, old: Option<&Metadata>, mode: u32) -> io::Result<Self> {
        let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
        let mode = if old.is_some() { 0o600 } else { mode };
        let (file, temporary) = tempfile::Builder::new()
            .prefix(".pilotfish-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(directory.unwrap_or(Path::new(".")))
            // Without the temporary name.
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => Errno::NOENT.into(),
                kind => io::Error::from(kind),
            })?
            .into_parts();
        if let Some(old) = old {
            let new = file.metadata()?;
            if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
                return Err(ErrorKind::PermissionDenied.into());
            }
            file.set_permissions(old.permissions())?;
        }
        Ok(Self {
            file: file.into(),
            temporary: Some(Temporary {
                path: temporary,
                target: path.to_owned(),
                replaces: true,
                old: None,
            }),
        })
    }

    /// The content is whole: the file gets its name. A file that is mounted on its own keeps that
    /// place, and gets the content.
    async fn finish(self) -> io::Result<()> {
        let Some(temporary) = self.temporary else {
            return Ok(());
        };
        let Temporary {
            path, target, old, ..
        } = temporary;
        // A full disk may show as late as here.
        self.file.sync_all().await?;
        if !temporary.replaces {
            let named = blocking(move || path.persist_noclobber(target)).await;
            return Ok(named?);
        }
        let named = move || match (path.persist(target), old) {
            (Err(error), Some(mut old)) => {
                old.set_len(0)?;
                io::copy(&mut File::open(&error.path)?, &mut old)?;
                old.sync_all()
            }
            (named, _) => Ok(named?),
        };
        tokio::task::spawn_blocking(named).await?
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    /// What `ls` would show: kind, permissions, and the content of files.
    fn listed(directory: &Path) -> String {
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry.unwrap();
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_symlink() {
                return format!("{name}@");
            }
            let content = fs::read_to_string(&path).unwrap();
            format!("{name} {:o} {content}", metadata.mode() & 0o777)
        };
        let mut entries: Vec<_> = fs::read_dir(directory).unwrap().map(entry).collect();
        entries.sort();
        entries.join(", ")
    }

    /// Each row: what there is, and what there is after an output to `a` that is dropped, and after
    /// one that is finished. Which permissions a new file gets depends on the umask.
    #[tokio::test]
    async fn a_file_is_whole_or_not_there() {
        fn nothing(_: &Path) {}
        fn old(directory: &Path) {
            fs::write(directory.join("a"), "old").unwrap();
            fs::set_permissions(directory.join("a"), Permissions::from_mode(0o640)).unwrap();
        }
        fn linked(directory: &Path) {
            fs::write(directory.join("b"), "old").unwrap();
            fs::set_permissions(directory.join("b"), Permissions::from_mode(0o600)).unwrap();
            std::os::unix::fs::symlink("b", directory.join("a")).unwrap();
        }
        fn two_names(directory: &Path) {
            old(directory);
            fs::hard_link(directory.join("a"), directory.join("b")).unwrap();
        }
        fn new_mode() -> String {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join("a"), "new").unwrap();
            listed(directory.path())
        }
        for (prepare, dropped, finished) in [
            (nothing as fn(&Path), "", new_mode().as_str()),
            (old, "a 640 old", "a 640 new"),
            // These are written in place.
            (linked, "a@, b 600 new", "a@, b 600 new"),
            (two_names, "a 640 new, b 640 new", "a 640 new, b 640 new"),
        ] {
            for (finishes, expected) in [(false, dropped), (true, finished)] {
                let directory = tempfile::tempdir().unwrap();
                prepare(directory.path());
                let output = OutputFile::open(&directory.path().join("a"), 0o666, true).unwrap();
                let mut file = output.file.try_into_std().unwrap();
                file.write_all(b"new").unwrap();
                let output = OutputFile {
                    file: file.into(),
                    ..output
                };
                if finishes {
                    output.finish().await.unwrap();
                } else {
                    drop(output);
                }
                assert_eq!(listed(directory.path()), expected, "{finishes}");
            }
        }
    }

    /// Of two commands that write a copy to the same new file, one has it.
    #[tokio::test]
    async fn a_copy_does_not_replace_a_file_that_has_come_since() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let open = || OutputFile::open(&path, 0o600, false);
        let [mut first, mut second] = [open().unwrap(), open().unwrap()];
        first.file.write_all(b"first").await.unwrap();
        second.file.write_all(b"second").await.unwrap();
        first.finish().await.unwrap();
        let error = second.finish().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(open().err().unwrap().kind(), ErrorKind::AlreadyExists);
        assert_eq!(listed(directory.path()), "a 600 first");
    }

    #[test]
    fn what_is_not_a_file_is_written_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for path in [Path::new("/dev/null"), link.as_path()] {
            assert!(
                OutputFile::open(path, 0o666, true)
                    .unwrap()
                    .temporary
                    .is_none()
            );
        }
        assert!(OutputFile::open(directory.path(), 0o666, true).is_err());
        assert!(OutputFile::open(&directory.path().join("none/a"), 0o666, true).is_err());
    }
}
