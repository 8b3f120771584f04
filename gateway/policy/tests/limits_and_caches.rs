//! Policies that remember something between requests: rate limits, quotas, cached values, cached
//! responses.

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

use gateway_policy::context::{Context, Subscription};
use gateway_policy::execution::Window;
use gateway_policy::program::{Program, Scope, link};
use support::script::Script;
use support::{
    NOW, Names, certificate, context, context_with, errors, program, scope_program, url,
};

fn inbound(policies: &str) -> String {
    format!("<policies><inbound>{policies}</inbound></policies>")
}

fn subscribed(id: &str) -> Context {
    let mut context = context();
    context.subscription = Some(Arc::new(Subscription {
        id: id.into(),
        name: id.into(),
        key: "k".into(),
        primary_key: "k".into(),
        secondary_key: "l".into(),
        created_date: NOW - 5,
        start_date: None,
        end_date: None,
    }));
    context
}

fn at(scope: Scope, document: &str) -> Arc<Program> {
    link(&[scope_program(document, scope, &Names::default())])
}

#[test]
fn a_rate_limit_refuses_with_the_documented_message_and_tells_when_to_come_again() {
    let document = inbound(
        "<rate-limit-by-key calls=\"2\" renewal-period=\"60\" counter-key=\"@(context.Request.IpAddress)\" \
         remaining-calls-variable-name=\"left\" remaining-calls-header-name=\"X-Left\" \
         total-calls-header-name=\"X-All\" retry-after-variable-name=\"again\" retry-after-header-name=\"X-Again\"/>\
         <set-header name=\"X-Var\"><value>@(((int)context.Variables[\"left\"]).ToString())</value></set-header>",
    );
    let program = program(&document);
    let mut script = Script::default();
    for left in ["1", "0"] {
        let ended = script.play(&program, context());
        assert_eq!(ended.status, 200, "{:?}", ended.last_error);
        assert_eq!(
            (ended.header("x-left"), ended.header("x-all")),
            (Some(left), Some("2"))
        );
        assert_eq!(ended.context.request.headers["x-var"], left);
    }
    let ended = script.play(&program, context());
    let error = ended.error();
    // policy-language.md §5.1.
    assert_eq!(
        (
            ended.status,
            &*error.source,
            &*error.reason,
            &*error.message
        ),
        (
            429,
            "rate-limit-by-key",
            "RateLimitExceeded",
            "Rate limit is exceeded. Try again in 17 seconds."
        )
    );
    assert_eq!(
        ended.body,
        "{ \"statusCode\": 429, \"message\": \"Rate limit is exceeded. Try again in 17 seconds.\" }"
    );
    assert_eq!(
        (ended.header("x-again"), ended.header("retry-after")),
        (Some("17"), None)
    );
    assert_eq!(ended.header("x-left"), Some("0"));
    assert_eq!(ended.context.variables["again"].as_int(), Some(17));
    let mut other = context();
    other.request.ip_address = "10.9.9.9".parse().unwrap();
    assert_eq!(
        script.play(&program, other).status,
        200,
        "another key, another counter"
    );
}

#[test]
fn places_with_the_same_counter_key_share_the_counter_and_take_room_each_for_itself() {
    let limit = "<rate-limit-by-key calls=\"9\" renewal-period=\"60\" counter-key=\"k\"/>";
    let quota = "<quota-by-key calls=\"9\" renewal-period=\"300\" counter-key=\"k\"/>";
    let document = inbound(&format!("{limit}{limit}{quota}"));
    let elsewhere = || {
        let mut context = context();
        let mut api = (**context.api.as_ref().unwrap()).clone();
        api.id = "elsewhere".into();
        context.api = Some(Arc::new(api));
        context
    };
    let counted = |scope, context| {
        let mut script = Script::default();
        let ended = script.play(&at(scope, &document), context);
        assert_eq!(ended.status, 200, "{:?}", ended.last_error);
        let keys: Vec<_> = script.counted.iter().map(|it| it.key.clone()).collect();
        let places: Vec<u64> = script.counted.iter().map(|it| it.place).collect();
        assert_eq!((keys.len(), &keys[0]), (3, &keys[1]));
        (keys, places)
    };
    let (keys, first) = counted(Scope::Api, context());
    assert_eq!(
        counted(Scope::Api, context()),
        (keys.clone(), first.clone())
    );
    // Of a policy for all APIs it does not matter which API was called.
    let global = counted(Scope::Global, context());
    assert_eq!(counted(Scope::Global, elsewhere()), global);
    let others = [
        counted(Scope::Api, elsewhere()),
        counted(Scope::Operation, context()),
        global,
    ];
    let mut all = first;
    for (others_keys, places) in others {
        assert_eq!(others_keys, keys);
        all.extend(places);
    }
    let distinct: std::collections::HashSet<u64> = all.iter().copied().collect();
    assert_eq!((all.len(), distinct.len()), (12, 12));
}

