//! Bodies that go out line by line, as they are.

use std::sync::Arc;

use super::body::Source;
use super::coding::Coding;
use super::file::SourceFile;
use super::header::LONGEST;
use super::scan::Scan;
use super::{Body, BodyError, Data, MessageError};

/// How many octets are looked through at a time.
const BLOCK: usize = 64 * 1024;

/// A body that was looked through, and has nothing in it that could not be sent.
#[derive(Debug)]
pub(super) struct LineBody {
    pub(super) body: Body,
    pub(super) coding: Coding,
    pub(super) data: Data,
}

impl LineBody {
    /// Looks through a body that is open and can be read more than once.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or has a NUL or a line that is too long; `hint` says what to do
    /// then.
    pub(super) async fn new(body: Body, hint: &'static str) -> Result<Self, MessageError> {
        let scan = match body.share().into_source() {
            Source::Bytes(octets) => {
                let mut scan = Scan::default();
                scan.apply(&octets);
                scan
            }
            Source::File(file, start) => scan_file(file, start).await?,
            Source::Path(_) | Source::Reader(_) => return Err(BodyError::Spent.into()),
        };
        let found = if scan.has_nul() {
            "a NUL"
        } else if scan.longest_line() > LONGEST as u64 {
            "a line of over 998 octets"
        } else {
            return Ok(Self {
                body,
                coding: Coding::Lines(scan.len()),
                data: if scan.has_eight_bit() {
                    Data::EightBit
                } else {
                    Data::SevenBit
                },
            });
        };
        Err(MessageError::Unsendable { found, hint })
    }
}

async fn scan_file(file: Arc<SourceFile>, start: u64) -> Result<Scan, BodyError> {
    let for_error = Arc::clone(&file);
    let scanned = tokio::task::spawn_blocking(move || {
        let mut scan = Scan::default();
        let mut block = vec![0; BLOCK];
        let mut offset = start;
        while offset < file.len() {
            let rest = usize::try_from(file.len() - offset).unwrap_or(BLOCK);
            let block = block.get_mut(..rest.min(BLOCK)).unwrap_or_default();
            file.read(block, offset)?;
            scan.apply(block);
            offset += block.len() as u64;
        }
        file.check_end()?;
        Ok(scan)
    });
    let stopped = |error| for_error.failed(std::io::Error::other(error));
    scanned.await.map_err(stopped)?
}
