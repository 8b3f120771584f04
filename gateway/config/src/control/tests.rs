//! The promises of the control plane when something of ours breaks: over a real SQLite file, with a
//! store that panics on demand.

use std::sync::Mutex;

use actix::{Arbiter, System};
use gateway_telemetry::metric::Recorder;
use gateway_tls::seal::MasterKey;
use tempfile::TempDir;

use super::*;
use crate::apply::open_sealer;
use crate::apply::tests::{named_value, put, settings};
use crate::change::Edit;
use crate::resource::Body;
use crate::store::faulty::{Control, Event, Fault, Faulty};
use crate::store::sqlite::SqliteStore;

pub(crate) struct Bench {
    pub(crate) plane: ControlPlane,
    control: Control,
    recorder: Recorder,
    /// Why the process would have been ended.
    ended: Arc<Mutex<Vec<String>>>,
    directory: TempDir,
    master: MasterKey,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), MasterKey::generate().unwrap())
    }

    fn open(directory: TempDir, master: MasterKey) -> Self {
        let store = SqliteStore::open(&directory.path().join("test.db")).unwrap();
        let (mut store, control) = Faulty::new(store);
        let sealer = open_sealer(&mut store, &master).unwrap();
        let writer = Writer::open(Box::new(store), sealer, settings()).unwrap();
        let recorder = Recorder::new();
        let ended = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&ended);
        let settings = PublisherSettings {
            metrics: recorder.changes(),
            restarts: recorder.restarts(),
            last_resort: Arc::new(move |why| told.lock().unwrap().push(why.to_owned())),
        };
        let plane = ControlPlane::start(writer, settings, &Arbiter::new().handle());
        Self {
            plane,
            control,
            recorder,
            ended,
            directory,
            master,
        }
    }

    /// The same store, as after a restart of the process.
    async fn reopen(self) -> Self {
        self.plane.stop().await;
        Self::open(self.directory, self.master)
    }

    async fn put(&self, value: &str) -> Result<u64, ApplyError> {
        self.apply(put("namedValues/nv", named_value(value))).await
    }

    pub(crate) async fn apply(&self, edit: Edit) -> Result<u64, ApplyError> {
        let change = Change {
            edits: vec![edit],
            actor: Actor {
                name: "test".into(),
                address: None,
            },
            comment: None,
            dry_run: false,
            allow_code_in_named_values: false,
        };
        let applied = self.plane.apply(change).await;
        applied.map(|applied| applied.revision)
    }

    fn served(&self) -> (u64, Option<String>) {
        let path = ResourcePath::parse("namedValues/nv").unwrap();
        let value = self
            .plane
            .get(&path)
            .map(|(resource, _)| match &*resource.body {
                Body::NamedValue(value) => value.value.to_string(),
                other => panic!("{other:?}"),
            });
        (self.plane.revision(), value)
    }

    /// Waits for what the publisher does between two messages: it is restarted before it takes the next.
    async fn restarts(&self) -> String {
        self.plane.revisions(None, 1).await.unwrap();
        let text = self.recorder.render();
        let line = text.lines().find_map(|line| {
            line.strip_prefix("countersign_actor_restarts_total{actor=\"publisher\"} ")
        });
        line.unwrap().to_owned()
    }
}

