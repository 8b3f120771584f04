//! Floods are refused one by one; accepting never stops.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use gateway_testkit::{Alpn, Answer, Origin, eventually, zeros};

use crate::bench::{Bench, DEADLINE};

#[tokio::test]
async fn a_flood_of_silent_connections_leaves_a_good_client_unaffected() {
    let bench = Bench::with(|settings| {
        settings.admission.handshakes_per_address = 50;
        settings.admission.handshake_timeout = Duration::from_secs(3);
    });
    let silent: Vec<TcpStream> = (0..600)
        .map(|_| TcpStream::connect(bench.address()).unwrap())
        .collect();
    // From another address, as other clients are.
    let client = bench
        .client()
        .from_address("127.0.0.2".parse().unwrap())
        .build()
        .unwrap();
    let began = Instant::now();
    assert_eq!(client.get("/api/x").await.unwrap().status, 200);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert!(bench.proxy().open_connections() <= 51);
    // The deadline ends the silent ones although they stay connected.
    eventually(DEADLINE, "silent connections are ended", || async {
        (bench.proxy().open_connections() == 0).then_some(())
    })
    .await;
    drop(silent);
    let metrics = bench.recorder.render();
    assert!(metrics.contains("address_handshakes"), "{metrics}");
}

#[tokio::test]
async fn connections_over_the_limit_are_closed_and_room_is_made_again() {
    let bench = Bench::with(|settings| settings.admission.connections_per_worker = 2);
    let client = bench.client().build().unwrap();
    let first = client.connect().await.unwrap();
    let second = client.connect().await.unwrap();
    assert!(client.connect().await.is_err());
    assert_eq!(first.get("/api/x").await.unwrap().status, 200);
    second.close().await;
    eventually(DEADLINE, "there is room again", || async {
        client.connect().await.ok().map(drop)
    })
    .await;
}

#[tokio::test]
async fn requests_over_the_limit_are_answered_503_and_those_in_flight_go_on() {
    let slow = Origin::builder()
        .answering(|_| Answer::ok().after(Duration::from_millis(700)))
        .start();
    let bench = Bench::over(slow, |settings| settings.load.requests_per_worker = 2);
    let connection = bench
        .client()
        .alpn(Alpn::Http2)
        .build()
        .unwrap()
        .connect()
        .await
        .unwrap();
    let late = async {
        eventually(DEADLINE, "two requests are in flight", || async {
            (bench.origin.request_count() == 2).then_some(())
        })
        .await;
        connection.get("/api/x").await.unwrap()
    };
    let (one, two, late) = tokio::join!(connection.get("/api/x"), connection.get("/api/x"), late);
    assert_eq!(
        (one.unwrap().status.as_u16(), two.unwrap().status.as_u16()),
        (200, 200)
    );
    assert_eq!(late.status, 503);
    assert_eq!(late.header("retry-after"), Some("5"));
    assert_eq!(
        connection.get("/api/x").await.unwrap().status,
        200,
        "room is made again"
    );
}

/// Reads the request's body.
const READS: &str = "<policies><inbound><base /><set-variable name=\"b\" value=\"@(context.Request.Body.As&lt;string&gt;(preserveContent: true))\" /></inbound><backend><base /></backend></policies>";

#[tokio::test]
async fn bodies_that_policies_read_share_the_memory_there_is() {
    let mut bench = Bench::with(|settings| {
        settings.load.buffered_bytes_per_worker = 1000;
        settings.front.max_buffered_bytes = 2000;
    });
    bench.policy(READS);
    let client = bench.client().build().unwrap();
    for (length, status) in [(900, 200), (1500, 503), (900, 200), (2500, 413)] {
        let request = http::Request::post("/api/x")
            .body(zeros(length, true))
            .unwrap();
        let response = client.send(request).await.unwrap();
        assert_eq!(
            response.status.as_u16(),
            status,
            "{length}: {}",
            response.text()
        );
    }
    assert_eq!(bench.origin.last().unwrap().body_length, 900);
}
