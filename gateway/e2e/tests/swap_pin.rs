//! The swap of a pin: a thumbprint leaves the identity list, or the named value that holds it
//! changes. Refused from the reply on, on every worker, whatever way the next request takes; and
//! welcome again from the reply to the reverse. Sessions are resumed throughout, since nothing
//! changed that a handshake decides.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use gateway_e2e::{
    Connections, Sessions, TestGateway, assert_answered, identity, named_value, properties,
};
use gateway_testkit::{Issued, Origin};
use serde_json::json;

const WORKERS: usize = 4;

const BY_LIST: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;

const BY_NAMED_VALUE: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity thumbprint="{{allowed}}" /></identities></validate-client-certificate></inbound></policies>"#;

/// The same in code.
const BY_LIST_IN_CODE: &str = r#"<policies><inbound><base /><choose><when condition="@(context.Deployment.IdentityLists["partners"].Contains(context.Request.Certificate))" /><otherwise><return-response><set-status code="403" reason="Forbidden" /></return-response></otherwise></choose></inbound></policies>"#;

/// As the article on mutual TLS has it, closed for everybody else.
const BY_NAMED_VALUE_IN_CODE: &str = r#"<policies><inbound><base /><choose><when condition="@{
        var thumbprint = context.Request.Certificate?.Thumbprint ?? "";
        var allowed = "{{allowed}}".Split(',');
        return allowed.Contains(thumbprint);
    }"></when><otherwise><return-response><set-status code="403" reason="Forbidden" /></return-response></otherwise></choose></inbound></policies>"#;

async fn open(gateway: &TestGateway) -> Connections<'_> {
    let partner = Some((&gateway.pki.partner_a).into());
    Connections::open(gateway, WORKERS, partner, "orders").await
}

/// The partner's member leaves the list and comes back.
async fn leaves_the_list(document: &str) {
    let origin = Origin::http();
    let gateway = TestGateway::builder().workers(WORKERS).start().await;
    let list = "identityLists/partners";
    let member = "identityLists/partners/identities/a";
    let partner = identity(&gateway.pki.partner_a);
    gateway
        .put(list, &properties(&json!({ "identities": [] })))
        .await;
    gateway.put(member, &partner).await;
    gateway.put_api("orders", &origin.url(), document).await;
    let mut connections = open(&gateway).await;

    for _ in 0..3 {
        let gone = connections.during(gateway.delete(member)).await;
        let seen = connections.next_requests().await;
        assert_answered(&seen, 403, gone.revision(), Sessions::Resumed);
        connections.streams_go_on().await;

        let back = connections.during(gateway.put(member, &partner)).await;
        let seen = connections.next_requests().await;
        assert_answered(&seen, 200, back.revision(), Sessions::Resumed);
    }
    connections.end_streams().await;
    assert!(connections.none_has_ended());
}

#[tokio::test]
async fn a_thumbprint_that_left_the_list_is_refused_on_the_next_request_of_every_kind_on_every_worker()
 {
    leaves_the_list(BY_LIST).await;
}

#[tokio::test]
async fn a_thumbprint_that_left_the_list_is_refused_on_the_next_request_by_code_too() {
    leaves_the_list(BY_LIST_IN_CODE).await;
}

#[tokio::test]
async fn a_list_put_without_the_thumbprint_shuts_out_as_a_deleted_member_does() {
    let origin = Origin::http();
    let gateway = TestGateway::builder().workers(WORKERS).start().await;
    let list = "identityLists/partners";
    let of = |issued| {
        let mut member = identity(issued)["properties"].clone();
        member["name"] = json!("only");
        properties(&json!({ "identities": [member] }))
    };
    gateway.put(list, &of(&gateway.pki.partner_a)).await;
    gateway.put_api("orders", &origin.url(), BY_LIST).await;
    let mut connections = open(&gateway).await;

    let gone = connections
        .during(gateway.put(list, &of(&gateway.pki.partner_b)))
        .await;
    let seen = connections.next_requests().await;
    assert_answered(&seen, 403, gone.revision(), Sessions::Resumed);
    connections.streams_go_on().await;

    let back = connections
        .during(gateway.put(list, &of(&gateway.pki.partner_a)))
        .await;
    let seen = connections.next_requests().await;
    assert_answered(&seen, 200, back.revision(), Sessions::Resumed);
    connections.end_streams().await;
    assert!(connections.none_has_ended());
}

/// The named value loses the partner's thumbprint and gets it back.
async fn leaves_the_named_value(document: &str) {
    let origin = Origin::http();
    let gateway = TestGateway::builder().workers(WORKERS).start().await;
    let path = "namedValues/allowed";
    let holding = |issued: &Issued| {
        let thumbprint = issued.thumbprint().expect("a thumbprint");
        named_value("allowed", &thumbprint)
    };
    gateway.put(path, &holding(&gateway.pki.partner_a)).await;
    gateway.put_api("orders", &origin.url(), document).await;
    let mut connections = open(&gateway).await;

    for _ in 0..3 {
        let gone = connections
            .during(gateway.put(path, &holding(&gateway.pki.partner_b)))
            .await;
        let seen = connections.next_requests().await;
        assert_answered(&seen, 403, gone.revision(), Sessions::Resumed);
        connections.streams_go_on().await;

        let back = connections
            .during(gateway.put(path, &holding(&gateway.pki.partner_a)))
            .await;
        let seen = connections.next_requests().await;
        assert_answered(&seen, 200, back.revision(), Sessions::Resumed);
    }
    connections.end_streams().await;
    assert!(connections.none_has_ended());
}

#[tokio::test]
async fn a_changed_named_value_is_judged_by_on_the_next_request_of_every_kind_on_every_worker() {
    leaves_the_named_value(BY_NAMED_VALUE).await;
}

#[tokio::test]
async fn a_changed_named_value_inside_code_is_judged_by_on_the_next_request_too() {
    leaves_the_named_value(BY_NAMED_VALUE_IN_CODE).await;
}
