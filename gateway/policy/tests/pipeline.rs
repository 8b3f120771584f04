//! How documents of several scopes become one pipeline, and what happens when something fails.

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

use gateway_policy::context::Body;
use gateway_policy::execution::{Answer, Effect, Execution, Failure, Step, Target};
use gateway_policy::expression::{BudgetKind, BudgetLimits};
use gateway_policy::program::{Program, Scope, Section, link};
use support::*;

/// A document for each scope that is given, outermost first.
#[track_caller]
fn scopes(global: Option<&str>, api: Option<&str>, operation: Option<&str>) -> Arc<Program> {
    let names = Names::default();
    let programs: Vec<_> = [
        (Scope::Global, global),
        (Scope::Api, api),
        (Scope::Operation, operation),
    ]
    .into_iter()
    .filter_map(|(scope, source)| source.map(|source| scope_program(source, scope, &names)))
    .collect();
    link(&programs)
}

/// The order in which headers were appended to `trail` in the request.
fn trail(program: &Arc<Program>) -> String {
    let ended = run(program, context(), &World::default());
    let trail = ended.context.request.headers.get("trail");
    trail.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

fn mark(value: &str) -> String {
    format!(
        "<set-header name=\"trail\" exists-action=\"append\"><value>{value}</value></set-header>"
    )
}

#[test]
fn base_is_replaced_in_place_by_the_enclosing_scopes_section() {
    let global = format!(
        "<policies><inbound>{}<base/>{}</inbound></policies>",
        mark("g1"),
        mark("g2")
    );
    let api = format!(
        "<policies><inbound>{}<base/>{}</inbound></policies>",
        mark("a1"),
        mark("a2")
    );
    let operation = format!(
        "<policies><inbound>{}<base/></inbound></policies>",
        mark("o")
    );
    assert_eq!(
        trail(&scopes(Some(&global), Some(&api), Some(&operation))),
        "o,a1,g1,g2,a2"
    );
}

#[test]
fn a_section_without_base_drops_the_enclosing_scopes_policies() {
    let global = format!("<policies><inbound>{}</inbound></policies>", mark("g"));
    let api = format!("<policies><inbound>{}</inbound></policies>", mark("a"));
    assert_eq!(trail(&scopes(Some(&global), Some(&api), None)), "a");
}

#[test]
fn an_absent_section_counts_as_base_and_an_empty_one_does_not() {
    let global = format!("<policies><inbound>{}</inbound></policies>", mark("g"));
    let absent = "<policies><outbound/></policies>";
    assert_eq!(trail(&scopes(Some(&global), Some(absent), None)), "g");
    let empty = "<policies><inbound/></policies>";
    assert_eq!(trail(&scopes(Some(&global), Some(empty), None)), "");
}

#[test]
fn a_bare_list_of_policies_is_an_inbound_section_after_base() {
    let global = format!("<policies><inbound>{}</inbound></policies>", mark("g"));
    assert_eq!(trail(&scopes(Some(&global), Some(&mark("a")), None)), "g,a");
}

#[test]
fn sections_may_stand_without_a_root_and_in_any_order() {
    let api = format!(
        "<outbound/><backend><base/></backend><inbound>{}<base/></inbound>",
        mark("a")
    );
    assert_eq!(trail(&scopes(None, Some(&api), None)), "a");
}

#[test]
fn without_any_document_the_request_is_forwarded_to_the_service_url() {
    let ended = run(&link(&[]), context(), &World::default());
    assert_eq!(ended.forwards.len(), 1);
    assert_eq!(ended.forwards[0].target, Target::ServiceUrl);
    assert_eq!(ended.forwards[0].timeout.as_secs(), 300);
    assert_eq!(
        (ended.step.clone(), ended.status, ended.body.as_str()),
        (Step::Respond, 200, "from the backend")
    );
}

#[test]
fn base_in_the_outermost_backend_section_forwards() {
    for api in [
        "<policies><backend><base/></backend></policies>",
        "<policies><inbound><base/></inbound></policies>",
    ] {
        assert!(
            run(&scopes(None, Some(api), None), context(), &World::default()).forwarded(),
            "{api}"
        );
    }
}

#[test]
fn an_empty_backend_section_forwards_nothing_and_answers_with_an_empty_200() {
    let api = "<policies><backend/><outbound><set-header name=\"x\"><value>1</value></set-header></outbound></policies>";
    let ended = run(&scopes(None, Some(api), None), context(), &World::default());
    assert!(!ended.forwarded());
    assert_eq!(
        (ended.status, ended.body.as_str(), ended.header("x")),
        (200, "", Some("1"))
    );
}

#[test]
fn outbound_changes_the_backends_response() {
    let api = "<policies><outbound><base/><set-status code=\"202\" reason=\"Taken\"/>\
               <set-header name=\"x\"><value>1</value></set-header><set-body>new</set-body></outbound></policies>";
    let ended = run(&program(api), context(), &World::default());
    assert_eq!(
        (ended.status, ended.reason.as_deref()),
        (202, Some("Taken"))
    );
    assert_eq!((ended.body.as_str(), ended.header("x")), ("new", Some("1")));
}

#[test]
fn return_response_ends_the_pipeline_before_backend_and_outbound() {
    let api = "<policies><inbound><return-response><set-status code=\"418\"/></return-response>\
               <set-header name=\"never\"><value>1</value></set-header></inbound>\
               <outbound><set-header name=\"x\"><value>1</value></set-header></outbound></policies>";
    let ended = run(&program(api), context(), &World::default());
    assert_eq!((ended.step.clone(), ended.status), (Step::Respond, 418));
    assert_eq!((ended.forwards.len(), ended.header("x")), (0, None));
    assert!(!ended.context.request.headers.contains_key("never"));
}

#[test]
fn return_response_inside_an_enclosing_scope_ends_the_inner_scopes_too() {
    let global = "<policies><inbound><return-response/></inbound></policies>";
    let api = format!(
        "<policies><inbound><base/>{}</inbound></policies>",
        mark("a")
    );
    let ended = run(
        &scopes(Some(global), Some(&api), None),
        context(),
        &World::default(),
    );
    assert_eq!(
        (ended.step.clone(), ended.status, ended.body.as_str()),
        (Step::Respond, 200, "")
    );
    assert!(!ended.context.request.headers.contains_key("trail"));
}

#[test]
fn every_section_but_the_last_is_reported_as_it_ends() {
    let mut execution = Execution::new(link(&[]), context(), BudgetLimits::default());
    let world = World::default();
    assert_eq!(execution.run(&world), Step::Continue(Section::Inbound));
    let Step::Need(_, Effect::Forward(_)) = execution.run(&world) else {
        panic!("no forward")
    };
    let response = finish(
        Execution::new(link(&[]), context(), BudgetLimits::default()),
        &world,
        &Backend::Answers(201, ""),
    );
    assert_eq!(response.status, 201);
}

#[test]
fn an_effect_is_asked_for_once_and_nothing_goes_on_without_its_outcome() {
    let mut execution = Execution::new(link(&[]), context(), BudgetLimits::default());
    let world = World::default();
    execution.run(&world);
    let Step::Need(id, Effect::Forward(_)) = execution.run(&world) else {
        panic!("no forward")
    };
    assert_eq!(execution.run(&world), Step::Blocked);
    assert_eq!(execution.run(&world), Step::Blocked);
    // A body is not what was asked for: that is a failure, not a response.
    execution.provide(id, Answer::Body("x".into()));
    while !matches!(execution.run(&world), Step::Fail) {}
    assert_eq!(&*execution.last_error().unwrap().reason, "InternalError");
}

const ON_ERROR: &str =
    "<on-error><base/><set-header name=\"handled\"><value>yes</value></set-header></on-error>";

#[test]
fn a_failure_skips_to_on_error_and_its_own_response_goes_out_with_the_headers_set_there() {
    let api = format!(
        "<policies><inbound><ip-filter action=\"forbid\"><address>10.1.2.3</address></ip-filter>{}</inbound>{ON_ERROR}</policies>",
        mark("never")
    );
    let ended = run(&program(&api), context(), &World::default());
    assert_eq!((ended.step.clone(), ended.status), (Step::Fail, 403));
    assert_eq!(
        ended.body,
        r#"{ "statusCode": 403, "message": "Caller IP address is blocked. Access denied." }"#
    );
    assert_eq!(ended.header("content-type"), Some("application/json"));
    assert_eq!(ended.header("handled"), Some("yes"));
    assert!(!ended.context.request.headers.contains_key("trail"));
    assert!(!ended.forwarded());
}

#[test]
fn last_error_names_the_place() {
    let blocked =
        "<ip-filter id=\"guard\" action=\"forbid\"><address>10.1.2.3</address></ip-filter>";
    let cases = [
        (blocked.to_owned(), "ip-filter"),
        (
            "<ip-filter action=\"allow\"><address>10.1.2.3</address></ip-filter>".to_owned()
                + blocked,
            "ip-filter[2]",
        ),
        (
            format!(
                "<choose><when condition=\"false\"/><otherwise><choose><when condition=\"false\"/><when \
                 condition=\"true\">{blocked}</when></choose></otherwise></choose>"
            ),
            r"choose\otherwise\choose\when[2]\ip-filter",
        ),
        (
            format!(
                "<choose><when condition=\"false\"/></choose><choose><when condition=\"true\">\
                 <set-method>PUT</set-method>{blocked}</when></choose>"
            ),
            r"choose[2]\when\ip-filter",
        ),
    ];
    for (policies, path) in cases {
        let program = program(&format!(
            "<policies><inbound>{policies}</inbound></policies>"
        ));
        let ended = run(&program, context(), &World::default());
        let error = ended.error();
        assert_eq!(&*error.path, path);
        assert_eq!(
            (&*error.source, &*error.reason),
            ("ip-filter", "CallerIpBlocked")
        );
        assert_eq!(
            (&*error.scope, &*error.section, &*error.policy_id),
            ("api", "inbound", "guard")
        );
        assert_eq!(
            &*error.message,
            "Caller IP address is blocked. Access denied."
        );
    }
}

#[test]
fn last_error_names_the_scope_whose_document_failed() {
    let global = "<policies><inbound><ip-filter action=\"forbid\"><address>10.1.2.3</address></ip-filter></inbound></policies>";
    let api = format!(
        "<policies><inbound>{}<base/></inbound></policies>",
        mark("a")
    );
    let ended = run(
        &scopes(Some(global), Some(&api), None),
        context(),
        &World::default(),
    );
    assert_eq!(
        (&*ended.error().scope, &*ended.error().path),
        ("global", "ip-filter")
    );
}

#[test]
fn the_on_error_section_is_that_of_the_effective_policy() {
    let global = "<policies><on-error><set-header name=\"who\" exists-action=\"append\"><value>global</value></set-header></on-error></policies>";
    let api = "<policies><inbound><ip-filter action=\"forbid\"><address>10.1.2.3</address></ip-filter></inbound>\
               <on-error><set-header name=\"who\" exists-action=\"append\"><value>api</value></set-header><base/></on-error></policies>";
    let ended = run(
        &scopes(Some(global), Some(api), None),
        context(),
        &World::default(),
    );
    assert_eq!(ended.header("who"), Some("api,global"));
}

#[test]
fn on_error_may_answer_itself() {
    let api = "<policies><inbound><ip-filter action=\"forbid\"><address>10.1.2.3</address></ip-filter></inbound>\
               <on-error><return-response><set-status code=\"404\"/></return-response></on-error></policies>";
    let ended = run(&program(api), context(), &World::default());
    assert_eq!(
        (ended.step.clone(), ended.status, ended.body.as_str()),
        (Step::Respond, 404, "")
    );
    assert_eq!(&*ended.error().reason, "CallerIpBlocked");
}

#[test]
fn the_errors_status_is_the_responses_status_in_on_error() {
    let api = "<policies><inbound><ip-filter action=\"forbid\"><address>10.1.2.3</address></ip-filter></inbound>\
               <on-error><set-header name=\"status\"><value>@(context.Response.StatusCode.ToString())</value></set-header>\
               <set-header name=\"reason\"><value>@(context.LastError.Reason)</value></set-header></on-error></policies>";
    let ended = run(&program(api), context(), &World::default());
    assert_eq!(
        (ended.header("status"), ended.header("reason")),
        (Some("403"), Some("CallerIpBlocked"))
    );
}

#[test]
fn an_error_inside_on_error_ends_with_the_default_error() {
    let api = "<policies><inbound><ip-filter action=\"forbid\"><address>10.1.2.3</address></ip-filter></inbound>\
               <on-error><set-header name=\"x\"><value>@((string)context.Variables[\"missing\"])</value></set-header>\
               <set-header name=\"never\"><value>1</value></set-header></on-error></policies>";
    let ended = run(&program(api), context(), &World::default());
    assert_eq!(
        (ended.step.clone(), ended.status, ended.header("never")),
        (Step::Fail, 500, None)
    );
    assert_eq!(
        (&*ended.error().section, &*ended.error().source),
        ("on-error", "set-header")
    );
    assert_eq!(
        ended.body,
        r#"{ "statusCode": 500, "message": "Internal server error", "activityId": "11111111-1111-1111-1111-111111111111" }"#
    );
}

#[test]
fn an_exception_is_an_evaluation_failure_that_the_client_learns_nothing_about() {
    let api = "<policies><inbound><set-variable name=\"v\" value=\"@((string)context.Variables[&quot;missing&quot;])\" id=\"v1\"/></inbound></policies>";
    let ended = run(&program(api), context(), &World::default());
    let error = ended.error();
    assert_eq!((ended.step.clone(), ended.status), (Step::Fail, 500));
    assert_eq!(
        (&*error.source, &*error.reason),
        ("set-variable", "ExpressionValueEvaluationFailure")
    );
    assert!(
        error.message.starts_with("Expression evaluation failed. "),
        "{}",
        error.message
    );
    assert_eq!(&*error.policy_id, "v1");
    assert!(
        ended.body.contains("Internal server error") && !ended.body.contains("missing"),
        "{}",
        ended.body
    );
}

#[test]
fn a_failing_condition_is_named_as_choose_and_when() {
    let api = "<policies><inbound><choose><when condition=\"false\"/><when condition=\"@((bool)context.Variables[&quot;b&quot;])\"/></choose></inbound></policies>";
    let ended = run(&program(api), context(), &World::default());
    assert_eq!(
        (&*ended.error().source, &*ended.error().path),
        ("choose", r"choose\when[2]")
    );
}

#[test]
fn a_failure_before_the_policies_runs_on_error_too() {
    let api = format!("<policies><inbound/>{ON_ERROR}</policies>");
    let mut execution = Execution::new(program(&api), context(), BudgetLimits::default());
    execution.fail(Failure::subscription_key_invalid(
        "https://gateway.example.com/orders",
    ));
    let ended = finish(execution, &World::default(), &Backend::Answers(200, ""));
    assert_eq!(
        (ended.step.clone(), ended.status, ended.header("handled")),
        (Step::Fail, 401, Some("yes"))
    );
    assert!(
        ended
            .header("www-authenticate")
            .unwrap()
            .contains("name=\"Ocp-Apim-Subscription-Key\"")
    );
    let error = ended.error();
    assert_eq!(
        (&*error.source, &*error.reason),
        ("authorization", "SubscriptionKeyInvalid")
    );
    assert_eq!(
        (&*error.scope, &*error.path, &*error.policy_id),
        ("", "", "")
    );
    assert!(ended.body.starts_with(
        r#"{ "statusCode": 401, "message": "Access denied due to invalid subscription key."#
    ));
}

#[test]
fn a_backend_that_cannot_be_reached_is_the_forwarding_policys_failure() {
    let api = "<policies><backend><forward-request id=\"f\" timeout=\"3\"/></backend></policies>";
    let backend = Backend::Fails(Failure::backend_connection("connection refused"));
    let ended = run_with(&program(api), context(), &World::default(), &backend);
    assert_eq!(ended.forwards[0].timeout.as_secs(), 3);
    assert_eq!((ended.step.clone(), ended.status), (Step::Fail, 500));
    let error = ended.error();
    assert_eq!(
        (&*error.source, &*error.reason),
        ("forward-request", "BackendConnectionFailure")
    );
    assert_eq!(
        (&*error.section, &*error.path, &*error.policy_id),
        ("backend", "forward-request", "f")
    );
    assert_eq!(&*error.message, "connection refused");
    assert!(!ended.body.contains("refused"));
}

#[test]
fn a_backends_error_status_is_no_failure_unless_it_is_asked_for() {
    let ended = run_with(
        &link(&[]),
        context(),
        &World::default(),
        &Backend::Answers(503, "down"),
    );
    assert_eq!(
        (ended.step.clone(), ended.status, ended.body.as_str()),
        (Step::Respond, 503, "down")
    );
    let api = format!(
        "<policies><backend><forward-request fail-on-error-status-code=\"true\"/></backend>{ON_ERROR}</policies>"
    );
    let ended = run_with(
        &program(&api),
        context(),
        &World::default(),
        &Backend::Answers(503, "down"),
    );
    assert_eq!(
        (ended.step.clone(), ended.status, ended.body.as_str()),
        (Step::Fail, 503, "down")
    );
    assert_eq!(ended.header("handled"), Some("yes"));
    assert_eq!(&*ended.error().source, "forward-request");
    let ended = run_with(
        &program(&api),
        context(),
        &World::default(),
        &Backend::Answers(204, ""),
    );
    assert_eq!((ended.step.clone(), ended.status), (Step::Respond, 204));
}

#[test]
fn failures_after_the_answer_change_nothing() {
    let mut execution = Execution::new(
        program("<return-response><set-status code=\"403\"/></return-response>"),
        context(),
        BudgetLimits::default(),
    );
    let world = World::default();
    while !matches!(execution.run(&world), Step::Respond) {}
    execution.fail(Failure::operation_not_found());
    assert_eq!(execution.run(&world), Step::Respond);
    assert!(execution.last_error().is_none());
    assert_eq!(execution.into_response().status, 403);
}

#[test]
fn the_request_body_is_asked_for_only_when_a_policy_that_reads_it_runs() {
    let api = "<policies><inbound><choose><when condition=\"@(context.Request.Method == &quot;POST&quot;)\">\
               <set-variable name=\"b\" value=\"@(context.Request.Body.As&lt;string&gt;(preserveContent: true))\"/>\
               </when></choose></inbound></policies>";
    let program = program(api);
    assert!(program.reads_request_body() && !program.reads_response_body());
    let mut skipped = context();
    skipped.request.body = Body::Streaming;
    let ended = run(&program, skipped, &World::default());
    assert!(matches!(ended.context.request.body, Body::Streaming));
    let mut read = context();
    read.request.body = Body::Streaming;
    read.request.method = http::Method::POST;
    let ended = run(&program, read, &World::default());
    assert_eq!(ended.context.variables["b"].to_text().unwrap(), "{\"a\":1}");
    assert!(
        matches!(&ended.context.request.body, Body::Bytes(bytes) if &bytes[..] == b"{\"a\":1}")
    );
}

#[test]
fn buffer_request_body_reads_the_body_before_forwarding() {
    let api =
        "<policies><backend><forward-request buffer-request-body=\"true\"/></backend></policies>";
    let mut context = context();
    context.request.body = Body::Streaming;
    let ended = run(&program(api), context, &World::default());
    assert_eq!(ended.forwards.len(), 1);
    assert!(matches!(ended.context.request.body, Body::Bytes(_)));
}

#[test]
fn programs_can_be_shared_between_workers() {
    fn shared<T: Send + Sync>() {}
    shared::<Program>();
    fn sent<T: Send>() {}
    sent::<Failure>();
}

#[test]
fn every_policy_with_every_attribute_compiles_and_runs() {
    let source = fixtures()
        .into_iter()
        .find(|source| source.contains("Every policy"))
        .unwrap();
    let program = program(&source);
    let mut context = context_with(partner());
    context
        .request
        .headers
        .insert("accept", "*/*".parse().unwrap());
    let world = World {
        lists: [("partners".to_owned(), Members(vec![]))].into(),
        ..World::default()
    };
    let ended = run(&program, context, &world);
    assert_eq!(
        (ended.status, ended.step.clone()),
        (200, Step::Respond),
        "{:?}",
        ended.last_error
    );
    assert_eq!(ended.context.request.url.path, "/v2/17");
    assert_eq!(
        ended.context.variables["who"].to_text().unwrap(),
        "ac:\\02 x\""
    );
}

#[test]
fn damaged_documents_neither_panic_nor_hang_the_compiler_and_the_run() {
    let seeds = fixtures();
    let names = Names::default().with("allowed-thumbprints", "AB,CD");
    let world = World::default();
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    for _ in 0..4_000 {
        let source = damage(&seeds[numbers.below(seeds.len())], &mut numbers);
        let result = check(&source, Scope::Api, &names);
        if let Some(program) = result.program {
            run(&link(&[program]), context_with(partner()), &world);
        } else {
            assert!(!result.problems.is_empty(), "{source}");
        }
    }
}

#[test]
fn a_budget_that_ran_out_is_reported_although_on_error_answers_with_success() {
    let document = "<policies><inbound><set-variable name=\"x\" value=\"@{ while (true) { } }\"/></inbound>\
        <on-error><return-response><set-status code=\"200\"/>\
        <set-body>@(context.LastError.Reason + \"|\" + context.LastError.Message)</set-body></return-response></on-error></policies>";
    let mut execution = Execution::new(
        scopes(None, Some(document), None),
        context(),
        BudgetLimits::default(),
    );
    let step = loop {
        match execution.run(&World::default()) {
            Step::Continue(_) => {}
            step => break step,
        }
    };
    assert_eq!(step, Step::Respond);
    assert_eq!(execution.exceeded(), [BudgetKind::Instructions]);
    let ended = ended(execution, step, Vec::new());
    assert_eq!(
        (ended.status, ended.body.as_str()),
        (
            200,
            "ExpressionValueEvaluationFailure|Expression evaluation failed. The expression exceeded its instruction budget of 2000000."
        )
    );
}
