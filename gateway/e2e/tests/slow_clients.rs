//! A client that takes its response slowly gets it whole: TLS has to try a write again when there is
//! room, while more of the body has arrived behind it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use gateway_e2e::TestGateway;
use gateway_testkit::{Alpn, Answer, Origin, empty};
use http::Request;

const POLICY: &str = "<policies><inbound><base /></inbound></policies>";

/// More than the sockets on the way hold, in pieces that arrive one by one.
const PIECES: usize = 1_000;
const PIECE: usize = 16 * 1024;

#[expect(
    clippy::disallowed_methods,
    reason = "the client's own tasks must not read either, or the sockets never fill"
)]
#[tokio::test]
async fn a_response_that_is_taken_slowly_while_it_arrives_piece_by_piece_arrives_whole() {
    let piece = bytes::Bytes::from(vec![7; PIECE]);
    let origin = Origin::builder()
        .answering(move |_| {
            Answer::ok().pieces(vec![(Duration::from_millis(1), piece.clone()); PIECES])
        })
        .start();
    let gateway = TestGateway::start().await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let client = gateway.client().alpn(alpn).build().unwrap();
        let connection = client.connect().await.unwrap();
        let request = Request::get("/orders/1").body(empty()).unwrap();
        let mut response = connection.stream(request).await.unwrap();
        assert_eq!(response.status, 200);
        let mut received = 0;
        while let Some(part) = response.next().await.expect("the body goes on") {
            if received == 0 {
                // Time for every buffer on the way to fill up.
                std::thread::sleep(Duration::from_millis(1_500));
            }
            assert!(part.iter().all(|byte| *byte == 7));
            received += part.len();
        }
        assert_eq!(received, PIECES * PIECE, "{alpn:?}");
    }
}