#[test]
fn a_computed_increment_is_counted_when_the_answer_is_there() {
    let document = inbound(
        "<rate-limit-by-key calls=\"5\" renewal-period=\"60\" counter-key=\"k\" \
         increment-condition=\"@(context.Response.StatusCode == 401)\" \
         increment-count=\"@(context.Response.Body.As<string>(true).Length)\"/>",
    );
    let program = program(&document);
    let mut script =
        Script::default().backend(&[(200, "fine"), (401, "four"), (401, "four"), (200, "")]);
    let added = |script: &Script| -> Vec<u64> { script.counted.iter().map(|c| c.add).collect() };
    assert_eq!(script.play(&program, context()).status, 200);
    assert_eq!(added(&script), [0], "a 200 does not count");
    assert_eq!(script.play(&program, context()).status, 401);
    assert_eq!(
        script.play(&program, context()).status,
        401,
        "4 of 5 are used up"
    );
    assert_eq!(added(&script), [0, 0, 4, 0, 4]);
    assert_eq!(
        script.play(&program, context()).status,
        429,
        "one request later"
    );
}

#[test]
fn an_increment_that_cannot_be_computed_counts_for_one_and_an_early_answer_counts_too() {
    let document = inbound(
        "<rate-limit-by-key calls=\"5\" renewal-period=\"60\" counter-key=\"k\" \
         increment-condition=\"@((bool)context.Variables[\"missing\"])\"/><return-response/>",
    );
    let mut script = Script::default();
    assert_eq!(script.play(&program(&document), context()).status, 200);
    let added: Vec<u64> = script.counted.iter().map(|c| c.add).collect();
    assert_eq!(added, [0, 1]);
}

#[test]
fn limits_without_a_key_count_by_subscription_and_let_others_pass() {
    let document = inbound(
        "<rate-limit calls=\"3\" renewal-period=\"90\"><api id=\"orders\" calls=\"1\" renewal-period=\"30\"/>\
         <api name=\"Other\" calls=\"0\" renewal-period=\"30\"/></rate-limit>",
    );
    let program = at(Scope::Api, &document);
    let mut script = Script::default();
    for _ in 0..5 {
        assert_eq!(
            script.play(&program, context()).status,
            200,
            "no subscription"
        );
    }
    assert!(script.counted.is_empty());
    assert_eq!(script.play(&program, subscribed("a")).status, 200);
    assert_eq!(
        script.play(&program, subscribed("a")).status,
        429,
        "the limit for this API"
    );
    assert_eq!(script.play(&program, subscribed("b")).status, 200);
    assert_eq!(
        script.counted[0].window,
        Window::Sliding(90),
        "the whole comes first"
    );
}

#[test]
fn a_quota_refuses_with_the_documented_message() {
    let by_key = inbound("<quota-by-key calls=\"1\" renewal-period=\"300\" counter-key=\"k\"/>");
    let program = program(&by_key);
    let mut script = Script::default();
    assert_eq!(script.play(&program, context()).status, 200);
    let ended = script.play(&program, context());
    assert_eq!(
        (
            ended.status,
            &*ended.error().reason,
            &*ended.error().message
        ),
        (
            403,
            "QuotaExceeded",
            "Out of call volume quota. Quota will be replenished in 00:00:17."
        )
    );
    assert_eq!(ended.header("retry-after"), Some("17"));
    // policy-attributes.md: periods begin at 0001-01-01T00:00:00Z.
    assert_eq!(
        script.counted[0].window,
        Window::Fixed {
            start: -62_135_596_800_000_000_000,
            seconds: Some(300)
        }
    );
}

