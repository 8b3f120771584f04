//! Every form of C# 7 that documents use or may use, and what is refused by name.

use crate::{Case, check, found};
use gateway_policy::expression::Expected;
use gateway_policy::problem::Severity;

/// What a refused expression is told.
fn refused(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (code, expected, source) in cases {
        let messages = found(code, Expected::Any, Severity::Error).join("; ");
        if messages != *expected {
            wrong.push(format!(
                "{code}\n  expected {expected:?} ({source})\n  found    {messages:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn literals_are_read_as_the_language_writes_them() {
    const CASES: &[Case] = &[
        (
            "@(\"\\U0001F600\".Length)",
            "2",
            "C# spec §6.4.5.6, Unicode_Escape_Sequence",
        ),
        ("@(\"\\x41\\u0042\\t|\".Length)", "4", "C# spec §6.4.5.6"),
        (
            "@(\"\\x041\" + \"\\x41g\")",
            "AAg",
            "C# spec §6.4.5.6: one to four hexadecimal digits",
        ),
        (
            "@('\\'' + \"\\\"\" + \"\\\\\")",
            "'\"\\",
            "C# spec §6.4.5.5",
        ),
        (
            "@((int)'\\0' + (int)'\\a' + (int)'\\v')",
            "18",
            "C# spec §6.4.5.5: U+0000, U+0007, U+000B",
        ),
        (
            "@(@\"a\\b\"\"c\")",
            "a\\b\"c",
            "C# spec §6.4.5.6, verbatim strings",
        ),
        (
            "@(@\"a\nb\".Length)",
            "3",
            "C# spec §6.4.5.6, verbatim strings span lines",
        ),
        (
            "@($@\"a\\{1 + 1}\"\"c\")",
            "a\\2\"c",
            "C# spec §12.8.3, interpolated verbatim strings",
        ),
        (
            "@($\"{{x}} {(true ? \"a\" : \"b\")}\")",
            "{x} a",
            "C# spec §12.8.3: a conditional needs parentheses",
        ),
        (
            "@($\"{1,5}|{2,-5}|{3.14159:F2}|{4,8:N1}\")",
            "    1|2    |3.14|     4.0",
            "C# spec §12.8.3, alignment and format",
        ),
        (
            "@($\"{DateTime.MinValue:yyyy-MM-dd}\")",
            "0001-01-01",
            "C# spec §12.8.3, a format may hold anything but braces",
        ),
        (
            "@($\"{new[] { 1, 2 }.Length}\")",
            "2",
            "C# spec §12.8.3, braces inside a hole",
        ),
        ("@($\"{$\"{1}\"}\")", "1", "C# spec §12.8.3, nested"),
        (
            "@(0xFF_FF + 0b1010_1010 + 1_000)",
            "66705",
            "C# spec §6.4.5.3, digit separators of C# 7",
        ),
        (
            "@(10U + \"|\" + 10L + \"|\" + 10UL + \"|\" + 0xFFFFFFFF)",
            "10|10|10|4294967295",
            "C# spec §6.4.5.3",
        ),
        ("@(1.5e3 + 2f + 3d + .5)", "1505.5", "C# spec §6.4.5.4"),
        ("@(1e-2 + 1E+2)", "100.01", "C# spec §6.4.5.4"),
        (
            "@('a' + 'b')",
            "195",
            "C# spec §12.4.7: char promotes to int",
        ),
        ("@((char)('a' + 1))", "b", "C# spec §12.4.7"),
        (
            "@{ char c = 'a'; c++; c += (char)1; return c; }",
            "c",
            "C# spec §12.21.4",
        ),
        (
            "@(\"\\ud83d\\ude00\")",
            "😀",
            "C# spec §6.4.5.6: two escapes of a surrogate pair",
        ),
    ];
    check(CASES);
}

#[test]
fn null_is_passed_on_by_every_conditional_form() {
    const SPEC: &str = "C# spec §12.8.8 and §12.8.13, null conditional access; §12.15, ??";
    const CASES: &[Case] = &[
        (
            "@{ string s = null; return s?.Trim()?.Length.ToString() ?? \"none\"; }",
            "none",
            SPEC,
        ),
        (
            "@{ string[] a = null; return a?[0]?.ToUpper() ?? \"none\"; }",
            "none",
            SPEC,
        ),
        (
            "@{ string[] a = new[] { \"x\" }; return a?[0]?.ToUpper().Substring(0) ?? \"none\"; }",
            "X",
            SPEC,
        ),
        (
            "@{ string s = null; return s?.Substring(int.Parse(\"bad\")) == null; }",
            "True",
            "C# spec §12.8.8: arguments behind a null are not evaluated",
        ),
        ("@{ int? n = 5; return n?.ToString(); }", "5", SPEC),
        (
            "@{ Func<string> f = null; return f?.Invoke() ?? \"no\"; }",
            "no",
            SPEC,
        ),
        (
            "@{ string a = null, b = null; return a ?? b ?? \"c\"; }",
            "c",
            "C# spec §12.15: right-associative",
        ),
        (
            "@{ string s = null; return (s?.Length).HasValue; }",
            "False",
            SPEC,
        ),
        (
            "@{ string s = \"abc\"; return s?.Length + 1; }",
            "4",
            "C# spec §12.8.8: int? lifts",
        ),
    ];
    check(CASES);
}

#[test]
fn patterns_test_and_declare() {
    const SPEC: &str = "C# spec §11.2, patterns";
    const CASES: &[Case] = &[
        ("@{ object o = 5; return o is int; }", "True", SPEC),
        ("@{ object o = null; return o is null; }", "True", SPEC),
        (
            "@{ object o = null; return o is string; }",
            "False",
            "C# spec §12.12.12: null is no instance",
        ),
        (
            "@{ object o = 5; return o is 5; }",
            "True",
            "C# spec §11.2.3, constant pattern",
        ),
        (
            "@{ object o = 5; return o is long; }",
            "False",
            "C# spec §12.12.12: boxed values are of exactly one type",
        ),
        (
            "@{ object o = 5; return o is var x ? x : null; }",
            "5",
            "C# spec §11.2.4",
        ),
        (
            "@{ object o = \"abc\"; if (!(o is string s)) return \"no\"; return s.Length; }",
            "3",
            "C# spec §11.2.2: assigned when true",
        ),
        (
            "@{ object o = 5; return o is int n && n > 3 ? n : 0; }",
            "5",
            SPEC,
        ),
        ("@{ int? n = 5; return n is int m ? m + 1 : 0; }", "6", SPEC),
        (
            "@{ object o = 5L; switch (o) { case null: return \"null\"; case int i: return \"int\"; case long l when l > 10: return \"big\"; case long l: return \"long\" + l; default: return \"other\"; } }",
            "long5",
            "C# spec §13.8.3",
        ),
        (
            "@{ switch (DayOfWeek.Monday) { case DayOfWeek.Sunday: return 0; case DayOfWeek.Monday: return 1; default: return 2; } }",
            "1",
            "C# spec §13.8.3, enumerations",
        ),
        (
            "@{ switch ('x') { case 'x': return \"X\"; default: throw new Exception(\"no\"); } }",
            "X",
            "C# spec §13.8.3",
        ),
        (
            "@{ switch (true) { case true: return 1; case false: return 2; } return 3; }",
            "1",
            "C# spec §13.8.3",
        ),
        (
            "@{ string s = null; switch (s) { case null: return \"null\"; case \"\": return \"empty\"; } return s; }",
            "null",
            "C# spec §13.8.3",
        ),
        (
            "@{ switch (3) { default: return \"d\"; case 3: return \"three\"; } }",
            "three",
            "C# spec §13.8.3: `default` is last wherever it stands",
        ),
        (
            "@{ var n = 0; foreach (var i in new[] { 1, 2, 3 }) { switch (i) { case 2: continue; } n += i; } return n; }",
            "4",
            "C# spec §13.10.3: `continue` leaves the switch",
        ),
    ];
    check(CASES);
}

#[test]
fn loops_and_their_variables() {
    const CASES: &[Case] = &[
        (
            "@{ int i = 0, j = 10; for (i = 0, j = 10; i < j; i++, j--) { } return i + \",\" + j; }",
            "5,5",
            "C# spec §13.9.4",
        ),
        (
            "@{ var s = \"\"; for (int i = 0, j = 5; i < j; ++i, --j) s += i + \"\" + j + \" \"; return s; }",
            "05 14 23 ",
            "C# spec §13.9.4",
        ),
        (
            "@{ var s = \"\"; for (;;) { s += \"x\"; if (s.Length > 3) break; } return s; }",
            "xxxx",
            "C# spec §13.9.4: no condition is true",
        ),
        (
            "@{ int i = 0; do i++; while (i < 3); return i; }",
            "3",
            "C# spec §13.9.3",
        ),
        (
            "@{ int i = 0; do { i++; if (i == 1) continue; } while (i < 1); return i; }",
            "1",
            "C# spec §13.9.3: `continue` goes to the condition",
        ),
        (
            "@{ var s = 0; foreach (var kv in new Dictionary<string, int> { { \"a\", 1 }, [\"b\"] = 2 }) s += kv.Value; return s; }",
            "3",
            "C# spec §13.9.5",
        ),
        (
            "@{ var s = \"\"; foreach (var c in \"añ\") s += (int)c + \" \"; return s; }",
            "97 241 ",
            "C# spec §13.9.5: a string is a sequence of char",
        ),
        (
            "@{ var s = \"\"; foreach (var x in new[] { 3, 1, 2 }.OrderBy(x => x)) s += x; return s; }",
            "123",
            "C# spec §13.9.5",
        ),
        (
            "@{ var s = \"\"; foreach (var g in new[] { \"a\", \"bb\", \"c\" }.GroupBy(x => x.Length)) foreach (var x in g) s += g.Key + x; return s; }",
            "1a1c2bb",
            "C# spec §13.9.5",
        ),
        (
            "@{ var fs = new List<Func<int>>(); foreach (var i in new[] { 1, 2, 3 }) fs.Add(() => i); return string.Join(\",\", fs.Select(f => f())); }",
            "1,2,3",
            "C# spec §13.9.5: a variable per iteration",
        ),
        (
            "@{ var fs = new List<Func<int>>(); for (int i = 0; i < 3; i++) fs.Add(() => i); return string.Join(\",\", fs.Select(f => f())); }",
            "3,3,3",
            "C# spec §13.9.4: one variable for the loop",
        ),
        (
            "@{ string[] none = null; foreach (var x in none) { } return 1; }",
            "!System.NullReferenceException: Object reference not set to an instance of an object.",
            "C# spec §13.9.5",
        ),
        (
            "@{ var s = 0; foreach (byte b in new[] { 1, 257 }) s += b; return s; }",
            "2",
            "C# spec §13.9.5: the element is cast",
        ),
    ];
    check(CASES);
}

#[test]
fn functions_capture_recurse_and_take_every_kind_of_argument() {
    const LOCAL: &str = "C# spec §13.6.4, local functions";
    const CASES: &[Case] = &[
        (
            "@{ int Fact(int n) => n <= 1 ? 1 : n * Fact(n - 1); return Fact(5); }",
            "120",
            LOCAL,
        ),
        (
            "@{ return Later(2); int Later(int n) { return n * 2; } }",
            "4",
            "C# spec §13.6.4: a local function is in scope before it",
        ),
        (
            "@{ int y = 2; int Add(int a, int b = 3) { return a + b + y; } return Add(1) + Add(b: 1, a: 2); }",
            "11",
            "C# spec §12.6.2: named and optional arguments",
        ),
        (
            "@{ string Local() { string Inner() => \"i\"; return Inner(); } return Local(); }",
            "i",
            LOCAL,
        ),
        (
            "@{ void Inc(ref int x) { x++; } int v = 1; Inc(ref v); Inc(ref v); return v; }",
            "3",
            "C# spec §9.2.3.3, reference parameters",
        ),
        (
            "@{ void Swap(ref string a, ref string b) { var t = a; a = b; b = t; } string x = \"1\", y = \"2\"; Swap(ref x, ref y); return x + y; }",
            "21",
            "C# spec §9.2.3.3",
        ),
        (
            "@{ bool Get(string s, out int x) { x = s.Length; return true; } return Get(\"abc\", out var n) ? n : 0; }",
            "3",
            "C# spec §9.2.3.4, output parameters",
        ),
        (
            "@{ void Two(out int a, out int b) { a = 1; b = 2; } Two(out _, out int b); return b; }",
            "2",
            "C# spec §12.6.2.3, discards",
        ),
        (
            "@{ int Sum(params int[] xs) { return xs.Sum(); } return Sum(1, 2, 3) + Sum() + Sum(new[] { 4, 5 }); }",
            "15",
            "C# spec §15.6.2.6, parameter arrays",
        ),
        (
            "@{ string J(string sep, params object[] xs) => string.Join(sep, xs); return J(\"-\", 1, \"a\", true); }",
            "1-a-True",
            "C# spec §15.6.2.6",
        ),
        (
            "@{ Func<int, int> f = (int x) => { var z = x * 2; return z + 1; }; return f(3); }",
            "7",
            "C# spec §12.19, lambdas with types and a block",
        ),
        (
            "@{ Func<int, Func<int, int>> add = a => b => a + b; return add(1)(2); }",
            "3",
            "C# spec §12.19",
        ),
        (
            "@{ Func<int, int> fib = null; fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2); return fib(10); }",
            "55",
            "C# spec §12.19.6: captured variables",
        ),
        (
            "@{ var n = 0; Action inc = () => n++; inc(); inc(); return n; }",
            "2",
            "C# spec §12.19.6",
        ),
        (
            "@(((Func<int, int>)(x => x + 1))(2))",
            "3",
            "C# spec §12.9.7",
        ),
        (
            "@{ Predicate<int> p = n => n > 1; return p(2); }",
            "True",
            "C# spec §10.7",
        ),
        (
            "@{ Func<string> f = () => \"x\"; return f.Invoke(); }",
            "x",
            "C# spec §12.8.10.4",
        ),
        (
            "@(\"a1b\".Where(char.IsLetter).Count())",
            "2",
            "C# spec §10.8, method group conversions",
        ),
        (
            "@(new[] { \"1\", \"2\" }.Select(int.Parse).Sum())",
            "3",
            "C# spec §10.8",
        ),
        (
            "@{ string F(string x) => x + \"!\"; return string.Join(\"\", new[] { \"a\", \"b\" }.Select(F)); }",
            "a!b!",
            "C# spec §10.8",
        ),
        (
            "@(string.Join(\",\", new[] { 1, 2 }.Select(i => { if (i > 1) return \"b\"; return null; }).Select(s => s ?? \"-\")))",
            "-,b",
            "C# spec §12.6.3.14, inferred return type",
        ),
        (
            "@(\"abc\".IndexOf(value: 'c', startIndex: 0))",
            "2",
            "C# spec §12.6.2: named arguments",
        ),
        (
            "@(\"abc\".IndexOf(startIndex: 0, value: 'c'))",
            "2",
            "C# spec §12.6.2: in any order",
        ),
    ];
    check(CASES);
}

#[test]
fn tuples_are_named_and_taken_apart() {
    const TUPLES: &str = "C# spec §8.3.11, tuple types";
    const APART: &str = "C# spec §12.7, deconstruction";
    const CASES: &[Case] = &[
        (
            "@{ (int a, string b) t = (1, \"two\"); return t.a + t.b + t.Item1; }",
            "1two1",
            TUPLES,
        ),
        (
            "@{ var t = (a: 1, b: \"two\"); return t.a + t.b; }",
            "1two",
            TUPLES,
        ),
        (
            "@{ var x = 4; var y = \"q\"; var t = (x, y); return t.x + t.y; }",
            "4q",
            "C# 7.1, inferred tuple element names",
        ),
        (
            "@{ var l = new List<(string Name, int V)> { (\"a\", 1), (\"b\", 2) }; return l.First().Name + l.Sum(t => t.V); }",
            "a3",
            TUPLES,
        ),
        (
            "@{ (int sum, int count) F(int[] v) => (v.Sum(), v.Length); var r = F(new[] { 1, 2 }); return r.sum + \"/\" + r.count; }",
            "3/2",
            TUPLES,
        ),
        (
            "@((1, \"a\").Equals((1, \"a\")))",
            "True",
            "ValueTuple.Equals",
        ),
        ("@((1, 2) == (1, 2))", "True", "C# 7.3, tuple equality"),
        ("@((1, \"a\").ToString())", "(1, a)", "ValueTuple.ToString"),
        (
            "@{ var (a, b) = (1, \"two\"); return a + b; }",
            "1two",
            APART,
        ),
        (
            "@{ (int a, string b) = (1, \"two\"); return a + b; }",
            "1two",
            APART,
        ),
        (
            "@{ (int a, var b, _) = (1, \"two\", 3.0); return a + b; }",
            "1two",
            APART,
        ),
        (
            "@{ int a; string b; (a, b) = (1, \"two\"); return a + b; }",
            "1two",
            APART,
        ),
        (
            "@{ int a = 1, b = 2; (a, b) = (b, a); return a + \",\" + b; }",
            "2,1",
            "C# spec §12.21.2: the right side is evaluated first",
        ),
        (
            "@{ int[] z = { 1, 2 }; (z[0], z[1]) = (z[1], z[0]); return z[0] + \",\" + z[1]; }",
            "2,1",
            APART,
        ),
        (
            "@{ var l = new List<(string, int)> { (\"a\", 1) }; foreach (var (n, v) in l) { return n + v; } return \"\"; }",
            "a1",
            APART,
        ),
        (
            "@{ var s = \"\"; foreach ((string k, int v) in new Dictionary<string, int> { [\"a\"] = 1 }) s += k + v; return s; }",
            "a1",
            "KeyValuePair<TKey,TValue>.Deconstruct",
        ),
        (
            "@{ var t = Tuple.Create(1, \"b\"); return t.Item1 + t.Item2; }",
            "1b",
            "System.Tuple",
        ),
    ];
    check(CASES);
}

#[test]
fn objects_arrays_and_collections_are_initialised() {
    const ARRAYS: &str = "C# spec §12.8.16.5, array creation";
    const INIT: &str = "C# spec §12.8.16.4, collection initialisers";
    const CASES: &[Case] = &[
        (
            "@{ var o = new { Name = \"n\", Inner = new { X = 1 } }; return o.Name + o.Inner.X + o; }",
            "n1{ Name = n, Inner = { X = 1 } }",
            "C# spec §12.8.16.7, anonymous objects",
        ),
        (
            "@{ var s = \"abc\"; var o = new { s.Length, s }; return o.Length + o.s; }",
            "3abc",
            "C# spec §12.8.16.7, projection",
        ),
        (
            "@{ var a = new { X = 1, Y = \"b\" }; var b = new { X = 1, Y = \"b\" }; return a.Equals(b) && a.GetHashCode() == b.GetHashCode(); }",
            "True",
            "C# spec §12.8.16.7: equal by properties",
        ),
        (
            "@{ var a = new { X = 1 }; var b = new { X = 1 }; return a == b; }",
            "False",
            "C# spec §12.12.7: references are compared",
        ),
        (
            "@{ int[][] j = new int[2][]; j[0] = new[] { 1, 2 }; j[1] = new int[] { 3 }; return j[0][1] + j[1][0]; }",
            "5",
            ARRAYS,
        ),
        (
            "@{ int[][] j = { new[] { 1 }, new[] { 2, 3 } }; return j[1].Length; }",
            "2",
            ARRAYS,
        ),
        (
            "@{ int[] a = { 1, 2, }; var b = new int[3] { 1, 2, 3 }; return a.Length + b.Length; }",
            "5",
            ARRAYS,
        ),
        (
            "@(new[] { 1, 2.5 }[0])",
            "1",
            "C# spec §12.8.16.5: best common type",
        ),
        (
            "@(new[] { null, \"a\" }.Length)",
            "2",
            "C# spec §12.8.16.5: best common type",
        ),
        (
            "@{ var d = new Dictionary<string, List<int>> { [\"a\"] = new List<int> { 1, 2 }, { \"b\", new List<int>() } }; return d[\"a\"].Count + d[\"b\"].Count; }",
            "2",
            INIT,
        ),
        (
            "@{ var l = new List<object> { 1, \"a\", null }; return l.Count; }",
            "3",
            INIT,
        ),
        ("@(new HashSet<int> { 1, 1, 2 }.Count)", "2", INIT),
        (
            "@(default(int) + \"|\" + default(string) + \"|\" + default(DateTime?) + \"|\" + default(bool))",
            "0|||False",
            "C# spec §12.8.21",
        ),
        (
            "@{ int x = default; string s = default; return x + (s ?? \"null\"); }",
            "0null",
            "C# 7.1, default literals",
        ),
        (
            "@(nameof(String.Length) + nameof(context.Request) + nameof(System.Text))",
            "LengthRequestText",
            "C# spec §12.8.23",
        ),
    ];
    check(CASES);
}

#[test]
fn statements_nest_and_end_as_they_should() {
    const CASES: &[Case] = &[
        (
            "@{ using (var h = SHA256.Create()) using (var k = SHA256.Create()) { return h.ComputeHash(new byte[0]).Length + k.ComputeHash(new byte[0]).Length; } }",
            "64",
            "C# spec §13.14; SHA-256 gives 32 bytes",
        ),
        (
            "@{ try { throw new InvalidOperationException(\"x\"); } catch (Exception ex) when (ex is InvalidOperationException) { return ex.Message; } finally { } }",
            "x",
            "C# spec §13.11",
        ),
        (
            "@{ var s = \"\"; try { try { throw new Exception(\"a\"); } finally { s += \"f\"; } } catch (Exception e) { s += e.Message; } return s; }",
            "fa",
            "C# spec §13.11: inner finally first",
        ),
        (
            "@{ var s = \"\"; foreach (var i in new[] { 1, 2 }) { try { continue; } finally { s += i; } } return s; }",
            "12",
            "C# spec §13.10.3",
        ),
        (
            "@{ try { throw new Exception(\"a\", new Exception(\"b\")); } catch (Exception e) { return e.Message; } }",
            "a",
            "System.Exception",
        ),
        (
            "@{ const int A = 1, B = A + 1; const string C = \"x\" + \"y\"; return C + B; }",
            "xy2",
            "C# spec §13.6.3",
        ),
        (
            "@{ ; ; if (true) ; else ; return 1; }",
            "1",
            "C# spec §13.4",
        ),
        (
            "@{ var x = 1; { var y = 2; x += y; } { var y = 3; x += y; } return x; }",
            "6",
            "C# spec §13.3: sibling blocks may use one name",
        ),
        (
            "@{ if (int.TryParse(\"12\", out var n)) return n + 1; return 0; }",
            "13",
            "C# spec §12.6.2.3, out var",
        ),
        (
            "@{ if (int.TryParse(\"12\", out int n) && n > 10) return n; return 0; }",
            "12",
            "C# spec §12.6.2.3",
        ),
        (
            "@(int.TryParse(\"x\", out _))",
            "False",
            "C# spec §12.6.2.3, discards",
        ),
        (
            "@{ int.TryParse(\"x\", out var n); return n; }",
            "0",
            "Int32.TryParse: 0 if it fails",
        ),
        (
            "@{ int x = 7; x >>= 1; x %= 2; x -= 1; x *= 3; x /= 2; x &= 7; return x; }",
            "0",
            "C# spec §12.21.4",
        ),
        (
            "@{ var l = new List<int> { 1, 2, 3 }; l[0] += 5; l[1]++; return l[0] + l[1]; }",
            "9",
            "C# spec §12.21.4",
        ),
        (
            "@{ var d = new Dictionary<string, int>(); d[\"a\"] = 1; d[\"a\"] += 2; d[\"a\"]++; return d[\"a\"]; }",
            "4",
            "C# spec §12.21.4",
        ),
        (
            "@{ var i = 0; i = i++ + i++; return i; }",
            "1",
            "C# spec §12.8.15: operands from left to right",
        ),
        (
            "@{ string s; return (s = \"a\") + s; }",
            "aa",
            "C# spec §12.21.2: an assignment is a value",
        ),
        (
            "@{ int a, b; a = b = 3; return a + b; }",
            "6",
            "C# spec §12.21.2: right-associative",
        ),
    ];
    check(CASES);
}

#[test]
fn operators_lift_to_nullable_types() {
    const SPEC: &str = "C# spec §12.4.8, lifted operators";
    const CASES: &[Case] = &[
        (
            "@{ int? a = null; int? b = 5; return (a + b) + \"|\" + (a < b) + \"|\" + (a == null) + \"|\" + (a ?? b) + \"|\" + -b + \"|\" + ~b; }",
            "|False|True|5|-5|-6",
            SPEC,
        ),
        (
            "@{ int? a = null; int? b = null; return (a == b) + \"|\" + (a != b) + \"|\" + (a <= b); }",
            "True|False|False",
            SPEC,
        ),
        (
            "@{ bool? t = true; bool? n = null; return (t & n) + \"|\" + (t | n) + \"|\" + (n & false) + \"|\" + !n; }",
            "|True|False|",
            "C# spec §12.13.5, three-valued logic",
        ),
        (
            "@{ int? a = 1; a++; a += 2; return a; }",
            "4",
            "C# spec §12.4.8",
        ),
        ("@{ int? a = null; a++; return a == null; }", "True", SPEC),
        (
            "@{ DateTime? d = null; return (DateTime.MinValue - d) == null; }",
            "True",
            SPEC,
        ),
        (
            "@{ int? n = null; return (int)n; }",
            "!System.InvalidOperationException: Nullable object must have a value.",
            "C# spec §10.3.4",
        ),
        (
            "@{ int? n = 5; long? l = n; double? d = l; return d / 2; }",
            "2.5",
            "C# spec §10.2.6, implicit nullable conversions",
        ),
        (
            "@{ object o = (int?)null; return o == null; }",
            "True",
            "C# spec §10.2.9: boxing a null gives null",
        ),
        (
            "@{ int? n = true ? 1 : (int?)null; return n; }",
            "1",
            "C# spec §12.18",
        ),
    ];
    check(CASES);
}

#[test]
fn overflow_is_checked_where_the_language_checks_it() {
    const SPEC: &str = "C# spec §12.8.20, checked and unchecked";
    const OVERFLOW: &str =
        "!System.OverflowException: Arithmetic operation resulted in an overflow.";
    const CASES: &[Case] = &[
        (
            "@{ int x = int.MaxValue; return checked(x + 1); }",
            OVERFLOW,
            SPEC,
        ),
        (
            "@{ checked { int x = int.MaxValue; x++; return x; } }",
            OVERFLOW,
            SPEC,
        ),
        ("@{ int x = 300; return checked((byte)x); }", OVERFLOW, SPEC),
        (
            "@{ double x = 1e20; return checked((int)x); }",
            OVERFLOW,
            SPEC,
        ),
        (
            "@{ checked { uint x = 0; return x - 1u; } }",
            OVERFLOW,
            SPEC,
        ),
        (
            "@{ int x = int.MaxValue; return checked(unchecked(x + 1) - 0); }",
            "-2147483648",
            SPEC,
        ),
        (
            "@{ int x = int.MaxValue; unchecked { x++; } return x; }",
            "-2147483648",
            SPEC,
        ),
        (
            "@(unchecked(int.MaxValue + 1))",
            "-2147483648",
            "C# spec §12.23: `unchecked` lets constants wrap",
        ),
        ("@(unchecked((byte)300))", "44", "C# spec §12.23"),
        (
            "@{ int h = 17; foreach (var c in \"abc\") { h = h * 31 + c; } return h; }",
            "602801",
            "C# spec §12.8.20: 17·31³ + 97·31² + 98·31 + 99 wraps or not by its value",
        ),
        (
            "@{ int x = int.MinValue; return x / -1; }",
            OVERFLOW,
            "C# spec §12.10.3",
        ),
        (
            "@{ int x = int.MaxValue; x *= 2; return x; }",
            "-2",
            "C# spec §12.8.20: unchecked unless asked",
        ),
    ];
    check(CASES);
    refused(&[
        (
            "@(int.MaxValue + 1)",
            "1:3 Overflow The result of this constant does not fit its type.",
            "CS0220",
        ),
        (
            "@((byte)300)",
            "1:3 Overflow The constant 300 does not fit `byte`; `unchecked` would cut it.",
            "CS0221",
        ),
        (
            "@(1 / 0)",
            "1:3 Overflow Division by constant zero.",
            "CS0020",
        ),
    ]);
}

#[test]
fn what_is_not_of_the_language_is_refused_by_name() {
    const SPEC: &str = "the issue: refused by name";
    refused(&[
        (
            "@{ goto end; return 1; }",
            "1:4 Syntax `goto` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@{ lock (context) { return 1; } }",
            "1:4 Syntax `lock` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@{ unsafe { return 1; } }",
            "1:4 Syntax `unsafe` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@{ yield return 1; }",
            "1:4 Syntax `yield` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@{ async int F() { return 1; } return 1; }",
            "1:4 Syntax `async` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@(from x in new[] { 1 } select x)",
            "1:3 Syntax The query syntax `from … in …` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@{ dynamic d = 1; return d; }",
            "1:4 NotSupported `dynamic` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@{ var s = stackalloc int[3]; return 1; }",
            "1:12 Syntax `stackalloc` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@{ string s = null; s ??= \"x\"; return s; }",
            "1:21 Syntax `??=` is not part of C# 7.",
            SPEC,
        ),
        (
            "@(typeof(string).Name)",
            "1:3 NotSupported `typeof` is not allowed in policy expressions.",
            "policy-language.md appendix A: no System.Type",
        ),
        (
            "@{ switch (2) { case 1: goto default; default: return 1; } }",
            "1:25 Syntax `goto` is not supported in policy expressions.",
            SPEC,
        ),
        (
            "@{ if (true) { yield return 1; lock (context) { } } goto x; return 1; }",
            "1:16 Syntax `yield` is not supported in policy expressions.; 1:32 Syntax `lock` is not supported in policy expressions.; 1:53 Syntax `goto` is not supported in policy expressions.",
            "all errors at once",
        ),
    ]);
}

#[test]
fn variables_that_may_not_be_written_are_not() {
    refused(&[
        (
            "@{ const int c = 1; c = 2; return c; }",
            "1:21 TypeMismatch `c` cannot be assigned to: it is a constant.",
            "CS0131",
        ),
        (
            "@{ foreach (var x in new[] { 1 }) { x = 2; } return 1; }",
            "1:37 TypeMismatch `x` cannot be assigned to: it is the variable of a `foreach`.",
            "CS1656",
        ),
        (
            "@{ foreach (var x in new[] { 1 }) { x++; } return 1; }",
            "1:37 TypeMismatch `x` cannot be assigned to: it is the variable of a `foreach`.",
            "CS1656",
        ),
        (
            "@{ using (var a = MD5.Create()) { a = null; } return 1; }",
            "1:35 TypeMismatch `a` cannot be assigned to: it is the resource of a `using`.",
            "CS1656",
        ),
        (
            "@{ int F() => 1; F = null; return 1; }",
            "1:18 TypeMismatch `F` cannot be assigned to: it is a function.",
            "CS1656",
        ),
        (
            "@{ void Inc(ref int x) { x++; } int v = 1; Inc(v); return v; }",
            "1:48 WrongArguments `x` must be passed with `ref`.",
            "CS1620",
        ),
    ]);
}
