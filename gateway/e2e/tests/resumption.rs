//! Resumption of the whole gateway: a ticket is worth what its host, mode and trust are now; what
//! policies judge does not cost a ticket.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{TestGateway, identity, named_value, properties};
use gateway_testkit::{Client, Issued, Origin, Session, TlsVersion};
use serde_json::{Value, json};

const LISTED: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;
const VERSIONS: [TlsVersion; 2] = [TlsVersion::Tls12, TlsVersion::Tls13];

async fn gateway(origin: &Origin) -> TestGateway {
    let gateway = TestGateway::start().await;
    let other = gateway.pki.server_for(&["other.test"]);
    let hosts = [
        gateway.host("localhost", &gateway.pki.server, true, true),
        gateway.host("other.test", &other, true, false),
    ];
    patch(&gateway, json!({ "hostnameConfigurations": hosts })).await;
    list(&gateway, &[&gateway.pki.partner_a]).await;
    gateway.put_api("orders", &origin.url(), LISTED).await;
    gateway
}

async fn patch(gateway: &TestGateway, service: Value) {
    gateway.patch("", &properties(&service)).await;
}

async fn list(gateway: &TestGateway, issued: &[&Issued]) {
    let members: Vec<Value> = issued
        .iter()
        .enumerate()
        .map(|(number, issued)| {
            let mut member = identity(issued)["properties"].clone();
            member["name"] = json!(format!("m{number}"));
            member
        })
        .collect();
    let body = properties(&json!({ "identities": members }));
    gateway.put("identityLists/partners", &body).await;
}

fn client(gateway: &TestGateway, version: TlsVersion, name: &str) -> Client {
    let client = gateway.client().name(name).tls(version);
    client.identity(&gateway.pki.partner_a).build().unwrap()
}

/// A session of partner-a, after a request that was let through.
async fn session(client: &Client) -> Session {
    let connection = client.connect().await.unwrap();
    assert!(!connection.reused());
    assert_eq!(connection.get("/orders/1").await.unwrap().status, 200);
    connection.session().expect("a ticket")
}

/// Whether the session was resumed, and what its first request is answered.
async fn resume(client: &Client, session: &Session) -> (bool, u16) {
    let connection = client
        .resume(session)
        .await
        .expect("the handshake does not fail");
    let status = connection.get("/orders/1").await.unwrap().status.as_u16();
    (connection.reused(), status)
}

#[tokio::test]
async fn rotations_that_policies_judge_leave_tickets_valid_and_bite_on_the_resumed_session() {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    for version in VERSIONS {
        let client = client(&gateway, version, "localhost");
        let session = session(&client).await;
        assert_eq!(resume(&client, &session).await, (true, 200), "{version:?}");
        list(&gateway, &[&gateway.pki.partner_b]).await;
        assert_eq!(
            resume(&client, &session).await,
            (true, 403),
            "{version:?}: the list"
        );
        list(&gateway, &[&gateway.pki.partner_b, &gateway.pki.partner_a]).await;
        assert_eq!(
            resume(&client, &session).await,
            (true, 200),
            "{version:?}: the list again"
        );
        gateway
            .put("namedValues/x", &named_value("x", &format!("{version:?}")))
            .await;
        let document = LISTED.replace("403", "401");
        gateway.put_api("more", &origin.url(), &document).await;
        assert_eq!(
            resume(&client, &session).await,
            (true, 200),
            "{version:?}: everything else"
        );
        gateway.delete("apis/more").await;
        list(&gateway, &[&gateway.pki.partner_a]).await;
    }
}

