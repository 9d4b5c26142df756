//! Bodies that are sent line by line, as they are.

use std::ops::Range;
use std::sync::Arc;

use super::body::{Body, BodySource};
use super::file::{FileReader, SourceFile};
use crate::message::encoding::{BodyEncoding, BodyType, Scan, Trouble};
use crate::message::error::BodyError;

/// How many octets are looked through at a time.
const BLOCK: usize = 64 * 1024;

/// How many octets are looked through between two points where it can stop.
const SLICE: usize = 8 * 1024 * 1024;

/// A body that was looked through, and contains nothing that cannot be sent.
#[derive(Debug)]
pub(crate) struct VerbatimBody {
    pub(crate) body: Body,
    pub(crate) encoding: BodyEncoding,
    pub(crate) body_type: BodyType,
}

impl VerbatimBody {
    /// Looks through a body that is open and can be read more than once. It can be sent unless
    /// it has a NUL or a line that is too long.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) async fn new(body: Body) -> Result<Result<Self, Trouble>, BodyError> {
        let scan = match body.handle().into_source() {
            BodySource::Bytes(octets) => {
                let mut scan = Scan::default();
                for (at, slice) in octets.chunks(SLICE).enumerate() {
                    if at > 0 {
                        tokio::task::yield_now().await;
                    }
                    scan.apply(slice);
                }
                scan
            }
            BodySource::File(file, start) => scan_file(file, start).await?,
            BodySource::Path(_) | BodySource::Reader(_) => return Err(BodyError::Spent),
        };
        Ok(scan.body_type().map(|body_type| Self {
            body,
            encoding: BodyEncoding::Lines(scan.len()),
            body_type,
        }))
    }
}

/// Looks through a file, from `start` on. If the future is dropped, it stops soon.
async fn scan_file(file: Arc<SourceFile>, start: u64) -> Result<Scan, BodyError> {
    let reader = Arc::new(FileReader::new(Arc::clone(&file)));
    let mut scan = Scan::default();
    let mut offset = start;
    loop {
        let end = file.was.len.min(offset.saturating_add(SLICE as u64));
        let shared = Arc::clone(&reader);
        let slice = tokio::task::spawn_blocking(move || {
            scan_slice(&shared, offset..end, &mut scan)?;
            Ok(scan)
        });
        let stopped = |error| file.failed(std::io::Error::other(error));
        scan = slice.await.map_err(stopped)??;
        if end == file.was.len {
            return Ok(scan);
        }
        offset = end;
    }
}

/// Looks through a part of a file, and at its end if that is where the part ends.
fn scan_slice(file: &FileReader, slice: Range<u64>, scan: &mut Scan) -> Result<(), BodyError> {
    let mut block = vec![0; BLOCK];
    let mut offset = slice.start;
    while offset < slice.end {
        let rest = usize::try_from(slice.end - offset).unwrap_or(BLOCK);
        let block = block.get_mut(..rest.min(BLOCK)).unwrap_or_default();
        file.read(block, offset)?;
        scan.apply(block);
        offset += block.len() as u64;
    }
    if slice.end == file.source.was.len {
        file.check_end()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn text() -> Vec<u8> {
        let mut text = b"x".repeat(100);
        // A line end that a slice ends in.
        text.resize(SLICE - 1, b'\n');
        text.extend_from_slice("\r\nä\n".as_bytes());
        text
    }

    #[test]
    fn long_bodies_are_looked_through_slice_by_slice() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let from_file = async {
            let mut body = Body::file(file.path());
            body.open().await.unwrap();
            VerbatimBody::new(body).await.unwrap().unwrap()
        };
        let runtime = { runtime }.build().unwrap();
        let from_file = runtime.block_on(from_file);
        let from_memory = runtime.block_on(VerbatimBody::new(Body::bytes(text())));
        let len = 100 + 2 * (SLICE as u64 - 101) + 2 + 4;
        for body in [from_file, from_memory.unwrap().unwrap()] {
            assert_eq!(body.encoding, BodyEncoding::Lines(len));
            assert_eq!(body.body_type, BodyType::EightBit);
        }
    }

    #[test]
    fn others_may_run_meanwhile() {
        let looking = VerbatimBody::new(Body::bytes(text()));
        assert!(looking.now_or_never().is_none());
    }
}
