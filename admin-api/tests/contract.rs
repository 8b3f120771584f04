//! The contract: status codes, entity tags, secrets, lists.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "each test binary uses a part of the support"
)]

mod support;

use http::header::{HeaderName, IF_MATCH};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use support::{Api, LONG, VERSION};

fn named_value(value: &str) -> Value {
    json!({ "properties": { "displayName": "allowed-thumbprints", "value": value, "tags": ["mtls"] } })
}

const NV: &str = "/apim/namedValues/allowed";

#[tokio::test]
async fn a_resource_lives_through_the_codes_of_the_contract_on_both_paths() {
    let api = Api::start();
    for path in [
        NV.to_owned(),
        format!("{LONG}/namedValues/allowed?{VERSION}"),
    ] {
        let created = api.client.put(&path, &named_value("AA")).await.unwrap();
        assert_eq!(created.status, 201, "{}", created.text);
        assert_eq!(created.json["name"], "allowed");
        assert_eq!(
            created.json["type"],
            "Microsoft.ApiManagement/service/namedValues"
        );
        assert_eq!(created.json["id"], format!("{LONG}/namedValues/allowed"));
        assert_eq!(created.json["properties"]["provisioningState"], "Succeeded");
        let replaced = api.client.put(&path, &named_value("BB")).await.unwrap();
        assert_eq!(replaced.status, 200);
        let merged = api
            .client
            .patch(&path, &json!({ "properties": { "value": "CC" } }))
            .await
            .unwrap();
        assert_eq!(merged.status, 200);
        assert_eq!(
            merged.json["properties"]["displayName"],
            "allowed-thumbprints"
        );
        let read = api.client.get(&path).await.unwrap();
        assert_eq!(
            (read.status, &read.json["properties"]["value"]),
            (StatusCode::OK, &json!("CC"))
        );
        assert_eq!(read.json, merged.json);
        let head = api
            .client
            .request(Method::HEAD, &path, None, &[])
            .await
            .unwrap();
        assert_eq!(
            (head.status, head.etag(), head.text.as_str()),
            (StatusCode::OK, read.etag(), "")
        );
        assert_eq!(api.client.delete(&path).await.unwrap().status, 200);
        assert_eq!(api.client.delete(&path).await.unwrap().status, 204);
        let gone = api.client.get(&path).await.unwrap();
        assert_eq!(
            (gone.status, &gone.json["error"]["code"]),
            (StatusCode::NOT_FOUND, &json!("ResourceNotFound"))
        );
    }
}

