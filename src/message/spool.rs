//! What a reader gives, kept so that it can be read again.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::BodyError;
use super::body::Source;
use super::error::Origin;
use super::file::SourceFile;

/// What is less than this stays in memory.
const IN_MEMORY: u64 = 1024 * 1024;

/// Reads to the end, which has to come within the limit.
pub(super) async fn spool(
    reader: impl AsyncRead + Send + Unpin,
    limit: u64,
) -> Result<Source, BodyError> {
    let mut reader = reader.take(limit.saturating_add(1));
    let mut octets = Vec::new();
    let mut first = (&mut reader).take(IN_MEMORY);
    first.read_to_end(&mut octets).await.map_err(unread)?;
    if (octets.len() as u64) < IN_MEMORY {
        within(octets.len() as u64, limit)?;
        return Ok(Source::Bytes(octets.into()));
    }
    let unkept = |source| BodyError::Spool {
        directory: std::env::temp_dir(),
        source,
    };
    let file = tokio::task::spawn_blocking(tempfile::tempfile).await;
    let file = file.map_err(io::Error::other).flatten().map_err(unkept)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut len = 0;
    while !octets.is_empty() {
        file.write_all(&octets).await.map_err(unkept)?;
        len += octets.len() as u64;
        within(len, limit)?;
        octets.clear();
        let mut next = (&mut reader).take(IN_MEMORY);
        next.read_to_end(&mut octets).await.map_err(unread)?;
    }
    file.flush().await.map_err(unkept)?;
    let file = file.into_std().await;
    let file = tokio::task::spawn_blocking(|| SourceFile::without_name(file)).await;
    let file = file.map_err(io::Error::other).flatten().map_err(unkept)?;
    Ok(Source::File(Arc::new(file), 0))
}

fn unread(source: io::Error) -> BodyError {
    BodyError::Read {
        origin: Origin::Reader,
        source,
    }
}

fn within(len: u64, limit: u64) -> Result<(), BodyError> {
    if len <= limit {
        Ok(())
    } else {
        Err(BodyError::OverLimit { limit })
    }
}
