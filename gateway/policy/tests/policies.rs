//! What each policy does.

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

use gateway_policy::context::{Body, Context};
use gateway_policy::execution::{CertificateChoice, Step, Target};
use gateway_policy::host::TraceSeverity;
use http::header::HeaderValue;
use support::*;

/// The request as forwarded after `policies` ran in inbound.
#[track_caller]
fn inbound(policies: &str, context: Context) -> Ended {
    let ended = run(&program(policies), context, &World::default());
    assert!(ended.forwarded(), "{policies}: {:?}", ended.last_error);
    ended
}

/// The answer after `policies` ran in outbound over the backend's response.
#[track_caller]
fn outbound(policies: &str) -> Ended {
    run(
        &program(&format!("<outbound>{policies}</outbound>")),
        context(),
        &World::default(),
    )
}

fn with_header(name: &'static str, values: &[&'static str]) -> Context {
    let mut context = context();
    for value in values {
        context
            .request
            .headers
            .append(name, HeaderValue::from_static(value));
    }
    context
}

fn lines(ended: &Ended, name: &str) -> Vec<String> {
    let headers = ended.context.request.headers.get_all(name);
    headers
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

// choose

#[test]
fn choose_takes_the_first_condition_that_holds_and_else_otherwise() {
    let policy = |first: bool, second: bool| {
        let mark = |v: &str| {
            format!(
                "<set-header name=\"took\" exists-action=\"append\"><value>{v}</value></set-header>"
            )
        };
        format!(
            "<choose><when condition=\"{first}\">{}</when><when condition=\"{second}\">{}</when><otherwise>{}</otherwise></choose>{}",
            mark("first"),
            mark("second"),
            mark("otherwise"),
            mark("after")
        )
    };
    for (first, second, expected) in [
        (true, true, "first,after"),
        (false, true, "second,after"),
        (false, false, "otherwise,after"),
    ] {
        assert_eq!(
            lines(&inbound(&policy(first, second), context()), "took"),
            [expected]
        );
    }
}

#[test]
fn a_condition_that_is_no_boolean_fails() {
    let ended = run(
        &program(
            "<set-variable name=\"x\" value=\"true\"/><choose><when condition=\"@(context.Variables[&quot;x&quot;])\"/></choose>",
        ),
        context(),
        &World::default(),
    );
    assert_eq!(
        (ended.step.clone(), &*ended.error().reason),
        (Step::Fail, "ExpressionValueEvaluationFailure")
    );
    assert_eq!(
        codes(&errors(
            "<choose><when condition=\"@(&quot;true&quot;)\"/></choose>"
        )),
        ["TypeMismatch"]
    );
}

#[test]
fn thumbprints_compare_with_case_in_expressions_and_without_in_the_policy() {
    let lower = partner_thumbprint().to_lowercase();
    let refuse = "<return-response><set-status code=\"403\"/></return-response>";
    let expression = format!(
        "<choose><when condition=\"@(context.Request.Certificate.Thumbprint != &quot;{lower}&quot;)\">{refuse}</when></choose>"
    );
    assert_eq!(
        run(
            &program(&expression),
            context_with(partner()),
            &World::default()
        )
        .status,
        403
    );
    let policy = format!(
        "<validate-client-certificate><identities><identity thumbprint=\"{lower}\"/></identities></validate-client-certificate>"
    );
    assert!(
        run(
            &program(&policy),
            context_with(partner()),
            &World::default()
        )
        .forwarded()
    );
}

#[test]
fn a_body_is_consumed_by_reading_it_unless_it_is_preserved() {
    let read = |preserve: &str| {
        let mut context = context();
        context.request.body = Body::Streaming;
        let policy = format!(
            "<set-variable name=\"b\" value=\"@(context.Request.Body.As&lt;string&gt;({preserve}))\"/>"
        );
        inbound(&policy, context).context.request.body
    };
    assert!(matches!(read(""), Body::Consumed));
    assert!(matches!(read("preserveContent: true"), Body::Bytes(_)));
}

// set-header

#[test]
fn set_header_overrides_skips_appends_and_deletes() {
    let set = |action: &str| {
        format!(
            "<set-header name=\"X-A\" exists-action=\"{action}\"><value>new</value></set-header>"
        )
    };
    let old = || with_header("x-a", &["old"]);
    assert_eq!(lines(&inbound(&set("override"), old()), "x-a"), ["new"]);
    assert_eq!(lines(&inbound(&set("skip"), old()), "x-a"), ["old"]);
    assert_eq!(lines(&inbound(&set("skip"), context()), "x-a"), ["new"]);
    assert_eq!(lines(&inbound(&set("append"), old()), "x-a"), ["old,new"]);
    assert!(
        lines(
            &inbound("<set-header name=\"X-A\" exists-action=\"delete\"/>", old()),
            "x-a"
        )
        .is_empty()
    );
    assert_eq!(
        lines(
            &inbound(
                "<set-header name=\"X-A\"><value>new</value></set-header>",
                old()
            ),
            "x-a"
        ),
        ["new"]
    );
}

#[test]
fn several_values_become_one_line_except_for_the_twelve_headers_with_commas_of_their_own() {
    let set = |name: &str| {
        format!("<set-header name=\"{name}\"><value>a</value><value>b</value></set-header>")
    };
    assert_eq!(lines(&inbound(&set("x-a"), context()), "x-a"), ["a,b"]);
    for name in [
        "User-Agent",
        "WWW-Authenticate",
        "Proxy-Authenticate",
        "Cookie",
        "Set-Cookie",
        "Warning",
        "Date",
        "Expires",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Last-Modified",
        "Retry-After",
    ] {
        assert_eq!(
            lines(&inbound(&set(name), context()), name),
            ["a", "b"],
            "{name}"
        );
    }
}

#[test]
fn headers_of_the_connection_are_left_alone_with_a_warning() {
    for name in [
        "Connection",
        "Content-Length",
        "Keep-Alive",
        "Transfer-Encoding",
    ] {
        let policy = format!("<set-header name=\"{name}\"><value>x</value></set-header>");
        assert!(
            lines(&inbound(&policy, context()), name).is_empty(),
            "{name}"
        );
        assert_eq!(codes(&problems(&policy)), ["NoEffect"], "{name}");
    }
}

#[test]
fn the_server_header_of_a_response_cannot_be_deleted() {
    let ended = outbound(
        "<set-header name=\"Server\"><value>s</value></set-header><set-header name=\"Server\" exists-action=\"delete\"/>",
    );
    assert_eq!(ended.header("server"), Some("s"));
}

#[test]
fn a_line_break_in_a_computed_header_is_a_failure_and_in_a_written_one_a_problem() {
    let ended = run(
        &program("<set-header name=\"x\"><value>@(\"a\\r\\nInjected: b\")</value></set-header>"),
        context(),
        &World::default(),
    );
    assert_eq!(
        (ended.step.clone(), &*ended.error().reason),
        (Step::Fail, "InvalidHeaderValue")
    );
    assert!(!ended.error().message.contains("Injected"));
    assert_eq!(
        codes(&errors(
            "<set-header name=\"x\"><value>a\nb</value></set-header>"
        )),
        ["InvalidValue"]
    );
}

#[test]
fn a_null_value_is_no_value() {
    let null = "@((string)null)";
    let set = |action: &str| {
        format!(
            "<set-header name=\"x\" exists-action=\"{action}\"><value>{null}</value></set-header>"
        )
    };
    assert!(lines(&inbound(&set("override"), with_header("x", &["old"])), "x").is_empty());
    assert_eq!(
        lines(&inbound(&set("append"), with_header("x", &["old"])), "x"),
        ["old"]
    );
}

// set-status, set-body, return-response

#[test]
fn return_response_is_an_empty_200_unless_its_children_say_otherwise_in_any_order() {
    let ended = run(&program("<return-response/>"), context(), &World::default());
    assert_eq!(
        (ended.status, ended.body.as_str(), ended.headers.len()),
        (200, "", 0)
    );
    let policy = "<return-response><set-body>no</set-body><set-header name=\"X\"><value>1</value></set-header><set-status code=\"403\" reason=\"Forbidden\"/></return-response>";
    let ended = run(&program(policy), context(), &World::default());
    assert_eq!(
        (
            ended.status,
            ended.reason.as_deref(),
            ended.body.as_str(),
            ended.header("x")
        ),
        (403, Some("Forbidden"), "no", Some("1"))
    );
}

#[test]
fn return_response_replaces_the_backends_response_as_a_whole() {
    let ended = outbound(
        "<set-header name=\"kept\"><value>no</value></set-header><return-response><set-status code=\"204\"/></return-response>",
    );
    assert_eq!(
        (ended.status, ended.body.as_str(), ended.header("kept")),
        (204, "", None)
    );
}

#[test]
fn a_failure_while_a_response_is_made_sends_none_of_it() {
    let policy = "<return-response><set-status code=\"200\"/><set-header name=\"secret\"><value>1</value></set-header><set-body>@((string)context.Variables[\"missing\"])</set-body></return-response>";
    let ended = run(&program(policy), context(), &World::default());
    assert_eq!(
        (ended.step.clone(), ended.status, ended.header("secret")),
        (Step::Fail, 500, None)
    );
    assert_eq!(
        (&*ended.error().source, &*ended.error().path),
        ("set-body", r"return-response\set-body")
    );
}

#[test]
fn status_codes_are_checked_when_saved_and_when_computed() {
    for code in ["99", "100", "600", "abc", "", "-1", "2 00"] {
        assert_eq!(
            codes(&errors(&format!("<set-status code=\"{code}\"/>"))),
            ["InvalidValue"],
            "{code}"
        );
    }
    let ended = outbound(
        "<set-status code=\"@(400 + 4)\" reason=\"@(&quot;Not &quot; + &quot;here&quot;)\"/>",
    );
    assert_eq!(
        (ended.status, ended.reason.as_deref()),
        (404, Some("Not here"))
    );
    let ended = outbound("<set-status code=\"@(1000)\"/>");
    assert_eq!((ended.step.clone(), ended.status), (Step::Fail, 500));
}

#[test]
fn set_body_takes_text_entities_markup_and_expressions() {
    let body = |content: &str| {
        run(
            &program(&format!(
                "<return-response><set-body>{content}</set-body></return-response>"
            )),
            context(),
            &World::default(),
        )
        .body
    };
    assert_eq!(
        body("Client certificate is required"),
        "Client certificate is required"
    );
    assert_eq!(body("\n {\"a\": 1} "), "\n {\"a\": 1} ");
    assert_eq!(body("a &lt; b"), "a < b");
    assert_eq!(body("<![CDATA[<a>]]>"), "<a>");
    assert_eq!(
        body("<s:Envelope xmlns:s=\"urn:x\"><s:Body a='1'>x &amp; y</s:Body></s:Envelope>"),
        "<s:Envelope xmlns:s=\"urn:x\"><s:Body a=\"1\">x &amp; y</s:Body></s:Envelope>"
    );
    assert_eq!(body("@(\"a\" + 1)"), "a1");
    assert_eq!(body("@((string)null)"), "");
}

#[test]
fn set_body_changes_the_request_before_it_is_forwarded_and_drops_its_length() {
    let ended = inbound(
        "<set-body>new</set-body>",
        with_header("content-length", &["3"]),
    );
    assert!(matches!(&ended.context.request.body, Body::Bytes(bytes) if &bytes[..] == b"new"));
    assert!(lines(&ended, "content-length").is_empty());
}

// set-variable, set-method

#[test]
fn a_literal_variable_is_a_string_and_a_computed_one_has_its_type() {
    let policy = "<set-variable name=\"a\" value=\"true\"/><set-variable name=\"b\" value=\"@(1 + 1)\"/><set-variable name=\"c\" value=\"@((string)null)\"/>";
    let ended = inbound(policy, context());
    let kind = |name: &str| ended.context.variables[name].type_name();
    assert_eq!(
        (kind("a").as_str(), kind("b").as_str()),
        ("System.String", "System.Int32")
    );
    assert!(ended.context.variables["c"].is_null());
}

#[test]
fn a_certificate_cannot_be_stored_in_a_variable() {
    let ended = run(
        &program("<set-variable name=\"c\" value=\"@(context.Request.Certificate)\"/>"),
        context_with(partner()),
        &World::default(),
    );
    assert_eq!(
        (ended.step.clone(), &*ended.error().reason),
        (Step::Fail, "ExpressionValueEvaluationFailure")
    );
}

#[test]
fn set_method_changes_the_method() {
    assert_eq!(
        inbound("<set-method> POST </set-method>", context())
            .context
            .request
            .method,
        "POST"
    );
    assert_eq!(
        inbound("<set-method>@(\"P\" + \"UT\")</set-method>", context())
            .context
            .request
            .method,
        "PUT"
    );
    assert_eq!(
        codes(&errors("<set-method>G E T</set-method>")),
        ["InvalidValue"]
    );
    assert_eq!(
        codes(&errors("<set-method></set-method>")),
        ["InvalidValue"]
    );
}

// the URL

#[test]
fn set_query_parameter_changes_the_query() {
    let query = |policy: &str| inbound(policy, context()).context.request.url.query;
    assert_eq!(
        query("<set-query-parameter name=\"x\"><value>a b&amp;c</value></set-query-parameter>"),
        "x=a%20b%26c"
    );
    assert_eq!(
        query("<set-query-parameter name=\"x\" exists-action=\"delete\"/>"),
        ""
    );
    assert_eq!(
        query(
            "<set-query-parameter name=\"y\" exists-action=\"skip\"><value>2</value></set-query-parameter>"
        ),
        "x=1&y=2"
    );
}

#[test]
fn rewrite_uri_fills_its_template_and_copies_what_the_operation_did_not_match() {
    let url = |policy: &str, context: Context| {
        let url = inbound(policy, context).context.request.url;
        (url.path, url.query)
    };
    let plain = |path: &str, query: &str| (path.to_owned(), query.to_owned());
    assert_eq!(
        url(
            "<rewrite-uri template=\"/v2/items/{id}?full=1\"/>",
            context()
        ),
        plain("/v2/items/17", "full=1&x=1")
    );
    assert_eq!(
        url(
            "<rewrite-uri template=\"/a\" copy-unmatched-params=\"false\"/>",
            context()
        ),
        plain("/a", "")
    );
    assert_eq!(
        url("<rewrite-uri template=\"a?x=9\"/>", context()),
        plain("/a", "x=9")
    );
    assert_eq!(
        url(
            "<rewrite-uri template=\"@(&quot;/b/&quot; + context.Request.MatchedParameters[&quot;id&quot;])\"/>",
            context()
        ),
        plain("/b/17", "x=1")
    );
    let mut odd = context();
    odd.request.matched_parameters = vec![
        ("id".into(), "..a b/c".to_owned()),
        ("*rest".into(), "d/e?f".to_owned()),
    ];
    assert_eq!(
        url(
            "<rewrite-uri template=\"/i/{id}/{*rest}\" copy-unmatched-params=\"false\"/>",
            odd
        ),
        plain("/i/..a%20b%2Fc/d/e%3Ff", "")
    );
}

#[test]
fn rewrite_uri_does_not_let_a_parameter_climb() {
    for value in ["..", ".", "../admin", "a/../.."] {
        let mut context = context();
        context.request.matched_parameters = vec![("id".into(), value.to_owned())];
        let ended = run(
            &program("<rewrite-uri template=\"/v2/{id}\"/>"),
            context,
            &World::default(),
        );
        assert_eq!((ended.status, ended.forwarded()), (400, false), "{value}");
    }
}

#[test]
fn rewrite_uri_does_not_copy_parameters_of_the_operations_own_template() {
    let mut context = context();
    let mut operation =
        gateway_policy::context::Operation::clone(context.operation.as_ref().unwrap());
    operation.url_template = "/{id}?x={x}".into();
    context.operation = Some(Arc::new(operation));
    context.request.url.query = "x=1&y=2".to_owned();
    assert_eq!(
        inbound("<rewrite-uri template=\"/a\"/>", context)
            .context
            .request
            .url
            .query,
        "y=2"
    );
}

#[test]
fn rewrite_uri_fails_on_a_parameter_that_was_not_matched() {
    let ended = run(
        &program("<rewrite-uri template=\"/{nothing}\"/>"),
        context(),
        &World::default(),
    );
    assert_eq!(&*ended.error().reason, "InvalidUriTemplate");
}

// where to

#[test]
fn set_backend_service_chooses_a_url_or_a_backend() {
    let target = |policy: &str| inbound(policy, context()).forwards[0].target.clone();
    let Target::BaseUrl(url) =
        target("<set-backend-service base-url=\"https://b.example.com:8443/v1\"/>")
    else {
        panic!("no URL")
    };
    assert_eq!(
        (&*url.host, url.port, url.path.as_str()),
        ("b.example.com", 8443, "/v1")
    );
    assert_eq!(
        target("<set-backend-service backend-id=\"orders-backend\"/>"),
        Target::Backend("orders-backend".into())
    );
    assert_eq!(
        target(
            "<set-backend-service backend-id=\"@(&quot;orders-&quot; + &quot;backend&quot;)\"/>"
        ),
        Target::Backend("orders-backend".into())
    );
    assert!(
        matches!(target("<set-backend-service base-url=\"@(&quot;http://c&quot;)\"/>"), Target::BaseUrl(url) if &*url.host == "c")
    );
    let twice = "<set-backend-service base-url=\"http://a\"/><set-backend-service backend-id=\"orders-backend\"/>";
    assert_eq!(target(twice), Target::Backend("orders-backend".into()));
}

#[test]
fn set_backend_service_refuses_what_it_cannot_do() {
    for (attributes, code) in [
        ("", "InvalidAttributes"),
        (
            "base-url=\"http://a\" backend-id=\"orders-backend\"",
            "InvalidAttributes",
        ),
        ("base-url=\"ftp://a\"", "InvalidValue"),
        ("backend-id=\"order-backend\"", "UnknownReference"),
        (
            "backend-id=\"orders-backend\" sf-replica-type=\"primary\"",
            "NotSupported",
        ),
    ] {
        assert_eq!(
            codes(&errors(&format!("<set-backend-service {attributes}/>"))),
            [code],
            "{attributes}"
        );
    }
    let ended = run(
        &program("<set-backend-service base-url=\"@(&quot;nowhere&quot;)\"/>"),
        context(),
        &World::default(),
    );
    assert_eq!((ended.step.clone(), ended.forwarded()), (Step::Fail, false));
}

#[test]
fn authentication_certificate_chooses_the_gateways_own_certificate() {
    let choice = |policy: &str| {
        inbound(policy, context()).forwards[0]
            .client_certificate
            .clone()
    };
    let id = Some(CertificateChoice::Id("my-backend-cert".into()));
    assert_eq!(
        choice("<authentication-certificate certificate-id=\"my-backend-cert\"/>"),
        id
    );
    assert_eq!(
        choice(
            "<authentication-certificate certificate-id=\"@(&quot;my-&quot; + &quot;backend-cert&quot;)\"/>"
        ),
        id
    );
    let thumbprint = "bc".repeat(20);
    assert_eq!(
        choice(&format!(
            "<authentication-certificate thumbprint=\"{thumbprint}\"/>"
        )),
        Some(CertificateChoice::Thumbprint(
            thumbprint.to_uppercase().into()
        ))
    );
    assert_eq!(choice("<set-method>GET</set-method>"), None);
    for (attributes, code) in [
        ("", "InvalidAttributes"),
        ("certificate-id=\"my-backend-cer\"", "UnknownReference"),
        ("thumbprint=\"00\"", "UnknownReference"),
        ("certificate-id=\"ca\" password=\"p\"", "NotSupported"),
        (
            "certificate-id=\"ca\" thumbprint=\"00\"",
            "InvalidAttributes",
        ),
    ] {
        assert_eq!(
            codes(&errors(&format!(
                "<authentication-certificate {attributes}/>"
            ))),
            [code],
            "{attributes}"
        );
    }
}

#[test]
fn forward_request_says_how() {
    let forward = |attributes: &str| {
        let policy = format!("<backend><forward-request {attributes}/></backend>");
        run(&program(&policy), context(), &World::default()).forwards[0].clone()
    };
    assert_eq!(forward("").timeout.as_secs(), 300);
    assert_eq!(forward("timeout=\"5\"").timeout.as_millis(), 5000);
    assert_eq!(forward("timeout-ms=\"250\"").timeout.as_millis(), 250);
    assert_eq!(forward("timeout=\"@(2 * 3)\"").timeout.as_secs(), 6);
    assert!(!forward("buffer-response=\"false\"").buffer_response);
    for (attributes, code) in [
        ("timeout=\"5\" timeout-ms=\"5\"", "InvalidAttributes"),
        ("timeout=\"-1\"", "InvalidValue"),
        ("continue-timeout=\"5\"", "NotSupported"),
        ("follow-redirects=\"true\"", "NotSupported"),
        ("http-version=\"2\"", "NotSupported"),
        ("http-version=\"3\"", "InvalidValue"),
        ("fail-on-error-status-code=\"maybe\"", "InvalidValue"),
    ] {
        let found = errors(&format!(
            "<backend><forward-request {attributes}/></backend>"
        ));
        assert_eq!(codes(&found), [code], "{attributes}");
    }
    for attributes in [
        "http-version=\"1\"",
        "http-version=\"2or1\"",
        "follow-redirects=\"false\"",
    ] {
        forward(attributes);
    }
}

// access

const CHECK: &str = "<check-header name=\"X-Key\" failed-check-httpcode=\"403\" failed-check-error-message=\"Not you\" ignore-case=\"true\"><value>Alpha</value><value>beta</value></check-header>";

#[test]
fn check_header_lets_listed_values_pass_and_names_why_not() {
    inbound(CHECK, with_header("x-key", &["ALPHA"]));
    let ended = run(&program(CHECK), context(), &World::default());
    assert_eq!(
        (ended.status, &*ended.error().reason),
        (403, "HeaderNotFound")
    );
    assert_eq!(ended.body, r#"{ "statusCode": 403, "message": "Not you" }"#);
    assert_eq!(
        &*ended.error().message,
        "Header X-Key was not found in the request. Access denied."
    );
    let ended = run(
        &program(CHECK),
        with_header("x-key", &["gamma"]),
        &World::default(),
    );
    assert_eq!(&*ended.error().reason, "HeaderValueNotAllowed");
    assert_eq!(
        &*ended.error().message,
        "Header X-Key value of gamma is not allowed. Access denied."
    );
}

#[test]
fn check_header_is_not_fooled_by_a_second_line() {
    let ended = run(
        &program(CHECK),
        with_header("x-key", &["alpha", "gamma"]),
        &World::default(),
    );
    assert_eq!(&*ended.error().reason, "HeaderValueNotAllowed");
}

#[test]
fn check_header_compares_with_case_when_told_and_presence_only_without_values() {
    let strict = CHECK.replace("ignore-case=\"true\"", "ignore-case=\"false\"");
    assert!(
        !run(
            &program(&strict),
            with_header("x-key", &["ALPHA"]),
            &World::default()
        )
        .forwarded()
    );
    let presence = "<check-header name=\"X-Key\" failed-check-httpcode=\"401\" failed-check-error-message=\"m\" ignore-case=\"false\"/>";
    inbound(presence, with_header("x-key", &["anything"]));
    assert_eq!(
        run(&program(presence), context(), &World::default()).status,
        401
    );
}

#[test]
fn ip_filter_allows_and_forbids_addresses_and_ranges() {
    let passes = |policy: &str| run(&program(policy), context(), &World::default()).forwarded();
    assert!(passes(
        "<ip-filter action=\"allow\"><address>10.1.2.3</address></ip-filter>"
    ));
    assert!(!passes(
        "<ip-filter action=\"allow\"><address>10.1.2.4</address></ip-filter>"
    ));
    assert!(passes(
        "<ip-filter action=\"allow\"><address-range from=\"10.1.2.0\" to=\"10.1.2.255\"/></ip-filter>"
    ));
    assert!(!passes(
        "<ip-filter action=\"forbid\"><address-range from=\"10.1.2.3\" to=\"10.1.2.3\"/></ip-filter>"
    ));
    assert!(passes(
        "<ip-filter action=\"forbid\"><address>::1</address></ip-filter>"
    ));
    assert!(!passes(
        "<ip-filter action=\"@(&quot;forbid&quot;)\"><address>@(&quot;10.1.2.3&quot;)</address></ip-filter>"
    ));
    let ended = run(
        &program("<ip-filter action=\"allow\"><address>::1</address></ip-filter>"),
        context(),
        &World::default(),
    );
    assert_eq!(ended.status, 403);
    assert_eq!(
        &*ended.error().message,
        "Caller IP address 10.1.2.3 is not allowed. Access denied."
    );
}

#[test]
fn an_ipv4_client_of_an_ipv6_socket_is_the_ipv4_address() {
    let mut context = context();
    context.request.ip_address = "::ffff:10.1.2.3".parse().unwrap();
    let ended = run(
        &program("<ip-filter action=\"forbid\"><address>10.1.2.3</address></ip-filter>"),
        context,
        &World::default(),
    );
    assert!(!ended.forwarded());
}

#[test]
fn ip_filter_refuses_what_is_no_filter() {
    for (inner, code) in [
        ("", "MissingElement"),
        ("<address>10.0.0.0/8</address>", "InvalidValue"),
        (
            "<address-range from=\"10.0.0.9\" to=\"10.0.0.1\"/>",
            "InvalidValue",
        ),
        (
            "<address-range from=\"10.0.0.1\" to=\"::1\"/>",
            "InvalidValue",
        ),
        ("<address-range from=\"10.0.0.1\"/>", "MissingAttribute"),
        ("<adress>10.0.0.1</adress>", "UnknownElement"),
    ] {
        assert_eq!(
            errors(&format!("<ip-filter action=\"allow\">{inner}</ip-filter>"))[0].code,
            code,
            "{inner}"
        );
    }
}

// trace

#[test]
fn trace_writes_one_record() {
    let policy = "<trace source=\"mtls\" severity=\"information\"><message>@(\"a\" + 1)</message><metadata name=\"k\" value=\"@(&quot;v&quot;)\"/></trace><trace source=\"s\">plain</trace>";
    let world = World::default();
    assert!(run(&program(policy), context(), &world).forwarded());
    let records = world.traces.lock().unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(
        (
            records[0].source.as_str(),
            records[0].severity,
            records[0].message.as_str()
        ),
        ("mtls", TraceSeverity::Information, "a1")
    );
    assert_eq!(records[0].metadata, [("k".to_owned(), "v".to_owned())]);
    assert_eq!(
        (records[1].severity, records[1].message.as_str()),
        (TraceSeverity::Verbose, "plain")
    );
    for (policy, code) in [
        ("<trace><message>m</message></trace>", "MissingAttribute"),
        ("<trace source=\"s\"/>", "MissingElement"),
        (
            "<trace source=\"s\" severity=\"warn\"><message>m</message></trace>",
            "InvalidValue",
        ),
        (
            "<trace source=\"@(1)\"><message>m</message></trace>",
            "ExpressionNotAllowed",
        ),
    ] {
        assert_eq!(codes(&errors(policy)), [code], "{policy}");
    }
}

#[test]
fn a_response_made_by_the_backend_keeps_its_parts_unless_a_policy_changes_them() {
    let ended = outbound("<base/>");
    assert_eq!(
        (ended.status, ended.body.as_str()),
        (200, "from the backend")
    );
}
