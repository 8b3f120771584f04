//! One audit record for each change that is asked for.

use gateway_e2e::named_value;
use gateway_testkit::Origin;
use http::Method;
use serde_json::{Value, json};

use crate::gateway;

#[tokio::test]
async fn every_change_that_is_asked_for_is_audited_whether_it_is_made_or_not() {
    let origin = Origin::http();
    let gateway = gateway(&origin, "").await;
    let audit = || -> Vec<Value> {
        let text = std::fs::read_to_string(gateway.file("audit.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let before = audit().len();
    let admin = gateway.admin();
    let revision = admin
        .get("/apim/namedValues")
        .await
        .unwrap()
        .revision()
        .unwrap();
    assert_eq!(audit().len(), before, "reading is no change");

    let value = |value: &str| named_value("x", value);
    let ask = async |method: Method, path: &str, body: Option<Value>, if_match: Option<&str>| {
        let fields: Vec<_> = if_match
            .map(|tag| (http::header::IF_MATCH, tag))
            .into_iter()
            .collect();
        let path = format!("/apim/{path}");
        admin
            .request(method, &path, body.as_ref(), &fields)
            .await
            .unwrap()
            .status
            .as_u16()
    };
    assert_eq!(
        ask(Method::PUT, "namedValues/x", Some(value("hush-hush")), None).await,
        201
    );
    assert_eq!(
        ask(Method::DELETE, "namedValues/absent", None, Some("*")).await,
        204
    );
    assert_eq!(
        ask(
            Method::PUT,
            "namedValues/x",
            Some(json!({ "properties": { "valeu": "hush-hush" } })),
            None
        )
        .await,
        400
    );
    assert_eq!(
        ask(
            Method::PUT,
            "namedValues/x",
            Some(value("hush-hush")),
            Some("\"stale\"")
        )
        .await,
        412
    );
    assert_eq!(
        ask(Method::DELETE, "identityLists/partners", None, Some("*")).await,
        409
    );
    let operations = json!([
        { "method": "PUT", "path": "namedValues/x", "body": value("2") },
        { "method": "PUT", "path": "namedValues/y", "body": named_value("y", "2") },
    ]);
    let transaction = json!({ "operations": operations, "comment": "two at once" });
    assert_eq!(
        ask(
            Method::POST,
            "transactions?dryRun=true",
            Some(transaction.clone()),
            None
        )
        .await,
        200
    );
    assert_eq!(
        ask(Method::POST, "transactions", Some(transaction), None).await,
        200
    );
    assert_eq!(
        ask(Method::DELETE, "namedValues/y", None, Some("*")).await,
        200
    );

    let records = audit()[before..].to_vec();
    let seen: Vec<_> = records
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
            let relative = record["revision"].as_u64().unwrap() - revision;
            let paths: Vec<_> = record["paths"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p.as_str().unwrap())
                .collect();
            format!(
                "{} {} {} {} +{relative}",
                text("action"),
                paths.join(","),
                text("outcome"),
                text("reason")
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            "PUT namedValues/x applied - +1",
            "DELETE namedValues/absent unchanged - +1",
            "PUT namedValues/x refused ValidationError +1",
            "PUT namedValues/x refused PreconditionFailed +1",
            "DELETE identityLists/partners refused ResourceInUse +1",
            "transaction namedValues/x,namedValues/y dry_run - +1",
            "transaction namedValues/x,namedValues/y applied - +2",
            "DELETE namedValues/y applied - +3",
        ]
    );
    for record in &records {
        assert_eq!(
            (&record["actor"], &record["address"]),
            (&json!("admin"), &json!("127.0.0.1"))
        );
    }
    assert_eq!(records[6]["comment"], "two at once");
    let text = std::fs::read_to_string(gateway.file("audit.jsonl")).unwrap();
    assert!(
        !text.contains("hush-hush") && !text.contains(gateway.token()),
        "{text}"
    );
}
