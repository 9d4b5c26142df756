//! A file whose octets are sent.

use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::BodyError;
use super::error::Origin;
use super::media_guess::{PREFIX, by_content};

/// An open regular file, and what it was when it was opened.
///
/// Reading names a position and moves none, so one file serves several readers. All of it
/// blocks, and belongs into the pool of threads for that.
#[derive(Debug)]
pub(super) struct SourceFile {
    file: File,
    /// None for one that has no name.
    path: Option<PathBuf>,
    len: u64,
    modified: Option<SystemTime>,
    content: Option<&'static str>,
}

impl SourceFile {
    /// Opens the file, and looks at its first octets.
    pub(super) fn open(path: PathBuf) -> Result<Self, BodyError> {
        let cannot_open = |source| BodyError::Open {
            path: path.clone(),
            source,
        };
        // Before it is opened, as opening a pipe waits for somebody to write to it.
        regular(&path, &fs::metadata(&path).map_err(cannot_open)?)?;
        let file = File::open(&path).map_err(cannot_open)?;
        let metadata = file.metadata().map_err(cannot_open)?;
        regular(&path, &metadata)?;
        let mut opened = Self::without_name(file).map_err(cannot_open)?;
        opened.path = Some(path);
        Ok(opened)
    }

    /// A file that is open, such as one of our own with what a reader gave; looks at its first
    /// octets, too.
    pub(super) fn without_name(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let mut prefix = vec![0; PREFIX];
        let read = read_at(&file, &mut prefix, 0)?;
        prefix.truncate(read);
        Ok(Self {
            file,
            path: None,
            len: metadata.len(),
            modified: metadata.modified().ok(),
            content: by_content(&prefix),
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The media type that its first octets give away.
    pub(super) fn content(&self) -> Option<&'static str> {
        self.content
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Fills `place` with the octets from `offset` on.
    pub(super) fn read(&self, place: &mut [u8], offset: u64) -> Result<(), BodyError> {
        let mut rest = place;
        let mut offset = offset;
        while !rest.is_empty() {
            let read = read_at(&self.file, rest, offset).map_err(|error| self.failed(error))?;
            if read == 0 {
                // It may have become shorter than what has been read before.
                let len = self.file.metadata().map_or(offset, |now| now.len());
                return Err(BodyError::Short {
                    origin: self.origin(),
                    expected: self.len,
                    found: offset.min(len),
                });
            }
            offset += read as u64;
            rest = rest.get_mut(read..).unwrap_or_default();
        }
        Ok(())
    }

    /// After all has been read: that there is no more of it, and that nobody has written to it.
    pub(super) fn check_end(&self) -> Result<(), BodyError> {
        let metadata = self.file.metadata().map_err(|error| self.failed(error))?;
        // Some file systems say that a file is empty while it gives octets.
        let more = read_at(&self.file, &mut [0], self.len).map_err(|error| self.failed(error))?;
        if more > 0 || metadata.len() > self.len {
            return Err(BodyError::Long {
                origin: self.origin(),
                expected: self.len,
                found: metadata.len().max(self.len.saturating_add(1)),
            });
        }
        if metadata.len() < self.len {
            return Err(BodyError::Short {
                origin: self.origin(),
                expected: self.len,
                found: metadata.len(),
            });
        }
        if metadata.modified().ok() != self.modified {
            return Err(self.changed());
        }
        Ok(())
    }

    pub(super) fn changed(&self) -> BodyError {
        BodyError::Changed {
            origin: self.origin(),
        }
    }

    pub(super) fn failed(&self, source: io::Error) -> BodyError {
        BodyError::Read {
            origin: self.origin(),
            source,
        }
    }

    fn origin(&self) -> Origin {
        self.path.clone().map_or(Origin::Reader, Origin::File)
    }
}

fn regular(path: &Path, metadata: &Metadata) -> Result<(), BodyError> {
    if metadata.is_file() {
        return Ok(());
    }
    let found = if metadata.is_dir() {
        "a directory"
    } else {
        special(metadata.file_type())
    };
    Err(BodyError::NotRegular {
        path: path.to_owned(),
        found,
    })
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;

    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "no regular file"
}

/// Reads from a position, again if a signal interrupts it.
fn read_at(file: &File, place: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, place, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, place, offset);
        match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            #[cfg(windows)]
            Err(error) if error.raw_os_error() == Some(38) => return Ok(0),
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let open = |path: &Path| SourceFile::open(path.to_owned()).unwrap_err();
        let error = open(&dir.path().join("none"));
        assert!(
            matches!(error, BodyError::Open { source, .. } if source.kind() == io::ErrorKind::NotFound)
        );
        assert!(matches!(
            open(dir.path()),
            BodyError::NotRegular {
                found: "a directory",
                ..
            }
        ));
        #[cfg(unix)]
        {
            let device = open(Path::new("/dev/zero"));
            assert!(matches!(
                device,
                BodyError::NotRegular {
                    found: "a device",
                    ..
                }
            ));
            let socket = dir.path().join("socket");
            let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            assert!(matches!(
                open(&socket),
                BodyError::NotRegular {
                    found: "a socket",
                    ..
                }
            ));
            let pipe = dir.path().join("pipe");
            let made = std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap();
            assert!(made.success());
            assert!(matches!(
                open(&pipe),
                BodyError::NotRegular {
                    found: "a pipe",
                    ..
                }
            ));
        }
    }

    #[test]
    fn a_file_that_changes_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"0123456789").unwrap();
        let writer = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let file = SourceFile::open(path.clone()).unwrap();
        assert_eq!(file.len(), 10);
        assert!(file.check_end().is_ok());

        writer.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert!(matches!(file.check_end(), Err(BodyError::Changed { .. })));
        writer.set_len(7).unwrap();
        assert!(matches!(
            file.check_end(),
            Err(BodyError::Short {
                expected: 10,
                found: 7,
                ..
            })
        ));
        let short = file.read(&mut [0; 10], 0);
        assert!(matches!(
            short,
            Err(BodyError::Short {
                expected: 10,
                found: 7,
                ..
            })
        ));
        writer.set_len(12).unwrap();
        assert!(matches!(
            file.check_end(),
            Err(BodyError::Long {
                expected: 10,
                found: 12,
                ..
            })
        ));
    }

    #[test]
    fn a_file_that_is_replaced_or_deleted_is_read_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"old").unwrap();
        let file = SourceFile::open(path.clone()).unwrap();
        fs::remove_file(&path).unwrap();
        File::create(&path).unwrap().write_all(b"newer").unwrap();
        let mut octets = [0; 3];
        file.read(&mut octets, 0).unwrap();
        assert_eq!(&octets, b"old");
        assert!(file.check_end().is_ok());
    }
}
