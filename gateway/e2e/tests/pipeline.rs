//! Scopes, sections and failures as a client sees them.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests fail by panicking")]

use gateway_e2e::{TestGateway, api, operation, policy, properties};
use gateway_testkit::{Answer, Origin, Response};
use gateway_tls::issue::{Attribute, Subject};
use serde_json::json;

async fn get(gateway: &TestGateway, path: &str) -> Response {
    gateway.client().build().unwrap().get(path).await.unwrap()
}

fn mark(scope: &str) -> String {
    format!(r#"<set-header name="x-in" exists-action="append"><value>{scope}</value></set-header>"#)
}

#[tokio::test]
async fn base_puts_the_outer_scope_in_its_place() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    gateway.put("apis/a", &api("a", &origin.url())).await;
    gateway.put("apis/a/operations/any", &operation()).await;
    let document = |before: &str, after: &str| {
        policy(&format!(
            "<policies><inbound>{before}<base />{after}</inbound></policies>"
        ))
    };
    gateway
        .put("policies/policy", &document(&mark("global"), ""))
        .await;
    gateway
        .put(
            "apis/a/policies/policy",
            &document(&mark("api-before"), &mark("api-after")),
        )
        .await;
    gateway
        .put(
            "apis/a/operations/any/policies/policy",
            &document("", &mark("operation")),
        )
        .await;
    get(&gateway, "/a/x").await;
    let seen = origin.last().unwrap();
    let values: Vec<&str> = seen
        .head
        .header("x-in")
        .unwrap()
        .split(',')
        .map(str::trim)
        .collect();
    assert_eq!(values, ["api-before", "global", "api-after", "operation"]);

    // Without base the outer scopes are gone.
    let alone = policy(&format!(
        "<policies><inbound>{}</inbound></policies>",
        mark("operation")
    ));
    gateway
        .put("apis/a/operations/any/policies/policy", &alone)
        .await;
    get(&gateway, "/a/x").await;
    assert_eq!(
        origin.last().unwrap().head.header("x-in"),
        Some("operation")
    );
}

#[tokio::test]
async fn an_empty_backend_section_forwards_nothing() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    gateway
        .put_api("a", &origin.url(), "<policies><backend /></policies>")
        .await;
    let response = get(&gateway, "/a/x").await;
    assert_eq!(
        (response.status.as_u16(), response.text().as_str()),
        (200, "")
    );
    assert_eq!(origin.request_count(), 0);
}

#[tokio::test]
async fn all_four_sections_run_and_on_error_sees_the_last_error() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    let document = r#"<policies>
        <inbound><base /><set-variable name="n" value="@(context.Request.Url.Path)" />
            <choose><when condition="@(context.Request.Url.Path == "/fail")"><set-variable id="v" name="x" value="@((bool)context.Variables["n"])" /></when></choose></inbound>
        <backend><base /></backend>
        <outbound><base /><set-header name="x-out"><value>@((string)context.Variables["n"])</value></set-header></outbound>
        <on-error><base /><set-header name="x-error"><value>@(context.LastError.Source + "|" + context.LastError.Reason + "|" + context.LastError.Scope + "|" + context.LastError.Section + "|" + context.LastError.Path + "|" + context.LastError.PolicyId + "|" + context.Response.StatusCode)</value></set-header></on-error>
    </policies>"#;
    gateway.put_api("a", &origin.url(), document).await;
    let good = get(&gateway, "/a/x").await;
    assert_eq!(
        (good.status.as_u16(), good.header("x-out")),
        (200, Some("/x"))
    );
    let failed = get(&gateway, "/a/fail").await;
    assert_eq!(failed.status, 500);
    assert_eq!(
        failed.header("x-error"),
        Some(
            r"set-variable|ExpressionValueEvaluationFailure|api|inbound|choose\when\set-variable|v|500"
        )
    );
    let body = failed.json().unwrap();
    assert_eq!(
        (body["statusCode"].as_u64(), body["message"].as_str()),
        (Some(500), Some("Internal server error"))
    );
    assert!(body["activityId"].is_string(), "{body}");
    assert_eq!(
        origin.request_count(),
        1,
        "the failed request was not forwarded"
    );
}

