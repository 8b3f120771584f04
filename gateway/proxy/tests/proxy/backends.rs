//! Backends: reached, proven, and what clients see when they fail.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_testkit::{Answer, Origin, Pki};
use http::Request;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn one_backend_connection_serves_many_requests() {
    let bench = Bench::start();
    let connection = bench.client().build().unwrap().connect().await.unwrap();
    for _ in 0..10 {
        assert_eq!(connection.get("/api/x").await.unwrap().status, 200);
    }
    assert_eq!(bench.origin.connection_count(), 1);
}

#[tokio::test]
async fn a_backend_that_is_not_there_gives_500_and_only_the_record_says_why() {
    let mut bench = Bench::start();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    bench.put(
        "apis/api",
        json!({
            "displayName": "API", "path": "api", "protocols": ["https"],
            "subscriptionRequired": false, "serviceUrl": format!("http://127.0.0.1:{port}")
        }),
    );
    let client = bench.client().build().unwrap();
    let response = client.get("/api/x").await.unwrap();
    assert_eq!(response.status, 500);
    assert!(!response.text().contains("refused") && !response.text().contains(&port.to_string()));
    let record = &bench.records(1).await[0];
    assert_eq!(record["fault"], "backend");
    assert!(
        record["error"].as_str().unwrap().contains("refused"),
        "{record}"
    );
    assert!(
        record["policy_error"]
            .as_str()
            .unwrap()
            .contains("BackendConnectionFailure")
    );
}

#[tokio::test]
async fn a_backend_that_is_too_slow_gives_500_timeout() {
    let mut bench = Bench::over(
        Origin::builder()
            .answering(|_| Answer::ok().after(Duration::from_secs(60)))
            .start(),
        |_| {},
    );
    bench.policy(
        "<policies><inbound><base /></inbound><backend><forward-request timeout=\"1\" /></backend><outbound><base /></outbound></policies>",
    );
    let response = bench.client().build().unwrap().get("/api/x").await.unwrap();
    assert_eq!(response.status, 500);
    let record = &bench.records(1).await[0];
    assert_eq!(record["fault"], "backend");
    assert!(
        record["policy_error"].as_str().unwrap().contains("Timeout"),
        "{record}"
    );
}

#[tokio::test]
async fn an_untrusted_backend_is_not_talked_to_and_the_record_says_what_openssl_says() {
    let pki = Pki::new();
    let other = Pki::new();
    let origin = Origin::https(&other.backend_server);
    let bench = Bench::made_of(pki, origin, |_| {});
    let response = bench.client().build().unwrap().get("/api/x").await.unwrap();
    assert_eq!(response.status, 500);
    assert_eq!(bench.origin.request_count(), 0);
    let record = &bench.records(1).await[0];
    let error = record["error"].as_str().unwrap();
    assert!(
        error.contains("unable to get local issuer certificate"),
        "{error}"
    );
    assert!(!response.text().contains("issuer"));
}

#[tokio::test]
async fn a_backend_that_demands_the_gateways_certificate_gets_it() {
    let pki = Pki::new();
    let origin = Origin::mutual_tls(&pki.backend_server, pki.ca.certificate());
    let mut bench = Bench::made_of(pki, origin, |_| {});
    let pfx = bench.pki.backend_client.to_pfx("password").unwrap();
    bench.put(
        "certificates/mine",
        json!({ "data": STANDARD.encode(pfx), "password": "password" }),
    );

    let client = bench.client().build().unwrap();
    assert_eq!(
        client.get("/api/x").await.unwrap().status,
        500,
        "without a certificate"
    );
    let record = &bench.records(1).await[0];
    let error = record["error"].as_str().unwrap();
    // In TLS 1.3 a backend refuses after its handshake (RFC 8446 section 4.4.2.4): its alert and the
    // end of the connection race with the request.
    assert!(
        error.ends_with("the backend sent the TLS alert certificate_required (116)"),
        "{error}"
    );

    bench.policy(
        "<policies><inbound><base /><authentication-certificate certificate-id=\"mine\" /></inbound><backend><base /></backend></policies>",
    );
    let response = client.get("/api/x").await.unwrap();
    assert_eq!(response.status, 200);
    let seen = bench.origin.last().unwrap().head;
    assert_eq!(
        seen.client_thumbprint,
        Some(bench.pki.backend_client.thumbprint().unwrap())
    );
}

#[tokio::test]
async fn a_stale_connection_costs_no_idempotent_request() {
    let mut bench = Bench::start();
    let connection = bench.client().build().unwrap().connect().await.unwrap();
    let address = bench.origin.address();
    for _ in 0..5 {
        assert_eq!(connection.get("/api/x").await.unwrap().status, 200);
        // The backend restarts: pooled connections to it are dead.
        let old = std::mem::replace(&mut bench.origin, Origin::http());
        old.stop();
        bench.origin = Origin::builder().listen(address).start();
    }
    assert_eq!(connection.get("/api/x").await.unwrap().status, 200);
}

#[tokio::test]
async fn an_answer_that_is_not_http_gives_500() {
    let bench = Bench::over(
        Origin::builder().answering(|_| Answer::reset()).start(),
        |_| {},
    );
    let request = Request::post("/api/x")
        .body(gateway_testkit::bytes("x"))
        .unwrap();
    let response = bench.client().build().unwrap().send(request).await.unwrap();
    assert_eq!(response.status, 500);
    assert_eq!(bench.records(1).await[0]["fault"], "backend");
}
