//! A new file that takes the place of another one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::lock_file::private;

/// The octets that are reserved: more than the tokens of the known servers need.
const ROOM: [u8; 16 * 1024] = [0; 16 * 1024];

/// A new file of mode 600, which is removed unless it replaces another one.
#[derive(Debug)]
pub(super) struct NewFile {
    file: File,
    path: PathBuf,
}

impl NewFile {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        private(&mut options);
        Ok(Self {
            file: options.open(path)?,
            path: path.to_owned(),
        })
    }

    /// A file that has its room on the disk already. One that a killed process left there is removed.
    ///
    /// Most file systems write later content to the same place. One that copies on write may still have
    /// no room then.
    pub(super) fn reserved(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut new = Self::create(path)?;
        new.file.write_all(&ROOM)?;
        new.file.sync_all()?;
        new.file.rewind()?;
        Ok(new)
    }

    /// Writes these octets, and puts the file in the place of another one.
    pub(super) fn replace(mut self, other: &Path, octets: &[u8]) -> io::Result<()> {
        self.file.write_all(octets)?;
        self.file
            .set_len(u64::try_from(octets.len()).map_err(io::Error::other)?)?;
        self.file.sync_all()?;
        fs::rename(&self.path, other)?;
        self.path = PathBuf::new();
        let directory = other.parent().filter(|path| !path.as_os_str().is_empty());
        let synced = File::open(directory.unwrap_or(Path::new("."))).and_then(|it| it.sync_all());
        match synced {
            // Some network file systems cannot do so, and some directories cannot be read. The file has
            // been replaced.
            Err(error) if is_unsupported(&error) => Ok(()),
            synced => synced,
        }
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    )
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
