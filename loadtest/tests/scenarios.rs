//! The scenarios against a small gateway of our own, honest or not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway_testkit::{AdminClient, Answer, Issued, Origin, Pki, Recorded, RequestHead};
use loadtest::{Load, LoadError, Protocol, Target, keepalive, rotate};
use serde_json::{Value, json};

/// How the gateway lies, every hundredth time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    Nothing,
    /// Judges by the list and revision before the newest one.
    OldSnapshot,
    /// Says the opposite of what its revision says.
    WrongVerdict,
    /// Closes the connection.
    Drop,
    /// Never says its revision.
    NoRevision,
}

#[derive(Debug, Clone, Default)]
struct Snapshot {
    revision: u64,
    /// Member name to SHA-256 thumbprint.
    members: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct State {
    now: Snapshot,
    before: Snapshot,
    requests: u64,
}

struct Gateway {
    pki: Pki,
    front: Origin,
    admin: Origin,
    state: Arc<Mutex<State>>,
}

impl Gateway {
    fn start(lie: Lie) -> Self {
        let pki = Pki::new();
        let mut state = State::default();
        let thumbprint = |issued: &Issued| issued.thumbprint_sha256().unwrap();
        state.now.revision = 7;
        state
            .now
            .members
            .insert("partner-a".to_owned(), thumbprint(&pki.partner_a));
        state
            .now
            .members
            .insert("branch".to_owned(), thumbprint(&pki.through_intermediate));
        let state = Arc::new(Mutex::new(state));
        let judge = Arc::clone(&state);
        let front = Origin::builder()
            .mutual_tls(&pki.server, pki.ca.certificate())
            .http2()
            .answering(move |head| answer(&mut judge.lock().unwrap(), head, lie))
            .start();
        let change = Arc::clone(&state);
        let admin = Origin::builder()
            .tls(&pki.server)
            .answering_whole(move |request| administer(&mut change.lock().unwrap(), request))
            .start();
        Self {
            pki,
            front,
            admin,
            state,
        }
    }

    fn target(&self) -> Target {
        Target::local(
            self.front.address(),
            "/orders",
            vec![self.pki.ca.certificate().clone()],
        )
    }

