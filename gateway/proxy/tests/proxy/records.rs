//! One access record for each request, and what is in it.

use std::collections::HashMap;
use std::time::Duration;

use gateway_testkit::{Alpn, eventually};
use http::Request;

use crate::bench::{Bench, DEADLINE};

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
        Some(&*pki.partner_a.thumbprint().unwrap())
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

#[tokio::test]
async fn every_request_is_recorded_exactly_once_however_it_ends() {
    const ROUNDS: u64 = 120;
    let bench = Bench::with(|settings| settings.workers = 2);
    let mut answered = Vec::new();
    for round in 0..ROUNDS {
        let alpn = if round % 2 == 0 {
            Alpn::Http1
        } else {
            Alpn::Http2
        };
        let client = bench.client().alpn(alpn).build().unwrap();
        let connection = client.connect().await.unwrap();
        let whole = format!("/api/whole-{round}?size=100000");
        assert_eq!(connection.get(&whole).await.unwrap().status, 200);
        answered.push(format!("/api/whole-{round}"));
        // A client that goes away after a while, at another moment each time.
        let cut = Request::post(format!("/api/cut-{round}?delay=5&size=30000000"))
            .body(gateway_testkit::zeros(100_000, round % 3 == 0))
            .unwrap();
        let patience = Duration::from_micros(round * 150);
        let _ = tokio::time::timeout(patience, connection.send(cut)).await;
        connection.abort();
    }
    eventually(DEADLINE, "every connection has ended", || async {
        (bench.proxy().open_connections() == 0).then_some(())
    })
    .await;
    let mut expected: Vec<String> = bench
        .origin
        .recorded()
        .iter()
        .map(|request| format!("/api{}", request.head.path.split('?').next().unwrap()))
        .collect();
    expected.append(&mut answered);
    // The last ones may still be on their way to the log.
    let counts = eventually(DEADLINE, "every request has a record", || async {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for record in bench.records(0).await {
            let path = record["path"].as_str().unwrap().to_owned();
            *counts.entry(path).or_default() += 1;
        }
        expected
            .iter()
            .all(|path| counts.contains_key(path))
            .then_some(counts)
    })
    .await;
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}
