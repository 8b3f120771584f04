//! What the checker refuses, where, and what it suggests.

use gateway_policy::expression::Expected;
use gateway_policy::problem::Severity;

use crate::{compiled, found};

fn errors(code: &str) -> Vec<String> {
    found(code, Expected::Any, Severity::Error)
}

#[test]
fn unknown_names_members_and_types_are_reported_with_the_nearest_known_one() {
    for (code, expected) in [
        (
            "@(context.Reqest.Method)",
            "1:11 UnknownMember `IProxyRequestContext` has no member `Reqest`. Did you mean `Request`?",
        ),
        (
            "@(contxt.Request)",
            "1:3 UnknownName The name `contxt` does not exist here. Did you mean `context`?",
        ),
        (
            "@(\"a\".Lenght)",
            "1:7 UnknownMember `string` has no member `Lenght`. Did you mean `Length`?",
        ),
        (
            "@(string.IsNullOrEmtpy(\"\"))",
            "1:10 UnknownMember `string` has no member `IsNullOrEmtpy`. Did you mean `IsNullOrEmpty`?",
        ),
        (
            "@(new Lst<int>())",
            "1:7 UnknownType The type `Lst` is unknown or not allowed in policy expressions. Did you mean `List`?",
        ),
        (
            "@(StringComparison.OrdinalIgnorCase)",
            "1:20 UnknownMember `StringComparison` has no member `OrdinalIgnorCase`. Did you mean `OrdinalIgnoreCase`?",
        ),
        (
            "@{\n  var total = 1;\n  return totl;\n}",
            "3:10 UnknownName The name `totl` does not exist here. Did you mean `total`?",
        ),
        (
            "@(System.IO.File.ReadAllText(\"x\"))",
            "1:13 UnknownType The type `System.IO.File` is unknown or not allowed in policy expressions.",
        ),
        (
            "@(context.Request.Certificate.Thumprint)",
            "1:31 UnknownMember `X509Certificate2` has no member `Thumprint`. Did you mean `Thumbprint`?",
        ),
        (
            "@(context.Deployment.IdentityLists[\"partner\"].Contains(context.Request.Certificate))",
            "1:3 UnknownIdentityList There is no identity list `partner`. Did you mean `partners`?",
        ),
    ] {
        assert_eq!(errors(code), [expected], "{code}");
    }
}

