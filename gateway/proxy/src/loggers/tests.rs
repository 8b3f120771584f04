use gateway_config::clock::SystemClock;

use super::*;

fn message(text: &str) -> LoggerMessage {
    LoggerMessage {
        text: text.to_owned(),
        partition_id: None,
        partition_key: Some("k\"".to_owned()),
    }
}

#[test]
fn a_record_is_one_line_of_json_with_its_partition() {
    let line = record("events", 1_795_386_411_040_000_000, message("a\nb"));
    assert!(!line.contains('\n'));
    let expected = serde_json::json!({"time": "2026-11-22T22:26:51.040Z", "logger": "events",
        "message": "a\nb", "partitionKey": "k\""});
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
}

#[test]
fn a_queue_that_is_full_takes_nothing_until_there_is_room() {
    let recorder = Recorder::new();
    let account = Arc::new(Account {
        waiting: AtomicUsize::new(0),
        metrics: recorder.logger("events"),
    });
    let first = account.take(700, 1_000).unwrap();
    assert!(account.take(0, 1_000).is_none());
    drop(first);
    assert!(account.take(700, 1_000).is_some());
}

fn deliver(directory: &std::path::Path, file: &str, recorder: &Recorder, texts: &[&str]) {
    let settings = LoggerSettings {
        directory: directory.to_owned(),
        ..LoggerSettings::default()
    };
    let mut loggers = Loggers::start(
        settings,
        UpstreamSettings::default(),
        Arc::new(SystemClock),
        recorder.clone(),
    )
    .unwrap();
    let target = Arc::new(LoggerTarget {
        id: Arc::from("events"),
        destination: Destination::File(Arc::from(file)),
    });
    let shared = &loggers.queue.0;
    let account = shared.account(&target.id);
    for text in texts {
        let entry = Entry {
            target: Arc::clone(&target),
            upstream: None,
            record: record("events", 0, message(text)),
            room: account.take(100, shared.waiting_bytes).unwrap(),
        };
        assert!(shared.sender.send(Order::Deliver(entry)).is_ok());
    }
    loggers.close(Duration::from_secs(30));
    assert_eq!(account.waiting.load(Ordering::Relaxed), 0);
}

#[test]
fn what_waits_is_written_in_order_before_the_thread_ends() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = Recorder::new();
    let texts: Vec<String> = (0..250).map(|number| number.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let below = directory.path().join("not/yet/there");
    deliver(&below, "events.jsonl", &recorder, &texts);
    let written = std::fs::read_to_string(below.join("events.jsonl")).unwrap();
    let messages: Vec<String> = written
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].clone())
        .map(|message| message.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(messages, texts);
    let counted =
        "countersign_logger_messages_total{logger=\"events\",outcome=\"delivered\"} 250\n";
    assert!(recorder.render().contains(counted));
}

#[test]
fn what_cannot_be_written_is_counted_as_failed() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = Recorder::new();
    std::fs::create_dir(directory.path().join("taken")).unwrap();
    deliver(directory.path(), "taken", &recorder, &["a", "b"]);
    let rendered = recorder.render();
    let failed = "countersign_logger_messages_total{logger=\"events\",outcome=\"failed\"} 2\n";
    assert!(rendered.contains(failed), "{rendered}");
}