#[tokio::test]
async fn entity_tags_guard_changes_and_a_star_may_create() {
    let api = Api::start();
    let star = [(IF_MATCH, "*")];
    let created = api
        .client
        .request(Method::PUT, NV, Some(&named_value("A")), &star)
        .await
        .unwrap();
    assert_eq!(created.status, 201);
    let tag = created.etag().unwrap().to_owned();
    assert_eq!(tag, "\"AAAAAAAAAAE=\"");
    let patch = json!({ "properties": { "value": "B" } });
    let guarded = [(IF_MATCH, tag.as_str())];
    let patched = api
        .client
        .request(Method::PATCH, NV, Some(&patch), &guarded)
        .await
        .unwrap();
    assert_eq!(patched.status, 200);
    assert_ne!(patched.etag(), Some(tag.as_str()));
    let body = named_value("C");
    for (method, body) in [
        (Method::PATCH, Some(&patch)),
        (Method::PUT, Some(&body)),
        (Method::DELETE, None),
    ] {
        let stale = api
            .client
            .request(method, NV, body, &guarded)
            .await
            .unwrap();
        assert_eq!(
            (stale.status, &stale.json["error"]["code"]),
            (
                StatusCode::PRECONDITION_FAILED,
                &json!("PreconditionFailed")
            )
        );
    }
    assert_eq!(
        api.client.get(NV).await.unwrap().json["properties"]["value"],
        "B"
    );
    let none_match = [(HeaderName::from_static("if-none-match"), "*")];
    let refused = api
        .client
        .request(Method::PUT, NV, Some(&body), &none_match)
        .await
        .unwrap();
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn every_reply_says_the_revision_and_names_the_request() {
    let api = Api::start();
    let created = api.client.put(NV, &named_value("A")).await.unwrap();
    assert_eq!(created.revision(), Some(1));
    for path in [NV, "/apim/namedValues", "/apim/nothing", "/"] {
        let reply = api.client.get(path).await.unwrap();
        assert_eq!(reply.revision(), Some(1), "{path}");
        assert_eq!(reply.headers["x-ms-request-id"].len(), 36);
        assert_eq!(reply.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn the_service_can_be_read_from_an_empty_store_and_listed() {
    let api = Api::start();
    let read = api.client.get("/apim").await.unwrap();
    assert_eq!(read.json["name"], "apim");
    assert_eq!(read.json["id"], LONG);
    assert_eq!(read.json["etag"], "AAAAAAAAAAA=");
    assert_eq!(read.json["properties"]["provisioningState"], "Succeeded");
    for scope in ["/subscriptions/0", "/subscriptions/0/resourceGroups/local"] {
        let path = format!("{scope}/providers/Microsoft.ApiManagement/service?{VERSION}");
        let list = api.client.get(&path).await.unwrap();
        assert_eq!(list.json["value"], json!([read.json]), "{path}");
    }
    let patch = json!({ "properties": { "publisherName": "me", "enableClientCertificate": true } });
    let patched = api
        .client
        .request(Method::PATCH, "/apim", Some(&patch), &[])
        .await
        .unwrap();
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(
        patched.json["properties"]["warnings"][0]["code"],
        "NoEffect"
    );
    assert_eq!(api.client.get("/apim").await.unwrap().json, patched.json);
}

#[tokio::test]
async fn secrets_come_only_from_their_post_action() {
    let api = Api::start();
    let body = json!({ "properties": { "displayName": "sec", "value": "s3cret", "secret": true } });
    let created = api
        .client
        .put("/apim/namedValues/sec", &body)
        .await
        .unwrap();
    let read = api.client.get("/apim/namedValues/sec").await.unwrap();
    let listed = api.client.get("/apim/namedValues").await.unwrap();
    for reply in [&created, &read, &listed] {
        assert!(!reply.text.contains("s3cret"), "{}", reply.text);
    }
    let value = api
        .client
        .post("/apim/namedValues/sec/listValue", &json!({}))
        .await
        .unwrap();
    assert_eq!(
        (value.status, &value.json),
        (StatusCode::OK, &json!({ "value": "s3cret" }))
    );
    assert_eq!(value.etag(), read.etag());
    assert_eq!(
        api.client
            .get("/apim/namedValues/sec/listValue")
            .await
            .unwrap()
            .status,
        405
    );
    let filter = "/apim/namedValues?$filter=value%20eq%20's3cret'";
    assert_eq!(api.client.get(filter).await.unwrap().status, 400);
}

#[tokio::test]
async fn subscription_keys_are_listed_and_made_anew_with_the_codes_clients_take() {
    let api = Api::start();
    let at = "/apim/subscriptions/s1";
    let body = json!({ "properties": { "scope": "/apis", "displayName": "S1", "state": "active", "primaryKey": "k".repeat(32) } });
    assert_eq!(api.client.put(at, &body).await.unwrap().status, 201);
    let keys = || async {
        api.client
            .post(&format!("{at}/listSecrets"), &json!({}))
            .await
            .unwrap()
            .json
    };
    let old = keys().await;
    assert_eq!(old["primaryKey"], "k".repeat(32));
    let made = api
        .client
        .request(
            Method::POST,
            &format!("{at}/regeneratePrimaryKey"),
            None,
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (made.status, made.text.as_str()),
        (StatusCode::NO_CONTENT, "")
    );
    let new = keys().await;
    assert_ne!(new["primaryKey"], old["primaryKey"]);
    assert_eq!(new["secondaryKey"], old["secondaryKey"]);
    let missing = api
        .client
        .post(
            "/apim/subscriptions/none/regenerateSecondaryKey",
            &json!({}),
        )
        .await
        .unwrap();
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn deleting_an_api_answers_204_because_all_clients_take_it() {
    let api = Api::start();
    let body = json!({ "properties": { "path": "a" } });
    assert_eq!(
        api.client.put("/apim/apis/a", &body).await.unwrap().status,
        201
    );
    assert_eq!(api.client.delete("/apim/apis/a").await.unwrap().status, 204);
}

#[tokio::test]
async fn policies_come_back_in_the_format_asked_for_and_byte_for_byte_in_their_own() {
    let api = Api::start();
    let raw = "<policies>\r\n  <inbound>\n<set-variable name=\"a\" value=\"@(1 < 2 && \"x\" == \"y\")\" /></inbound></policies>";
    let body = json!({ "properties": { "value": raw, "format": "rawxml" } });
    let created = api.client.put("/apim/policy", &body).await.unwrap();
    assert_eq!(
        (created.status, &created.json["name"]),
        (StatusCode::CREATED, &json!("policy"))
    );
    let read = |format: &'static str| {
        let path = format!("{LONG}/policies/policy?{VERSION}{format}");
        let client = api.client.clone();
        async move { client.get(&path).await.unwrap().json["properties"].clone() }
    };
    assert_eq!(
        read("&format=rawxml").await,
        json!({ "value": raw, "format": "rawxml" })
    );
    assert_eq!(read("").await, json!({ "value": raw, "format": "rawxml" }));
    let xml = read("&format=xml").await;
    assert_eq!(xml["format"], "xml");
    let text = xml["value"].as_str().unwrap();
    assert!(text.contains("1 &lt; 2 &amp;&amp; &quot;x&quot;"), "{text}");
    // What was read as xml and put back as xml is the same document.
    let again = json!({ "properties": { "value": text, "format": "xml" } });
    api.client.put("/apim/policy", &again).await.unwrap();
    assert_eq!(read("&format=xml").await["value"], text);
    let list = api.client.get("/apim/policies").await.unwrap();
    assert_eq!(list.json["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        api.client
            .get("/apim/policy?format=x")
            .await
            .unwrap()
            .status,
        400
    );
}

#[tokio::test]
async fn lists_are_filtered_cut_and_linked() {
    let api = Api::with(|limits| limits.page = 4);
    for i in 0..10 {
        let body = json!({ "properties": { "displayName": format!("pg{i}"), "value": "v" } });
        api.client
            .put(&format!("/apim/namedValues/pg{i}"), &body)
            .await
            .unwrap();
    }
    let names = |list: &Value| {
        list["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let mut path = format!("{LONG}/namedValues?{VERSION}&$filter=name%20ne%20'pg3'");
    let mut found = Vec::new();
    let mut pages = 0;
    loop {
        let list = api.client.get(&path).await.unwrap().json;
        assert_eq!(list["count"], 9);
        found.extend(names(&list));
        pages += 1;
        let Some(next) = list["nextLink"].as_str() else {
            break;
        };
        let origin = format!("https://{}", api.server.address());
        let rest = next
            .strip_prefix(&origin)
            .or_else(|| next.strip_prefix("https://localhost"));
        path = rest
            .map(|rest| rest.trim_start_matches(|c| c != '/').to_owned())
            .unwrap_or_else(|| panic!("{next}"));
    }
    assert_eq!((found.len(), pages), (9, 3));
    assert!(!found.contains(&"pg3".to_owned()));
    let list = api
        .client
        .get("/apim/namedValues?$top=2&$skip=1")
        .await
        .unwrap()
        .json;
    assert_eq!(names(&list), ["pg1", "pg2"]);
    assert_eq!((&list["count"], list.get("nextLink")), (&json!(10), None));
    let list = api
        .client
        .get("/apim/namedValues?$filter=displayName%20eq%20%27pg5%27")
        .await
        .unwrap()
        .json;
    assert_eq!(
        (names(&list), &list["count"]),
        (vec!["pg5".to_owned()], &json!(1))
    );
    assert_eq!(
        api.client.get("/apim/backends").await.unwrap().json,
        json!({ "value": [], "count": 0 })
    );
}

#[tokio::test]
async fn a_dry_run_answers_like_the_change_and_changes_nothing() {
    let api = Api::start();
    let reply = api
        .client
        .put(&format!("{NV}?dryRun=true"), &named_value("A"))
        .await
        .unwrap();
    assert_eq!(
        (reply.status, reply.revision(), reply.etag()),
        (StatusCode::CREATED, Some(0), None)
    );
    assert_eq!(api.client.get(NV).await.unwrap().status, 404);
    assert_eq!(
        api.client
            .put(&format!("{NV}?dryRun=maybe"), &named_value("A"))
            .await
            .unwrap()
            .status,
        400
    );
}
