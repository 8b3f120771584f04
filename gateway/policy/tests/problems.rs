//! What saving a document reports.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use gateway_policy::problem::Severity;
use gateway_policy::program::Scope;
use support::*;

#[track_caller]
fn message(source: &str) -> String {
    let found = errors(source);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].to_string()
}

#[test]
fn an_unknown_policy_is_named_with_the_nearest_one() {
    assert_eq!(
        message("<policies>\n  <inbound>\n    <set-headr name=\"a\"/>\n  </inbound>\n</policies>"),
        "There is no policy 'set-headr'. Did you mean 'set-header'? Line 3, position 6."
    );
    assert_eq!(
        message("<frobnicate/>"),
        "There is no policy 'frobnicate'. Line 1, position 2."
    );
}

#[test]
fn a_policy_that_stays_out_is_refused_by_name_with_the_reason() {
    for (name, reason) in [
        (
            "llm-token-limit",
            "it serves the gateway in front of language models",
        ),
        (
            "publish-to-dapr",
            "it needs the Dapr sidecar of Microsoft's self-hosted gateway",
        ),
        (
            "send-service-bus-message",
            "it needs Azure Service Bus; 'send-request' can call its HTTP interface",
        ),
        (
            "sql-data-source",
            "GraphQL APIs and their resolvers are not served",
        ),
    ] {
        assert_eq!(
            message(&format!("<{name}/>")),
            format!(
                "The policy '{name}' is not supported; this gateway does not have it: {reason}. Line 1, position 2."
            )
        );
    }
}

#[test]
fn an_unknown_attribute_is_named_with_the_nearest_one() {
    assert_eq!(
        message("<set-status code=\"200\" reson=\"OK\"/>"),
        "The element 'set-status' has no attribute 'reson'. Did you mean 'reason'? Line 1, position 24."
    );
}

#[test]
fn every_policy_takes_an_id() {
    for policy in [
        "<base id=\"a\"/>",
        "<choose id=\"a\"><when id=\"b\" condition=\"true\"/><otherwise id=\"c\"/></choose>",
        "<return-response id=\"a\"/>",
        "<set-method id=\"a\">GET</set-method>",
    ] {
        assert!(errors(policy).is_empty(), "{policy}: {:?}", errors(policy));
    }
}

#[test]
fn all_problems_of_a_document_are_reported_at_once_in_its_order() {
    let source = "<policies>\n<inbound>\n<set-header/>\n<set-status code=\"x\"/>\n<choose/>\n<nothing/>\n</inbound>\n<outbond/>\n</policies>";
    let found: Vec<(&str, u32)> = errors(source)
        .iter()
        .map(|p| (p.code, p.position.line))
        .collect();
    assert_eq!(
        found,
        [
            ("MissingAttribute", 3),
            ("InvalidValue", 4),
            ("MissingElement", 5),
            ("UnknownElement", 6),
            ("UnknownElement", 8)
        ]
    );
}