    fn rotation(&self) -> rotate::Options {
        let pki = &self.pki;
        rotate::Options {
            load: Load {
                connections: 12,
                protocol: Protocol::Both,
                duration: Duration::from_secs(30),
                ..Load::default()
            },
            target: self.target(),
            admin: AdminClient::new(self.admin.address(), pki.ca.certificate(), "token").unwrap(),
            list: "partners".to_owned(),
            rotated: vec![(&pki.partner_a).into(), (&pki.partner_b).into()],
            steady: vec![(&pki.through_intermediate).into()],
            stranger: Some((&pki.stranger).into()),
            refused: 403,
            swaps: 60,
            pause: Duration::from_millis(5),
            pid: None,
        }
    }
}

fn answer(state: &mut State, head: &RequestHead, lie: Lie) -> Answer {
    state.requests += 1;
    let lying = state.requests > 20 && state.requests.is_multiple_of(100);
    if lying && lie == Lie::Drop {
        return Answer::close();
    }
    let snapshot = if lying && lie == Lie::OldSnapshot {
        &state.before
    } else {
        &state.now
    };
    let presented = head.client_thumbprint_sha256.as_deref().unwrap_or_default();
    let on_list = snapshot
        .members
        .values()
        .any(|thumbprint| thumbprint == presented);
    let allowed = on_list != (lying && lie == Lie::WrongVerdict);
    let answer = Answer::status(if allowed { 200 } else { 403 });
    if lie == Lie::NoRevision {
        return answer;
    }
    answer.header("x-countersign-revision", &snapshot.revision.to_string())
}

fn administer(state: &mut State, request: &Recorded) -> Answer {
    assert_eq!(request.head.header("authorization"), Some("Bearer token"));
    let rest = request
        .head
        .path
        .strip_prefix("/apim/identityLists/partners")
        .expect("the list");
    if let Some(name) = rest.strip_prefix("/identities/") {
        let before = state.now.clone();
        if request.head.method == "PUT" {
            let document: Value = serde_json::from_slice(&request.body_start).unwrap();
            let thumbprint = document["properties"]["thumbprint"].as_str().unwrap();
            state
                .now
                .members
                .insert(name.to_owned(), thumbprint.to_owned());
        } else if state.now.members.remove(name).is_none() {
            return Answer::status(404);
        }
        state.now.revision += 1;
        state.before = before;
    }
    let members: Vec<_> = state
        .now
        .members
        .iter()
        .map(|(name, thumbprint)| json!({ "name": name, "thumbprint": thumbprint }))
        .collect();
    let list = json!({ "name": "partners", "properties": { "identities": members } });
    Answer::ok()
        .header("x-countersign-revision", &state.now.revision.to_string())
        .body(list.to_string())
}

async fn rotate_against(lie: Lie) -> (Gateway, loadtest::Report) {
    let gateway = Gateway::start(lie);
    let report = rotate::run(gateway.rotation()).await.unwrap();
    (gateway, report)
}

#[tokio::test]
async fn an_honest_gateway_passes_and_gets_its_list_back() {
    let gateway = Gateway::start(Lie::Nothing);
    let before = gateway.state.lock().unwrap().now.members.clone();
    let report = rotate::run(gateway.rotation()).await.unwrap();
    assert!(report.passed(), "{report}");
    let rotation = report.rotation.as_ref().unwrap();
    assert_eq!((rotation.swaps, rotation.changes), (60, 120));
    let findings = &rotation.findings;
    assert_eq!(findings.judged, report.totals.responses);
    assert!(findings.judged > 500, "{report}");
    let [a, b, steady] = findings.identities[..] else {
        panic!("three certificates")
    };
    for verdicts in [a, b] {
        assert!(verdicts.allowed > 0 && verdicts.refused > 0, "{report}");
    }
    assert_eq!((steady.refused, steady.wrong), (0, 0));
    assert!(rotation.strangers.refused_by_tls > 0, "{report}");
    assert_eq!((rotation.strangers.let_in, rotation.dropped), (0, 0));
    assert_eq!(gateway.state.lock().unwrap().now.members, before);
    assert!(report.to_string().contains("0 wrong, 0 stale"), "{report}");
}

#[tokio::test]
async fn an_old_snapshot_after_the_reply_is_caught_as_stale() {
    let (_gateway, report) = rotate_against(Lie::OldSnapshot).await;
    let findings = &report.rotation.as_ref().unwrap().findings;
    assert!(!report.passed() && findings.stale > 0, "{report}");
    assert_eq!(
        findings.wrong, 0,
        "each was consistent with its own revision\n{report}"
    );
}

#[tokio::test]
async fn a_wrong_verdict_is_caught() {
    let (_gateway, report) = rotate_against(Lie::WrongVerdict).await;
    let findings = &report.rotation.as_ref().unwrap().findings;
    assert!(!report.passed() && findings.wrong > 0, "{report}");
    assert!(!findings.examples.is_empty() && report.problems[0].contains("wrong verdicts"));
}

#[tokio::test]
async fn a_dropped_connection_is_told_apart_from_strangers() {
    let (_gateway, report) = rotate_against(Lie::Drop).await;
    let rotation = report.rotation.as_ref().unwrap();
    assert!(!report.passed() && rotation.dropped > 0, "{report}");
    assert_eq!((rotation.findings.wrong, rotation.findings.stale), (0, 0));
    assert!(rotation.strangers.refused_by_tls > 0);
    assert!(
        !report.totals.faults.contains_key("refused by TLS alert"),
        "{report}"
    );
}

#[tokio::test]
async fn a_gateway_that_hides_its_revision_is_not_judged_at_all() {
    let gateway = Gateway::start(Lie::NoRevision);
    let error = rotate::run(gateway.rotation()).await.unwrap_err();
    assert!(matches!(error, LoadError::Premise(_)), "{error}");
    assert!(
        error.to_string().contains("x-countersign-revision"),
        "{error}"
    );
    assert!(
        gateway
            .state
            .lock()
            .unwrap()
            .now
            .members
            .contains_key("partner-a"),
        "put back"
    );
}

#[tokio::test]
async fn a_list_that_does_not_decide_is_not_judged_at_all() {
    let gateway = Gateway::start(Lie::Nothing);
    let mut options = gateway.rotation();
    options.steady = vec![(&gateway.pki.backend_client).into()];
    let error = rotate::run(options).await.unwrap_err();
    assert!(error.to_string().contains("answers 403"), "{error}");
}

fn keepalive_options(gateway: &Gateway, protocol: Protocol) -> keepalive::Options {
    keepalive::Options {
        load: Load {
            connections: 4,
            protocol,
            max_requests: 400,
            duration: Duration::from_secs(30),
            ..Load::default()
        },
        target: gateway.target(),
        identities: vec![(&gateway.pki.partner_a).into()],
        expect: None,
        pid: Some(std::process::id()),
    }
}

#[tokio::test]
async fn keepalive_counts_what_was_answered_on_connections_that_stay() {
    for protocol in [Protocol::Http1, Protocol::Http2, Protocol::Both] {
        let gateway = Gateway::start(Lie::Nothing);
        let report = keepalive::run(keepalive_options(&gateway, protocol))
            .await
            .unwrap();
        assert!(report.passed(), "{report}");
        assert_eq!(
            (report.totals.responses, report.totals.handshakes),
            (400, 4)
        );
        assert_eq!(
            (
                gateway.front.request_count(),
                gateway.front.connection_count()
            ),
            (400, 4)
        );
        assert!(
            report.latency.p50 <= report.latency.p99 && report.latency.p99 <= report.latency.max
        );
        assert!(report.cpu_micros_per_response.unwrap() > 0.0);
    }
}

#[tokio::test]
async fn keepalive_keeps_to_the_rate_it_was_given() {
    let gateway = Gateway::start(Lie::Nothing);
    let mut options = keepalive_options(&gateway, Protocol::Http1);
    options.load.rate = Some(200.0);
    options.load.duration = Duration::from_millis(500);
    let report = keepalive::run(options).await.unwrap();
    assert!(report.passed(), "{report}");
    assert!((90..=101).contains(&report.totals.responses), "{report}");
}

#[tokio::test]
async fn keepalive_fails_on_refusals_unless_they_are_expected() {
    let gateway = Gateway::start(Lie::Nothing);
    let mut options = keepalive_options(&gateway, Protocol::Http1);
    options.identities = vec![(&gateway.pki.partner_b).into()];
    let report = keepalive::run(options.clone()).await.unwrap();
    assert_eq!(report.problems, ["400 responses with status 403"]);
    options.expect = Some(403);
    assert!(keepalive::run(options).await.unwrap().passed());
}

#[tokio::test]
async fn keepalive_without_a_lawful_certificate_says_that_nobody_got_in() {
    let gateway = Gateway::start(Lie::Nothing);
    let mut options = keepalive_options(&gateway, Protocol::Http1);
    options.identities = vec![(&gateway.pki.stranger).into()];
    options.load.duration = Duration::from_millis(300);
    let report = keepalive::run(options).await.unwrap();
    assert!(
        report.problems.contains(&"not one response".to_owned()),
        "{report}"
    );
    assert!(
        report.totals.faults.contains_key("refused by TLS alert"),
        "{report}"
    );
}

#[tokio::test]
async fn the_binary_reports_in_json_and_by_its_exit_status() {
    let gateway = Gateway::start(Lie::Nothing);
    let run = |name: &str, more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_loadtest"));
        command
            .args([
                "run",
                "--scenario",
                "keepalive",
                "--connections",
                "2",
                "--requests",
                "50",
            ])
            .arg("--target")
            .arg(format!(
                "https://localhost:{}/orders",
                gateway.front.address().port()
            ))
            .arg("--ca")
            .arg(gateway.pki.path("ca.pem"))
            .arg("--cert")
            .arg(gateway.pki.path(&format!("{name}.pem")))
            .arg("--key")
            .arg(gateway.pki.path(&format!("{name}.key")))
            .arg("--json")
            .arg(gateway.pki.path("report.json"))
            .args(more);
        command.output().unwrap()
    };
    let good = run("partner-a", &["--http2"]);
    assert!(
        good.status.success(),
        "{}",
        String::from_utf8_lossy(&good.stderr)
    );
    assert!(String::from_utf8_lossy(&good.stdout).ends_with("passed\n"));
    let json = std::fs::read(gateway.pki.path("report.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        (&json["passed"], &json["totals"]["responses"]),
        (&json!(true), &json!(50))
    );
    assert_eq!(run("partner-b", &[]).status.code(), Some(1));
    let none = run("partner-a", &["--connections", "0"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("connections"));
}

#[tokio::test]
async fn the_binary_rotates_through_the_admin_api() {
    let gateway = Gateway::start(Lie::Nothing);
    let pki = &gateway.pki;
    std::fs::write(pki.path("token"), "token\n").unwrap();
    let address = |origin: &Origin| format!("https://localhost:{}", origin.address().port());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .current_dir(pki.directory())
        .args([
            "run",
            "--scenario",
            "rotate",
            "--connections",
            "8",
            "--both-protocols",
        ])
        .args([
            "--target",
            &format!("{}/orders", address(&gateway.front)),
            "--ca",
            "ca.pem",
        ])
        .args(["--cert", "partner-a.pem", "--key", "partner-a.key"])
        .args(["--cert2", "partner-b.pem", "--key2", "partner-b.key"])
        .args([
            "--stranger-cert",
            "stranger.pem",
            "--stranger-key",
            "stranger.key",
        ])
        .args([
            "--admin",
            &address(&gateway.admin),
            "--admin-token-file",
            "token",
        ])
        .args([
            "--list",
            "partners",
            "--swaps",
            "10",
            "--json",
            "report.json",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("10 swaps, 20 changes"), "{text}");
    let json = std::fs::read(pki.path("report.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["rotation"]["wrong"], 0);
    assert_eq!(json["rotation"]["judged"], json["totals"]["responses"]);
}
