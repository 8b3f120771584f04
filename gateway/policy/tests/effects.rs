//! Policies that wait for the world: requests, pauses, permits, several at a time.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::time::Duration;

use gateway_policy::context::Body;
use gateway_policy::execution::{CertificateChoice, DEFAULT_EFFECTS, Step};
use gateway_policy::problem::Severity;
use gateway_policy::program::{Scope, compile_fragment, link};
use support::script::{Reply, Script};
use support::{Names, check, codes, context, errors, problems, program, scope_program};

fn send(path: &str, variable: &str) -> String {
    format!(
        "<send-request mode=\"new\" response-variable-name=\"{variable}\" timeout=\"20\">\
         <set-url>https://example.com{path}</set-url><set-method>GET</set-method></send-request>"
    )
}

fn inbound(policies: &str) -> String {
    format!("<policies><inbound>{policies}</inbound></policies>")
}

/// Says what `code` gives, as the body of the answer.
fn say(code: &str) -> String {
    format!("<return-response><set-body>@({code})</set-body></return-response>")
}

#[test]
fn a_sent_request_is_what_its_children_made_and_the_clients_request_stays_as_it_is() {
    let document = inbound(
        "<send-request mode=\"new\" response-variable-name=\"r\" timeout=\"7\">\
           <set-url>@(\"https://example.com:8443/token?x=\" + context.Request.Method)</set-url>\
           <set-method>POST</set-method>\
           <set-header name=\"X-Own\" exists-action=\"override\"><value>1</value></set-header>\
           <set-header name=\"Content-Length\" exists-action=\"override\"><value>5</value></set-header>\
           <set-body>@(\"of \" + context.Request.Url.Path)</set-body>\
           <authentication-certificate certificate-id=\"my-backend-cert\"/>\
         </send-request>",
    );
    let mut script = Script::default().server("/token", 200, "yes");
    let ended = script.play(&program(&document), context());
    let sent = &script.sent[0];
    assert_eq!(
        (sent.method.as_str(), &*sent.url.host, sent.url.port),
        ("POST", "example.com", 8443)
    );
    assert_eq!(
        (sent.url.path.as_str(), sent.url.query.as_str()),
        ("/token", "x=GET")
    );
    assert_eq!(&sent.body[..], b"of /17");
    assert_eq!(sent.headers.get("x-own").unwrap(), "1");
    assert!(!sent.headers.contains_key("content-length"));
    assert_eq!(sent.timeout, Duration::from_secs(7));
    assert_eq!(
        sent.client_certificate,
        Some(CertificateChoice::Id("my-backend-cert".into()))
    );
    let request = &ended.context.request;
    assert_eq!(
        (request.method.as_str(), request.url.path.as_str()),
        ("GET", "/17")
    );
    assert!(!request.headers.contains_key("x-own"));
    assert_eq!(ended.forwards[0].client_certificate, None);
}

#[test]
fn a_copy_carries_method_headers_and_body_of_the_request_to_where_it_would_be_forwarded() {
    let document = inbound(
        "<set-backend-service base-url=\"https://backend.example.com/base\"/><send-request mode=\"copy\" response-variable-name=\"r\"/>",
    );
    let mut context = context();
    context.request.method = http::Method::PUT;
    context.request.body = Body::Streaming;
    let headers = &mut context.request.headers;
    headers.insert("host", "gateway.example.com".parse().unwrap());
    headers.insert("x-a", "b".parse().unwrap());
    let mut script = Script::default().server("/base/17", 200, "");
    script.play(&program(&document), context);
    let sent = &script.sent[0];
    assert_eq!(
        (sent.method.as_str(), &sent.body[..], &*sent.url.host),
        ("PUT", &b"{\"a\":1}"[..], "backend.example.com")
    );
    assert_eq!(sent.url.query, "x=1");
    assert_eq!(sent.headers.get("x-a").unwrap(), "b");
    assert!(!sent.headers.contains_key("host"));
    assert_eq!(script.log, ["request body", "PUT /base/17", "forward"]);
}

#[test]
fn a_copy_never_goes_back_to_this_gateway() {
    let document = inbound("<send-request mode=\"copy\" response-variable-name=\"r\"/>");
    let mut script = Script::default();
    let ended = script.play(&program(&document), context());
    assert_eq!(&*ended.error().reason, "InvalidConfiguration");
    assert!(script.sent.is_empty());
}

