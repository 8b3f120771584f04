//! The contract: what is refused, and how.
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

use http::{Method, StatusCode};
use serde_json::{Value, json};

use support::{Api, LONG, OPERATOR, VERSION};

fn named_value(value: &str) -> Value {
    json!({ "properties": { "displayName": "allowed-thumbprints", "value": value, "tags": ["mtls"] } })
}

const NV: &str = "/apim/namedValues/allowed";

#[tokio::test]
async fn errors_are_always_json_in_the_contracts_shape() {
    let api = Api::start();
    let error = |reply: &gateway_testkit::AdminReply| {
        assert_eq!(
            reply.headers["content-type"],
            "application/json; charset=utf-8"
        );
        assert!(
            reply.json["error"]["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{}",
            reply.text
        );
        assert!(reply.json["error"].get("details").is_some());
        (
            reply.status.as_u16(),
            reply.json["error"]["code"].as_str().unwrap().to_owned(),
        )
    };
    for (path, status, code) in [
        ("/", 404, "ResourceNotFound"),
        ("/apim/nothing", 404, "ResourceNotFound"),
        ("/apim/gateways/edge", 404, "ResourceTypeNotSupported"),
        ("/apim/namedValues/%ff", 404, "ResourceNotFound"),
        ("/apim/apis/x/operations", 404, "ResourceNotFound"),
        ("/apim/namedValues?$filter=nothing", 400, "InvalidFilter"),
        ("/apim/namedValues?$top=x", 400, "InvalidParameter"),
        ("/apim/policy?format=yaml", 404, "ResourceNotFound"),
    ] {
        let reply = api.client.get(path).await.unwrap();
        assert_eq!(error(&reply), (status, code.to_owned()), "{path}");
    }
    let reply = api.client.post(NV, &json!({})).await.unwrap();
    assert_eq!(error(&reply), (405, "MethodNotAllowed".to_owned()));
    assert_eq!(reply.headers["allow"], "GET, HEAD, PUT, PATCH, DELETE");
    let reply = api.client.delete("/apim").await.unwrap();
    assert_eq!(error(&reply), (405, "MethodNotAllowed".to_owned()));
    let reply = api
        .client
        .patch("/apim/certificates/c", &json!({}))
        .await
        .unwrap();
    assert_eq!(error(&reply), (405, "MethodNotAllowed".to_owned()));
    let broken = |body: &'static str| {
        api.client
            .bytes(Method::PUT, NV, Some(body.into()), "application/json", &[])
    };
    for body in ["", "{", "{\"properties\":{\"value\":1,\"value\":2}}", "[]"] {
        let reply = broken(body).await.unwrap();
        assert_eq!(error(&reply).0, 400, "{body}");
    }
    assert_eq!(api.client.get(NV).await.unwrap().status, 404);
}

