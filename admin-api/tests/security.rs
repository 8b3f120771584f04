//! Who gets in, what is refused before it costs anything, what is never written down.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "each test binary uses a part of the support"
)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use admin_api::{Limits, StartError, start};
use gateway_telemetry::record::AuditOutcome;
use gateway_testkit::{AdminReply, Client, Pki, eventually};
use http::header::{AUTHORIZATION, HeaderName};
use http::{Method, Request, StatusCode};
use serde_json::json;

use support::{Api, LONG, Memory, VERSION, settings};

const NV: &str = "/apim/namedValues/a";
const LONG_ENOUGH: Duration = Duration::from_secs(20);

fn body() -> serde_json::Value {
    json!({ "properties": { "displayName": "a", "value": "hunter2-the-value" } })
}

fn refused(reply: &AdminReply) {
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(reply.json["error"]["code"], "InvalidAuthenticationToken");
    assert_eq!(
        reply.headers["www-authenticate"],
        "Bearer realm=\"countersign\""
    );
}

#[tokio::test]
async fn nothing_is_answered_without_a_valid_token_not_even_what_exists() {
    let api = Api::start();
    let stranger = api.client_with("wrong-token-of-some-length");
    for path in [
        "/",
        "/apim",
        NV,
        "/apim/nothing",
        "/apim/revisions",
        &format!("{LONG}?{VERSION}"),
    ] {
        refused(&stranger.get(path).await.unwrap());
        refused(&stranger.put(path, &body()).await.unwrap());
        refused(&stranger.post(path, &json!({})).await.unwrap());
        refused(&stranger.delete(path).await.unwrap());
    }
    assert_eq!(api.client.get(NV).await.unwrap().status, 404);
    assert!(api.audit.all().is_empty());
}

#[tokio::test]
async fn other_schemes_and_an_absent_header_are_refused() {
    let api = Api::start();
    let client = Client::builder(api.server.address())
        .trust(api.pki.ca.certificate())
        .build()
        .unwrap();
    for header in [
        None,
        Some("Basic YWRtaW46eA=="),
        Some("Bearer"),
        Some(support::TOKEN),
        Some("Bearer  "),
    ] {
        let mut request = Request::builder().uri("/apim");
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header);
        }
        let connection = client.connect().await.unwrap();
        let response = connection
            .send(request.body(gateway_testkit::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status, 401, "{header:?}");
    }
}

#[tokio::test]
async fn guessing_gets_slower_while_the_operator_is_not_slowed() {
    let api = Api::with(|limits| limits.failure_delay = Duration::from_millis(60));
    let stranger = api.client_with("wrong-token-of-some-length");
    let mut waits = Vec::new();
    for _ in 0..4 {
        let begin = Instant::now();
        refused(&stranger.get("/apim").await.unwrap());
        waits.push(begin.elapsed());
    }
    // Each failure waits at least one step more: 60, 120, 180, 240 ms.
    assert!(waits[3] >= Duration::from_millis(240), "{waits:?}");
    assert_eq!(api.client.get("/apim").await.unwrap().status, 200);
}

