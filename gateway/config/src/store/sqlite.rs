//! The embedded store: one SQLite file that one process owns.
//!
//! Each revision is one transaction. A record's versions lie side by side, newest first, so that a
//! commit costs what it changes and not what is stored, and so that loading is one pass that takes
//! the first version of each key.
//!
//! Durable means: write-ahead log with `synchronous=FULL`, so `COMMIT` returns after the log was
//! synced (<https://www.sqlite.org/pragma.html#pragma_synchronous>).

mod history;
mod opening;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};

use super::{CommitError, NewRevision, Record, Store, StoreError, StoredRevision};

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    /// `None` after a commit of unknown outcome, until the file has been opened and read anew.
    ///
    /// DANGER: after a failed sync the connection still shows the state before the commit, while
    /// the log may hold the commit whole, to be found after a crash. Only a new connection tells.
    connection: Option<Connection>,
}

impl SqliteStore {
    /// Opens the store at `path`, creating it (mode 0600) if there is none and bringing an older
    /// schema up to date. Until it is dropped no other process can open it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it open; [`StoreError::Unusable`] if it cannot
    /// be created, read or brought up to date, is damaged, is another program's database, or was
    /// written by a newer release.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = opening::open(path, opening::Absent::Create)?;
        Ok(Self {
            path: path.to_owned(),
            connection: Some(connection),
        })
    }

    /// Opens the store at `path` as [`SqliteStore::open`] does, but does not create it.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; [`StoreError::Unusable`] also if there is no file.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let connection = opening::open(path, opening::Absent::Refuse)?;
        Ok(Self {
            path: path.to_owned(),
            connection: Some(connection),
        })
    }

    /// The connection; a new one, with everything in the log settled, after an unknown outcome.
    fn settled(&mut self) -> Result<&mut Connection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connection = opening::open(&self.path, opening::Absent::Refuse)?;
                // What recovery found is copied into the database file and synced there: the log
                // itself may be dirty pages that a failed sync made the kernel forget.
                opening::checkpoint(&connection).map_err(|error| self.unreadable(&error))?;
                connection
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// Runs a read on the settled connection.
    fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let result = read(self.settled()?);
        result.map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &rusqlite::Error) -> StoreError {
        opening::classify(&self.path, "cannot be read", error)
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("settled", &self.connection.is_some())
            .finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn data_key(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| {
            connection
                .query_row("SELECT wrapped FROM data_key WHERE id = 1", [], |row| {
                    row.get(0)
                })
                .optional()
        })
    }

    fn put_data_key(&mut self, wrapped: &[u8]) -> Result<(), StoreError> {
        let result = self.settled()?.execute(
            "INSERT OR REPLACE INTO data_key (id, wrapped) VALUES (1, ?1)",
            [wrapped],
        );
        result.map(drop).map_err(|error| {
            // Which of the two it is shows only when the file is read anew.
            self.connection = None;
            opening::classify(&self.path, "cannot keep the data key", &error)
        })
    }

    fn head(&mut self) -> Result<u64, StoreError> {
        self.read(|connection| head(connection))
    }

    fn load(&mut self, each: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare("SELECT key, revision, body FROM records ORDER BY key, revision DESC")?;
            let mut rows = statement.query([])?;
            let mut previous: Option<String> = None;
            while let Some(row) = rows.next()? {
                let key = row.get_ref(0)?.as_str()?;
                // INVARIANT: versions of a key lie newest first; bodies of older ones stay unread.
                if previous.as_deref() == Some(key) {
                    continue;
                }
                if let Some(body) = row.get_ref(2)?.as_blob_or_null()? {
                    each(Record {
                        key: key.to_owned(),
                        changed_in: row.get(1)?,
                        body: body.into(),
                    });
                }
                let last = previous.get_or_insert_default();
                last.clear();
                last.push_str(key);
            }
            Ok(())
        })
    }

    fn commit(&mut self, revision: &NewRevision) -> Result<(), CommitError> {
        let Some(connection) = self.connection.as_mut() else {
            return Err(CommitError::Refused(
                "the outcome of an earlier commit is not known and the store was not read since"
                    .to_owned(),
            ));
        };
        let outcome = commit(connection, revision);
        if matches!(outcome, Err(CommitError::Unknown(_))) {
            self.connection = None;
        }
        outcome
    }

    fn revisions(
        &mut self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredRevision>, StoreError> {
        self.read(|connection| history::revisions(connection, before, limit))
    }

    fn changes(
        &mut self,
        number: u64,
        limit: usize,
    ) -> Result<Option<Vec<(String, bool)>>, StoreError> {
        self.read(|connection| history::changes(connection, number, limit))
    }

    /// A revision that is not kept is an error: what existed then is not known any more.
    fn record_at(&mut self, key: &str, number: u64) -> Result<Option<Record>, StoreError> {
        let kept = self.read(|connection| history::is_kept(connection, number))?;
        if !kept {
            return Err(StoreError::Unusable(format!(
                "revision {number} is not kept"
            )));
        }
        self.read(|connection| history::record_at(connection, key, number))
    }

    fn differences(
        &mut self,
        number: u64,
        each: &mut dyn FnMut(String, Option<Record>),
    ) -> Result<bool, StoreError> {
        self.read(|connection| history::differences(connection, number, each))
    }

    /// The head is always kept. The cost grows with what the forgotten revisions changed.
    fn prune(&mut self, keep: u64) -> Result<(), StoreError> {
        let result = history::prune(self.settled()?, keep);
        result.map_err(|error| {
            // Whether the details are forgotten or not, the current state is the same; but the log
            // may hold a commit that this connection does not show.
            self.connection = None;
            opening::classify(&self.path, "cannot be pruned", &error)
        })
    }
}

