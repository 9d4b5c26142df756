//! Opens regular files only, and notices when a file has changed.

use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::message::error::BodyError;

/// Opens a regular file: a directory, a pipe, a socket or a device has no fixed number of octets.
pub(crate) fn open_regular(path: &Path) -> Result<(File, Metadata), BodyError> {
    let cannot_open = |source| BodyError::Open {
        path: path.to_owned(),
        source,
    };
    // Before it is opened, as opening a pipe waits for somebody to write to it.
    regular(path, &fs::metadata(path).map_err(cannot_open)?)?;
    let file = File::open(path).map_err(cannot_open)?;
    let metadata = file.metadata().map_err(cannot_open)?;
    regular(path, &metadata)?;
    Ok((file, metadata))
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

/// Reads from `offset` on until `place` is full or the file ends, and returns how many octets that
/// are.
pub(crate) fn read_up_to(file: &File, place: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest @ [_, ..]) = place.get_mut(read..) {
        match read_at(file, rest, offset + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(unix)]
fn read_at(file: &File, place: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, place, offset)
}

#[cfg(windows)]
fn read_at(file: &File, place: &mut [u8], offset: u64) -> io::Result<usize> {
    const ERROR_HANDLE_EOF: i32 = 38;
    match std::os::windows::fs::FileExt::seek_read(file, place, offset) {
        Err(error) if error.raw_os_error() == Some(ERROR_HANDLE_EOF) => Ok(0),
        read => read,
    }
}

/// What shows that a file is still the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub(crate) len: u64,
    pub(crate) modified: Option<SystemTime>,
    /// The device, the number of the inode, and when the file or what is known about it changed, in
    /// seconds and nanoseconds. Programs that write to a file and then set the time of its last
    /// change back cannot set this back.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl FileIdentity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: (
                metadata.dev(),
                metadata.ino(),
                metadata.ctime(),
                metadata.ctime_nsec(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let open = |path: &Path| open_regular(path).unwrap_err();
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
}
