//! What time alone closes is told before anybody is asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{TestGateway, health, properties};
use gateway_testkit::{Origin, eventually};
use gateway_tls::issue::CrlRequest;
use serde_json::{Value, json};

use crate::scrape::Scrape;
use crate::{SOON, gateway};

const HOUR: i64 = 3_600;

/// Puts a list that revokes nobody in the place of the seeded one.
async fn put_list(gateway: &TestGateway, number: u64, this_update: i64, next_update: i64) {
    let list = gateway.pki.ca.crl(&CrlRequest {
        revoked: Vec::new(),
        number,
        this_update,
        next_update,
    });
    let encoded = STANDARD.encode(list.unwrap().der());
    let body = properties(&json!({ "encodedCrl": encoded }));
    gateway.put("crls/ca", &body).await;
}

fn readiness(gateway: &TestGateway) -> Value {
    let (status, text) = health(gateway.health_address, "/readyz");
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn status(gateway: &TestGateway) -> u16 {
    let client = gateway.client_of(&gateway.pki.partner_a);
    client.get("/orders/1").await.unwrap().status.as_u16()
}

#[tokio::test]
async fn a_revocation_list_that_passes_its_next_update_is_named_in_readiness_until_it_is_replaced()
{
    let origin = Origin::http();
    let gateway = gateway(&origin, "").await;
    let now = gateway.pki.now;
    put_list(&gateway, 10, now - HOUR, now + HOUR).await;
    assert_eq!(status(&gateway).await, 200);
    assert_eq!(readiness(&gateway)["status"], "ready");

    gateway.clock.shift_to(2 * HOUR);
    assert_eq!(status(&gateway).await, 403);
    let degraded = eventually(SOON, "the watch has looked at the clock", || async {
        let readiness = readiness(&gateway);
        (readiness["status"] == "degraded").then_some(readiness)
    })
    .await;
    let reason = degraded["reasons"][0].as_str().unwrap();
    assert!(
        reason.starts_with("the revocation list `ca` of `CN=My Trusted CA` expired on "),
        "{reason}"
    );
    let kind = [("kind", "crl"), ("name", "ca")];
    let shown = |scrape: &Scrape| scrape.value("countersign_certificate_expiry_seconds", &kind);
    assert_eq!(shown(&Scrape::of(&gateway)), Some((now + HOUR) as f64));

    put_list(&gateway, 11, now, now + 48 * HOUR).await;
    assert_eq!(status(&gateway).await, 200);
    eventually(SOON, "it is ready again", || async {
        let is_ready = readiness(&gateway)["status"] == "ready";
        let is_shown = shown(&Scrape::of(&gateway)) == Some((now + 48 * HOUR) as f64);
        (is_ready && is_shown).then_some(())
    })
    .await;
}
