//! The file as its thread has it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Params, Row};

use super::super::clock::Clock;
use super::failure::Done;
use super::owners::Owner;

/// The connection of a handle to its file, and what goes with it.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) clock: Clock,
    pub(super) owner: Owner,
    /// The number that this worker has been given in a transaction that is not committed.
    pub(super) registered: Option<i64>,
    /// Whether a job was removed, whose rows are still to be deleted.
    pub(super) has_removed: bool,
}

impl Store {
    pub(super) fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// The time now, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        to_milliseconds(self.clock.now())
    }

    /// The time on the clock that nothing sets, in milliseconds.
    pub(super) fn steady(&self) -> i64 {
        milliseconds(self.clock.steady())
    }

    /// Runs a statement, and returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Done<usize> {
        Ok(self.connection.prepare_cached(sql)?.execute(values)?)
    }

    /// The rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Done<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(values, map)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The first row of a query.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        values: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Done<Option<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        Ok(rows.next()?.map(map).transpose()?)
    }

    /// A number that changes when another connection has changed the file.
    pub(super) fn data_version(&self) -> Done<i64> {
        let version = self.first("PRAGMA data_version", [], |row| row.get(0))?;
        Ok(version.unwrap_or_default())
    }

    /// A number that was not used before.
    pub(super) fn next_number(&self) -> Done<i64> {
        let sql = "UPDATE spool SET last_number = last_number + 1 RETURNING last_number";
        let number = self.first(sql, [], |row| row.get(0))?;
        Ok(number.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
    }
}

/// The number of a row in the file.
pub(super) fn mail_id(job: i64, row: u64) -> Option<i64> {
    let row = u32::try_from(row).ok().filter(|row| *row > 0)?;
    Some((job << 32) | i64::from(row))
}

/// The number of a row in its job.
pub(super) fn row_of(id: i64) -> u64 {
    u64::try_from(id & 0xffff_ffff).unwrap_or_default()
}

pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

pub(super) fn to_milliseconds(time: SystemTime) -> i64 {
    milliseconds(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(super) fn to_time(milliseconds: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

pub(super) fn to_count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
