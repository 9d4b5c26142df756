//! Opening the file, and making it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::super::error::{SpoolError, SpoolErrorKind};
use super::failure::Done;
use super::options::{SqliteOptions, Surroundings};

/// `plfs`, by which file(1) can tell that a file is a spool.
pub(super) const APPLICATION: i64 = 0x706c_6673;

/// What makes each version of the schema from the one before.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// How long a call waits for other processes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Types of file systems whose locks or shared memory other machines do not see, by statfs(2).
const OF_NETWORKS: &[(i128, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x6573_5546, "FUSE, as for sshfs"),
];

fn denied(message: String) -> SpoolError {
    SpoolError::new(SpoolErrorKind::Denied, message)
}

/// Makes the file unless it is there, for its owner alone, and returns its path without links.
///
/// A file that is there is not opened: when any descriptor of it is closed, the process loses the locks
/// that SQLite has on it.
pub(super) fn make(path: &Path, surroundings: &Surroundings) -> Result<PathBuf, SpoolError> {
    let shown = path.display();
    let failed = |error| denied(format!("the spool {shown} cannot be created")).caused_by(error);
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let mut directory = DirBuilder::new();
    directory.recursive(true).mode(0o700);
    directory.create(parent).map_err(failed)?;
    on_this_machine(parent, surroundings)?;
    if !path.exists() {
        make_empty(path).map_err(failed)?;
        let directory = File::open(parent).and_then(|directory| directory.sync_all());
        directory.map_err(failed)?;
    }
    path.canonicalize().map_err(failed)
}

/// Makes an empty file by another name first, so that it is closed before it can be opened by this one.
fn make_empty(path: &Path) -> std::io::Result<()> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".new.{:016x}", u64::from_ne_bytes(random)));
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    let linked = std::fs::hard_link(&new, path);
    let removed = std::fs::remove_file(&new);
    match linked {
        // Another worker was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => removed,
        linked => linked.and(removed),
    }
}

fn on_this_machine(directory: &Path, surroundings: &Surroundings) -> Result<(), SpoolError> {
    let Some(found) = surroundings.file_system.or_else(|| file_system(directory)) else {
        return Ok(());
    };
    // The type has 32 bits, with or without a sign.
    let found = found & 0xffff_ffff;
    match OF_NETWORKS.iter().find(|(magic, _)| *magic == found) {
        None => Ok(()),
        Some((_, name)) => Err(denied(format!(
            "the directory {} is on a file system ({name}) that does not keep workers apart: put the spool on a local disk",
            directory.display()
        ))),
    }
}

#[cfg(target_os = "linux")]
fn file_system(directory: &Path) -> Option<i128> {
    let found = rustix::fs::statfs(directory).ok()?;
    Some(found.f_type.into())
}

#[cfg(not(target_os = "linux"))]
fn file_system(_: &Path) -> Option<i128> {
    None
}

/// Opens the file, whose schema is that of this version then.
pub(super) fn connect(path: &Path, options: &SqliteOptions) -> Done<Connection> {
    let surroundings = &options.surroundings;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(128);
    let place = path.display();
    if connection.is_readonly("main")? {
        let message = format!(
            "the spool {place} may only be read: its file and its directory have to be writable"
        );
        return Err(denied(message).into());
    }
    let version = version(&connection, path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA wal_autocheckpoint = 4000;
        PRAGMA journal_size_limit = 67108864;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -16000;
        PRAGMA cell_size_check = ON;
        PRAGMA trusted_schema = OFF;",
    )?;
    if let Some(pages) = surroundings.pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    if version < MIGRATIONS.len() {
        migrate(&mut connection, path)?;
    }
    connection.pragma_update(None, "query_only", surroundings.read_only)?;
    if !surroundings.read_only {
        settle_in(&mut connection, path, options)?;
    }
    Ok(connection)
}

/// The version of the schema; 0 for an empty file.
fn version(connection: &Connection, path: &Path) -> Done<usize> {
    let place = path.display();
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0))?;
    let is_empty = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION && !is_empty {
        let message = format!("the file {place} is not a spool: choose another place");
        return Err(denied(message).into());
    }
    let known = usize::try_from(version)
        .ok()
        .filter(|version| *version <= MIGRATIONS.len());
    known.ok_or_else(|| {
        let message = format!(
            "the spool {place} has version {version}, and this is a program for version {}: use the newer program",
            MIGRATIONS.len()
        );
        SpoolError::new(SpoolErrorKind::Version, message).into()
    })
}

fn migrate(connection: &mut Connection, path: &Path) -> Done<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let version = version(&transaction, path)?;
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(
        None,
        "user_version",
        i64::try_from(MIGRATIONS.len()).unwrap_or_default(),
    )?;
    transaction.commit()?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(())
}

/// Notes that the file is this machine's.
fn settle_in(connection: &mut Connection, path: &Path, options: &SqliteOptions) -> Done<()> {
    let now = (options.surroundings.machine(), options.surroundings.boot());
    if known(connection)?.as_ref() == Some(&now) {
        return Ok(());
    }
    let behavior = rusqlite::TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behavior)?;
    let (machine, boot) = &now;
    let is_known = known(&transaction)?.is_none_or(|(old_machine, old_boot)| {
        // A container has the boot id of its machine, and may have no machine id.
        old_machine == *machine || (old_boot == *boot && !boot.is_empty())
    });
    if !is_known && !options.take_over {
        let message = format!(
            "the spool {} was last used on another machine, which may still send its mails: make sure that it does not, and use --take-over",
            path.display()
        );
        return Err(denied(message).into());
    }
    let sql = "INSERT INTO spool (id, machine, boot, last_number, synced) VALUES (1, ?1, ?2, 0, 0)
        ON CONFLICT (id) DO UPDATE SET machine = ?1, boot = ?2";
    transaction.execute(sql, params![machine, boot])?;
    transaction.commit()?;
    Ok(())
}

/// The machine that has used the file last, and its boot id.
fn known(connection: &Connection) -> Done<Option<(String, String)>> {
    let sql = "SELECT machine, boot FROM spool";
    let known = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(known.optional()?)
}
