//! What JSON may cost, and that print and parse undo each other.

use super::{expression, request, support};
use crate::support::Numbers;
use bytes::Bytes;
use gateway_policy::context::{Body, Context};
use gateway_policy::expression::{Budget, BudgetLimits, Exception, Expression};
use std::time::{Duration, Instant};

fn run(code: &str, body: Vec<u8>, limits: BudgetLimits) -> Result<String, Exception> {
    evaluate(&expression(code), &mut request(), body, limits)
}

fn evaluate(
    code: &Expression,
    context: &mut Context,
    body: Vec<u8>,
    limits: BudgetLimits,
) -> Result<String, Exception> {
    context.request.body = Body::Bytes(Bytes::from(body));
    code.evaluate(
        context,
        &support::World::default(),
        &mut Budget::new(limits),
    )
    .and_then(|value| value.to_text())
}

#[test]
fn work_on_json_is_paid_from_the_budget() {
    let small = BudgetLimits {
        instructions: 20_000,
        allocated_bytes: 1 << 20,
        ..BudgetLimits::default()
    };
    let many = format!("[{}]", vec!["{\"a\":[1,2,3]}"; 5_000].join(","));
    for code in [
        "@(context.Request.Body.As<JArray>().Count)",
        "@(JsonConvert.DeserializeObject<List<object>>(context.Request.Body.As<string>()).Count)",
        "@{ var a = new JArray(); while (true) { a.Add(1); } }",
        "@{ var a = new JArray(1); while (true) { a.Add(a.DeepClone()); } }",
        "@{ var a = new JArray(); while (true) { a = new JArray { a }; } }",
        "@{ var a = JArray.Parse(\"[[[[[[[[[[1]]]]]]]]]]\"); while (true) { a.SelectTokens(\"$..*\").Count(); } }",
        "@{ var o = JObject.Parse(\"{a:{}}\"); while (true) { o.Merge(o); o[\"a\"] = o; } }",
        "@{ var a = JArray.Parse(\"[1,2]\"); while (true) { JToken.DeepEquals(a, a.DeepClone()); } }",
    ] {
        let error = run(code, many.clone().into_bytes(), small).unwrap_err();
        assert!(error.is_budget(), "{code}: {error:?}");
    }
}

#[test]
fn a_tree_of_any_depth_is_copied_compared_and_freed_without_recursion() {
    let code = "@{ var a = new JArray(); for (var i = 0; i < 20000; i++) { a = new JArray { a }; } \
                var b = a.DeepClone(); return JToken.DeepEquals(a, b) + \"\" + a.Descendants().Count(); }";
    let limits = BudgetLimits::default();
    assert_eq!(run(code, Vec::new(), limits).unwrap(), "True20000");
    // Its indentation alone would be 400 MB.
    let code = "@{ var a = new JArray(); for (var i = 0; i < 20000; i++) { a = new JArray { a }; } \
                return a.ToString(); }";
    assert!(run(code, Vec::new(), limits).unwrap_err().is_budget());
}

