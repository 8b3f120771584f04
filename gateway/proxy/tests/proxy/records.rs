//! One access record for each request, and what is in it.

use gateway_testkit::Alpn;
use http::Request;

use crate::bench::Bench;

#[tokio::test]
async fn a_record_says_who_asked_for_what_and_what_came_of_it() {
    let bench = Bench::start();
    let pki = &bench.pki;
    let client = bench
        .client()
        .identity(&pki.partner_a)
        .alpn(Alpn::Http2)
        .build()
        .unwrap();
    let request = Request::post("/api/x/y?size=100&_secret=value")
        .body(gateway_testkit::bytes("12345"))
        .unwrap();
    assert_eq!(client.send(request).await.unwrap().status, 200);
    let record = &bench.records(1).await[0];
    assert_eq!(record["method"], "POST");
    assert_eq!(record["path"], "/api/x/y");
    assert_eq!(record["status"], 200);
    assert_eq!(record["api"], "api");
    assert_eq!(record["operation"], "any");
    assert_eq!(record["host"], "localhost");
    assert_eq!(record["http"], "HTTP/2");
    assert_eq!(record["bytes_in"], 5);
    assert_eq!(record["bytes_out"], 100);
    assert_eq!(record["fault"], "none");
    assert_eq!(record["verdict"], "accepted");
    assert_eq!(
        record["thumbprint"].as_str(),
        Some(&*pki.partner_a.thumbprint_sha256().unwrap())
    );
    assert!(record["revision"].as_u64().unwrap() > 1);
    assert!(record["stages"]["forward_us"].as_u64().unwrap() > 0);
    assert!(!record.to_string().contains("secret"));
    let metrics = bench.recorder.render();
    let counted = metrics.lines().any(|line| {
        line.starts_with("countersign_requests_total")
            && line.contains("api=\"api\"")
            && line.ends_with(" 1")
    });
    assert!(counted, "{metrics}");
}

#[tokio::test]
async fn traces_are_recorded_beside_the_request_they_belong_to() {
    let mut bench = Bench::start();
    bench.policy(
        "<policies><inbound><base /><trace source=\"test\" severity=\"information\"><message>hello</message></trace></inbound><backend><base /></backend></policies>",
    );
    assert_eq!(
        bench
            .client()
            .build()
            .unwrap()
            .get("/api/x")
            .await
            .unwrap()
            .status,
        200
    );
    let records = bench.records(1).await;
    let trace = records
        .iter()
        .find(|record| record.get("message").is_some())
        .unwrap();
    let access = records
        .iter()
        .find(|record| record.get("method").is_some())
        .unwrap();
    assert_eq!(trace["message"], "hello");
    assert_eq!(trace["source"], "test");
    assert_eq!(trace["request_id"], access["request_id"]);
}

#[tokio::test]
async fn a_policy_that_refuses_is_recorded_as_a_refusal() {
    let mut bench = Bench::start();
    bench.policy(
        "<policies><inbound><base /><validate-client-certificate validate-revocation=\"false\" /></inbound><backend><base /></backend></policies>",
    );
    let stranger = bench
        .client()
        .identity(&bench.pki.stranger)
        .build()
        .unwrap();
    assert_eq!(stranger.get("/api/x").await.unwrap().status, 401);
    let record = &bench.records(1).await[0];
    assert_eq!(record["verdict"], "refused");
    assert_eq!(record["verdict_reason"], "ClientCertificateNotTrusted");
    assert_eq!(record["fault"], "client");
    assert_eq!(bench.origin.request_count(), 0);
}
