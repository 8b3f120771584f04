//! The main job in its smallest form: a certificate decides, and a change of the list takes effect on
//! connections that are open.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use gateway_e2e::{TestGateway, identity, properties};
use gateway_testkit::{Alpn, Client, Origin};
use serde_json::json;

const POLICY: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;

async fn gateway(origin: &Origin) -> TestGateway {
    let gateway = TestGateway::start().await;
    gateway
        .put(
            "identityLists/partners",
            &properties(&json!({ "identities": [] })),
        )
        .await;
    gateway
        .put(
            "identityLists/partners/identities/a",
            &identity(&gateway.pki.partner_a),
        )
        .await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    gateway
}

#[tokio::test]
async fn a_certificate_on_the_list_is_let_through_and_another_is_not() {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let status = async |client: Client| client.get("/orders/1").await.unwrap().status.as_u16();
    assert_eq!(status(gateway.client_of(&gateway.pki.partner_a)).await, 200);
    assert_eq!(status(gateway.client_of(&gateway.pki.partner_b)).await, 403);
    assert_eq!(status(gateway.client().build().unwrap()).await, 403);
    assert_eq!(origin.request_count(), 1);
    assert_eq!(origin.last().unwrap().head.path, "/1");
}

#[tokio::test]
async fn a_change_of_the_list_swaps_the_verdicts_of_open_connections() {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let open = async |identity| {
            let client = gateway
                .client()
                .identity(identity)
                .alpn(alpn)
                .build()
                .unwrap();
            client.connect().await.unwrap()
        };
        let a = open(&gateway.pki.partner_a).await;
        let b = open(&gateway.pki.partner_b).await;
        let statuses = async || {
            let status = |response: gateway_testkit::Response| response.status.as_u16();
            (
                status(a.get("/orders/1").await.unwrap()),
                status(b.get("/orders/1").await.unwrap()),
            )
        };
        let list = |issued| {
            let member = identity(issued)["properties"].clone();
            let mut member = member;
            member["name"] = json!("the-one");
            properties(&json!({ "identities": [member] }))
        };
        gateway
            .put("identityLists/partners", &list(&gateway.pki.partner_a))
            .await;
        assert_eq!(statuses().await, (200, 403), "{alpn:?}");
        gateway
            .put("identityLists/partners", &list(&gateway.pki.partner_b))
            .await;
        assert_eq!(statuses().await, (403, 200), "{alpn:?}");
    }
}
