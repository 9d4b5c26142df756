//! Reads a body piece by piece, encoded. Files are read ahead.

use std::collections::VecDeque;
use std::io;
use std::iter;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;

use crate::message::encoding::{BodyEncoding, TextEncoder};
use crate::message::error::BodyError;
use crate::message::source::{Body, BodySource, BoxedReader, FileReader};

/// Reads the pieces of a body.
pub(crate) struct BodyReader {
    kind: Reading,
    encoding: BodyEncoding,
    /// What encodes a text, and what it encodes of a file.
    text: Option<(TextEncoder, Vec<u8>)>,
    /// The piece to be taken next. Even an empty body has one, as its end has to be seen.
    next: Option<Span>,
    /// The last octet of the piece before it, unless it is a file's.
    before: Option<u8>,
    /// Whether others could run before it, since what is in memory is always ready.
    has_yielded: bool,
    /// How many octets the pieces up to it had when they were encoded.
    written: u64,
    /// How many all of them have to have.
    len: Option<u64>,
}

enum Reading {
    Bytes(Bytes),
    File(FileReading),
    Reader(OnceReading),
}

impl BodyReader {
    /// Begins to read a body that is open.
    pub(crate) fn new(body: Body, encoding: BodyEncoding) -> Self {
        let octets = body.len().unwrap_or_default();
        let first = Span::at(0, octets, encoding.piece());
        let text = match encoding {
            BodyEncoding::Text(encoding, _) => Some((TextEncoder::new(encoding), Vec::new())),
            _ => None,
        };
        let kind = match body.into_source() {
            BodySource::Bytes(octets) => Reading::Bytes(octets),
            BodySource::File(file, start) => Reading::File(FileReading {
                file: Arc::new(FileReader::new(file)),
                start,
                encoding,
                next: Some(first),
                ahead: VecDeque::new(),
                present: ReadAhead::default(),
                spare: Vec::new(),
            }),
            BodySource::Reader(reader) => Reading::Reader(OnceReading::new(reader.take())),
            // A message is not built before its files are open.
            BodySource::Path(_) => Reading::Reader(OnceReading::new(None)),
        };
        Self {
            kind,
            encoding,
            text,
            next: Some(first),
            before: None,
            has_yielded: true,
            written: 0,
            len: encoding.len(octets),
        }
    }

    /// Whether the pieces are whole lines of base64.
    pub(crate) fn is_base64(&self) -> bool {
        self.encoding == BodyEncoding::Base64
    }

    /// Whether a piece may be cut, so that blocks become full: a text in memory.
    pub(crate) fn may_be_cut(&self) -> bool {
        let is_text = matches!(
            self.encoding,
            BodyEncoding::Lines(_) | BodyEncoding::Text(..)
        );
        is_text && matches!(self.kind, Reading::Bytes(_))
    }

    /// The most octets that the next piece will have when it is encoded; none if there is no
    /// more.
    pub(crate) fn next_len(&self) -> Option<usize> {
        self.next.map(|span| self.encoding.max_len(span.len))
    }

    /// Appends the next piece, encoded, to `out`.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing has been appended, and nothing is lost.
    pub(crate) async fn next_piece(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let Some(span) = self.next else {
            return Ok(());
        };
        let begin = out.len();
        match (&mut self.kind, &mut self.text) {
            (Reading::Bytes(octets), text) => {
                // Once for each piece, even if the future is dropped meanwhile.
                if !mem::replace(&mut self.has_yielded, true) {
                    tokio::task::yield_now().await;
                }
                let piece = octets.split_to(span.len.min(octets.len()));
                match text {
                    Some((encoder, _)) => encoder.apply(&piece, span.is_last(), out),
                    None => self
                        .encoding
                        .encode(self.before, &piece, span.is_last(), out),
                }
                self.before = piece.last().copied();
            }
            (Reading::File(file), Some((encoder, piece))) => {
                piece.clear();
                file.next_piece(piece).await?;
                encoder.apply(piece, span.is_last(), out);
            }
            (Reading::File(file), None) => file.next_piece(out).await?,
            // A text is read before it is sent, and so cannot be a reader.
            (Reading::Reader(reader), _) => {
                let piece = reader.next_piece(span).await?;
                self.encoding
                    .encode(self.before, piece, span.is_last(), out);
                self.before = piece.last().copied();
            }
        }
        self.has_yielded = false;
        self.next = span.following();
        self.written += (out.len() - begin) as u64;
        self.check_len()
    }

