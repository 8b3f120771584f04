//! `validate-parameters`, `validate-headers` and `validate-status-code`. Expectations are the
//! documentation's pages of these policies and its table of validation errors.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::sync::Arc;

use gateway_policy::context::{
    Context, DocumentedParameter, DocumentedRequest, DocumentedResponse, Operation,
};
use support::*;

const INTERNAL: &str =
    "The request could not be processed due to an internal error. Contact the API owner.";

fn parameter(name: &str, kind: &str) -> DocumentedParameter {
    DocumentedParameter {
        name: name.into(),
        kind: kind.into(),
        ..DocumentedParameter::default()
    }
}

/// An operation `/{id}` with an integer in its path, `x` of two values and an optional array `tag` in
/// its query, and `200` with an integer header.
fn documented(query: &str, id: &str) -> Context {
    let mut context = context();
    context.request.original_url.query = query.to_owned();
    context.request.matched_parameters = vec![("id".into(), id.to_owned())];
    let operation = Operation::clone(context.operation.as_ref().unwrap());
    let x = DocumentedParameter {
        required: true,
        values: vec!["1".into(), "2".into()],
        ..parameter("x", "string")
    };
    let defined = DocumentedParameter {
        definition: Some("T".into()),
        ..parameter("defined", "object")
    };
    context.operation = Some(Arc::new(Operation {
        template_parameters: vec![parameter("id", "integer")],
        request: DocumentedRequest {
            headers: vec![parameter("x-count", "integer")],
            query: vec![x, parameter("tag", "array"), defined],
        },
        responses: vec![DocumentedResponse {
            status: 200,
            headers: vec![parameter("x-left", "integer")],
            representations: Vec::new(),
        }],
        ..operation
    }));
    context
}

const PARAMETERS: &str = "<inbound><validate-parameters specified-parameter-action=\"prevent\" unspecified-parameter-action=\"prevent\"/><return-response/></inbound>";

#[test]
fn a_request_must_be_as_the_operation_documents_it() {
    for (query, id, says) in [
        ("x=1", "17", None),
        ("X=2&tag=a&tag=b", "-17", None),
        ("x=%31", "17", None),
        (
            "x=3",
            "17",
            Some("Value of the query parameter x does not conform to the definition."),
        ),
        (
            "x=1&x=2",
            "17",
            Some("Request cannot contain multiple values for the query parameter x."),
        ),
        (
            "x=1&y=2",
            "17",
            Some("Unspecified query parameter y is not allowed."),
        ),
        (
            "x=1&%79=2",
            "17",
            Some("Unspecified query parameter y is not allowed."),
        ),
        (
            "x=1",
            "a",
            Some("Value of the path parameter id cannot be parsed according to the definition."),
        ),
        ("x=1", "%31%37", None),
        (
            "",
            "17",
            Some("Request must contain the query parameter x."),
        ),
        ("x=1&defined=a", "17", Some(INTERNAL)),
    ] {
        let ended = run(
            &program(PARAMETERS),
            documented(query, id),
            &World::default(),
        );
        match says {
            None => assert_eq!(ended.status, 200, "{query} {id}: {}", ended.body),
            Some(says) => {
                assert_eq!(ended.status, 400, "{query} {id}");
                assert!(ended.body.contains(says), "{query} {id}: {}", ended.body);
            }
        }
    }
}

#[test]
fn headers_are_parameters_too_and_a_named_one_has_its_own_action() {
    let source = "<inbound><validate-parameters specified-parameter-action=\"prevent\" unspecified-parameter-action=\"ignore\"><headers unspecified-parameter-action=\"prevent\"><parameter name=\"X-Free\" action=\"ignore\"/></headers></validate-parameters><return-response/></inbound>";
    for (name, value, status) in [
        ("x-count", "3", 200),
        ("x-count", "three", 400),
        ("x-free", "any", 200),
        ("x-other", "any", 400),
    ] {
        let mut context = documented("x=1&unknown=1", "17");
        let header = http::HeaderName::from_static(name);
        context
            .request
            .headers
            .insert(header, value.parse().unwrap());
        let ended = run(&program(source), context, &World::default());
        assert_eq!(ended.status, status, "{name}: {value}: {}", ended.body);
    }
}

