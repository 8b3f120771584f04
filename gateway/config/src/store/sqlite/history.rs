//! Older revisions: listing them, reading what was, forgetting.

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Record, StoredRevision, head, version};

pub(super) fn is_kept(connection: &Connection, number: u64) -> rusqlite::Result<bool> {
    // No number beyond SQLite's integers was ever given out.
    let Ok(number) = i64::try_from(number) else {
        return Ok(false);
    };
    connection
        .prepare_cached("SELECT 1 FROM revisions WHERE number = ?1")?
        .exists([number])
}

pub(super) fn revisions(
    connection: &Connection,
    before: Option<u64>,
    limit: usize,
) -> rusqlite::Result<Vec<StoredRevision>> {
    let before = before
        .and_then(|number| i64::try_from(number).ok())
        .unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "SELECT number, time_ms, actor, comment, change_count FROM revisions
             WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
        )?
        .query_map(params![before, count(limit)], |row| {
            Ok(StoredRevision {
                number: row.get(0)?,
                time_ms: row.get(1)?,
                actor: row.get(2)?,
                comment: row.get(3)?,
                change_count: row.get(4)?,
            })
        })?
        .collect()
}

pub(super) fn changes(
    connection: &Connection,
    number: u64,
    limit: usize,
) -> rusqlite::Result<Option<Vec<(String, bool)>>> {
    if !is_kept(connection, number)? {
        return Ok(None);
    }
    connection
        .prepare_cached(
            "SELECT key, body IS NOT NULL FROM records WHERE revision = ?1 ORDER BY key LIMIT ?2",
        )?
        .query_map(params![number, count(limit)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()
        .map(Some)
}

pub(super) fn record_at(
    connection: &Connection,
    key: &str,
    number: u64,
) -> rusqlite::Result<Option<Record>> {
    version(connection, key, number)
}

pub(super) fn differences(
    connection: &Connection,
    number: u64,
    each: &mut dyn FnMut(String, Option<Record>),
) -> rusqlite::Result<bool> {
    if !is_kept(connection, number)? {
        return Ok(false);
    }
    let head = head(connection)?;
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT key FROM records WHERE revision > ?1 ORDER BY key")?;
    let mut rows = statement.query([number])?;
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        let then = version(connection, &key, number)?;
        let now = version(connection, &key, head)?;
        if then.as_ref().map(|record| &record.body) != now.as_ref().map(|record| &record.body) {
            each(key, then);
        }
    }
    Ok(true)
}

/// Forgets all but the newest `keep` revisions (at least the head).
///
/// With F the oldest that stays: of each key only the newest version up to F is needed, and a
/// removal older than F says no more than that there is nothing. Only keys that a forgotten revision
/// or F itself touched can have something to forget.
pub(super) fn prune(connection: &mut Connection, keep: u64) -> rusqlite::Result<()> {
    let head = head(connection)?;
    let oldest = head.saturating_sub(keep.max(1)) + 1;
    let first: Option<u64> = connection
        .prepare_cached("SELECT min(number) FROM revisions")?
        .query_one([], |row| row.get(0))?;
    let Some(first) = first.filter(|first| *first < oldest) else {
        return Ok(());
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction
        .prepare_cached(
            "WITH touched(key, newest) AS (
                 SELECT key, max(revision) FROM records INDEXED BY records_by_revision
                 WHERE revision BETWEEN ?1 AND ?2 GROUP BY key)
             DELETE FROM records WHERE (key, revision) IN (
                 SELECT records.key, records.revision FROM touched JOIN records ON records.key = touched.key
                 WHERE records.revision < touched.newest)",
        )?
        .execute([first, oldest])?;
    transaction
        .prepare_cached(
            "DELETE FROM records INDEXED BY records_by_revision
             WHERE revision >= ?1 AND revision < ?2 AND body IS NULL",
        )?
        .execute([first, oldest])?;
    transaction
        .prepare_cached("DELETE FROM revisions WHERE number < ?1")?
        .execute([oldest])?;
    transaction.commit()
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