    /// Checks the number of octets written: a file that was rewritten with the same length and time
    /// may have other line ends than before.
    fn check_len(&self) -> Result<(), BodyError> {
        let is_right = match self.next {
            None => Some(self.written) == self.len,
            Some(_) => Some(self.written) <= self.len,
        };
        match &self.kind {
            _ if is_right => Ok(()),
            Reading::File(feed) => Err(feed.file.source.changed()),
            Reading::Bytes(_) | Reading::Reader(_) => Err(BodyError::Changed { file: None }),
        }
    }
}

/// Which octets of a body are a piece.
#[derive(Debug, Clone, Copy)]
struct Span {
    offset: u64,
    len: usize,
    /// The length of the whole body.
    of: u64,
    /// The length of every piece but the last.
    piece: usize,
}

impl Span {
    fn at(offset: u64, of: u64, piece: usize) -> Self {
        let len = usize::try_from(of - offset).unwrap_or(piece).min(piece);
        Self {
            offset,
            len,
            of,
            piece,
        }
    }

    fn is_last(self) -> bool {
        self.end() == self.of
    }

    fn following(self) -> Option<Self> {
        (!self.is_last()).then(|| Self::at(self.end(), self.of, self.piece))
    }

    /// This piece and those after it that are read together.
    fn stretch(self) -> impl Iterator<Item = Self> {
        iter::successors(Some(self), |span| span.following()).take(STRETCH)
    }

    fn end(self) -> u64 {
        self.offset + self.len as u64
    }
}

/// How many pieces of a file are read and encoded together. With one, threads are woken more often;
/// with four, it is as fast, and a transfer occupies twice the memory.
const STRETCH: usize = 2;

/// How many groups of pieces are read and encoded ahead of the one that is being sent.
const AHEAD: usize = 2;

/// A file, whose next pieces are read and encoded in the pool of blocking threads.
struct FileReading {
    file: Arc<FileReader>,
    /// Where the body begins in it.
    start: u64,
    encoding: BodyEncoding,
    /// The first piece of the stretch to be started next.
    next: Option<Span>,
    ahead: VecDeque<JoinHandle<Result<ReadAhead, BodyError>>>,
    /// What is being sent.
    present: ReadAhead,
    spare: Vec<ReadAhead>,
}

/// Some pieces, one after the other: what a thread of the pool works on, and in.
#[derive(Default)]
struct ReadAhead {
    raw: Aligned,
    encoded: Vec<Vec<u8>>,
    /// How many of them have been taken.
    taken: usize,
}

impl FileReading {
    async fn next_piece(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.start();
        if self.present.is_spent() {
            let Some(first) = self.ahead.front_mut() else {
                return Err(BodyError::BrokenOff);
            };
            let stretch = first.await;
            self.ahead.pop_front();
            let stretch =
                stretch.map_err(|stopped| self.file.source.failed(io::Error::other(stopped)))??;
            self.spare.push(mem::replace(&mut self.present, stretch));
            self.start();
        }
        self.present.take(out);
        Ok(())
    }

    /// Starts to read what may be read by now.
    fn start(&mut self) {
        while let Some(first) = self.next.filter(|_| self.ahead.len() < AHEAD) {
            let last = first.stretch().last().unwrap_or(first);
            // The last piece includes the check that the file was not written to, which must come
            // after all others have been read.
            if last.is_last() && !self.ahead.is_empty() {
                return;
            }
            let stretch = self.spare.pop().unwrap_or_default();
            self.ahead.push_back(self.read(first, stretch));
            self.next = last.following();
        }
    }

