//! Content, in chunks, and how long it stays.

use std::pin::pin;

use bytes::Bytes;
use futures_util::stream;
use rusqlite::params;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::StreamReader;

use super::super::content::{ContentId, ContentReader};
use super::super::error::{SpoolError, SpoolErrorKind};
use super::failure::{Done, damaged};
use super::store::Store;
use super::writer::{Durable, Writer};
use crate::cryptography::digest::{Context, SHA256};

/// The octets of a chunk.
const CHUNK: usize = 256 * 1024;

/// How long content stays that nothing refers to, in milliseconds.
const UNUSED: i64 = 24 * 3_600 * 1_000;

fn not_there(id: ContentId) -> SpoolError {
    let message = format!("the content {id} is not in the store: it was dropped");
    SpoolError::new(SpoolErrorKind::NotFound, message)
}

fn name(context: Context) -> ContentId {
    let mut sha256 = [0; 32];
    for (octet, hashed) in sha256.iter_mut().zip(context.finish().as_ref()) {
        *octet = *hashed;
    }
    ContentId::new(sha256)
}

/// Stores content, a chunk at a time. It has its name once it is complete.
pub(super) async fn put(
    writer: &Writer,
    mut content: ContentReader<'_>,
) -> Result<ContentId, SpoolError> {
    let mut hash = Context::new(&SHA256);
    let mut number = None;
    loop {
        let chunk = read_chunk(&mut content).await?;
        hash.update(&chunk);
        let is_last = chunk.len() < CHUNK;
        if is_last {
            let id = name(hash);
            let durable = Durable::PowerCut;
            writer
                .write(durable, move |store| store.end_content(number, id, &chunk))
                .await?;
            return Ok(id);
        }
        let written = writer.write(Durable::Process, move |store| {
            store.write_chunk(number, &chunk)
        });
        number = Some(written.await?);
    }
}

async fn read_chunk(content: &mut ContentReader<'_>) -> Result<Vec<u8>, SpoolError> {
    let mut chunk = Vec::new();
    let mut part = pin!(content.take(CHUNK as u64));
    part.read_to_end(&mut chunk).await.map_err(|error| {
        let message = "the content that was to be stored could not be read";
        SpoolError::new(SpoolErrorKind::Invalid, message).caused_by(error)
    })?;
    Ok(chunk)
}

/// What reads some content.
struct Reading {
    writer: Writer,
    number: i64,
    chunk: i64,
    id: ContentId,
    /// The hash of what was read; `None` at the end.
    context: Option<Context>,
}

/// The octets of some content.
pub(super) async fn get(
    writer: &Writer,
    id: ContentId,
) -> Result<ContentReader<'static>, SpoolError> {
    let number = writer.read(move |store| store.content_id(id)).await?;
    let reading = Reading {
        writer: writer.clone(),
        number,
        chunk: 0,
        id,
        context: Some(Context::new(&SHA256)),
    };
    let chunks = stream::try_unfold(reading, |reading| Box::pin(next_chunk(reading)));
    Ok(Box::pin(StreamReader::new(Box::pin(chunks))))
}

async fn next_chunk(mut reading: Reading) -> std::io::Result<Option<(Bytes, Reading)>> {
    let Some(mut context) = reading.context.take() else {
        return Ok(None);
    };
    let (number, chunk, id) = (reading.number, reading.chunk, reading.id);
    let read = reading
        .writer
        .read(move |store| store.read_chunk(number, chunk, id));
    let octets = read.await.map_err(std::io::Error::other)?;
    context.update(&octets);
    reading.chunk += 1;
    if octets.len() == CHUNK {
        reading.context = Some(context);
    } else if name(context) != reading.id {
        let message = format!("the content {id} is damaged in the spool");
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            message,
        ));
    }
    Ok(Some((Bytes::from(octets), reading)))
}

impl Store {
    fn write_chunk(&self, number: Option<i64>, octets: &[u8]) -> Done<i64> {
        let number = if let Some(number) = number {
            number
        } else {
            let number = self.next_number()?;
            let sql = "INSERT INTO content (id, uses, added) VALUES (?, 0, ?)";
            self.execute(sql, [number, self.now()])?;
            number
        };
        let sql = "INSERT INTO chunk (content, number, octets)
            SELECT ?1, (SELECT count(*) FROM chunk WHERE content = ?1), ?2";
        self.execute(sql, params![number, octets])?;
        Ok(number)
    }

