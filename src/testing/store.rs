//! Where messages are kept.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// How many octets a server keeps in memory, of all messages together.
const MEMORY: u64 = 256 * 1024 * 1024;

/// Where the server keeps accepted messages. For each of them there is a
/// [`Received`](super::Received); [`TestServer::take_received`](super::TestServer::take_received) is for
/// tests with a great many.
///
/// ```
/// use pilotfish::testing::{TestServer, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // Messages of gigabytes arrive, and only their sizes are kept.
/// let server = TestServer::builder()
///     .store(Store::Discard)
///     .max_size(0)
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Store {
    /// In memory, 256 MiB in all; what is more is refused with 452 (RFC 5321, section
    /// 4.2.2).
    #[default]
    Memory,
    /// In this directory, one file for each message, in constant memory. A file is named
    /// after its queue identifier; it ends in `.part` until the message is complete, and is
    /// removed if that never happens.
    Directory(PathBuf),
    /// Nowhere: messages are read, checked and counted only.
    Discard,
}

/// How much memory is in use.
#[derive(Debug, Default)]
pub(super) struct Budget(AtomicU64);

impl Budget {
    /// Frees the memory of messages that the server no longer keeps.
    pub(super) fn give_back(&self, octets: u64) {
        self.0.fetch_sub(octets, Ordering::Relaxed);
    }

    fn take(&self, octets: u64) -> bool {
        let before = self.0.fetch_add(octets, Ordering::Relaxed);
        let fits = before.saturating_add(octets) <= MEMORY;
        if !fits {
            self.give_back(octets);
        }
        fits
    }
}

/// Where a message is written. Dropping it deletes the message.
#[derive(Debug)]
pub(super) enum Sink {
    Memory(InMemory),
    File(InFile),
    Discard,
}

impl Sink {
    /// Prepares to write a message with this queue identifier.
    pub(super) async fn open(
        store: &Store,
        budget: &Arc<Budget>,
        queue_id: &str,
    ) -> io::Result<Self> {
        match store {
            Store::Memory => Ok(Self::Memory(InMemory {
                octets: Vec::new(),
                budget: Arc::clone(budget),
            })),
            Store::Directory(directory) => {
                let part = directory.join(format!("{queue_id}.part"));
                Ok(Self::File(InFile {
                    file: File::create_new(&part).await?,
                    part: Some(part),
                    whole: directory.join(format!("{queue_id}.eml")),
                }))
            }
            Store::Discard => Ok(Self::Discard),
        }
    }

    /// Writes a piece.
    ///
    /// [`StorageFull`](io::ErrorKind::StorageFull) if there is no room for it.
    pub(super) async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(memory) => {
                if !memory.budget.take(piece.len() as u64) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                memory.octets.extend_from_slice(piece);
                Ok(())
            }
            Self::File(file) => file.file.write_all(piece).await,
            Self::Discard => Ok(()),
        }
    }

    /// Keeps the message, which is complete. Returns its octets or its file.
    pub(super) async fn keep(self) -> io::Result<(Bytes, Option<PathBuf>)> {
        match self {
            Self::Memory(mut memory) => Ok((std::mem::take(&mut memory.octets).into(), None)),
            Self::File(file) => Ok((Bytes::new(), Some(file.keep().await?))),
            Self::Discard => Ok((Bytes::new(), None)),
        }
    }
}

#[derive(Debug)]
pub(super) struct InMemory {
    octets: Vec<u8>,
    budget: Arc<Budget>,
}

impl Drop for InMemory {
    /// Frees the memory of a message that is not kept. The octets of a kept message have been moved
    /// out.
    fn drop(&mut self) {
        self.budget.give_back(self.octets.len() as u64);
    }
}

#[derive(Debug)]
pub(super) struct InFile {
    file: File,
    /// The name until the message is complete, and the name from then on.
    part: Option<PathBuf>,
    whole: PathBuf,
}

impl InFile {
    async fn keep(mut self) -> io::Result<PathBuf> {
        self.file.flush().await?;
        if let Some(part) = &self.part {
            tokio::fs::rename(part, &self.whole).await?;
        }
        self.part = None;
        Ok(std::mem::take(&mut self.whole))
    }
}

impl Drop for InFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // It may be gone with its directory, and there is no caller for an error.
            let _ = std::fs::remove_file(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn in_memory(budget: &Arc<Budget>) -> Sink {
        Sink::open(&Store::Memory, budget, "4C1F").await.unwrap()
    }

    #[tokio::test]
    async fn memory_is_bounded_and_what_is_forgotten_is_given_back() {
        let budget = Arc::new(Budget(AtomicU64::new(MEMORY - 4)));
        let mut sink = in_memory(&budget).await;
        sink.write(b"abc").await.unwrap();
        let error = sink.write(b"de").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        drop(sink);
        let mut sink = in_memory(&budget).await;
        sink.write(b"abcd").await.unwrap();
        assert_eq!(sink.keep().await.unwrap().0, "abcd");
        let error = in_memory(&budget).await.write(b"e").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