#[tokio::test]
async fn a_change_of_the_authorities_declines_tickets_and_fails_no_handshake() {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let ca = json!({ "storeName": "Root", "encodedCertificate": gateway.ca_base64() });
    let stranger = gateway.pki.stranger_ca.certificate().to_der().unwrap();
    let stranger = json!({ "storeName": "Root", "encodedCertificate": STANDARD.encode(stranger) });
    for version in VERSIONS {
        let client = client(&gateway, version, "localhost");
        let old = session(&client).await;
        patch(&gateway, json!({ "certificates": [ca, stranger] })).await;
        assert_eq!(
            resume(&client, &old).await,
            (false, 200),
            "{version:?}: one more CA"
        );
        let newer = session(&client).await;
        assert_eq!(resume(&client, &newer).await, (true, 200), "{version:?}");
        // The partner's own authority leaves: the handshake still works, the request is refused.
        patch(&gateway, json!({ "certificates": [stranger] })).await;
        assert_eq!(
            resume(&client, &newer).await,
            (false, 403),
            "{version:?}: its CA has left"
        );
        patch(&gateway, json!({ "certificates": [ca] })).await;
        // The same authorities as at first, so the first tickets are good again.
        assert_eq!(
            resume(&client, &old).await,
            (true, 200),
            "{version:?}: as at first"
        );
    }
}

#[tokio::test]
async fn a_revocation_list_declines_tickets_and_bites() {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let mut number = 10;
    for version in VERSIONS {
        let client = client(&gateway, version, "localhost");
        let old = session(&client).await;
        let mut put = async |revoked: &[&Issued]| {
            number += 1;
            let crl = gateway.pki.crl_revoking(revoked, number);
            let body = properties(&json!({ "encodedCrl": STANDARD.encode(crl.der()) }));
            gateway.put("crls/ca", &body).await;
        };
        put(&[&gateway.pki.partner_a]).await;
        assert_eq!(resume(&client, &old).await, (false, 403), "{version:?}");
        put(&[&gateway.pki.revoked]).await;
        assert_eq!(resume(&client, &old).await, (false, 200), "{version:?}");
    }
}

#[tokio::test]
async fn a_ticket_of_another_host_or_another_mode_is_declined_and_the_handshake_does_not_fail() {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let mode = async |mode: &str| {
        let name = "Countersign.Host.localhost.ClientCertificate";
        patch(&gateway, json!({ "customProperties": { name: mode } })).await;
    };
    for version in VERSIONS {
        let here = client(&gateway, version, "localhost");
        let there = client(&gateway, version, "other.test");
        let of_here = session(&here).await;
        let of_there = session(&there).await;
        assert_eq!(resume(&there, &of_here).await, (false, 200), "{version:?}");
        assert_eq!(resume(&here, &of_there).await, (false, 200), "{version:?}");

        mode("required").await;
        assert_eq!(
            resume(&here, &of_here).await,
            (false, 200),
            "{version:?}: required"
        );
        let of_required = session(&here).await;
        assert_eq!(
            resume(&here, &of_required).await,
            (true, 200),
            "{version:?}"
        );
        assert_eq!(
            resume(&there, &of_there).await,
            (true, 200),
            "{version:?}: not its mode"
        );
        mode("none").await;
        // Nobody is asked, so nobody is known: an old ticket brings no identity along.
        assert_eq!(
            resume(&here, &of_required).await,
            (false, 403),
            "{version:?}: none"
        );
        assert_eq!(
            resume(&here, &of_here).await,
            (false, 403),
            "{version:?}: none"
        );
        mode("optional").await;
        assert_eq!(
            resume(&here, &of_here).await,
            (true, 200),
            "{version:?}: as at first"
        );
    }
}

#[tokio::test]
async fn a_renewed_server_certificate_and_a_restart_are_met_without_a_failure() {
    let origin = Origin::http();
    let mut gateway = gateway(&origin).await;
    for version in VERSIONS {
        let client = client(&gateway, version, "localhost");
        let old = session(&client).await;
        let renewed = gateway.pki.server_for(&["localhost"]);
        let host = gateway.host("localhost", &renewed, true, true);
        patch(&gateway, json!({ "hostnameConfigurations": [host] })).await;
        let (_, status) = resume(&client, &old).await;
        assert_eq!(status, 200, "{version:?}");
        let fresh = client.connect().await.unwrap();
        let shown = fresh.tls().server.as_ref().unwrap().to_der().unwrap();
        assert_eq!(shown, renewed.certificate_der());
    }
    for version in VERSIONS {
        let before = session(&client(&gateway, version, "localhost")).await;
        gateway = gateway.restart();
        let after = client(&gateway, version, "localhost");
        let outcome = resume(&after, &before).await;
        assert_eq!(
            outcome,
            (false, 200),
            "{version:?}: ticket keys are of one process"
        );
    }
}