#[test]
fn wrong_types_arguments_and_paths_are_reported_where_they_are() {
    for (code, expected) in [
        (
            "@(1 + true)",
            "1:3 TypeMismatch Operator `+` cannot be applied to operands of type `int` and `bool`.",
        ),
        (
            "@(\"a\" - 1)",
            "1:3 TypeMismatch Operator `-` cannot be applied to operands of type `string` and `int`.",
        ),
        (
            "@(\"a\" == 1)",
            "1:3 TypeMismatch Operator `==` cannot be applied to operands of type `string` and `int`.",
        ),
        (
            "@(1 ? 2 : 3)",
            "1:3 TypeMismatch A condition must be `bool`, but this is `int`.",
        ),
        (
            "@(true ? 1 : \"a\")",
            "1:3 TypeMismatch There is no conversion between `int` and `string`.",
        ),
        (
            "@(\"abc\".Substring())",
            "1:9 WrongArguments `Substring` takes 1 or 2 arguments, not 0.",
        ),
        (
            "@(\"abc\".Substring(\"x\"))",
            "1:9 WrongArguments No overload of `Substring` takes arguments of type (string).",
        ),
        (
            "@(\"abc\".Length())",
            "1:3 TypeMismatch A value of type `int` cannot be called.",
        ),
        (
            "@(\"abc\".Trim)",
            "1:9 TypeMismatch `Trim` is a method and must be called.",
        ),
        (
            "@{ int x = \"a\"; return x; }",
            "1:12 TypeMismatch Cannot implicitly convert type `string` to `int`.",
        ),
        (
            "@{ int x = null; return x; }",
            "1:12 TypeMismatch Cannot convert null to `int`, which is a value type.",
        ),
        (
            "@{ string s = context.Variables[\"x\"]; return s; }",
            "1:15 TypeMismatch Cannot implicitly convert type `object` to `string`.",
        ),
        (
            "@((string)context.Request.Headers[\"x\"])",
            "1:3 TypeMismatch Cannot convert type `string[]` to `string`.",
        ),
        (
            "@{ if (true) { } }",
            "1:16 MissingReturn Not all code paths return a value.",
        ),
        (
            "@{ if (context.Request.Method == \"GET\") { return 1; } }",
            "1:53 MissingReturn Not all code paths return a value.",
        ),
        (
            "@{ return; }",
            "1:4 MissingReturn A value must be returned.",
        ),
        (
            "@{ var x = null; return 1; }",
            "1:12 TypeMismatch The type of `x` cannot be told from null.",
        ),
        (
            "@{ var x = 1; var x = 2; return x; }",
            "1:19 DuplicateName A local variable named `x` is already defined in this scope.",
        ),
        (
            "@{ const int k = 1; k = 2; return k; }",
            "1:21 TypeMismatch `k` cannot be assigned to: it is a constant.",
        ),
        (
            "@{ switch (1) { case 1: var a = 1; default: return 2; } }",
            "1:25 Syntax Control cannot fall from one `case` to the next: a `break` is missing.",
        ),
        (
            "@{ 1 + 1; return 2; }",
            "1:4 Syntax Only an assignment, a call, an increment or a creation can be a statement.",
        ),
        (
            "@(new[] { 1, \"a\" })",
            "1:3 TypeMismatch No best type was found for the array.",
        ),
        (
            "@(x => x)",
            "1:3 TypeMismatch The type of this function is not known here.",
        ),
        ("@(10 / 0)", "1:3 Overflow Division by constant zero."),
        (
            "@(context.Trace(\"a\"))",
            "1:3 TypeMismatch The expression has no value.",
        ),
        (
            "@{ throw 1; }",
            "1:10 TypeMismatch Only an exception can be thrown, not `int`.",
        ),
        (
            "@{ int a = 1; (a + 1) = 2; return a; }",
            "1:15 TypeMismatch Only a variable, an element or a property can be assigned to.",
        ),
    ] {
        assert_eq!(errors(code), [expected], "{code}");
    }
}

#[test]
fn a_place_that_wants_a_boolean_refuses_anything_else() {
    assert_eq!(
        found("@(\"true\")", Expected::Boolean, Severity::Error),
        ["1:3 TypeMismatch The condition must be `bool`, but this is `string`."]
    );
    assert_eq!(
        found("@(true)", Expected::Integer, Severity::Error),
        ["1:3 TypeMismatch An integer is needed here, but this is `bool`."]
    );
    assert!(
        compiled("@((bool)context.Variables[\"x\"])", Expected::Boolean)
            .expression
            .is_some()
    );
}

#[test]
fn what_does_not_run_yet_is_refused_by_name_and_only_once() {
    for (code, expected) in [
        (
            "@(context.Request.Body.As<JConstructor>()[\"a\"].ToString())",
            "1:27 NotSupported `JConstructor` is not supported yet.",
        ),
        (
            "@(new JConstructor(\"Date\", 1).ToString())",
            "1:7 NotSupported `JConstructor` is not supported yet.",
        ),
        (
            "@(context.GraphQL.Parent)",
            "1:11 NotSupported `GraphQL` is not supported yet.",
        ),
        (
            "@(typeof(string))",
            "1:3 NotSupported `typeof` is not allowed in policy expressions.",
        ),
    ] {
        let errors = errors(code);
        assert_eq!(errors.first().map(String::as_str), Some(expected), "{code}");
        assert!(
            errors.iter().all(|error| error.contains("NotSupported")),
            "{errors:?}"
        );
    }
}

