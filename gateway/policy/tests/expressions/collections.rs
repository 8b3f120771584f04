//! Arrays, collections, lambdas and LINQ.

use crate::{Case, check};

const LINQ: &str = ".NET documentation, System.Linq.Enumerable";
const GENERIC: &str = ".NET documentation, System.Collections.Generic";
const ARRAYS: &str = ".NET documentation, System.Array";

#[test]
fn arrays_and_collections_behave_as_in_dotnet() {
    const CASES: &[Case] = &[
        (
            "@(new[] { 1 }.OrderBy(x => new int[] { }.Last()).Take(\"\".IndexOf(\"z\")).ToArray().Length)",
            "0",
            "docs Enumerable.Take: if count is not positive, source is not enumerated",
        ),
        (
            "@(new[] { 1 }.OrderBy(x => x / (x - 1)).Take(0).Count())",
            "0",
            "docs Enumerable.Take: if count is not positive, source is not enumerated",
        ),
        ("@(new[] { 3, 1, 2 }.Length)", "3", ARRAYS),
        (
            "@{ var a = new int[3]; a[1] = 5; a[1] += 2; a[1]++; return a[0] + a[1]; }",
            "8",
            ARRAYS,
        ),
        (
            "@{ var a = new int[1]; return a[1]; }",
            "!System.IndexOutOfRangeException: Index was outside the bounds of the array.",
            ARRAYS,
        ),
        (
            "@{ var a = \"b,a\".Split(','); Array.Sort(a); Array.Reverse(a); return string.Join(\",\", a); }",
            "b,a",
            ARRAYS,
        ),
        (
            "@{ var a = new byte[] { 1, 2, 3 }; var b = new byte[3]; Array.Copy(a, 1, b, 0, 2); return BitConverter.ToString(b); }",
            "02-03-00",
            ARRAYS,
        ),
        (
            "@(Array.Exists(\"a,b\".Split(','), x => x == \"b\"))",
            "True",
            ARRAYS,
        ),
        (
            "@(Array.IndexOf(new[] { \"x\", \"y\" }, \"y\"))",
            "1",
            ARRAYS,
        ),
        (
            "@(new int[2][] { new[] { 1 }, new[] { 2, 3 } }[1][1])",
            "3",
            "C# specification, array creation",
        ),
        (
            "@(new string[] { \"a\" })",
            "System.String[]",
            "Object.ToString",
        ),
        (
            "@{ var l = new List<string> { \"a\", \"b\" }; l.Add(\"c\"); l.Remove(\"a\"); return l.Count + string.Join(\"\", l) + l[0]; }",
            "2bcb",
            GENERIC,
        ),
        (
            "@{ var l = new List<int>(); return l[0]; }",
            "!System.ArgumentOutOfRangeException: Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
            GENERIC,
        ),
        (
            "@(new List<int>())",
            "System.Collections.Generic.List`1[System.Int32]",
            "Object.ToString",
        ),
        (
            "@{ var l = new List<int> { 1, 2 }; foreach (var x in l) { l.Add(x); } return 0; }",
            "!System.InvalidOperationException: Collection was modified; enumeration operation may not execute.",
            GENERIC,
        ),
        (
            "@{ var d = new Dictionary<string, int> { { \"a\", 1 }, [\"b\"] = 2 }; d[\"c\"] = 3; return d.Count + d[\"b\"] + (d.ContainsKey(\"A\") ? 10 : 0); }",
            "5",
            GENERIC,
        ),
        (
            "@{ var d = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { { \"a\", 1 } }; return d[\"A\"]; }",
            "1",
            GENERIC,
        ),
        (
            "@(new Dictionary<string, string>()[\"x\"])",
            "!System.Collections.Generic.KeyNotFoundException: The given key 'x' was not present in the dictionary.",
            GENERIC,
        ),
        (
            "@{ var d = new Dictionary<int, int>(); d.Add(1, 1); d.Add(1, 2); return 0; }",
            "!System.ArgumentException: An item with the same key has already been added. Key: 1",
            GENERIC,
        ),
        (
            "@{ var d = new Dictionary<string, int> { { \"a\", 1 } }; int v; return d.TryGetValue(\"z\", out v) + \"|\" + v; }",
            "False|0",
            GENERIC,
        ),
        (
            "@{ var d = new Dictionary<string, int> { { \"a\", 1 }, { \"b\", 2 } }; var s = \"\"; foreach (var kv in d) { s += kv.Key + kv.Value; } return s; }",
            "a1b2",
            GENERIC,
        ),
        (
            "@(new HashSet<string>(StringComparer.OrdinalIgnoreCase) { \"a\", \"A\", \"b\" }.Count)",
            "2",
            GENERIC,
        ),
        (
            "@{ var q = new Queue<int>(); q.Enqueue(1); q.Enqueue(2); var s = new Stack<int>(new[] { 1, 2 }); return q.Dequeue() + \"|\" + s.Pop(); }",
            "1|2",
            GENERIC,
        ),
        (
            "@(Tuple.Create(1, \"a\").Item2 + Tuple.Create(1, 2))",
            "a(1, 2)",
            "System.Tuple",
        ),
        (
            "@{ (int a, string b) t = (1, \"x\"); var (c, d) = t; return c + d; }",
            "1x",
            "C# 7 tuples",
        ),
    ];
    check(CASES);
}

