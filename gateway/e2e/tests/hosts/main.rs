//! Host names: each with its certificate and its mode, from the newest snapshot, nothing rebound.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod names;
mod rotation;

use std::pin::Pin;
use std::time::Duration;

use gateway_e2e::TestGateway;
use gateway_testkit::{ClientBuilder, Connection, Origin, empty};
use http::Request;
use serde_json::{Value, json};

pub(crate) const OPEN: &str = "<policies><inbound><base /></inbound></policies>";

/// Answers with what the policy makes of the client's certificate.
pub(crate) const WHO: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403" validate-revocation="false"><identities><identity-list id="anybody" /></identities></validate-client-certificate></inbound></policies>"#;

pub(crate) const SOON: Duration = Duration::from_secs(15);

/// Boxed: a builder holds a whole PKI, and would lie in the future of every test.
pub(crate) fn gateway<'o>(
    builder: gateway_e2e::Builder,
    origin: &'o Origin,
) -> Pin<Box<dyn Future<Output = TestGateway> + 'o>> {
    Box::pin(async move {
        let gateway = builder.start().await;
        gateway.put_api("open", &origin.url(), OPEN).await;
        let list = json!({ "properties": { "identities": [] } });
        gateway.put("identityLists/anybody", &list).await;
        let member = gateway_e2e::identity(&gateway.pki.partner_a);
        gateway
            .put("identityLists/anybody/identities/a", &member)
            .await;
        gateway.put_api("who", &origin.url(), WHO).await;
        gateway
    })
}

pub(crate) async fn patch_hosts(gateway: &TestGateway, hosts: Vec<Value>) {
    let body = json!({ "properties": { "hostnameConfigurations": hosts } });
    gateway.patch("", &body).await;
}

pub(crate) fn named(gateway: &TestGateway, name: &str) -> ClientBuilder {
    gateway.client().name(name)
}

pub(crate) fn shown(connection: &Connection) -> Vec<u8> {
    connection.tls().server.as_ref().unwrap().to_der().unwrap()
}

pub(crate) async fn status(connection: &Connection, path: &str) -> u16 {
    connection.get(path).await.unwrap().status.as_u16()
}

/// Asks for `path` of `host` over a connection that may be another host's.
pub(crate) async fn status_of(connection: &Connection, host: &str, path: &str) -> u16 {
    let request = Request::get(path)
        .header("host", host)
        .body(empty())
        .unwrap();
    connection.send(request).await.unwrap().status.as_u16()
}
