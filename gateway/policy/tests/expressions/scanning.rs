//! Where an expression ends.

use gateway_policy::expression::{literal_spans, scan};

#[test]
fn an_expression_ends_at_its_own_bracket_whatever_its_literals_hold() {
    for code in [
        "@(1)",
        "@(\")\")",
        "@('(')",
        "@('\\'' + \"\\\"\")",
        "@(@\"\\\")",
        "@(@\"\"\")\"\"\")",
        "@($\"{\")\"}\")",
        "@($\"{{ {1:}})} }}\")",
        "@($\"{x:yyyy\\\"MM}\")",
        "@($@\"{x}\\\")",
        "@(@$\"multi\nline {1}\")",
        "@($\"{$\"{1}\"}\")",
        "@(a /* ) */ + b // )\n)",
        "@{ if (a) { b(); } }",
        "@{ var s = \"}\"; }",
        "@{ // don't stop at }\n}",
        "@(x[\")\"](1))",
        "@(\"{{named-value}}\")",
        "@(f('Retry-After'))",
        "@(a ? \"\\\\\" : ':')",
        "@()",
    ] {
        let document = format!("{code}\" attribute=\"rest)\">}}");
        assert_eq!(scan(&document), Ok(code.len()), "{code}");
    }
}

#[test]
fn what_does_not_end_is_an_error_that_says_where_it_began() {
    let error = scan("@(a(b)").unwrap_err();
    assert_eq!(
        (error.offset, error.message.as_str()),
        (0, "Expected `)` to close what is opened here.")
    );
    let error = scan("@{ a(b; }").unwrap_err();
    assert_eq!(
        (error.offset, error.message.as_str()),
        (8, "Expected `)`, found `}`.")
    );
    assert!(scan("@(\"abc").is_err());
    assert!(scan("@(/* abc").is_err());
    assert!(scan("@($\"{a\")").is_err());
    assert!(scan("x").is_err());
    assert!(scan("").is_err());
}

#[test]
fn literals_are_found_with_their_quotes() {
    let code = "@(a + \"b\" + 'c' + $\"{d}\")";
    let found: Vec<&str> = literal_spans(code)
        .iter()
        .map(|(a, b)| &code[*a..*b])
        .collect();
    assert_eq!(found, ["\"b\"", "'c'", "$\"{d}\""]);
}

#[test]
fn scanning_is_linear_and_bounded_for_hostile_text() {
    for text in [
        format!("@({}", "(".repeat(200_000)),
        format!("@({}", "$\"{".repeat(50_000)),
        format!("@({}", "'".repeat(200_000)),
        format!("@({}", "/*".repeat(100_000)),
        format!("@({}", "\"\\".repeat(100_000)),
    ] {
        let started = std::time::Instant::now();
        assert!(scan(&text).is_err());
        assert!(started.elapsed().as_secs() < 20);
    }
}
