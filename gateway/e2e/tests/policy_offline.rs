//! Policies without a gateway: what `countersign policy` says, and how it ends.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gateway_e2e::{program, without_test_variables};
use serde_json::Value;
use tempfile::TempDir;

/// How a command ended, and what it wrote.
struct Said {
    code: Option<i32>,
    out: String,
    errors: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.errors))
    }
}

fn policy(directory: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(program());
    command.current_dir(directory).arg("policy").args(arguments);
    let output = without_test_variables(&mut command)
        .output()
        .expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said {
        code: output.status.code(),
        out: text(output.stdout),
        errors: text(output.stderr),
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/examples/cases")
}

fn with(files: &[(&str, &[u8])]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

const GOOD: &[u8] = b"<policies><inbound><set-method>PUT</set-method></inbound></policies>";

/// Three errors: an unknown policy, a broken expression, a named value that nobody gave.
const BAD: &[u8] = b"<policies>\n  <inbound>\n    <set-headr name=\"a\" />\n    \
    <set-variable name=\"v\" value=\"@(1 +)\" />\n    <set-backend-service base-url=\"{{where}}\" />\n  \
    </inbound>\n</policies>";

#[test]
fn check_names_every_problem_by_file_line_and_column_and_ends_with_1() {
    let files = with(&[
        ("a/good.xml", GOOD),
        ("a/bad.xml", BAD),
        ("a/notes.md", b"<"),
    ]);
    let said = policy(files.path(), &["check", "a"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.errors);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", said.out);
    assert!(lines[0].starts_with("a/bad.xml:3:6: error: There is no policy 'set-headr'."));
    assert!(lines[0].ends_with("[UnknownElement]"), "{}", said.out);
    assert!(lines[1].starts_with("a/bad.xml:4:"), "{}", said.out);
    assert!(lines[2].starts_with("a/bad.xml:5:"), "{}", said.out);
    assert!(lines[2].contains("where"), "{}", said.out);

    let said = policy(files.path(), &["check", "a/good.xml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
}

#[test]
fn check_writes_its_problems_as_json_too() {
    let files = with(&[("bad.xml", BAD)]);
    let arguments = [
        "check",
        "bad.xml",
        "--json",
        "--named-value",
        "where=https://b.example",
    ];
    let said = policy(files.path(), &arguments);
    assert_eq!(said.code, Some(1));
    let found = said.json();
    let problems = found["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "the named value was given: {found}");
    assert_eq!(problems[0]["file"], "bad.xml");
    assert_eq!(problems[0]["line"], 3);
    assert_eq!(problems[0]["column"], 6);
    assert_eq!(problems[0]["severity"], "error");
    assert_eq!(problems[0]["code"], "UnknownElement");
}

#[test]
fn check_ends_with_2_for_what_cannot_be_read_and_checks_the_rest() {
    let files = with(&[
        ("bad.xml", BAD),
        ("latin.xml", b"<policies>\xE4</policies>"),
    ]);
    let said = policy(files.path(), &["check", "latin.xml", "bad.xml"]);
    assert_eq!(said.code, Some(2));
    assert!(said.errors.contains("latin.xml") && said.errors.contains("UTF-8"));
    assert!(said.out.contains("bad.xml:3:6"), "{}", said.out);
    let said = policy(files.path(), &["check", "nowhere.xml"]);
    assert_eq!(said.code, Some(2));
    assert!(said.errors.contains("nowhere.xml"), "{}", said.errors);
}

#[test]
fn warnings_end_with_1_only_when_they_are_denied() {
    let warned: &[u8] =
        b"<policies><inbound><choose><when condition=\"@(context.Request.Certificate\
        != null)\"><set-method>PUT</set-method></when></choose></inbound></policies>";
    let files = with(&[("warned.xml", warned)]);
    let said = policy(files.path(), &["check", "warned.xml"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains(": warning: ") && said.out.contains("[FailsOpen]"));
    let said = policy(files.path(), &["check", "warned.xml", "--deny-warnings"]);
    assert_eq!(said.code, Some(1));
}

#[test]
fn fragments_and_assumed_resources_make_a_document_whole() {
    let document: &[u8] = b"<policies><inbound><include-fragment fragment-id=\"stamp\" />\
        <rate-limit calls=\"{{calls}}\" renewal-period=\"60\" />\
        <set-backend-service backend-id=\"orders\" /></inbound></policies>";
    let fragment: &[u8] = b"<fragment><set-headr name=\"X\" /></fragment>";
    let files = with(&[("p.xml", document), ("fragments/stamp.xml", fragment)]);
    let said = policy(files.path(), &["check", "p.xml"]);
    assert_eq!(
        (said.code, said.out.lines().count()),
        (Some(1), 3),
        "{}",
        said.out
    );
    let said = policy(files.path(), &["check", "p.xml", "--assume-resources"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    let arguments = [
        "check",
        "p.xml",
        "--assume-resources",
        "--fragments",
        "fragments",
    ];
    let said = policy(files.path(), &arguments);
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("set-headr") && said.out.contains("stamp"),
        "{}",
        said.out
    );
}

const RECORDING: &[u8] = b"<policies><inbound>\
    <set-variable name=\"n\" value=\"@(context.Request.Body.As&lt;JObject>(true).Value&lt;int>(&quot;n&quot;) + 1)\" />\
    <set-variable name=\"id\" value=\"@(Guid.NewGuid())\" />\
    <set-variable name=\"at\" value=\"@(DateTime.UtcNow.ToString(&quot;o&quot;))\" />\
    <set-header name=\"X-N\" exists-action=\"override\"><value>@(context.Variables[\"n\"].ToString())</value></set-header>\
    <trace source=\"t\" severity=\"information\"><message>seen</message></trace>\
    </inbound><outbound><set-status code=\"202\" reason=\"Taken\" /></outbound></policies>";

#[test]
fn run_prints_the_forwarded_request_the_response_variables_and_traces_the_same_each_time() {
    let files = with(&[("p.xml", RECORDING)]);
    let arguments = [
        "run",
        "p.xml",
        "--json",
        "--request",
        "POST /orders?x=1",
        "--body",
        "{\"n\": 41}",
        "--header",
        "Content-Type: application/json",
        "--backend-response",
        "200 OK",
        "--backend-header",
        "X-From: backend",
        "--backend-body",
        "hello",
        "--service-url",
        "https://b.example/base",
        "--now",
        "2026-06-01T00:00:00Z",
        "--seed",
        "7",
    ];
    let said = policy(files.path(), &arguments);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.errors);
    let found = said.json();
    let forwarded = &found["forwarded"][0];
    assert_eq!(forwarded["method"], "POST");
    assert_eq!(forwarded["url"], "https://b.example/base/orders?x=1");
    assert_eq!(forwarded["body"], "{\"n\": 41}");
    let headers = forwarded["headers"].as_array().unwrap();
    assert!(
        headers.contains(&serde_json::json!(["x-n", "42"])),
        "{headers:?}"
    );
    assert!(
        headers.contains(&serde_json::json!(["host", "b.example"])),
        "{headers:?}"
    );
    assert_eq!(found["response"]["status"], 202);
    assert_eq!(found["response"]["reason"], "Taken");
    assert_eq!(found["response"]["body"], "hello");
    let variable = |name: &str| {
        let all = found["variables"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap().clone()
    };
    assert_eq!(variable("n")["type"], "System.Int32");
    assert_eq!(variable("n")["text"], "42");
    assert_eq!(variable("at")["text"], "2026-06-01T00:00:00.0000000Z");
    assert_eq!(found["traces"][0]["message"], "seen");
    assert_eq!(found["lastError"], Value::Null);
    assert_eq!(
        policy(files.path(), &arguments).out,
        said.out,
        "deterministic"
    );
    let mut other = arguments;
    *other.last_mut().unwrap() = "8";
    let other = policy(files.path(), &other).json();
    assert_ne!(other["variables"], found["variables"], "another seed");
}

#[test]
fn run_judges_certificates_with_the_authorities_it_is_given() {
    let examples = examples();
    let run = |more: &[&str]| {
        let mut arguments = vec![
            "run",
            "partner-api.xml",
            "--json",
            "--request",
            "GET /",
            "--now",
            "2027-01-01T00:00:00Z",
            "--identity-list",
            "partners=partners.json",
        ];
        arguments.extend(more);
        let said = policy(&examples, &arguments);
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.errors);
        let found = said.json();
        let reason = found["lastError"]["reason"].as_str().map(str::to_owned);
        (found["response"]["status"].as_u64().unwrap(), reason)
    };
    let partner = ["--certificate", "certificates/partner.pem"];
    let authority = ["--ca", "certificates/ca.pem"];
    let refused = |reason: &str| (401, Some(reason.to_owned()));
    assert_eq!(run(&[partner, authority].concat()), (200, None));
    assert_eq!(run(&partner), refused("ClientCertificateNotTrusted"));
    assert_eq!(run(&[partner, ["--trust", "all"]].concat()), (200, None));
    assert_eq!(run(&authority), refused("ClientCertificateNotFound"));
    let stranger = ["--certificate", "certificates/stranger.pem"];
    assert_eq!(
        run(&[stranger, authority].concat()),
        refused("ClientCertificateNotTrusted")
    );
    assert_eq!(
        run(&[stranger, ["--trust", "all"]].concat()),
        refused("ClientCertificateIdentityNotMatched")
    );
}

#[test]
fn run_ends_with_1_if_the_document_does_not_compile_and_with_2_if_the_input_is_unusable() {
    let files = with(&[("bad.xml", BAD), ("good.xml", GOOD)]);
    let said = policy(files.path(), &["run", "bad.xml", "--request", "GET /"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.errors.contains("bad.xml:3:6: error:"),
        "{}",
        said.errors
    );
    for arguments in [
        ["run", "good.xml", "--request", "GET"].as_slice(),
        &[
            "run",
            "good.xml",
            "--request",
            "GET /",
            "--certificate",
            "none.pem",
        ],
        &[
            "run",
            "good.xml",
            "--request",
            "GET /",
            "--backend-response",
            "none.http",
        ],
        &["run", "good.xml", "--request", "GET /", "--now", "soon"],
        &["run", "good.xml", "--request", "GET /", "--ca", "good.xml"],
        &["run", "none.xml", "--request", "GET /"],
    ] {
        let said = policy(files.path(), arguments);
        assert_eq!(
            said.code,
            Some(2),
            "{arguments:?}: {}{}",
            said.out,
            said.errors
        );
        assert!(said.errors.starts_with("countersign: "), "{}", said.errors);
    }
}

#[test]
fn the_example_cases_hold() {
    let said = policy(&examples(), &["test", ".", "--json"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.errors);
    let found = said.json();
    assert_eq!(
        (found["passed"].as_u64(), found["failed"].as_u64()),
        (Some(6), Some(0))
    );
    let said = policy(&examples(), &["test", ".", "--filter", "third call"]);
    assert_eq!(said.code, Some(0));
    assert!(said.out.ends_with("1 passed, 0 failed\n"), "{}", said.out);
    assert_eq!(
        policy(&examples(), &["test", ".", "--filter", "nothing"]).code,
        Some(2)
    );
}

#[test]
fn a_case_that_fails_says_what_was_expected_and_found_and_a_misspelt_one_fails() {
    let case: &[u8] = b"name = \"it stays\"\npolicy = \"good.xml\"\n[request]\nline = \"GET /a\"\n\
        [expect]\nstatus = 404\n[expect.request]\nmethod = \"GET\"\n";
    let misspelt: &[u8] =
        b"policy = \"good.xml\"\n[request]\nline = \"GET /a\"\n[expect]\nstaus = 200\n";
    let files = with(&[
        ("good.xml", GOOD),
        ("a.case.toml", case),
        ("b.case.toml", misspelt),
    ]);
    let said = policy(files.path(), &["test", ".", "--junit", "out.xml"]);
    assert_eq!(said.code, Some(1));
    for part in [
        "FAILED  it stays",
        "status\n      expected  404\n      found     200",
        "forwarded method\n      expected  \"GET\"\n      found     \"PUT\"",
        "unknown field `staus`",
        "0 passed, 2 failed",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let junit = fs::read_to_string(files.path().join("out.xml")).unwrap();
    assert!(
        junit.contains("tests=\"2\" failures=\"1\" errors=\"1\""),
        "{junit}"
    );
}

#[test]
fn coverage_counts_documents_and_names_what_stops_the_others() {
    let files = with(&[
        ("good.xml", GOOD),
        (
            "fragment.xml",
            b"<fragment><set-method>PUT</set-method></fragment>",
        ),
        ("unread.xml", b"<policies><inbound>"),
        (
            "graph.xml",
            b"<policies><inbound><llm-token-limit /></inbound></policies>",
        ),
        ("broken.xml", BAD),
        (
            "index.tsv",
            b"file\tauthor_broken\nbroken.xml\ty\ngood.xml\tn\n",
        ),
    ]);
    let said = policy(
        files.path(),
        &["coverage", ".", "--json", "--index", "index.tsv"],
    );
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.errors);
    let found = said.json();
    for (key, expected) in [
        ("documents", 4),
        ("leftOut", 1),
        ("parsed", 3),
        ("readBack", 3),
        ("compiled", 2),
        ("ran", 2),
    ] {
        assert_eq!(found[key], expected, "{key}: {found}");
    }
    assert_eq!(found["tiers"]["C"]["documents"], 2, "{found}");
    assert_eq!(found["broke"].as_array().unwrap().len(), 0);
    let causes = found["causes"].as_array().unwrap();
    assert!(
        causes.iter().any(|cause| {
            cause["kind"] == "policy" && cause["what"].as_str().unwrap().contains("llm-token-limit")
        }),
        "{found}"
    );
    let said = policy(files.path(), &["coverage", "."]);
    assert!(said.out.contains("llm-token-limit"), "{}", said.out);
    assert_eq!(policy(files.path(), &["coverage", "nowhere"]).code, Some(2));
}
