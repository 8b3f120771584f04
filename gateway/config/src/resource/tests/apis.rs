use super::*;

#[test]
fn an_api_reads_back_with_its_defaults() {
    let body = accepted(put(
        "apis/orders",
        json!({ "path": "/orders/", "protocols": ["https"], "serviceUrl": "https://up.example.test",
                "subscriptionKeyParameterNames": { "header": "X-Key", "query": "key" } }),
    ));
    let Body::Api(api) = &body else { panic!() };
    assert_eq!(
        (&*api.path, &*api.display_name, &*api.revision),
        ("orders", "orders", "1")
    );
    assert_eq!((&*api.key_header, &*api.key_query), ("X-Key", "key"));
    let shown = shown("apis/orders", body);
    assert_eq!(shown["path"], "orders");
    assert_eq!(shown["displayName"], "orders");
    assert_eq!(shown["provisioningState"], "Succeeded");
    assert_eq!(shown["subscriptionKeyParameterNames"]["header"], "X-Key");
}

#[test]
fn a_subscription_is_required_unless_the_body_says_otherwise() {
    let required = |properties: Value| {
        let Body::Api(api) = accepted(put("apis/a", properties)) else {
            panic!()
        };
        api.subscription_required
    };
    assert!(required(json!({ "path": "a" })));
    assert!(!required(
        json!({ "path": "a", "subscriptionRequired": false })
    ));
}

#[test]
fn a_patch_changes_one_thing_and_what_was_read_can_be_put_back() {
    let old = accepted(put(
        "apis/a",
        json!({ "path": "a", "displayName": "A", "serviceUrl": "https://a.test" }),
    ));
    let patched = accepted(patch(
        "apis/a",
        &old,
        json!({ "serviceUrl": "https://b.test" }),
    ));
    let Body::Api(api) = &patched else { panic!() };
    assert_eq!(
        (api.service_url.as_deref(), &*api.display_name),
        (Some("https://b.test"), "A")
    );
    let read = shown("apis/a", patched);
    let again = accepted(put_over("apis/a", Some(&old), read.clone()));
    assert_eq!(shown("apis/a", again), read);
}

#[test]
fn what_is_not_served_is_refused_by_name() {
    let with = |name: &str, value: Value| put("apis/a", json!({ "path": "a", name: value }));
    for (name, value) in [
        ("type", json!("soap")),
        ("apiType", json!("websocket")),
        ("format", json!("openapi-link")),
        ("apiVersionSetId", json!("/apiVersionSets/x")),
        ("isCurrent", json!(false)),
        ("sourceApiId", json!("/apis/b")),
    ] {
        refused_at(with(name, value), name, "not supported");
    }
    refused_at(
        with("protocols", json!(["ws"])),
        "protocols[0]",
        "WebSocket",
    );
    refused_at(
        put("apis/a;rev=2", json!({ "path": "a" })),
        "name",
        "revisions",
    );
    assert_eq!(codes(with("type", json!("http"))), [""; 0]);
    assert_eq!(
        codes(with(
            "authenticationSettings",
            json!({ "oAuth2": { "x": 1 } })
        )),
        ["NoEffect"]
    );
}

#[test]
fn bad_paths_urls_and_names_are_refused() {
    refused_at(put("apis/a", json!({})), "path", "required");
    for path in ["a b", "a//b", "a/../b", "a?b", "ä", "a%2Fb", "."] {
        refused_at(put("apis/a", json!({ "path": path })), "path", "segments");
    }
    refused_at(
        put(
            "apis/a",
            json!({ "path": "a", "serviceUrl": "up.example.test" }),
        ),
        "serviceUrl",
        "http",
    );
    let names = json!({ "path": "a", "subscriptionKeyParameterNames": { "header": "a b" } });
    refused_at(
        put("apis/a", names),
        "subscriptionKeyParameterNames.header",
        "header name",
    );
    accepted(put("apis/root", json!({ "path": "" })));
}

#[test]
fn an_operation_is_checked_and_reads_back_as_it_was_sent() {
    let at = "apis/orders/operations/get1";
    let sent = json!({ "displayName": "Get", "method": "GET", "urlTemplate": "/o/{id}",
                       "templateParameters": [{ "name": "id", "type": "string", "required": true }] });
    let body = accepted(put(at, sent.clone()));
    let patched = accepted(patch(at, &body, json!({ "description": "x" })));
    let mut expected = sent;
    expected["description"] = json!("x");
    assert_eq!(shown(at, patched), expected);
    let mut targets = targets(put(
        at,
        json!({ "method": "G T", "urlTemplate": "/{a", "policies": "<policies/>",
        "templateParameters": [{ "nme": "x", "name": "id", "type": "string" }] }),
    ));
    targets.sort();
    assert_eq!(
        targets,
        [
            "displayName",
            "method",
            "policies",
            "templateParameters[0].nme",
            "urlTemplate"
        ]
    );
}