#[test]
fn the_response_is_an_object_with_status_headers_and_a_body_that_is_read_once() {
    for (code, expected) in [
        (
            "((IResponse)context.Variables[\"r\"]).StatusCode.ToString()",
            "201",
        ),
        (
            "((IResponse)context.Variables[\"r\"]).StatusReason",
            "Created",
        ),
        (
            "context.Variables.GetValueOrDefault<IResponse>(\"r\").Body.As<string>()",
            "token",
        ),
        (
            "((IResponse)context.Variables[\"r\"]).Body.As<string>(preserveContent: true) + ((IResponse)context.Variables[\"r\"]).Body.As<string>()",
            "tokentoken",
        ),
        (
            "((IResponse)context.Variables[\"r\"]).Headers.GetValueOrDefault(\"X\", \"none\")",
            "none",
        ),
        (
            "(context.Variables.GetValueOrDefault<IResponse>(\"other\") == null).ToString()",
            "True",
        ),
        ("(context.Response == null).ToString()", "True"),
    ] {
        let document = inbound(&(send("/token", "r") + &say(code)));
        let mut script = Script::default().server("/token", 201, "token");
        let ended = script.play(&program(&document), context());
        assert_eq!(ended.body, expected, "{code}: {:?}", ended.last_error);
    }
    let twice = "((IResponse)context.Variables[\"r\"]).Body.As<string>() + ((IResponse)context.Variables[\"r\"]).Body.As<string>()";
    let document = inbound(&(send("/token", "r") + &say(twice)));
    let mut script = Script::default().server("/token", 201, "token");
    let ended = script.play(&program(&document), context());
    assert_eq!(&*ended.error().reason, "ExpressionValueEvaluationFailure");
}

#[test]
fn a_response_can_be_returned_and_changed_on_the_way() {
    let document = inbound(
        &(send("/token", "r")
            + "<return-response response-variable-name=\"r\"><set-header name=\"X\" exists-action=\"override\"><value>1</value></set-header></return-response>"),
    );
    let mut script = Script::default().server("/token", 418, "short and stout");
    let ended = script.play(&program(&document), context());
    assert_eq!(
        (ended.status, ended.body.as_str(), ended.header("x")),
        (418, "short and stout", Some("1"))
    );
    let missing = inbound("<return-response response-variable-name=\"r\"/>");
    let ended = Script::default().play(&program(&missing), context());
    assert_eq!(
        (ended.status, &*ended.error().reason),
        (500, "InvalidResponseVariable")
    );
}

#[test]
fn a_request_that_fails_is_an_error_of_its_policy_unless_errors_are_ignored() {
    for (reply, reason) in [
        (Reply::TimesOut, "Timeout"),
        (Reply::Unreachable, "BackendConnectionFailure"),
    ] {
        let document = inbound(&send("/token", "r"));
        let mut script = Script::default().failing("/token", reply);
        let ended = script.play(&program(&document), context());
        let error = ended.error();
        assert_eq!((ended.step.clone(), ended.status), (Step::Fail, 500));
        assert_eq!(
            (&*error.source, &*error.reason, &*error.path),
            ("send-request", reason, "send-request")
        );
        assert!(
            !ended.body.contains("such") && !ended.body.contains("time"),
            "{}",
            ended.body
        );
    }
    let ignoring = send("/token", "r").replace("mode=", "ignore-error=\"true\" mode=");
    let document = inbound(&(ignoring + &say("(context.Variables[\"r\"] == null).ToString()")));
    let ended = Script::default().play(&program(&document), context());
    assert_eq!(ended.body, "True");
}

#[test]
fn nobody_waits_for_a_one_way_request_and_nobody_minds_its_failure() {
    let document = inbound(
        "<send-one-way-request mode=\"new\"><set-url>https://example.com/log</set-url>\
         <set-method>POST</set-method><set-body>x</set-body></send-one-way-request>",
    );
    let mut script = Script::default();
    let ended = script.play(&program(&document), context());
    assert_eq!(ended.status, 200);
    assert!(!script.sent[0].awaited);
}

