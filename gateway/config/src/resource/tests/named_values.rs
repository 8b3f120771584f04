use super::*;

const AT: &str = "namedValues/sec";

fn secret() -> Body {
    accepted(put(
        AT,
        json!({ "displayName": "sec", "value": "s3cret", "secret": true }),
    ))
}

fn value_of(body: &Body) -> String {
    let Body::NamedValue(named_value) = body else {
        panic!()
    };
    named_value.value.to_string()
}

#[test]
fn a_secret_is_never_shown() {
    let shown = shown(AT, secret());
    assert_eq!(
        shown,
        json!({ "displayName": "sec", "secret": true, "provisioningState": "Succeeded" })
    );
    assert!(!format!("{:?}", secret()).contains("s3cret"));
}

#[test]
fn a_public_value_reads_back_as_it_was_sent() {
    let body = accepted(put(
        AT,
        json!({ "displayName": "a.b-c_1", "value": "AA,BB", "tags": ["mtls"] }),
    ));
    assert_eq!(
        shown(AT, body),
        json!({ "displayName": "a.b-c_1", "value": "AA,BB", "tags": ["mtls"], "secret": false,
                "provisioningState": "Succeeded" })
    );
}

#[test]
fn trap_a_put_of_a_secret_without_its_value_keeps_it() {
    let old = secret();
    for body in [
        json!({ "displayName": "sec", "secret": true, "tags": ["t"] }),
        json!({ "displayName": "sec" }),
        json!({ "displayName": "sec", "value": null, "secret": true }),
        shown(AT, secret()),
    ] {
        let kept = accepted(put_over(AT, Some(&old), body));
        assert_eq!(value_of(&kept), "s3cret");
        assert!(shown(AT, kept).get("value").is_none());
    }
}

#[test]
fn a_secret_does_not_become_public_without_being_sent_again() {
    let old = secret();
    refused_at(
        put_over(
            AT,
            Some(&old),
            json!({ "displayName": "sec", "secret": false }),
        ),
        "value",
        "required",
    );
    refused_at(
        patch(AT, &old, json!({ "secret": false })),
        "value",
        "required",
    );
    let public = accepted(patch(AT, &old, json!({ "secret": false, "value": "new" })));
    assert_eq!(shown(AT, public)["value"], "new");
}

#[test]
fn a_patch_merges_and_keeps_what_it_does_not_name() {
    let patched = accepted(patch(AT, &secret(), json!({ "tags": ["x"] })));
    assert_eq!(value_of(&patched), "s3cret");
    let patched = accepted(patch(AT, &patched, json!({ "value": "new" })));
    assert_eq!(value_of(&patched), "new");
    assert_eq!(shown(AT, patched)["tags"], json!(["x"]));
}

#[test]
fn a_value_is_required_where_none_is_kept() {
    refused_at(put(AT, json!({ "displayName": "a" })), "value", "required");
    refused_at(
        put(AT, json!({ "displayName": "a", "secret": true })),
        "value",
        "required",
    );
    let public = accepted(put(AT, json!({ "displayName": "a", "value": "x" })));
    refused_at(
        put_over(AT, Some(&public), json!({ "displayName": "a" })),
        "value",
        "required",
    );
}

#[test]
fn all_problems_are_reported_at_once_by_property() {
    let outcome = put(
        AT,
        json!({ "displayName": "no spaces", "value": "  ", "secret": "yes", "tags": ["a", 1], "vlaue": 1,
                "keyVault": { "secretIdentifier": "x" } }),
    );
    let mut targets = targets(outcome);
    targets.sort();
    assert_eq!(
        targets,
        [
            "displayName",
            "keyVault",
            "secret",
            "tags[1]",
            "value",
            "vlaue"
        ]
    );
}

#[test]
fn bad_names_lengths_and_shapes_are_refused() {
    let ok = json!({ "displayName": "a", "value": "x" });
    refused_at(
        put(AT, json!({ "displayName": "no spaces", "value": "x" })),
        "displayName",
        "only letters",
    );
    refused_at(
        put(AT, json!({ "displayName": "a", "value": "x".repeat(4097) })),
        "value",
        "4097",
    );
    refused_at(
        put(AT, json!({ "displayName": "", "value": "x" })),
        "displayName",
        "1 to 256",
    );
    refused_at(
        put(AT, json!({ "displayName": "a", "value": "x", "valu": 1 })),
        "valu",
        "Did you mean `value`?",
    );
    refused_at(put("namedValues/a*b", ok.clone()), "name", "`*`");
    refused_at(
        put(&format!("namedValues/{}", "a".repeat(257)), ok.clone()),
        "name",
        "257",
    );
    refused_at(take(Mode::Put, AT, None, &json!([])), "", "object");
    refused_at(
        take(Mode::Put, AT, None, &json!({})),
        "properties",
        "required",
    );
    refused_at(
        take(Mode::Put, AT, None, &json!({ "properties": 1 })),
        "properties",
        "object",
    );
    refused_at(
        take(
            Mode::Put,
            AT,
            None,
            &json!({ "properties": ok, "propertees": {} }),
        ),
        "propertees",
        "`properties`",
    );
    refused_at(
        patch(AT, &secret(), json!({ "nothing": null })),
        "nothing",
        "not a known property",
    );
}

#[test]
fn an_envelope_that_was_read_may_be_sent_back() {
    let body = json!({
        "id": "/subscriptions/x", "name": "sec", "type": "Microsoft.ApiManagement/service/namedValues",
        "properties": { "displayName": "sec", "value": "x", "provisioningState": "Succeeded", "warnings": [] }
    });
    accepted(take(Mode::Put, AT, None, &body));
}