#[test]
fn all_problems_of_an_expression_are_reported_at_once_in_order() {
    let code = "@{\n  var a = foo;\n  if (1) { return bar; }\n  return \"x\".Baz();\n}";
    assert_eq!(
        errors(code),
        [
            "2:11 UnknownName The name `foo` does not exist here.",
            "3:7 TypeMismatch A condition must be `bool`, but this is `int`.",
            "3:19 UnknownName The name `bar` does not exist here.",
            "4:14 UnknownMember `string` has no member `Baz`.",
        ]
    );
}

#[test]
fn syntax_errors_say_what_was_expected_and_go_on_at_the_next_statement() {
    for (code, expected) in [
        (
            "@(1 +)",
            "1:6 Syntax Expected an expression, found the end of the expression.",
        ),
        (
            "@(a b)",
            "1:5 Syntax Expected the end of the expression, found `b`.",
        ),
        (
            "@()",
            "1:3 Syntax Expected an expression, found the end of the expression.",
        ),
        (
            "@{ return 1 }",
            "1:13 Syntax Expected `;`, found the end of the expression.",
        ),
        (
            "@(f('ab'))",
            "1:5 Syntax Too many characters in character literal; a string needs double quotes.",
        ),
        ("@(\"\\q\")", "1:4 Syntax Unrecognized escape sequence."),
        (
            "@(99999999999999999999)",
            "1:3 Syntax Integral constant is too large.",
        ),
    ] {
        assert_eq!(errors(code), [expected], "{code}");
    }
    let two = errors("@{ int = 1; var y = ; return 1; }");
    assert_eq!(two.len(), 2, "{two:?}");
}

#[test]
fn comparing_an_object_with_a_text_is_warned_about_and_compares_references() {
    let code = "@(context.Variables[\"x\"] == \"a\")";
    let warnings = found(code, Expected::Boolean, Severity::Warning);
    assert_eq!(
        warnings,
        [
            "1:3 ReferenceComparison This compares references, not texts: cast the `object` to `string`."
        ]
    );
}

#[test]
fn deep_nesting_is_refused_and_never_overflows_the_stack() {
    let deep = 20_000;
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("-", "1", ""),
        ("!", "true", ""),
        ("(int)", "1", ""),
        ("new[]{", "1", "}"),
        ("true?", "1", ":1"),
        ("$\"{", "1", "}\""),
        ("f(", "1", ")"),
        ("x=>", "1", ""),
    ] {
        let code = format!("@({}{middle}{})", open.repeat(deep), close.repeat(deep));
        assert!(
            compiled(&code, Expected::Any).expression.is_none(),
            "{open}"
        );
    }
    for (open, close) in [
        ("{", "}"),
        ("if(true){", "}"),
        ("try{", "}finally{}"),
        ("for(;;){", "}"),
    ] {
        let code = format!("@{{{}{}}}", open.repeat(deep), close.repeat(deep));
        assert!(
            compiled(&code, Expected::Any).expression.is_none(),
            "{open}"
        );
    }
    let chain = format!("@(\"\"{})", ".Trim()".repeat(deep));
    assert!(compiled(&chain, Expected::Any).expression.is_none());
}

#[test]
fn long_sums_and_long_else_if_chains_are_not_nesting() {
    let sum = format!("@(\"a\"{})", " + context.Request.Method".repeat(2_000));
    assert!(compiled(&sum, Expected::Any).expression.is_some());
    let numbers = format!("@{{ var x = 1; return x{}; }}", " + x".repeat(5_000));
    assert!(compiled(&numbers, Expected::Any).expression.is_some());
    let branches = format!(
        "@{{ var x = 1; if (x == 0) {{ return 0; }}{} return 1; }}",
        " else if (x == 2) { return 2; }".repeat(500)
    );
    assert!(compiled(&branches, Expected::Any).expression.is_some());
    let and = format!(
        "@(true{})",
        " && context.Request.Method != \"\"".repeat(2_000)
    );
    assert!(compiled(&and, Expected::Boolean).expression.is_some());
}
