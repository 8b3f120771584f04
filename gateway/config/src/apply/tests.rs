//! The promises of a change, at the writer: over a real SQLite file, with a store that fails on
//! demand where that is the point.

mod fragments;
mod products;

use std::sync::Arc;

use gateway_policy::context::Deployment;
use gateway_tls::seal::MasterKey;
use gateway_tls::trust::RevocationPolicy;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::change::{Action, Edit, IfMatch};
use crate::clock::SystemClock;
use crate::compile::TlsSettings;
use crate::hosts::UnknownName;
use crate::resource::{Body, Kind};
use crate::store::faulty::{Control, Event, Fault, Faulty};
use crate::store::sqlite::SqliteStore;

struct Bench {
    writer: Writer,
    control: Control,
    directory: TempDir,
    master: MasterKey,
}

pub(crate) fn settings() -> WriterSettings {
    WriterSettings {
        compile: CompileSettings {
            deployment: Arc::new(Deployment {
                gateway_id: "local".into(),
                instance_id: "1".into(),
                region: "local".into(),
                service_id: "/".into(),
                service_name: "apim".into(),
            }),
            revocation: RevocationPolicy::Hard,
            unknown_name: UnknownName::Default,
            tls: TlsSettings {
                tickets: 1,
                max_ticket_age: 86_400,
            },
            file_hosts: Vec::new(),
            managed_identity: false,
        },
        clock: Arc::new(SystemClock),
        keep_revisions: 100,
    }
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::open(directory, MasterKey::generate().unwrap())
    }

    fn open(directory: TempDir, master: MasterKey) -> Self {
        let store = SqliteStore::open(&directory.path().join("test.db")).unwrap();
        let (mut store, control) = Faulty::new(store);
        let sealer = open_sealer(&mut store, &master).unwrap();
        let writer = Writer::open(Box::new(store), sealer, settings()).unwrap();
        Self {
            writer,
            control,
            directory,
            master,
        }
    }

    /// The same store, as after a restart.
    fn reopen(self) -> Self {
        drop(self.writer);
        Self::open(self.directory, self.master)
    }

    fn apply(&mut self, edits: Vec<Edit>) -> Result<Applied, ApplyError> {
        self.writer.apply(Change {
            edits,
            actor: Actor {
                name: "test".into(),
                address: None,
            },
            comment: None,
            dry_run: false,
            allow_code_in_named_values: false,
        })
    }

    fn put(&mut self, path: &str, properties: Value) -> Result<Applied, ApplyError> {
        self.apply(vec![put(path, properties)])
    }

    fn value(&self, name: &str) -> Option<String> {
        let path = ResourcePath::parse(&format!("namedValues/{name}")).unwrap();
        match &*self.writer.shared_resources().load().get(&path)?.body {
            Body::NamedValue(value) => Some(value.value.to_string()),
            _ => None,
        }
    }

    fn revision(&self) -> u64 {
        self.writer.published().load().revision
    }

    fn with_api_and_policy(policy: &str) -> Self {
        let mut bench = Self::new();
        bench
            .apply(vec![
                put(
                    "namedValues/nv",
                    json!({ "displayName": "nv", "value": "AA,BB" }),
                ),
                put(
                    "apis/orders",
                    json!({ "displayName": "Orders", "path": "orders", "protocols": ["https"] }),
                ),
                put(
                    "apis/orders/policies/policy",
                    json!({ "format": "rawxml", "value": policy }),
                ),
            ])
            .unwrap();
        bench
    }
}

fn edit(path: &str, action: Action, if_match: IfMatch) -> Edit {
    Edit {
        path: ResourcePath::parse(path).unwrap(),
        action,
        if_match,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "bodies are written in place")]
pub(crate) fn put(path: &str, properties: Value) -> Edit {
    edit(
        path,
        Action::Put(json!({ "properties": properties })),
        IfMatch::Any,
    )
}

pub(crate) fn named_value(value: &str) -> Value {
    json!({ "displayName": "nv", "value": value })
}

const USES_NV: &str =
    r#"<policies><inbound><base /><set-variable name="v" value="{{nv}}" /></inbound></policies>"#;

#[test]
fn an_accepted_change_is_served_and_is_there_after_a_restart() {
    let mut bench = Bench::new();
    let applied = bench.put("namedValues/nv", named_value("one")).unwrap();
    assert_eq!(
        (applied.revision, applied.results[0].outcome),
        (1, Outcome::Created)
    );
    assert_eq!(
        (bench.revision(), bench.value("nv").as_deref()),
        (1, Some("one"))
    );
    let bench = bench.reopen();
    assert_eq!(
        (bench.revision(), bench.value("nv").as_deref()),
        (1, Some("one"))
    );
}

