//! Policy fragments and the documents that include them.

use super::*;
use crate::resource::accept::FieldProblem;

const POLICY: &str = "apis/orders/policies/policy";

fn includes(name: &str) -> String {
    format!(r#"<policies><inbound><include-fragment fragment-id="{name}" /></inbound></policies>"#)
}

fn fragment(inner: &str) -> Value {
    json!({ "format": "rawxml", "value": format!("<fragment>{inner}</fragment>") })
}

fn including(bench: &mut Bench) {
    bench
        .apply(vec![
            put(
                "policyFragments/f",
                fragment(r#"<set-method>PUT</set-method>"#),
            ),
            put(
                "apis/orders",
                json!({ "displayName": "Orders", "path": "orders", "protocols": ["https"] }),
            ),
            put(
                POLICY,
                json!({ "format": "rawxml", "value": includes("f") }),
            ),
        ])
        .unwrap();
}

/// The one resource that is wrong, with its first problem.
#[track_caller]
fn wrong(outcome: Result<Applied, ApplyError>) -> (String, FieldProblem) {
    match outcome.unwrap_err() {
        ApplyError::Invalid { path, problems } => (path.to_string(), problems[0].clone()),
        other => panic!("{other}"),
    }
}

#[test]
fn an_unknown_fragment_is_refused_with_its_place() {
    let mut bench = Bench::new();
    including(&mut bench);
    let document = json!({ "format": "rawxml", "value": includes("g") });
    let (path, problem) = wrong(bench.put(POLICY, document));
    assert_eq!(path, POLICY);
    assert!(problem.message.contains("'g'"), "{}", problem.message);
    assert_eq!(problem.line, Some(1));
    assert!(problem.column.is_some());
}

#[test]
fn what_is_wrong_in_a_fragment_is_reported_there_and_once() {
    let mut bench = Bench::new();
    including(&mut bench);
    let (path, problem) = wrong(bench.put("policyFragments/f", fragment("<set-methd />")));
    assert_eq!(path, "policyFragments/f");
    assert!(problem.message.contains("set-methd"), "{}", problem.message);
    assert_eq!((problem.line, problem.column), (Some(1), Some(12)));
}

#[test]
fn a_changed_fragment_gives_the_including_document_a_new_program() {
    let mut bench = Bench::new();
    including(&mut bench);
    let path = ResourcePath::parse(POLICY).unwrap();
    let program = |bench: &Bench| {
        let snapshot = bench.writer.published().load();
        let artefact = snapshot.policies.get(&path).unwrap();
        Arc::clone(artefact.program.as_ref().unwrap())
    };
    let before = program(&bench);
    bench.put("namedValues/nv", named_value("x")).unwrap();
    assert!(Arc::ptr_eq(&before, &program(&bench)));
    bench
        .put(
            "policyFragments/f",
            fragment(r#"<set-variable name="v" value="{{nv}}" />"#),
        )
        .unwrap();
    let changed = program(&bench);
    assert!(!Arc::ptr_eq(&before, &changed));
    // What the fragment names, the document depends on.
    bench.put("namedValues/nv", named_value("y")).unwrap();
    assert!(!Arc::ptr_eq(&changed, &program(&bench)));
}

#[test]
fn fragments_that_include_each_other_are_refused_with_the_chain() {
    let mut bench = Bench::new();
    including(&mut bench);
    bench
        .put(
            "policyFragments/g",
            fragment(r#"<include-fragment fragment-id="f" />"#),
        )
        .unwrap();
    let (path, problem) = wrong(bench.put(
        "policyFragments/f",
        fragment(r#"<include-fragment fragment-id="G" />"#),
    ));
    assert_eq!(path, "policyFragments/f");
    assert!(problem.message.contains("f → G → f"), "{}", problem.message);
}

#[test]
fn a_fragment_in_use_is_not_deleted_unless_its_users_go_with_it() {
    let mut bench = Bench::new();
    including(&mut bench);
    let delete = |path| edit(path, Action::Delete, IfMatch::Any);
    let error = bench.apply(vec![delete("policyFragments/f")]).unwrap_err();
    let ApplyError::InUse { by, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(by, [ResourcePath::parse(POLICY).unwrap()]);
    bench
        .apply(vec![delete("policyFragments/f"), delete(POLICY)])
        .unwrap();
}

#[test]
fn fragments_are_there_after_a_restart() {
    let mut bench = Bench::new();
    including(&mut bench);
    let bench = bench.reopen();
    let snapshot = bench.writer.published().load();
    assert!(snapshot.quarantine.is_empty(), "{:?}", snapshot.quarantine);
}
