//! Variables are read only where they have a value, and get only values that convert to them.

use crate::{Case, check, errors_of};

const SPEC: &str = "C# spec §9.4, definite assignment";

/// Bodies of a method, and the name of what is used too early, at the place marked `/*!*/`.
const REFUSED: &[(&str, &str)] = &[
    ("@{ int x; return /*!*/x; }", "x"),
    ("@{ string s;\n  return /*!*/s.Length; }", "s"),
    (
        "@{ int x; if (context.Request.Method == \"GET\") { x = 1; } return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; if (context.Request.Method == \"GET\") { } else { x = 1; } return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; while (context.Request.Method == \"GET\") { x = 1; break; } return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; foreach (var c in \"abc\") { x = 1; } return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; for (int i = 0; i < 3; i++) { x = i; } return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; do { if (context.Request.Method == \"GET\") { continue; } x = 1; } while (/*!*/x < 1); return 0; }",
        "x",
    ),
    (
        "@{ int x; switch (context.Request.Method) { case \"GET\": x = 1; break; } return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; switch (context.Request.Method) { case \"GET\": x = 1; break; default: break; } return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; try { x = int.Parse(\"1\"); } catch { } return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; try { x = 1; } catch { return /*!*/x; } return 1; }",
        "x",
    ),
    (
        "@{ int x; try { x = 1; } finally { var y = /*!*/x; } return 1; }",
        "x",
    ),
    (
        "@{ int x; var b = context.Request.Method == \"GET\" && int.TryParse(\"1\", out x); return /*!*/x; }",
        "x",
    ),
    (
        "@{ if (context.Request.Method == \"GET\" || int.TryParse(\"1\", out var x)) { return /*!*/x; } return 0; }",
        "x",
    ),
    (
        "@{ object o = 1; if (!(o is int n)) { return /*!*/n; } return 0; }",
        "n",
    ),
    (
        "@{ int x; Func<int> f = () => /*!*/x; x = 1; return f(); }",
        "x",
    ),
    (
        "@{ int x; Action f = () => { x = 1; }; f(); return /*!*/x; }",
        "x",
    ),
    ("@{ int x; /*!*/x += 1; return x; }", "x"),
    ("@{ int x; /*!*/x++; return x; }", "x"),
    (
        "@{ int x; var s = context.Request.Method ?? (x = 1).ToString(); return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; var s = context.Request?.Headers.GetValueOrDefault((x = 1).ToString(), \"\"); return /*!*/x; }",
        "x",
    ),
    ("@{ int x; return $\"{/*!*/x}\"; }", "x"),
    (
        "@{ int x; var y = context.Request.Method == \"GET\" ? (x = 1) : 2; return /*!*/x; }",
        "x",
    ),
    (
        "@{ int x; int F(ref int y) { return y; } return F(ref /*!*/x); }",
        "x",
    ),
];

#[test]
fn a_variable_that_may_have_no_value_is_refused_where_it_is_read() {
    for (code, name) in REFUSED {
        let before = code.split_once("/*!*/").unwrap().0;
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 6;
        let message = format!(
            "{line}:{column} UnassignedVariable `{name}` is used here, but may not have been assigned a value."
        );
        assert_eq!(errors_of(code), [message], "{code}");
    }
}

#[test]
fn local_functions_need_and_give_variables_where_they_are_called() {
    for (code, expected) in [
        (
            "@{ int x; int F() { return x; } return F(); }",
            "1:40 UnassignedVariable `F` reads a variable that may not have been assigned a value here.",
        ),
        (
            "@{ int x; int F() => x; Func<int> f = F; x = 1; return f(); }",
            "1:39 UnassignedVariable `F` reads a variable that may not have been assigned a value here.",
        ),
        (
            "@{ int G() => F(); int r = G(); int x = 1; int F() => x; return r; }",
            "1:28 UnassignedVariable `G` reads a variable that may not have been assigned a value here.",
        ),
        (
            "@{ void F(out int y) { if (context.Request.Method == \"GET\") { return; } y = 1; } F(out var z); return z; }",
            "1:19 UnassignedVariable The `out` parameter `y` must be assigned before the function returns.",
        ),
        (
            "@{ int x; void F() { if (context.Request.Method == \"GET\") { x = 1; } } F(); return x; }",
            "1:84 UnassignedVariable `x` is used here, but may not have been assigned a value.",
        ),
    ] {
        assert_eq!(errors_of(code), [expected], "{code}");
    }
}

