//! What the clients and the origin promise to the tests that use them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use bytes::Bytes;
use gateway_testkit::{
    Alpn, Answer, Client, ClientBuilder, Origin, Pki, TlsVersion, bytes, channel, empty,
    eventually, hex, zeros,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};

fn client(pki: &Pki, origin: &Origin) -> ClientBuilder {
    Client::builder(origin.address()).trust(pki.ca.certificate())
}

fn post(path: &str, body: gateway_testkit::Body) -> Request<gateway_testkit::Body> {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn the_origin_records_the_verified_client_certificate_and_the_body() {
    let pki = Pki::new();
    let origin = Origin::mutual_tls(&pki.backend_server, pki.ca.certificate());
    let client = client(&pki, &origin)
        .identity(&pki.backend_client)
        .build()
        .unwrap();
    let response = client
        .send(post("/orders?status=201", bytes("hello")))
        .await
        .unwrap();
    assert_eq!(response.status, StatusCode::CREATED);
    assert_eq!(response.text(), "POST /orders\n");
    let seen = origin.last().unwrap();
    assert_eq!(
        seen.head.client_thumbprint,
        Some(pki.backend_client.thumbprint().unwrap())
    );
    let sha256 = pki.backend_client.thumbprint_sha256().unwrap();
    assert_eq!(seen.head.client_thumbprint_sha256, Some(sha256));
    assert_eq!(seen.head.path, "/orders?status=201");
    let port = origin.address().port();
    assert_eq!(
        seen.head.header("host"),
        Some(format!("localhost:{port}").as_str())
    );
    assert_eq!((seen.body_length, &seen.body_start[..]), (5, &b"hello"[..]));
    assert_eq!(seen.body_sha256, hex(&openssl::sha::sha256(b"hello")));
    assert!(seen.body_complete);
}

#[tokio::test]
async fn a_client_without_or_with_a_foreign_certificate_learns_the_alert() {
    let pki = Pki::new();
    let origin = Origin::mutual_tls(&pki.backend_server, pki.ca.certificate());
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let none = client(&pki, &origin).tls(version).build().unwrap();
        let error = none.get("/").await.unwrap_err();
        let alert = error
            .alert()
            .unwrap_or_else(|| panic!("{version:?}: {error:?}"));
        match version {
            TlsVersion::Tls13 => assert!(alert.contains("certificate required"), "{alert}"),
            _ => assert!(alert.contains("handshake failure"), "{alert}"),
        }
        let stranger = client(&pki, &origin)
            .tls(version)
            .identity(&pki.stranger)
            .build()
            .unwrap();
        let error = stranger.get("/").await.unwrap_err();
        let alert = error
            .alert()
            .unwrap_or_else(|| panic!("{version:?}: {error:?}"));
        assert!(alert.contains("unknown ca"), "{alert}");
    }
    assert_eq!(
        (origin.refused_handshakes(), origin.request_count()),
        (4, 0)
    );
}

