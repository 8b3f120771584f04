//! The swap under mode `required`, where the handshake decides too: the mode itself begins, a CA
//! leaves the list, a CRL arrives. An open connection gets 403 and ends; a session is declined; a
//! handshake ends in an alert. Whoever is still allowed notices a full handshake at most.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{
    Connections, Sessions, TestGateway, assert_answered, assert_shut_out, properties,
};
use gateway_testkit::{AdminReply, Identity, Issued, Origin, eventually};
use gateway_tls::issue::{Authority, CrlRequest};
use serde_json::{Value, json};

const WORKERS: usize = 4;

/// The handshake decides; nothing else does.
const POLICY: &str = "<policies><inbound><base /></inbound></policies>";

/// What a client without a certificate is told: TLS 1.3 has an alert of its own for it (RFC 8446
/// section 6.2), TLS 1.2 has not (RFC 5246 section 7.4.6).
const MISSING: &[&str] = &["certificate required", "handshake failure"];

async fn gateway(origin: &Origin) -> TestGateway {
    let gateway = TestGateway::builder().workers(WORKERS).start().await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    gateway
}

async fn open<'g>(gateway: &'g TestGateway, identity: Option<&Issued>) -> Connections<'g> {
    Connections::open(gateway, WORKERS, identity.map(Identity::from), "orders").await
}

async fn set_mode(gateway: &TestGateway, mode: &str) -> AdminReply {
    let name = "Countersign.Host.localhost.ClientCertificate";
    let body = properties(&json!({ "customProperties": { name: mode } }));
    gateway.patch("", &body).await
}

async fn trust(gateway: &TestGateway, authorities: &[&Authority]) -> AdminReply {
    let certificates: Vec<Value> = authorities
        .iter()
        .map(|authority| STANDARD.encode(authority.certificate().to_der().unwrap()))
        .map(|encoded| json!({ "storeName": "Root", "encodedCertificate": encoded }))
        .collect();
    let body = properties(&json!({ "certificates": certificates }));
    gateway.patch("", &body).await
}

async fn put_crl(gateway: &TestGateway, id: &str, der: &[u8]) -> AdminReply {
    let body = properties(&json!({ "encodedCrl": STANDARD.encode(der) }));
    gateway.put(&format!("crls/{id}"), &body).await
}

async fn all_end(connections: &Connections<'_>) {
    eventually(Duration::from_secs(10), "the connections end", || async {
        connections.all_have_ended().then_some(())
    })
    .await;
}

#[tokio::test]
async fn mode_required_shuts_out_who_has_no_certificate_on_the_next_request_of_every_kind_on_every_worker()
 {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let mut nobody = open(&gateway, None).await;
    let mut partner = open(&gateway, Some(&gateway.pki.partner_a)).await;

    let strict = partner.during(set_mode(&gateway, "required")).await;
    let (refused, allowed) = tokio::join!(nobody.next_requests(), partner.next_requests());
    assert_shut_out(&refused, strict.revision(), MISSING);
    assert_answered(&allowed, 200, strict.revision(), Sessions::Declined);
    partner.streams_go_on().await;
    // What was begun before is finished, and then the connection ends.
    nobody.streams_go_on().await;
    nobody.end_streams().await;
    all_end(&nobody).await;

    let mild = partner.during(set_mode(&gateway, "optional")).await;
    nobody.reopen().await;
    let (returned, allowed) = tokio::join!(nobody.next_requests(), partner.next_requests());
    assert_answered(&returned, 200, mild.revision(), Sessions::Resumed);
    assert_answered(&allowed, 200, mild.revision(), Sessions::Resumed);
    partner.end_streams().await;
    assert!(partner.none_has_ended());
}

#[tokio::test]
async fn a_ca_removed_under_mode_required_shuts_out_its_clients_on_the_next_request_of_every_kind_on_every_worker()
 {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let pki = &gateway.pki;
    let request = CrlRequest {
        revoked: Vec::new(),
        number: 1,
        this_update: pki.now - 60,
        next_update: pki.now + 86_400,
    };
    let crl = pki.stranger_ca.crl(&request).unwrap();
    put_crl(&gateway, "stranger", crl.der()).await;
    trust(&gateway, &[&pki.ca, &pki.stranger_ca]).await;
    set_mode(&gateway, "required").await;
    let mut partner = open(&gateway, Some(&pki.partner_a)).await;
    let mut bystander = open(&gateway, Some(&pki.stranger)).await;

    let gone = bystander.during(trust(&gateway, &[&pki.stranger_ca])).await;
    let (refused, allowed) = tokio::join!(partner.next_requests(), bystander.next_requests());
    assert_shut_out(&refused, gone.revision(), &["unknown ca"]);
    assert_answered(&allowed, 200, gone.revision(), Sessions::Declined);
    bystander.streams_go_on().await;
    partner.end_streams().await;
    all_end(&partner).await;

    let back = bystander
        .during(trust(&gateway, &[&pki.ca, &pki.stranger_ca]))
        .await;
    partner.reopen().await;
    let (returned, allowed) = tokio::join!(partner.next_requests(), bystander.next_requests());
    assert_answered(&returned, 200, back.revision(), Sessions::Resumed);
    assert_answered(&allowed, 200, back.revision(), Sessions::Resumed);
    bystander.end_streams().await;
    assert!(bystander.none_has_ended());
}

#[tokio::test]
async fn a_crl_under_mode_required_shuts_out_the_revoked_on_the_next_request_of_every_kind_on_every_worker()
 {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let pki = &gateway.pki;
    set_mode(&gateway, "required").await;
    let mut partner = open(&gateway, Some(&pki.partner_a)).await;
    let mut bystander = open(&gateway, Some(&pki.partner_b)).await;

    let crl = pki.crl_revoking(&[&pki.revoked, &pki.partner_a], 2);
    let arrived = bystander.during(put_crl(&gateway, "ca", crl.der())).await;
    let (refused, allowed) = tokio::join!(partner.next_requests(), bystander.next_requests());
    assert_shut_out(&refused, arrived.revision(), &["certificate revoked"]);
    assert_answered(&allowed, 200, arrived.revision(), Sessions::Declined);
    partner.end_streams().await;
    all_end(&partner).await;

    let crl = pki.crl_revoking(&[&pki.revoked], 3);
    let lifted = bystander.during(put_crl(&gateway, "ca", crl.der())).await;
    partner.reopen().await;
    let (returned, allowed) = tokio::join!(partner.next_requests(), bystander.next_requests());
    assert_answered(&returned, 200, lifted.revision(), Sessions::Declined);
    assert_answered(&allowed, 200, lifted.revision(), Sessions::Declined);
    bystander.end_streams().await;
    assert!(bystander.none_has_ended());
}
