//! `mock-response`, `authentication-basic`, `emit-metric` and `log-to-eventhub`: what they do, and what
//! is refused when they are saved. Expectations are the documentation's pages of these policies.

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

use bytes::Bytes;
use gateway_policy::context::{Context, DocumentedResponse, Operation, Representation};
use gateway_policy::host::LoggerMessage;
use support::*;

/// The request of an operation that documents two media types for 200 and none for 404.
fn documented() -> Context {
    let representation = |content_type: &str, examples: &[&'static str]| Representation {
        content_type: content_type.into(),
        examples: examples
            .iter()
            .map(|e| Bytes::from_static(e.as_bytes()))
            .collect(),
    };
    let mut context = context();
    let operation = Operation::clone(context.operation.as_ref().unwrap());
    context.operation = Some(Arc::new(Operation {
        responses: vec![
            DocumentedResponse {
                status: 200,
                headers: Vec::new(),
                representations: vec![
                    representation(
                        "application/json; charset=utf-8",
                        &["{\"id\":1}", "{\"id\":2}"],
                    ),
                    representation("text/xml", &["<order/>"]),
                ],
            },
            DocumentedResponse {
                status: 404,
                headers: Vec::new(),
                representations: Vec::new(),
            },
        ],
        ..operation
    }));
    context
}

#[test]
fn a_mocked_response_is_the_example_for_the_status_and_the_media_type() {
    const JSON: &str = "application/json; charset=utf-8";
    for (attributes, status, content_type, body) in [
        ("", 200, Some(JSON), "{\"id\":1}"),
        ("index=\"1\"", 200, Some(JSON), "{\"id\":2}"),
        ("index=\"2\"", 200, Some(JSON), ""),
        (
            "content-type=\"text/xml\"",
            200,
            Some("text/xml"),
            "<order/>",
        ),
        (
            "content-type=\"Application/JSON\"",
            200,
            Some("Application/JSON"),
            "{\"id\":1}",
        ),
        ("content-type=\"text/html\"", 200, Some("text/html"), ""),
        ("status-code=\"404\"", 404, None, ""),
        (
            "status-code=\"201\" content-type=\"text/xml\"",
            201,
            Some("text/xml"),
            "",
        ),
    ] {
        // Neither what follows nor the backend nor outbound is run.
        let source = format!(
            "<inbound><mock-response {attributes}/><set-header name=\"x\"><value>1</value></set-header></inbound><outbound><set-status code=\"500\"/></outbound>"
        );
        let ended = run(&program(&source), documented(), &World::default());
        assert_eq!(
            (
                ended.status,
                ended.header("content-type"),
                ended.body.as_str(),
                ended.forwarded()
            ),
            (status, content_type, body, false),
            "{attributes}"
        );
    }
}

#[test]
fn a_mocked_response_needs_no_documented_operation() {
    let ended = run(&program("<mock-response/>"), context(), &World::default());
    assert_eq!((ended.status, ended.body.as_str()), (200, ""));
    let mut nowhere = context();
    nowhere.operation = None;
    let ended = run(
        &program("<mock-response status-code=\"503\"/>"),
        nowhere,
        &World::default(),
    );
    assert_eq!(ended.status, 503);
}

#[test]
fn a_mocked_response_takes_no_expressions() {
    for (source, code) in [
        (
            "<mock-response status-code=\"@(200)\"/>",
            "ExpressionNotAllowed",
        ),
        ("<mock-response status-code=\"code\"/>", "InvalidValue"),
        ("<mock-response content-type=\"json\"/>", "InvalidValue"),
        ("<mock-response index=\"-1\"/>", "InvalidValue"),
        ("<mock-response status=\"200\"/>", "UnknownAttribute"),
    ] {
        assert_eq!(codes(&errors(source)), [code], "{source}");
    }
}

#[test]
fn basic_credentials_are_those_of_the_standards_example() {
    // RFC 7617 section 2: user "Aladdin", password "open sesame".
    let source = "<set-variable name=\"who\" value=\"Aladdin\"/><authentication-basic username=\"@((string)context.Variables[&quot;who&quot;])\" password=\"open sesame\"/>";
    let ended = run(&program(source), context(), &World::default());
    let sent = &ended.context.request.headers["authorization"];
    assert_eq!(sent.to_str().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert!(sent.is_sensitive());
    // RFC 7617 section 2.1: UTF-8 ("test", "123£").
    let source = "<authentication-basic username=\"test\" password=\"123£\"/>";
    let ended = run(&program(source), context(), &World::default());
    assert_eq!(
        ended.context.request.headers["authorization"]
            .to_str()
            .unwrap(),
        "Basic dGVzdDoxMjPCow=="
    );
}

#[test]
fn a_user_name_with_a_colon_is_refused_before_it_becomes_a_password() {
    let literal = "<authentication-basic username=\"a:b\" password=\"c\"/>";
    assert_eq!(codes(&errors(literal)), ["InvalidValue"]);
    let computed = "<authentication-basic username=\"@(&quot;a:&quot; + &quot;b&quot;)\" password=\"secret\"/>";
    let ended = run(&program(computed), context(), &World::default());
    assert_eq!(&*ended.error().reason, "InvalidCredentials");
    assert!(!ended.body.contains("secret") && !ended.error().message.contains("secret"));
    assert_eq!(
        codes(&errors("<authentication-basic username=\"a\"/>")),
        ["MissingAttribute"]
    );
}

#[test]
fn a_metric_carries_its_value_and_its_dimensions_with_the_documented_defaults() {
    let source = "<emit-metric name=\"calls\" value=\"@(1.5 + 1)\" namespace=\"mine\">\
        <dimension name=\"API ID\"/><dimension name=\"Operation ID\"/><dimension name=\"Subscription ID\"/>\
        <dimension name=\"Location\"/><dimension name=\"caller\" value=\"@(context.Request.IpAddress)\"/></emit-metric>\
        <emit-metric name=\"plain\"><dimension name=\"User ID\" value=\"me\"/></emit-metric>";
    let world = World::default();
    run(&program(source), context(), &world);
    let metrics = world.metrics.lock().unwrap();
    let pairs: Vec<(&str, &str)> = metrics[0]
        .dimensions
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        (&*metrics[0].namespace, &*metrics[0].name, metrics[0].value),
        ("mine", "calls", 2.5)
    );
    assert_eq!(
        pairs,
        [
            ("API ID", "orders"),
            ("Operation ID", "get-order"),
            ("Subscription ID", ""),
            ("Location", "here"),
            ("caller", "10.1.2.3"),
        ]
    );
    assert_eq!(
        (&*metrics[1].namespace, &*metrics[1].name, metrics[1].value),
        ("API Management", "plain", 1.0)
    );
}

