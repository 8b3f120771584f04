//! Whatever is written, the compiler and the evaluator answer; they never panic.

use gateway_policy::expression::{Budget, BudgetLimits, Expected, scan};

use crate::support::{Numbers, World};
use crate::{compiled, request};

/// Something of everything.
const SEEDS: &[&str] = &[
    "@(context.Request.Certificate?.Thumbprint ?? \"\")",
    "@{ var t = context.Request.Certificate?.Thumbprint ?? \"\"; return \"A,B\".Split(',').Contains(t); }",
    "@($\"a {1 + 1,5:D2} {(true ? \"x\" : \"y\")} {{}}\" + @\"v\"\"\" + 'c' + 1.5e3)",
    "@{ var s = 0; for (int i = 0; i < 10; i++) { if (i % 2 == 0) continue; s += i << 1; } return s; }",
    "@{ try { return int.Parse((string)context.Variables[\"text\"]); } catch (FormatException e) when (e.Message != null) { return -1; } finally { } }",
    "@(new[] { 3, 1, 2 }.Where(x => x > 1).OrderBy(x => -x).Select((x, i) => new { x, i }).First().x)",
    "@{ int F(int n) => n <= 1 ? 1 : n * F(n - 1); return F(5) + (1, \"a\").Item1; }",
    "@{ var d = new Dictionary<string, List<int>> { { \"a\", new List<int> { 1 } } }; foreach (var kv in d) { return kv.Value[0]; } return 0; }",
    "@{ switch (context.Request.Method) { case \"GET\": return DateTime.UtcNow.AddDays(1).ToString(\"yyyy-MM-dd\"); case string m when m.Length > 3: return m; default: return null; } }",
    "@(context.Request.Headers.GetValueOrDefault(\"a\", \"b\").Substring(0, 1).PadLeft(3, '0').ToUpper())",
    "@(Convert.ToBase64String(Encoding.UTF8.GetBytes(\"é😀\")) + BitConverter.ToString(new byte[] { 1, 0xff }))",
];

const PIECES: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "$\"",
    "@\"",
    "//",
    "/*",
    "?",
    "?.",
    "??",
    ":",
    ";",
    ",",
    ".",
    "=>",
    "<",
    ">",
    "=",
    "==",
    "+",
    "-",
    "!",
    "~",
    "&&",
    "||",
    "0",
    "1",
    "-1",
    "2147483647",
    "x",
    "context",
    "null",
    "int",
    "string",
    "var ",
    "new ",
    "out ",
    "is ",
    "as ",
    "return ",
    "é",
    "😀",
    "\\",
    "\u{0}",
    "<int>",
    "(int)",
    "[0]",
    "++",
];

#[test]
fn mutated_expressions_never_panic() {
    let mut numbers = Numbers(0x5eed);
    let limits = BudgetLimits {
        instructions: 20_000,
        allocated_bytes: 1 << 20,
        depth: 200,
        regex_steps: 20_000,
    };
    let mut compiled_some = 0;
    for round in 0..6_000 {
        let seed = SEEDS[round % SEEDS.len()];
        let mut chars: Vec<char> = seed.chars().collect();
        for _ in 0..=numbers.below(2) {
            let at = 2 + numbers.below(chars.len().saturating_sub(3).max(1));
            match numbers.below(4) {
                0 => {
                    let end = (at + 1 + numbers.below(6)).min(chars.len().saturating_sub(1));
                    if at < end {
                        chars.drain(at..end);
                    }
                }
                1 => {
                    let piece = PIECES[numbers.below(PIECES.len())];
                    let at = at.min(chars.len());
                    chars.splice(at..at, piece.chars());
                }
                2 => {
                    let other = 2 + numbers.below(chars.len().saturating_sub(3).max(1));
                    if at < chars.len() && other < chars.len() {
                        chars.swap(at, other);
                    }
                }
                _ => {
                    let end = (at + numbers.below(12)).min(chars.len());
                    let copy: Vec<char> = chars.get(at..end).unwrap_or_default().to_vec();
                    chars.splice(at.min(chars.len())..at.min(chars.len()), copy);
                }
            }
        }
        let code: String = chars.into_iter().collect();
        let _ = scan(&code);
        let outcome = compiled(&code, Expected::Any);
        assert_eq!(
            outcome.expression.is_none(),
            outcome
                .problems
                .iter()
                .any(|p| p.severity == gateway_policy::problem::Severity::Error),
            "{code}"
        );
        if let Some(expression) = outcome.expression {
            compiled_some += 1;
            let mut budget = Budget::new(limits);
            let _ = expression
                .evaluate(&mut request(), &World::default(), &mut budget)
                .and_then(|value| value.to_text());
        }
    }
    assert!(compiled_some > 150, "{compiled_some}");
}
