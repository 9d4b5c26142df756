//! Where the octets of an attachment come from.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncRead;

use super::BodyError;
use super::file::SourceFile;
use super::media_guess::{PREFIX, by_content};

/// The octets of an attachment: in memory, in a file, or from a reader.
///
/// Its length is known from the beginning, so that the size of the message is exact before
/// anything is sent, and the source is held to it: one that turns out to be shorter or longer is
/// a [`BodyError`], and the message is not completed.
///
/// However long a file or what a reader gives may be, no more than a few blocks of about 64 KiB
/// are in memory at a time.
pub struct Body {
    source: Source,
    content: Option<&'static str>,
}

/// The kinds of bodies.
pub(super) enum Source {
    Bytes(Bytes),
    File(Arc<SourceFile>),
    Reader(Reader),
}

/// What can be read only once, and how many octets it gives.
///
/// The lock is never waited for. It makes a message `Sync` whatever its readers are.
pub(super) struct Reader {
    inner: Mutex<BoxedReader>,
    len: u64,
}

pub(super) type BoxedReader = Box<dyn AsyncRead + Send + Unpin>;

impl Reader {
    pub(super) fn into_inner(self) -> BoxedReader {
        self.inner
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body {
    /// Octets in memory. They are shared, not copied.
    ///
    /// ```
    /// # use pilotfish::message::Body;
    /// assert_eq!(Body::bytes(&b"\x89PNG"[..]).len(), 4);
    /// ```
    pub fn bytes(octets: impl Into<Bytes>) -> Self {
        let octets = octets.into();
        let content = by_content(octets.get(..PREFIX).unwrap_or(&octets));
        Self {
            source: Source::Bytes(octets),
            content,
        }
    }

    /// The file at `path`, which is opened now and stays open as long as the body.
    ///
    /// So whatever hinders the sending comes to light before anything is sent, and a file that
    /// is replaced or deleted afterwards is sent as it was. A file that is written to afterwards
    /// is not sent: at the end of reading, its length and the time of its last change have to be
    /// what they were. Symbolic links are followed.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or read, or if it is no regular file: a directory, a pipe, a
    /// socket or a device has no fixed number of octets.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind; the file is closed as soon as the operating
    /// system has answered.
    pub async fn file(path: impl Into<PathBuf>) -> Result<Self, BodyError> {
        let path = path.into();
        let for_error = path.clone();
        let (file, prefix) = tokio::task::spawn_blocking(move || SourceFile::open(path))
            .await
            .map_err(|stopped| BodyError::Open {
                path: for_error,
                source: io::Error::other(stopped),
            })??;
        Ok(Self {
            source: Source::File(Arc::new(file)),
            content: by_content(&prefix),
        })
    }

    /// What `reader` gives, which has to be exactly `len` octets and then its end.
    ///
    /// It is read while the message is sent, and only once: a message with such a body
    /// [cannot be cloned](super::Message::try_clone), and so not be sent a second time.
    pub fn reader(reader: impl AsyncRead + Send + Unpin + 'static, len: u64) -> Self {
        let reader = Reader {
            inner: Mutex::new(Box::new(reader)),
            len,
        };
        Self {
            source: Source::Reader(reader),
            content: None,
        }
    }

    /// How many octets there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.source {
            Source::Bytes(octets) => octets.len() as u64,
            Source::File(file) => file.len(),
            Source::Reader(reader) => reader.len,
        }
    }

    /// Whether there are no octets at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Another body that gives the same octets; none if they can be read only once.
    pub(super) fn try_clone(&self) -> Option<Self> {
        let source = match &self.source {
            Source::Bytes(octets) => Source::Bytes(octets.clone()),
            Source::File(file) => Source::File(Arc::clone(file)),
            Source::Reader(_) => return None,
        };
        Some(Self {
            source,
            content: self.content,
        })
    }

    /// The media type that the first octets give away.
    pub(super) fn content(&self) -> Option<&'static str> {
        self.content
    }

    pub(super) fn into_source(self) -> Source {
        self.source
    }
}

/// Shows where the octets come from and how many they are, and none of them.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Body");
        match &self.source {
            Source::Bytes(_) => shown.field("source", &"bytes"),
            Source::File(file) => shown.field("source", &file.path()),
            Source::Reader(_) => shown.field("source", &"reader"),
        };
        shown.field("len", &self.len()).finish_non_exhaustive()
    }
}
