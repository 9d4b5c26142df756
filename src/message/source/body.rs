//! Where the octets of a part come from.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::Stream;
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;

use super::file::{FileReader, SourceFile};
use super::file_opener::FileOpener;
use super::media_guess::{PREFIX, by_content};
use crate::message::error::BodyError;

/// The octets of a part: in memory, in a file, or from a reader or a stream.
///
/// The length is known before anything is sent, so that the size of the message is exact. If the
/// source turns out to be shorter or longer, that is a [`BodyError`], and the message is not
/// completed.
///
/// Of a reader or a large file, only a few blocks of about 128 KiB are in memory at a time.
///
/// Wherever a body is expected, its source can be given: an array, a slice or a `Vec` of octets, a
/// `String` or `&str` with the text itself, or a [`Path`] or [`PathBuf`] to a file.
///
/// ```
/// # use std::path::Path;
/// # use pilotfish::message::Body;
/// assert_eq!(Body::from([1, 2, 3]).len(), Some(3));
/// assert_eq!(Body::from("text").len(), Some(4));
/// let file = Body::from(Path::new("shark.png"));
/// ```
pub struct Body(pub(super) BodySource);

/// The kinds of bodies.
#[derive(Clone)]
pub(crate) enum BodySource {
    Bytes(Bytes),
    /// A file that has not been looked at yet.
    Path(PathBuf),
    /// A file, from this octet on.
    File(Arc<SourceFile>, u64),
    Reader(Arc<OnceReader>),
}

/// What can be read only once, and how many octets it gives.
///
/// The lock is never waited for. It makes a message `Sync` whatever its readers are.
pub(crate) struct OnceReader {
    inner: Mutex<Option<BoxedReader>>,
    pub(super) len: u64,
}

pub(crate) type BoxedReader = Box<dyn AsyncRead + Send + Unpin>;

impl OnceReader {
    /// The reader; nothing if it has been taken before.
    pub(crate) fn take(&self) -> Option<BoxedReader> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.take()
    }

    fn is_consumed(&self) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.is_none()
    }
}

impl Body {
    /// Octets in memory. They are shared, not copied: a clone of the same [`Bytes`] can be attached to
    /// any number of messages.
    ///
    /// ```
    /// # use pilotfish::message::Body;
    /// assert_eq!(Body::bytes(&b"\x89PNG"[..]).len(), Some(4));
    /// ```
    pub fn bytes(octets: impl Into<Bytes>) -> Self {
        Self(BodySource::Bytes(octets.into()))
    }