#[test]
fn a_body_of_a_megabyte_is_transformed_within_the_default_budget() {
    let item = r#"{"id":12345,"name":"some name","tags":["a","b"],"price":12.5,"note":"a text of some length, as they are"}"#;
    let body = format!("[{}]", vec![item; 9_500].join(","));
    assert!(body.len() > 1_000_000);
    let start = Instant::now();
    let found = run(
        "@{ var a = context.Request.Body.As<JArray>(); a[0][\"name\"] = \"x\"; return a.ToString(Formatting.None).Length; }",
        body.into_bytes(),
        BudgetLimits::default(),
    );
    assert!(found.unwrap().parse::<usize>().unwrap() > 1_000_000);
    // Tens of milliseconds in an unoptimised build; anything quadratic takes minutes.
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_name_that_occurs_often_is_not_looked_for_twice() {
    let body = format!(
        "{{{}}}",
        (0..50_000)
            .map(|i| format!("\"k{i}\":{i}"))
            .collect::<Vec<_>>()
            .join(",")
    );
    let start = Instant::now();
    let found = run(
        "@{ var o = context.Request.Body.As<JObject>(); return (int)o[\"k49999\"] + o.Count; }",
        body.into_bytes(),
        BudgetLimits::default(),
    );
    assert_eq!(found.unwrap(), "99999");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// JSON as the writer prints it. Strings do not look like dates, which are printed differently.
fn json(numbers: &mut Numbers, depth: u32) -> String {
    const TEXTS: &[&str] = &[
        "",
        "a",
        "some text",
        "é😀",
        "\\n\\t\\\"\\\\",
        "\\u0001\\u0085\\u2028",
        "2021-03-04",
        "</x>",
        "'",
    ];
    let pick = |numbers: &mut Numbers, most: usize| numbers.below(most);
    match pick(numbers, if depth == 0 { 5 } else { 8 }) {
        0 => "null".to_owned(),
        1 => (pick(numbers, 2) == 0).to_string(),
        2 => {
            let whole = pick(numbers, 1 << 40) as i64 - (1 << 39);
            whole.to_string()
        }
        3 => format!("-{}.{}5", pick(numbers, 1000), pick(numbers, 1000)),
        4 => format!("\"{}\"", TEXTS[pick(numbers, TEXTS.len())]),
        5 | 6 => {
            let items: Vec<String> = (0..pick(numbers, 5))
                .map(|_| json(numbers, depth - 1))
                .collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let items: Vec<String> = (0..pick(numbers, 5))
                .map(|at| {
                    let text = TEXTS[pick(numbers, TEXTS.len())];
                    format!("\"{at}{text}\":{}", json(numbers, depth - 1))
                })
                .collect();
            format!("{{{}}}", items.join(","))
        }
    }
}

#[test]
fn what_is_printed_reads_back() {
    let limits = BudgetLimits::default();
    let compact = &expression("@(context.Request.Body.As<JToken>().ToString(Formatting.None))");
    let indented =
        &expression("@(context.Request.Body.As<JToken>().ToString(Formatting.Indented))");
    let context = &mut request();
    let mut numbers = Numbers(7);
    for _ in 0..400 {
        let text = json(&mut numbers, 5);
        let once = evaluate(compact, context, text.clone().into_bytes(), limits).unwrap();
        assert_eq!(once, text);
        let wide = evaluate(indented, context, text.clone().into_bytes(), limits).unwrap();
        assert_eq!(
            evaluate(compact, context, wide.into_bytes(), limits).unwrap(),
            text
        );
    }
}

#[test]
fn no_text_makes_the_reader_or_a_path_panic() {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "'",
        "\"",
        "\\",
        "\\u",
        "d83d",
        "/",
        "*",
        "//",
        "/*",
        "*/",
        "a",
        "null",
        "true",
        "tru",
        "NaN",
        "-Infinity",
        "new Date(",
        ")",
        "0x",
        "1",
        "-",
        ".",
        "e",
        "9999999999999999999",
        "'2021-03-04T05:06:07",
        ".1234567Z'",
        "+99:99'",
        "/Date(",
        ")/",
        "\n",
        "\u{85}",
        "é😀",
        "$",
        "..",
        "[?(",
        "@",
        "==",
        "&&",
        "||",
        "[-1:",
        "::-1]",
        "undefined",
    ];
    let limits = BudgetLimits::default();
    let read = &expression("@(context.Request.Body.As<JToken>().ToString())");
    let select = &expression(
        "@(JArray.Parse(\"[[1],{a:2,b:[{c:'x'}]}]\").SelectTokens(context.Request.Body.As<string>()).Count())",
    );
    let context = &mut request();
    let mut numbers = Numbers(11);
    for _ in 0..3_000 {
        let text: String = (0..numbers.below(12))
            .map(|_| PIECES[numbers.below(PIECES.len())])
            .collect();
        let _ = evaluate(read, context, text.clone().into_bytes(), limits);
        let _ = evaluate(select, context, text.into_bytes(), limits);
    }
}
