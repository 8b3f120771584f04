use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

struct Bench {
    directory: TempDir,
    store: SqliteStore,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("countersign.db")).unwrap();
    Bench { directory, store }
}

impl Bench {
    fn path(&self) -> PathBuf {
        self.directory.path().join("countersign.db")
    }

    fn reopen(self) -> Self {
        let Self { directory, store } = self;
        drop(store);
        let store = SqliteStore::open_existing(&directory.path().join("countersign.db")).unwrap();
        Self { directory, store }
    }

    fn commit(&mut self, changes: &[(&str, Option<&str>)]) -> u64 {
        let number = self.store.head().unwrap() + 1;
        self.store.commit(&revision(number, changes)).unwrap();
        number
    }

    fn state(&mut self) -> Vec<(String, u64, String)> {
        let mut records = Vec::new();
        self.store.load(&mut |record| records.push(record)).unwrap();
        records
            .into_iter()
            .map(|r| {
                (
                    r.key,
                    r.changed_in,
                    String::from_utf8(r.body.to_vec()).unwrap(),
                )
            })
            .collect()
    }

    fn versions(&self) -> u64 {
        let connection = self.store.connection.as_ref().unwrap();
        connection
            .query_one("SELECT count(*) FROM records", [], |row| row.get(0))
            .unwrap()
    }

    fn at(&mut self, key: &str, number: u64) -> Option<String> {
        let record = self.store.record_at(key, number).unwrap()?;
        Some(String::from_utf8(record.body.to_vec()).unwrap())
    }

    fn differences(&mut self, number: u64) -> Option<Vec<(String, Option<String>)>> {
        let mut found = Vec::new();
        let kept = self
            .store
            .differences(number, &mut |key, record| {
                found.push((
                    key,
                    record.map(|r| String::from_utf8(r.body.to_vec()).unwrap()),
                ));
            })
            .unwrap();
        kept.then_some(found)
    }
}

fn revision(number: u64, changes: &[(&str, Option<&str>)]) -> NewRevision {
    NewRevision {
        number,
        time_ms: 1_700_000_000_000 + number as i64,
        actor: "operator".to_owned(),
        comment: number.is_multiple_of(2).then(|| format!("change {number}")),
        changes: changes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.map(|v| v.as_bytes().to_vec())))
            .collect(),
    }
}

fn entry(key: &str, changed_in: u64, body: &str) -> (String, u64, String) {
    (key.to_owned(), changed_in, body.to_owned())
}

#[test]
fn a_new_store_is_empty_and_its_files_are_the_owners_alone() {
    let mut bench = bench();
    assert_eq!(bench.store.head().unwrap(), 0);
    assert_eq!(bench.state(), []);
    bench.commit(&[("a", Some("1"))]);
    for entry in std::fs::read_dir(bench.directory.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            entry.file_name()
        );
    }
    assert!(
        bench.directory.path().join("countersign.db-wal").exists(),
        "a write-ahead log is in use"
    );
}

#[test]
fn what_was_committed_is_loaded_in_key_order_with_the_revision_that_changed_it_last() {
    let mut bench = bench();
    bench.commit(&[("b", Some("b1")), ("a", Some("a1")), ("c", Some("c1"))]);
    bench.commit(&[("b", Some("b2")), ("c", None), ("d", Some(""))]);
    bench.commit(&[("c", Some("c3"))]);
    let expected = [
        entry("a", 1, "a1"),
        entry("b", 2, "b2"),
        entry("c", 3, "c3"),
        entry("d", 2, ""),
    ];
    assert_eq!(bench.state(), expected);
    let mut bench = bench.reopen();
    assert_eq!(bench.store.head().unwrap(), 3);
    assert_eq!(bench.state(), expected);
}

