//! Policies that make another body of a body.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use bytes::Bytes;
use gateway_policy::context::{Body, Context};
use gateway_policy::execution::Step;
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use support::*;

/// A request with a body and its type.
fn posting(body: &'static str, media_type: &'static str) -> Context {
    let mut context = context();
    context.request.body = Body::Bytes(Bytes::from_static(body.as_bytes()));
    let headers = &mut context.request.headers;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    context
}

fn accepting(mut context: Context, accept: &'static str) -> Context {
    let accept = HeaderValue::from_static(accept);
    context.request.headers.insert(ACCEPT, accept);
    context
}

/// The body and headers of the request as forwarded after `policies` ran in inbound.
#[track_caller]
fn forwarded(policies: &str, context: Context) -> (String, HeaderMap) {
    let ended = run(&program(policies), context, &World::default());
    assert!(ended.forwarded(), "{policies}: {:?}", ended.last_error);
    let body = match ended.context.request.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        _ => String::new(),
    };
    (body, ended.context.request.headers)
}

/// The answer after `policies` ran in outbound over this body of the backend.
#[track_caller]
fn answered(policies: &str, body: &'static str, context: Context) -> Ended {
    run_with(
        &program(&format!("<outbound>{policies}</outbound>")),
        context,
        &World::default(),
        &Backend::Answers(200, body),
    )
}

#[test]
fn a_body_of_xml_can_be_read_changed_and_set_again() {
    let policy = "<set-body>@{
        var x = context.Request.Body.As<XElement>();
        x.Element(\"b\").Value = \"2\";
        return x.ToString(SaveOptions.DisableFormatting);
    }</set-body>";
    let (body, _) = forwarded(policy, posting("\u{feff}<a><b>1</b></a>", "text/xml"));
    assert_eq!(body, "<a><b>2</b></a>");
    let policy = "<set-body>@(context.Request.Body.As<XDocument>(true).Descendants().Count() + context.Request.Body.As<XNode>().NodeType.ToString())</set-body>";
    let (body, _) = forwarded(policy, posting("<a><b>1</b></a>", "text/xml"));
    assert_eq!(body, "2Element");
}

// find-and-replace

#[test]
fn find_and_replace_changes_every_place_in_the_body_of_its_section() {
    let policy = "<find-and-replace from=\"notebook\" to=\"laptop\"/>";
    let (body, headers) = forwarded(policy, posting("notebooknotebook, a note", "text/plain"));
    assert_eq!(body, "laptoplaptop, a note");
    assert_eq!(headers.get(CONTENT_LENGTH), None);
    assert_eq!(
        answered(policy, "one notebook", context()).body,
        "one laptop"
    );
}

#[test]
fn find_and_replace_takes_expressions_and_an_empty_replacement() {
    let policy = "<find-and-replace from=\"@(context.Api.Name)\" to=\"\"/>";
    let (body, _) = forwarded(policy, posting("my Orders here: Ördér", "text/plain"));
    assert_eq!(body, "my  here: Ördér");
}

#[test]
fn find_and_replace_reads_a_body_that_streams() {
    let mut context = context();
    context.request.body = Body::Streaming;
    let policy = "<find-and-replace from=\"a\" to=\"b\"/>";
    assert_eq!(forwarded(policy, context).0, "{\"b\":1}");
}

#[test]
fn find_and_replace_without_something_to_find_is_refused() {
    assert_eq!(
        codes(&errors("<find-and-replace from=\"\" to=\"x\"/>")),
        ["InvalidValue"]
    );
    assert_eq!(
        codes(&errors("<find-and-replace/>")),
        ["MissingAttribute", "MissingAttribute"]
    );
    let ended = answered(
        "<find-and-replace from=\"@(&quot;&quot;)\" to=\"x\"/>",
        "body",
        context(),
    );
    assert_eq!(
        (ended.step.clone(), &*ended.error().reason),
        (Step::Fail, "ExpressionValueEvaluationFailure")
    );
}

