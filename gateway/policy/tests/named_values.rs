//! Named values: where they are put in, and what they may not do there.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use gateway_policy::program::{ResourceKind, Scope, link};
use support::*;

fn header_policy(value: &str) -> String {
    format!("<set-header name=\"x\"><value>{value}</value></set-header>")
}

/// What the request header `x` becomes.
fn header(policy: &str, names: &Names) -> String {
    let program = link(&[scope_program(policy, Scope::Api, names)]);
    let ended = run(&program, context(), &World::default());
    assert!(ended.forwarded(), "{:?}", ended.last_error);
    ended.context.request.headers["x"]
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_named_value_is_put_into_text_attributes_code_and_literals() {
    let names = Names::default()
        .with("v", "one")
        .with("name", "x")
        .with("flag", "true")
        .with("whole", "@(\"from \" + \"code\")");
    assert_eq!(header(&header_policy("a {{v}} b"), &names), "a one b");
    assert_eq!(
        header(
            "<set-header name=\"{{name}}\"><value>v</value></set-header>",
            &names
        ),
        "v"
    );
    assert_eq!(header(&header_policy("@(\"{{v}}\")"), &names), "one");
    assert_eq!(
        header(
            &header_policy("@(({{flag}} && true) ? \"yes\" : \"no\")"),
            &names
        ),
        "yes"
    );
    assert_eq!(header(&header_policy("{{whole}}"), &names), "from code");
    let nested = "<set-body><a b=\"{{v}}\">{{v}}</a></set-body>";
    let program = link(&[scope_program(
        &format!("<return-response>{nested}</return-response>"),
        Scope::Api,
        &names,
    )]);
    assert_eq!(
        run(&program, context(), &World::default()).body,
        "<a b=\"one\">one</a>"
    );
}

#[test]
fn values_are_not_searched_for_further_names() {
    let names = Names::default().with("a", "{{b}}").with("b", "never");
    assert_eq!(header(&header_policy("{{a}}"), &names), "{{b}}");
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest_one_at_its_place() {
    let names = Names::default().with("allowed-thumbprints", "x");
    let source =
        "<set-header name=\"x\">\n  <value>&lt;{{allowed-thumbprint}}</value></set-header>";
    let result = check(source, Scope::Api, &names);
    assert!(result.program.is_none());
    assert_eq!(codes(&result.problems), ["UnknownNamedValue"]);
    assert_eq!(
        result.problems[0].to_string(),
        "There is no named value 'allowed-thumbprint'. Did you mean 'allowed-thumbprints'? Line 2, position 14."
    );
    assert!(
        result
            .references
            .of(ResourceKind::NamedValue)
            .contains("allowed-thumbprint")
    );
}

#[test]
fn references_hold_every_name_a_document_uses() {
    let names = Names::default()
        .with("a", "1")
        .with("b", "2")
        .with("c", "3");
    let source = "<set-variable name=\"{{a}}\" value=\"@(&quot;{{b}}&quot;)\"/><set-method>{{c}}</set-method>";
    let references = check(source, Scope::Api, &names).references;
    let used: Vec<&str> = references.named_values.iter().map(|name| &**name).collect();
    assert_eq!(used, ["a", "b", "c"]);
}

const SPLIT: &str = "<set-variable name=\"v\" value=\"@(\"{{list}}\".Split(',').Length)\"/>";

#[test]
fn a_value_inside_a_literal_may_not_change_the_code_around_it() {
    let injection = "\" + (string)context.Variables[\"secret\"] + \"";
    let result = check(SPLIT, Scope::Api, &Names::default().with("list", injection));
    assert_eq!(codes(&result.problems), ["NamedValueChangesCode"]);
    assert!(result.problems[0].message.contains("'list'"));
    assert!(!result.problems[0].message.contains("Variables"));
    // Column of the placeholder in the document, behind `@("`.
    assert_eq!(result.problems[0].position.column, 34);
    assert!(result.program.is_none());
}

#[test]
fn whoever_may_write_policies_may_override_that() {
    let names = Names::default().with("list", "a\" + \"b").allowing_code();
    assert!(check(SPLIT, Scope::Api, &names).program.is_some());
}

#[test]
fn values_of_secret_named_values_are_in_no_problem_and_no_debug_output() {
    let secret = "hunter2-Zebra";
    let documents = [
        "<set-status code=\"{{s}}\"/>",
        "<set-header name=\"{{s}} x\"><value>v</value></set-header>",
        "<set-method>{{s}} {{s}}</set-method>",
        "<set-variable name=\"v\" value=\"@({{s}})\"/>",
        "<set-variable name=\"v\" value=\"@(nosuch(&quot;{{s}}&quot;))\"/>",
        "<set-variable name=\"v\" value=\"@({{s}}(\"/>",
        "<set-backend-service backend-id=\"{{s}}\"/>",
        "<set-backend-service base-url=\"{{s}}\"/>",
        "<authentication-certificate thumbprint=\"{{s}}\"/>",
        "<authentication-certificate certificate-id=\"{{s}}\"/>",
        "<ip-filter action=\"{{s}}\"><address>{{s}}</address></ip-filter>",
        "<trace source=\"a\" severity=\"{{s}}\"><message>m</message></trace>",
        "<forward-request timeout=\"{{s}}\" http-version=\"{{s}}\"/>",
        "<set-body template=\"{{s}}\">x</set-body>",
        "<check-header name=\"{{s}} x\" failed-check-httpcode=\"{{s}}\" failed-check-error-message=\"m\" ignore-case=\"{{s}}\"/>",
        "<validate-client-certificate validate-trust=\"{{s}}\"><identities><identity subject=\"{{s}}\" thumbprint=\"{{s}}\"/></identities></validate-client-certificate>",
        "<validate-client-certificate><identities><identity subject=\"{{s}}=x\"/><identity-list id=\"{{s}}\"/></identities></validate-client-certificate>",
    ];
    for source in documents {
        let result = check(
            source,
            Scope::Api,
            &Names::default().with_secret("s", secret),
        );
        assert!(!result.problems.is_empty(), "{source}");
        let shown = format!("{:?} {:?}", result.problems, result.program);
        assert!(
            !shown.contains("hunter2") && !shown.contains("Zebra"),
            "{source}: {shown}"
        );
    }
    let names = Names::default().with_secret("s", secret);
    let result = check(&header_policy("{{s}}"), Scope::Api, &names);
    assert!(!format!("{result:?}").contains("hunter2"));
    assert!(!format!("{:?}", names.values).contains("hunter2"));
}

#[test]
fn problems_of_code_with_a_secret_in_a_literal_still_say_what_is_wrong_with_the_code() {
    let names = Names::default().with_secret("s", "hunter2");
    let source = "<set-variable name=\"v\" value=\"@(&quot;{{s}}&quot;.NoSuchMember())\"/>";
    let result = check(source, Scope::Api, &names);
    assert!(
        result
            .problems
            .iter()
            .any(|p| p.message.contains("NoSuchMember")),
        "{:?}",
        result.problems
    );
}

#[test]
fn named_values_cannot_make_a_document_arbitrarily_large() {
    let names = Names::default().with("big", &"x".repeat(4096));
    let source = header_policy(&"{{big}}".repeat(2000));
    let result = check(&source, Scope::Api, &names);
    assert_eq!(codes(&result.problems), ["NamedValuesTooLarge"]);
}
