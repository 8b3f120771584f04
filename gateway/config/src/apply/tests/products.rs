//! Products: their APIs, policies and subscriptions.

use super::*;
use crate::subscriptions::{Admission, SubscriptionFailure};

fn product(required: bool) -> Value {
    json!({ "displayName": "P", "state": "published", "subscriptionRequired": required })
}

fn link(path: &str) -> Edit {
    edit(path, Action::Put(json!({})), IfMatch::Any)
}

fn subscription(scope: &str, key: &str) -> Value {
    json!({ "scope": scope, "displayName": "S", "primaryKey": key, "state": "active" })
}

fn api(path: &str) -> Value {
    json!({ "displayName": path, "path": path, "protocols": ["https"] })
}

fn with_gold(required: bool) -> Bench {
    let mut bench = Bench::new();
    bench
        .apply(vec![
            put("apis/a", api("a")),
            put("apis/b", api("b")),
            put("products/gold", product(required)),
            link("products/gold/apis/a"),
            put(
                "subscriptions/gold",
                subscription("/products/gold", "gold-key"),
            ),
            put("subscriptions/a", subscription("/apis/a", "a-key")),
        ])
        .unwrap();
    bench
}

fn judge(bench: &Bench, api: &str, key: Option<&str>) -> Result<Admission, SubscriptionFailure> {
    let snapshot = bench.writer.published().load();
    let api = snapshot.routes.get(api).unwrap();
    snapshot.subscriptions.judge(api, key, 1_795_377_600)
}

fn product_of(outcome: Result<Admission, SubscriptionFailure>) -> Option<String> {
    let admission = outcome.unwrap();
    admission.product.map(|product| product.id.to_string())
}

#[test]
fn a_products_key_opens_its_apis_and_makes_the_request_one_of_the_product() {
    let mut bench = with_gold(true);
    assert_eq!(
        product_of(judge(&bench, "a", Some("gold-key"))).as_deref(),
        Some("gold")
    );
    assert_eq!(product_of(judge(&bench, "a", Some("a-key"))), None);
    assert_eq!(
        judge(&bench, "b", Some("gold-key")).unwrap_err(),
        SubscriptionFailure::Invalid
    );
    assert_eq!(
        judge(&bench, "a", None).unwrap_err(),
        SubscriptionFailure::NotFound
    );
    // The API leaves the product.
    bench
        .apply(vec![edit(
            "products/gold/apis/a",
            Action::Delete,
            IfMatch::Any,
        )])
        .unwrap();
    assert_eq!(
        judge(&bench, "a", Some("gold-key")).unwrap_err(),
        SubscriptionFailure::Invalid
    );
}

#[test]
fn an_open_product_takes_requests_without_a_key_once_it_is_published() {
    let mut bench = with_gold(false);
    let admission = judge(&bench, "a", None).unwrap();
    assert!(admission.subscription.is_none());
    assert_eq!(product_of(Ok(admission)).as_deref(), Some("gold"));
    assert_eq!(product_of(judge(&bench, "a", Some("a-key"))), None);
    assert_eq!(
        judge(&bench, "b", None).unwrap_err(),
        SubscriptionFailure::NotFound
    );
    let hidden = json!({ "displayName": "P", "subscriptionRequired": false });
    bench.put("products/gold", hidden).unwrap();
    assert_eq!(
        judge(&bench, "a", None).unwrap_err(),
        SubscriptionFailure::NotFound
    );
}

#[test]
fn an_api_is_in_at_most_one_open_product() {
    let mut bench = with_gold(false);
    bench.put("products/silver", product(false)).unwrap();
    let error = bench
        .apply(vec![link("products/silver/apis/a")])
        .unwrap_err();
    let ApplyError::Invalid { path, problems } = error else {
        panic!("{error}")
    };
    assert_eq!(path.to_string(), "products/silver/apis/a");
    assert!(problems[0].message.contains("gold, silver"), "{problems:?}");
    bench.apply(vec![link("products/silver/apis/b")]).unwrap();
}

#[test]
fn a_link_to_what_is_not_there_is_not_found() {
    let mut bench = with_gold(true);
    for (at, missing) in [
        ("products/gold/apis/none", "apis/none"),
        ("products/none/apis/a", "products/none"),
        ("products/none/policies/policy", "products/none"),
    ] {
        let body = json!({ "properties": { "value": "<policies />" } });
        let change = edit(at, Action::Put(body), IfMatch::Any);
        let error = bench.apply(vec![change]).unwrap_err();
        assert!(
            matches!(&error, ApplyError::NotFound(path) if path.to_string() == missing),
            "{error}"
        );
    }
    let error = bench
        .put("subscriptions/x", subscription("/products/none", "x-key"))
        .unwrap_err();
    assert!(matches!(error, ApplyError::Invalid { .. }), "{error}");
}

#[test]
fn a_product_with_subscriptions_is_in_use_and_takes_links_and_policies_with_it() {
    let mut bench = with_gold(true);
    let document = json!({ "value": "<policies><inbound><base /></inbound></policies>" });
    bench
        .put("products/gold/policies/policy", document)
        .unwrap();
    let delete = |path| edit(path, Action::Delete, IfMatch::Any);
    let error = bench.apply(vec![delete("products/gold")]).unwrap_err();
    assert!(matches!(error, ApplyError::InUse { .. }), "{error}");
    bench
        .apply(vec![delete("products/gold"), delete("subscriptions/gold")])
        .unwrap();
    let left = |path: &str| {
        let path = ResourcePath::parse(path).unwrap();
        bench.writer.shared_resources().load().get(&path).is_some()
    };
    assert!(!left("products/gold/apis/a") && !left("products/gold/policies/policy"));
    assert!(left("apis/a"));
}

#[test]
fn an_api_that_is_deleted_leaves_its_products() {
    let mut bench = with_gold(true);
    let delete = |path| edit(path, Action::Delete, IfMatch::Any);
    bench
        .apply(vec![delete("subscriptions/a"), delete("apis/a")])
        .unwrap();
    let link = ResourcePath::parse("products/gold/apis/a").unwrap();
    assert!(bench.writer.shared_resources().load().get(&link).is_none());
    bench.put("apis/a", api("a")).unwrap();
    assert_eq!(
        judge(&bench, "a", Some("gold-key")).unwrap_err(),
        SubscriptionFailure::Invalid
    );
}