// redirect-content-urls

fn with_backend() -> Context {
    let mut context = context();
    let mut api = (**context.api.as_ref().unwrap()).clone();
    let mut backend = url("/v1", "");
    backend.host = "backend.example.org".into();
    backend.port = 8443;
    api.service_url = Some(backend);
    context.api = Some(api.into());
    context
}

#[test]
fn links_to_the_backend_become_links_to_the_gateway_and_others_stay() {
    let ended = answered(
        "<redirect-content-urls/>",
        "<https://backend.example.org:8443/v1/items/1> \"https://backend.example.org:8443/v1\" \
         https://backend.example.org:8443/v12 https://backend.example.org/v1",
        with_backend(),
    );
    assert_eq!(
        ended.body,
        "<https://gateway.example.com/orders/items/1> \"https://gateway.example.com/orders\" \
         https://backend.example.org:8443/v12 https://backend.example.org/v1"
    );
}

#[test]
fn in_a_request_links_to_the_gateway_become_links_to_the_backend() {
    let mut context = with_backend();
    let body = Bytes::from_static(b"{\"see\":\"https://gateway.example.com/orders/1\"}");
    context.request.body = Body::Bytes(body);
    assert_eq!(
        forwarded("<redirect-content-urls/>", context).0,
        "{\"see\":\"https://backend.example.org:8443/v1/1\"}"
    );
}

#[test]
fn links_follow_the_backend_that_a_policy_chose() {
    let source = "<policies><inbound><set-backend-service base-url=\"http://other.example.org\"/></inbound>\
                  <outbound><redirect-content-urls/></outbound></policies>";
    let ended = run_with(
        &program(source),
        with_backend(),
        &World::default(),
        &Backend::Answers(
            200,
            "http://other.example.org/a http://other.example.org.evil/a",
        ),
    );
    assert_eq!(
        ended.body,
        "https://gateway.example.com/orders/a http://other.example.org.evil/a"
    );
}

// jsonp

fn calling(query: &str) -> Context {
    let mut context = context();
    context.request.original_url.query = query.to_owned();
    context
}

const AS_JSON: &str = "<set-header name=\"Content-Type\" exists-action=\"override\"><value>application/json; charset=utf-8</value></set-header>";

#[test]
fn jsonp_wraps_a_json_response_in_a_call_of_the_named_function() {
    let policy = format!("{AS_JSON}<jsonp callback-parameter-name=\"cb\"/>");
    let ended = answered(&policy, "{\"a\":1}", calling("x=1&cb=my.handler%24"));
    assert_eq!(ended.body, "my.handler$({\"a\":1});");
    assert_eq!(
        ended.header("content-type"),
        Some("application/javascript; charset=utf-8")
    );
    let ended = answered(&policy, "{\"a\":1}", calling("x=1"));
    assert_eq!(ended.body, "{\"a\":1}");
    let plain = "<jsonp callback-parameter-name=\"cb\"/>";
    assert_eq!(answered(plain, "text", calling("cb=f")).body, "text");
}

#[test]
fn jsonp_lets_no_script_in_through_the_name_of_the_function() {
    let policy = format!("{AS_JSON}<jsonp callback-parameter-name=\"cb\"/>");
    for name in [
        "alert(1)//",
        "a;b",
        "1a",
        "",
        "a..b",
        "%3Cscript%3E",
        "a%0Ab",
    ] {
        let ended = answered(&policy, "{}", calling(&format!("cb={name}")));
        assert_eq!(
            (ended.status, ended.step.clone()),
            (400, Step::Fail),
            "{name}"
        );
        let error = ended.error();
        assert_eq!(&*error.reason, "CallbackParameterInvalid");
        assert_eq!(
            &*error.message,
            "Value of callback parameter cb is not a valid JavaScript identifier."
        );
    }
}

// cross-domain

const CROSS_DOMAIN: &str = "<cross-domain><cross-domain-policy><allow-http-request-headers-from domain='*' headers='X-A'/></cross-domain-policy></cross-domain>";

