//! What an acknowledged commit is worth.
//!
//! Goal: an acknowledged revision is there, whole, after the process was killed at any moment; at
//! most one more is there, whole too. And: when the disk fails at the commit itself, the store says
//! that it does not know, and what it says after reading again is what a restart finds.
//! Method: this binary starts itself as the child that commits; each revision's content follows from
//! the seed and its number, so that the parent can compute what must be there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking; the child reports on its standard output"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use gateway_config::store::sqlite::SqliteStore;
use gateway_config::store::{CommitError, NewRevision, Store as _};

const KILLS: u64 = 40;
const KEPT: u64 = 20;
const CHILD_STORE: &str = "COUNTERSIGN_STORE_CRASH_CHILD";
const SEED: &str = "COUNTERSIGN_STORE_CRASH_SEED";

#[test]
fn every_acknowledged_revision_survives_a_kill_at_any_moment_and_at_most_one_more_is_there() {
    let seed = seed();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    drop(SqliteStore::open(&path).unwrap());
    let mut random = Random(seed);
    let mut state = BTreeMap::new();
    let mut head = 0;
    for kill in 0..KILLS {
        let mut child = start("child_commits_until_it_is_killed", &path, seed, &[]);
        let mut acknowledged = head;
        // Which acknowledgement to wait for, and how far into the next commits to kill.
        let last = head + 1 + random.below(12);
        let delay = Duration::from_micros(random.below(4_000));
        while acknowledged < last {
            acknowledged = child.next("ack");
        }
        let kill_at = Instant::now() + delay;
        while Instant::now() < kill_at {
            std::hint::spin_loop();
        }
        child.process.kill().unwrap();
        child.process.wait().unwrap();
        while let Some(number) = child.rest("ack") {
            acknowledged = number;
        }

        let mut store = SqliteStore::open_existing(&path).unwrap();
        let found = store.head().unwrap();
        let context =
            format!("seed {seed}, kill {kill}: acknowledged {acknowledged}, found {found}");
        assert!(
            found == acknowledged || found == acknowledged + 1,
            "{context}"
        );
        while head < found {
            head += 1;
            apply(&mut state, &content(seed, head));
        }
        assert_eq!(load(&mut store), state, "{context}");
        for number in found.saturating_sub(KEPT - 1).max(1)..=found {
            let mut expected: Vec<_> = content(seed, number)
                .into_iter()
                .map(|(key, body)| (key, body.is_some()))
                .collect();
            expected.sort();
            assert_eq!(
                store.changes(number, usize::MAX).unwrap(),
                Some(expected),
                "{context}: {number}"
            );
        }
    }
    assert!(head >= KILLS, "the children committed");
}

#[test]
fn a_disk_error_at_the_commit_is_unknown_and_what_is_read_afterwards_is_what_a_restart_finds() {
    let directory = tempfile::tempdir().unwrap();
    // A file-size limit (in blocks of 512 bytes) makes writes to the log fail with EFBIG, which
    // SQLite reports as an I/O error; at several sizes, to hit different places of a commit.
    for blocks in [150, 163, 177, 200, 260] {
        let path = directory.path().join(format!("{blocks}.db"));
        drop(SqliteStore::open(&path).unwrap());
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut child = start(
            "child_commits_until_the_disk_fails",
            &path,
            seed(),
            &["sh", "-c", &limit, "sh"],
        );
        let acknowledged = child.next("acknowledged");
        let settled = child.next("settled");
        let last = child.next("last");
        assert!(child.process.wait().unwrap().success());
        assert!(
            settled == acknowledged || settled == acknowledged + 1,
            "{acknowledged} {settled}"
        );
        assert!(
            last == settled + 1,
            "the child went on after it had read again"
        );
        let mut store = SqliteStore::open_existing(&path).unwrap();
        assert_eq!(store.head().unwrap(), last);
    }
}

#[test]
fn a_second_process_gets_locked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    let store = SqliteStore::open(&path).unwrap();
    let mut child = start("child_finds_the_store_locked", &path, 0, &[]);
    assert_eq!(child.next("locked"), 1);
    assert!(child.process.wait().unwrap().success());
    drop(store);
}

/// Not a promise: the body of a child process, which does nothing unless a parent asks.
#[test]
fn child_commits_until_it_is_killed() {
    let Some(path) = child_store() else { return };
    let seed = seed();
    let mut store = SqliteStore::open_existing(&path).unwrap();
    loop {
        let number = store.head().unwrap() + 1;
        store
            .commit(&revision(number, content(seed, number)))
            .unwrap();
        say("ack", number);
        if number.is_multiple_of(7) {
            store.prune(KEPT).unwrap();
        }
    }
}

