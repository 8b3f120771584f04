//! What is seen from outside: metrics, access records, audit records, traces.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod changes;
mod metrics;
mod overdue;
mod requests;
mod scrape;

use std::time::Duration;

use gateway_e2e::{TestGateway, identity, properties};
use gateway_testkit::Origin;
use serde_json::json;

pub(crate) const OPEN: &str = "<policies><inbound><base /></inbound></policies>";
pub(crate) const LISTED: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;
pub(crate) const SOON: Duration = Duration::from_secs(15);

pub(crate) async fn gateway(origin: &Origin, configuration: &str) -> TestGateway {
    let gateway = TestGateway::builder()
        .configuration(configuration)
        .start()
        .await;
    let empty = properties(&json!({ "identities": [] }));
    gateway.put("identityLists/partners", &empty).await;
    let path = "identityLists/partners/identities/a";
    gateway.put(path, &identity(&gateway.pki.partner_a)).await;
    gateway.put_api("orders", &origin.url(), LISTED).await;
    gateway.put_api("open", &origin.url(), OPEN).await;
    gateway
}
