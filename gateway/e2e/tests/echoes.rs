//! Bodies that stream both ways at once: every byte arrives, however unevenly the client reads.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use bytes::Bytes;
use gateway_e2e::{Installation, Served, api, operation, policy};
use gateway_testkit::{Alpn, Answer, ClientBuilder, Origin, channel, hex};
use http::Request;
use openssl::sha::Sha256;

const OPEN: &str = "<policies><inbound><base /></inbound></policies>";

struct Setting {
    installation: Installation,
    served: Served,
    _origin: Origin,
}

impl Setting {
    /// The real process before an origin that streams every body back.
    async fn echo(tls: bool) -> Self {
        let installation = Installation::new("");
        let echo = Origin::builder().answering(|_| Answer::echo());
        let origin = if tls {
            echo.tls(&installation.pki.backend_server).start()
        } else {
            echo.start()
        };
        let served = installation.serve();
        installation.seed(&served).await;
        served.put("apis/b", &api("b", &origin.url())).await;
        served.put("apis/b/operations/any", &operation()).await;
        served.put("apis/b/policies/policy", &policy(OPEN)).await;
        Self {
            installation,
            served,
            _origin: origin,
        }
    }

    fn client(&self) -> ClientBuilder {
        let client = self.installation.client(&self.served);
        client.deadline(Duration::from_secs(60))
    }
}

#[tokio::test]
async fn both_ways_at_once_a_body_streams_while_it_is_sent() {
    let setting = Setting::echo(false).await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let client = setting.client().alpn(alpn).build().unwrap();
        let connection = client.connect().await.unwrap();
        let (sender, body) = channel(None);
        let request = Request::post("/b/echo").body(body).unwrap();
        assert!(sender.send(vec![7; 1000]).await);
        let mut response = connection.stream(request).await.unwrap();
        // The first piece is back before the second is sent.
        assert_eq!(
            response.next().await.unwrap().unwrap(),
            vec![7; 1000],
            "{alpn:?}"
        );
        let writing = async {
            let mut sent = 0;
            while sent < 512 && sender.send(vec![7; 64 * 1024]).await {
                sent += 1;
            }
            drop(sender);
            sent
        };
        let (echoed, sent) = tokio::join!(response.drain(), writing);
        assert_eq!(echoed.unwrap(), 512 * 64 * 1024, "{alpn:?}");
        assert_eq!(sent, 512, "{alpn:?}");
    }
}

/// Bytes that differ from each other, in pieces of every size that buffers grow by.
fn uneven(total: usize) -> Vec<Bytes> {
    let whole: Bytes = (0_u8..251).cycle().take(total).collect();
    let mut pieces = Vec::new();
    let (mut at, mut length) = (0, 1);
    while at < total {
        let end = total.min(at + length);
        pieces.push(whole.slice(at..end));
        at = end;
        length = length * 7 % 199_999 + 1;
    }
    pieces
}

#[tokio::test]
async fn whoever_reads_in_fits_and_starts_gets_every_byte_in_both_directions() {
    let total = 24 << 20;
    let pieces = uneven(total);
    let expected = hex(&openssl::sha::sha256(&pieces.concat()));
    for (alpn, tls) in [
        (Alpn::Http1, false),
        (Alpn::Http2, false),
        (Alpn::Http1, true),
        (Alpn::Http2, true),
    ] {
        let setting = Setting::echo(tls).await;

        let client = setting.client().alpn(alpn).build().unwrap();
        let connection = client.connect().await.unwrap();
        let (sender, body) = channel(None);
        let request = Request::post("/b/echo").body(body).unwrap();
        let writing = async {
            for piece in &pieces {
                if !sender.send(piece.clone()).await {
                    break;
                }
            }
            drop(sender);
        };
        let reading = async {
            let mut response = connection.stream(request).await.unwrap();
            let mut sha = Sha256::new();
            let (mut read, mut stop) = (0, 0);
            loop {
                let piece = response.next().await;
                let piece =
                    piece.unwrap_or_else(|error| panic!("{alpn:?} {tls} after {read}: {error}"));
                let Some(piece) = piece else { break };
                sha.update(&piece);
                read += piece.len();
                // Everything between here and there fills up, and runs empty again.
                if read >= stop {
                    stop = read + total / 12;
                    tokio::time::sleep(Duration::from_millis(60)).await;
                }
            }
            hex(&sha.finish())
        };
        let (echoed, ()) = tokio::join!(reading, writing);
        assert_eq!(echoed, expected, "{alpn:?} {tls}");
    }
}
