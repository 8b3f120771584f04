//! Backend entities: which certificate is presented, and what is checked of the backend's own; and who
//! has used an identity list.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{TestGateway, identity, properties};
use gateway_testkit::Origin;
use gateway_tls::issue::LeafRequest;
use serde_json::{Value, json};

const TO_BACKEND: &str =
    r#"<policies><inbound><set-backend-service backend-id="b" /></inbound></policies>"#;

async fn put_backend(gateway: &TestGateway, url: &str, more: &Value) {
    let mut body = properties(&json!({ "url": url, "protocol": "http" }));
    for (name, value) in more.as_object().unwrap() {
        body["properties"][name] = value.clone();
    }
    gateway.put("backends/b", &body).await;
}

async fn status(gateway: &TestGateway) -> u16 {
    gateway
        .client()
        .build()
        .unwrap()
        .get("/a/x")
        .await
        .unwrap()
        .status
        .as_u16()
}

#[tokio::test]
async fn a_backends_certificate_is_named_by_id_or_thumbprint() {
    let gateway = TestGateway::start().await;
    let pki = &gateway.pki;
    let origin = Origin::mutual_tls(&pki.backend_server, pki.ca.certificate());
    let pfx = STANDARD.encode(pki.backend_client.to_pfx("password").unwrap());
    gateway
        .put(
            "certificates/mine",
            &properties(&json!({ "data": pfx, "password": "password" })),
        )
        .await;
    let thumbprint = pki.backend_client.thumbprint().unwrap();
    put_backend(&gateway, &origin.url(), &json!({})).await;
    gateway.put_api("a", &origin.url(), TO_BACKEND).await;
    assert_eq!(
        status(&gateway).await,
        500,
        "the backend demands a certificate"
    );
    let long = format!(
        "/subscriptions/x/resourceGroups/y/providers/Microsoft.ApiManagement/service/apim/certificates/{}",
        "mine"
    );
    for credentials in [
        json!({ "certificateIds": ["mine"] }),
        json!({ "certificateIds": [long] }),
        json!({ "certificate": [thumbprint] }),
        json!({ "certificate": ["mine"] }),
    ] {
        put_backend(
            &gateway,
            &origin.url(),
            &json!({ "credentials": credentials }),
        )
        .await;
        assert_eq!(status(&gateway).await, 200, "{credentials}");
        let presented = origin.last().unwrap().head.client_thumbprint;
        assert_eq!(presented.as_ref(), Some(&thumbprint), "{credentials}");
    }
}

#[tokio::test]
async fn each_check_of_a_backends_certificate_can_be_switched_off_alone() {
    let gateway = TestGateway::start().await;
    let pki = &gateway.pki;
    let local = |request: LeafRequest| request.dns("localhost").ip([127, 0, 0, 1]);
    let unknown = pki
        .stranger_ca
        .issue(&local(LeafRequest::server("localhost")))
        .unwrap();
    let misnamed = pki
        .ca
        .issue(&LeafRequest::server("other").dns("other.example"))
        .unwrap();
    let (unknown, misnamed) = (Origin::https(&unknown), Origin::https(&misnamed));
    put_backend(&gateway, &unknown.url(), &json!({})).await;
    gateway.put_api("a", &unknown.url(), TO_BACKEND).await;
    for (origin, chain, name, expected) in [
        (&unknown, true, true, 500),
        (&unknown, true, false, 500),
        (&unknown, false, true, 200),
        (&misnamed, true, true, 500),
        (&misnamed, false, true, 500),
        (&misnamed, true, false, 200),
    ] {
        let tls = json!({ "validateCertificateChain": chain, "validateCertificateName": name });
        put_backend(&gateway, &origin.url(), &json!({ "tls": tls })).await;
        assert_eq!(status(&gateway).await, expected, "{tls}");
    }
}

#[tokio::test]
async fn the_usage_of_a_list_tells_who_came_in_by_it() {
    let gateway = TestGateway::start().await;
    let origin = Origin::http();
    let pki = &gateway.pki;
    gateway
        .put(
            "identityLists/partners",
            &properties(&json!({ "identities": [] })),
        )
        .await;
    gateway
        .put(
            "identityLists/partners/identities/a",
            &identity(&pki.partner_a),
        )
        .await;
    gateway
        .put(
            "identityLists/partners/identities/b",
            &identity(&pki.partner_b),
        )
        .await;
    let document = r#"<policies><inbound><validate-client-certificate><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;
    gateway.put_api("a", &origin.url(), document).await;
    let client = gateway.client_of(&pki.partner_a);
    assert_eq!(client.get("/a/x").await.unwrap().status, 200);
    assert_eq!(
        gateway
            .client_of(&pki.stranger)
            .get("/a/x")
            .await
            .unwrap()
            .status,
        401
    );
    let usage = gateway
        .admin()
        .get("/apim/identityLists/partners/usage")
        .await
        .unwrap();
    assert_eq!(usage.status, 200, "{}", usage.text);
    assert!(
        usage.text.contains(&pki.partner_a.thumbprint().unwrap()),
        "{}",
        usage.text
    );
    assert!(
        !usage.text.contains(&pki.partner_b.thumbprint().unwrap()),
        "{}",
        usage.text
    );
    assert!(
        !usage.text.contains(&pki.stranger.thumbprint().unwrap()),
        "{}",
        usage.text
    );
}
