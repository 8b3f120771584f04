//! Floods are refused one by one; accepting never stops.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use gateway_testkit::eventually;

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
