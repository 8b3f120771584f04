//! Which headers pass.

use gateway_testkit::{Alpn, Answer, Origin};
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::Bench;

#[tokio::test]
async fn identity_headers_of_clients_never_reach_a_backend() {
    let bench = Bench::start();
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let client = bench
            .client()
            .alpn(alpn)
            .identity(&bench.pki.partner_a)
            .build()
            .unwrap();
        let mut request = Request::get("/api/x").header("x-kept", "1");
        for name in [
            "client-cert",
            "client_cert",
            "Client-Cert-Chain",
            "X-Forwarded-Client-Cert",
            "x_forwarded_client_cert",
            "X-Client-Cert",
            "X-ARR-ClientCert",
            "x-arr_clientcert",
            "X-SSL-Client-Verify",
            "X_SSL_CLIENT_S_DN",
        ] {
            request = request.header(name, "forged");
        }
        client
            .send(request.body(gateway_testkit::empty()).unwrap())
            .await
            .unwrap();
        let seen = bench.origin.last().unwrap().head.headers;
        assert!(seen.values().all(|value| value != "forged"), "{seen:?}");
        assert_eq!(seen["x-kept"], "1");
    }
}

#[tokio::test]
async fn hop_by_hop_headers_stay_on_their_hop_both_ways() {
    let origin = Origin::builder()
        .answering(|_| {
            Answer::ok()
                .header("connection", "x-internal")
                .header("x-internal", "1")
                .header("keep-alive", "timeout=5")
                .header("x-public", "2")
        })
        .start();
    let bench = Bench::over(origin, |_| {});
    let client = bench.client().build().unwrap();
    let request = Request::get("/api/x")
        .header("connection", "x-private")
        .header("x-private", "1")
        .header("keep-alive", "timeout=9")
        .header("proxy-authorization", "Basic eA==")
        .header("te", "trailers")
        .header("x-public", "1")
        .body(gateway_testkit::empty())
        .unwrap();
    let response = client.send(request).await.unwrap();
    for name in ["x-internal", "keep-alive"] {
        assert!(response.header(name).is_none(), "{name}");
    }
    assert_eq!(response.header("x-public"), Some("2"));
    let seen = bench.origin.last().unwrap().head;
    for name in ["x-private", "keep-alive", "proxy-authorization"] {
        assert!(seen.header(name).is_none(), "{name}");
    }
    assert_eq!(seen.header("te"), Some("trailers"));
    assert_eq!(seen.header("x-public"), Some("1"));
}

#[tokio::test]
async fn the_backend_learns_who_called_and_through_what() {
    let bench = Bench::start();
    let client = bench.client().build().unwrap();
    let request = Request::get("/api/x?_q=1")
        .header("x-forwarded-for", "192.0.2.1")
        .header("x-forwarded-proto", "http")
        .header("x-forwarded-host", "forged.example")
        .header("via", "1.1 first")
        .body(gateway_testkit::empty())
        .unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status, 200);
    let seen = bench.origin.last().unwrap().head;
    assert_eq!(seen.path, "/x?_q=1");
    assert_eq!(seen.header("x-forwarded-for"), Some("192.0.2.1, 127.0.0.1"));
    assert_eq!(seen.header("x-forwarded-proto"), Some("https"));
    assert!(
        seen.header("x-forwarded-host")
            .unwrap()
            .starts_with("localhost")
    );
    assert_eq!(seen.header("via"), Some("1.1 first, 1.1 countersign"));
    assert_eq!(
        seen.header("host"),
        Some(bench.origin.address().to_string().as_str())
    );
}

#[tokio::test]
async fn responses_name_the_revision_that_served_them() {
    let mut bench = Bench::start();
    let client = bench.client().build().unwrap();
    let connection = client.connect().await.unwrap();
    let before = connection.get("/api/x").await.unwrap();
    let applied = bench.policy(crate::bench::PLAIN);
    let after = connection.get("/api/x").await.unwrap();
    let revision = |response: &gateway_testkit::Response| {
        response
            .header("x-countersign-revision")
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    assert_eq!(revision(&after), applied.revision);
    assert_eq!(revision(&before) + 1, applied.revision);
}

#[tokio::test]
async fn header_names_keep_their_spelling_both_ways() {
    let backend = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = backend.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = backend.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = b"HTTP/1.1 200 Fine\r\nX-ReSponse: 1\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    let mut bench = Bench::start();
    bench.put(
        "apis/api",
        serde_json::json!({
            "displayName": "API", "path": "api", "protocols": ["https"],
            "subscriptionRequired": false, "serviceUrl": format!("http://127.0.0.1:{port}")
        }),
    );
    let mut raw = bench.client().build().unwrap().raw().await.unwrap();
    raw.write(
        b"GET /api/x HTTP/1.1\r\nHost: localhost\r\nX-ReQuest: 1\r\nConnection: close\r\n\r\n",
    )
    .await
    .unwrap();
    let answer = String::from_utf8(raw.read_to_close().await.unwrap()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 Fine\r\n"), "{answer}");
    assert!(answer.contains("\r\nX-ReSponse: 1\r\n"), "{answer}");
    let seen = seen.await.unwrap();
    assert!(seen.contains("\r\nX-ReQuest: 1\r\n"), "{seen}");
}