#[test]
fn the_structure_of_documents_is_checked() {
    for (source, code) in [
        ("", "EmptyDocument"),
        ("<!-- nothing -->", "EmptyDocument"),
        ("<policies><inbund/></policies>", "UnknownElement"),
        (
            "<policies><inbound/><inbound/></policies>",
            "DuplicateSection",
        ),
        ("<policies/><inbound/>", "UnknownElement"),
        ("<inbound/><set-method>GET</set-method>", "UnknownElement"),
        ("<set-method>GET</set-method><inbound/>", "UnknownElement"),
        ("text<inbound/>", "TextNotAllowed"),
        ("<inbound/>\n[...]", "TextNotAllowed"),
        ("<![CDATA[x]]><inbound/>", "TextNotAllowed"),
        ("<!DOCTYPE x><inbound/>", "DeclarationNotAllowed"),
        (
            "<set-body><!— no comment --></set-body>",
            "DeclarationNotAllowed",
        ),
        ("<policies>text</policies>", "TextNotAllowed"),
        ("<inbound>text</inbound>", "TextNotAllowed"),
        ("<inbound a=\"1\"/>", "UnknownAttribute"),
        ("<fragment><base/></fragment>", "FragmentNotAllowed"),
        ("<inbound><inbound/></inbound>", "UnknownElement"),
        (
            "<choose><when condition=\"true\"><base/></when></choose>",
            "BaseNotAllowed",
        ),
        ("<when condition=\"true\"/>", "UnknownElement"),
        ("<choose><otherwise/></choose>", "MissingElement"),
        ("<choose><when/></choose>", "MissingAttribute"),
        ("<choose><when condition=\"yes\"/></choose>", "InvalidValue"),
        (
            "<choose><otherwise/><when condition=\"true\"/></choose>",
            "UnexpectedElement",
        ),
        (
            "<choose><when condition=\"true\"/><otherwise/><otherwise/></choose>",
            "UnexpectedElement",
        ),
        (
            "<choose><when condition=\"true\"/><set-method>GET</set-method></choose>",
            "UnknownElement",
        ),
        (
            "<return-response><set-method>GET</set-method></return-response>",
            "UnknownElement",
        ),
        (
            "<set-header name=\"a b\"><value>x</value></set-header>",
            "InvalidValue",
        ),
        (
            "<set-header name=\"a\" exists-action=\"add\"><value>x</value></set-header>",
            "InvalidValue",
        ),
        (
            "<set-header name=\"a\"><val>x</val></set-header>",
            "UnknownElement",
        ),
        ("<set-variable name=\"a\"/>", "MissingAttribute"),
        (
            "<set-variable name=\"@(1)\" value=\"x\"/>",
            "ExpressionNotAllowed",
        ),
        (
            "<set-body template=\"handlebars\">x</set-body>",
            "InvalidValue",
        ),
        ("<set-body xsi-nil=\"no\">x</set-body>", "InvalidValue"),
        ("<rewrite-uri/>", "MissingAttribute"),
        ("<set-query-parameter name=\"a\"/>", "MissingElement"),
        (
            "<check-header name=\"a\" ignore-case=\"true\"/>",
            "MissingAttribute",
        ),
        (
            "<set-variable name=\"a\" value=\"@(1)ms\"/>",
            "TextAfterExpression",
        ),
    ] {
        let found = errors(source);
        assert!(
            found.iter().any(|problem| problem.code == code),
            "{source}: {found:?}"
        );
        assert!(
            check(source, Scope::Api, &Names::default())
                .program
                .is_none(),
            "{source}"
        );
    }
}