#[tokio::test]
async fn invalid_properties_are_all_reported_with_their_names_and_policies_with_their_place() {
    let api = Api::start();
    let body = json!({ "properties": { "displayName": "no spaces", "value": "", "vlaue": 1 } });
    let reply = api.client.put(NV, &body).await.unwrap();
    assert_eq!(
        (reply.status, &reply.json["error"]["code"]),
        (StatusCode::BAD_REQUEST, &json!("ValidationError"))
    );
    let details = reply.json["error"]["details"].as_array().unwrap();
    let targets: Vec<&str> = details
        .iter()
        .map(|d| d["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, ["vlaue", "displayName", "value"]);
    let policy = json!({ "properties": { "value": "<broken/>", "format": "rawxml" } });
    let reply = api.client.put("/apim/policy", &policy).await.unwrap();
    let detail = &reply.json["error"]["details"][0];
    assert_eq!(detail["target"], "representation");
    assert_eq!(
        detail["message"],
        "`broken` is not a policy. Line 4, position 114."
    );
    assert_eq!(
        (&detail["line"], &detail["column"]),
        (&json!(4), &json!(114))
    );
}

#[tokio::test]
async fn refusals_of_the_configuration_have_their_own_codes() {
    use gateway_config::change::ApplyError;
    use gateway_config::resource::ResourcePath;
    let api = Api::start();
    api.client.put(NV, &named_value("A")).await.unwrap();
    let check = |status: u16, code: &'static str| {
        let client = api.client.clone();
        async move {
            let reply = client.delete(NV).await.unwrap();
            assert_eq!(
                (reply.status.as_u16(), &reply.json["error"]["code"]),
                (status, &json!(code))
            );
            reply
        }
    };
    api.plane.refuse(|path| ApplyError::InUse {
        path: path.clone(),
        by: vec![ResourcePath::parse("policies/policy").unwrap()],
    });
    let reply = check(409, "ResourceInUse").await;
    assert!(
        reply.json["error"]["message"]
            .as_str()
            .unwrap()
            .contains("`policies/policy`")
    );
    api.plane
        .refuse(|_| ApplyError::Store("the disk is full".into()));
    let reply = check(507, "StoreRefusedChange").await;
    assert!(
        reply.json["error"]["message"]
            .as_str()
            .unwrap()
            .contains("disk is full")
    );
    api.plane.refuse(|_| ApplyError::Unsettled);
    assert_eq!(
        check(503, "StoreUnsettled").await.headers["retry-after"],
        "1"
    );
    api.plane.refuse(|_| ApplyError::ShuttingDown);
    check(503, "ShuttingDown").await;
    api.plane.refuse(|_| ApplyError::Invalid {
        path: ResourcePath::parse("apis/x/policies/policy").unwrap(),
        problems: vec![gateway_config::resource::accept::FieldProblem::new(
            "representation",
            "no such named value.",
        )],
    });
    let reply = check(400, "ValidationError").await;
    assert_eq!(reply.json["error"]["target"], "apis/x/policies/policy");
    assert_eq!(api.client.get(NV).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_version_is_required_on_the_long_path_only() {
    let api = Api::start();
    let code = |reply: gateway_testkit::AdminReply| reply.json["error"]["code"].clone();
    let reply = api.client.get(LONG).await.unwrap();
    assert_eq!(
        (reply.status, code(reply)),
        (StatusCode::BAD_REQUEST, json!("MissingApiVersionParameter"))
    );
    let reply = api
        .client
        .get(&format!("{LONG}?api-version=2020-01-01"))
        .await
        .unwrap();
    assert_eq!(
        (reply.status, code(reply)),
        (StatusCode::BAD_REQUEST, json!("InvalidApiVersionParameter"))
    );
    for path in [
        format!("{LONG}?api-version=2025-03-01-preview"),
        "/apim".into(),
        "/APIM/".into(),
    ] {
        assert_eq!(api.client.get(&path).await.unwrap().status, 200, "{path}");
    }
    let other = LONG.replace("/apim", "/other");
    assert_eq!(
        api.client
            .get(&format!("{other}?{VERSION}"))
            .await
            .unwrap()
            .status,
        404
    );
}

#[tokio::test]
async fn only_the_role_admin_may_let_named_values_change_code() {
    let api = Api::start();
    let path = format!("{NV}?allowCodeInNamedValues=true");
    let reply = api
        .client_with(OPERATOR)
        .put(&path, &named_value("A"))
        .await
        .unwrap();
    assert_eq!(
        (reply.status, &reply.json["error"]["code"]),
        (StatusCode::FORBIDDEN, &json!("AuthorizationFailed"))
    );
    assert_eq!(
        api.client_with(OPERATOR)
            .put(NV, &named_value("A"))
            .await
            .unwrap()
            .status,
        201
    );
    assert!(!api.plane.code_was_allowed());
    assert_eq!(
        api.client
            .put(&path, &named_value("A"))
            .await
            .unwrap()
            .status,
        200
    );
    assert!(api.plane.code_was_allowed());
}
