use actix::{Arbiter, System};
use serde_json::Value;

use super::*;
use crate::record::audit;

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or(Value::Null))
        .collect()
}

fn record(revision: u64) -> Append {
    Append(AuditRecord {
        revision,
        ..audit::tests::record()
    })
}

#[test]
fn when_a_record_is_answered_it_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let recorder = Recorder::new();
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        let writer = AuditWriter::open(&path, &recorder)
            .unwrap()
            .supervised(&arbiter.handle());
        for revision in 1..=3 {
            writer.send(record(revision)).await.unwrap().unwrap();
            let lines = lines(&path);
            assert_eq!(lines.len() as u64, revision);
            assert_eq!(lines.last().unwrap()["revision"], revision);
        }
        arbiter.stop();
    });
    assert!(
        recorder
            .render()
            .contains("countersign_log_records_total{log=\"audit\"} 3\n")
    );
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn half_a_line_that_a_crash_left_spoils_only_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    std::fs::write(&path, "{\"revision\":1}\n{\"revis").unwrap();
    let mut writer = AuditWriter::open(&path, &Recorder::new()).unwrap();
    writer.append(&record(3).0).unwrap();
    let lines = lines(&path);
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (&lines[0]["revision"], &lines[2]["revision"]),
        (&1.into(), &3.into())
    );
}

#[test]
fn after_the_file_was_moved_away_reopening_starts_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let moved = directory.path().join("audit.jsonl.1");
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        let writer = AuditWriter::open(&path, &Recorder::new())
            .unwrap()
            .supervised(&arbiter.handle());
        writer.send(record(1)).await.unwrap().unwrap();
        std::fs::rename(&path, &moved).unwrap();
        writer.send(Reopen).await.unwrap().unwrap();
        writer.send(record(2)).await.unwrap().unwrap();
        arbiter.stop();
    });
    assert_eq!(lines(&moved)[0]["revision"], 1);
    assert_eq!(lines(&path)[0]["revision"], 2);
}

#[test]
fn a_log_that_cannot_be_written_is_an_error_and_is_tried_again_with_the_next_record() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("logs");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("audit.jsonl");
    let recorder = Recorder::new();
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        let mut writer = AuditWriter::open(&path, &recorder).unwrap();
        writer.log = None; // as after a failure
        std::fs::remove_dir_all(&folder).unwrap();
        let writer = writer.supervised(&arbiter.handle());
        let error = writer.send(record(1)).await.unwrap().unwrap_err();
        assert!(error.to_string().contains("audit.jsonl"), "{error}");
        assert!(writer.send(Reopen).await.unwrap().is_err());
        std::fs::create_dir(&folder).unwrap();
        writer.send(record(2)).await.unwrap().unwrap();
        arbiter.stop();
    });
    assert_eq!(lines(&path)[0]["revision"], 2);
    let text = recorder.render();
    assert!(
        text.contains("countersign_log_records_dropped_total{log=\"audit\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("countersign_log_errors_total{log=\"audit\"} 2\n"),
        "{text}"
    );
}

#[test]
fn an_audit_log_that_cannot_be_opened_is_an_error_at_once() {
    assert!(AuditWriter::open(Path::new("/nonexistent/audit.jsonl"), &Recorder::new()).is_err());
}