#[test]
fn cross_domain_answers_for_the_policy_file_and_lets_others_pass() {
    let mut context = context();
    context.request.original_url.path = "/crossdomain.xml".to_owned();
    let ended = run(&program(CROSS_DOMAIN), context, &World::default());
    assert!(!ended.forwarded());
    assert_eq!(
        (ended.status, ended.header("content-type")),
        (200, Some("text/x-cross-domain-policy"))
    );
    assert_eq!(
        ended.body,
        "<?xml version=\"1.0\"?><cross-domain-policy><allow-http-request-headers-from domain=\"*\" \
         headers=\"X-A\" /></cross-domain-policy>"
    );
    let marked =
        format!("{CROSS_DOMAIN}<set-header name=\"after\"><value>yes</value></set-header>");
    let (_, headers) = forwarded(&marked, self::context());
    assert_eq!(headers.get("after").unwrap(), "yes");
}

#[test]
fn what_no_policy_file_has_is_refused_in_cross_domain() {
    assert_eq!(codes(&errors("<cross-domain/>")), ["MissingElement"]);
    assert_eq!(
        codes(&errors(
            "<cross-domain><cross-domain-policy><allow/></cross-domain-policy></cross-domain>"
        )),
        ["UnknownElement"]
    );
}

// xml-to-json

/// The JSON of a request's XML.
#[track_caller]
fn json(attributes: &str, xml: &'static str) -> String {
    let policy =
        format!("<xml-to-json apply=\"always\" consider-accept-header=\"false\" {attributes}/>");
    let (body, headers) = forwarded(&policy, posting(xml, "text/xml"));
    assert_eq!(headers.get(CONTENT_TYPE).unwrap(), "application/json");
    body
}

#[test]
fn xml_becomes_json_as_newtonsoft_converts_it() {
    // Newtonsoft documentation, "Converting between JSON and XML": attributes have an @, single
    // elements are properties, repeated ones an array, text beside attributes is #text.
    for (xml, expected) in [
        ("<a>x</a>", "{\"a\":\"x\"}"),
        ("<a/>", "{\"a\":null}"),
        ("<a></a>", "{\"a\":\"\"}"),
        ("<a id=\"1\"/>", "{\"a\":{\"@id\":\"1\"}}"),
        (
            "<a id=\"1\">x</a>",
            "{\"a\":{\"@id\":\"1\",\"#text\":\"x\"}}",
        ),
        (
            "<a><b>1</b><c>2</c><b>3</b></a>",
            "{\"a\":{\"b\":[\"1\",\"3\"],\"c\":\"2\"}}",
        ),
        ("<a>\n  <b>\"q\\</b>\n</a>", "{\"a\":{\"b\":\"\\\"q\\\\\"}}"),
        (
            "<a><![CDATA[<x>]]></a>",
            "{\"a\":{\"#cdata-section\":\"<x>\"}}",
        ),
        ("<a><!-- note --><b/></a>", "{\"a\":{\"b\":null}}"),
    ] {
        assert_eq!(json("kind=\"direct\"", xml), expected, "{xml}");
    }
}

#[test]
fn prefixes_and_the_declaration_appear_as_the_gateway_of_azure_writes_them() {
    // Observed of APIM: dev.fyicenter.com, "'xml-to-json' Policy Statement".
    assert_eq!(
        json(
            "kind=\"direct\"",
            "<?xml version=\"1.0\"?>\n<soap:Envelope xmlns=\"http://example.com/\" \
             xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><GetOrders>\
             <Customer>1234567</Customer></GetOrders></soap:Body></soap:Envelope>"
        ),
        "{\"version\":\"1.0\",\"soap$Envelope\":{\"@xmlns\":\"http://example.com/\",\
         \"@xmlns$soap\":\"http://schemas.xmlsoap.org/soap/envelope/\",\"soap$Body\":{\
         \"GetOrders\":{\"Customer\":\"1234567\"}}}}"
    );
}

