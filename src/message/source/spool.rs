//! Keeps what a reader gives, so that it can be read again.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::body::{Body, BodySource};
use super::file::SourceFile;
use crate::message::error::BodyError;
use crate::message::random::push_random;

/// Bodies of fewer octets stay in memory.
const IN_MEMORY: usize = 1024 * 1024;

/// Octets that are kept to be read again: in memory while they are few, and otherwise in a temporary file
/// without a name.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    file: Option<tokio::fs::File>,
    /// How many octets are in the file.
    written: u64,
    /// The octets after them.
    buffer: Vec<u8>,
}

impl Spool {
    /// Where the next octets are appended. [`flush`](Self::flush) follows after some of them.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes the octets to the file if they are too many for memory.
    pub(crate) async fn flush(&mut self) -> Result<(), BodyError> {
        if self.buffer.len() < IN_MEMORY {
            return Ok(());
        }
        let directory = std::env::temp_dir();
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let file = tokio::task::spawn_blocking(move || temporary(&directory)).await;
            let file = file.map_err(io::Error::other).flatten().map_err(unkept)?;
            self.file.insert(tokio::fs::File::from_std(file))
        };
        file.write_all(&self.buffer).await.map_err(unkept)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// All octets.
    pub(crate) async fn finish(self) -> Result<Body, BodyError> {
        let Some(mut file) = self.file else {
            return Ok(Body::bytes(self.buffer));
        };
        file.write_all(&self.buffer).await.map_err(unkept)?;
        file.flush().await.map_err(unkept)?;
        let file = file.into_std().await;
        let file = tokio::task::spawn_blocking(|| SourceFile::without_name(file)).await;
        let file = file.map_err(io::Error::other).flatten().map_err(unkept)?;
        Ok(Body(BodySource::File(Arc::new(file), 0)))
    }
}

impl Body {
    /// All octets of `reader`, which may be at most `limit`.
    ///
    /// They are read now: into memory if they are less than a mebibyte, or else into a temporary file
    /// without a name. So they can be sent more than once. The temporary file stays open until the
    /// body is dropped, and then the system removes it.
    ///
    /// # Errors
    ///
    /// If the reader fails or has more octets, or the temporary file cannot be written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses what has been read, and leaves no file.
    pub async fn spool(
        reader: impl AsyncRead + Send + Unpin,
        limit: u64,
    ) -> Result<Self, BodyError> {
        let mut reader = reader.take(limit.saturating_add(1));
        let mut spool = Spool::default();
        loop {
            let mut next = (&mut reader).take(IN_MEMORY as u64);
            let read = next.read_to_end(&mut spool.buffer).await.map_err(unread)?;
            within(spool.written + spool.buffer.len() as u64, limit)?;
            if read < IN_MEMORY {
                return spool.finish().await;
            }
            spool.flush().await?;
        }
    }

    /// Opens the body, and spools it if it can be read only once.
    pub(crate) async fn make_repeatable(&mut self) -> Result<(), BodyError> {
        self.open().await?;
        let BodySource::Reader(reader) = &self.0 else {
            return Ok(());
        };
        let expected = reader.len;
        let wrong = |found| BodyError::Length {
            file: None,
            expected,
            found,
        };
        let taken = reader.take().ok_or(BodyError::Spent)?;
        let kept = Self::spool(taken, expected).await;
        let kept = kept.map_err(|error| match error {
            BodyError::OverLimit { .. } => wrong(expected.saturating_add(1)),
            other => other,
        })?;
        let found = kept.len().unwrap_or_default();
        if found < expected {
            return Err(wrong(found));
        }
        *self = kept;
        Ok(())
    }
}

/// A new file that no other user can open. The system removes it when it is closed.
fn temporary(directory: &Path) -> io::Result<File> {
    let mut name = String::new();
    push_random(&mut name).map_err(io::Error::other)?;
    let path = directory.join(format!(".pilotfish-{name}"));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        // An open file without a name is gone when it is closed.
        std::fs::remove_file(&path)?;
        Ok(file)
    }
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt as _;
        const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
        options
            .share_mode(0)
            .custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
        options.open(&path)
    }
}

fn unkept(source: io::Error) -> BodyError {
    BodyError::Spool {
        directory: std::env::temp_dir(),
        source,
    }
}

fn unread(source: io::Error) -> BodyError {
    BodyError::Read { file: None, source }
}

fn within(len: u64, limit: u64) -> Result<(), BodyError> {
    if len <= limit {
        Ok(())
    } else {
        Err(BodyError::OverLimit { limit })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_temporary_file_is_the_owners_and_has_no_name() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = temporary(directory.path()).unwrap();
        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
        let metadata = file.metadata().unwrap();
        assert_eq!((metadata.mode() & 0o777, metadata.nlink()), (0o600, 0));
        file.write_all(b"kept").unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "kept");
        assert!(temporary(&directory.path().join("missing")).is_err());
    }
}
