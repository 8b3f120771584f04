//! What `emit-metric` adds is in the gateway's own metrics.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use gateway_e2e::{TestGateway, health};
use gateway_testkit::{Origin, eventually};

const POLICY: &str = "<policies><inbound><emit-metric name=\"orders\" value=\"@(2 + 1)\" namespace=\"shop\">\
    <dimension name=\"API ID\" /><dimension name=\"Kind\" value=\"@(context.Request.Method)\" /></emit-metric>\
    </inbound></policies>";

fn metrics(gateway: &TestGateway) -> String {
    health(gateway.health_address, "/metrics").1
}

#[tokio::test]
async fn what_a_policy_emits_is_added_up_in_the_metrics_by_its_dimensions() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    let client = gateway.client().build().unwrap();
    for _ in 0..2 {
        assert_eq!(client.get("/orders/1").await.unwrap().status, 200);
    }
    let sum = eventually(Duration::from_secs(10), "both are counted", || async {
        let text = metrics(&gateway);
        text.lines()
            .find(|line| line.starts_with("countersign_policy_metric_sum") && line.ends_with(" 6"))
            .map(str::to_owned)
    })
    .await;
    for part in [
        "namespace=\"shop\"",
        "metric=\"orders\"",
        "orders",
        "\"GET\"",
    ] {
        assert!(sum.contains(part), "{sum}");
    }
}
