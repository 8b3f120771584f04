//! Bodies through the real process: however large, both ways, with back-pressure, in little memory.
//!
//! `COUNTERSIGN_TEST_BODY_MIB=1024` makes them a gibibyte each; the normal run has 256 MiB.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::time::{Duration, Instant};

use gateway_e2e::{Installation, Served, api, operation, policy};
use gateway_testkit::{
    Alpn, Answer, ClientBuilder, Origin, Response, channel, empty, eventually, hex, zeros,
};
use http::{Method, Request};
use openssl::sha::Sha256;
use serde_json::Value;

const OPEN: &str = "<policies><inbound><base /></inbound></policies>";
const SOON: Duration = Duration::from_secs(20);

/// How much more memory the process may have in use while bodies pass.
const GROWTH: u64 = 64 << 20;

const MIB: u64 = 1 << 20;

fn size() -> u64 {
    let mebibytes = std::env::var("COUNTERSIGN_TEST_BODY_MIB").ok();
    mebibytes.map_or(256, |text| text.parse().expect("a number of mebibytes")) * MIB
}

struct Setting {
    installation: Installation,
    served: Served,
    origin: Origin,
}

impl Setting {
    async fn over(origin: Origin, limits: &str) -> Self {
        let installation = Installation::new(limits);
        let served = installation.serve();
        installation.seed(&served).await;
        served.put("apis/b", &api("b", &origin.url())).await;
        served.put("apis/b/operations/any", &operation()).await;
        served.put("apis/b/policies/policy", &policy(OPEN)).await;
        Self {
            installation,
            served,
            origin,
        }
    }

    fn client(&self) -> ClientBuilder {
        self.installation
            .client(&self.served)
            .deadline(Duration::from_secs(300))
    }

    /// Memory after a request of each kind has warmed everything up; the peak begins anew.
    async fn resident(&self) -> u64 {
        for alpn in [Alpn::Http1, Alpn::Http2] {
            let client = self.client().alpn(alpn).build().unwrap();
            client.get("/b/?size=100000").await.unwrap();
        }
        self.served.process.forget_peak();
        self.served.process.resident()
    }

    fn grew(&self, before: u64) -> u64 {
        self.served.process.peak().saturating_sub(before)
    }

    async fn records(&self, count: usize) -> Vec<Value> {
        let path = self.installation.file("access.jsonl");
        eventually(SOON, "every request is recorded", || async {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let records: Vec<Value> = text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect();
            (records.len() >= count).then_some(records)
        })
        .await
    }
}

fn digest_of_zeros(length: u64) -> String {
    let mut sha = Sha256::new();
    let page = vec![0; 1 << 20];
    for _ in 0..length / MIB {
        sha.update(&page);
    }
    hex(&sha.finish())
}

#[tokio::test]
async fn large_bodies_pass_both_ways_whole_and_in_little_memory() {
    let size = size();
    let setting = Setting::over(Origin::http(), "").await;
    let before = setting.resident().await;
    let digest = digest_of_zeros(size);
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let began = Instant::now();
        setting.origin.forget();
        let client = setting.client().alpn(alpn).build().unwrap();
        let connection = client.connect().await.unwrap();
        let upload = Request::post("/b/up").body(zeros(size, true)).unwrap();
        assert_eq!(
            connection.send(upload).await.unwrap().status,
            200,
            "{alpn:?}"
        );
        let up = setting.origin.last().expect("the upload is recorded");
        assert_eq!((up.body_length, up.body_complete), (size, true));
        assert_eq!(up.body_sha256, digest, "{alpn:?}");

        let download = Request::get(format!("/b/down?size={size}"))
            .body(empty())
            .unwrap();
        let mut response = connection.stream(download).await.unwrap();
        assert_eq!(response.drain().await.unwrap(), size, "{alpn:?}");
        let grew = setting.grew(before);
        println!(
            "{alpn:?}: {} MiB each way in {:?}, {} KiB more memory",
            size / MIB,
            began.elapsed(),
            grew / 1024
        );
        assert!(grew <= GROWTH, "{alpn:?}: {grew} bytes more");
    }
    let records = setting.records(6).await;
    let passed = |key: &str| records.iter().filter(|r| r[key] == size).count();
    assert_eq!((passed("bytes_in"), passed("bytes_out")), (2, 2));
}