#[test]
fn the_answer_comes_after_the_revision_is_durable_and_it_is_published_after_that() {
    let mut bench = Bench::new();
    bench.put("namedValues/nv", named_value("one")).unwrap();
    // At the store the commit had returned before `apply` did; a refused commit is never published.
    assert!(
        bench
            .control
            .events()
            .ends_with(&[Event::Asked(1), Event::Durable(1)])
    );
    bench.control.fail_next_commit(Fault::Refused);
    let error = bench.put("namedValues/nv", named_value("two")).unwrap_err();
    assert!(matches!(error, ApplyError::Store(_)), "{error}");
    assert_eq!(
        (bench.revision(), bench.value("nv").as_deref()),
        (1, Some("one"))
    );
    bench.put("namedValues/nv", named_value("three")).unwrap();
    assert_eq!(
        (bench.revision(), bench.value("nv").as_deref()),
        (2, Some("three"))
    );
}

#[test]
fn after_an_unknown_outcome_what_the_store_holds_is_served_before_anybody_is_answered() {
    for (fault, expected) in [
        (Fault::UnknownLost, (1, "one")),
        (Fault::UnknownStored, (2, "two")),
    ] {
        let mut bench = Bench::new();
        bench.put("namedValues/nv", named_value("one")).unwrap();
        bench.control.fail_next_commit(fault);
        let error = bench.put("namedValues/nv", named_value("two")).unwrap_err();
        assert!(matches!(error, ApplyError::Store(_)), "{fault:?}: {error}");
        assert_eq!(
            (bench.revision(), bench.value("nv").as_deref()),
            (expected.0, Some(expected.1)),
            "{fault:?}"
        );
        bench.put("namedValues/nv", named_value("three")).unwrap();
        assert_eq!(bench.value("nv").as_deref(), Some("three"), "{fault:?}");
    }
}

#[test]
fn no_change_is_taken_while_the_head_cannot_be_read_after_an_unknown_outcome() {
    let mut bench = Bench::new();
    bench.put("namedValues/nv", named_value("one")).unwrap();
    bench.control.fail_next_commit(Fault::UnknownStored);
    bench.control.set_unreadable(true);
    assert!(matches!(
        bench.put("namedValues/nv", named_value("two")),
        Err(ApplyError::Unsettled)
    ));
    assert!(bench.writer.is_unsettled());
    assert!(matches!(
        bench.put("namedValues/nv", named_value("three")),
        Err(ApplyError::Unsettled)
    ));
    bench.control.set_unreadable(false);
    bench
        .put(
            "namedValues/other",
            json!({ "displayName": "other", "value": "x" }),
        )
        .unwrap();
    assert_eq!(bench.value("nv").as_deref(), Some("two"));
}

#[test]
fn a_transaction_is_all_or_nothing() {
    let mut bench = Bench::new();
    bench.put("namedValues/nv", named_value("one")).unwrap();
    let error = bench
        .apply(vec![
            put("namedValues/nv", named_value("two")),
            put(
                "namedValues/bad",
                json!({ "displayName": "no spaces", "value": "x" }),
            ),
        ])
        .unwrap_err();
    let ApplyError::Invalid { path, problems } = error else {
        panic!("{error}")
    };
    assert_eq!(
        (path.to_string().as_str(), problems[0].target.as_str()),
        ("namedValues/bad", "displayName")
    );
    assert_eq!(
        (bench.revision(), bench.value("nv").as_deref()),
        (1, Some("one"))
    );
}

#[test]
fn of_two_writers_with_one_etag_the_second_is_refused() {
    let mut bench = Bench::new();
    bench.put("namedValues/nv", named_value("one")).unwrap();
    let write = |value: &str| {
        let body = json!({ "properties": named_value(value) });
        vec![edit(
            "namedValues/nv",
            Action::Put(body),
            IfMatch::Revision(1),
        )]
    };
    bench.apply(write("two")).unwrap();
    assert!(matches!(
        bench.apply(write("three")),
        Err(ApplyError::PreconditionFailed(_))
    ));
    assert_eq!(bench.value("nv").as_deref(), Some("two"));
}

#[test]
fn an_etag_changes_only_with_its_resource() {
    let mut bench = Bench::new();
    bench.put("namedValues/nv", named_value("one")).unwrap();
    bench
        .put(
            "namedValues/other",
            json!({ "displayName": "other", "value": "x" }),
        )
        .unwrap();
    let path = ResourcePath::parse("namedValues/nv").unwrap();
    assert_eq!(
        bench
            .writer
            .shared_resources()
            .load()
            .get(&path)
            .unwrap()
            .changed_in,
        1
    );
}