    /// Writes the last chunk, and the name. Content that is there already is used in its place.
    fn end_content(&self, number: Option<i64>, id: ContentId, last: &[u8]) -> Done<()> {
        let sql = "UPDATE content SET added = max(added, ?2) WHERE sha256 = ?1";
        if self.execute(sql, params![id.sha256(), self.now()])? > 0 {
            return number.map_or(Ok(()), |number| self.drop_content(number));
        }
        let number = self.write_chunk(number, last)?;
        let sql = "UPDATE content SET sha256 = ?2, added = ?3 WHERE id = ?1";
        if self.execute(sql, params![number, id.sha256(), self.now()])? == 0 {
            return Err(not_there(id).into());
        }
        Ok(())
    }

    fn read_chunk(&self, content: i64, number: i64, id: ContentId) -> Done<Vec<u8>> {
        let sql = "SELECT octets FROM chunk WHERE content = ? AND number = ?";
        let octets = self.first(sql, [content, number], |row| row.get(0))?;
        if let Some(octets) = octets {
            return Ok(octets);
        }
        // It was dropped meanwhile, or a part of it is missing.
        self.content_id(id)?;
        let message = damaged(&self.place());
        Err(SpoolError::new(SpoolErrorKind::Damaged, message).into())
    }

    /// The number of some content.
    pub(super) fn content_id(&self, id: ContentId) -> Done<i64> {
        let sql = "SELECT id FROM content WHERE sha256 = ?";
        let number = self.first(sql, params![id.sha256()], |row| row.get(0))?;
        Ok(number.ok_or_else(|| not_there(id))?)
    }

    /// Adds a use of some content.
    pub(super) fn add_use(&self, id: ContentId) -> Done<i64> {
        let number = self.content_id(id)?;
        self.execute("UPDATE content SET uses = uses + 1 WHERE id = ?", [number])?;
        Ok(number)
    }

    /// Ends the use of a mail's content.
    pub(super) fn end_use_of(&self, mail: i64) -> Done<()> {
        let sql = "SELECT content FROM mail WHERE id = ?";
        let content = self.first(sql, [mail], |row| row.get(0))?;
        content
            .flatten()
            .map_or(Ok(()), |content| self.end_use(content))
    }

    /// Ends a use. Without another one, the content is dropped.
    fn end_use(&self, content: i64) -> Done<()> {
        let sql = "UPDATE content SET uses = uses - 1 WHERE id = ? RETURNING uses";
        let uses: Option<i64> = self.first(sql, [content], |row| row.get(0))?;
        if uses.is_some_and(|uses| uses <= 0) {
            self.drop_content(content)?;
        }
        Ok(())
    }

    fn drop_content(&self, content: i64) -> Done<()> {
        self.execute("DELETE FROM chunk WHERE content = ?", [content])?;
        self.execute("DELETE FROM content WHERE id = ?", [content])?;
        Ok(())
    }

    /// Ends the uses of a job and of its mails.
    pub(super) fn end_uses_of(&self, job: i64) -> Done<()> {
        let sql = "SELECT content FROM job_content WHERE job = ?";
        for content in self.rows(sql, [job], |row| row.get(0))? {
            self.end_use(content)?;
        }
        self.execute("DELETE FROM job_content WHERE job = ?", [job])?;
        let Some(open) = self.open_job(job)?.filter(|open| open.has_content) else {
            return Ok(());
        };
        let sql = "SELECT mail.content FROM mail LEFT JOIN fate ON fate.id = mail.id
            WHERE mail.id >= ?1 AND mail.id < ?2 AND mail.content IS NOT NULL
            AND coalesce(fate.state, CASE WHEN ?3 THEN 8 ELSE 0 END) IN (0, 1, 6)";
        let is_cancelled = open.phase == super::rows::CANCELLED;
        let bounds = params![job << 32, (job + 1) << 32, is_cancelled];
        for content in self.rows(sql, bounds, |row| row.get(0))? {
            self.end_use(content)?;
        }
        Ok(())
    }

    /// Drops content that nothing has referred to for a day.
    pub(super) fn prune_content(&self, now: i64) -> Done<()> {
        let sql = "SELECT id FROM content WHERE uses <= 0 AND added <= ?";
        for content in self.rows(sql, [now.saturating_sub(UNUSED)], |row| row.get(0))? {
            self.drop_content(content)?;
        }
        Ok(())
    }
}
