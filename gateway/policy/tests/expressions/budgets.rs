//! No expression can hang or exhaust the process.

use gateway_policy::expression::{Budget, BudgetKind, BudgetLimits, Exception};

use crate::support::World;
use crate::{expression, request};

fn overrun(code: &str) -> Exception {
    let limits = BudgetLimits {
        instructions: 200_000,
        allocated_bytes: 4 << 20,
        ..BudgetLimits::default()
    };
    let mut budget = Budget::new(limits);
    let exception = expression(code)
        .evaluate(&mut request(), &World::default(), &mut budget)
        .and_then(|value| value.to_text())
        .expect_err(code);
    assert!(exception.is_budget(), "{code}: {exception:?}");
    exception
}

#[test]
fn each_budget_is_named_by_what_overran_it() {
    use BudgetKind::{Allocation, Depth, Instructions, Regex};
    for (code, kind) in [
        ("@{ while (true) { } }", Instructions),
        ("@(new string('a', int.MaxValue).Length)", Allocation),
        ("@{ int F(int n) => F(n + 1) + 1; return F(0); }", Depth),
        (
            "@(Regex.IsMatch(new string('a', 60) + \"!\", \"^(a+)+$\"))",
            Regex,
        ),
        (
            "@{ try { return Regex.IsMatch(new string('a', 60) + \"!\", \"^(a|a)*$\"); } catch (Exception) { return true; } }",
            Regex,
        ),
    ] {
        assert_eq!(overrun(code).exceeded(), Some(kind), "{code}");
    }
}

#[test]
fn searches_with_regular_expressions_have_a_budget_of_their_own() {
    let evaluate = |limits| {
        let code = expression("@(Regex.IsMatch(new string('a', 5000), \"a*b\").ToString())");
        code.evaluate(&mut request(), &World::default(), &mut Budget::new(limits))
    };
    let few_steps = BudgetLimits {
        regex_steps: 1_000,
        ..BudgetLimits::default()
    };
    let exception = evaluate(few_steps).unwrap_err();
    assert_eq!(
        exception.message,
        "The expression exceeded its regular expression budget of 1000 steps."
    );
    let few_instructions = BudgetLimits {
        instructions: 2_000,
        regex_steps: 1 << 40,
        ..BudgetLimits::default()
    };
    assert_eq!(
        evaluate(few_instructions).unwrap().to_text().unwrap(),
        "False"
    );
}

#[test]
fn endless_loops_run_out_of_instructions() {
    for code in [
        "@{ while (true) { } }",
        "@{ for (;;) { var x = 1; } }",
        "@{ do { } while (true); }",
        "@{ int i = 0; while (i < 1) { i = 0; } return i; }",
        "@(Enumerable.Range(0, int.MaxValue).Count())",
        "@(Enumerable.Repeat(1, int.MaxValue).Any(x => x == 2))",
        "@{ foreach (var x in Enumerable.Range(0, int.MaxValue)) { } return 1; }",
    ] {
        let exception = overrun(code);
        assert!(exception.message.contains("budget of"), "{exception:?}");
    }
}

#[test]
fn a_catch_does_not_catch_the_end_of_the_budget() {
    overrun(
        "@{ while (true) { try { while (true) { } } catch { } finally { while (true) { } } } }",
    );
    overrun("@{ try { while (true) { } } catch (Exception) { return 1; } }");
}

#[test]
fn large_strings_and_collections_run_out_of_memory_budget() {
    for code in [
        "@(new string('a', int.MaxValue).Length)",
        "@(\"a\".PadLeft(int.MaxValue).Length)",
        "@{ var s = \"a\"; while (true) { s += s; } }",
        "@{ var s = \"aaaaaaaa\"; for (int i = 0; i < 30; i++) { s = s.Replace(\"a\", \"aaaaaaaa\"); } return s; }",
        "@(new int[int.MaxValue].Length)",
        "@(new byte[int.MaxValue].Length)",
        "@{ var l = new List<string>(); while (true) { l.Add(\"x\"); } }",
        "@{ var d = new Dictionary<int, int>(); int i = 0; while (true) { d[i++] = 1; } }",
        "@(string.Join(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", Enumerable.Range(0, 199000)))",
        "@{ var b = new StringBuilder(\"a\"); while (true) { b.Append(b.ToString()); } }",
        "@($\"{1,10000}{1,10000}\" + string.Format(\"{0,2000000000}\", 1))",
    ] {
        let exception = overrun(code);
        assert!(
            exception.message.starts_with("The expression exceeded its"),
            "{exception:?}"
        );
    }
}

