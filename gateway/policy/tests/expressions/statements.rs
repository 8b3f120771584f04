//! Statements.

use crate::{Case, check};

const SPEC: &str = "C# specification, statements";

#[test]
fn statements_run_in_the_order_the_language_says() {
    const CASES: &[Case] = &[
        (
            "@{ var s = \"\"; for (int i = 0; i < 5; i++) { if (i == 1) continue; if (i == 4) break; s += i; } return s; }",
            "023",
            SPEC,
        ),
        (
            "@{ int i = 0; while (true) { if (++i > 3) { return i; } } }",
            "4",
            SPEC,
        ),
        (
            "@{ int i = 0; do { i += 2; } while (i < 5); return i; }",
            "6",
            SPEC,
        ),
        (
            "@{ var x = 5; if (x > 10) { return \"big\"; } else if (x > 3) { return \"middle\"; } else { return \"small\"; } }",
            "middle",
            SPEC,
        ),
        (
            "@{ switch (\"b\") { case \"a\": return 1; case \"b\": case \"c\": return 2; default: return 3; } }",
            "2",
            SPEC,
        ),
        (
            "@{ object o = 7; switch (o) { case string s: return s; case int n when n > 5: return \"big \" + n; default: return \"other\"; } }",
            "big 7",
            "C# 7 pattern matching",
        ),
        (
            "@{ var s = 0; switch (3) { case 1: s = 1; break; default: s = 9; break; } return s; }",
            "9",
            SPEC,
        ),
        (
            "@{ try { return int.Parse(\"x\"); } catch (FormatException e) { return \"bad: \" + e.Message.Length; } }",
            "bad: 49",
            SPEC,
        ),
        (
            "@{ try { throw new InvalidOperationException(\"why\"); } catch (ArgumentException) { return 1; } catch (Exception e) when (e.Message == \"why\") { return 2; } }",
            "2",
            SPEC,
        ),
        (
            "@{ var s = \"\"; try { s += \"a\"; throw new Exception(); } catch { s += \"b\"; } finally { s += \"c\"; } return s; }",
            "abc",
            SPEC,
        ),
        (
            "@{ int F() { try { return 1; } finally { } } return F(); }",
            "1",
            SPEC,
        ),
        (
            "@{ try { try { int.Parse(\"\"); } catch { throw; } } catch (FormatException) { return \"outer\"; } return \"\"; }",
            "outer",
            SPEC,
        ),
        (
            "@{ throw new ArgumentException(\"no\"); }",
            "!System.ArgumentException: no",
            SPEC,
        ),
        (
            "@{ string s = null; var t = s ?? throw new Exception(\"empty\"); return t; }",
            "!System.Exception: empty",
            "C# 7 throw expressions",
        ),
        (
            "@{ const int k = 3; const string p = \"a\" + \"b\"; return p + k * 2; }",
            "ab6",
            SPEC,
        ),
        (
            "@{ int x; int.TryParse(\"4\", out x); x <<= 2; x |= 1; x ^= 3; return x; }",
            "18",
            SPEC,
        ),
        (
            "@{ byte b = 250; b += 10; return b; }",
            "4",
            "C# specification, compound assignment casts back",
        ),
        (
            "@{ int i = 1; var a = i++ + ++i; return a + \"|\" + i--; }",
            "4|3",
            "C# specification, increment operators",
        ),
        (
            "@{ foreach (string s in new object[] { \"a\", 1 }) { } return 0; }",
            "!System.InvalidCastException: Unable to cast object of type 'System.Int32' to type 'System.String'.",
            "C# specification, foreach converts explicitly",
        ),
        (
            "@{ foreach (char c in \"ab\") { if (c == 'b') { return c; } } return '-'; }",
            "b",
            SPEC,
        ),
        (
            "@{ // a comment with \" and }\n /* and ) */ return 1; }",
            "1",
            "C# specification, comments",
        ),
        (
            "@{ int @class = 3; return @class; }",
            "3",
            "C# specification, identifiers",
        ),
        (
            "@{ var order = \"\"; bool T(string n, bool r) { order += n; return r; } var x = T(\"a\", false) && T(\"b\", true) || T(\"c\", true); return order + x; }",
            "acTrue",
            "C# specification, order of evaluation",
        ),
    ];
    check(CASES);
}