#[test]
fn a_commit_that_does_not_follow_the_head_is_refused_and_changes_nothing() {
    let mut bench = bench();
    bench.commit(&[("a", Some("1"))]);
    for number in [0, 1, 3, u64::MAX] {
        let refused = bench
            .store
            .commit(&revision(number, &[("a", Some("other"))]));
        assert!(
            matches!(refused, Err(CommitError::Refused(_))),
            "{number}: {refused:?}"
        );
    }
    assert_eq!(bench.store.head().unwrap(), 1);
    assert_eq!(bench.state(), [entry("a", 1, "1")]);
}

#[test]
fn a_revision_that_names_a_key_twice_is_refused_whole() {
    let mut bench = bench();
    let twice = bench.store.commit(&revision(
        1,
        &[("a", Some("1")), ("b", Some("1")), ("a", Some("2"))],
    ));
    assert!(
        matches!(&twice, Err(CommitError::Refused(why)) if why.contains("twice")),
        "{twice:?}"
    );
    assert_eq!(bench.store.head().unwrap(), 0);
    assert_eq!(bench.state(), []);
    assert_eq!(bench.commit(&[("a", Some("1"))]), 1);
}

#[test]
fn a_full_database_refuses_the_change_keeps_the_state_and_goes_on_when_there_is_room() {
    let mut bench = bench();
    bench.commit(&[("a", Some("1"))]);
    let connection = bench.store.connection.as_ref().unwrap();
    let pages: i64 = connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    connection
        .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        .unwrap();
    let large = "x".repeat(100_000);
    let full = bench.store.commit(&revision(2, &[("b", Some(&large))]));
    assert!(
        matches!(&full, Err(CommitError::Refused(why)) if why == "the disk is full"),
        "{full:?}"
    );
    assert_eq!(bench.state(), [entry("a", 1, "1")]);
    let connection = bench.store.connection.as_ref().unwrap();
    connection
        .pragma_update_and_check(None, "max_page_count", 1_000_000, |_| Ok(()))
        .unwrap();
    assert_eq!(bench.commit(&[("b", Some(&large))]), 2);
}

#[test]
fn a_store_that_cannot_be_written_refuses_and_still_reads() {
    let mut bench = bench();
    bench.commit(&[("a", Some("1"))]);
    bench
        .store
        .connection
        .as_ref()
        .unwrap()
        .pragma_update(None, "query_only", true)
        .unwrap();
    let refused = bench.store.commit(&revision(2, &[("a", Some("2"))]));
    assert!(
        matches!(&refused, Err(CommitError::Refused(why)) if why.contains("read-only")),
        "{refused:?}"
    );
    assert_eq!(bench.state(), [entry("a", 1, "1")]);
}