/// Not a promise: the body of a child process, which does nothing unless a parent asks.
#[test]
fn child_commits_until_the_disk_fails() {
    let Some(path) = child_store() else { return };
    let mut store = SqliteStore::open_existing(&path).unwrap();
    let mut acknowledged = 0;
    // Content stays in the log until 1,000 pages are there; each commit adds a few.
    let body = |number: u64| vec![(format!("key{}", number % 3), Some(vec![b'x'; 3_000]))];
    let error = loop {
        match store.commit(&revision(acknowledged + 1, body(acknowledged + 1))) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CommitError::Unknown(_)), "{error:?}");
    let refused = store.commit(&revision(acknowledged + 1, body(0)));
    assert!(
        matches!(refused, Err(CommitError::Refused(_))),
        "{refused:?}"
    );
    say("acknowledged", acknowledged);
    let settled = store.head().unwrap();
    say("settled", settled);
    store.commit(&revision(settled + 1, body(0))).unwrap();
    say("last", settled + 1);
}

/// Not a promise: the body of a child process, which does nothing unless a parent asks.
#[test]
fn child_finds_the_store_locked() {
    let Some(path) = child_store() else { return };
    let opened = SqliteStore::open(&path);
    say(
        "locked",
        u64::from(matches!(
            opened,
            Err(gateway_config::store::StoreError::Locked(_))
        )),
    );
}

fn child_store() -> Option<PathBuf> {
    std::env::var_os(CHILD_STORE).map(PathBuf::from)
}

fn seed() -> u64 {
    std::env::var(SEED).map_or(20_251_122, |seed| seed.parse().expect("a number"))
}

fn say(what: &str, number: u64) {
    // One write for the line: a killed child leaves no half of one unnoticed.
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{what} {number}\n").as_bytes())
        .unwrap();
    out.flush().unwrap();
}

struct Running {
    process: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// The number of the next line that says `what`.
    fn next(&mut self, what: &str) -> u64 {
        self.rest(what)
            .unwrap_or_else(|| panic!("the child ended before `{what}`: {:?}", self.process.wait()))
    }

    /// As [`Running::next`]; `None` when the child's output has ended.
    fn rest(&mut self, what: &str) -> Option<u64> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(number) = line.strip_suffix('\n').and_then(|l| l.strip_prefix(what)) {
                return Some(number.trim().parse().unwrap());
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Also when an assertion failed: no child outlives its test.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// This binary again, running only `test`, below the command `through`.
fn start(test: &str, store: &Path, seed: u64, through: &[&str]) -> Running {
    let this = std::env::current_exe().unwrap();
    let mut command = match through {
        [] => Command::new(&this),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(&this);
            command
        }
    };
    let mut process = command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD_STORE, store)
        .env(SEED, seed.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap());
    Running { process, lines }
}

fn revision(number: u64, changes: Vec<(String, Option<Vec<u8>>)>) -> NewRevision {
    NewRevision {
        number,
        time_ms: 0,
        actor: "crash".to_owned(),
        comment: None,
        changes,
    }
}

/// What revision `number` changes: a few records or many, small or large, some removed.
fn content(seed: u64, number: u64) -> Vec<(String, Option<Vec<u8>>)> {
    let mut random = Random(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let many = if random.below(5) == 0 { 300 } else { 4 };
    let mut changes = BTreeMap::new();
    for _ in 0..=random.below(many) {
        let key = format!("key{:04}", random.below(800));
        let length = if random.below(20) == 0 { 20_000 } else { 120 };
        let body = (random.below(6) != 0).then(|| {
            let mut body = format!("{number}:").into_bytes();
            body.extend((0..random.below(length)).map(|_| random.below(256) as u8));
            body
        });
        changes.insert(key, body);
    }
    changes.into_iter().collect()
}

fn apply(state: &mut BTreeMap<String, Vec<u8>>, changes: &[(String, Option<Vec<u8>>)]) {
    for (key, body) in changes {
        match body {
            Some(body) => state.insert(key.clone(), body.clone()),
            None => state.remove(key),
        };
    }
}

fn load(store: &mut SqliteStore) -> BTreeMap<String, Vec<u8>> {
    let mut state = BTreeMap::new();
    store
        .load(&mut |record| {
            state.insert(record.key, record.body.to_vec());
        })
        .unwrap();
    state
}

/// `SplitMix64`: small, seeded, good enough to choose moments.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