#[tokio::test]
async fn what_matches_no_operation_is_not_found() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    gateway.put("apis/a", &api("a", &origin.url())).await;
    let get_only =
        properties(&json!({ "displayName": "g", "method": "GET", "urlTemplate": "/o/{id}" }));
    gateway.put("apis/a/operations/g", &get_only).await;
    assert_eq!(get(&gateway, "/a/o/7").await.status, 200);
    for path in ["/a/other", "/b/o/7", "/", "/a/o/7/8"] {
        let response = get(&gateway, path).await;
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(
            response.text(),
            r#"{ "statusCode": 404, "message": "Resource not found" }"#
        );
    }
    // What these mean is decided differently by different backends.
    for path in ["/a/o/..", "/a/%2e%2e/a/o/7"] {
        assert_eq!(get(&gateway, path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn a_subscription_key_opens_what_it_is_for() {
    let origin = Origin::builder().answering(|_| Answer::ok()).start();
    let gateway = TestGateway::start().await;
    for name in ["a", "b"] {
        let mut body = api(name, &origin.url());
        body["properties"]["subscriptionRequired"] = json!(true);
        gateway.put(&format!("apis/{name}"), &body).await;
        gateway
            .put(&format!("apis/{name}/operations/any"), &operation())
            .await;
    }
    let subscription = |scope: &str, key: &str, state: &str| {
        properties(
            &json!({ "displayName": "S", "scope": scope, "primaryKey": key, "secondaryKey": format!("{key}-2"), "state": state }),
        )
    };
    gateway
        .put(
            "subscriptions/one",
            &subscription("/apis/a", "key-of-a", "active"),
        )
        .await;
    gateway
        .put(
            "subscriptions/all",
            &subscription("/apis", "key-of-all", "active"),
        )
        .await;
    let with = async |path: &str, key: &str| {
        let request = http::Request::get(path).header("Ocp-Apim-Subscription-Key", key);
        let request = request.body(gateway_testkit::empty()).unwrap();
        gateway
            .client()
            .build()
            .unwrap()
            .send(request)
            .await
            .unwrap()
            .status
            .as_u16()
    };
    let missing = get(&gateway, "/a/x").await;
    assert_eq!(missing.status, 401);
    assert!(
        missing.text().contains("missing subscription key"),
        "{}",
        missing.text()
    );
    assert!(
        missing
            .header("www-authenticate")
            .unwrap()
            .starts_with("AzureApiManagementKey")
    );
    assert_eq!(with("/a/x", "key-of-a").await, 200);
    assert_eq!(with("/a/x", "key-of-a-2").await, 200);
    assert_eq!(with("/b/x", "key-of-a").await, 401);
    assert_eq!(with("/b/x", "key-of-all").await, 200);
    assert_eq!(
        with("/a/x?subscription-key=key-of-a", "").await,
        401,
        "the header wins even if empty"
    );
    assert_eq!(
        get(&gateway, "/a/x?subscription-key=key-of-a").await.status,
        200
    );

    gateway
        .put(
            "subscriptions/one",
            &subscription("/apis/a", "key-of-a", "suspended"),
        )
        .await;
    assert_eq!(with("/a/x", "key-of-a").await, 401);
    let reply = gateway
        .admin()
        .request(
            http::Method::POST,
            "/apim/subscriptions/all/regeneratePrimaryKey",
            None,
            &[],
        )
        .await
        .unwrap();
    assert_eq!(reply.status, 204);
    assert_eq!(with("/b/x", "key-of-all").await, 401, "the old key is dead");
    assert_eq!(with("/b/x", "key-of-all-2").await, 200);
}

#[tokio::test]
async fn distinguished_names_are_printed_as_dotnet_prints_them() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    let document = r#"<policies><inbound><return-response><set-body>@(context.Request.Certificate.Subject + "\n" + context.Request.Certificate.Issuer)</set-body></return-response></inbound></policies>"#;
    gateway.put_api("a", &origin.url(), document).await;
    let subject = Subject::empty()
        .with(Attribute::Country, "US")
        .with(Attribute::State, "Illinois")
        .with(Attribute::Locality, "Chicago")
        .with(Attribute::Organization, "Contoso, Inc.")
        .with(Attribute::CommonName, "contoso.com");
    let client = gateway.pki.client(subject);
    let response = gateway.client_of(&client).get("/a/x").await.unwrap();
    assert_eq!(
        response.text(),
        "CN=contoso.com, O=\"Contoso, Inc.\", L=Chicago, S=Illinois, C=US\nCN=My Trusted CA"
    );
}

#[tokio::test]
async fn a_policy_that_never_ends_is_stopped_by_its_budget_and_the_others_are_served() {
    let origin = Origin::http();
    let gateway = TestGateway::builder()
        .configuration("[limits]\npolicy_instructions = 20000\nmax_headers = 20")
        .start()
        .await;
    let endless = r#"<policies><inbound><set-variable name="n" value="@{ var i = 0; while (true) { i = i + 1; } return i; }" /></inbound></policies>"#;
    gateway.put_api("endless", &origin.url(), endless).await;
    gateway
        .put_api(
            "good",
            &origin.url(),
            "<policies><inbound><base /></inbound></policies>",
        )
        .await;
    let failed = get(&gateway, "/endless/x").await;
    assert_eq!(failed.status, 500);
    assert!(
        !failed.text().contains("budget"),
        "the client learns nothing: {}",
        failed.text()
    );
    assert_eq!(get(&gateway, "/good/x").await.status, 200);

    let mut request = http::Request::get("/good/x");
    for i in 0..30 {
        request = request.header(format!("x-{i}"), "v");
    }
    let request = request.body(gateway_testkit::empty()).unwrap();
    let response = gateway
        .client()
        .build()
        .unwrap()
        .send(request)
        .await
        .unwrap();
    assert_eq!(response.status, 431);
    assert_eq!(origin.request_count(), 1);
}