#[test]
fn linq_queries_and_lambdas_give_what_dotnet_gives() {
    const CASES: &[Case] = &[
        ("@(\"a,b,c\".Split(',').Contains(\"b\"))", "True", LINQ),
        (
            "@(new[] { \"GET\", \"PUT\" }.Contains(\"get\", StringComparer.OrdinalIgnoreCase))",
            "True",
            LINQ,
        ),
        (
            "@(new[] { 1, 2, 3, 4 }.Where(x => x % 2 == 0).Select(x => x * 10).Sum())",
            "60",
            LINQ,
        ),
        (
            "@(string.Join(\",\", new[] { \"b\", \"a\", \"c\" }.OrderByDescending(x => x).ThenBy(x => x.Length)))",
            "c,b,a",
            LINQ,
        ),
        (
            "@(string.Join(\",\", new[] { 3, 1, 2 }.OrderBy(x => x).Skip(1).Take(1)))",
            "2",
            LINQ,
        ),
        (
            "@(new[] { 1, 2 }.Any(x => x > 1) && new[] { 1, 2 }.All(x => x > 0) && !new int[0].Any())",
            "True",
            LINQ,
        ),
        (
            "@(new[] { 1, 2, 3 }.First(x => x > 1) + new[] { 1, 2 }.Last() + new int[0].FirstOrDefault())",
            "4",
            LINQ,
        ),
        (
            "@(new string[0].First())",
            "!System.InvalidOperationException: Sequence contains no elements",
            LINQ,
        ),
        (
            "@(new[] { 1 }.First(x => x > 1))",
            "!System.InvalidOperationException: Sequence contains no matching element",
            LINQ,
        ),
        (
            "@(new[] { 1, 2 }.Single())",
            "!System.InvalidOperationException: Sequence contains more than one element",
            LINQ,
        ),
        (
            "@(\"a-b\".Split('-').ElementAtOrDefault(5) == null)",
            "True",
            LINQ,
        ),
        (
            "@(string.Join(\",\", new[] { 1, 2 }.Concat(new[] { 2, 3 }).Distinct().Reverse()))",
            "3,2,1",
            LINQ,
        ),
        (
            "@(string.Join(\",\", new[] { 1, 2, 3 }.Except(new[] { 2 }).Union(new[] { 9 })))",
            "1,3,9",
            LINQ,
        ),
        (
            "@(string.Join(\",\", Enumerable.Range(1, 3).Select((x, i) => x * i)))",
            "0,2,6",
            LINQ,
        ),
        (
            "@(string.Concat(Enumerable.Repeat(\"ab\", 2)))",
            "abab",
            LINQ,
        ),
        (
            "@(new[] { \"a\", \"bb\", \"cc\" }.GroupBy(x => x.Length).Select(g => g.Key + \":\" + g.Count()).Last())",
            "2:2",
            LINQ,
        ),
        (
            "@(new[] { \"a\", \"bb\" }.ToDictionary(x => x, x => x.Length)[\"bb\"])",
            "2",
            LINQ,
        ),
        (
            "@(new[] { 1, 2, 3 }.Aggregate((a, b) => a * b) + new[] { 1, 2 }.Aggregate(\"\", (s, x) => s + x))",
            "612",
            LINQ,
        ),
        (
            "@(new[] { 1, 2 }.Average() + new[] { 1.5, 2.5 }.Max() + new[] { \"a\", \"bbb\" }.Max(x => x.Length))",
            "7",
            LINQ,
        ),
        (
            "@(new[] { new[] { 1 }, new[] { 2, 3 } }.SelectMany(x => x).Count())",
            "3",
            LINQ,
        ),
        (
            "@(\"hello\".Where(c => c == 'l').Count() + \"abc\".Reverse().First())",
            "101",
            LINQ,
        ),
        (
            "@(string.Join(\",\", \"3,1\".Split(',').Select(int.Parse).OrderBy(x => x)))",
            "1,3",
            "C# specification, method group conversions",
        ),
        (
            "@(Enumerable.Range(1, int.MaxValue).First())",
            "1",
            "LINQ is deferred",
        ),
        (
            "@{ var l = new List<int> { 1 }; var q = l.Where(x => x > 0); l.Add(2); return q.Count(); }",
            "2",
            "LINQ is deferred",
        ),
        (
            "@{ var fs = new List<Func<int>>(); foreach (var x in new[] { 1, 2 }) { fs.Add(() => x); } return fs[0]() * 10 + fs[1](); }",
            "12",
            "C# specification, foreach has a variable per iteration",
        ),
        (
            "@{ var n = 1; Func<int, int> add = x => x + n; n = 10; return add(1); }",
            "11",
            "C# specification, captured variables",
        ),
        (
            "@{ int Fact(int n) => n <= 1 ? 1 : n * Fact(n - 1); return Fact(10); }",
            "3628800",
            "C# 7 local functions",
        ),
        (
            "@{ var total = 0; void Add(int x) { total += x; } Add(2); Add(3); return total; }",
            "5",
            "C# 7 local functions",
        ),
        (
            "@{ return Outer(3); int Outer(int x) { return Inner(x) + 1; } int Inner(int y) => y * 2; }",
            "7",
            "C# 7 local functions",
        ),
        (
            "@{ int Pad(int a, int b = 10) => a + b; return Pad(1) + Pad(b: 1, a: 2); }",
            "14",
            "C# specification, optional and named arguments",
        ),
        (
            "@(new string[] { \"x\" }.Select(x => new { Name = x, Length = x.Length }).First().Length)",
            "1",
            "C# specification, anonymous types",
        ),
        (
            "@(((string)null).Any())",
            "!System.ArgumentNullException: Value cannot be null. (Parameter 'source')",
            LINQ,
        ),
    ];
    check(CASES);
}
