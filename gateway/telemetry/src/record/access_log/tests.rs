use std::io::Write;
use std::path::Path;
use std::sync::{Condvar, MutexGuard};

use serde_json::Value;

use super::*;
use crate::record::{access, handshake, trace};

const PATIENCE: Duration = Duration::from_secs(20);

fn access_record(revision: u64) -> AccessRecord {
    AccessRecord {
        revision,
        ..access::tests::record()
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn sample(recorder: &Recorder, name: &str) -> u64 {
    let start = format!("{name}{{log=\"access\"}} ");
    let text = recorder.render();
    text.lines()
        .find_map(|line| line.strip_prefix(&start))
        .unwrap()
        .parse()
        .unwrap()
}

/// A writer that waits at a gate, fails on demand, and keeps what it was given.
#[derive(Clone, Default)]
struct Gated(Arc<(Mutex<Gate>, Condvar)>);

#[derive(Default)]
struct Gate {
    closed: bool,
    waiting: bool,
    failing: bool,
    written: Vec<u8>,
}

impl Gated {
    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.0.0.lock().unwrap()
    }

    fn set_closed(&self, closed: bool) {
        self.gate().closed = closed;
        self.0.1.notify_all();
    }

    fn wait_until_a_write_waits(&self) {
        let (gate, result) = self
            .0
            .1
            .wait_timeout_while(self.gate(), PATIENCE, |gate| !gate.waiting)
            .unwrap();
        drop(gate);
        assert!(!result.timed_out());
    }
}

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut gate = self.gate();
        gate.waiting = true;
        self.0.1.notify_all();
        let mut gate = self.0.1.wait_while(gate, |gate| gate.closed).unwrap();
        gate.waiting = false;
        if gate.failing {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        gate.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn closing_loses_no_record_and_keeps_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.jsonl");
    let recorder = Recorder::new();
    let log = AccessLog::start(Destination::File(path.clone()), &recorder).unwrap();
    for revision in 0..5_000 {
        log.access(access_record(revision));
        if revision % 100 == 0 {
            log.trace(trace::tests::record());
        }
    }
    log.close(PATIENCE).unwrap();
    let lines = lines(&path);
    let access: Vec<_> = lines
        .iter()
        .filter(|line| line["kind"] == "access")
        .collect();
    assert_eq!(access.len(), 5_000);
    assert!(
        access
            .iter()
            .zip(0..)
            .all(|(line, revision)| line["revision"] == revision)
    );
    assert_eq!(
        lines.iter().filter(|line| line["kind"] == "trace").count(),
        50
    );
    assert_eq!(sample(&recorder, "countersign_log_records_total"), 5_050);
    assert_eq!(
        sample(&recorder, "countersign_log_records_dropped_total"),
        0
    );
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777 & !0o640, 0, "{mode:o}");
}

#[test]
fn a_trace_is_one_line_of_its_kind() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.jsonl");
    let log = AccessLog::start(Destination::File(path.clone()), &Recorder::new()).unwrap();
    log.trace(trace::tests::record());
    log.close(PATIENCE).unwrap();
    let line = lines(&path).remove(0);
    assert_eq!(
        (&line["kind"], &line["severity"]),
        (&"trace".into(), &"information".into())
    );
    assert_eq!(line["message"], "line one\nline \"two\"");
    assert_eq!(line["metadata"]["a"], "3");
}

#[test]
fn a_refused_handshake_is_one_line_of_a_kind_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.jsonl");
    let log = AccessLog::start(Destination::File(path.clone()), &Recorder::new()).unwrap();
    log.access(access_record(1));
    log.handshake(handshake::tests::record());
    log.close(PATIENCE).unwrap();
    let lines = lines(&path);
    let kinds: Vec<_> = lines.iter().map(|line| &line["kind"]).collect();
    assert_eq!(kinds, ["access", "handshake"]);
    assert_eq!(lines[1]["reason"], "untrusted");
}

