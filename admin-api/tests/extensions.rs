//! What is ours beside the contract: identity lists, transactions, revisions.
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

use http::header::IF_MATCH;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use support::Api;

const LIST: &str = "/apim/identityLists/partners";

fn list_of(thumbprints: &[&str]) -> Value {
    let identities: Vec<Value> = thumbprints
        .iter()
        .map(|digit| json!({ "name": format!("p{digit}"), "thumbprint": digit.repeat(40) }))
        .collect();
    json!({ "properties": { "description": "who may come in", "identities": identities } })
}

fn named_value(name: &str, value: &str) -> Value {
    json!({ "properties": { "displayName": name, "value": value } })
}

#[tokio::test]
async fn a_list_is_put_read_with_its_members_and_put_back() {
    let api = Api::start();
    let created = api.client.put(LIST, &list_of(&["a", "b"])).await.unwrap();
    assert_eq!(
        (created.status, &created.json["properties"]["identityCount"]),
        (StatusCode::CREATED, &json!(2))
    );
    let read = api.client.get(LIST).await.unwrap().json;
    assert_eq!(
        read["properties"]["identities"][0],
        json!({ "name": "pa", "thumbprint": "A".repeat(40) })
    );
    let again = api.client.put(LIST, &read).await.unwrap();
    assert_eq!(again.status, 200, "{}", again.text);
    let members = api
        .client
        .get(&format!("{LIST}/identities"))
        .await
        .unwrap()
        .json;
    assert_eq!(members["count"], 2);
    assert_eq!(
        members["value"][1]["id"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next(),
        Some("pb")
    );
    let filtered = api
        .client
        .get(&format!(
            "{LIST}/identities?$filter=startswith(thumbprint,'BB')"
        ))
        .await
        .unwrap()
        .json;
    assert_eq!(
        (&filtered["count"], &filtered["value"][0]["name"]),
        (&json!(1), &json!("pb"))
    );
}

#[tokio::test]
async fn a_long_list_is_read_in_pages_and_cannot_be_emptied_by_putting_it_back() {
    let api = Api::start();
    let identities: Vec<Value> = (0..2_500)
        .map(|i| json!({ "name": format!("p{i:04}"), "commonName": format!("c{i}") }))
        .collect();
    let created = api
        .client
        .put(LIST, &json!({ "properties": { "identities": identities } }))
        .await
        .unwrap();
    assert_eq!(created.status, 201);
    let read = api.client.get(LIST).await.unwrap().json;
    assert_eq!(read["properties"]["identityCount"], 2_500);
    assert!(read["properties"].get("identities").is_none());
    let refused = api.client.put(LIST, &read).await.unwrap();
    assert_eq!(
        (
            refused.status,
            &refused.json["error"]["details"][0]["target"]
        ),
        (StatusCode::BAD_REQUEST, &json!("identities"))
    );
    let first = api
        .client
        .get(&format!("{LIST}/identities"))
        .await
        .unwrap()
        .json;
    assert_eq!(
        (first["value"].as_array().unwrap().len(), &first["count"]),
        (1_000, &json!(2_500))
    );
    assert!(first["nextLink"].as_str().unwrap().ends_with("$skip=1000"));
}

#[tokio::test]
async fn problems_of_a_streamed_list_are_named_by_index_and_nothing_changes() {
    let api = Api::start();
    api.client.put(LIST, &list_of(&["a"])).await.unwrap();
    let mut bad = list_of(&["b", "c"]);
    bad["properties"]["identities"][1]["thumbprint"] = json!("xyz");
    let refused = api.client.put(LIST, &bad).await.unwrap();
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json["error"]["details"][0]["target"],
        "identities[1].thumbprint"
    );
    let read = api.client.get(LIST).await.unwrap().json;
    assert_eq!(read["properties"]["identities"][0]["name"], "pa");
}