#[test]
fn child_elements_are_always_in_arrays_if_the_policy_says_so() {
    assert_eq!(
        json(
            "kind=\"direct\" always-array-child-elements=\"true\"",
            "<a><b><c>1</c></b></a>"
        ),
        "{\"a\":{\"b\":[{\"c\":[\"1\"]}]}}"
    );
}

#[test]
fn names_for_javascript_need_no_brackets() {
    assert_eq!(
        json("kind=\"javascript-friendly\"", "<a id=\"1\">x</a>"),
        "{\"a\":{\"$id\":\"1\",\"$text\":\"x\"}}"
    );
}

#[test]
fn xml_is_converted_only_as_content_type_and_accept_ask() {
    let policy = |apply: &str, accept: bool| {
        format!(
            "<xml-to-json kind=\"direct\" apply=\"{apply}\" consider-accept-header=\"{accept}\"/>"
        )
    };
    let cases = [
        (
            "content-type-xml",
            false,
            "application/soap+xml",
            "*/*",
            true,
        ),
        ("content-type-xml", false, "text/plain", "*/*", false),
        ("always", false, "text/plain", "*/*", true),
        ("always", true, "text/xml", "application/json", true),
        (
            "always",
            true,
            "text/xml",
            "text/html, application/json;q=0.5",
            true,
        ),
        ("always", true, "text/xml", "application/json;q=0", false),
        ("always", true, "text/xml", "*/*", false),
    ];
    for (apply, accept, media_type, accepted, converted) in cases {
        let context = accepting(posting("<a/>", media_type), accepted);
        let (body, _) = forwarded(&policy(apply, accept), context);
        let expected = if converted { "{\"a\":null}" } else { "<a/>" };
        assert_eq!(body, expected, "{apply} {accept} {media_type} {accepted}");
    }
}

#[test]
fn a_body_that_is_no_xml_is_the_senders_fault() {
    let policy = "<xml-to-json kind=\"direct\" apply=\"always\" consider-accept-header=\"false\"/>";
    let ended = run(
        &program(policy),
        posting("<a>", "text/xml"),
        &World::default(),
    );
    assert_eq!((ended.status, ended.forwarded()), (400, false));
    assert_eq!(&*ended.error().reason, "TransformationFailed");
    let ended = answered(policy, "no xml", context());
    assert_eq!(ended.status, 500);
    assert!(!ended.body.contains("root level"), "{}", ended.body);
    let message = &ended.error().message;
    assert!(
        message.contains("Data at the root level is invalid. Line 1, position 1."),
        "{message}"
    );
}

#[test]
fn entities_and_depth_cannot_exhaust_the_gateway() {
    let policy = "<xml-to-json kind=\"direct\" apply=\"always\" consider-accept-header=\"false\"/>";
    for xml in [
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x \"lol\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>",
    ] {
        let ended = run(
            &program(policy),
            posting(xml, "text/xml"),
            &World::default(),
        );
        assert_eq!(ended.status, 400, "{xml}");
        let message = &ended.error().message;
        assert!(message.contains("DTD is prohibited"), "{message}");
    }
    let deep = "<a>".repeat(100_000);
    let ended = run(
        &program(policy),
        posting(Box::leak(deep.into_boxed_str()), "text/xml"),
        &World::default(),
    );
    assert_eq!(&*ended.error().reason, "ExpressionValueEvaluationFailure");
    assert!(ended.error().message.contains("limit of"));
}

#[test]
fn attributes_of_the_conversions_are_checked() {
    assert_eq!(
        codes(&errors("<xml-to-json kind=\"other\" apply=\"never\"/>")),
        ["InvalidValue", "InvalidValue"]
    );
    assert_eq!(
        codes(&errors("<xml-to-json/>")),
        ["MissingAttribute", "MissingAttribute"]
    );
    assert_eq!(
        codes(&errors(
            "<json-to-xml apply=\"always\" parse-date=\"@(true)\"/>"
        )),
        ["ExpressionNotAllowed"]
    );
    assert_eq!(
        codes(&errors("<json-to-xml apply=\"always\" separator=\":\"/>")),
        ["UnknownAttribute"]
    );
}