#[test]
fn a_quota_of_a_subscription_counts_calls_and_bytes_from_its_start() {
    let document = inbound("<quota calls=\"10\" bandwidth=\"40\" renewal-period=\"3600\"/>");
    let mut script = Script::default();
    assert_eq!(
        script
            .play(&at(Scope::Api, &document), subscribed("a"))
            .status,
        200
    );
    let window = Window::Fixed {
        start: NOW - 5,
        seconds: Some(3600),
    };
    let [bytes, calls] = &script.counted[..] else {
        panic!("{:?}", script.counted)
    };
    assert_eq!((bytes.limit, bytes.add, bytes.meters), (40 * 1024, 0, true));
    assert_eq!((calls.limit, calls.add, calls.meters), (10, 1, false));
    assert_eq!((bytes.window, calls.window), (window, window));
    assert_ne!(bytes.key, calls.key);
}

#[test]
fn numbers_outside_of_the_documented_limits_are_refused() {
    for (policy, fine) in [
        ("<rate-limit calls=\"1\" renewal-period=\"300\"/>", true),
        ("<rate-limit calls=\"1\" renewal-period=\"301\"/>", false),
        ("<rate-limit calls=\"1\" renewal-period=\"0\"/>", false),
        ("<rate-limit calls=\"@(1)\" renewal-period=\"10\"/>", false),
        (
            "<rate-limit calls=\"1\" renewal-period=\"10\" burst=\"2\"/>",
            false,
        ),
        (
            "<rate-limit-by-key calls=\"@(1)\" renewal-period=\"@(10)\" counter-key=\"k\"/>",
            true,
        ),
        (
            "<quota-by-key calls=\"1\" renewal-period=\"299\" counter-key=\"k\"/>",
            false,
        ),
        (
            "<quota-by-key calls=\"1\" renewal-period=\"0\" counter-key=\"k\"/>",
            true,
        ),
        (
            "<quota-by-key renewal-period=\"300\" counter-key=\"k\"/>",
            false,
        ),
        (
            "<quota calls=\"1\" renewal-period=\"60\"><api calls=\"1\"/></quota>",
            false,
        ),
        (
            "<cache-lookup vary-by-developer=\"maybe\" vary-by-developer-groups=\"false\"/>",
            false,
        ),
        ("<cache-lookup-value key=\"k\"/>", false),
        (
            "<cache-store-value key=\"k\" value=\"v\" duration=\"x\"/>",
            false,
        ),
    ] {
        assert_eq!(
            errors(&inbound(policy)).is_empty(),
            fine,
            "{policy}: {:?}",
            errors(&inbound(policy))
        );
    }
}

#[test]
fn a_cached_value_is_looked_up_stored_and_removed_with_its_type() {
    let document = inbound(
        "<cache-store-value key=\"@(\"n\" + 1)\" value=\"@(17)\" duration=\"60\"/>\
         <cache-lookup-value key=\"n1\" variable-name=\"n\"/>\
         <cache-lookup-value key=\"none\" variable-name=\"d\" default-value=\"@(1.5)\"/>\
         <cache-lookup-value key=\"none\" variable-name=\"m\"/>\
         <cache-remove-value key=\"n1\"/>",
    );
    let mut script = Script::default();
    let ended = script.play(&program(&document), context());
    let variables = &ended.context.variables;
    assert_eq!(variables["n"].type_name(), "System.Int32");
    assert_eq!(variables["d"].type_name(), "System.Double");
    assert!(!variables.contains_key("m"), "a miss sets nothing");
    assert_eq!(
        script.log,
        [
            "put n1 for 60s",
            "get n1",
            "get none",
            "get none",
            "remove n1",
            "forward"
        ]
    );
}

#[test]
fn a_stored_list_is_a_copy_that_no_later_change_reaches() {
    let document = inbound(
        "<set-variable name=\"l\" value=\"@(new List<string> { \"a\" })\"/>\
         <cache-store-value key=\"l\" value=\"@(context.Variables[\"l\"])\" duration=\"60\"/>\
         <set-variable name=\"x\" value=\"@{ ((List<string>)context.Variables[\"l\"]).Add(\"b\"); return 1; }\"/>\
         <cache-lookup-value key=\"l\" variable-name=\"c\"/>\
         <set-variable name=\"y\" value=\"@{ ((List<string>)context.Variables[\"c\"]).Add(\"c\"); return 1; }\"/>\
         <cache-lookup-value key=\"l\" variable-name=\"again\"/>\
         <return-response><set-body>@(string.Join(\",\", (List<string>)context.Variables[\"again\"]))</set-body></return-response>",
    );
    let ended = Script::default().play(&program(&document), context());
    assert_eq!(ended.body, "a", "{:?}", ended.last_error);
}

