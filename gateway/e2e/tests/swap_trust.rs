//! The swap of trust, judged by a policy: a CA leaves the list, or a CRL that revokes the client
//! arrives. The certificate on an open connection stays what it was; what it is worth is judged for
//! each request. Sessions of the trust before are declined, which must never fail a handshake, and
//! the trust's return makes them good again.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{Connections, Sessions, TestGateway, assert_answered, properties};
use gateway_testkit::{AdminReply, Issued, Origin};
use gateway_tls::issue::{Authority, CrlRequest};
use serde_json::{Value, json};

const WORKERS: usize = 4;

/// Everybody of a trusted CA who is not revoked.
const POLICY: &str = r#"<policies><inbound><base /><validate-client-certificate validate-trust="true" validate-revocation="true" failed-validation-httpcode="403" /></inbound></policies>"#;

/// The same in code, as the article on mutual TLS has it.
const POLICY_IN_CODE: &str = r#"<policies><inbound><base /><choose><when condition="@(context.Request.Certificate == null || !context.Request.Certificate.Verify())"><return-response><set-status code="403" reason="Forbidden" /></return-response></when></choose></inbound></policies>"#;

async fn gateway(origin: &Origin, document: &str) -> TestGateway {
    let gateway = TestGateway::builder().workers(WORKERS).start().await;
    gateway.put_api("orders", &origin.url(), document).await;
    gateway
}

async fn open<'g>(gateway: &'g TestGateway, identity: &Issued) -> Connections<'g> {
    Connections::open(gateway, WORKERS, Some(identity.into()), "orders").await
}

fn root(authority: &Authority) -> Value {
    let der = authority.certificate().to_der().unwrap();
    json!({ "storeName": "Root", "encodedCertificate": STANDARD.encode(der) })
}

async fn trust(gateway: &TestGateway, authorities: &[&Authority]) -> AdminReply {
    let certificates: Vec<Value> = authorities.iter().copied().map(root).collect();
    let body = properties(&json!({ "certificates": certificates }));
    gateway.patch("", &body).await
}

async fn revoke(gateway: &TestGateway, revoked: &[&Issued], number: u64) -> AdminReply {
    let crl = gateway.pki.crl_revoking(revoked, number);
    let body = properties(&json!({ "encodedCrl": STANDARD.encode(crl.der()) }));
    gateway.put("crls/ca", &body).await
}

/// A CRL of the other CA, so that its clients' status is known.
async fn put_crl_of_stranger(gateway: &TestGateway) {
    let pki = &gateway.pki;
    let request = CrlRequest {
        revoked: Vec::new(),
        number: 1,
        this_update: pki.now - 60,
        next_update: pki.now + 86_400,
    };
    let crl = pki.stranger_ca.crl(&request).unwrap();
    let body = properties(&json!({ "encodedCrl": STANDARD.encode(crl.der()) }));
    gateway.put("crls/stranger", &body).await;
}

#[tokio::test]
async fn a_removed_ca_is_not_trusted_on_the_next_request_of_every_kind_on_every_worker() {
    Box::pin(a_ca_is_removed(POLICY)).await;
}

#[tokio::test]
async fn a_removed_ca_is_not_trusted_on_the_next_request_by_code_too() {
    Box::pin(a_ca_is_removed(POLICY_IN_CODE)).await;
}

async fn a_ca_is_removed(document: &str) {
    let origin = Origin::http();
    let gateway = gateway(&origin, document).await;
    let pki = &gateway.pki;
    let (ours, other) = (&pki.ca, &pki.stranger_ca);
    put_crl_of_stranger(&gateway).await;
    trust(&gateway, &[ours, other]).await;
    let mut partner = open(&gateway, &pki.partner_a).await;
    let mut bystander = open(&gateway, &pki.stranger).await;

    for _ in 0..2 {
        let gone = bystander.during(trust(&gateway, &[other])).await;
        let (refused, allowed) = tokio::join!(partner.next_requests(), bystander.next_requests());
        assert_answered(&refused, 403, gone.revision(), Sessions::Declined);
        assert_answered(&allowed, 200, gone.revision(), Sessions::Declined);
        partner.streams_go_on().await;
        bystander.streams_go_on().await;

        let back = bystander.during(trust(&gateway, &[ours, other])).await;
        let (returned, allowed) = tokio::join!(partner.next_requests(), bystander.next_requests());
        assert_answered(&returned, 200, back.revision(), Sessions::Resumed);
        assert_answered(&allowed, 200, back.revision(), Sessions::Resumed);
    }
    for mut connections in [partner, bystander] {
        connections.end_streams().await;
        assert!(connections.none_has_ended());
    }
}

#[tokio::test]
async fn a_crl_that_arrives_revokes_on_the_next_request_of_every_kind_on_every_worker() {
    Box::pin(a_crl_arrives(POLICY)).await;
}

#[tokio::test]
async fn a_crl_that_arrives_revokes_on_the_next_request_by_code_too() {
    Box::pin(a_crl_arrives(POLICY_IN_CODE)).await;
}

async fn a_crl_arrives(document: &str) {
    let origin = Origin::http();
    let gateway = gateway(&origin, document).await;
    let pki = &gateway.pki;
    let mut partner = open(&gateway, &pki.partner_a).await;
    let mut bystander = open(&gateway, &pki.partner_b).await;

    for number in [2, 4] {
        let arrived = bystander
            .during(revoke(&gateway, &[&pki.revoked, &pki.partner_a], number))
            .await;
        let (refused, allowed) = tokio::join!(partner.next_requests(), bystander.next_requests());
        assert_answered(&refused, 403, arrived.revision(), Sessions::Declined);
        assert_answered(&allowed, 200, arrived.revision(), Sessions::Declined);
        partner.streams_go_on().await;
        bystander.streams_go_on().await;

        // A certificate that was on hold and is not any more (RFC 5280 section 5.3.1).
        let lifted = bystander
            .during(revoke(&gateway, &[&pki.revoked], number + 1))
            .await;
        let (returned, allowed) = tokio::join!(partner.next_requests(), bystander.next_requests());
        assert_answered(&returned, 200, lifted.revision(), Sessions::Declined);
        assert_answered(&allowed, 200, lifted.revision(), Sessions::Declined);
    }
    for mut connections in [partner, bystander] {
        connections.end_streams().await;
        assert!(connections.none_has_ended());
    }
}

#[tokio::test]
async fn a_crl_that_is_deleted_again_leaves_the_status_unknown_and_unknown_is_refused() {
    let origin = Origin::http();
    let gateway = gateway(&origin, POLICY).await;
    let partner = open(&gateway, &gateway.pki.partner_a).await;

    let gone = partner.during(gateway.delete("crls/ca")).await;
    let seen = partner.next_requests().await;
    assert_answered(&seen, 403, gone.revision(), Sessions::Declined);

    let back = partner
        .during(revoke(&gateway, &[&gateway.pki.revoked], 2))
        .await;
    let seen = partner.next_requests().await;
    assert_answered(&seen, 200, back.revision(), Sessions::Declined);
}
