//! Hosts, modes and keys, judged for each request.

use gateway_testkit::Alpn;
use http::Request;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn a_request_for_another_host_configuration_is_misdirected() {
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
        let other = Request::get("/api/x")
            .header("host", "other.example")
            .body(gateway_testkit::empty())
            .unwrap();
        assert_eq!(connection.send(other).await.unwrap().status, 421);
        for own in ["localhost", "LOCALHOST:443", "localhost.", "127.0.0.1"] {
            let request = Request::get("/api/x")
                .header("host", own)
                .body(gateway_testkit::empty())
                .unwrap();
            assert_eq!(connection.send(request).await.unwrap().status, 200, "{own}");
        }
    }
}

#[tokio::test]
async fn mode_required_bites_on_open_connections_from_the_next_request_on() {
    let mut bench = Bench::start();
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let pki = &bench.pki;
        let nobody = bench.client().alpn(alpn).build().unwrap();
        let good = bench
            .client()
            .alpn(alpn)
            .identity(&pki.partner_a)
            .build()
            .unwrap();
        let stranger = bench
            .client()
            .alpn(alpn)
            .identity(&pki.stranger)
            .build()
            .unwrap();
        let revoked = bench
            .client()
            .alpn(alpn)
            .identity(&pki.revoked)
            .build()
            .unwrap();
        let nobody = nobody.connect().await.unwrap();
        let good = good.connect().await.unwrap();
        let stranger = stranger.connect().await.unwrap();
        let revoked = revoked.connect().await.unwrap();
        for connection in [&nobody, &good, &stranger, &revoked] {
            assert_eq!(connection.get("/api/x").await.unwrap().status, 200);
        }
        bench.require_certificates();
        assert_eq!(good.get("/api/x").await.unwrap().status, 200);
        for (connection, message) in [
            (&nobody, "Client certificate missing"),
            (&stranger, "Invalid client certificate"),
            (&revoked, "Invalid client certificate"),
        ] {
            let response = connection.get("/api/x").await.unwrap();
            assert_eq!(response.status, 403);
            assert_eq!(response.json().unwrap()["message"], message);
            gateway_testkit::eventually(crate::bench::DEADLINE, "the connection ends", || async {
                connection.is_closed().then_some(())
            })
            .await;
        }
        bench = Bench::start();
    }
}

#[tokio::test]
async fn what_no_operation_matches_is_404_and_the_backend_hears_nothing() {
    let bench = Bench::start();
    let client = bench.client().build().unwrap();
    for path in ["/", "/nothing/here", "/apix"] {
        let response = client.get(path).await.unwrap();
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(response.json().unwrap()["message"], "Resource not found");
    }
    assert_eq!(bench.origin.request_count(), 0);
}

#[tokio::test]
async fn subscription_keys_are_judged_before_policies() {
    let mut bench = Bench::start();
    let url = bench.origin.url();
    bench.put(
        "apis/api",
        json!({
            "displayName": "API", "path": "api", "protocols": ["https"],
            "subscriptionRequired": true, "serviceUrl": url
        }),
    );
    bench.put(
        "subscriptions/s",
        json!({
            "displayName": "S", "scope": "/apis", "state": "active",
            "primaryKey": "primary-key-0001", "secondaryKey": "secondary-key-01"
        }),
    );
    let client = bench.client().build().unwrap();
    let missing = client.get("/api/x").await.unwrap();
    assert_eq!(missing.status, 401);
    assert!(
        missing
            .header("www-authenticate")
            .unwrap()
            .starts_with("AzureApiManagementKey")
    );
    assert!(missing.text().contains("missing subscription key"));
    let wrong = client.get("/api/x?subscription-key=wrong").await.unwrap();
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("invalid subscription key"));
    for key in ["primary-key-0001", "secondary-key-01"] {
        let query = client
            .get(&format!("/api/x?_=1&subscription-key={key}"))
            .await
            .unwrap();
        assert!(bench.origin.last().unwrap().head.path.contains("_=1"));
        // The origin refuses words it does not know, and so proves that the key was passed on.
        assert_eq!(query.status, 400);
        let header = Request::get("/api/x")
            .header("ocp-apim-subscription-key", key)
            .body(gateway_testkit::empty())
            .unwrap();
        assert_eq!(client.send(header).await.unwrap().status, 200);
    }
    let both = Request::get("/api/x?subscription-key=primary-key-0001")
        .header("ocp-apim-subscription-key", "")
        .body(gateway_testkit::empty())
        .unwrap();
    assert_eq!(
        client.send(both).await.unwrap().status,
        401,
        "the header wins even if empty"
    );
}

#[tokio::test]
async fn http_1_0_clients_are_served_with_and_without_a_host() {
    let bench = Bench::start();
    for request in [
        "GET /api/x?chunked HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "GET /api/x?chunked HTTP/1.0\r\n\r\n",
    ] {
        let mut raw = bench.client().build().unwrap().raw().await.unwrap();
        raw.write(request.as_bytes()).await.unwrap();
        let answer = String::from_utf8(raw.read_to_close().await.unwrap()).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
        assert!(
            answer.ends_with("GET /x\n") && !answer.contains("chunked"),
            "{answer}"
        );
    }
}