#[test]
fn when_the_writer_is_stuck_records_are_dropped_and_counted_and_nobody_waits() {
    let recorder = Recorder::new();
    let gated = Gated::default();
    gated.set_closed(true);
    let writer = Destination::Writer(Box::new(gated.clone()));
    let log = AccessLog::with_capacity(writer, &recorder, 8).unwrap();
    log.access(access_record(0));
    gated.wait_until_a_write_waits();
    for revision in 1..=20 {
        log.access(access_record(revision)); // would hang here
    }
    assert_eq!(
        sample(&recorder, "countersign_log_records_dropped_total"),
        12
    );
    gated.set_closed(false);
    log.close(PATIENCE).unwrap();
    assert_eq!(sample(&recorder, "countersign_log_records_total"), 9);
    let written = String::from_utf8(gated.gate().written.clone()).unwrap();
    assert_eq!(written.lines().count(), 9);
}

#[test]
fn closing_gives_up_when_the_disk_hangs() {
    let gated = Gated::default();
    gated.set_closed(true);
    let writer = Destination::Writer(Box::new(gated.clone()));
    let log = AccessLog::with_capacity(writer, &Recorder::new(), 1).unwrap();
    log.access(access_record(0));
    gated.wait_until_a_write_waits();
    log.access(access_record(1));
    assert!(log.close(Duration::from_millis(50)).is_err());
    gated.set_closed(false);
}

#[test]
fn a_failing_disk_costs_records_and_afterwards_every_line_is_whole_again() {
    let recorder = Recorder::new();
    let gated = Gated::default();
    let log = AccessLog::start(Destination::Writer(Box::new(gated.clone())), &recorder).unwrap();
    let wait_for = |name: &str, value: u64| {
        let deadline = std::time::Instant::now() + PATIENCE;
        while sample(&recorder, name) < value {
            assert!(
                std::time::Instant::now() < deadline,
                "{name} never became {value}"
            );
            thread::yield_now();
        }
    };
    gated.gate().failing = true;
    log.access(access_record(1));
    wait_for("countersign_log_records_dropped_total", 1);
    assert!(sample(&recorder, "countersign_log_errors_total") >= 1);
    gated.gate().failing = false;
    gated.gate().written.extend_from_slice(b"{\"half"); // what a full disk left
    log.access(access_record(2));
    log.close(PATIENCE).unwrap();
    let written = String::from_utf8(gated.gate().written.clone()).unwrap();
    let (torn, whole) = written.split_once('\n').unwrap();
    assert_eq!(torn, "{\"half");
    assert_eq!(serde_json::from_str::<Value>(whole).unwrap()["revision"], 2);
}

#[test]
fn after_the_file_was_moved_away_reopening_starts_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.jsonl");
    let moved = directory.path().join("access.jsonl.1");
    let log = AccessLog::start(Destination::File(path.clone()), &Recorder::new()).unwrap();
    log.access(access_record(1));
    std::fs::rename(&path, &moved).unwrap();
    log.access(access_record(2));
    log.reopen();
    log.access(access_record(3));
    log.close(PATIENCE).unwrap();
    let revisions = |path: &Path| {
        lines(path)
            .iter()
            .map(|line| line["revision"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(revisions(&moved), [1, 2]);
    assert_eq!(revisions(&path), [3]);
}

#[test]
fn after_closing_records_are_counted_as_dropped() {
    let recorder = Recorder::new();
    let log = AccessLog::start(Destination::Nowhere, &recorder).unwrap();
    log.close(PATIENCE).unwrap();
    log.close(PATIENCE).unwrap();
    log.access(access_record(1));
    assert_eq!(
        sample(&recorder, "countersign_log_records_dropped_total"),
        1
    );
    log.reopen();
}

#[test]
fn a_log_that_cannot_be_opened_is_an_error_at_once() {
    let missing = Destination::File("/nonexistent/directory/access.jsonl".into());
    assert!(AccessLog::start(missing, &Recorder::new()).is_err());
}
