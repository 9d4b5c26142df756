//! A body on its way into base64, piece by piece.

use std::io;
use std::mem;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;

use super::base64_lines::{LINE, base64_lines, base64_lines_len};
use super::body::{BoxedReader, Source};
use super::error::Origin;
use super::file::SourceFile;
use super::{Body, BodyError};

/// How many octets of a body make one piece: whole lines, which encoded are just below 64 KiB.
const PIECE: usize = 840 * LINE;

/// The most octets of an encoded piece.
pub(super) const ENCODED_PIECE: usize = 840 * 78;

/// A body of which pieces have been taken.
pub(super) struct Feed {
    kind: Kind,
    len: u64,
    /// What has been taken, before it was encoded.
    taken: u64,
    /// Whether the end has been taken and found to be the end.
    ended: bool,
}

enum Kind {
    Bytes(Bytes),
    File(FileFeed),
    Reader(ReaderFeed),
}

impl Feed {
    pub(super) fn new(body: Body) -> Self {
        let len = body.len();
        let kind = match body.into_source() {
            Source::Bytes(octets) => Kind::Bytes(octets),
            Source::File(file) => Kind::File(FileFeed {
                file,
                ahead: None,
                spare: Vec::new(),
            }),
            Source::Reader(reader) => {
                let reader = reader.into_inner();
                Kind::Reader(ReaderFeed {
                    reader,
                    raw: Vec::new(),
                    filled: 0,
                })
            }
        };
        Self {
            kind,
            len,
            taken: 0,
            ended: false,
        }
    }

    /// How many octets the next piece will have when it is encoded; none if there is no more.
    pub(super) fn next_len(&self) -> Option<usize> {
        if self.ended {
            return None;
        }
        base64_lines_len(self.span().len as u64).and_then(|len| usize::try_from(len).ok())
    }

    /// Appends the next piece, encoded, to `out`.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing has been appended, and nothing is lost.
    pub(super) async fn next_piece(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let span = self.span();
        match &mut self.kind {
            Kind::Bytes(octets) => {
                base64_lines(octets.get(..span.len).unwrap_or(octets), out);
                octets.advance(span.len.min(octets.len()));
            }
            Kind::File(file) => file.next_piece(span, out).await?,
            Kind::Reader(reader) => reader.next_piece(span, out).await?,
        }
        self.taken = span.end();
        self.ended = span.end() == self.len;
        Ok(())
    }

    fn span(&self) -> Span {
        Span::at(self.taken, self.len)
    }
}

/// Which octets of a body are a piece.
#[derive(Debug, Clone, Copy)]
struct Span {
    offset: u64,
    len: usize,
    /// The length of the whole body.
    of: u64,
}

impl Span {
    fn at(offset: u64, of: u64) -> Self {
        let len = usize::try_from(of - offset).unwrap_or(PIECE).min(PIECE);
        Self { offset, len, of }
    }

    fn end(self) -> u64 {
        self.offset + self.len as u64
    }

    fn is_last(self) -> bool {
        self.end() == self.of
    }
}

/// A file, of which the piece after the present one is being read and encoded in the pool of
/// blocking threads while the present one is being sent.
struct FileFeed {
    file: Arc<SourceFile>,
    ahead: Option<JoinHandle<Result<Piece, BodyError>>>,
    spare: Vec<u8>,
}

/// What a thread of the pool works on, and in.
#[derive(Default)]
struct Piece {
    raw: Aligned,
    encoded: Vec<u8>,
}

impl FileFeed {
    async fn next_piece(&mut self, span: Span, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let file = &self.file;
        let ahead = self
            .ahead
            .get_or_insert_with(|| read(file, span, Piece::default()));
        let piece = ahead.await;
        self.ahead = None;
        let Piece { raw, mut encoded } =
            piece.map_err(|stopped| self.file.failed(io::Error::other(stopped)))??;
        if !span.is_last() {
            let piece = Piece {
                raw,
                encoded: mem::take(&mut self.spare),
            };
            self.ahead = Some(read(&self.file, Span::at(span.end(), span.of), piece));
        }
        if out.is_empty() {
            mem::swap(out, &mut encoded);
        } else {
            out.extend_from_slice(&encoded);
        }
        self.spare = encoded;
        Ok(())
    }
}

/// Starts to read and encode a piece.
fn read(file: &Arc<SourceFile>, span: Span, piece: Piece) -> JoinHandle<Result<Piece, BodyError>> {
    let file = Arc::clone(file);
    tokio::task::spawn_blocking(move || {
        let Piece {
            mut raw,
            mut encoded,
        } = piece;
        let octets = raw.of_len(span.len);
        file.read(octets, span.offset)?;
        if span.is_last() {
            file.check_end()?;
        }
        encoded.clear();
        base64_lines(octets, &mut encoded);
        Ok(Piece { raw, encoded })
    })
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
struct ReaderFeed {
    reader: BoxedReader,
    raw: Vec<u8>,
    filled: usize,
}

impl ReaderFeed {
    async fn next_piece(&mut self, span: Span, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let failed = |source| BodyError::Read {
            origin: Origin::Reader,
            source,
        };
        self.raw.resize(span.len, 0);
        while let Some(rest @ [_, ..]) = self.raw.get_mut(self.filled..) {
            let read = self.reader.read(rest).await.map_err(failed)?;
            if read == 0 {
                return Err(BodyError::Short {
                    origin: Origin::Reader,
                    expected: span.of,
                    found: span.offset + self.filled as u64,
                });
            }
            self.filled += read;
        }
        if span.is_last() && self.reader.read(&mut [0]).await.map_err(failed)? > 0 {
            return Err(BodyError::Long {
                origin: Origin::Reader,
                expected: span.of,
                found: span.of.saturating_add(1),
            });
        }
        base64_lines(&self.raw, out);
        self.filled = 0;
        Ok(())
    }
}
