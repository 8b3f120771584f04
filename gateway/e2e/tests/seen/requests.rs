//! One access record for each request, and the traces of its policies.

use gateway_e2e::{api, named_value, operation, policy, properties};
use gateway_testkit::{Alpn, Answer, Origin, channel, empty, eventually, zeros};
use http::Request;
use serde_json::{Value, json};

use crate::{OPEN, SOON, gateway};

/// A path that tells its record from the others.
fn record<'r>(records: &'r [Value], path: &str) -> &'r Value {
    let found: Vec<_> = records
        .iter()
        .filter(|record| record["path"] == path)
        .collect();
    assert_eq!(found.len(), 1, "{path}: {records:#?}");
    found[0]
}

#[tokio::test]
async fn whatever_happens_to_a_request_it_has_exactly_one_access_record() {
    let origin = Origin::http();
    let gateway = gateway(
        &origin,
        "[limits]\nmax_body_bytes = \"1KiB\"\nbackend_body_timeout = \"2s\"",
    )
    .await;
    gateway.put_api("dead", "http://127.0.0.1:1", OPEN).await;
    let mut keyed = api("keyed", &origin.url());
    keyed["properties"]["subscriptionRequired"] = json!(true);
    gateway.put("apis/keyed", &keyed).await;
    gateway.put("apis/keyed/operations/any", &operation()).await;
    let other = gateway.pki.server_for(&["other.test"]);
    let hosts = [
        gateway.host("localhost", &gateway.pki.server, true, true),
        gateway.host("other.test", &other, true, false),
    ];
    gateway
        .patch("", &properties(&json!({ "hostnameConfigurations": hosts })))
        .await;

    let mut expected: Vec<(String, Value, &str)> = Vec::new();
    for (alpn, word) in [(Alpn::Http1, "one"), (Alpn::Http2, "two")] {
        let client = gateway
            .client()
            .alpn(alpn)
            .identity(&gateway.pki.partner_a)
            .build()
            .unwrap();
        for (path, status, fault) in [
            ("/orders/ok", 200, "none"),
            ("/open/missing?status=404", 404, "client"),
            ("/open/broken?status=503", 503, "backend"),
            ("/nowhere", 404, "client"),
            ("/keyed/x", 401, "client"),
            ("/open/closes?close", 500, "backend"),
            ("/dead/x", 500, "backend"),
        ] {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let path = format!("{path}-{word}");
            let response = client.get(&format!("{path}?{query}")).await.unwrap();
            assert_eq!(response.status.as_u16(), status, "{path}");
            expected.push((path, json!(status), fault));
        }
        let b = gateway
            .client()
            .alpn(alpn)
            .identity(&gateway.pki.partner_b)
            .build()
            .unwrap();
        assert_eq!(
            b.get(&format!("/orders/b-{word}")).await.unwrap().status,
            403
        );
        expected.push((format!("/orders/b-{word}"), json!(403), "client"));
        let connection = client.connect().await.unwrap();
        let request =
            Request::get(format!("/open/misdirected-{word}")).header("host", "other.test");
        let response = connection
            .send(request.body(empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status, 421);
        expected.push((format!("/open/misdirected-{word}"), json!(421), "client"));
        let request = Request::post(format!("/open/large-{word}"))
            .body(zeros(5_000, true))
            .unwrap();
        assert_eq!(client.send(request).await.unwrap().status, 413);
        expected.push((format!("/open/large-{word}"), json!(413), "client"));
        // The backend breaks off in the middle of its answer.
        let path = format!("/open/cut-{word}");
        assert!(
            client
                .get(&format!("{path}?size=100&close_in_body"))
                .await
                .is_err()
        );
        expected.push((path, json!(200), "backend"));
        // The client hangs up: before the answer, in its body, and in the middle of its own request.
        let begun = origin.request_count();
        let path = format!("/open/unanswered-{word}");
        let connection = client.connect().await.unwrap();
        let request = Request::get(format!("{path}?never")).body(empty()).unwrap();
        tokio::select! {
            answer = connection.send(request) => panic!("{answer:?}"),
            () = eventually(SOON, "it is with the backend", || async {
                (origin.request_count() > begun).then_some(())
            }) => connection.abort(),
        }
        expected.push((path, Value::Null, "client"));
        let path = format!("/open/unread-{word}");
        let connection = client.connect().await.unwrap();
        let request = Request::get(format!("{path}?size=1000000000"))
            .body(empty())
            .unwrap();
        let mut response = connection.stream(request).await.unwrap();
        response.next().await.unwrap();
        connection.abort();
        expected.push((path, json!(200), "client"));
        let begun = origin.request_count();
        let path = format!("/open/half-{word}");
        let connection = client.connect().await.unwrap();
        let (sender, body) = channel(Some(1_000));
        assert!(sender.send("half").await);
        let request = Request::post(&path).body(body).unwrap();
        tokio::select! {
            answer = connection.send(request) => panic!("{answer:?}"),
            () = eventually(SOON, "it is with the backend", || async {
                (origin.request_count() > begun).then_some(())
            }) => connection.abort(),
        }
        expected.push((path, Value::Null, "client"));
    }
    // Heads that are refused name nothing, for what they name cannot be trusted.
    let ambiguous = "POST /open/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let many = format!(
        "GET /open/x HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        "X: y\r\n".repeat(200)
    );
    for (head, status) in [
        (ambiguous, 400),
        (&many, 431),
        ("GET /open/x HTTP/1.1\r\n\r\n", 400),
    ] {
        let mut raw = gateway.client().build().unwrap().raw().await.unwrap();
        raw.write(head.as_bytes()).await.unwrap();
        let answer = String::from_utf8(raw.read_to_close().await.unwrap()).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }

    let total = expected.len() + 3;
    eventually(SOON, "every request is recorded", || async {
        (gateway.access_records().len() >= total).then_some(())
    })
    .await;
    let log = gateway.file("access.jsonl");
    let keep = tempfile::tempdir().unwrap();
    let kept = keep.path().join("access.jsonl");
    std::fs::hard_link(&log, &kept)
        .or_else(|_| std::fs::copy(&log, &kept).map(drop))
        .unwrap();
    let records = gateway.access_records();
    assert_eq!(gateway.stop(), 0, "no connection had to be cut");
    for (path, status, fault) in &expected {
        let record = record(&records, path);
        // Whoever hangs up while sending may have been answered before that was noticed.
        if path.contains("/half-") && record["status"] == 400 {
            assert_eq!(record["fault"], "client", "{record}");
            continue;
        }
        assert_eq!(
            (&record["status"], &record["fault"]),
            (status, &json!(fault)),
            "{record}"
        );
    }
    let refused: Vec<_> = records
        .iter()
        .filter(|record| record["path"] == "-")
        .collect();
    let statuses: Vec<_> = refused
        .iter()
        .map(|record| record["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [400, 431, 400]);
    // Not one more, even now that everything has ended.
    let text = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(text.lines().count(), total);
    let mut ids: Vec<_> = records
        .iter()
        .map(|record| record["request_id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), total, "each has an id of its own");
    assert!(!text.contains("status=503"), "no query is recorded");
}

#[tokio::test]
async fn a_trace_is_one_record_with_message_severity_source_and_the_requests_id() {
    let origin = Origin::builder().answering(|_| Answer::ok()).start();
    let gateway = gateway(&origin, "").await;
    let document = r#"<policies><inbound><base />
        <trace source="orders-api" severity="error"><message>@($"{context.Request.Method} of {context.Request.OriginalUrl.Path}")</message><metadata name="partner" value="{{x}}" /></trace>
        <trace source="plain"><message>told</message></trace>
        </inbound></policies>"#;
    gateway
        .put("namedValues/x", &named_value("x", "from a named value"))
        .await;
    gateway
        .put("apis/traced", &api("traced", &origin.url()))
        .await;
    gateway
        .put("apis/traced/operations/any", &operation())
        .await;
    gateway
        .put("apis/traced/policies/policy", &policy(document))
        .await;
    let client = gateway.client().build().unwrap();
    assert_eq!(client.get("/traced/1").await.unwrap().status, 200);
    let traces = eventually(SOON, "both are written", || async {
        let traces = gateway.trace_records();
        (traces.len() >= 2 && !gateway.access_records().is_empty()).then_some(traces)
    })
    .await;
    let id = &gateway.access_records()[0]["request_id"];
    let seen: Vec<_> = traces
        .iter()
        .map(|t| (&t["source"], &t["severity"], &t["message"], &t["metadata"]))
        .collect();
    assert_eq!(
        seen,
        [
            (
                &json!("orders-api"),
                &json!("error"),
                &json!("GET of /traced/1"),
                &json!({ "partner": "from a named value" })
            ),
            (
                &json!("plain"),
                &json!("verbose"),
                &json!("told"),
                &json!({})
            ),
        ]
    );
    assert!(traces.iter().all(|trace| trace["request_id"] == *id));
}