#[test]
fn after_an_unknown_outcome_nothing_is_committed_until_the_store_was_read_again() {
    let mut bench = bench();
    bench.commit(&[("a", Some("1"))]);
    bench.store.connection = None; // as `commit` leaves it when the outcome is unknown
    let refused = bench.store.commit(&revision(2, &[("a", Some("2"))]));
    assert!(
        matches!(refused, Err(CommitError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(bench.store.head().unwrap(), 1);
    assert_eq!(bench.commit(&[("a", Some("2"))]), 2);
    assert_eq!(bench.state(), [entry("a", 2, "2")]);
}

#[test]
fn history_lists_newest_first_in_pages() {
    let mut bench = bench();
    for number in 1..=5_u64 {
        bench.commit(&[
            ("a", Some(&number.to_string())),
            ("b", number.is_multiple_of(2).then_some("even")),
        ]);
    }
    let numbers =
        |revisions: Vec<StoredRevision>| revisions.iter().map(|r| r.number).collect::<Vec<_>>();
    assert_eq!(numbers(bench.store.revisions(None, 2).unwrap()), [5, 4]);
    assert_eq!(
        numbers(bench.store.revisions(Some(4), 10).unwrap()),
        [3, 2, 1]
    );
    assert_eq!(
        numbers(bench.store.revisions(Some(u64::MAX), usize::MAX).unwrap()),
        [5, 4, 3, 2, 1]
    );
    assert_eq!(
        numbers(bench.store.revisions(Some(1), 10).unwrap()),
        Vec::<u64>::new()
    );
    let expected = StoredRevision {
        number: 2,
        time_ms: 1_700_000_000_002,
        actor: "operator".to_owned(),
        comment: Some("change 2".to_owned()),
        change_count: 2,
    };
    assert_eq!(bench.store.revisions(Some(3), 1).unwrap(), [expected]);
    let changes = bench.store.changes(3, 10).unwrap().unwrap();
    assert_eq!(changes, [("a".to_owned(), true), ("b".to_owned(), false)]);
    assert_eq!(bench.store.changes(3, 1).unwrap().unwrap().len(), 1);
    assert_eq!(bench.store.changes(6, 1).unwrap(), None);
    assert_eq!(bench.store.changes(u64::MAX, 1).unwrap(), None);
}

#[test]
fn a_record_is_found_as_it_was_at_each_revision() {
    let mut bench = bench();
    bench.commit(&[("x", Some("other"))]);
    bench.commit(&[("a", Some("2"))]);
    bench.commit(&[("x", Some("more"))]);
    bench.commit(&[("a", None)]);
    bench.commit(&[("a", Some("5"))]);
    let seen: Vec<_> = (1..=5).map(|number| bench.at("a", number)).collect();
    assert_eq!(
        seen,
        [
            None,
            Some("2".into()),
            Some("2".into()),
            None,
            Some("5".into())
        ]
    );
    assert!(bench.store.record_at("a", 6).is_err());
}

#[test]
fn differences_name_only_keys_whose_content_is_not_the_same() {
    let mut bench = bench();
    bench.commit(&[
        ("kept", Some("k")),
        ("changed", Some("old")),
        ("gone", Some("g")),
        ("back", Some("b")),
    ]);
    bench.commit(&[
        ("changed", Some("new")),
        ("gone", None),
        ("back", Some("other")),
        ("new", Some("n")),
    ]);
    bench.commit(&[("back", Some("b")), ("brief", Some("?"))]);
    bench.commit(&[("brief", None)]);
    let expected = [
        ("changed".to_owned(), Some("old".to_owned())),
        ("gone".to_owned(), Some("g".to_owned())),
        ("new".to_owned(), None),
    ];
    assert_eq!(bench.differences(1).unwrap(), expected);
    assert_eq!(bench.differences(4).unwrap(), []);
    assert_eq!(bench.differences(5), None);
}

#[test]
fn pruning_forgets_old_revisions_and_keeps_the_state_and_every_kept_revision_whole() {
    let mut bench = bench();
    let keys = ["a", "b", "c", "d"];
    for number in 1..=20_u64 {
        let changes: Vec<_> = keys
            .iter()
            .enumerate()
            .filter(|(i, _)| !(number + *i as u64).is_multiple_of(3))
            .map(|(i, key)| {
                (
                    *key,
                    (number % (i as u64 + 3) != 0).then(|| format!("{key}{number}")),
                )
            })
            .collect();
        let changes: Vec<_> = changes
            .iter()
            .map(|(key, body)| (*key, body.as_deref()))
            .collect();
        bench.commit(&changes);
    }
    let whole = |bench: &mut Bench, numbers: std::ops::RangeInclusive<u64>| {
        let mut seen = vec![format!("{:?}", bench.state())];
        for number in numbers {
            seen.push(format!(
                "{:?}",
                bench.store.changes(number, 100).unwrap().unwrap()
            ));
            seen.push(format!("{:?}", bench.differences(number).unwrap()));
            seen.extend(
                keys.iter()
                    .map(|key| format!("{:?}", bench.store.record_at(key, number).unwrap())),
            );
        }
        seen
    };
    let before = whole(&mut bench, 11..=20);
    let versions = bench.versions();
    bench.store.prune(15).unwrap();
    bench.store.prune(10).unwrap();
    assert_eq!(whole(&mut bench, 11..=20), before);
    assert!(bench.versions() < versions);
    assert_eq!(bench.store.revisions(None, 100).unwrap().len(), 10);
    assert_eq!(bench.store.changes(10, 100).unwrap(), None);
    assert_eq!(bench.differences(10), None);
    assert!(bench.store.record_at("a", 10).is_err());

    // Down to the head alone: one version for each record, and none for what the head did not touch
    // and is gone.
    let before = whole(&mut bench, 20..=20);
    bench.store.prune(0).unwrap();
    assert_eq!(whole(&mut bench, 20..=20), before);
    let removed_by_head = bench
        .store
        .changes(20, 100)
        .unwrap()
        .unwrap()
        .iter()
        .filter(|(_, is)| !is)
        .count();
    assert_eq!(
        bench.versions() as usize,
        bench.state().len() + removed_by_head
    );
    let mut bench = bench.reopen();
    assert_eq!(whole(&mut bench, 20..=20), before);
    assert_eq!(bench.commit(&[("a", None)]), 21);
}

#[test]
fn pruning_what_need_not_be_pruned_changes_nothing() {
    let mut bench = bench();
    bench.store.prune(5).unwrap();
    bench.commit(&[("a", Some("1"))]);
    bench.commit(&[("a", Some("2"))]);
    bench.store.prune(2).unwrap();
    bench.store.prune(u64::MAX).unwrap();
    assert_eq!(bench.store.revisions(None, 9).unwrap().len(), 2);
}

#[test]
fn a_one_record_commit_writes_as_much_into_a_large_store_as_into_a_small_one() {
    let written = |records: usize| {
        let mut bench = bench();
        let keys: Vec<String> = (0..records)
            .map(|i| format!("lists/partners/identities/{i:07}"))
            .collect();
        let changes: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("x"))).collect();
        bench.commit(&changes);
        opening::checkpoint(bench.store.connection.as_ref().unwrap()).unwrap();
        let log = bench.path().with_extension("db-wal");
        assert_eq!(std::fs::metadata(&log).unwrap().len(), 0);
        bench.commit(&[(&keys[records / 2], Some("y"))]);
        std::fs::metadata(&log).unwrap().len()
    };
    let (small, large) = (written(1_000), written(100_000));
    // A deeper tree costs a page or two; 100 times the records must not cost 100 times the bytes.
    assert!(
        large <= small + 4 * 4200,
        "{small} bytes with 1,000 records, {large} with 100,000"
    );
}

#[test]
fn the_data_key_is_kept_beside_the_revisions_and_a_failure_leaves_the_old_one() {
    let mut bench = bench();
    assert_eq!(bench.store.data_key().unwrap(), None);
    bench.store.put_data_key(b"first").unwrap();
    let connection = bench.store.connection.as_ref().unwrap();
    connection.pragma_update(None, "query_only", true).unwrap();
    assert!(bench.store.put_data_key(b"never").is_err());
    assert_eq!(
        bench.store.data_key().unwrap().as_deref(),
        Some(&b"first"[..])
    );
    bench.store.put_data_key(b"second").unwrap();
    let mut bench = bench.reopen();
    assert_eq!(
        bench.store.data_key().unwrap().as_deref(),
        Some(&b"second"[..])
    );
    assert_eq!(bench.store.head().unwrap(), 0);
}

#[test]
fn errors_and_debug_output_never_show_what_is_stored() {
    let mut bench = bench();
    let revision = revision(1, &[("a", Some("TOP-SECRET")), ("a", Some("TOP-SECRET"))]);
    let error = bench.store.commit(&revision).unwrap_err();
    assert!(!format!("{error} {error:?} {:?}", bench.store).contains("TOP-SECRET"));
}