#[test]
fn each_variable_is_reported_once() {
    assert_eq!(errors_of("@{ int x; int y; return x + x + y; }").len(), 2);
}

#[test]
fn a_variable_that_every_way_assigns_is_accepted() {
    const CASES: &[Case] = &[
        (
            "@{ int x; if (context.Request.Method == \"GET\") { x = 1; } else { x = 2; } return x > 0; }",
            "True",
            SPEC,
        ),
        (
            "@{ int x; if (context.Request.Method == \"GET\") { x = 1; } else { throw new Exception(); } return x; }",
            "1",
            SPEC,
        ),
        (
            "@{ int x; if (context.Request.Method != \"GET\") { return 0; } else { x = 3; } return x; }",
            "3",
            SPEC,
        ),
        (
            "@{ int x; while (true) { x = 4; if (x > 3) { break; } } return x; }",
            "4",
            "§9.4.4.10: a constant condition",
        ),
        (
            "@{ int x; for (;;) { x = 5; break; } return x; }",
            "5",
            "§9.4.4.12",
        ),
        (
            "@{ int x; while (1 == 1) { x = 4; break; } return x; }",
            "4",
            "§9.4.4.10 and §12.23",
        ),
        (
            "@{ const bool on = true; int x; if (on) { x = 6; } return x; }",
            "6",
            "§9.4.4.7 and §12.23",
        ),
        (
            "@{ int x; do { x = 7; } while (x < 7); return x; }",
            "7",
            "§9.4.4.11",
        ),
        (
            "@{ int x; switch (context.Request.Method) { case \"GET\": x = 8; break; case \"PUT\": return 1; default: throw new Exception(); } return x; }",
            "8",
            "§9.4.4.9",
        ),
        (
            "@{ int x; try { x = 9; } catch { x = 0; } return x; }",
            "9",
            "§9.4.4.17",
        ),
        (
            "@{ int x; try { x = 9; } catch (FormatException) { throw; } return x; }",
            "9",
            "§9.4.4.17",
        ),
        (
            "@{ int x; try { int.Parse(\"1\"); } finally { x = 10; } return x; }",
            "10",
            "§9.4.4.18",
        ),
        (
            "@{ int x; while (true) { try { break; } finally { x = 11; } } return x; }",
            "11",
            "§9.4.4.18: the jump passes finally",
        ),
        (
            "@{ if (int.TryParse(\"12\", out var x)) { return x; } return 0; }",
            "12",
            "§9.4.4.25",
        ),
        (
            "@{ if (!int.TryParse(\"12\", out var x)) { return 0; } return 12; }",
            "12",
            "§9.4.4.25",
        ),
        (
            "@{ int x; if (context.Request.Method == \"GET\" && int.TryParse(\"13\", out x)) { return x; } return 0; }",
            "13",
            "§9.4.4.26",
        ),
        (
            "@{ int x; if (context.Request.Method != \"GET\" || !int.TryParse(\"14\", out x)) { return 0; } else { return x; } }",
            "14",
            "§9.4.4.27 and §9.4.4.28",
        ),
        (
            "@{ object o = 15; return o is int n && n > 1 ? n : 0; }",
            "15",
            "§9.4.4.26 and §9.4.4.30",
        ),
        (
            "@{ object o = 16; if (!(o is int n)) { return 0; } else { return n; } }",
            "16",
            "§9.4.4.28",
        ),
        (
            "@{ object o = 17; switch (o) { case int n when n > 3: return n; default: return 0; } }",
            "17",
            "§11.2.2",
        ),
        (
            "@{ int x; var y = context.Request.Method == \"GET\" ? (x = 1) : (x = 2); return x; }",
            "1",
            "§9.4.4.30",
        ),
        (
            "@{ int x; Func<int, int> f = x2 => x2 + 1; x = f(17); return x; }",
            "18",
            "§9.4.4.32",
        ),
        (
            "@{ int x; void F() { x = 19; } F(); return x; }",
            "19",
            "§9.4.4.34: a call gives what the body assigns",
        ),
        (
            "@{ int x = 20; int F() { return x; } return F(); }",
            "20",
            "§9.4.4.34",
        ),
        (
            "@{ int F(int n) { int r; if (n < 2) { r = 1; } else { r = n * F(n - 1); } return r; } return F(4); }",
            "24",
            "§9.4.4.34: recursion",
        ),
        (
            "@{ void F(out int y) { y = 21; } int x; F(out x); return x; }",
            "21",
            "§9.4.4.5: an out argument assigns",
        ),
        (
            "@{ int a, b; (a, b) = (1, 2); return a + b; }",
            "3",
            "§9.4.4.23: tuples",
        ),
        (
            "@{ int x; return nameof(x); }",
            "x",
            "§12.8.23: the operand of nameof is not evaluated",
        ),
        (
            "@{ int x; foreach (var c in \"ab\") { x = 1; if (x > 0) { continue; } } return 1; }",
            "1",
            SPEC,
        ),
        (
            "@{ string s; using (var r = System.Security.Cryptography.SHA256.Create()) { s = \"a\"; } return s; }",
            "a",
            "§9.4.4.19, using",
        ),
        (
            "@{ return 1; int x; return x; }",
            "1",
            "§9.4.4.1: code that is never reached has all values",
        ),
    ];
    check(CASES);
}

