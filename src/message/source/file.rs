//! A file whose octets are sent.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::media_guess::{PREFIX, by_content};
use super::regular_file::{FileIdentity, open_regular, read_up_to};
use crate::message::error::BodyError;

/// A regular file, and what it was when it was attached.
///
/// A file with a name is not kept open: mails that wait would use up the descriptors of the
/// process. Each [`FileReader`] opens it again, and checks that it has not changed. These functions
/// block, and must run in the pool of blocking threads.
#[derive(Debug)]
pub(crate) struct SourceFile {
    place: FileLocation,
    pub(super) was: FileIdentity,
    /// The media type of its first octets, if they are of a known format.
    pub(super) content: Option<&'static str>,
    /// Whether it has a name and begins with a byte order mark.
    pub(super) has_mark: bool,
    /// All of its octets, if they are in memory. Then it is not opened again.
    pub(super) octets: Option<Bytes>,
}

#[derive(Debug)]
enum FileLocation {
    Path(PathBuf),
    /// A file without a name, which cannot be opened again.
    Open(File),
}

impl SourceFile {
    /// The file at `path`, with this metadata.
    pub(super) fn at(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            // The working directory may change before the file is opened again.
            place: FileLocation::Path(std::path::absolute(path)?),
            was: FileIdentity::of(metadata),
            content: None,
            has_mark: false,
            octets: None,
        })
    }

    /// A file that is open and has no name, such as a spool file.
    pub(crate) fn without_name(file: File) -> io::Result<Self> {
        let mut prefix = vec![0; PREFIX];
        let read = read_up_to(&file, &mut prefix, 0)?;
        prefix.truncate(read);
        Ok(Self {
            was: FileIdentity::of(&file.metadata()?),
            content: by_content(&prefix),
            // What is kept in it arrives as it was given.
            has_mark: false,
            place: FileLocation::Open(file),
            octets: None,
        })
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.place {
            FileLocation::Path(path) => Some(path),
            FileLocation::Open(_) => None,
        }
    }

    pub(crate) fn changed(&self) -> BodyError {
        BodyError::Changed { file: self.name() }
    }

    pub(crate) fn failed(&self, source: io::Error) -> BodyError {
        BodyError::Read {
            file: self.name(),
            source,
        }
    }

    fn name(&self) -> Option<PathBuf> {
        self.path().map(Path::to_owned)
    }

    /// The error that the file does not have the length that it had.
    fn length(&self, found: u64) -> BodyError {
        BodyError::Length {
            file: self.name(),
            expected: self.was.len,
            found,
        }
    }

    /// Checks that the file is what it was. One that has been open since then may have lost its name to
    /// another file meanwhile: that is a change of the inode, but not of the octets.
    pub(super) fn compare(&self, found: &Metadata, was_open: bool) -> Result<(), BodyError> {
        let now = FileIdentity::of(found);
        if now.len != self.was.len {
            return Err(self.length(now.len));
        }
        if now == self.was || (was_open && now.modified == self.was.modified) {
            return Ok(());
        }
        Err(self.changed())
    }
}

/// Reads a file. It is opened with the first octets that are read, and closed when this is dropped.
///
/// Reading names a position and moves none, so several threads may read.
#[derive(Debug)]
pub(crate) struct FileReader {
    pub(crate) source: Arc<SourceFile>,
    /// Nothing as well where the source itself is open.
    file: OnceLock<File>,
}

impl FileReader {
    pub(crate) fn new(source: Arc<SourceFile>) -> Self {
        Self {
            source,
            file: OnceLock::new(),
        }
    }

    fn file(&self) -> Result<&File, BodyError> {
        let path = match (&self.source.place, self.file.get()) {
            (FileLocation::Open(file), _) | (_, Some(file)) => return Ok(file),
            (FileLocation::Path(path), None) => path,
        };
        let (file, metadata) = open_regular(path)?;
        self.source.compare(&metadata, false)?;
        // If another thread has opened it meanwhile, this one is closed.
        Ok(self.file.get_or_init(|| file))
    }

    /// Fills `place` with the octets from `offset` on.
    pub(crate) fn read(&self, place: &mut [u8], offset: u64) -> Result<(), BodyError> {
        let file = self.file()?;
        let read = read_up_to(file, place, offset).map_err(|error| self.source.failed(error))?;
        if read == place.len() {
            return Ok(());
        }
        let end = offset + read as u64;
        // It may have become shorter than what has been read before.
        let len = file.metadata().map_or(end, |now| now.len());
        Err(self.source.length(end.min(len)))
    }