#[test]
fn a_metric_that_is_no_number_fails_and_one_without_dimensions_is_refused() {
    for code in ["double.NaN", "1.0 / 0.0", "&quot;many&quot;"] {
        let source = format!(
            "<emit-metric name=\"m\" value=\"@({code})\"><dimension name=\"API ID\"/></emit-metric>"
        );
        let world = World::default();
        let ended = run(&program(&source), context(), &world);
        assert_eq!(&*ended.error().reason, "ExpressionValueEvaluationFailure");
        assert!(world.metrics.lock().unwrap().is_empty());
    }
    for (source, code) in [
        ("<emit-metric name=\"m\"/>", "MissingElement"),
        (
            "<emit-metric name=\"m\"><dimension name=\"mine\"/></emit-metric>",
            "MissingAttribute",
        ),
        (
            "<emit-metric name=\"@(1)\"><dimension name=\"API ID\"/></emit-metric>",
            "ExpressionNotAllowed",
        ),
        (
            "<emit-metric name=\"m\" value=\"inf\"><dimension name=\"API ID\"/></emit-metric>",
            "InvalidValue",
        ),
    ] {
        assert_eq!(codes(&errors(source)), [code], "{source}");
    }
    let many = format!(
        "<emit-metric name=\"m\">{}</emit-metric>",
        "<dimension name=\"a\" value=\"b\"/>".repeat(11)
    );
    assert_eq!(codes(&errors(&many)), ["TooManyElements"]);
}

#[test]
fn a_message_goes_to_the_logger_with_its_partition() {
    let source = "<log-to-eventhub logger-id=\"events\" partition-id=\"0\">@(context.Request.Method + &quot; &quot; + context.Api.Id)</log-to-eventhub>\
        <log-to-eventhub logger-id=\"events\" partition-key=\"@(context.Request.IpAddress)\">plain text</log-to-eventhub>";
    let world = World::default();
    let ended = run(&program(source), context(), &world);
    assert!(ended.forwarded(), "{:?}", ended.last_error);
    let message = |text: &str, id: Option<&str>, key: Option<&str>| {
        let message = LoggerMessage {
            text: text.to_owned(),
            partition_id: id.map(Into::into),
            partition_key: key.map(str::to_owned),
        };
        ("events".to_owned(), message)
    };
    assert_eq!(
        *world.logged.lock().unwrap(),
        [
            message("GET orders", Some("0"), None),
            message("plain text", None, Some("10.1.2.3")),
        ]
    );
}

#[test]
fn a_message_of_more_than_200_kilobytes_is_cut_between_two_characters() {
    // 102,399 letters of two bytes and one of one byte before them: a cut at 204,800 is in the middle.
    let source = "<log-to-eventhub logger-id=\"events\">@(&quot;a&quot; + new string('é', 120000))</log-to-eventhub>";
    let world = World::default();
    let ended = run(&program(source), context(), &world);
    assert!(ended.forwarded(), "{:?}", ended.last_error);
    let logged = world.logged.lock().unwrap();
    assert_eq!(logged[0].1.text.len(), 204_799);
}

#[test]
fn a_logger_that_does_not_exist_refuses_the_document() {
    let source = "<log-to-eventhub logger-id=\"event\">x</log-to-eventhub>";
    let found = errors(source);
    assert_eq!(codes(&found), ["UnknownReference"]);
    assert_eq!(
        found[0].message,
        "There is no logger 'event'. Did you mean 'events'?"
    );
    let both = "<log-to-eventhub logger-id=\"events\" partition-id=\"1\" partition-key=\"k\">x</log-to-eventhub>";
    assert_eq!(codes(&errors(both)), ["InvalidAttributes"]);
    let number = "<log-to-eventhub logger-id=\"events\" partition-id=\"first\">x</log-to-eventhub>";
    assert_eq!(codes(&errors(number)), ["InvalidValue"]);
}
