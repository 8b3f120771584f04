use super::*;
use crate::change::KeyName;
use crate::resource::secrets;
use crate::resource::subscription::{Subscription, SubscriptionScope, SubscriptionState};

const AT: &str = "subscriptions/s1";

fn sent() -> Value {
    json!({ "scope": "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/a/apis",
            "displayName": "S1", "primaryKey": "k".repeat(32), "state": "active" })
}

fn subscription(body: &Body) -> &Subscription {
    let Body::Subscription(subscription) = body else {
        panic!()
    };
    subscription
}

#[test]
fn keys_are_made_if_absent_and_never_shown() {
    let body = accepted(put(AT, sent()));
    let keys = secrets(&body).unwrap();
    assert_eq!(keys["primaryKey"], "k".repeat(32));
    assert_eq!(keys["secondaryKey"].as_str().unwrap().len(), 32);
    let debug = format!("{body:?}");
    let shown = shown(AT, body);
    assert_eq!(shown["createdDate"], "2026-11-22T20:00:00Z");
    assert_eq!(shown["state"], "active");
    assert!(!shown.to_string().contains(&"k".repeat(32)) && !debug.contains(&"k".repeat(32)));
}

#[test]
fn a_put_without_keys_and_a_patch_keep_them() {
    let old = accepted(put(AT, sent()));
    let keys = secrets(&old).unwrap();
    let read = shown(AT, accepted(put(AT, sent())));
    assert_eq!(
        secrets(&accepted(put_over(AT, Some(&old), read))).unwrap(),
        keys
    );
    let suspended = accepted(patch(AT, &old, json!({ "state": "suspended" })));
    assert_eq!(subscription(&suspended).state, SubscriptionState::Suspended);
    assert_eq!(secrets(&suspended).unwrap(), keys);
}

#[test]
fn a_new_key_replaces_one_and_leaves_the_other() {
    let old = accepted(put(AT, sent()));
    let old = subscription(&old);
    let new = old.with_new_key(KeyName::Primary).unwrap();
    assert_ne!(new.primary_key, old.primary_key);
    assert_eq!(new.secondary_key, old.secondary_key);
    let new = old.with_new_key(KeyName::Secondary).unwrap();
    assert_ne!(new.secondary_key, old.secondary_key);
}

#[test]
fn the_state_is_submitted_unless_said_otherwise() {
    let body = accepted(put(AT, json!({ "scope": "/apis", "displayName": "S" })));
    assert_eq!(subscription(&body).state, SubscriptionState::Submitted);
}

#[test]
fn scopes_are_all_apis_one_or_those_of_a_product() {
    let scope = |scope: &str| put(AT, json!({ "scope": scope, "displayName": "S" }));
    assert_eq!(
        subscription(&accepted(scope("/apis"))).scope,
        SubscriptionScope::AllApis
    );
    assert_eq!(
        subscription(&accepted(scope("/apis/orders"))).scope,
        SubscriptionScope::Api("orders".into())
    );
    assert_eq!(
        subscription(&accepted(scope("/products/gold"))).scope,
        SubscriptionScope::Product("gold".into())
    );
    refused_at(scope("/nothing"), "scope", "/apis");
}

#[test]
fn bad_keys_states_and_dates_are_refused() {
    let with = |name: &str, value: Value| {
        put(
            AT,
            json!({ "scope": "/apis", "displayName": "S", name: value }),
        )
    };
    refused_at(
        with("primaryKey", json!("a b")),
        "primaryKey",
        "visible ASCII",
    );
    refused_at(
        with("primaryKey", json!("k".repeat(257))),
        "primaryKey",
        "257",
    );
    refused_at(with("state", json!("Active!")), "state", "must be one of");
    refused_at(
        with("expirationDate", json!("tomorrow")),
        "expirationDate",
        "date",
    );
    let same =
        json!({ "scope": "/apis", "displayName": "S", "primaryKey": "k", "secondaryKey": "k" });
    refused_at(put(AT, same), "secondaryKey", "differ");
    let expiring = accepted(with("expirationDate", json!("2027-01-01T00:00:00Z")));
    assert_eq!(subscription(&expiring).expiration, Some(1_798_761_600));
}
