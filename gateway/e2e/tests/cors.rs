//! What a browser gets from the gateway for requests across origins, and that this lets nobody past the
//! policies.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use gateway_e2e::TestGateway;
use gateway_testkit::{Client, Origin, Response};
use http::Request;

const POLICY: &str = "<policies><inbound>\
    <cors allow-credentials=\"true\"><allowed-origins><origin>https://shop.example.com</origin></allowed-origins>\
    <allowed-methods><method>GET</method></allowed-methods>\
    <allowed-headers><header>x-trace</header></allowed-headers></cors>\
    <validate-client-certificate failed-validation-httpcode=\"403\" validate-revocation=\"false\" />\
    </inbound></policies>";

const SHOP: &str = "https://shop.example.com";

async fn ask(client: &Client, method: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri("/orders/1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client
        .send(request.body(gateway_testkit::empty()).unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_certificate_and_reaches_nobody() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    let nobody = gateway.client().build().unwrap();
    let preflight = [
        ("origin", SHOP),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "x-trace"),
    ];

    let answer = ask(&nobody, "OPTIONS", &preflight).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET"));
    assert_eq!(answer.header("vary"), Some("Origin"));

    let elsewhere = [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "GET"),
    ];
    let answer = ask(&nobody, "OPTIONS", &elsewhere).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(origin.request_count(), 0, "no preflight went further");
}

#[tokio::test]
async fn the_request_behind_a_preflight_is_judged_and_its_answer_can_be_read_by_the_page() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    let nobody = gateway.client().build().unwrap();
    let partner = gateway.client_of(&gateway.pki.partner_a);

    let refused = ask(&nobody, "GET", &[("origin", SHOP)]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(origin.request_count(), 0);

    let answered = ask(&partner, "GET", &[("origin", SHOP)]).await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(origin.request_count(), 1);
}

#[tokio::test]
async fn an_options_request_that_is_no_preflight_is_judged_like_any_other() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    let nobody = gateway.client().build().unwrap();
    for headers in [
        &[("origin", SHOP)][..],
        &[("access-control-request-method", "GET")][..],
        &[][..],
    ] {
        let answer = ask(&nobody, "OPTIONS", headers).await;
        assert!(
            answer.status == 403 || answer.status == 404,
            "{headers:?}: {}",
            answer.status
        );
    }
    assert_eq!(origin.request_count(), 0);
}
