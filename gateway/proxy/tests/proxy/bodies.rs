//! Bodies stream both ways, and never faster than the slower side.

use std::time::Duration;

use gateway_testkit::{Alpn, Answer, Origin, bytes, channel, eventually, zeros};
use http::Request;

use crate::bench::{Bench, DEADLINE};

#[tokio::test]
async fn bodies_of_every_framing_pass_both_ways_in_both_protocols() {
    let bench = Bench::start();
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let connection = bench
            .client()
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        for (declared, path) in [
            (true, "/api/x?size=3000000"),
            (false, "/api/x?size=3000000&chunked"),
        ] {
            let request = Request::post(path)
                .body(zeros(2_000_000, declared))
                .unwrap();
            let response = connection.send(request).await.unwrap();
            assert_eq!(
                (response.status.as_u16(), response.body.len()),
                (200, 3_000_000)
            );
            let seen = bench.origin.last().unwrap();
            assert!(seen.body_complete);
            assert_eq!(seen.body_length, 2_000_000);
            assert_eq!(
                seen.head.header("content-length").is_some(),
                declared,
                "{alpn:?}"
            );
        }
        let request = Request::post("/api/x?echo").body(bytes("hello")).unwrap();
        assert_eq!(connection.send(request).await.unwrap().text(), "hello");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_the_backend_back() {
    let bench = Bench::over(
        Origin::builder()
            .answering(|_| Answer::ok().zeros(256 << 20))
            .start(),
        |_| {},
    );
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let connection = bench
            .client()
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        let mut response = connection
            .stream(
                Request::get("/api/x")
                    .body(gateway_testkit::empty())
                    .unwrap(),
            )
            .await
            .unwrap();
        response.next().await.unwrap();
        // Everything between here and the backend fills up, and then nothing moves.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(
            resident_bytes() < 200 << 20,
            "{} bytes resident",
            resident_bytes()
        );
        let rest = response.drain().await.unwrap();
        assert!(rest > 250 << 20);
        connection.close().await;
    }
}

/// Of this whole process: gateway, client and origin.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 1024
}