#[test]
fn a_dry_run_reports_and_changes_nothing() {
    let mut bench = Bench::new();
    let applied = bench
        .writer
        .apply(Change {
            edits: vec![put("namedValues/nv", named_value("one"))],
            actor: Actor {
                name: "test".into(),
                address: None,
            },
            comment: None,
            dry_run: true,
            allow_code_in_named_values: false,
        })
        .unwrap();
    assert_eq!(
        (applied.revision, applied.results[0].outcome),
        (0, Outcome::Created)
    );
    assert_eq!((bench.revision(), bench.value("nv")), (0, None));
}

#[test]
fn a_named_value_in_use_cannot_be_deleted_and_its_users_are_named() {
    let mut bench = Bench::with_api_and_policy(USES_NV);
    let delete = || vec![edit("namedValues/nv", Action::Delete, IfMatch::Any)];
    let error = bench.apply(delete()).unwrap_err();
    let ApplyError::InUse { by, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(by[0].to_string(), "apis/orders/policies/policy");
    // Together with its user it may go.
    let mut edits = vec![edit(
        "apis/orders/policies/policy",
        Action::Delete,
        IfMatch::Any,
    )];
    edits.extend(delete());
    bench.apply(edits).unwrap();
    assert_eq!(bench.value("nv"), None);
}

#[test]
fn a_named_value_that_would_break_a_policy_is_refused_with_the_place() {
    let mut bench = Bench::with_api_and_policy(
        r#"<policies><inbound><base /><set-variable name="v" value="@("{{nv}}".Length)" /></inbound></policies>"#,
    );
    let error = bench
        .put("namedValues/nv", named_value("\" + \""))
        .unwrap_err();
    let ApplyError::Invalid { problems, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        problems[0].message.contains("apis/orders/policies/policy"),
        "{problems:?}"
    );
    assert_eq!(problems[0].line, Some(1));
    assert_eq!(bench.value("nv").as_deref(), Some("AA,BB"));
}

#[test]
fn a_policy_that_does_not_compile_is_refused_with_every_problem() {
    let mut bench = Bench::with_api_and_policy(USES_NV);
    let broken = "<policies>\n<inbound>\n<set-headr name=\"a\" />\n<set-variable name=\"v\" value=\"{{missing}}\" />\n</inbound></policies>";
    let error = bench
        .put(
            "apis/orders/policies/policy",
            json!({ "format": "rawxml", "value": broken }),
        )
        .unwrap_err();
    let ApplyError::Invalid { problems, .. } = &error else {
        panic!("{error}")
    };
    let lines: Vec<_> = problems.iter().filter_map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 4], "{problems:?}");
    assert!(problems[0].message.contains("set-header"), "{problems:?}");
}