#[test]
fn what_is_only_detected_is_in_the_variable_and_the_request_goes_on() {
    let source = "<inbound><validate-parameters specified-parameter-action=\"prevent\" unspecified-parameter-action=\"@(&quot;det&quot; + &quot;ect&quot;)\" errors-variable-name=\"e\"/><return-response><set-body>@(((JArray)context.Variables[\"e\"])[0].ToString(Newtonsoft.Json.Formatting.None))</set-body></return-response></inbound>";
    let ended = run(
        &program(source),
        documented("x=1&y=2", "17"),
        &World::default(),
    );
    assert_eq!(ended.status, 200);
    assert_eq!(
        ended.body,
        r#"{"Name":"y","Type":"QueryParameter","ValidationRule":"Unspecified","Details":"Unspecified query parameter y is not allowed.","Action":"detect"}"#
    );
}

#[test]
fn a_prevented_request_fails_with_the_reason_and_the_details() {
    let source = "<inbound><validate-parameters specified-parameter-action=\"prevent\" unspecified-parameter-action=\"prevent\"/></inbound><on-error><set-body>@(context.LastError.Source + \"|\" + context.LastError.Reason + \"|\" + context.LastError.Message)</set-body></on-error>";
    let ended = run(
        &program(source),
        documented("x=1&defined=a", "17"),
        &World::default(),
    );
    assert_eq!(
        ended.body,
        "validate-parameters|Bad request|API's schema does not contain definition T, which is associated with the query parameter defined."
    );
}

/// Outbound policies over a response with this status and these headers.
fn outbound(policies: &str, status: u16, headers: &[(&str, &str)]) -> Ended {
    let set: String = headers
        .iter()
        .map(|(name, value)| {
            format!("<set-header name=\"{name}\"><value>{value}</value></set-header>")
        })
        .collect();
    let source = format!("<outbound><set-status code=\"{status}\"/>{set}{policies}</outbound>");
    run(
        &program(&source),
        documented("x=1", "17"),
        &World::default(),
    )
}

#[test]
fn a_status_code_that_is_not_documented_is_stopped_unless_it_is_named() {
    const POLICY: &str = "<validate-status-code unspecified-status-code-action=\"prevent\"><status-code code=\"404\" action=\"ignore\"/></validate-status-code>";
    assert_eq!(outbound(POLICY, 200, &[]).status, 200);
    assert_eq!(outbound(POLICY, 404, &[]).status, 404);
    let stopped = outbound(POLICY, 418, &[]);
    assert_eq!(stopped.status, 502);
    assert!(stopped.body.contains(INTERNAL), "{}", stopped.body);
    // What is documented is not touched by an action of its own.
    const NAMED: &str = "<validate-status-code unspecified-status-code-action=\"ignore\"><status-code code=\"200\" action=\"prevent\"/></validate-status-code>";
    assert_eq!(outbound(NAMED, 200, &[]).status, 200);
}

#[test]
fn a_responses_headers_must_be_as_documented_for_its_status() {
    const POLICY: &str = "<validate-headers specified-header-action=\"prevent\" unspecified-header-action=\"prevent\"><header name=\"Content-Type\" action=\"ignore\"/><header name=\"X-Backend\" action=\"ignore\"/></validate-headers>";
    for (name, value, status) in [
        ("X-Left", "3", 200),
        ("X-Left", "few", 502),
        ("X-Backend", "any", 200),
        ("X-Other", "any", 502),
    ] {
        let ended = outbound(POLICY, 200, &[(name, value)]);
        assert_eq!(ended.status, status, "{name}: {value}: {}", ended.body);
    }
}

#[test]
fn what_cannot_be_an_action_or_is_missing_refuses_the_document() {
    for (source, code) in [
        (
            "<outbound><validate-status-code/></outbound>",
            "MissingAttribute",
        ),
        (
            "<outbound><validate-status-code unspecified-status-code-action=\"allow\"/></outbound>",
            "InvalidValue",
        ),
        (
            "<outbound><validate-headers specified-header-action=\"ignore\"/></outbound>",
            "MissingAttribute",
        ),
        (
            "<inbound><validate-parameters specified-parameter-action=\"ignore\" unspecified-parameter-action=\"ignore\"><body/></validate-parameters></inbound>",
            "UnknownElement",
        ),
        (
            "<inbound><validate-parameters specified-parameter-action=\"ignore\" unspecified-parameter-action=\"ignore\"><path unspecified-parameter-action=\"ignore\"/></validate-parameters></inbound>",
            "UnknownAttribute",
        ),
        (
            "<inbound><validate-parameters specified-parameter-action=\"ignore\" unspecified-parameter-action=\"ignore\"><path/><path/></validate-parameters></inbound>",
            "DuplicateElement",
        ),
    ] {
        assert_eq!(codes(&errors(source)), [code], "{source}");
    }
}
