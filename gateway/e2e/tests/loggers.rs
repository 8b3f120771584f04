//! Messages of `log-to-eventhub`, from the policy to the file or the receiver.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gateway_e2e::TestGateway;
use gateway_testkit::{Answer, Origin, eventually};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

const DOCUMENT: &str = "<policies><inbound><log-to-eventhub logger-id=\"Events\" partition-key=\"@(context.Request.Method)\">@(\"path \" + context.Request.Url.Path)</log-to-eventhub><return-response/></inbound></policies>";

async fn put_logger(gateway: &TestGateway, credentials: Value) {
    let body =
        json!({ "properties": { "loggerType": "azureEventHub", "credentials": credentials } });
    gateway.put("loggers/events", &body).await;
}

async fn call(gateway: &TestGateway, path: &str) {
    let answer = gateway.client().build().unwrap().get(path).await.unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_message_arrives_in_the_file_with_its_partition() {
    let gateway = TestGateway::builder().start().await;
    put_logger(
        &gateway,
        json!({ "destination": "file", "path": "events.jsonl" }),
    )
    .await;
    gateway.put_api("a", "http://127.0.0.1:9", DOCUMENT).await;
    call(&gateway, "/a/x").await;
    let read = || std::fs::read_to_string(gateway.file("loggers/events.jsonl")).unwrap_or_default();
    eventually(SOON, "the message", async || {
        (!read().is_empty()).then_some(())
    })
    .await;
    let line: Value = serde_json::from_str(read().trim()).unwrap();
    assert_eq!(line["message"], "path /x");
    assert_eq!(line["partitionKey"], "GET");
    assert_eq!(line["logger"], "events");
}

#[tokio::test]
async fn a_receiver_that_fails_once_gets_the_message_all_the_same() {
    let tries = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tries);
    let origin = Origin::builder()
        .answering_whole(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::status(503),
            _ => Answer::status(202),
        })
        .start();
    let gateway = TestGateway::builder().start().await;
    let url = format!("{}/in?code=secret", origin.url());
    put_logger(&gateway, json!({ "destination": "http", "url": url })).await;
    gateway.put_api("a", "http://127.0.0.1:9", DOCUMENT).await;
    call(&gateway, "/a/y").await;
    eventually(SOON, "the second try", async || {
        (tries.load(Ordering::SeqCst) == 2).then_some(())
    })
    .await;
    let seen = origin.last().unwrap();
    assert_eq!(
        (seen.head.method.as_str(), seen.head.path.as_str()),
        ("POST", "/in?code=secret")
    );
    assert_eq!(seen.head.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_slice(&seen.body_start).unwrap();
    assert_eq!(body[0]["message"], "path /y");
    assert_eq!(body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_policy_that_names_a_logger_which_does_not_deliver_is_refused_and_says_why() {
    let gateway = TestGateway::builder().start().await;
    let hub = json!({ "name": "hub", "connectionString": "Endpoint=sb://x/;SharedAccessKey=k" });
    put_logger(&gateway, hub.clone()).await;
    gateway
        .put_api("a", "http://127.0.0.1:9", "<policies><inbound/></policies>")
        .await;
    let policy = json!({ "properties": { "format": "rawxml", "value": DOCUMENT } });
    let at = "/apim/apis/a/policies/policy";
    let refused = gateway.admin().put(at, &policy).await.unwrap();
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("not spoken here"), "{}", refused.text);
    // Nor may a logger that is named cease to deliver.
    put_logger(
        &gateway,
        json!({ "destination": "file", "path": "events.jsonl" }),
    )
    .await;
    gateway.put("apis/a/policies/policy", &policy).await;
    let body = json!({ "properties": { "loggerType": "azureEventHub", "credentials": hub } });
    let ceasing = gateway
        .admin()
        .put("/apim/loggers/events", &body)
        .await
        .unwrap();
    assert_eq!(ceasing.status, 400, "{}", ceasing.text);
}