#[test]
fn after_a_panic_in_a_change_what_was_stored_is_served_and_the_next_change_works() {
    for (fault, served, says) in [
        (
            Fault::PanicLost,
            (1, "one"),
            "an internal error; see the log",
        ),
        (
            Fault::PanicStored,
            (2, "two"),
            "revision 2 was found in the store and is served",
        ),
    ] {
        System::new().block_on(async {
            let bench = Bench::new();
            bench.put("one").await.unwrap();
            // A request that pinned before goes on with what it pinned.
            let pinned = bench.plane.published().reader().pin();
            bench.control.fail_next_commit(fault);
            let error = bench.put("two").await.unwrap_err();
            assert!(
                matches!(&error, ApplyError::Store(why) if why.contains(says)),
                "{error}"
            );
            // When the answer came, the store had been read again and its content was served.
            assert_eq!(bench.control.events().last(), Some(&Event::HeadRead));
            assert_eq!(bench.served(), (served.0, Some(served.1.to_owned())));
            assert_eq!(pinned.revision, 1);
            assert_eq!(bench.put("three").await.unwrap(), served.0 + 1);
            assert_eq!(bench.restarts().await, "1");
            assert!(bench.ended.lock().unwrap().is_empty());
            let bench = bench.reopen().await;
            assert_eq!(bench.served(), (served.0 + 1, Some("three".to_owned())));
            bench.plane.stop().await;
        });
    }
}

#[test]
fn changes_that_wait_behind_one_that_panics_are_made() {
    System::new().block_on(async {
        let bench = Bench::new();
        bench.control.fail_next_commit(Fault::PanicLost);
        let (first, second, third) =
            tokio::join!(bench.put("one"), bench.put("two"), bench.put("three"));
        assert!(first.is_err());
        assert_eq!((second.unwrap(), third.unwrap()), (1, 2));
        assert_eq!(bench.served(), (2, Some("three".to_owned())));
        bench.plane.stop().await;
    });
}

#[test]
fn a_panic_over_old_revisions_costs_one_answer_and_no_change() {
    System::new().block_on(async {
        let bench = Bench::new();
        bench.put("one").await.unwrap();
        bench.control.panic_in_history();
        assert!(bench.plane.revisions(None, 10).await.is_err());
        assert_eq!(bench.plane.revisions(None, 10).await.unwrap().len(), 1);
        assert_eq!(bench.put("two").await.unwrap(), 2);
        assert_eq!(bench.restarts().await, "1");
        bench.plane.stop().await;
    });
}

#[test]
fn a_store_that_cannot_be_read_after_a_panic_ends_the_process() {
    System::new().block_on(async {
        let bench = Bench::new();
        bench.put("one").await.unwrap();
        bench.control.fail_next_commit(Fault::PanicStored);
        bench.control.set_unreadable(true);
        let error = bench.put("two").await.unwrap_err();
        assert!(matches!(error, ApplyError::Unsettled), "{error}");
        assert_eq!(
            *bench.ended.lock().unwrap(),
            ["the store's head cannot be read"]
        );
        assert_eq!(bench.served(), (1, Some("one".to_owned())));
        bench.plane.stop().await;
    });
}

#[test]
fn after_it_was_told_to_end_the_store_is_closed_and_changes_are_refused() {
    System::new().block_on(async {
        let bench = Bench::new();
        bench.plane.stop().await;
        let error = bench.put("late").await.unwrap_err();
        assert!(matches!(error, ApplyError::ShuttingDown), "{error}");
        assert!(bench.plane.revisions(None, 1).await.is_err());
        // The store is locked exclusively while it is open.
        SqliteStore::open(&bench.directory.path().join("test.db")).unwrap();
        assert!(bench.ended.lock().unwrap().is_empty());
    });
}

/// Panics where nothing catches it.
struct Break;

impl actix::Message for Break {
    type Result = ();
}

impl actix::Handler<Break> for Publisher {
    type Result = ();

    fn handle(&mut self, _: Break, _: &mut Self::Context) {
        panic!("told to panic outside of a change");
    }
}

#[test]
fn a_publisher_that_ends_by_itself_ends_the_process() {
    System::new().block_on(async {
        let bench = Bench::new();
        bench.put("one").await.unwrap();
        assert!(bench.plane.publisher.send(Break).await.is_err());
        let error = bench.put("two").await.unwrap_err();
        assert!(matches!(error, ApplyError::ShuttingDown), "{error}");
        assert_eq!(
            *bench.ended.lock().unwrap(),
            ["the publisher ended by a panic"]
        );
        assert_eq!(bench.served(), (1, Some("one".to_owned())));
    });
}