#[test]
fn a_policy_that_names_what_does_not_exist_is_refused() {
    let mut bench = Bench::with_api_and_policy(USES_NV);
    let policy = r#"<policies><inbound><authentication-certificate certificate-id="nope" /><set-backend-service backend-id="nope" /><validate-client-certificate><identities><identity-list id="nope" /></identities></validate-client-certificate></inbound></policies>"#;
    let error = bench
        .put(
            "apis/orders/policies/policy",
            json!({ "format": "rawxml", "value": policy }),
        )
        .unwrap_err();
    let ApplyError::Invalid { problems, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn deleting_an_api_takes_its_operations_and_policies_with_it() {
    let mut bench = Bench::with_api_and_policy(USES_NV);
    bench
        .put(
            "apis/orders/operations/get",
            json!({ "displayName": "g", "method": "GET", "urlTemplate": "/" }),
        )
        .unwrap();
    bench
        .apply(vec![edit("apis/orders", Action::Delete, IfMatch::Any)])
        .unwrap();
    let bench = bench.reopen();
    let resources = bench.writer.shared_resources().load();
    for kind in [Kind::Api, Kind::Operation, Kind::ApiPolicy] {
        assert!(resources.list(kind, None).is_empty(), "{kind:?}");
    }
    assert!(
        bench
            .writer
            .published()
            .load()
            .routes
            .get("orders")
            .is_none()
    );
}

#[test]
fn two_apis_cannot_have_one_path() {
    let mut bench = Bench::with_api_and_policy(USES_NV);
    let error = bench
        .put(
            "apis/copy",
            json!({ "displayName": "Copy", "path": "Orders", "protocols": ["https"] }),
        )
        .unwrap_err();
    let ApplyError::Invalid { problems, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(problems[0].target, "path");
}

#[test]
fn an_api_that_moves_leaves_nothing_behind() {
    let mut bench = Bench::with_api_and_policy(USES_NV);
    bench
        .put(
            "apis/orders",
            json!({ "displayName": "Orders", "path": "moved", "protocols": ["https"] }),
        )
        .unwrap();
    let snapshot = bench.writer.published().load();
    assert!(snapshot.routes.get("orders").is_none());
    assert!(snapshot.routes.get("moved").is_some());
}

#[test]
fn members_of_a_list_change_one_by_one_and_come_back_after_a_restart() {
    let mut bench = Bench::new();
    bench.put("identityLists/partners", json!({})).unwrap();
    let member = |digit: char| json!({ "thumbprint": digit.to_string().repeat(40) });
    bench
        .put("identityLists/partners/identities/a", member('A'))
        .unwrap();
    bench
        .put("identityLists/partners/identities/b", member('B'))
        .unwrap();
    let applied = bench
        .apply(vec![edit(
            "identityLists/partners/identities/a",
            Action::Delete,
            IfMatch::Any,
        )])
        .unwrap();
    assert_eq!(applied.results[0].outcome, Outcome::Deleted);
    let bench = bench.reopen();
    let snapshot = bench.writer.published().load();
    let list = &snapshot.identity_lists.get("partners").unwrap().set;
    let names: Vec<&str> = list.iter().map(|member| &*member.name).collect();
    assert_eq!((names, list.changed_in), (vec!["b"], 3));
}

#[test]
fn an_old_revision_can_be_restored_as_a_new_one() {
    let mut bench = Bench::new();
    bench.put("namedValues/nv", named_value("one")).unwrap();
    bench.put("identityLists/partners", json!({})).unwrap();
    bench
        .put(
            "identityLists/partners/identities/a",
            json!({ "thumbprint": "A".repeat(40) }),
        )
        .unwrap();
    bench.put("namedValues/nv", named_value("two")).unwrap();
    bench
        .apply(vec![edit(
            "identityLists/partners",
            Action::Delete,
            IfMatch::Any,
        )])
        .unwrap();
    let actor = Actor {
        name: "test".into(),
        address: None,
    };
    let applied = bench.writer.restore(3, &actor).unwrap();
    assert_eq!(applied.revision, 6);
    assert_eq!(bench.value("nv").as_deref(), Some("one"));
    let bench = bench.reopen();
    assert_eq!(
        (bench.revision(), bench.value("nv").as_deref()),
        (6, Some("one"))
    );
    let snapshot = bench.writer.published().load();
    assert_eq!(
        snapshot.identity_lists.get("partners").unwrap().set.len(),
        1
    );
    let mut bench = bench;
    assert!(matches!(
        bench.writer.restore(99, &actor),
        Err(ApplyError::NotFound(_))
    ));
}

#[test]
fn secrets_are_nowhere_in_the_database_in_the_clear() {
    let mut bench = Bench::new();
    bench
        .put(
            "namedValues/sec",
            json!({ "displayName": "sec", "value": "s3cret-value-xyz", "secret": true }),
        )
        .unwrap();
    bench
        .put("subscriptions/s1", json!({ "displayName": "S", "scope": "/apis", "state": "active", "primaryKey": "primary-key-xyz" }))
        .unwrap();
    let names = std::fs::read_dir(bench.directory.path()).unwrap();
    for file in names.map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap();
        for secret in ["s3cret-value-xyz", "primary-key-xyz"] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", file.display());
        }
    }
}

#[test]
fn a_store_does_not_open_under_another_master_key() {
    let mut bench = Bench::new();
    bench.put("namedValues/nv", named_value("one")).unwrap();
    drop(bench.writer);
    let mut store = SqliteStore::open(&bench.directory.path().join("test.db")).unwrap();
    let error = open_sealer(&mut store, &MasterKey::generate().unwrap()).unwrap_err();
    assert!(error.to_string().contains("master key"), "{error}");
}

#[test]
fn retired_snapshots_are_freed_when_no_request_holds_them() {
    let mut bench = Bench::new();
    bench.put("namedValues/nv", named_value("one")).unwrap();
    let held = bench.writer.published().load();
    bench.put("namedValues/nv", named_value("two")).unwrap();
    let weak = Arc::downgrade(&held);
    bench.writer.free_retired();
    assert!(weak.upgrade().is_some());
    drop(held);
    bench.writer.free_retired();
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_revision_names_its_resources_as_they_were_created() {
    let mut bench = Bench::new();
    let body = json!({ "displayName": "Spelled", "value": "x" });
    bench.put("namedValues/Spelled", body).unwrap();
    let shown = bench.writer.revision(1).unwrap().unwrap();
    assert_eq!(shown.changes, [("namedValues/Spelled".to_owned(), true)]);
}
