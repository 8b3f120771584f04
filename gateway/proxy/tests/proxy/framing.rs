//! What is ambiguous or too much is answered here and never reaches a backend.

use gateway_testkit::Alpn;

use crate::bench::Bench;

#[tokio::test]
async fn ambiguous_requests_are_answered_400_closed_and_never_forwarded() {
    let bench = Bench::start();
    for request in [
        "POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "POST /api/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /api/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        "POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4, 4\r\n\r\nabcd",
        "POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: +4\r\n\r\nabcd",
        "POST /api/x HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /api/x HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /api/x HTTP/1.1\r\n\r\n",
        "GET https://other.example/api/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /api/x HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /api/x HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
        "GET /api/x HTTP/1.1\nHost: localhost\n\n",
        "GET /api/../admin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /api/%2e%2e/admin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET api/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ] {
        let mut raw = bench.client().build().unwrap().raw().await.unwrap();
        let smuggled = format!("{request}GET /api/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n");
        raw.write(smuggled.as_bytes()).await.unwrap();
        let answer = String::from_utf8(raw.read_to_close().await.unwrap()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request:?}: {answer}");
        assert!(answer.contains("application/json"), "{answer}");
        assert!(answer.contains("\"statusCode\": 400"), "{answer}");
    }
    assert_eq!(bench.origin.request_count(), 0);
}

#[tokio::test]
async fn heads_and_targets_over_the_limit_are_answered_431_and_414() {
    let bench = Bench::start();
    let long = "x".repeat(20_000);
    let many = "X: y\r\n".repeat(101);
    let huge = "x".repeat(40_000);
    for (request, status) in [
        (
            format!("GET /api/{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            "414",
        ),
        (
            format!("GET /api/ HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
            "431",
        ),
        (
            format!("GET /api/ HTTP/1.1\r\nHost: localhost\r\nX: {huge}\r\n\r\n"),
            "431",
        ),
    ] {
        let mut raw = bench.client().build().unwrap().raw().await.unwrap();
        raw.write(request.as_bytes()).await.unwrap();
        let answer = String::from_utf8(raw.read_to_close().await.unwrap()).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
    let records = bench.records(3).await;
    assert!(
        records.iter().all(|record| record["fault"] == "client"),
        "{records:?}"
    );
}

#[tokio::test]
async fn http2_requests_with_two_hosts_or_a_large_head_are_refused() {
    let bench = Bench::start();
    let client = bench.client().alpn(Alpn::Http2).build().unwrap();
    let connection = client.connect().await.unwrap();
    let request = http::Request::get("https://localhost/api/x")
        .header("host", "other.example")
        .body(gateway_testkit::empty())
        .unwrap();
    assert_eq!(connection.send(request).await.unwrap().status, 400);
    let request = http::Request::get("https://localhost/api/x")
        .header("x", "y".repeat(40_000))
        .body(gateway_testkit::empty())
        .unwrap();
    assert_eq!(connection.send(request).await.unwrap().status, 431);
    assert_eq!(connection.get("/api/x").await.unwrap().status, 200);
    assert_eq!(bench.origin.request_count(), 1);
}

#[tokio::test]
async fn websocket_and_unknown_expectations_are_refused_by_name() {
    let bench = Bench::start();
    let client = bench.client().build().unwrap();
    for (name, value, status) in [("upgrade", "websocket", 501), ("expect", "200-ok", 417)] {
        let request = http::Request::get("/api/x")
            .header(name, value)
            .header(
                "connection",
                if name == "upgrade" {
                    "upgrade"
                } else {
                    "close"
                },
            )
            .body(gateway_testkit::empty())
            .unwrap();
        assert_eq!(client.send(request).await.unwrap().status, status);
    }
    assert_eq!(bench.origin.request_count(), 0);
}
