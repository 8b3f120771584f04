//! Fragments, products, loggers and caches.

use super::*;

const FRAGMENT: &str = "policyFragments/f";

#[test]
fn a_fragment_is_kept_byte_for_byte_with_its_format_and_description() {
    let text = "<fragment>\r\n\t@(a && \"b\")</fragment>";
    let sent = json!({ "value": text, "format": "rawxml", "description": "d" });
    let shown = shown(FRAGMENT, accepted(put(FRAGMENT, sent)));
    assert_eq!(
        shown,
        json!({ "value": text, "description": "d", "format": "rawxml", "provisioningState": "Succeeded" })
    );
}

#[test]
fn fragments_are_named_by_words_and_cannot_be_patched() {
    let sent = json!({ "value": "<fragment />" });
    for bad in ["-a", "a-", "a.b", "a b"] {
        refused_at(
            put(&format!("policyFragments/{bad}"), sent.clone()),
            "name",
            "letters, digits",
        );
    }
    let body = accepted(put("policyFragments/a_b-c", sent));
    refused_at(patch(FRAGMENT, &body, json!({})), "", "PUT it whole");
    refused_at(put(FRAGMENT, json!({})), "value", "required");
}

#[test]
fn a_product_demands_a_subscription_and_is_not_published_unless_said_otherwise() {
    let body = accepted(put("products/p", json!({ "displayName": "P" })));
    let shown = shown("products/p", body);
    assert_eq!(shown["subscriptionRequired"], true);
    assert_eq!(shown["state"], "notPublished");
}

#[test]
fn what_a_product_cannot_mean_is_refused() {
    let with = |name: &str, value: Value| {
        put(
            "products/p",
            json!({ "displayName": "P", "subscriptionRequired": false, name: value }),
        )
    };
    refused_at(with("state", json!("open")), "state", "published");
    refused_at(
        with("approvalRequired", json!(true)),
        "approvalRequired",
        "subscriptionRequired",
    );
    refused_at(
        with("subscriptionsLimit", json!(3)),
        "subscriptionsLimit",
        "subscriptionRequired",
    );
    refused_at(with("sate", json!("x")), "sate", "`state`");
    refused_at(put("products/p", json!({})), "displayName", "required");
    let negative = json!({ "displayName": "P", "subscriptionsLimit": -1 });
    refused_at(put("products/p", negative), "subscriptionsLimit", "0 to");
}

#[test]
fn an_open_product_is_warned_about() {
    let open = json!({ "displayName": "P", "subscriptionRequired": false, "state": "published" });
    assert_eq!(codes(put("products/p", open)), ["OpenProduct"]);
}

#[test]
fn a_loggers_credentials_are_never_shown_and_stay_when_it_is_put_as_read() {
    let at = "loggers/l";
    let secret = "Endpoint=sb://a/;SharedAccessKey=abc";
    let sent = json!({ "loggerType": "azureEventHub",
        "credentials": { "name": "hub", "connectionString": secret } });
    let body = accepted(put(at, sent));
    assert!(!format!("{body:?}").contains("abc"));
    let stored = super::super::to_stored(&body);
    assert!(String::from_utf8(stored.clone()).unwrap().contains("abc"));
    let read = shown(
        at,
        accepted(put_over(at, Some(&body), shown_of(at, &stored))),
    );
    assert_eq!(read["credentials"], json!({ "name": "hub" }));
    let again = accepted(put_over(at, Some(&body), read));
    assert_eq!(super::super::to_stored(&again), stored);
    let described = accepted(patch(at, &body, json!({ "description": "d" })));
    let stored = String::from_utf8(super::super::to_stored(&described)).unwrap();
    assert!(stored.contains("abc"));
}

fn shown_of(at: &str, stored: &[u8]) -> Value {
    let body = super::super::from_stored(path(at).kind(), stored).unwrap();
    shown(at, body)
}

#[test]
fn a_logger_of_our_own_names_a_file_or_a_receiver_whose_url_is_never_shown() {
    let at = "loggers/l";
    let logger =
        |credentials: Value| json!({ "loggerType": "azureEventHub", "credentials": credentials });
    let file = json!({ "destination": "file", "path": "events.jsonl" });
    assert!(codes(put(at, logger(file.clone()))).is_empty());
    let http = json!({ "destination": "http", "url": "https://example.com/in?code=abc" });
    let body = accepted(put(at, logger(http)));
    assert!(!format!("{body:?}").contains("abc"));
    // The URL stays with a PUT of what was read, and goes with the destination.
    let shown_again = shown(
        at,
        accepted(put_over(
            at,
            Some(&body),
            logger(json!({ "destination": "http" })),
        )),
    );
    assert_eq!(shown_again["credentials"], json!({ "destination": "http" }));
    accepted(put_over(at, Some(&body), logger(file)));
    for (credentials, target, says) in [
        (
            json!({ "destination": "file" }),
            "credentials.path",
            "name of a file",
        ),
        (
            json!({ "destination": "file", "path": "../x" }),
            "credentials.path",
            "name of a file",
        ),
        (
            json!({ "destination": "file", "path": "/etc/x" }),
            "credentials.path",
            "name of a file",
        ),
        (
            json!({ "destination": "file", "path": ".x" }),
            "credentials.path",
            "name of a file",
        ),
        (
            json!({ "destination": "http" }),
            "credentials.url",
            "absolute",
        ),
        (
            json!({ "destination": "http", "url": "https://u:p@example.com/" }),
            "credentials.url",
            "absolute",
        ),
        (
            json!({ "destination": "ftp" }),
            "credentials.destination",
            "`file` or `http`",
        ),
        (json!({ "path": "x" }), "credentials.path", "`destination`"),
        (
            json!({ "destination": "file", "path": "x", "connectionString": "c" }),
            "credentials.connectionString",
            "another place",
        ),
    ] {
        refused_at(put(at, logger(credentials)), target, says);
    }
}

#[test]
fn a_logger_says_that_nothing_is_delivered() {
    let sent = json!({ "loggerType": "applicationInsights",
        "credentials": { "instrumentationKey": "k" } });
    assert_eq!(codes(put("loggers/l", sent)), ["NoEffect"]);
    refused_at(
        put("loggers/l", json!({ "loggerType": "syslog" })),
        "loggerType",
        "azureEventHub",
    );
    let unknown = json!({ "loggerType": "azureEventHub", "credentials": { "namee": "x" } });
    refused_at(put("loggers/l", unknown), "credentials.namee", "`name`");
}

#[test]
fn a_caches_password_is_never_shown_and_stays_when_it_is_put_as_read() {
    let at = "caches/default";
    let sent =
        json!({ "connectionString": "redis:6380,password=abc", "useFromLocation": "default" });
    let body = accepted(put(at, sent.clone()));
    let stored = super::super::to_stored(&body);
    assert_eq!(codes(put(at, sent)), ["NoEffect"]);
    let read = shown(at, body);
    assert_eq!(read["connectionString"], "redis:6380,***");
    let body = super::super::from_stored(path(at).kind(), &stored).unwrap();
    let again = accepted(put_over(at, Some(&body), read));
    assert_eq!(super::super::to_stored(&again), stored);
}