#[test]
fn recursion_runs_out_of_depth_on_a_small_stack() {
    let run = || {
        for code in [
            "@{ int F(int n) => F(n + 1) + 1; return F(0); }",
            "@{ Func<int, int> f = null; f = x => f(x + 1) + 1; return f(0); }",
            "@{ int A(int n) { if (n > -1) { return B(n + 1); } return 0; } int B(int n) { return A(n) + 1; } return A(0); }",
        ] {
            let exception = overrun(code);
            assert_eq!(
                exception.message,
                "The expression exceeded its recursion budget of 600."
            );
        }
        // Long chains of queries, and of objects that hold each other.
        overrun(
            "@{ IEnumerable<int> q = new[] { 1 }; for (int i = 0; i < 10000; i++) { q = q.Where(x => x > 0); } return q.Count(); }",
        );
    };
    // The default stack of a worker thread.
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn library_calls_pay_for_what_they_read() {
    let started = std::time::Instant::now();
    for code in [
        "@{ var s = new string('a', 1000000); var n = 0; while (true) { if (s.Contains(\"b\")) { n++; } } }",
        "@{ var s = new string('é', 500000); var n = 0; while (true) { n += s.Length; } }",
        "@{ var s = new string('a', 1000000); var t = s + \"\"; while (true) { var same = s == t; } }",
        "@(Enumerable.Repeat(new string('a', 1000000), 100000).Distinct().Count())",
        "@{ var b = new byte[1000000]; while (true) { var x = BitConverter.ToInt32(b, 0); } }",
        "@{ var l = Enumerable.Range(0, 50000).ToList(); while (true) { l.Insert(0, 1); l.RemoveAt(0); } }",
        "@{ var l = Enumerable.Range(0, 50000).ToList(); while (true) { l.Exists(x => true); } }",
        "@{ var l = Enumerable.Range(0, 50000).ToArray(); while (true) { var c = l.Contains(-1); } }",
        "@{ var d = Enumerable.Range(0, 20000).ToDictionary(x => x); while (true) { d.Remove(-1); } }",
        "@{ var b = new StringBuilder(new string('é', 500000)); while (true) { var n = b.Length; } }",
        "@(Enumerable.Repeat(new string('a', 1000000), 30000).OrderBy(x => x).Count())",
    ] {
        overrun(code);
    }
    // Unoptimised and on a busy machine; without the charges each of these takes minutes.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn what_would_never_be_freed_is_refused() {
    for code in [
        "@{ var l = new List<object>(); l.Add(l); return 1; }",
        "@{ var l = new List<object>(); var m = new List<object> { l }; l.Add(Tuple.Create(1, (object)m)); return 1; }",
        "@{ var a = new object[1]; a[0] = a; return 1; }",
        "@{ var d = new Dictionary<string, object>(); d[\"x\"] = new { Self = d }; return 1; }",
        "@{ var a = new object[1]; var b = new object[] { a }; Array.Copy(b, a, 1); return 1; }",
    ] {
        let value =
            expression(code).evaluate(&mut request(), &World::default(), &mut Budget::default());
        assert_eq!(
            value.unwrap_err().message,
            "An object cannot be put into itself.",
            "{code}"
        );
    }
}

#[test]
fn a_function_does_not_outlive_its_expression() {
    let mut context = request();
    let world = World::default();
    let made = expression("@{ Func<int, int> f = null; f = x => x <= 1 ? 1 : x * f(x - 1); var n = f(5); return new List<Func<int, int>> { f }; }")
        .evaluate(&mut context, &world, &mut Budget::default());
    context.variables.insert("functions".into(), made.unwrap());
    let called = expression("@(((List<Func<int, int>>)context.Variables[\"functions\"])[0](3))")
        .evaluate(&mut context, &world, &mut Budget::default());
    assert_eq!(
        called.unwrap_err().message,
        "A function can only be called by the expression that made it."
    );
    let result =
        expression("@{ var fs = new List<Func<int>>(); fs.Add(() => fs.Count); return fs[0](); }")
            .evaluate(&mut context, &world, &mut Budget::default());
    assert_eq!(result.unwrap().to_text().unwrap(), "1");
}

#[test]
fn sorting_what_has_no_order_is_an_exception_and_no_panic() {
    for code in [
        "@(new object[] { 3, \"a\", 2.5, null, 'c', \"b\", 1, DateTime.UtcNow }.OrderBy(x => x).Count())",
        "@{ var l = new List<object>(); for (int i = 0; i < 100; i++) { l.Add(i % 3 == 0 ? (object)i : i.ToString()); } l.Sort(); return l.Count; }",
    ] {
        let value =
            expression(code).evaluate(&mut request(), &World::default(), &mut Budget::default());
        assert_eq!(
            value.unwrap_err().type_name,
            "System.ArgumentException",
            "{code}"
        );
    }
}

#[test]
fn freeing_a_long_chain_of_objects_does_not_recurse() {
    let code = "@{ var l = new List<object>(); for (int i = 0; i < 1500; i++) { var n = new List<object>(); n.Add(l); l = n; } return l.Count; }";
    let run = move || {
        let value =
            expression(code).evaluate(&mut request(), &World::default(), &mut Budget::default());
        assert_eq!(value.unwrap().to_text().unwrap(), "1");
        let tuples = "@{ object t = 1; for (int i = 0; i < 60000; i++) { t = Tuple.Create(t, 1); } return t == null; }";
        let value =
            expression(tuples).evaluate(&mut request(), &World::default(), &mut Budget::default());
        assert_eq!(value.unwrap().to_text().unwrap(), "False");
    };
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn the_deepest_expression_that_compiles_also_runs_on_a_small_stack() {
    let run = || {
        let depth = 90;
        for code in [
            format!("@({}1{})", "(1+".repeat(depth), ")".repeat(depth)),
            format!(
                "@({}1{})",
                "(context.Request.Method==\"\"?1:".repeat(depth / 2),
                ")".repeat(depth / 2)
            ),
            format!("@({}1{})", "Math.Max(1,".repeat(depth), ")".repeat(depth)),
        ] {
            let world = World::default();
            let value = expression(&code).evaluate(&mut request(), &world, &mut Budget::default());
            assert!(value.is_ok(), "{code}");
        }
    };
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn a_budget_is_shared_by_the_evaluations_it_is_given_to() {
    let limits = BudgetLimits {
        instructions: 1_000,
        ..BudgetLimits::default()
    };
    let mut budget = Budget::new(limits);
    let code = expression("@{ var x = 0; for (int i = 0; i < 50; i++) { x += i; } return x; }");
    let mut runs = 0;
    while code
        .evaluate(&mut request(), &World::default(), &mut budget)
        .is_ok()
    {
        runs += 1;
    }
    assert!((1..20).contains(&runs), "{runs}");
}

#[test]
fn searching_and_splitting_never_takes_the_product_of_two_lengths() {
    let started = std::time::Instant::now();
    for code in [
        "@(new string('a', 400000).IndexOf(new string('A', 200000) + \"b\", StringComparison.OrdinalIgnoreCase))",
        "@(new string('a', 400000).LastIndexOf(\"b\" + new string('A', 200000), StringComparison.OrdinalIgnoreCase))",
        "@(new string('a', 400000).LastIndexOf(new string('A', 200000), StringComparison.OrdinalIgnoreCase))",
        "@(new string('a', 400000).Replace(new string('A', 200000) + \"b\", \"\", StringComparison.OrdinalIgnoreCase).Length)",
        "@(new string('a', 400000).IndexOfAny(new string('b', 200000).ToCharArray()))",
        "@((\"b\" + new string('a', 400000)).TrimEnd((new string('c', 200000) + \"a\").ToCharArray()).Length)",
        // A client's list, split at either of two characters of which one does not occur.
        "@(new string(',', 400000).Split(',', ';').Length)",
        "@(new string(',', 400000).Split(new[] { \";\", \",\" }, StringSplitOptions.RemoveEmptyEntries).Length)",
    ] {
        let value =
            expression(code).evaluate(&mut request(), &World::default(), &mut Budget::default());
        assert!(
            value.as_ref().is_ok() || value.as_ref().is_err_and(Exception::is_budget),
            "{code}: {value:?}"
        );
    }
    // Unoptimised and on a busy machine; the products take from half an hour to days.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    for (code, expected) in [
        (
            "@(\"xÄbcÄBC\".IndexOf(\"äb\", StringComparison.OrdinalIgnoreCase))",
            "1",
        ),
        (
            "@(\"xÄbcÄBCx\".LastIndexOf(\"äbc\", StringComparison.OrdinalIgnoreCase))",
            "4",
        ),
        // The characters before the match take another number of bytes in upper case.
        (
            "@(\"ıſɐab\".IndexOf(\"AB\", StringComparison.OrdinalIgnoreCase))",
            "3",
        ),
        (
            "@(\"ɐAbɐaBɐ\".Replace(\"ab\", \"-\", StringComparison.OrdinalIgnoreCase))",
            "ɐ-ɐ-ɐ",
        ),
        (
            "@(\"aaa\".Replace(\"AA\", \"b\", StringComparison.OrdinalIgnoreCase))",
            "ba",
        ),
        (
            "@(string.Join(\"|\", \"a,b;c,d\".Split(',', ';')))",
            "a|b|c|d",
        ),
        (
            "@(string.Join(\"|\", \"a,b;c,d;e\".Split(new[] { ';', ',' }, 3)))",
            "a|b|c,d;e",
        ),
        (
            "@(string.Join(\"|\", \"a--b-c\".Split(new[] { \"-\", \"--\" }, StringSplitOptions.None)))",
            "a||b|c",
        ),
        (
            "@(string.Join(\"|\", \"a--b-c\".Split(new[] { \"--\", \"-\" }, StringSplitOptions.None)))",
            "a|b|c",
        ),
        // What a longer separator has eaten is not found again by a shorter one.
        (
            "@(string.Join(\"|\", \"a=-=b=c\".Split(new[] { \"=-=\", \"=\" }, StringSplitOptions.None)))",
            "a|b|c",
        ),
        ("@(\"a;b,c\".IndexOfAny(new[] { ',', ';' }))", "1"),
        ("@(\"-_a_-\".Trim('_', '-'))", "a"),
    ] {
        let value =
            expression(code).evaluate(&mut request(), &World::default(), &mut Budget::default());
        assert_eq!(value.unwrap().to_text().unwrap(), expected, "{code}");
    }
}

#[test]
fn an_object_that_holds_another_one_twice_again_and_again_takes_no_time() {
    let started = std::time::Instant::now();
    let grow = "object t = 1; object u = 1; for (int i = 0; i < 45; i++) { t = Tuple.Create(t, t); u = Tuple.Create(u, u); }";
    for rest in [
        "return t.ToString().Length;",
        "return (\"\" + t).Length;",
        "return t.GetHashCode() == 0;",
        "return t.Equals(u);",
        "var d = new Dictionary<object, int>(); d[t] = 1; return d.ContainsKey(u);",
        "return new[] { t, u }.Distinct().Count();",
        "return JsonConvert.SerializeObject(t).Length;",
        "var l = new List<object> { new { A = t, B = u } }; return l.Contains(t);",
    ] {
        let code = format!("@{{ {grow} {rest} }}");
        let value =
            expression(&code).evaluate(&mut request(), &World::default(), &mut Budget::default());
        assert!(
            value.as_ref().is_ok() || value.as_ref().is_err_and(Exception::is_budget),
            "{rest}: {value:?}"
        );
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    let code = "@{ object t = 1; object u = 1; for (int i = 0; i < 8; i++) { t = Tuple.Create(t, t); u = Tuple.Create(u, u); } return t.Equals(u); }";
    let value =
        expression(code).evaluate(&mut request(), &World::default(), &mut Budget::default());
    assert_eq!(value.unwrap().to_text().unwrap(), "True");
}

#[test]
fn json_whose_indentation_is_larger_than_itself_is_not_written_without_end() {
    let code = "@{ var t = new JArray(); var r = t; for (int i = 0; i < 950; i++) { var n = new JArray(); t.Add(n); t = n; } for (int i = 0; i < 40000; i++) { t.Add(1); } return r.ToString().Length; }";
    assert!(
        expression(code)
            .evaluate(&mut request(), &World::default(), &mut Budget::default())
            .is_err_and(|exception| exception.message == "The JSON is too large to be written.")
    );
}