    /// Checks, after everything has been read, that the file has no more octets and was not written to.
    pub(crate) fn check_end(&self) -> Result<(), BodyError> {
        let file = self.file()?;
        let failed = |error| self.source.failed(error);
        let metadata = file.metadata().map_err(failed)?;
        let expected = self.source.was.len;
        // Some file systems say that a file is empty while it gives octets.
        if read_up_to(file, &mut [0], expected).map_err(failed)? > 0 {
            let found = metadata.len().max(expected.saturating_add(1));
            return Err(self.source.length(found));
        }
        self.source.compare(&metadata, true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::time::SystemTime;

    use super::*;
    use crate::message::source::file_opener::FileOpener;

    /// The file `a` of this directory, attached.
    fn attached(dir: &Path, octets: &[u8]) -> Arc<SourceFile> {
        let path = dir.join("a");
        fs::write(&path, octets).unwrap();
        Arc::new(FileOpener::new().open(&path).unwrap())
    }

    #[test]
    fn a_file_that_changes_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let file = attached(dir.path(), b"0123456789");
        let path = dir.path().join("a");
        let writer = fs::OpenOptions::new().write(true).open(path).unwrap();
        assert_eq!(file.was.len, 10);
        // One that is open, and another that is opened anew each time.
        let open = FileReader::new(Arc::clone(&file));
        let anew = || FileReader::new(Arc::clone(&file));
        assert!(open.check_end().is_ok() && anew().check_end().is_ok());

        writer.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        for result in [
            open.check_end(),
            anew().check_end(),
            anew().read(&mut [0], 0),
        ] {
            assert!(
                matches!(result, Err(BodyError::Changed { .. })),
                "{result:?}"
            );
        }
        writer.set_len(7).unwrap();
        for result in [
            open.check_end(),
            open.read(&mut [0; 10], 0),
            anew().check_end(),
            anew().read(&mut [0], 0),
        ] {
            let short = matches!(
                result,
                Err(BodyError::Length {
                    expected: 10,
                    found: 7,
                    ..
                })
            );
            assert!(short, "{result:?}");
        }
        writer.set_len(12).unwrap();
        for result in [open.check_end(), anew().read(&mut [0], 0)] {
            let long = matches!(
                result,
                Err(BodyError::Length {
                    expected: 10,
                    found: 12,
                    ..
                })
            );
            assert!(long, "{result:?}");
        }
    }

    /// The new one has the same length and time.
    #[test]
    fn a_file_that_is_replaced_or_deleted_is_not_sent_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let file = attached(dir.path(), b"old");
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let open = FileReader::new(Arc::clone(&file));
        open.read(&mut [0], 0).unwrap();

        let new = dir.path().join("new");
        let mut writer = File::create(&new).unwrap();
        writer.write_all(b"new").unwrap();
        writer.set_modified(modified).unwrap();
        fs::rename(&new, &path).unwrap();
        // What has been opened before is read to its end.
        let mut octets = [0; 3];
        open.read(&mut octets, 0).unwrap();
        assert_eq!((&octets, open.check_end().is_ok()), (b"old", true));
        let anew = FileReader::new(Arc::clone(&file)).read(&mut octets, 0);
        #[cfg(unix)]
        assert!(matches!(anew, Err(BodyError::Changed { .. })), "{anew:?}");

        fs::remove_file(&path).unwrap();
        let anew = FileReader::new(file).read(&mut octets, 0);
        assert!(matches!(anew, Err(BodyError::Open { .. })), "{anew:?}");
    }

    /// As `rsync --inplace --times` does. The clock of the file system may stand still for some
    /// milliseconds.
    #[cfg(unix)]
    #[test]
    fn a_file_that_is_written_to_is_not_sent_though_its_time_is_the_old_one() {
        use std::os::unix::fs::MetadataExt;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let file = attached(dir.path(), b"old");
        let before = fs::metadata(&path).unwrap();
        let changed = |metadata: &Metadata| (metadata.ctime(), metadata.ctime_nsec());
        let writer = fs::OpenOptions::new().write(true).open(&path).unwrap();
        while changed(&fs::metadata(&path).unwrap()) == changed(&before) {
            fs::write(&path, b"new").unwrap();
            writer.set_modified(before.modified().unwrap()).unwrap();
        }
        let anew = FileReader::new(file).read(&mut [0], 0);
        assert!(matches!(anew, Err(BodyError::Changed { .. })), "{anew:?}");
    }

    #[test]
    fn a_file_is_found_again_from_another_working_directory() {
        let file = FileOpener::new().open(Path::new("Cargo.toml")).unwrap();
        assert_eq!(file.path(), Some(&*fs::canonicalize("Cargo.toml").unwrap()));
    }

    /// What the system has open of this directory.
    #[cfg(target_os = "linux")]
    fn descriptors(dir: &Path) -> usize {
        let open = fs::read_dir("/proc/self/fd").unwrap();
        let open = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        open.filter(|path| path.starts_with(dir)).count()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_is_open_while_it_is_read_and_not_before_and_after() {
        let dir = tempfile::tempdir().unwrap();
        let file = attached(dir.path(), b"0123456789");
        let reader = FileReader::new(file);
        assert_eq!(descriptors(dir.path()), 0);
        for offset in 0..3 {
            reader.read(&mut [0], offset).unwrap();
            assert_eq!(descriptors(dir.path()), 1);
        }
        drop(reader);
        assert_eq!(descriptors(dir.path()), 0);
    }
}
