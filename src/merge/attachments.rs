//! Files that are the same when they are sent as when they were checked.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::error::{MergeError, MergeErrorKind, quoted};
use crate::cryptography::digest::{Context, SHA256};
use crate::message::{Attachment, FileIdentity, open_regular};

/// Files up to this size are in memory while their message is sent.
const SMALL: u64 = 1 << 20;

/// How many octets are hashed at a time.
const BLOCK: usize = 128 * 1024;

/// A file as it was when it was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pinned {
    /// Its path.
    pub path: PathBuf,
    /// Its octets.
    pub size: u64,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
}

/// The files of the mails of a job.
///
/// A file is pinned by its SHA-256 when the job is checked. When a mail is built, a file with another hash is
/// an error, so that no mail has another file than the one that was checked. A file of at most 1 MiB is read
/// then, hashed and sent from memory. A larger one is hashed after the message has noted its length, its time
/// and its inode, and sending fails if one of them changes, see [`Body::file`](crate::Body::file).
///
/// Files that all mails [share](Self::share) are read once: small ones stay in memory, and large ones are
/// hashed again only if they have changed.
#[derive(Debug, Default)]
pub struct Attachments {
    shared: HashMap<PathBuf, SharedFile>,
}

#[derive(Debug)]
struct SharedFile {
    pinned: Pinned,
    /// What it was when it was hashed.
    identity: FileIdentity,
    /// The content of a small file.
    octets: Option<Bytes>,
}

impl Attachments {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file that many mails have, such as those that a template
    /// [names](super::Template::shared_files).
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no trace.
    pub async fn share(&mut self, path: &Path) -> Result<Pinned, MergeError> {
        let file = blocking(path, read_file).await?;
        let pinned = file.pinned.clone();
        self.shared.insert(path.to_owned(), file);
        Ok(pinned)
    }

    /// What a file is now.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no trace.
    pub async fn pin(&self, path: &Path) -> Result<Pinned, MergeError> {
        match self.shared.get(path) {
            Some(file) => Ok(file.pinned.clone()),
            None => Ok(blocking(path, read_file).await?.pinned),
        }
    }

    /// The file as an attachment, from memory if it is small.
    pub(super) async fn attachment(
        &self,
        path: &Path,
        pinned: &[Pinned],
    ) -> Result<Attachment, MergeError> {
        let expected = self.expected(path, pinned)?;
        if expected.size > SMALL {
            return Ok(Attachment::file(path));
        }
        let shared = self
            .shared
            .get(path)
            .filter(|file| file.pinned == *expected);
        let mut octets = shared.and_then(|file| file.octets.clone());
        if octets.is_none() {
            let file = blocking(path, read_file).await?;
            same(&file.pinned, expected)?;
            octets = file.octets;
        }
        let octets = octets.unwrap_or_default();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| {
                let message = format!("the name of {} is not UTF-8", shown(path));
                MergeError::new(MergeErrorKind::Attachment, message).with_help("rename the file")
            })?;
        Ok(Attachment::new(octets, name))
    }

    /// Checks the files that are not sent from memory.
    pub(super) async fn verify_large(
        &self,
        files: impl Iterator<Item = &Path>,
        pinned: &[Pinned],
    ) -> Result<(), MergeError> {
        for path in files {
            let expected = self.expected(path, pinned)?;
            if expected.size <= SMALL {
                continue;
            }
            let shared = self
                .shared
                .get(path)
                .filter(|file| file.pinned == *expected);
            if let Some(shared) = shared
                && blocking(path, identity).await? == shared.identity
            {
                continue;
            }
            same(&blocking(path, read_file).await?.pinned, expected)?;
        }
        Ok(())
    }

    /// What a file was when it was checked.
    fn expected<'a>(&'a self, path: &Path, pinned: &'a [Pinned]) -> Result<&'a Pinned, MergeError> {
        let shared = self.shared.get(path).map(|file| &file.pinned);
        pinned
            .iter()
            .find(|file| file.path == path)
            .or(shared)
            .ok_or_else(|| {
                let message = format!("{} was not there when the job was checked", shown(path));
                MergeError::new(MergeErrorKind::Changed, message).with_help("start the job anew")
            })
    }
}

impl Pinned {
    /// Reads the file again.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is another file now.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no trace.
    pub async fn verify(&self) -> Result<(), MergeError> {
        same(&blocking(&self.path, read_file).await?.pinned, self)
    }
}