#[tokio::test]
async fn one_member_is_changed_with_its_own_tag() {
    let api = Api::start();
    api.client.put(LIST, &list_of(&["a", "b"])).await.unwrap();
    let at = format!("{LIST}/identities/pa");
    let tag = api
        .client
        .get(&at)
        .await
        .unwrap()
        .etag()
        .unwrap()
        .to_owned();
    let patch = json!({ "properties": { "displayName": "Partner A" } });
    let guarded = [(IF_MATCH, tag.as_str())];
    assert_eq!(
        api.client
            .request(Method::PATCH, &at, Some(&patch), &guarded)
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(
        api.client
            .request(Method::PATCH, &at, Some(&patch), &guarded)
            .await
            .unwrap()
            .status,
        412
    );
    let new = json!({ "properties": { "thumbprint": "C".repeat(64) } });
    assert_eq!(
        api.client
            .put(&format!("{LIST}/identities/pc"), &new)
            .await
            .unwrap()
            .status,
        201
    );
    assert_eq!(api.client.delete(&at).await.unwrap().status, 200);
    assert_eq!(
        api.client.get(LIST).await.unwrap().json["properties"]["identityCount"],
        2
    );
    assert_eq!(
        api.client
            .put("/apim/identityLists/none/identities/x", &new)
            .await
            .unwrap()
            .status,
        404
    );
    let refused = api.client.patch(LIST, &list_of(&["d"])).await.unwrap();
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn usage_tells_when_an_identity_was_last_seen() {
    let api = Api::start();
    api.client.put(LIST, &list_of(&["a"])).await.unwrap();
    let usage = api.client.get(&format!("{LIST}/usage")).await.unwrap().json;
    assert_eq!(
        usage,
        json!({ "value": [{ "identity": "partners-a", "thumbprint": "AB".repeat(20), "lastUsed": "1970-01-01T00:00:00Z" }], "count": 1 })
    );
    assert_eq!(
        api.client
            .get("/apim/identityLists/none/usage")
            .await
            .unwrap()
            .status,
        404
    );
}

#[tokio::test]
async fn a_transaction_is_one_revision() {
    let api = Api::start();
    api.client
        .put("/apim/namedValues/old", &named_value("old", "1"))
        .await
        .unwrap();
    let body = json!({ "comment": "swap", "operations": [
        { "method": "PUT", "path": "namedValues/a", "body": named_value("a", "1") },
        { "method": "put", "path": "/apim/namedValues/b", "ifMatch": "*", "body": named_value("b", "2") },
        { "method": "PUT", "path": "identityLists/partners", "body": list_of(&["a"]) },
        { "method": "PATCH", "path": "", "body": { "properties": { "publisherName": "me" } } },
        { "method": "DELETE", "path": "namedValues/old" },
        { "method": "DELETE", "path": "namedValues/none" }
    ] });
    let dry = api
        .client
        .post("/apim/transactions?dryRun=true", &body)
        .await
        .unwrap();
    assert_eq!(
        (dry.status, &dry.json["dryRun"], dry.revision()),
        (StatusCode::OK, &json!(true), Some(1))
    );
    assert_eq!(
        api.client.get("/apim/namedValues/a").await.unwrap().status,
        404
    );
    let done = api.client.post("/apim/transactions", &body).await.unwrap();
    assert_eq!(
        (done.status, &done.json["revision"], done.revision()),
        (StatusCode::OK, &json!(2), Some(2)),
        "{}",
        done.text
    );
    let statuses: Vec<_> = done.json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 201, 201, 200, 200, 204]);
    assert_eq!(done.json["results"][0]["etag"], "AAAAAAAAAAI=");
    for path in ["namedValues/a", "namedValues/b", "identityLists/partners"] {
        assert_eq!(
            api.client
                .get(&format!("/apim/{path}"))
                .await
                .unwrap()
                .etag(),
            Some("\"AAAAAAAAAAI=\"")
        );
    }
    let record = api.audit.all().pop().unwrap();
    assert_eq!(
        (
            record.action.as_str(),
            record.path_count,
            record.comment.as_deref()
        ),
        ("transaction", 6, Some("swap"))
    );
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_names_the_operation_at_fault() {
    let api = Api::start();
    let body = json!({ "operations": [
        { "method": "PUT", "path": "namedValues/a", "body": named_value("a", "1") },
        { "method": "PUT", "path": "namedValues/b", "body": named_value("no spaces", "2") }
    ] });
    let refused = api.client.post("/apim/transactions", &body).await.unwrap();
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json["error"]["details"][0]["target"],
        "operations[1].body.displayName"
    );
    let tag = json!({ "operations": [
        { "method": "PUT", "path": "namedValues/a", "body": named_value("a", "1") },
        { "method": "PUT", "path": "namedValues/a", "ifMatch": "\"AAAAAAAAAAk=\"", "body": named_value("a", "2") }
    ] });
    assert_eq!(
        api.client
            .post("/apim/transactions", &tag)
            .await
            .unwrap()
            .status,
        412
    );
    assert_eq!(
        api.client.get("/apim/namedValues").await.unwrap().json["count"],
        0
    );
}

