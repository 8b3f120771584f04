//! A balancer in front: whose word counts, and that a change of a list reaches the clients behind it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{TestGateway, identity, properties};
use gateway_testkit::{Alpn, Connection, Issued, Origin};
use http::Request;
use serde_json::json;

const POLICY: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;

const TRUSTED: &str =
    "[trusted_peers]\nnetworks = [\"127.0.0.1\"]\ncertificate_header = \"client-cert\"\n";

async fn gateway(origin: &Origin) -> TestGateway {
    let gateway = TestGateway::builder().configuration(TRUSTED).start().await;
    let nobody = properties(&json!({ "identities": [] }));
    gateway.put("identityLists/partners", &nobody).await;
    list(&gateway, &gateway.pki.partner_a).await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    gateway
}

/// From now on this one is on the list, and nobody else.
async fn list(gateway: &TestGateway, issued: &Issued) {
    let mut member = identity(issued)["properties"].clone();
    member["name"] = json!("the-one");
    let list = properties(&json!({ "identities": [member] }));
    gateway.put("identityLists/partners", &list).await;
}

/// A connection from `address` with the balancer's own certificate.
async fn connect(gateway: &TestGateway, alpn: Alpn, address: &str) -> Connection {
    let client = gateway
        .client()
        .alpn(alpn)
        .identity(&gateway.pki.backend_client)
        .from_address(address.parse().unwrap());
    client.build().unwrap().connect().await.unwrap()
}

fn header(issued: &Issued) -> String {
    let der = issued.certificate().to_der().unwrap();
    format!(":{}:", STANDARD.encode(der))
}

async fn ask(connection: &Connection, headers: &[&str]) -> u16 {
    let mut request = Request::get("/orders/1");
    for header in headers {
        request = request.header("client-cert", *header);
    }
    let request = request.body(gateway_testkit::empty()).unwrap();
    connection.send(request).await.unwrap().status.as_u16()
}

#[tokio::test]
async fn the_client_behind_a_trusted_peer_is_judged_and_nobody_else_can_say_who_he_is() {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let (a, b) = (
        header(&gateway.pki.partner_a),
        header(&gateway.pki.partner_b),
    );
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let balancer = connect(&gateway, alpn, "127.0.0.1").await;
        assert_eq!(ask(&balancer, &[&a]).await, 200, "{alpn:?}");
        assert_eq!(ask(&balancer, &[&b]).await, 403, "{alpn:?}");
        assert_eq!(ask(&balancer, &["garbage"]).await, 400, "{alpn:?}");
        assert_eq!(ask(&balancer, &[&a, &a]).await, 400, "{alpn:?}");
        assert_eq!(ask(&balancer, &[]).await, 403, "{alpn:?}");
        assert_eq!(ask(&balancer, &[&a]).await, 200, "{alpn:?}");
        let stranger = connect(&gateway, alpn, "127.0.0.2").await;
        for headers in [&[a.as_str()][..], &[&a, &a], &["garbage"], &[]] {
            assert_eq!(ask(&stranger, headers).await, 403, "{alpn:?} {headers:?}");
        }
    }
    assert_eq!(origin.request_count(), 4);
    let seen = origin.last().unwrap().head;
    assert!(seen.header("client-cert").is_none());
}

#[tokio::test]
async fn a_change_of_the_list_swaps_the_verdicts_of_clients_behind_an_open_connection() {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let (a, b) = (
        header(&gateway.pki.partner_a),
        header(&gateway.pki.partner_b),
    );
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let balancer = connect(&gateway, alpn, "127.0.0.1").await;
        let statuses = async || (ask(&balancer, &[&a]).await, ask(&balancer, &[&b]).await);
        assert_eq!(statuses().await, (200, 403), "{alpn:?}");
        list(&gateway, &gateway.pki.partner_b).await;
        assert_eq!(statuses().await, (403, 200), "{alpn:?}");
        list(&gateway, &gateway.pki.partner_a).await;
        assert_eq!(statuses().await, (200, 403), "{alpn:?}");
        assert!(!balancer.is_closed());
    }
}
