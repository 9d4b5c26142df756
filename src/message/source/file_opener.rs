//! Opens the files of a message, and takes small ones into memory.

use std::path::Path;

use bytes::Bytes;

use super::body::MARK;
use super::file::SourceFile;
use super::media_guess::{PREFIX, by_content};
use super::regular_file::{open_regular, read_up_to};
use crate::message::error::BodyError;

/// A file of at most this many octets is taken into memory: opening it a second time would take longer
/// than reading it.
const MAX_TAKEN: usize = 64 * 1024;

/// The most octets of all files of one message that are taken into memory: as many attachments as a
/// message may have, with 4 KiB each.
const MAX_TAKEN_TOGETHER: usize = 4 * 1024 * 1024;

/// Opens the files of one message. Its methods block, and must run in the pool of blocking threads.
#[derive(Debug)]
pub(crate) struct FileOpener {
    /// How many octets may still be taken into memory.
    room: usize,
    /// What the files are read into, one after the other.
    buffer: Vec<u8>,
}

impl FileOpener {
    pub(crate) fn new() -> Self {
        Self {
            room: MAX_TAKEN_TOGETHER,
            buffer: Vec::new(),
        }
    }

    /// Reads the metadata and the first octets of a file, or all octets if it is small, and closes it
    /// again.
    pub(crate) fn open(&mut self, path: &Path) -> Result<SourceFile, BodyError> {
        let failed = |source| BodyError::Open {
            path: path.to_owned(),
            source,
        };
        let (file, metadata) = open_regular(path)?;
        let mut source = SourceFile::at(path, &metadata).map_err(failed)?;
        let whole = usize::try_from(source.was.len).ok();
        let whole = whole.filter(|len| *len <= MAX_TAKEN.min(self.room));
        // One octet more than the file has, to see its end.
        let most = whole.map_or(PREFIX, |len| PREFIX.max(len + 1));
        if self.buffer.len() < most {
            self.buffer.resize(most, 0);
        }
        let buffer = self.buffer.get_mut(..most).unwrap_or_default();
        let is_unchanged = |source: &SourceFile| {
            let now = file.metadata();
            now.is_ok_and(|now| source.compare(&now, true).is_ok())
        };
        let read = read_up_to(&file, buffer, 0).map_err(failed)?;
        let octets = buffer.get(..read).unwrap_or_default();
        source.content = by_content(octets.get(..PREFIX).unwrap_or(octets));
        source.has_mark = octets.starts_with(MARK);
        // A file that is being written to is read when it is sent, and that reports the change.
        if whole == Some(read) && is_unchanged(&source) {
            self.room -= read;
            source.octets = Some(Bytes::copy_from_slice(octets));
        }
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn small_files_are_taken_into_memory_while_there_is_room() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let file = File::create(&path).unwrap();
        let mut opener = FileOpener::new();
        for (len, times, taken) in [
            (0, 1, 1),
            (1, 1, 1),
            (MAX_TAKEN + 1, 1, 0),
            (MAX_TAKEN, 70, 63),
            (MAX_TAKEN - 1, 2, 1),
            (1, 1, 0),
            (0, 1, 1),
        ] {
            file.set_len(len as u64).unwrap();
            let files = (0..times).map(|_| opener.open(&path).unwrap());
            let octets = files.filter_map(|file| file.octets);
            let lens: Vec<_> = octets.map(|octets| octets.len()).collect();
            assert_eq!(lens, vec![len; taken], "{len} octets");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_with_another_length_than_it_says_is_not_taken() {
        let file = FileOpener::new().open(Path::new("/proc/self/status"));
        assert_eq!(file.unwrap().octets, None);
    }
}