#[tokio::test]
async fn plain_http_is_not_spoken() {
    let api = Api::start();
    let mut plain = TcpStream::connect(api.server.address()).unwrap();
    plain
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    plain
        .write_all(b"GET /apim HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}

#[tokio::test]
async fn a_client_that_is_still_sending_sees_why_it_is_refused() {
    let api = Api::start();
    let huge = || Some(vec![b'x'; 8 << 20]);
    let stranger = api.client_with("wrong-token-of-some-length");
    let reply = stranger.bytes(Method::PUT, NV, huge(), "application/json", &[]);
    refused(&reply.await.unwrap());
    let reply = api
        .client
        .bytes(Method::PUT, NV, huge(), "application/json", &[]);
    assert_eq!(reply.await.unwrap().status, 413);
}

#[tokio::test]
async fn bodies_that_are_too_large_or_compressed_are_refused_with_json() {
    let api = Api::with(|limits| {
        limits.body = 1_000;
        limits.list_body = 2_000;
    });
    let large = json!({ "properties": { "displayName": "a", "value": "x".repeat(1_000) } });
    let reply = api.client.put(NV, &large).await.unwrap();
    assert_eq!(
        (reply.status, &reply.json["error"]["code"]),
        (
            StatusCode::PAYLOAD_TOO_LARGE,
            &json!("RequestEntityTooLarge")
        )
    );
    let list = json!({ "properties": { "description": "x".repeat(900), "identities": [{ "name": "a".repeat(200), "commonName": "x" }] } });
    let reply = api
        .client
        .put("/apim/identityLists/l", &list)
        .await
        .unwrap();
    assert_eq!(reply.status, 201, "a list may be larger: {}", reply.text);
    let list = json!({ "properties": { "identities": vec![json!({ "commonName": "x" }); 200] } });
    let reply = api
        .client
        .put("/apim/identityLists/l", &list)
        .await
        .unwrap();
    assert_eq!(reply.status, 413);
    let headers = [(HeaderName::from_static("content-encoding"), "gzip")];
    let reply = api
        .client
        .request(Method::PUT, NV, Some(&body()), &headers)
        .await
        .unwrap();
    assert_eq!(reply.status, 415);
    assert_eq!(api.client.get(NV).await.unwrap().status, 404);
}

#[tokio::test]
async fn a_change_goes_on_and_is_recorded_when_the_client_hangs_up() {
    let api = Api::start();
    api.plane.delay(Duration::from_millis(300));
    let client = api.client_with(support::TOKEN);
    let under_way = eventually(LONG_ENOUGH, "the change is under way", || async {
        (api.plane.started() == 1).then_some(())
    });
    let body = body();
    tokio::select! {
        answer = client.put(NV, &body) => panic!("answered: {answer:?}"),
        () = under_way => {}
    }
    drop(client);
    eventually(LONG_ENOUGH, "the change is applied", || async {
        (api.client.get(NV).await.unwrap().status == 200).then_some(())
    })
    .await;
    eventually(LONG_ENOUGH, "it is on record", || async {
        (api.audit.all().len() == 1).then_some(())
    })
    .await;
    assert_eq!(api.audit.all()[0].outcome, AuditOutcome::Applied);
}

#[tokio::test]
async fn each_attempt_to_change_leaves_one_record_without_values() {
    let api = Api::start();
    let comment = [(HeaderName::from_static("x-countersign-comment"), "rotate")];
    api.client
        .request(Method::PUT, NV, Some(&body()), &comment)
        .await
        .unwrap();
    api.client
        .put(
            NV,
            &json!({ "properties": { "displayName": "hunter2 x", "value": "hunter2" } }),
        )
        .await
        .unwrap();
    api.client
        .bytes(
            Method::PUT,
            NV,
            Some(b"{\"hunter2".to_vec()),
            "application/json",
            &[],
        )
        .await
        .unwrap();
    api.client
        .put(&format!("{NV}?dryRun=true"), &body())
        .await
        .unwrap();
    api.client.delete("/apim/namedValues/none").await.unwrap();
    api.client.delete(NV).await.unwrap();
    api.client.get(NV).await.unwrap();
    let records = api.audit.all();
    let outcomes: Vec<_> = records
        .iter()
        .map(|r| (r.action.as_str(), r.outcome, r.revision))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("PUT", AuditOutcome::Applied, 1),
            ("PUT", AuditOutcome::Refused, 1),
            ("PUT", AuditOutcome::Refused, 1),
            ("PUT", AuditOutcome::DryRun, 1),
            ("DELETE", AuditOutcome::Unchanged, 1),
            ("DELETE", AuditOutcome::Applied, 2),
        ]
    );
    let first = &records[0];
    assert_eq!(
        (
            &*first.actor,
            first.comment.as_deref(),
            first.paths.as_slice()
        ),
        ("admin", Some("rotate"), &["namedValues/a".to_owned()][..])
    );
    assert!(first.address.is_some_and(|address| address.is_loopback()));
    assert_eq!(records[1].reason.as_deref(), Some("ValidationError"));
    assert!(!format!("{records:?}").contains("hunter2"));
}

#[tokio::test]
async fn stopping_lets_a_request_in_flight_finish() {
    let Api {
        server,
        client,
        plane,
        pki,
        audit,
        chains: _,
    } = Api::start();
    client.get("/apim").await.unwrap();
    plane.delay(Duration::from_millis(300));
    let put = tokio::spawn(async move { client.put(NV, &body()).await.unwrap().status });
    eventually(LONG_ENOUGH, "the change is under way", || async {
        (plane.started() == 1).then_some(())
    })
    .await;
    let address = server.address();
    server.stop().await;
    assert_eq!(put.await.unwrap(), 201);
    assert_eq!(audit.all().len(), 1);
    assert!(TcpStream::connect(address).is_err());
    drop(pki);
}

#[test]
fn settings_that_would_be_unsafe_or_broken_do_not_start() {
    let pki = Pki::new();
    let try_start = |adjust: &dyn Fn(&mut admin_api::AdminSettings)| {
        let mut settings = settings(&pki, Limits::default());
        adjust(&mut settings);
        start(settings, Arc::new(Memory::new(pki.now)))
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(
        try_start(&|s| s.tokens.clear()).as_deref(),
        Some(StartError::NoToken.to_string().as_str())
    );
    let short = try_start(&|s| s.tokens[0].secret = "short".to_owned().into()).unwrap();
    assert!(
        short.contains("`admin`") && !short.contains("short\""),
        "{short}"
    );
    let other = pki.partner_a.key_pem().as_bytes().to_vec();
    let mismatch = try_start(&|s| s.key_pem = other.clone().into()).unwrap();
    assert!(mismatch.contains("does not belong"), "{mismatch}");
    assert!(try_start(&|s| s.certificate_pem = b"x".to_vec()).is_some());
    assert_eq!(try_start(&|_| {}), None);
}
