//! `cors`, by the rules of the Fetch standard (section 3.2 and "CORS-preflight fetch") and of the
//! policy's documentation.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use gateway_policy::context::Context;
use gateway_policy::execution::{Execution, Step};
use gateway_policy::expression::BudgetLimits;
use gateway_policy::program::{Scope, link};
use http::Method;
use http::header::{HeaderName, HeaderValue};
use support::*;

const CORS: &str = "<cors allow-credentials=\"true\">\
    <allowed-origins><origin>https://shop.example.com</origin><origin>http://localhost:8080/</origin></allowed-origins>\
    <allowed-methods preflight-result-max-age=\"300\"><method>GET</method><method>PUT</method></allowed-methods>\
    <allowed-headers><header>content-type</header><header>x-trace</header></allowed-headers>\
    <expose-headers><header>x-total</header></expose-headers></cors>";

const ANY: &str = "<cors><allowed-origins><origin>*</origin></allowed-origins>\
    <allowed-methods><method>*</method></allowed-methods>\
    <allowed-headers><header>*</header></allowed-headers>\
    <expose-headers><header>*</header></expose-headers></cors>";

/// What a policy behind `cors` would do to requests that it should not see.
const REFUSE: &str = "<return-response><set-status code=\"403\"/></return-response>";

fn request(method: Method, headers: &[(&'static str, &'static str)]) -> Context {
    let mut context = context();
    context.request.method = method;
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        let value = HeaderValue::from_static(value);
        context.request.headers.append(name, value);
    }
    context
}

fn get(origin: &'static str) -> Context {
    request(Method::GET, &[("origin", origin)])
}

fn asks(origin: &'static str, method: &'static str) -> Context {
    request(
        Method::OPTIONS,
        &[
            ("origin", origin),
            ("access-control-request-method", method),
            ("access-control-request-headers", "authorization,x-a"),
        ],
    )
}

/// The answer to a preflight request that no operation takes.
#[track_caller]
fn preflight(policies: &str, context: Context) -> Ended {
    preflight_in(&[(Scope::Api, policies)], context)
}

#[track_caller]
fn preflight_in(scopes: &[(Scope, &str)], context: Context) -> Ended {
    let scopes: Vec<_> = scopes
        .iter()
        .map(|(scope, source)| scope_program(source, *scope, &Names::default()))
        .collect();
    let program = link(&scopes);
    assert!(program.answers_preflight());
    let execution = Execution::new(program, context, BudgetLimits::default()).for_preflight();
    let ended = finish(
        execution,
        &World::default(),
        &Backend::Answers(200, "backend"),
    );
    assert!(!ended.forwarded());
    ended
}

fn access_headers(ended: &Ended) -> Vec<(&str, &str)> {
    let mut headers: Vec<_> = ended
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .filter(|(name, _)| name.starts_with("access-control-"))
        .collect();
    headers.sort_unstable();
    headers
}

#[test]
fn a_preflight_request_is_answered_by_the_policy_and_not_forwarded() {
    let ended = preflight(CORS, asks("https://shop.example.com", "PUT"));
    assert_eq!((ended.status, ended.body.as_str()), (200, ""));
    assert_eq!(
        access_headers(&ended),
        [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "content-type, x-trace"),
            ("access-control-allow-methods", "GET, PUT"),
            ("access-control-allow-origin", "https://shop.example.com"),
            ("access-control-max-age", "300"),
        ]
    );
    assert_eq!(ended.header("vary"), Some("Origin"));
}

#[test]
fn an_origin_that_is_not_listed_gets_an_empty_200_that_allows_nothing() {
    for source in [
        CORS.to_owned(),
        CORS.replace("<cors ", "<cors terminate-unmatched-request=\"false\" "),
    ] {
        for origin in [
            "https://shop.example.com.evil.example",
            "http://shop.example.com",
            "https://shop.example.com:8443",
            "https://evil.example/https://shop.example.com",
            "https://shop.example.com@evil.example",
            "null",
            "*",
            "",
        ] {
            let ended = preflight(&source, asks(origin, "PUT"));
            assert_eq!((ended.status, ended.body.as_str()), (200, ""), "{origin}");
            assert_eq!(access_headers(&ended), [], "{origin}");
            assert_eq!(ended.header("vary"), Some("Origin"), "{origin}");
        }
    }
}