#[test]
fn a_policy_in_the_wrong_section_is_a_warning_and_works() {
    let source = "<policies><on-error><set-body>sorry</set-body></on-error></policies>";
    let found = problems(source);
    assert_eq!(codes(&found), ["WrongSection"]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(
        check(source, Scope::Api, &Names::default())
            .program
            .is_some()
    );
}

#[test]
fn a_document_full_of_problems_is_refused_quickly_with_the_first_of_them() {
    for piece in [
        "<nothing/>",
        "<set-header/>",
        "<set-variable name=\"a\" value=\"@(1)x\"/>",
        "<set-method>{{a}}</set-method>",
    ] {
        let source = piece.repeat(400_000 / piece.len());
        let start = std::time::Instant::now();
        let found = problems(&source);
        assert_eq!(found.len(), 100, "{piece}");
        assert!(
            start.elapsed().as_secs() < 120,
            "{piece}: {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn problems_of_expressions_are_located_in_the_document_as_it_was_uploaded() {
    // Escaped code is decoded before it is compiled; the member stands at column 36 of line 2.
    let escaped =
        "<choose>\n<when condition=\"@(1 &lt; 2 &amp;&amp; context.Nope == 1)\"/></choose>";
    let raw = "<choose>\n<when condition=\"@(1 < 2     &&     context.Nope == 1)\"/></choose>";
    let places: Vec<_> = [escaped, raw]
        .map(|source| errors(source)[0].position)
        .into();
    assert_eq!(places[0].line, 2);
    assert_eq!(places[0].column, places[1].column + 3, "{places:?}");
}

#[test]
fn no_number_of_warnings_hides_an_error() {
    let warnings = "<set-header name=\"Connection\"><value>x</value></set-header>".repeat(300);
    let source = format!("<inbound>{warnings}<set-status code=\"x\"/></inbound>");
    let result = check(&source, Scope::Api, &Names::default());
    assert!(result.program.is_none());
    assert_eq!(
        codes(&result.problems)
            .iter()
            .filter(|code| **code == "InvalidValue")
            .count(),
        1
    );
}

#[test]
fn the_deepest_document_compiles_prints_and_runs_on_a_small_stack() {
    // 49 nested policies of two elements each, a section, and a policy inside.
    let source = format!(
        "<inbound>{}<set-method>PUT</set-method>{}</inbound>",
        "<choose><when condition=\"true\">".repeat(49),
        "</when></choose>".repeat(49)
    );
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    let method = small
        .spawn(move || {
            let document = gateway_policy::document::parse(&source).unwrap();
            assert_eq!(
                gateway_policy::document::parse(&document.to_xml()).as_ref(),
                Ok(&document)
            );
            run(&program(&source), context(), &World::default())
                .context
                .request
                .method
        })
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(method, "PUT");
}

// Lints.

const REFUSE: &str = "<return-response><set-status code=\"403\"/></return-response>";

fn lints(source: &str) -> Vec<(u32, u32)> {
    let found = problems(source);
    assert!(
        found
            .iter()
            .all(|p| p.code == "FailsOpen" && p.severity == Severity::Warning),
        "{found:?}"
    );
    found
        .iter()
        .map(|p| (p.position.line, p.position.column))
        .collect()
}

#[test]
fn a_choose_that_judges_certificates_and_lets_the_rest_pass_is_linted() {
    let is_listed =
        "<when condition=\"@(context.Request.Certificate?.Thumbprint == &quot;AB&quot;)\">";
    assert_eq!(
        lints(&format!("\n<choose>{is_listed}</when></choose>")),
        [(2, 2)]
    );
    assert_eq!(
        lints(&format!(
            "<choose>{is_listed}<set-method>GET</set-method></when></choose>"
        )),
        [(1, 2)]
    );
    // Refused, by each way of ending the pipeline.
    for source in [
        format!("<choose>{is_listed}</when><otherwise>{REFUSE}</otherwise></choose>"),
        format!("<choose>{is_listed}{REFUSE}</when></choose>"),
        format!(
            "<choose>{is_listed}<choose><when condition=\"true\">{REFUSE}</when><otherwise>{REFUSE}</otherwise></choose></when></choose>"
        ),
        format!("<validate-client-certificate/><choose>{is_listed}</when></choose>"),
        format!(
            "<validate-client-certificate validate-trust=\"false\"/><choose>{is_listed}</when></choose>"
        ),
        "<choose><when condition=\"@(context.Request.Method == &quot;GET&quot;)\"/></choose>"
            .to_owned(),
    ] {
        assert!(lints(&source).is_empty(), "{source}");
    }
}

#[test]
fn a_check_that_may_not_run_silences_no_lint() {
    let source = "<choose><when condition=\"@(context.Request.Method == &quot;POST&quot;)\"><validate-client-certificate/></when></choose>\n\
                  <choose><when condition=\"@(context.Request.Certificate != null)\"/></choose>";
    assert_eq!(lints(source), [(2, 2)]);
}

#[test]
fn an_issuers_name_without_a_chain_check_is_linted() {
    let source = format!(
        "<choose><when condition=\"@(context.Request.Certificate == null || !context.Request.Certificate.Issuer.Contains(&quot;CN=My Trusted CA&quot;))\">{REFUSE}</when></choose>"
    );
    assert_eq!(lints(&source).len(), 1);
    assert!(lints(&format!("<validate-client-certificate/>{source}")).is_empty());
    assert_eq!(
        lints(&format!(
            "<validate-client-certificate validate-trust=\"false\"/>{source}"
        ))
        .len(),
        1
    );
}