#[test]
fn what_is_no_data_is_not_stored() {
    let document =
        inbound("<cache-store-value key=\"k\" value=\"@(context.Request)\" duration=\"60\"/>");
    let ended = Script::default().play(&program(&document), context());
    assert_eq!(&*ended.error().reason, "ExpressionValueEvaluationFailure");
    assert_eq!(&*ended.error().source, "cache-store-value");
}

const CACHED: &str = "<policies><inbound><base/><cache-lookup vary-by-developer=\"DEVELOPER\" vary-by-developer-groups=\"false\" PRIVATE downstream-caching-type=\"private\">\
    <vary-by-header>Accept;X-Kind</vary-by-header>VARY</cache-lookup></inbound>\
    <outbound><set-header name=\"X-Before\" exists-action=\"append\"><value>b</value></set-header><cache-store duration=\"60\"/>\
    <set-header name=\"X-After\" exists-action=\"append\"><value>a</value></set-header></outbound></policies>";

fn cached(developer: &str, private: &str, vary: &str) -> Arc<Program> {
    let document = CACHED
        .replace("DEVELOPER", developer)
        .replace("PRIVATE", private)
        .replace("VARY", vary);
    program(&document)
}

/// Whether the second of two requests is answered with what the first one stored.
fn shares(program: &Arc<Program>, first: Context, second: Context) -> bool {
    let mut script = Script::default().backend(&[(200, "first"), (200, "second")]);
    assert_eq!(script.play(program, first).body, "first");
    script.play(program, second).body == "first"
}

#[test]
fn a_cached_response_goes_on_behind_where_it_was_stored() {
    let program = cached("false", "", "");
    let mut script = Script::default().backend(&[(200, "first"), (200, "second")]);
    let first = script.play(&program, context());
    let second = script.play(&program, context());
    for ended in [&first, &second] {
        assert_eq!(ended.body, "first");
        assert_eq!(
            (ended.header("x-before"), ended.header("x-after")),
            (Some("b"), Some("a"))
        );
        assert_eq!(
            ended.header("cache-control"),
            Some("private, max-age=60, must-revalidate")
        );
    }
    assert_eq!((first.forwards.len(), second.forwards.len()), (1, 0));
}

#[test]
fn nobody_gets_a_response_that_was_made_for_something_else() {
    let plain = cached("false", "", "");
    assert!(shares(&plain, context(), context()));
    type Change = fn(&mut Context);
    let differ: [(&str, Change); 7] = [
        ("path", |c| {
            c.request.original_url = url("/orders/18", "x=1")
        }),
        ("query", |c| {
            c.request.original_url = url("/orders/17", "x=2")
        }),
        ("host", |c| {
            c.request.original_url.host = "other.example.com".into()
        }),
        ("a header it varies by", |c| {
            c.request
                .headers
                .insert("accept", "text/plain".parse().unwrap());
        }),
        ("the other one", |c| {
            c.request
                .headers
                .insert("x-kind", "text/plain".parse().unwrap());
        }),
        ("method", |c| c.request.method = http::Method::POST),
        ("authorization", |c| {
            c.request
                .headers
                .insert("authorization", "Bearer x".parse().unwrap());
        }),
    ];
    for (what, change) in differ {
        let mut other = context();
        change(&mut other);
        assert!(!shares(&plain, context(), other), "{what}");
        let mut other = context();
        change(&mut other);
        assert!(
            !shares(&plain, other, context()),
            "{what}, the other way round"
        );
    }
    let mut other = context();
    other.request.headers.insert("x-else", "1".parse().unwrap());
    assert!(
        shares(&plain, context(), other),
        "a header it does not vary by"
    );
}

#[test]
fn two_headers_cannot_be_arranged_to_look_like_one_another() {
    let plain = cached("false", "", "");
    let with = |accept: &str, kind: &str| {
        let mut context = context();
        context
            .request
            .headers
            .insert("accept", accept.parse().unwrap());
        context
            .request
            .headers
            .insert("x-kind", kind.parse().unwrap());
        context
    };
    assert!(!shares(&plain, with("a1:x", "b"), with("a", "1:xb")));
    assert!(shares(&plain, with("a", "b"), with("a", "b")));
}