    /// The file at `path`. It is checked when the message is built, so that errors of opening appear
    /// before anything is sent, and it is closed while the mail waits.
    ///
    /// A file of at most 64 KiB is read when the message is built, and later changes of it do not
    /// matter. The small files of one message occupy at most 4 MiB of memory together; the rest of
    /// them are treated like larger files.
    ///
    /// A larger file is opened again when its octets are sent. It must not change until then: its
    /// length, its modification time and, on Unix, its device and inode are compared before it is read
    /// and at its end. If it was written to, replaced or deleted meanwhile, that is a [`BodyError`].
    /// A program that writes through a shared memory mapping may change neither: such a change can go
    /// unnoticed.
    ///
    /// Symbolic links are followed. The file must be a regular file: a directory, a pipe, a socket or a
    /// device has no fixed number of octets.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(BodySource::Path(path.into()))
    }

    /// The octets of `reader`, which must be exactly `len`.
    ///
    /// They are read while the message is sent, and only once: a message with such a body is
    /// [not repeatable](crate::message::Message::is_repeatable).
    pub fn reader(reader: impl AsyncRead + Send + Unpin + 'static, len: u64) -> Self {
        Self(BodySource::Reader(Arc::new(OnceReader {
            inner: Mutex::new(Some(Box::new(reader))),
            len,
        })))
    }

    /// The octets of `stream`, which must be exactly `len`; otherwise as [`reader`](Self::reader).
    ///
    /// ```
    /// # use pilotfish::message::Body;
    /// let blocks = [Ok("Hello, "), Ok("world")].map(|block| block.map(bytes::Bytes::from));
    /// let body = Body::stream(futures_util::stream::iter(blocks), 12);
    /// ```
    pub fn stream<S>(stream: S, len: u64) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
    {
        Self::reader(StreamReader::new(stream), len)
    }

    /// The number of octets; `None` for a file that is not open yet.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            BodySource::Bytes(octets) => Some(octets.len() as u64),
            BodySource::Path(_) => None,
            BodySource::File(file, start) => Some(file.was.len.saturating_sub(*start)),
            BodySource::Reader(reader) => Some(reader.len),
        }
    }

    /// Whether the length is known to be zero.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Opens the file, if the body is one. Dropping the future leaves no trace.
    pub(crate) async fn open(&mut self) -> Result<(), BodyError> {
        if let BodySource::Path(_) = &self.0 {
            let mut body = self.handle();
            let open = move || body.blocking_open(&mut FileOpener::new()).map(|()| body);
            let opened = tokio::task::spawn_blocking(open).await;
            *self = opened.map_err(BodyError::stopped)??;
        }
        Ok(())
    }

    /// The same in a thread that may block.
    pub(crate) fn blocking_open(&mut self, opener: &mut FileOpener) -> Result<(), BodyError> {
        if let BodySource::Path(path) = &self.0 {
            self.0 = BodySource::File(Arc::new(opener.open(path)?), 0);
        }
        Ok(())
    }

    /// The first octets, at most `most`, of a body that is open and not a reader.
    pub(crate) async fn read(&self, most: usize) -> Result<Bytes, BodyError> {
        if self.needs_blocking() {
            let body = self.handle();
            let read = tokio::task::spawn_blocking(move || body.blocking_read(most)).await;
            return read.map_err(BodyError::stopped)?;
        }
        self.blocking_read(most)
    }

    /// The same in a thread that may block.
    pub(crate) fn blocking_read(&self, most: usize) -> Result<Bytes, BodyError> {
        let len = usize::try_from(self.len().unwrap_or_default());
        let len = len.unwrap_or(most).min(most);
        match self.handle().into_source() {
            BodySource::Bytes(octets) => Ok(octets.slice(..len)),
            BodySource::File(file, start) => {
                let mut octets = vec![0; len];
                FileReader::new(file).read(&mut octets, start)?;
                Ok(octets.into())
            }
            BodySource::Path(_) | BodySource::Reader(_) => Err(BodyError::Spent),
        }
    }

    /// Whether opening it or reading it blocks the thread.
    pub(crate) fn needs_blocking(&self) -> bool {
        match &self.0 {
            BodySource::Path(_) => true,
            BodySource::File(file, _) => file.octets.is_none(),
            BodySource::Bytes(_) | BodySource::Reader(_) => false,
        }
    }

    /// All that follows this many octets. The body is open, and no reader.
    pub(crate) fn skip(self, offset: usize) -> Self {
        Self(match self.0 {
            BodySource::Bytes(octets) => BodySource::Bytes(tail(&octets, offset as u64)),
            BodySource::File(file, start) => BodySource::File(file, start + offset as u64),
            other => other,
        })
    }

    /// Leaves out a byte order mark at the beginning of a file, where editors on Windows write one. The body
    /// is open. Returns how many octets the mark has.
    pub(crate) fn skip_mark(&mut self) -> usize {
        let has_mark = match &self.0 {
            BodySource::File(file, start) => *start == 0 && file.has_mark,
            BodySource::Bytes(_) | BodySource::Path(_) | BodySource::Reader(_) => false,
        };
        if !has_mark {
            return 0;
        }
        *self = self.handle().skip(MARK.len());
        MARK.len()
    }

    /// Another body that gives the same octets. A reader is shared, so that only the first to
    /// read it gets them.
    pub(crate) fn handle(&self) -> Self {
        Self(self.0.clone())
    }

    /// Whether the octets can be read more than once.
    pub(crate) fn is_repeatable(&self) -> bool {
        !matches!(self.0, BodySource::Reader(_))
    }

    /// Whether the octets could be read only once, and have been read.
    pub(crate) fn is_consumed(&self) -> bool {
        matches!(&self.0, BodySource::Reader(reader) if reader.is_consumed())
    }

    /// The media type of the first octets, if they are known and of a known format.
    pub(crate) fn content(&self) -> Option<&'static str> {
        match &self.0 {
            BodySource::Bytes(octets) => by_content(octets.get(..PREFIX).unwrap_or(octets)),
            BodySource::File(file, _) => file.content,
            BodySource::Path(_) | BodySource::Reader(_) => None,
        }
    }

    /// The path, if it is a file.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.0 {
            BodySource::Path(path) => Some(path),
            BodySource::File(file, _) => file.path(),
            BodySource::Bytes(_) | BodySource::Reader(_) => None,
        }
    }

    /// Where its octets are read from: the memory for a file that was taken into it.
    pub(crate) fn into_source(self) -> BodySource {
        match self.0 {
            BodySource::File(file, start) => match &file.octets {
                Some(octets) => BodySource::Bytes(tail(octets, start)),
                None => BodySource::File(file, start),
            },
            other => other,
        }
    }
}

/// The byte order mark in UTF-8.
pub(super) const MARK: &[u8] = "\u{feff}".as_bytes();

/// All octets from `start` on.
fn tail(octets: &Bytes, start: u64) -> Bytes {
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    octets.slice(start.min(octets.len())..)
}

/// Octets in memory, without a copy where the type allows it, or the file at a path.
macro_rules! body_from {
    ($($type:ty => $make:expr;)*) => {$(
        impl From<$type> for Body {
            fn from(source: $type) -> Self {
                $make(source)
            }
        }
    )*};
}

body_from! {
    Bytes => Body::bytes;
    Vec<u8> => Body::bytes;
    String => Body::bytes;
    &[u8] => |octets| Body::bytes(Bytes::copy_from_slice(octets));
    &str => |text: &str| Body::bytes(text.to_owned());
    &String => |text: &String| Body::bytes(text.clone());
    Box<str> => |text: Box<str>| Body::bytes(text.into_string());
    Cow<'_, str> => |text: Cow<'_, str>| Body::bytes(text.into_owned());
    PathBuf => Body::file;
    &Path => Body::file;
}

/// A copy of the octets in memory.
impl<const N: usize> From<[u8; N]> for Body {
    fn from(octets: [u8; N]) -> Self {
        Self::from(&octets[..])
    }
}

/// A copy of the octets in memory.
impl<const N: usize> From<&[u8; N]> for Body {
    fn from(octets: &[u8; N]) -> Self {
        Self::from(&octets[..])
    }
}

/// Shows the source and the length, and none of the octets.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Body");
        match &self.0 {
            BodySource::Bytes(_) => shown.field("source", &"bytes"),
            BodySource::Path(path) => shown.field("source", path),
            BodySource::File(file, _) => shown.field("source", &file.path()),
            BodySource::Reader(_) => shown.field("source", &"reader"),
        };
        shown.field("len", &self.len()).finish_non_exhaustive()
    }
}