#[test]
fn ports_that_are_left_out_are_the_schemes_and_letter_case_does_not_matter() {
    let origins = |origin: &str| {
        format!("<cors><allowed-origins><origin>{origin}</origin></allowed-origins></cors>")
    };
    for (listed, sent) in [
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("http://shop.example.com", "http://shop.example.com:80"),
        ("https://Shop.Example.com/", "https://shop.example.com"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("null", "null"),
        ("capacitor://localhost", "capacitor://localhost"),
        (
            "@(\"https://\" + \"shop.example.com\")",
            "https://shop.example.com",
        ),
    ] {
        let ended = run(&program(&origins(listed)), get(sent), &World::default());
        assert_eq!(
            ended.header("access-control-allow-origin"),
            Some(sent),
            "{listed}"
        );
    }
}

#[test]
fn the_answer_to_a_request_of_a_listed_origin_may_be_read() {
    let ended = run(
        &program(CORS),
        get("http://localhost:8080"),
        &World::default(),
    );
    assert_eq!((ended.forwarded(), ended.status), (true, 200));
    assert_eq!(
        access_headers(&ended),
        [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-origin", "http://localhost:8080"),
            ("access-control-expose-headers", "x-total"),
        ]
    );
    assert_eq!(ended.header("vary"), Some("Origin"));
}

#[test]
fn a_failure_behind_the_policy_may_be_read_too() {
    for behind in [
        REFUSE,
        "<set-variable name=\"x\" value=\"@(context.Variables[&quot;no&quot;])\"/>",
    ] {
        let ended = run(
            &program(&format!("{CORS}{behind}")),
            get("https://shop.example.com"),
            &World::default(),
        );
        assert!(ended.status >= 400);
        assert_eq!(
            ended.header("access-control-allow-origin"),
            Some("https://shop.example.com")
        );
    }
}

#[test]
fn a_get_of_another_origin_ends_with_an_empty_200_or_goes_on_without_headers() {
    let ended = run(
        &program(CORS),
        get("https://evil.example"),
        &World::default(),
    );
    assert_eq!(
        (ended.forwarded(), ended.status, ended.body.as_str()),
        (false, 200, "")
    );
    assert_eq!(access_headers(&ended), []);
    let lenient = CORS.replace("<cors ", "<cors terminate-unmatched-request=\"false\" ");
    let ended = run(
        &program(&lenient),
        get("https://evil.example"),
        &World::default(),
    );
    assert!(ended.forwarded());
    assert_eq!(access_headers(&ended), []);
    // Of other methods the documentation says nothing: they go on, and no script reads the answer.
    let post = request(Method::POST, &[("origin", "https://evil.example")]);
    let ended = run(&program(CORS), post, &World::default());
    assert!(ended.forwarded());
    assert_eq!(access_headers(&ended), []);
}

#[test]
fn a_request_without_an_origin_passes_and_tells_caches_that_the_origin_matters() {
    let ended = run(&program(CORS), context(), &World::default());
    assert!(ended.forwarded());
    assert_eq!(access_headers(&ended), []);
    assert_eq!(ended.header("vary"), Some("Origin"));
    let ended = run(&program(ANY), context(), &World::default());
    assert_eq!(ended.header("vary"), None);
}

#[test]
fn any_origin_is_said_as_such_so_that_it_never_allows_credentials() {
    let ended = preflight(ANY, asks("https://any.example", "DELETE"));
    assert_eq!(
        access_headers(&ended),
        [
            // A star would not include Authorization.
            ("access-control-allow-headers", "authorization,x-a"),
            ("access-control-allow-methods", "DELETE"),
            ("access-control-allow-origin", "*"),
            ("access-control-max-age", "0"),
        ]
    );
    let risky = ANY.replace("<cors>", "<cors allow-credentials=\"true\">");
    assert_eq!(codes(&problems(&risky)), ["CredentialsForAnyOrigin"]);
    let ended = run(
        &program(&risky),
        get("https://any.example"),
        &World::default(),
    );
    assert_eq!(ended.header("access-control-allow-origin"), Some("*"));
}

#[test]
fn all_headers_are_exposed_by_name_where_a_star_means_nothing() {
    let source = CORS.replace("<header>x-total</header>", "<header>*</header>")
        + "<set-variable name=\"x\" value=\"1\"/>";
    let source = format!(
        "<inbound>{source}</inbound><outbound><set-header name=\"X-B\"><value>1</value></set-header><set-header name=\"X-A\"><value>1</value></set-header></outbound>"
    );
    let ended = run(
        &program(&source),
        get("https://shop.example.com"),
        &World::default(),
    );
    let exposed = ended.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("x-a, x-b"), "{exposed}");
    let ended = run(
        &program(ANY),
        get("https://shop.example.com"),
        &World::default(),
    );
    assert_eq!(ended.header("access-control-expose-headers"), Some("*"));
}

#[test]
fn get_and_post_are_allowed_without_allowed_methods() {
    let source = "<cors><allowed-origins><origin>*</origin></allowed-origins><allowed-headers><header>x-a</header></allowed-headers></cors>";
    let ended = preflight(source, asks("https://any.example", "GET"));
    assert_eq!(
        ended.header("access-control-allow-methods"),
        Some("GET, POST")
    );
}

#[test]
fn what_the_backend_says_of_origins_is_replaced() {
    let source = format!(
        "<inbound>{CORS}</inbound><outbound><set-header name=\"Access-Control-Allow-Origin\"><value>*</value></set-header><set-header name=\"Vary\"><value>Accept, origin</value></set-header></outbound>"
    );
    let ended = run(
        &program(&source),
        get("https://shop.example.com"),
        &World::default(),
    );
    let origins: Vec<_> = ended
        .headers
        .get_all("access-control-allow-origin")
        .iter()
        .collect();
    assert_eq!(origins, ["https://shop.example.com"]);
    let vary: Vec<_> = ended.headers.get_all("vary").iter().collect();
    assert_eq!(vary, ["Accept, origin"]);
}