#[tokio::test]
async fn an_alert_is_never_lost_to_the_reset_that_follows_it() {
    let pki = Pki::new();
    let origin = Origin::mutual_tls(&pki.backend_server, pki.ca.certificate());
    let stranger = client(&pki, &origin)
        .tls(TlsVersion::Tls13)
        .identity(&pki.stranger);
    let stranger = stranger.build().unwrap();
    for _ in 0..100 {
        // A body makes the client write while the server has already closed.
        let error = stranger
            .send(post("/", zeros(300_000, true)))
            .await
            .unwrap_err();
        assert!(
            error
                .alert()
                .is_some_and(|alert| alert.contains("unknown ca")),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_client_trusts_only_the_authority_and_the_name_it_was_given() {
    let pki = Pki::new();
    let origin = Origin::https(&pki.backend_server);
    let address = origin.address();
    assert!(
        client(&pki, &origin)
            .build()
            .unwrap()
            .get("/")
            .await
            .is_ok()
    );
    assert!(
        Client::builder(address)
            .build()
            .unwrap()
            .get("/")
            .await
            .is_err()
    );
    let stranger = Client::builder(address).trust(pki.stranger_ca.certificate());
    assert!(stranger.build().unwrap().get("/").await.is_err());
    assert!(
        client(&pki, &origin)
            .name("other.local")
            .build()
            .unwrap()
            .get("/")
            .await
            .is_err()
    );
    let by_address = client(&pki, &origin).without_sni().expect_name("127.0.0.1");
    assert!(by_address.build().unwrap().get("/").await.is_ok());
    assert!(
        Client::builder(address)
            .insecure()
            .build()
            .unwrap()
            .get("/")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_kept_connection_carries_request_after_request() {
    let pki = Pki::new();
    let origin = Origin::builder().tls(&pki.backend_server).http2().start();
    for alpn in [Alpn::Http1, Alpn::Http2, Alpn::None] {
        origin.forget();
        let connection = client(&pki, &origin)
            .alpn(alpn)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        let chosen = match alpn {
            Alpn::Http2 => Some("h2"),
            Alpn::Http1 => Some("http/1.1"),
            _ => None,
        };
        assert_eq!(connection.tls().alpn.as_deref(), chosen);
        for size in [0, 1, 100_000] {
            let response = connection.get(&format!("/?size={size}")).await.unwrap();
            assert_eq!(
                (response.status, response.body.len()),
                (StatusCode::OK, size)
            );
        }
        let connections: Vec<u64> = origin
            .recorded()
            .iter()
            .map(|seen| seen.head.connection)
            .collect();
        assert!(
            connections.windows(2).all(|pair| pair[0] == pair[1]),
            "{connections:?}"
        );
        assert!(!connection.is_closed());
        connection.close().await;
    }
    assert_eq!(origin.connection_count(), 3);
}

#[tokio::test]
async fn an_http2_connection_carries_requests_beside_open_streams() {
    let pki = Pki::new();
    let origin = Origin::builder().tls(&pki.backend_server).http2().start();
    let client = client(&pki, &origin).alpn(Alpn::Http2).build().unwrap();
    let connection = client.connect().await.unwrap();
    let (feed, body) = channel(None);
    let mut open = connection.stream(post("/?echo", body)).await.unwrap();
    assert!(feed.send("first").await);
    assert_eq!(open.next().await.unwrap(), Some(Bytes::from("first")));
    assert_eq!(
        connection.get("/?status=204").await.unwrap().status,
        StatusCode::NO_CONTENT
    );
    assert!(feed.send("second").await);
    drop(feed);
    assert_eq!(open.whole().await.unwrap().body, "second");
    assert_eq!(origin.connection_count(), 1);
}

#[tokio::test]
async fn a_session_resumes_in_both_versions_again_and_again() {
    let pki = Pki::new();
    let origin = Origin::mutual_tls(&pki.backend_server, pki.ca.certificate());
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let client = client(&pki, &origin)
            .tls(version)
            .identity(&pki.partner_a)
            .build()
            .unwrap();
        let first = client.connect().await.unwrap();
        assert!(!first.reused());
        first.get("/").await.unwrap();
        let session = first.session().expect("a ticket has arrived");
        first.abort();
        for _ in 0..2 {
            let again = client.resume(&session).await.unwrap();
            assert!(again.reused(), "{version:?}");
            again.get("/").await.unwrap();
            let thumbprint = origin.last().unwrap().head.client_thumbprint;
            assert_eq!(thumbprint, Some(pki.partner_a.thumbprint().unwrap()));
            again.close().await;
        }
        assert!(!client.connect().await.unwrap().reused());
    }
}

#[tokio::test]
async fn large_bodies_stream_both_ways() {
    let pki = Pki::new();
    let origin = Origin::https(&pki.backend_server);
    let client = client(&pki, &origin)
        .deadline(Duration::from_secs(60))
        .build()
        .unwrap();
    let connection = client.connect().await.unwrap();
    const LENGTH: u64 = 32 * 1024 * 1024;
    let mut echoed = connection
        .stream(post("/?echo", zeros(LENGTH, true)))
        .await
        .unwrap();
    assert_eq!(echoed.headers["content-length"], LENGTH.to_string());
    assert_eq!(echoed.drain().await.unwrap(), LENGTH);
    let seen = eventually(Duration::from_secs(5), "the body was recorded", || async {
        origin.last()
    })
    .await;
    assert_eq!((seen.body_length, seen.body_complete), (LENGTH, true));
    let path = format!("/?size={LENGTH}&chunked");
    let request = Request::builder().uri(path).body(empty()).unwrap();
    let mut sent = connection.stream(request).await.unwrap();
    assert!(!sent.headers.contains_key("content-length"));
    assert_eq!(sent.drain().await.unwrap(), LENGTH);
}

#[tokio::test]
async fn every_scripted_fault_looks_like_itself() {
    let pki = Pki::new();
    let origin = Origin::https(&pki.backend_server);
    let client = client(&pki, &origin)
        .deadline(Duration::from_millis(500))
        .build()
        .unwrap();
    let close = client.get("/?close").await.unwrap_err();
    assert!(
        close.is_closed_before_response() && !close.is_reset(),
        "{close:?}"
    );
    let reset = client.get("/?reset").await.unwrap_err();
    assert!(reset.is_reset(), "{reset:?}");
    let short = client.get("/?size=10&close_in_body").await.unwrap_err();
    assert!(
        matches!(short, gateway_testkit::ClientError::ResponseBody(_)),
        "{short:?}"
    );
    let cut = client.get("/?size=10&reset_in_body").await.unwrap_err();
    assert!(
        matches!(cut, gateway_testkit::ClientError::ResponseBody(_)),
        "{cut:?}"
    );
    let never = client.get("/?never").await.unwrap_err();
    assert!(
        matches!(never, gateway_testkit::ClientError::Deadline { .. }),
        "{never:?}"
    );
    let misspelt = client.get("/?statu=200").await.unwrap();
    assert_eq!(misspelt.status, StatusCode::BAD_REQUEST);
    assert!(misspelt.text().contains("statu"));
}

#[tokio::test]
async fn a_closure_decides_the_answer_with_headers_pieces_and_trailers() {
    let pki = Pki::new();
    let origin = Origin::builder()
        .tls(&pki.backend_server)
        .answering(|head| {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", HeaderValue::from_static("42"));
            Answer::status(202)
                .header("x-method", head.method.as_str())
                .pieces(vec![
                    (Duration::ZERO, Bytes::from("one ")),
                    (Duration::from_millis(5), Bytes::from("two")),
                ])
                .trailers(trailers)
        })
        .start();
    let client = client(&pki, &origin).build().unwrap();
    let request = Request::builder()
        .uri("/")
        .header("te", "trailers")
        .body(empty())
        .unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status, StatusCode::ACCEPTED);
    assert_eq!(response.header("x-method"), Some("GET"));
    assert_eq!(response.text(), "one two");
    assert_eq!(response.trailers.unwrap()["x-sum"], "42");
}

#[tokio::test]
async fn raw_bytes_go_out_as_they_are() {
    let pki = Pki::new();
    let origin = Origin::https(&pki.backend_server);
    let mut raw = client(&pki, &origin).build().unwrap().raw().await.unwrap();
    raw.write(b"GET /?size=3 HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let head = raw.read_until(b"\r\n\r\n").await.unwrap();
    assert!(
        head.starts_with(b"HTTP/1.1 200 OK\r\n"),
        "{}",
        String::from_utf8_lossy(&head)
    );
    raw.write(b"NONSENSE\r\n\r\n").await.unwrap();
    let rest = raw.read_to_close().await.unwrap();
    assert!(String::from_utf8_lossy(&rest).contains("400 Bad Request"));
}

#[tokio::test]
async fn a_client_connects_from_the_address_it_is_told() {
    let pki = Pki::new();
    let origin = Origin::https(&pki.backend_server);
    let from = "127.0.0.7".parse().unwrap();
    let client = client(&pki, &origin).from_address(from).build().unwrap();
    let connection = client.connect().await.unwrap();
    assert_eq!(connection.tls().local.unwrap().ip(), from);
}

#[tokio::test]
async fn a_dropped_origin_is_gone_with_its_connections() {
    let pki = Pki::new();
    let origin = Origin::https(&pki.backend_server);
    let client = client(&pki, &origin).build().unwrap();
    let connection = client.connect().await.unwrap();
    connection.get("/").await.unwrap();
    let address = origin.address();
    drop(origin);
    eventually(Duration::from_secs(5), "the connection closed", || async {
        connection.is_closed().then_some(())
    })
    .await;
    assert!(client.connect().await.is_err());
    let again = Origin::builder()
        .tls(&pki.backend_server)
        .listen(address)
        .start();
    assert_eq!(again.address(), address);
    assert!(client.get("/").await.is_ok());
}

#[tokio::test]
async fn the_pki_of_a_test_is_on_disk_for_real_clients() {
    let pki = Pki::new();
    let origin = Origin::mutual_tls(&pki.backend_server, pki.ca.certificate());
    let (identity, key) = (pki.path("partner-a.pem"), pki.path("partner-a.key"));
    let output = std::process::Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "--max-time",
            "10",
            "--cacert",
        ])
        .arg(pki.path("ca.pem"))
        .arg("--cert")
        .arg(identity)
        .arg("--key")
        .arg(key)
        .arg(format!("{}/orders", origin.url()))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "GET /orders\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(pki.path("partner-a.pfx").is_file() && pki.path("ca.crl").is_file());
}