#[test]
fn a_retry_runs_once_and_then_as_long_as_its_condition_holds_and_its_count_lasts() {
    let document = |attributes: &str| {
        format!(
            "<policies><inbound/><backend><retry condition=\"@(context.Response.StatusCode >= 500)\" {attributes}>\
             <forward-request buffer-request-body=\"true\"/></retry></backend></policies>"
        )
    };
    let seconds =
        |pauses: &[Duration]| -> Vec<f64> { pauses.iter().map(Duration::as_secs_f64).collect() };
    let mut script = Script::default().backend(&[(503, "a"), (502, "b"), (200, "c")]);
    let program_ = program(&document("count=\"5\" interval=\"2\""));
    let ended = script.play(&program_, context());
    assert_eq!(
        (ended.status, ended.body.as_str(), ended.forwards.len()),
        (200, "c", 3)
    );
    assert_eq!(seconds(&script.pauses), [2.0, 2.0]);

    // policy-attributes.md, `retry`: interval + (count - 1) * delta.
    let mut script = Script::default().backend(&[(503, "a")]);
    let program_ = program(&document("count=\"3\" interval=\"2\" delta=\"3\""));
    let ended = script.play(&program_, context());
    assert_eq!((ended.status, ended.forwards.len()), (503, 4));
    assert_eq!(seconds(&script.pauses), [2.0, 5.0, 8.0]);

    // interval + 2^(count - 1) * random(0.8 delta, 1.2 delta), up to max-interval.
    let mut script = Script::default().backend(&[(503, "a")]);
    let program_ = program(&document(
        "count=\"4\" interval=\"10\" delta=\"10\" max-interval=\"60\" first-fast-retry=\"true\"",
    ));
    script.play(&program_, context());
    let pauses = seconds(&script.pauses);
    assert_eq!(pauses.len(), 3, "the first one is immediate");
    assert!((26.0..=34.0).contains(&pauses[0]), "{pauses:?}");
    assert!((42.0..=58.0).contains(&pauses[1]), "{pauses:?}");
    assert!((pauses[2] - 60.0).abs() < 1e-9, "{pauses:?}");
}

#[test]
fn retries_inside_retries_end_with_the_budget_of_effects() {
    let inner = "<retry condition=\"@(true)\" count=\"50\" interval=\"0\"><set-variable name=\"x\" value=\"1\"/></retry>";
    let document = inbound(&format!(
        "<retry condition=\"@(true)\" count=\"50\" interval=\"0\">{inner}</retry>"
    ));
    let mut script = Script::default();
    let ended = script.play(&program(&document), context());
    assert_eq!(&*ended.error().reason, "EffectBudgetExceeded");
    assert!(ended.error().message.contains(&DEFAULT_EFFECTS.to_string()));
}

#[test]
fn counts_and_intervals_of_a_retry_have_limits() {
    for (count, fine) in [
        ("0", false),
        ("1", true),
        ("50", true),
        ("51", false),
        ("x", false),
    ] {
        let document = inbound(&format!(
            "<retry condition=\"@(false)\" count=\"{count}\" interval=\"1\"><base/></retry>"
        ));
        let found = errors(&document);
        let refused = found.iter().any(|p| p.message.contains("from 1 to 50"));
        assert_eq!(refused, !fine, "{count}: {found:?}");
    }
}

#[test]
fn a_wait_for_all_sends_together_and_goes_on_when_the_last_is_back() {
    let document = inbound(&format!(
        "<wait for=\"all\">{}{}<choose><when condition=\"@(true)\">{}</when></choose></wait>{}",
        send("/a", "a"),
        send("/b", "b"),
        send("/c", "c"),
        say(
            "((IResponse)context.Variables[\"a\"]).Body.As<string>() + ((IResponse)context.Variables[\"b\"]).Body.As<string>() + ((IResponse)context.Variables[\"c\"]).Body.As<string>()"
        ),
    ));
    let mut script = Script::default()
        .server("/a", 200, "1")
        .server("/b", 200, "2")
        .server("/c", 200, "3")
        .answering(&["/c", "/b", "/a"]);
    let ended = script.play(&program(&document), context());
    assert_eq!(ended.body, "123");
    assert_eq!(script.log, ["GET /a", "GET /b", "GET /c"]);
}

#[test]
fn a_wait_for_any_goes_on_with_the_first_and_cancels_the_rest() {
    let document = inbound(&format!(
        "<wait for=\"any\">{}{}</wait>{}",
        send("/slow", "slow"),
        send("/fast", "fast"),
        say(
            "context.Variables.ContainsKey(\"slow\") + \" \" + context.Variables.ContainsKey(\"fast\")"
        ),
    ));
    let mut script = Script::default()
        .server("/slow", 200, "1")
        .server("/fast", 200, "2")
        .answering(&["/fast"]);
    let ended = script.play(&program(&document), context());
    assert_eq!(ended.body, "False True");
    assert_eq!(script.log, ["GET /slow", "GET /fast", "cancel GET /slow"]);
}