/// The newest revision's number; 0 if there is none.
fn head(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT ifnull(max(number), 0) FROM revisions")?
        .query_one([], |row| row.get(0))
}

/// Every error before `COMMIT` leaves the store as it was: the transaction is rolled back when it is
/// dropped, and without a commit record in the log nothing of it is ever found again.
fn commit(connection: &mut Connection, revision: &NewRevision) -> Result<(), CommitError> {
    let refused = |error: rusqlite::Error| CommitError::Refused(plain(&error));
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(refused)?;
    let head = head(&transaction).map_err(refused)?;
    if head.checked_add(1) != Some(revision.number) {
        return Err(CommitError::Refused(format!(
            "revision {} does not follow the store's head {head}",
            revision.number
        )));
    }
    write(&transaction, revision).map_err(refused)?;
    transaction
        .commit()
        .map_err(|error| match error.sqlite_error_code() {
            // The commit record is the last thing written to the log: if the disk had no room for all
            // of it, the log ends before a valid one. Then, and if the lock or the permission to write
            // was missing from the start, nothing happened.
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::DatabaseBusy
                | ErrorCode::ConstraintViolation,
            ) => CommitError::Refused(plain(&error)),
            _ => CommitError::Unknown(plain(&error)),
        })
}

fn write(connection: &Connection, revision: &NewRevision) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO revisions (number, time_ms, actor, comment, change_count) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            revision.number,
            revision.time_ms,
            revision.actor,
            revision.comment,
            revision.changes.len() as u64,
        ])?;
    let mut insert = connection
        .prepare_cached("INSERT INTO records (key, revision, body) VALUES (?1, ?2, ?3)")?;
    for (key, body) in &revision.changes {
        insert.execute(params![key, revision.number, body])?;
    }
    Ok(())
}

/// The newest version of `key` that is not newer than `number`, if it is a record and not a removal.
fn version(connection: &Connection, key: &str, number: u64) -> rusqlite::Result<Option<Record>> {
    let found = connection
        .prepare_cached(
            "SELECT revision, body FROM records WHERE key = ?1 AND revision <= ?2 ORDER BY revision DESC LIMIT 1",
        )?
        .query_one(params![key, number], |row| {
            let changed_in = row.get(0)?;
            Ok(row.get_ref(1)?.as_blob_or_null()?.map(|body| Record { key: key.to_owned(), changed_in, body: body.into() }))
        })
        .optional()?;
    Ok(found.flatten())
}

/// An error in words for an operator. SQLite's messages never hold bound values.
fn plain(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::ReadOnly) => "the store cannot be written: it is read-only".to_owned(),
        Some(ErrorCode::ConstraintViolation) => {
            format!("one revision changes a record twice ({error})")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
