//! Expressions that let the wrong caller in.

use gateway_policy::expression::Expected;
use gateway_policy::problem::{Position, Severity};

use crate::{compiled, found};

#[test]
fn an_empty_item_of_a_list_that_meets_an_empty_default_fails_open() {
    let with = |list: &str| {
        let code = format!(
            "@{{ var t = context.Request.Certificate?.Thumbprint ?? \"\"; var a = \"{list}\".Split(','); return a.Contains(t); }}"
        );
        found(&code, Expected::Boolean, Severity::Warning)
    };
    assert!(with("A,B").is_empty());
    for list in ["A,B,", ",A", "A,,B", ""] {
        let warnings = with(list);
        assert_eq!(warnings.len(), 1, "{list}");
        assert!(warnings[0].starts_with("1:67 FailsOpen"), "{warnings:?}");
    }
    let removed = "@{ var t = context.Request.Certificate?.Thumbprint ?? \"\"; return \"A,\".Split(new[] { ',' }, StringSplitOptions.RemoveEmptyEntries).Contains(t); }";
    assert!(found(removed, Expected::Boolean, Severity::Warning).is_empty());
}

#[test]
fn an_issuers_name_without_a_chain_check_is_told_to_the_caller() {
    let unchecked = |code: &str| {
        compiled(code, Expected::Boolean)
            .references
            .unchecked_issuer
    };
    assert_eq!(
        unchecked("@(context.Request.Certificate.Issuer.Contains(\"CN=My Trusted CA\"))"),
        Some(Position {
            line: 1,
            column: 31
        })
    );
    assert!(
        unchecked("@{ var i = context.Request.Certificate?.Issuer; return i == \"CN=x\"; }")
            .is_some()
    );
    assert_eq!(
        unchecked(
            "@(context.Request.Certificate.Verify() && context.Request.Certificate.Issuer == \"CN=x\")"
        ),
        None
    );
    let logged = compiled(
        "@(\"issued by \" + context.Request.Certificate.Issuer)",
        Expected::Text,
    );
    assert_eq!(logged.references.unchecked_issuer, None);
}
