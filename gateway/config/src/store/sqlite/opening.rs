//! Opening the file: whose it is, whether it is whole, which schema it has.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::store::StoreError;

/// `CSGN`: marks the file as ours (<https://www.sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION_ID: i32 = 0x4353_474E;

/// What brings schema version N to N + 1, at index N. Never change one that was released.
const MIGRATIONS: &[&str] = &[
    // Versions of a record newest first: the first of each key is the current one. A body of NULL
    // is a removal. `changed twice in one revision` violates the primary key.
    "CREATE TABLE revisions (
         number       INTEGER PRIMARY KEY,
         time_ms      INTEGER NOT NULL,
         actor        TEXT NOT NULL,
         comment      TEXT,
         change_count INTEGER NOT NULL
     ) STRICT;
     CREATE TABLE records (
         key      TEXT NOT NULL,
         revision INTEGER NOT NULL,
         body     BLOB,
         PRIMARY KEY (key, revision DESC)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX records_by_revision ON records (revision);
     CREATE TABLE data_key (
         id      INTEGER PRIMARY KEY CHECK (id = 1),
         wrapped BLOB NOT NULL
     ) STRICT;",
];

/// After a commit that made the log larger than this, in bytes, the log file is cut again.
const LOG_BYTES_KEPT: i64 = 64 << 20;

/// What to do if there is no file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Create,
    Refuse,
}

/// Opens, locks, checks and migrates.
pub(super) fn open(path: &Path, absent: Absent) -> Result<Connection, StoreError> {
    prepare_file(path, absent).map_err(|error| {
        StoreError::Unusable(format!("the store `{}`: {error}", path.display()))
    })?;
    let sqlite = |doing: &'static str| move |error: rusqlite::Error| classify(path, doing, &error);
    let unusable =
        |what: String| StoreError::Unusable(format!("the store `{}` {what}", path.display()));

    // No URI flag: a path beginning with `file:` is a path.
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(sqlite("cannot be opened"))?;
    lock(&connection).map_err(sqlite("cannot be locked"))?;
    let version = identify(&connection).map_err(sqlite("cannot be read"))?;
    let version = match version {
        Identity::Empty => 0,
        Identity::Ours(version) if version <= MIGRATIONS.len() => version,
        Identity::Ours(version) => {
            return Err(unusable(format!(
                "was written by a newer release: its schema is {version}, this release knows up to {}",
                MIGRATIONS.len()
            )));
        }
        Identity::Foreign => return Err(unusable("is a database of another program".to_owned())),
    };
    configure(&connection)
        .map_err(sqlite("cannot be configured"))?
        .map_err(unusable)?;
    check_whole(&connection)
        .map_err(sqlite("cannot be checked"))?
        .map_err(unusable)?;
    migrate(&mut connection, MIGRATIONS, version)
        .map_err(sqlite("cannot be brought up to date"))?;
    check_revisions(&connection)
        .map_err(sqlite("cannot be checked"))?
        .map_err(unusable)?;
    Ok(connection)
}

/// Copies the whole log into the database file, syncs it and empties the log.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_BUSY),
            None,
        ));
    }
    Ok(())
}

/// A busy database is another process's; everything else makes the store unusable.
pub(super) fn classify(path: &Path, doing: &str, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Locked(path.display().to_string())
        }
        _ => StoreError::Unusable(format!("the store `{}` {doing}: {error}", path.display())),
    }
}

/// Sees to it that the file exists, is a file and is its owner's alone. The log takes over its mode.
///
/// DANGER: an existing file is not opened here. Closing any descriptor of it would drop the locks
/// that this process holds on it (POSIX `fcntl` locks).
fn prepare_file(path: &Path, absent: Absent) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(io::Error::other("is not a file")),
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && absent == Absent::Create => {
            create(path)
        }
        Err(error) => Err(error),
    }
}

/// An empty file whose directory entry survives power loss.
fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(file) => file.sync_all()?,
        // Another process was faster; its lock decides.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(error),
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

/// Takes the lock before anything is read, and keeps it: two processes that both had a read lock
/// would both fail to get the exclusive one.
fn lock(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}

enum Identity {
    Empty,
    Ours(usize),
    Foreign,
}

fn identify(connection: &Connection) -> rusqlite::Result<Identity> {
    let application_id: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application_id, usize::try_from(version)) {
        (APPLICATION_ID, Ok(version)) => Identity::Ours(version),
        (0, Ok(0)) if objects == 0 => Identity::Empty,
        _ => Identity::Foreign,
    })
}

/// Sets what makes a commit durable and reads it back: SQLite ignores a pragma it cannot honour.
fn configure(connection: &Connection) -> rusqlite::Result<Result<(), String>> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Ok(Err(format!(
            "cannot use a write-ahead log here (journal mode `{mode}`)"
        )));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Both matter on macOS only, where a plain fsync does not reach the medium.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if synchronous != 2 {
        return Ok(Err(format!(
            "cannot sync each commit (synchronous = {synchronous})"
        )));
    }
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |row| {
        row.get::<_, i64>(0)
    })?;
    connection.pragma_update(None, "cache_size", -65_536)?; // KiB
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A crafted file may not run anything through its schema, and damage is noticed early.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(Ok(()))
}

fn check_whole(connection: &Connection) -> rusqlite::Result<Result<(), String>> {
    let finding: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(if finding == "ok" {
        Ok(())
    } else {
        Err(format!("is damaged: {}", finding.replace('\n', " ")))
    })
}

fn migrate(connection: &mut Connection, migrations: &[&str], from: usize) -> rusqlite::Result<()> {
    if from == migrations.len() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for migration in migrations.iter().skip(from) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migrations.len() as u64)?;
    transaction.commit()
}

/// Revisions are dense and no record is newer than the newest.
fn check_revisions(connection: &Connection) -> rusqlite::Result<Result<(), String>> {
    let (count, first, last): (u64, u64, u64) = connection.query_row(
        "SELECT count(*), ifnull(min(number), 1), ifnull(max(number), 0) FROM revisions",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let newest: u64 =
        connection.query_row("SELECT ifnull(max(revision), 0) FROM records", [], |row| {
            row.get(0)
        })?;
    Ok(if first == 0 || last + 1 != first + count {
        Err(format!(
            "is damaged: revisions are missing between {first} and {last}"
        ))
    } else if newest > last {
        Err(format!(
            "is damaged: a record belongs to revision {newest}, the newest is {last}"
        ))
    } else {
        Ok(())
    })
}

#[cfg(test)]
mod tests;