    /// Starts to read and encode a stretch.
    fn read(
        &self,
        first: Span,
        mut stretch: ReadAhead,
    ) -> JoinHandle<Result<ReadAhead, BodyError>> {
        let (file, start, encoding) = (Arc::clone(&self.file), self.start, self.encoding);
        tokio::task::spawn_blocking(move || {
            stretch.taken = 0;
            stretch
                .encoded
                .resize_with(first.stretch().count(), Vec::new);
            for (span, encoded) in first.stretch().zip(&mut stretch.encoded) {
                let back = usize::from(encoding.looks_back() && span.offset > 0);
                let octets = stretch.raw.of_len(span.len + back);
                file.read(octets, start + span.offset - back as u64)?;
                if span.is_last() {
                    file.check_end()?;
                }
                let (before, octets) = octets.split_at_checked(back).unwrap_or_default();
                encoded.clear();
                encoding.encode(before.last().copied(), octets, span.is_last(), encoded);
            }
            Ok(stretch)
        })
    }
}

impl ReadAhead {
    fn is_spent(&self) -> bool {
        self.taken == self.encoded.len()
    }

    /// Appends the next piece to `out`.
    fn take(&mut self, out: &mut Vec<u8>) {
        if let Some(piece) = self.encoded.get_mut(self.taken) {
            if out.is_empty() {
                mem::swap(out, piece);
            } else {
                out.extend_from_slice(piece);
            }
            self.taken += 1;
        }
    }
}

/// Memory that begins where a cache line does: operating systems copy several times slower to
/// places that do not.
#[derive(Default)]
struct Aligned(Vec<u8>);

impl Aligned {
    const LINE: usize = 64;

    /// This many octets of it, whatever they are.
    fn of_len(&mut self, len: usize) -> &mut [u8] {
        if self.0.len() < len + Self::LINE {
            self.0.resize(len + Self::LINE, 0);
        }
        let skip = self.0.as_ptr().align_offset(Self::LINE).min(Self::LINE);
        self.0.get_mut(skip..skip + len).unwrap_or_default()
    }
}

/// A reader, and what of the present piece it has given so far.
struct OnceReading {
    /// `None` if another handle reads it. The lock is never waited for: it makes this `Sync`, and a
    /// session with it.
    reader: Option<Mutex<BoxedReader>>,
    raw: Vec<u8>,
    filled: usize,
}

impl OnceReading {
    fn new(reader: Option<BoxedReader>) -> Self {
        Self {
            reader: reader.map(Mutex::new),
            raw: Vec::new(),
            filled: 0,
        }
    }

    async fn next_piece(&mut self, span: Span) -> Result<&[u8], BodyError> {
        let failed = |source| BodyError::Read { file: None, source };
        let wrong = |found| {
            Err(BodyError::Length {
                file: None,
                expected: span.of,
                found,
            })
        };
        let reader = self.reader.as_mut().ok_or(BodyError::Spent)?;
        let reader = reader.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.raw.resize(span.len, 0);
        while let Some(rest @ [_, ..]) = self.raw.get_mut(self.filled..) {
            let read = read(reader, rest).await.map_err(failed)?;
            if read == 0 {
                return wrong(span.offset + self.filled as u64);
            }
            self.filled += read;
        }
        if span.is_last() && read(reader, &mut [0]).await.map_err(failed)? > 0 {
            return wrong(span.of.saturating_add(1));
        }
        self.filled = 0;
        Ok(&self.raw)
    }
}

/// Reads from what the caller gave. A panic there fails the one message, and not the connection
/// that carries others, too.
async fn read(reader: &mut BoxedReader, place: &mut [u8]) -> io::Result<usize> {
    let read = AssertUnwindSafe(reader.read(place)).catch_unwind();
    read.await
        .unwrap_or_else(|_| Err(io::Error::other("the reader panicked")))
}