#[test]
fn nothing_but_the_policies_themselves_is_run_for_a_preflight_request() {
    let source = format!(
        "{REFUSE}<choose><when condition=\"@(context.Request.Body.As&lt;string&gt;() == &quot;&quot;)\">{REFUSE}</when></choose>{CORS}{REFUSE}"
    );
    let ended = preflight(&source, asks("https://shop.example.com", "PUT"));
    assert_eq!((ended.step.clone(), ended.status), (Step::Respond, 200));
    assert_eq!(
        ended.header("access-control-allow-origin"),
        Some("https://shop.example.com")
    );
}

#[test]
fn the_first_policy_that_knows_the_origin_answers_when_the_others_let_it_go_on() {
    let outer = CORS.replace("shop", "outer");
    let inner = CORS.replace("<cors ", "<cors terminate-unmatched-request=\"false\" ");
    let inner = format!("<inbound>{inner}<base/></inbound>");
    let scopes = [
        (Scope::Global, outer.as_str()),
        (Scope::Api, inner.as_str()),
    ];
    for (origin, allowed) in [
        ("https://outer.example.com", true),
        ("https://shop.example.com", true),
        ("https://evil.example", false),
    ] {
        let ended = preflight_in(&scopes, asks(origin, "PUT"));
        let found = ended.header("access-control-allow-origin");
        assert_eq!(found, allowed.then_some(origin));
    }
    // Decided by the inner one, the outer one does not end it.
    let scopes = [
        scope_program(&outer, Scope::Global, &Names::default()),
        scope_program(&inner, Scope::Api, &Names::default()),
    ];
    let ended = run(
        &link(&scopes),
        get("https://shop.example.com"),
        &World::default(),
    );
    assert!(ended.forwarded());
}

#[test]
fn a_program_answers_preflight_requests_only_where_the_policy_stands_in_the_section() {
    let answers = |scopes: &[(Scope, &str)]| {
        let names = Names::default().with_fragment("f", &format!("<fragment>{CORS}</fragment>"));
        let scopes: Vec<_> = scopes
            .iter()
            .map(|(scope, source)| scope_program(source, *scope, &names))
            .collect();
        link(&scopes).answers_preflight()
    };
    assert!(answers(&[(Scope::Api, CORS)]));
    assert!(answers(&[(
        Scope::Api,
        "<include-fragment fragment-id=\"f\"/>"
    )]));
    assert!(answers(&[
        (Scope::Global, CORS),
        (Scope::Api, "<inbound><base/></inbound>")
    ]));
    assert!(answers(&[
        (Scope::Global, CORS),
        (Scope::Api, "<outbound/>")
    ]));
    assert!(!answers(&[
        (Scope::Global, CORS),
        (Scope::Api, "<inbound/>")
    ]));
    let inside = format!("<choose><when condition=\"@(true)\">{CORS}</when></choose>");
    assert!(!answers(&[(Scope::Api, &inside)]));
    assert!(!answers(&[]));
}

#[test]
fn an_operation_for_options_applies_the_policy_where_it_stands() {
    let source = format!(
        "<choose><when condition=\"@(context.Operation.Id == &quot;get-order&quot;)\">{CORS}</when></choose>{REFUSE}"
    );
    let ended = run(
        &program(&source),
        asks("https://shop.example.com", "PUT"),
        &World::default(),
    );
    assert_eq!(ended.status, 200);
    assert_eq!(
        ended.header("access-control-allow-methods"),
        Some("GET, PUT")
    );
    // OPTIONS without the question is an ordinary request.
    let ended = run(
        &program(CORS),
        request(Method::OPTIONS, &[("origin", "https://shop.example.com")]),
        &World::default(),
    );
    assert!(ended.forwarded());
}

#[test]
fn mistakes_are_reported_with_what_is_missing() {
    for (source, expected) in [
        ("<cors/>", "'cors' needs 'allowed-origins'."),
        (
            "<cors><allowed-origins/></cors>",
            "'allowed-origins' needs at least one 'origin'.",
        ),
        (
            "<cors><allowed-origins><origin>*</origin></allowed-origins><allowed-headers><header>a b</header></allowed-headers></cors>",
            "'header' must hold the name of a header, or '*'.",
        ),
        (
            "<cors><allowed-origins><origin>*</origin></allowed-origins><allowed-methods preflight-result-max-age=\"long\"><method>GET</method></allowed-methods></cors>",
            "'long' is not a valid value for 'preflight-result-max-age'; it must be a number of seconds.",
        ),
    ] {
        let messages: Vec<_> = errors(source).into_iter().map(|p| p.message).collect();
        assert_eq!(messages, [expected], "{source}");
    }
    let pattern =
        "<cors><allowed-origins><origin>https://*.example.com</origin></allowed-origins></cors>";
    assert_eq!(codes(&problems(pattern)), ["UnmatchableOrigin"]);
    let ended = run(
        &program(pattern),
        get("https://a.example.com"),
        &World::default(),
    );
    assert_eq!(access_headers(&ended), []);
}
