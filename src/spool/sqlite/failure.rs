//! Errors of SQLite, and what they mean for a caller.

use std::error::Error;

use rusqlite::ErrorCode;

use super::super::error::{SpoolError, SpoolErrorKind};

/// Why some work in the file failed.
#[derive(Debug)]
pub(super) enum Failure {
    Spool(SpoolError),
    Sql(rusqlite::Error),
}

pub(super) type Done<T> = Result<T, Failure>;

impl From<SpoolError> for Failure {
    fn from(error: SpoolError) -> Self {
        Self::Spool(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    pub(super) fn into_error(self, place: &str) -> SpoolError {
        match self {
            Self::Spool(error) => error,
            Self::Sql(error) => {
                let (kind, message) = meaning(&error, place);
                SpoolError::new(kind, message).caused_by(error)
            }
        }
    }
}

/// The same error for another call of the transaction that failed.
pub(super) fn copy(error: &SpoolError) -> SpoolError {
    let copy = SpoolError::new(error.kind(), error.to_string());
    match error.source() {
        Some(cause) => copy.caused_by(cause.to_string()),
        None => copy,
    }
}

pub(super) fn damaged(place: &str) -> String {
    format!(
        "the spool {place} is damaged: stop all workers, copy the file, and recover what is in it with `sqlite3 {place} .recover`"
    )
}

fn meaning(error: &rusqlite::Error, place: &str) -> (SpoolErrorKind, String) {
    let is_unreadable = matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    );
    if is_unreadable {
        return (SpoolErrorKind::Damaged, damaged(place));
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => (
            SpoolErrorKind::Full,
            format!("there is no room to write the spool {place}: free some space on its disk"),
        ),
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied,
        ) => (
            SpoolErrorKind::Denied,
            format!(
                "the spool {place} may only be read: its file and its directory have to be writable"
            ),
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            (SpoolErrorKind::Damaged, damaged(place))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            SpoolErrorKind::Unavailable,
            format!("another process has been writing the spool {place} for seconds: try again"),
        ),
        Some(ErrorCode::CannotOpen) => (
            SpoolErrorKind::Denied,
            format!("the spool {place} cannot be opened: check the permissions of its directory"),
        ),
        _ => (
            SpoolErrorKind::Unavailable,
            format!("the spool {place} cannot be used now: try again"),
        ),
    }
}