#[tokio::test]
async fn mistakes_in_a_transaction_are_all_reported_by_operation() {
    let api = Api::start();
    let body = json!({ "oprations": [], "comment": 1, "operations": [
        { "method": "POST", "path": "namedValues/a" },
        { "method": "PUT", "path": "nothing/a", "body": {} },
        { "method": "PUT", "path": "namedValues/a" },
        { "method": "PATCH", "path": "certificates/a", "body": {} },
        { "method": "DELETE", "path": "/apim" },
        { "method": "PUT", "path": "namedValues/a", "body": {}, "if-match": "*" },
        { "method": "PUT", "path": "identityLists/a", "body": { "properties": { "identities": [{ "thumbprint": "x" }] } } },
        7
    ] });
    let refused = api.client.post("/apim/transactions", &body).await.unwrap();
    let targets: Vec<&str> = refused.json["error"]["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["target"].as_str().unwrap())
        .collect();
    assert_eq!(
        targets,
        [
            "oprations",
            "comment",
            "operations[0].method",
            "operations[1].path",
            "operations[2].body",
            "operations[3].method",
            "operations[4].method",
            "operations[5].if-match",
            "operations[6].body.identities[0].thumbprint",
            "operations[7]",
        ]
    );
    for body in [json!({}), json!({ "operations": [] }), json!([])] {
        assert_eq!(
            api.client
                .post("/apim/transactions", &body)
                .await
                .unwrap()
                .status,
            400,
            "{body}"
        );
    }
    assert_eq!(
        api.client.get("/apim/transactions").await.unwrap().status,
        405
    );
}

#[tokio::test]
async fn revisions_are_listed_shown_compared_and_restored() {
    let api = Api::with(|limits| limits.page = 2);
    for value in ["1", "2", "3"] {
        api.client
            .put("/apim/namedValues/a", &named_value("a", value))
            .await
            .unwrap();
    }
    let list = api.client.get("/apim/revisions").await.unwrap().json;
    let numbers = |list: &Value| {
        list["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["number"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&list), [3, 2]);
    let next = list["nextLink"].as_str().unwrap();
    let (_, rest) = next.split_once("/apim/").unwrap();
    assert_eq!(
        numbers(&api.client.get(&format!("/apim/{rest}")).await.unwrap().json),
        [1]
    );
    let shown = api.client.get("/apim/revisions/2").await.unwrap().json;
    assert_eq!(
        shown["changes"],
        json!([{ "path": "namedValues/a", "exists": true }])
    );
    assert_eq!(shown["actor"], "admin");
    let difference = api.client.get("/apim/revisions/2/diff").await.unwrap().json;
    let change = &difference["value"][0];
    assert_eq!(
        (
            &change["change"],
            &change["before"]["value"],
            &change["after"]["value"]
        ),
        (&json!("updated"), &json!("1"), &json!("2"))
    );
    assert_eq!(change["secretChanged"], true);
    let restored = api
        .client
        .post("/apim/revisions/1/restore", &json!({}))
        .await
        .unwrap();
    assert_eq!(
        (restored.status, restored.revision()),
        (StatusCode::OK, Some(4))
    );
    assert_eq!(
        api.client.get("/apim/namedValues/a").await.unwrap().json["properties"]["value"],
        "1"
    );
    assert_eq!(api.audit.all().pop().unwrap().action, "restore");
    for path in ["/apim/revisions/99", "/apim/revisions/99/diff"] {
        assert_eq!(api.client.get(path).await.unwrap().status, 404);
    }
    assert_eq!(
        api.client
            .post("/apim/revisions/99/restore", &json!({}))
            .await
            .unwrap()
            .status,
        404
    );
}