fn same(found: &Pinned, expected: &Pinned) -> Result<(), MergeError> {
    if found == expected {
        return Ok(());
    }
    let difference = if found.size == expected.size {
        "its content is another".to_owned()
    } else {
        format!("it has {} octets instead of {}", found.size, expected.size)
    };
    let path = shown(&found.path);
    let message = format!("{path} has changed since the job was checked: {difference}");
    let error = MergeError::new(MergeErrorKind::Changed, message);
    Err(error.with_help("restore the file, or start the job anew"))
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// Runs `read` in the pool of blocking threads.
async fn blocking<T: Send + 'static>(
    path: &Path,
    read: fn(&Path) -> Result<T, MergeError>,
) -> Result<T, MergeError> {
    let path = path.to_owned();
    let done = tokio::task::spawn_blocking(move || read(&path)).await;
    done.map_err(|error| MergeError::new(MergeErrorKind::Io, error.to_string()))?
}

fn identity(path: &Path) -> Result<FileIdentity, MergeError> {
    let (_, metadata) = open_regular(path).map_err(cannot_open)?;
    Ok(FileIdentity::of(&metadata))
}

fn cannot_open(error: crate::message::BodyError) -> MergeError {
    MergeError::new(MergeErrorKind::Attachment, error.to_string()).caused_by(error)
}

/// Hashes a file, and keeps the content of a small one.
fn read_file(path: &Path) -> Result<SharedFile, MergeError> {
    let (mut file, metadata) = open_regular(path).map_err(cannot_open)?;
    let is_small = metadata.len() <= SMALL;
    let mut context = Context::new(&SHA256);
    let mut octets = Vec::new();
    let mut block = vec![0; BLOCK];
    let mut size = 0;
    loop {
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let message = format!("cannot read {}: {error}", shown(path));
                return Err(MergeError::new(MergeErrorKind::Attachment, message).caused_by(error));
            }
        };
        let read = block.get(..read).unwrap_or_default();
        context.update(read);
        size += read.len() as u64;
        if is_small && size <= SMALL {
            octets.extend_from_slice(read);
        }
    }
    let hash = context.finish();
    let digits = hash.as_ref().iter().map(|octet| format!("{octet:02x}"));
    Ok(SharedFile {
        pinned: Pinned {
            path: path.to_owned(),
            size,
            sha256: digits.collect(),
        },
        identity: FileIdentity::of(&metadata),
        octets: (size <= SMALL).then(|| octets.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_changed_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        for (size, is_shared) in [(3, true), (3, false), (1 << 21, true), (1 << 21, false)] {
            let path = directory.path().join(format!("{size}{is_shared}.pdf"));
            std::fs::write(&path, vec![b'a'; size]).unwrap();
            let mut attachments = Attachments::new();
            let pinned = if is_shared {
                attachments.share(&path).await.unwrap()
            } else {
                attachments.pin(&path).await.unwrap()
            };
            assert_eq!(pinned.size, size as u64);
            let pinned = [pinned];
            let files = || std::iter::once(path.as_path());
            let attached = attachments.attachment(&path, &pinned).await;
            assert!(attached.is_ok());
            attachments.verify_large(files(), &pinned).await.unwrap();
            pinned[0].verify().await.unwrap();
            std::fs::write(&path, vec![b'b'; size]).unwrap();
            let attached = attachments.attachment(&path, &pinned).await;
            let verified = attachments.verify_large(files(), &pinned).await;
            // A small file that is shared is in memory.
            let is_error = attached.is_err() || verified.is_err();
            assert_eq!(is_error, size > 3 || !is_shared, "{size} {is_shared}");
            let error = pinned[0].verify().await.unwrap_err();
            assert_eq!(error.kind(), MergeErrorKind::Changed);
            assert!(
                error
                    .to_string()
                    .ends_with("since the job was checked: its content is another")
            );
        }
        let missing = directory.path().join("none.pdf");
        assert!(Attachments::new().pin(&missing).await.is_err());
        let error = Attachments::new()
            .attachment(&missing, &[])
            .await
            .unwrap_err();
        assert_eq!(error.kind(), MergeErrorKind::Changed);
    }

    #[tokio::test]
    async fn the_hash_is_that_of_other_programs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let pinned = Attachments::new().pin(&path).await.unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(pinned.sha256, expected);
        let json = serde_json::to_string(&pinned).unwrap();
        assert_eq!(serde_json::from_str::<Pinned>(&json).unwrap(), pinned);
    }
}