#[tokio::test]
async fn a_slow_reader_holds_its_backend_back_and_slows_nobody_else() {
    let setting = Setting::over(Origin::http(), "").await;
    let before = setting.resident().await;
    let mut slow = Vec::new();
    for alpn in [Alpn::Http1, Alpn::Http2, Alpn::Http1, Alpn::Http2] {
        let client = setting.client().alpn(alpn).build().unwrap();
        let connection = client.connect().await.unwrap();
        let request = Request::get("/b/slow?size=1073741824")
            .body(empty())
            .unwrap();
        let mut response = connection.stream(request).await.unwrap();
        response.next().await.unwrap().unwrap();
        slow.push((connection, response));
    }
    // Others, and another stream of the very connection, go on while nothing is read there.
    for round in 0..20 {
        for alpn in [Alpn::Http1, Alpn::Http2] {
            let client = setting
                .client()
                .alpn(alpn)
                .deadline(Duration::from_secs(10));
            let response: Response = client
                .build()
                .unwrap()
                .get("/b/?size=300000")
                .await
                .unwrap();
            assert_eq!(response.body.len(), 300_000, "{alpn:?} {round}");
        }
        let beside = slow[1].0.get("/b/beside").await.unwrap();
        assert_eq!(
            beside.status, 200,
            "another stream of the slow reader's connection"
        );
    }
    let grew = setting.grew(before);
    println!(
        "four gibibytes that nobody reads: {} KiB more memory",
        grew / 1024
    );
    assert!(grew <= GROWTH, "{grew} bytes more");
    for (connection, response) in slow {
        drop(response);
        connection.abort();
    }
    // What was not read was not taken from the backend either.
    let records = setting.records(46 + 20).await;
    for record in records.iter().filter(|record| record["path"] == "/b/slow") {
        assert!(record["bytes_out"].as_u64().unwrap() < 64 * MIB, "{record}");
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_arrives_at_once() {
    let origin = Origin::builder()
        .answering(|_| Answer::status(409).body("early").without_reading())
        .start();
    let setting = Setting::over(origin, "").await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let connection = setting
            .client()
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        let (sender, body) = channel(None);
        assert!(sender.send("the first piece").await);
        let request = Request::post("/b/early").body(body).unwrap();
        let response = connection.stream(request).await.unwrap();
        assert_eq!(response.status, 409, "{alpn:?}");
        assert_eq!(response.whole().await.unwrap().text(), "early", "{alpn:?}");
        drop(sender);
        let next = setting.client().alpn(alpn).build().unwrap();
        assert_eq!(next.get("/b/next").await.unwrap().status, 409);
    }
}

#[tokio::test]
async fn head_has_the_head_of_get_and_no_body() {
    let setting = Setting::over(Origin::http(), "").await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let connection = setting
            .client()
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        for path in ["/b/x?size=123456", "/b/x?size=10&header=etag:abc"] {
            let request = |method| {
                Request::builder()
                    .method(method)
                    .uri(path)
                    .body(empty())
                    .unwrap()
            };
            let head = connection.send(request(Method::HEAD)).await.unwrap();
            let get = connection.send(request(Method::GET)).await.unwrap();
            assert!(head.body.is_empty() && !get.body.is_empty(), "{alpn:?}");
            for name in ["content-length", "etag"] {
                assert_eq!(
                    head.header(name),
                    get.header(name),
                    "{alpn:?} {path} {name}"
                );
            }
            assert_eq!(head.status, get.status);
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_413_and_its_sender_need_not_finish() {
    let setting = Setting::over(Origin::http(), "[limits]\nmax_body_bytes = \"1MiB\"").await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let post = async |length, declared| {
            let client = setting.client().alpn(alpn).build().unwrap();
            let request = Request::post("/b/x").body(zeros(length, declared)).unwrap();
            client.send(request).await.unwrap()
        };
        for declared in [true, false] {
            assert_eq!(
                post(MIB, declared).await.status,
                200,
                "{alpn:?} {declared}: at the limit"
            );
            let refused = post(MIB + 1, declared).await;
            assert_eq!(refused.status, 413, "{alpn:?} {declared}: over it");
            assert_eq!(refused.json().unwrap()["statusCode"], 413);
        }
        assert_eq!(post(1 << 34, true).await.status, 413, "{alpn:?}: 16 GiB");
    }
    let whole = setting
        .origin
        .recorded()
        .iter()
        .filter(|r| r.body_complete)
        .count();
    assert_eq!(
        whole, 4,
        "no body over the limit looked whole to the backend"
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_request_at_the_backend() {
    let setting = Setting::over(Origin::http(), "").await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        // In the middle of an upload: the backend sees it broken off.
        setting.origin.forget();
        let begun = setting.origin.request_count();
        let connection = setting
            .client()
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        let (sender, body) = channel(Some(10 * MIB));
        let request = Request::post("/b/up").body(body).unwrap();
        let sending = async {
            assert!(sender.send(vec![1; 100_000]).await);
            eventually(SOON, "the upload has begun at the backend", || async {
                (setting.origin.request_count() > begun).then_some(())
            })
            .await;
        };
        tokio::select! {
            answer = connection.stream(request) => panic!("answered: {answer:?}"),
            () = async { sending.await; tokio::time::sleep(Duration::from_millis(100)).await } => {}
        }
        connection.abort();
        let seen = eventually(SOON, "the backend sees the upload end", || async {
            setting.origin.last()
        })
        .await;
        assert!(!seen.body_complete, "{alpn:?}: {} bytes", seen.body_length);

        // In the middle of a download: the gateway stops reading.
        let connection = setting
            .client()
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        let request = Request::get("/b/down?size=10737418240")
            .body(empty())
            .unwrap();
        let mut response = connection.stream(request).await.unwrap();
        response.next().await.unwrap().unwrap();
        connection.abort();
        drop(response);
    }
    let records = setting.records(4).await;
    assert_eq!(records.len(), 4, "{records:#?}");
    assert!(
        records.iter().all(|record| record["fault"] == "client"),
        "{records:#?}"
    );
    eventually(SOON, "no connection is left", || async {
        let (_, metrics) = setting.served.health("/metrics");
        metrics
            .contains("countersign_connections_open 0\n")
            .then_some(())
    })
    .await;
}
