//! Bodies that are looked through before they are sent.

use std::ops::Range;
use std::sync::Arc;

use super::body::{Body, BodySource};
use super::file::{FileReader, SourceFile};
use crate::message::error::BodyError;

/// How many octets are looked through at a time. In memory, others can run after them.
const BLOCK: usize = 64 * 1024;

/// How many octets of a file are looked through between two points where it can stop.
pub(super) const SLICE: usize = 8 * 1024 * 1024;

/// Looks through a body that is open and can be read more than once: `apply` gets all blocks in their
/// order, and `state`. If the future is dropped, it stops soon.
///
/// # Errors
///
/// If the body cannot be read.
pub(super) async fn look_through<S: Send + 'static>(
    body: &Body,
    mut state: S,
    apply: fn(&mut S, &[u8]),
) -> Result<S, BodyError> {
    match body.handle().into_source() {
        BodySource::Bytes(octets) => {
            for (at, block) in octets.chunks(BLOCK).enumerate() {
                if at > 0 {
                    tokio::task::yield_now().await;
                }
                apply(&mut state, block);
            }
            Ok(state)
        }
        BodySource::File(file, start) => look_through_file(&file, start, state, apply).await,
        BodySource::Path(_) | BodySource::Reader(_) => Err(BodyError::Spent),
    }
}

/// Looks through a file, from `start` on.
async fn look_through_file<S: Send + 'static>(
    file: &Arc<SourceFile>,
    start: u64,
    mut state: S,
    apply: fn(&mut S, &[u8]),
) -> Result<S, BodyError> {
    let reader = Arc::new(FileReader::new(Arc::clone(file)));
    let mut offset = start;
    loop {
        let end = file.was.len.min(offset.saturating_add(SLICE as u64));
        let shared = Arc::clone(&reader);
        let slice = tokio::task::spawn_blocking(move || {
            read_slice(&shared, offset..end, |block| apply(&mut state, block))?;
            Ok(state)
        });
        let stopped = |error| file.failed(std::io::Error::other(error));
        state = slice.await.map_err(stopped)??;
        if end == file.was.len {
            return Ok(state);
        }
        offset = end;
    }
}

/// Reads a part of a file, and checks its end if that is where the part ends.
fn read_slice(
    file: &FileReader,
    slice: Range<u64>,
    mut apply: impl FnMut(&[u8]),
) -> Result<(), BodyError> {
    let mut block = vec![0; BLOCK];
    let mut offset = slice.start;
    while offset < slice.end {
        let rest = usize::try_from(slice.end - offset).unwrap_or(BLOCK);
        let block = block.get_mut(..rest.min(BLOCK)).unwrap_or_default();
        file.read(block, offset)?;
        apply(block);
        offset += block.len() as u64;
    }
    if slice.end == file.source.was.len {
        file.check_end()?;
    }
    Ok(())
}