#[test]
fn developers_do_not_share_responses_that_vary_by_developer() {
    let varying = cached("true", "", "");
    assert!(shares(&varying, subscribed("a"), subscribed("a")));
    assert!(!shares(&varying, subscribed("a"), subscribed("b")));
    assert!(!shares(&varying, subscribed("a"), context()));
    let client = |seed| context_with(certificate("CN=a", "CN=b", seed));
    assert!(!shares(&varying, client(1), client(2)));
    assert!(shares(
        &cached("false", "", ""),
        subscribed("a"),
        subscribed("b")
    ));
}

#[test]
fn named_query_parameters_alone_tell_responses_apart() {
    let varying = cached(
        "false",
        "",
        "<vary-by-query-parameter>x;y</vary-by-query-parameter>",
    );
    let with = |query: &str| {
        let mut context = context();
        context.request.original_url = url("/orders/17", query);
        context
    };
    assert!(shares(&varying, with("x=1&z=1"), with("z=2&x=1")));
    assert!(!shares(&varying, with("x=1"), with("x=2")));
    assert!(!shares(&varying, with("x=1"), with("y=1")));
}

#[test]
fn authorized_requests_are_cached_only_where_that_is_allowed() {
    let with = || {
        let mut context = context();
        context
            .request
            .headers
            .insert("authorization", "Bearer x".parse().unwrap());
        context
    };
    assert!(!shares(&cached("false", "", ""), with(), with()));
    let allowed = cached("false", "allow-private-response-caching=\"true\"", "");
    assert!(shares(&allowed, with(), with()));
}

#[test]
fn only_a_200_is_stored_unless_the_document_says_otherwise() {
    for (store, status, stored) in [
        ("<cache-store duration=\"60\"/>", 200, true),
        ("<cache-store duration=\"60\"/>", 404, false),
        (
            "<cache-store duration=\"60\" cache-response=\"@(context.Response.StatusCode == 404)\"/>",
            404,
            true,
        ),
        (
            "<cache-store duration=\"60\" cache-response=\"false\"/>",
            200,
            false,
        ),
    ] {
        let document = CACHED
            .replace("DEVELOPER", "false")
            .replace("PRIVATE", "")
            .replace("VARY", "")
            .replace("<cache-store duration=\"60\"/>", store);
        let mut script = Script::default().backend(&[(status, "x")]);
        script.play(&program(&document), context());
        assert_eq!(script.cache.len() == 1, stored, "{store} {status}");
    }
}

#[test]
fn what_a_response_says_about_itself_is_respected() {
    for (header, value, stored) in [
        ("Set-Cookie", "a=b", false),
        ("Cache-Control", "no-store", false),
        ("Cache-Control", "max-age=5, Private", false),
        ("Cache-Control", "public, max-age=5", true),
    ] {
        let document = CACHED
            .replace("DEVELOPER", "false")
            .replace("PRIVATE", "")
            .replace("VARY", "")
            .replace(
                "<cache-store",
                &format!(
                    "<set-header name=\"{header}\"><value>{value}</value></set-header><cache-store"
                ),
            );
        let mut script = Script::default();
        script.play(&program(&document), context());
        assert_eq!(script.cache.len() == 1, stored, "{header}: {value}");
    }
}

#[test]
fn keys_of_documents_cannot_name_stored_responses() {
    let mut script = Script::default();
    script.play(&cached("false", "", ""), context());
    let key = script.cache.keys().next().unwrap().clone();
    let document = inbound(
        "<cache-remove-value key=\"@((string)context.Variables[\"k\"])\"/>\
         <cache-store-value key=\"@((string)context.Variables[\"k\"])\" value=\"mine\" duration=\"9\"/>",
    );
    let mut thief = context();
    thief.variables.insert("k".into(), key.as_str().into());
    script.play(&program(&document), thief);
    let still = script.cache.get(&key).expect("it is not removed");
    assert!(still.to_response().is_some(), "nor overwritten");
}

#[test]
fn a_part_or_an_answer_to_a_condition_is_never_stored_whatever_the_policy_says() {
    let document = CACHED
        .replace("DEVELOPER", "false")
        .replace("PRIVATE", "")
        .replace("VARY", "")
        .replace(
            "duration=\"60\"/>",
            "duration=\"60\" cache-response=\"true\"/>",
        );
    let program = program(&document);
    for (status, stored) in [
        (206, false),
        (304, false),
        (412, false),
        (416, false),
        (203, true),
    ] {
        let mut script = Script::default().backend(&[(status, "first"), (200, "second")]);
        script.play(&program, context());
        let second = script.play(&program, context()).body;
        assert_eq!(second == "first", stored, "{status}");
    }
}
