use std::io::{Seek as _, SeekFrom, Write as _};

use super::*;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn refusal(path: &Path) -> String {
    match open(path, Absent::Create) {
        Err(StoreError::Unusable(why)) => why,
        other => panic!("opened or locked: {other:?}"),
    }
}

#[test]
fn a_store_that_is_open_is_locked_for_another() {
    let directory = directory();
    let path = directory.path().join("s.db");
    let first = open(&path, Absent::Create).unwrap();
    let second = open(&path, Absent::Create);
    assert!(
        matches!(&second, Err(StoreError::Locked(which)) if which.ends_with("s.db")),
        "{second:?}"
    );
    drop(first);
    open(&path, Absent::Create).unwrap();
}

#[test]
fn a_missing_store_is_not_created_when_it_must_exist() {
    let directory = directory();
    let path = directory.path().join("s.db");
    assert!(matches!(
        open(&path, Absent::Refuse),
        Err(StoreError::Unusable(_))
    ));
    assert!(!path.exists());
}

#[test]
fn what_is_not_a_store_is_refused_and_left_as_it_was() {
    let directory = directory();
    let text = directory.path().join("notes.txt");
    std::fs::write(
        &text,
        "this is not a database, it is a long enough text".repeat(100),
    )
    .unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(
        refusal(&text).contains("not a database"),
        "{}",
        refusal(&text)
    );
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let foreign = directory.path().join("foreign.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let before = std::fs::read(&foreign).unwrap();
    assert!(refusal(&foreign).contains("another program"));
    assert_eq!(std::fs::read(&foreign).unwrap(), before);

    assert!(refusal(directory.path()).contains("not a file"));
    assert!(refusal(&directory.path().join("no/such/directory.db")).contains("directory.db"));
}

#[test]
fn a_store_of_a_newer_release_is_refused_by_its_version() {
    let directory = directory();
    let path = directory.path().join("s.db");
    let connection = open(&path, Absent::Create).unwrap();
    connection
        .pragma_update(None, "user_version", MIGRATIONS.len() as u64 + 1)
        .unwrap();
    drop(connection);
    assert!(
        refusal(&path).contains("newer release"),
        "{}",
        refusal(&path)
    );
}

#[test]
fn an_older_schema_is_migrated_step_by_step_and_a_failing_step_changes_nothing() {
    let mut connection = Connection::open_in_memory().unwrap();
    let steps = [
        "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
        "ALTER TABLE t ADD COLUMN b DEFAULT 2",
        "nonsense",
    ];
    migrate(&mut connection, &steps[..1], 0).unwrap();
    assert!(migrate(&mut connection, &steps, 1).is_err());
    let version = |connection: &Connection| -> i64 {
        connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap()
    };
    assert_eq!(version(&connection), 1);
    assert!(connection.prepare("SELECT b FROM t").is_err());
    migrate(&mut connection, &steps[..2], 1).unwrap();
    assert_eq!(version(&connection), 2);
    let b: i64 = connection
        .query_one("SELECT b FROM t", [], |row| row.get(0))
        .unwrap();
    assert_eq!(b, 2);
}

#[test]
fn a_damaged_store_is_refused() {
    let directory = directory();
    let path = directory.path().join("s.db");
    let mut store = super::super::SqliteStore::open(&path).unwrap();
    let changes = (0..2_000)
        .map(|i| (format!("key{i:05}"), Some(vec![b'x'; 100])))
        .collect();
    let revision = crate::store::NewRevision {
        number: 1,
        time_ms: 0,
        actor: String::new(),
        comment: None,
        changes,
    };
    crate::store::Store::commit(&mut store, &revision).unwrap();
    drop(store);
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    // Every fourth page, from the third on: the schema stays readable.
    for page in (2..length / 4096).step_by(4) {
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.write_all(&[0xA5; 64]).unwrap();
    }
    drop(file);
    let why = refusal(&path);
    assert!(
        why.contains("damaged") || why.contains("malformed"),
        "{why}"
    );
}

#[test]
fn missing_revisions_and_records_from_the_future_are_damage() {
    for (tamper, expected) in [
        (
            "DELETE FROM revisions WHERE number = 2",
            "revisions are missing",
        ),
        (
            "DELETE FROM revisions WHERE number = 3",
            "belongs to revision 3",
        ),
    ] {
        let directory = directory();
        let path = directory.path().join("s.db");
        let connection = open(&path, Absent::Create).unwrap();
        connection
            .execute_batch(
                "INSERT INTO revisions VALUES (1, 0, '', NULL, 1), (2, 0, '', NULL, 0), (3, 0, '', NULL, 1);
                 INSERT INTO records VALUES ('a', 1, x'00'), ('a', 3, x'01');",
            )
            .unwrap();
        connection.execute_batch(tamper).unwrap();
        drop(connection);
        assert!(refusal(&path).contains(expected), "{}", refusal(&path));
    }
}

#[test]
fn each_commit_is_synced() {
    let directory = directory();
    let connection = open(&directory.path().join("s.db"), Absent::Create).unwrap();
    let pragma = |name: &str| -> i64 {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap()
    };
    assert_eq!(pragma("synchronous"), 2, "FULL");
    assert_eq!(pragma("fullfsync"), 1);
    assert_eq!(pragma("checkpoint_fullfsync"), 1);
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn an_existing_file_that_others_may_read_becomes_the_owners_alone() {
    let directory = directory();
    let path = directory.path().join("s.db");
    drop(open(&path, Absent::Create).unwrap());
    std::fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&path, Absent::Refuse).unwrap());
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