#[test]
fn a_failure_or_an_answer_in_one_child_of_a_wait_ends_the_others() {
    let document = inbound(&format!(
        "<wait>{}{}</wait>",
        send("/slow", "s"),
        send("/bad", "b")
    ));
    let mut script = Script::default()
        .server("/slow", 200, "1")
        .failing("/bad", Reply::TimesOut)
        .answering(&["/bad"]);
    let ended = script.play(&program(&document), context());
    assert_eq!(
        (&*ended.error().reason, &*ended.error().path),
        ("Timeout", "wait\\send-request[2]")
    );
    assert_eq!(script.log.last().unwrap(), "cancel GET /slow");

    let document = inbound(&format!(
        "<wait>{}<choose><when condition=\"@(true)\"><return-response/></when></choose></wait>",
        send("/slow", "s")
    ));
    let mut script = Script::default().server("/slow", 200, "1");
    let ended = script.play(&program(&document), context());
    assert_eq!(
        (ended.step, script.log.last().unwrap().as_str()),
        (Step::Respond, "cancel GET /slow")
    );
}

#[test]
fn two_children_that_read_the_same_body_have_it_read_once() {
    let read = "<choose><when condition=\"@(context.Request.Body.As<string>(true).Length == 7)\"><set-variable name=\"x\" value=\"1\"/></when></choose>";
    let document = inbound(&format!("<wait>{read}{read}</wait>"));
    let mut context = context();
    context.request.body = Body::Streaming;
    let mut script = Script::default();
    let ended = script.play(&program(&document), context);
    assert_eq!(ended.status, 200, "{:?}", ended.last_error);
    assert_eq!(script.log, ["request body", "forward"]);
}

#[test]
fn an_entrance_is_given_back_on_every_way_out() {
    let limited = |inside: &str| {
        format!(
            "<policies><inbound><limit-concurrency key=\"k\" max-count=\"1\">{inside}</limit-concurrency></inbound></policies>"
        )
    };
    let ways = [
        "<set-variable name=\"x\" value=\"1\"/>".to_owned(),
        "<return-response/>".to_owned(),
        send("/unreachable", "r"),
        format!("<wait for=\"any\">{}{}</wait>", send("/a", "a"), send("/b", "b")),
        "<retry condition=\"@(true)\" count=\"2\" interval=\"1\"><set-variable name=\"x\" value=\"@((string)context.Variables[&quot;none&quot;])\"/></retry>".to_owned(),
    ];
    for inside in ways {
        let mut script = Script::default()
            .server("/a", 200, "")
            .server("/b", 200, "");
        script.play(&program(&limited(&inside)), context());
        assert!(script.log.contains(&"acquire k".to_owned()));
        assert_eq!(script.occupied.get(), 0, "{inside}");
    }
    // Inside, it is taken; and when the client goes away the execution is dropped where it stands.
    let mut script = Script::default().server("/a", 200, "");
    let mut execution = script.begin(&program(&limited(&send("/a", "a"))), context());
    script.run_to_block(&mut execution);
    assert_eq!(script.occupied.get(), 1);
    drop(execution);
    assert_eq!(script.occupied.get(), 0);
}

#[test]
fn one_request_more_than_a_place_admits_is_refused() {
    let document =
        inbound("<limit-concurrency key=\"k\" max-count=\"2\"><base/></limit-concurrency>");
    assert_eq!(codes(&errors(&document)), ["BaseNotAllowed"]);
    let document = inbound(
        "<limit-concurrency key=\"k\" max-count=\"2\"><set-variable name=\"x\" value=\"1\"/></limit-concurrency>",
    );
    let mut script = Script::default();
    script.occupied.set(2);
    let ended = script.play(&program(&document), context());
    assert_eq!(
        (ended.status, &*ended.error().source, &*ended.error().reason),
        (429, "limit-concurrency", "ConcurrencyLimitExceeded")
    );
    assert!(!ended.forwarded());
}

#[test]
fn a_fragment_stands_where_it_is_included_and_is_named_in_errors() {
    let names = Names::default()
        .with_fragment("outer", "<fragment><include-fragment fragment-id=\"inner\"/></fragment>")
        .with_fragment(
            "inner",
            "<fragment>\n<choose><when condition=\"@(true)\">\n<ip-filter action=\"forbid\"><address>10.1.2.3</address></ip-filter></when></choose></fragment>",
        );
    let document = inbound("<base/><include-fragment fragment-id=\"outer\"/>");
    let linked = link(&[scope_program(&document, Scope::Api, &names)]);
    let ended = Script::default().play(&linked, context());
    let error = ended.error();
    assert_eq!(
        (&*error.source, &*error.reason),
        ("ip-filter", "CallerIpBlocked")
    );
    assert_eq!(
        &*error.path,
        "include-fragment\\outer\\include-fragment\\inner\\choose\\when\\ip-filter"
    );
    let references = check(&document, Scope::Api, &names).references;
    let ids: Vec<&str> = references
        .policy_fragment_ids
        .iter()
        .map(AsRef::as_ref)
        .collect();
    assert_eq!(ids, ["inner", "outer"]);
}

