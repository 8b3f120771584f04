//! Many clients at once, while the configuration changes under them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use gateway_testkit::{Alpn, Client, bytes};
use http::Request;

use crate::bench::{Bench, PLAIN};

#[tokio::test]
async fn no_response_is_wrong_or_missing_while_revisions_come_and_go() {
    const CONNECTIONS: usize = 32;
    const REQUESTS: usize = 150;
    let mut bench = Bench::with(|settings| settings.workers = 4);
    let done = Arc::new(AtomicUsize::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let alpn = if number % 2 == 0 {
                Alpn::Http1
            } else {
                Alpn::Http2
            };
            let client = bench.client().alpn(alpn).build().unwrap();
            tokio::spawn(converse(client, number, REQUESTS, Arc::clone(&done)))
        })
        .collect();
    let all = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            for client in clients {
                client.await.unwrap();
            }
            over.store(true, Ordering::SeqCst);
        }
    });
    let mut revisions = 0;
    while !over.load(Ordering::SeqCst) && !all.is_finished() {
        bench.policy(PLAIN);
        revisions += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    all.await.unwrap();
    assert_eq!(done.load(Ordering::SeqCst), CONNECTIONS * REQUESTS);
    assert!(revisions > 10, "{revisions}");
    assert_eq!(
        bench.records(CONNECTIONS * REQUESTS).await.len(),
        CONNECTIONS * REQUESTS
    );
}

/// One connection's requests, one after the other; each answer is checked.
async fn converse(client: Client, number: usize, requests: usize, done: Arc<AtomicUsize>) {
    let connection = client.connect().await.unwrap();
    let mut newest = 0;
    for round in 0..requests {
        let length = (number * 7919 + round * 104_729) % 50_000;
        let response = if round % 2 == 0 {
            let path = format!("/api/x?size={length}&delay={}", round % 3);
            connection.get(&path).await.unwrap()
        } else {
            let content = vec![b'a' + u8::try_from(round % 26).unwrap(); length];
            let request = Request::post("/api/x?echo")
                .body(bytes(content.clone()))
                .unwrap();
            let response = connection.send(request).await.unwrap();
            assert!(response.body == content, "an echo differs");
            response
        };
        assert_eq!(
            (response.status.as_u16(), response.body.len()),
            (200, length)
        );
        let revision = response
            .header("x-countersign-revision")
            .unwrap()
            .parse()
            .unwrap();
        assert!(
            revision >= newest,
            "a connection goes back from {newest} to {revision}"
        );
        newest = revision;
        done.fetch_add(1, Ordering::SeqCst);
    }
    connection.close().await;
}