#[test]
fn only_constants_convert_to_smaller_types() {
    const RULE: &str = "C# spec §10.2.11, implicit constant expression conversions";
    const CASES: &[Case] = &[
        ("@{ byte b = 200; return b; }", "200", RULE),
        (
            "@{ const int k = 100; byte b = k + 1; return b; }",
            "101",
            RULE,
        ),
        ("@{ sbyte b = -128; return b; }", "-128", RULE),
        ("@{ byte b = true ? 1 : 2; return b; }", "1", RULE),
        ("@{ ulong u = 5; return u + 1; }", "6", RULE),
        ("@{ byte b = default(int); return b; }", "0", RULE),
        (
            "@{ var all = new byte[] { 1, 2 + 3 }; return all[1]; }",
            "5",
            RULE,
        ),
        ("@{ uint u = 3; return u == 3 ? u + 4 : 0; }", "7", RULE),
        (
            "@{ var d = DateTimeOffset.UtcNow.Year > 0 ? StringComparison.Ordinal : 0; return d; }",
            "Ordinal",
            "§10.2.4: 0 converts to an enumeration",
        ),
    ];
    check(CASES);
    for (code, expected) in [
        (
            "@{ byte b = \"ab\".Length; return b; }",
            "Cannot implicitly convert type `int` to `byte`.",
        ),
        (
            "@{ short s = Math.Abs(5); return s; }",
            "Cannot implicitly convert type `int` to `short`.",
        ),
        (
            "@{ byte b = 256; return b; }",
            "Cannot implicitly convert type `int` to `byte`.",
        ),
        (
            "@{ byte b = 1L; return b; }",
            "Cannot implicitly convert type `long` to `byte`.",
        ),
        (
            "@{ ulong u = 5; return u + \"a\".Length; }",
            "Operator `+` cannot be applied to operands of type `ulong` and `int`.",
        ),
    ] {
        let errors = errors_of(code);
        assert!(
            errors.len() == 1 && errors[0].ends_with(expected),
            "{code}: {errors:?}"
        );
    }
}