#[test]
fn what_is_wrong_in_a_fragment_is_told_where_it_is_included_and_where_it_is() {
    let names = Names::default().with_fragment("bad", "<fragment>\n  <set-headr/>\n</fragment>");
    let document =
        "<policies>\n<inbound>\n<include-fragment fragment-id=\"bad\"/></inbound></policies>";
    let problems = check(document, Scope::Api, &names).problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(
        (problems[0].position.line, problems[0].position.column),
        (3, 2)
    );
    assert_eq!(problems[0].severity, Severity::Error);
    assert!(
        problems[0]
            .message
            .starts_with("In the policy fragment 'bad', line 2, position 4: "),
        "{}",
        problems[0].message
    );
    let missing = inbound("<include-fragment fragment-id=\"bat\"/>");
    let problems = check(&missing, Scope::Api, &names).problems;
    assert_eq!(codes(&problems), ["UnknownReference"]);
    assert!(
        problems[0].message.contains("Did you mean 'bad'?"),
        "{problems:?}"
    );
}

#[test]
fn fragments_that_include_each_other_are_refused_with_the_chain() {
    let names = Names::default()
        .with_fragment(
            "a",
            "<fragment><include-fragment fragment-id=\"b\"/></fragment>",
        )
        .with_fragment(
            "b",
            "<fragment><include-fragment fragment-id=\"a\"/></fragment>",
        );
    let problems = check(
        &inbound("<include-fragment fragment-id=\"a\"/>"),
        Scope::Api,
        &names,
    )
    .problems;
    assert_eq!(codes(&problems), ["FragmentCycle"]);
    assert!(
        problems[0].message.contains("a → b → a"),
        "{}",
        problems[0].message
    );
    let a = gateway_policy::document::parse(&names.fragments["a"]).unwrap();
    let alone = compile_fragment(&a, "a", &names).problems;
    assert!(alone[0].message.contains("a → b → a"), "{alone:?}");
}

#[test]
fn fragments_cannot_multiply_without_end() {
    let mut names = Names::default().with_fragment(
        "f0",
        "<fragment><set-variable name=\"x\" value=\"1\"/></fragment>",
    );
    for level in 1..12 {
        let inner = format!("<include-fragment fragment-id=\"f{}\"/>", level - 1);
        names = names.with_fragment(
            &format!("f{level}"),
            &format!("<fragment>{inner}{inner}</fragment>"),
        );
    }
    let problems = check(
        &inbound("<include-fragment fragment-id=\"f11\"/>"),
        Scope::Api,
        &names,
    )
    .problems;
    assert!(
        problems.iter().any(|p| p.code == "FragmentsTooLarge"),
        "{problems:?}"
    );
}

#[test]
fn a_fragment_is_checked_by_itself_for_any_section() {
    let names = Names::default();
    let check = |source: &str| {
        let document = gateway_policy::document::parse(source).unwrap();
        codes(&compile_fragment(&document, "f", &names).problems)
    };
    assert!(check("<fragment><rewrite-uri template=\"/x\"/></fragment>").is_empty());
    assert_eq!(check("<fragment><base/></fragment>"), ["BaseNotAllowed"]);
    assert_eq!(check("<policies/>"), ["UnknownElement"]);
    assert_eq!(check("<fragment><inbound/></fragment>"), ["UnknownElement"]);
}

#[test]
fn a_limit_that_stands_twice_and_a_cache_that_is_not_there_are_warned_about() {
    let limit = "<rate-limit calls=\"1\" renewal-period=\"10\"/>";
    let quota = "<quota calls=\"1\" renewal-period=\"300\"/>";
    let both = format!("<policies><inbound>{limit}{quota}</inbound></policies>");
    assert!(problems(&both).is_empty());
    for policy in [limit, quota] {
        let twice = format!("<policies><inbound>{policy}{policy}</inbound></policies>");
        assert_eq!(codes(&problems(&twice)), ["UsedTwice"], "{policy}");
        assert!(errors(&twice).is_empty(), "{policy}");
    }
    let look = |caching| {
        format!(
            "<policies><inbound><cache-lookup-value key=\"k\" variable-name=\"v\" default-value=\"none\" caching-type=\"{caching}\"/></inbound></policies>"
        )
    };
    assert_eq!(codes(&problems(&look("external"))), ["NoEffect"]);
    assert!(problems(&look("prefer-external")).is_empty());
    assert!(problems(&look("internal")).is_empty());
}
