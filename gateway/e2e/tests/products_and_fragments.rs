//! What products and policy fragments do to requests.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests fail by panicking")]

use gateway_e2e::{TestGateway, api, operation, policy, properties};
use gateway_testkit::{Answer, Connection, Origin, Response};
use serde_json::json;

fn mark(scope: &str) -> String {
    format!(r#"<set-header name="x-in" exists-action="append"><value>{scope}</value></set-header>"#)
}

async fn with_key(connection: &Connection, key: &str) -> Response {
    let request = http::Request::get("/a/x")
        .header("Ocp-Apim-Subscription-Key", key)
        .body(gateway_testkit::empty())
        .unwrap();
    connection.send(request).await.unwrap()
}

#[tokio::test]
async fn a_products_policy_runs_with_its_own_key_and_not_with_an_apis() {
    let origin = Origin::builder().answering(|_| Answer::ok()).start();
    let gateway = TestGateway::start().await;
    let mut body = api("a", &origin.url());
    body["properties"]["subscriptionRequired"] = json!(true);
    gateway.put("apis/a", &body).await;
    gateway.put("apis/a/operations/any", &operation()).await;
    let product = properties(&json!({ "displayName": "Gold", "state": "published" }));
    gateway.put("products/gold", &product).await;
    gateway.put("products/gold/apis/a", &json!({})).await;
    let own = format!(
        "{}{}",
        mark("product"),
        r#"<set-header name="x-product"><value>@(context.Product.Name)</value></set-header>"#
    );
    for (path, inner) in [
        ("policies/policy", mark("global")),
        ("products/gold/policies/policy", own),
        ("apis/a/policies/policy", mark("api")),
        ("apis/a/operations/any/policies/policy", mark("operation")),
    ] {
        let document = format!("<policies><inbound><base />{inner}</inbound></policies>");
        gateway.put(path, &policy(&document)).await;
    }
    for (name, scope) in [
        ("gold", "/products/gold"),
        ("a", "/apis/a"),
        ("all", "/apis"),
    ] {
        let subscription = properties(&json!({
            "displayName": "S", "scope": scope, "primaryKey": format!("key-of-{name}"), "state": "active"
        }));
        gateway
            .put(&format!("subscriptions/{name}"), &subscription)
            .await;
    }
    let connection = gateway.client().build().unwrap().connect().await.unwrap();
    let through = ["global", "product", "api", "operation"];
    let around = ["global", "api", "operation"];
    for (key, scopes, named) in [
        ("key-of-gold", &through[..], Some("Gold")),
        ("key-of-a", &around[..], None),
        ("key-of-all", &around[..], None),
        ("key-of-gold", &through[..], Some("Gold")),
    ] {
        assert_eq!(with_key(&connection, key).await.status, 200, "{key}");
        let seen = origin.last().unwrap();
        let ran: Vec<&str> = seen
            .head
            .header("x-in")
            .unwrap()
            .split(',')
            .map(str::trim)
            .collect();
        assert_eq!(ran, scopes, "{key}");
        assert_eq!(seen.head.header("x-product"), named, "{key}");
    }

    // The key of a product that the API has left opens nothing.
    gateway.delete("products/gold/apis/a").await;
    assert_eq!(with_key(&connection, "key-of-gold").await.status, 401);
    assert_eq!(with_key(&connection, "key-of-a").await.status, 200);
}

#[tokio::test]
async fn an_open_product_lets_requests_without_a_key_in_under_its_own_policy() {
    let origin = Origin::builder().answering(|_| Answer::ok()).start();
    let gateway = TestGateway::start().await;
    let mut body = api("a", &origin.url());
    body["properties"]["subscriptionRequired"] = json!(true);
    gateway.put("apis/a", &body).await;
    gateway.put("apis/a/operations/any", &operation()).await;
    let connection = gateway.client().build().unwrap().connect().await.unwrap();
    assert_eq!(connection.get("/a/x").await.unwrap().status, 401);
    let product = properties(
        &json!({ "displayName": "Open", "state": "published", "subscriptionRequired": false }),
    );
    gateway.put("products/open", &product).await;
    gateway.put("products/open/apis/a", &json!({})).await;
    let document = format!(
        "<policies><inbound>{}</inbound></policies>",
        mark("product")
    );
    gateway
        .put("products/open/policies/policy", &policy(&document))
        .await;
    assert_eq!(connection.get("/a/x").await.unwrap().status, 200);
    let seen = origin.last().unwrap();
    assert_eq!(seen.head.header("x-in"), Some("product"));
    gateway.delete("products/open").await;
    assert_eq!(connection.get("/a/x").await.unwrap().status, 401);
}

#[tokio::test]
async fn a_changed_fragment_decides_the_next_request_of_an_open_connection() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    let fragment = |inner: &str| {
        properties(&json!({ "format": "rawxml", "value": format!("<fragment>{inner}</fragment>") }))
    };
    let closed = r#"<return-response><set-status code="403" /></return-response>"#;
    gateway.put("policyFragments/gate", &fragment("")).await;
    gateway
        .put_api(
            "a",
            &origin.url(),
            r#"<policies><inbound><base /><include-fragment fragment-id="gate" /></inbound></policies>"#,
        )
        .await;
    let connection = gateway.client().build().unwrap().connect().await.unwrap();
    for _ in 0..3 {
        gateway.put("policyFragments/gate", &fragment(closed)).await;
        assert_eq!(connection.get("/a/x").await.unwrap().status, 403);
        gateway.put("policyFragments/gate", &fragment("")).await;
        assert_eq!(connection.get("/a/x").await.unwrap().status, 200);
    }
    assert!(!connection.is_closed());
}