// json-to-xml

/// The XML of a request's JSON.
#[track_caller]
fn xml(attributes: &str, json: &'static str) -> String {
    let policy =
        format!("<json-to-xml apply=\"always\" consider-accept-header=\"false\" {attributes}/>");
    let (body, headers) = forwarded(&policy, posting(json, "application/json"));
    assert_eq!(headers.get(CONTENT_TYPE).unwrap(), "application/xml");
    body
}

#[test]
fn json_becomes_xml_as_the_gateway_of_azure_writes_it() {
    // Observed of APIM: dev.fyicenter.com, "'json-to-xml' Azure API Policy Statement".
    assert_eq!(
        xml(
            "",
            "{\"isAlive\":true,\"age\":25,\"address\":{\"city\":\"New York\"},\"phoneNumbers\":[\
             {\"type\":\"home\"},{\"type\":\"mobile\"}],\"children\":[],\"spouse\":null}"
        ),
        "<Document><isAlive>True</isAlive><age>25</age><address><city>New York</city></address>\
         <phoneNumbers><type>home</type></phoneNumbers><phoneNumbers><type>mobile</type>\
         </phoneNumbers><children /><spouse xsi:nil=\"true\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" /></Document>"
    );
}

#[test]
fn what_json_says_cannot_become_markup() {
    assert_eq!(
        xml("", "{\"a<b\":\"</a><x>\",\"two words\":\"\\u0001&\"}"),
        "<Document><a_x003C_b>&lt;/a&gt;&lt;x&gt;</a_x003C_b><two_x0020_words>&amp;</two_x0020_words></Document>"
    );
}

#[test]
fn namespaces_and_attributes_come_from_the_properties_that_the_policy_names() {
    assert_eq!(
        xml(
            "namespace-separator=\":\" namespace-prefix=\"xmlns\" attribute-block-name=\"#attrs\"",
            "{\"xmlns:s\":\"urn:s\",\"xmlns\":\"urn:d\",\"s:a\":{\"#attrs\":{\"id\":7,\"s:k\":\"\\\"v\\\"\"},\"b\":1},\"t:c\":2}"
        ),
        "<Document xmlns:s=\"urn:s\" xmlns=\"urn:d\"><s:a id=\"7\" s:k=\"&quot;v&quot;\"><b>1</b></s:a>\
         <t_x003A_c>2</t_x003A_c></Document>"
    );
    // Without a declared prefix the default separator is a character like others.
    assert_eq!(
        xml("", "{\"first_name\":\"x\"}"),
        "<Document><first_name>x</first_name></Document>"
    );
}

#[test]
fn dates_stay_as_they_are_if_the_policy_says_so() {
    let date = "{\"at\":\"2020-12-31T10:20:30Z\",\"n\":\"20201231\"}";
    assert_eq!(
        xml("parse-date=\"false\"", date),
        "<Document><at>2020-12-31T10:20:30Z</at><n>20201231</n></Document>"
    );
    assert_eq!(
        xml("", date),
        "<Document><at>12/31/2020 10:20:30</at><n>20201231</n></Document>"
    );
}

#[test]
fn json_that_is_none_and_json_too_deep_are_refused() {
    let policy = "<json-to-xml apply=\"content-type-json\" consider-accept-header=\"false\"/>";
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    for body in ["{", &*Box::leak(deep.into_boxed_str())] {
        let ended = run(
            &program(policy),
            posting(body, "application/json"),
            &World::default(),
        );
        assert_eq!(ended.status, 400);
        assert_eq!(&*ended.error().reason, "TransformationFailed");
    }
    let (body, _) = forwarded(policy, posting("{", "text/plain"));
    assert_eq!(body, "{");
}