#[tokio::test]
async fn a_response_may_come_before_the_request_has_ended() {
    let bench = Bench::over(
        Origin::builder()
            .answering(|_| Answer::status(403).without_reading())
            .start(),
        |_| {},
    );
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let connection = bench
            .client()
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        // Nothing of the body is sent: an origin that closes with unread bytes resets the connection, and
        // a reset may overtake its own answer (RFC 9112 section 9.6).
        let (sender, body) = channel(None);
        let response = connection
            .stream(Request::post("/api/x").body(body).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status, 403);
        drop(sender);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_the_backend_request_and_is_recorded_once() {
    let bench = Bench::over(
        Origin::builder()
            .answering(|_| Answer::ok().after(Duration::from_secs(600)))
            .start(),
        |_| {},
    );
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let client = bench.client().alpn(alpn).build().unwrap();
        let connection = client.connect().await.unwrap();
        let arrived = bench.origin.request_count();
        let request = Request::get("/api/x")
            .body(gateway_testkit::empty())
            .unwrap();
        let _ = tokio::time::timeout(Duration::from_millis(300), connection.send(request)).await;
        assert_eq!(bench.origin.request_count(), arrived + 1);
        connection.abort();
    }
    let records = bench.records(2).await;
    assert_eq!(records.len(), 2, "{records:?}");
    for record in records {
        assert!(record["status"].is_null(), "{record}");
        assert_eq!(record["fault"], "client");
    }
    eventually(DEADLINE, "no connection is left", || async {
        (bench.proxy().open_connections() == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_with_413_declared_or_not() {
    let bench = Bench::with(|settings| settings.front.max_body_bytes = Some(1000));
    for declared in [true, false] {
        for alpn in [Alpn::Http1, Alpn::Http2] {
            let client = bench.client().alpn(alpn).build().unwrap();
            let request = Request::post("/api/x")
                .body(zeros(100_000, declared))
                .unwrap();
            let response = client.send(request).await.unwrap();
            assert_eq!(response.status, 413, "{declared} {alpn:?}");
        }
    }
    let client = bench.client().build().unwrap();
    let request = Request::post("/api/x").body(zeros(1000, true)).unwrap();
    assert_eq!(client.send(request).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_request_body_that_stalls_is_answered_408() {
    let bench = Bench::with(|settings| settings.front.body_timeout = Duration::from_millis(200));
    let mut raw = bench.client().build().unwrap().raw().await.unwrap();
    raw.write(b"POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        .await
        .unwrap();
    let answer = String::from_utf8(raw.read_to_close().await.unwrap()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let records = bench.records(1).await;
    assert_eq!(records[0]["fault"], "client");
    assert_eq!(records[0]["bytes_in"], 3);
}

#[tokio::test]
async fn a_backend_that_breaks_off_breaks_the_response_and_is_blamed() {
    let bench = Bench::over(
        Origin::builder()
            .answering(|_| Answer::ok().zeros(1000).close_in_body())
            .start(),
        |_| {},
    );
    let client = bench.client().build().unwrap();
    assert!(
        client.get("/api/x").await.is_err(),
        "a cut response must not look whole"
    );
    let records = bench.records(1).await;
    assert_eq!(records[0]["fault"], "backend", "{records:?}");
    assert_eq!(records[0]["status"], 200);
}

#[tokio::test]
async fn head_responses_keep_the_length_of_the_body_they_do_not_have() {
    let bench = Bench::start();
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let connection = bench
            .client()
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        let request = Request::head("/api/x?size=1234")
            .body(gateway_testkit::empty())
            .unwrap();
        let response = connection.send(request).await.unwrap();
        assert_eq!(response.header("content-length"), Some("1234"));
        assert!(response.body.is_empty());
        let unknown = Request::head("/api/x?size=1234&chunked")
            .body(gateway_testkit::empty())
            .unwrap();
        assert_eq!(
            connection
                .send(unknown)
                .await
                .unwrap()
                .header("content-length"),
            None
        );
        let error = Request::head("/none")
            .body(gateway_testkit::empty())
            .unwrap();
        let response = connection.send(error).await.unwrap();
        assert!(
            response
                .header("content-length")
                .unwrap()
                .parse::<u64>()
                .unwrap()
                > 0
        );
        assert_eq!(connection.get("/api/x").await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn trailers_of_a_chunked_response_reach_an_http2_client_as_grpc_needs() {
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let origin = Origin::builder()
        .answering(move |_| {
            Answer::ok()
                .body("message")
                .chunked()
                .header("trailer", "grpc-status")
                .trailers(trailers.clone())
        })
        .start();
    let bench = Bench::over(origin, |_| {});
    let client = bench.client().alpn(Alpn::Http2).build().unwrap();
    let request = Request::post("/api/x")
        .header("te", "trailers")
        .body(bytes("call"))
        .unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.text(), "message");
    assert_eq!(response.trailers.unwrap()["grpc-status"], "0");
}

#[tokio::test]
async fn a_gibibyte_passes_each_way_without_filling_the_memory() {
    const GIBIBYTE: u64 = 1 << 30;
    const ROOM: usize = 64 << 20;
    let bench = Bench::start();
    let connection = bench.client().build().unwrap().connect().await.unwrap();
    assert_eq!(connection.get("/api/x").await.unwrap().status, 200);
    let before = resident_bytes();

    let request = Request::post("/api/x").body(zeros(GIBIBYTE, true)).unwrap();
    assert_eq!(connection.send(request).await.unwrap().status, 200);
    assert_eq!(bench.origin.last().unwrap().body_length, GIBIBYTE);
    let uploaded = resident_bytes();
    assert!(uploaded < before + ROOM, "{before} {uploaded}");

    let path = format!("/api/x?size={GIBIBYTE}");
    let request = Request::get(path).body(gateway_testkit::empty()).unwrap();
    let mut response = connection.stream(request).await.unwrap();
    assert_eq!(response.drain().await.unwrap(), GIBIBYTE);
    let downloaded = resident_bytes();
    assert!(downloaded < before + ROOM, "{before} {downloaded}");
}

#[tokio::test]
async fn trailers_of_requests_pass_without_identity() {
    let bench = Bench::start();
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let client = bench.client().alpn(alpn).build().unwrap();
        let (sender, body) = channel(None);
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-checksum", http::HeaderValue::from_static("1"));
        trailers.insert("x-client-cert", http::HeaderValue::from_static("forged"));
        let request = Request::post("/api/x")
            .header("trailer", "x-checksum, x-client-cert")
            .body(body)
            .unwrap();
        let send = async {
            sender.send("content").await;
            sender.trailers(trailers).await;
            drop(sender);
        };
        let (response, ()) = tokio::join!(client.send(request), send);
        assert_eq!(response.unwrap().status, 200);
        let seen = bench.origin.last().unwrap().trailers.unwrap();
        assert_eq!(seen["x-checksum"], "1");
        assert!(!seen.contains_key("x-client-cert"), "{alpn:?} {seen:?}");
    }
}
