//! Members of `Regex`.

use super::objects::{Matches, RegexObject};
use super::running::{Search, limit, options, timeout};
use super::search::Pattern;
use super::unescape::unescape;
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{text, value};
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::machine::Machine;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

pub(super) static REGEX: Group = Group {
    owner: "Regex",
    entries: &[
        pure("new(string pattern)", construct),
        pure("new(string pattern, RegexOptions options)", construct),
        pure(
            "new(string pattern, RegexOptions options, TimeSpan matchTimeout)",
            construct,
        ),
        full("bool IsMatch(string input)", |m, a| {
            Search::of_object(m, a, 2)?.is_match(m)
        }),
        full("bool IsMatch(string input, int startat)", |m, a| {
            Search::of_object(m, a, 2)?.is_match(m)
        }),
        full("Match Match(string input)", |m, a| {
            Search::of_object(m, a, 2)?.first(m)
        }),
        full("Match Match(string input, int startat)", |m, a| {
            Search::of_object(m, a, 2)?.first(m)
        }),
        full("MatchCollection Matches(string input)", |m, a| {
            let search = Search::of_object(m, a, 2)?;
            matches(m, &search)
        }),
        full(
            "MatchCollection Matches(string input, int startat)",
            |m, a| {
                let search = Search::of_object(m, a, 2)?;
                matches(m, &search)
            },
        ),
        full("string Replace(string input, string replacement)", replace),
        full(
            "string Replace(string input, string replacement, int count)",
            replace,
        ),
        full(
            "string Replace(string input, string replacement, int count, int startat)",
            replace,
        ),
        full(
            "string Replace(string input, Func<Match,string> evaluator)",
            replace,
        ),
        full(
            "string Replace(string input, Func<Match,string> evaluator, int count)",
            replace,
        ),
        full(
            "string Replace(string input, Func<Match,string> evaluator, int count, int startat)",
            replace,
        ),
        full("string[] Split(string input)", |m, a| {
            Search::of_object(m, a, usize::MAX)?.split(m, None)
        }),
        full("string[] Split(string input, int count)", split),
        full(
            "string[] Split(string input, int count, int startat)",
            split,
        ),
    ],
};

pub(super) static REGEX_STATIC: Group = Group {
    owner: "Regex",
    entries: &[
        full(
            "static bool IsMatch(string input, string pattern)",
            is_match,
        ),
        full(
            "static bool IsMatch(string input, string pattern, RegexOptions options)",
            is_match,
        ),
        full(
            "static bool IsMatch(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
            is_match,
        ),
        full("static Match Match(string input, string pattern)", first),
        full(
            "static Match Match(string input, string pattern, RegexOptions options)",
            first,
        ),
        full(
            "static Match Match(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
            first,
        ),
        full(
            "static MatchCollection Matches(string input, string pattern)",
            all,
        ),
        full(
            "static MatchCollection Matches(string input, string pattern, RegexOptions options)",
            all,
        ),
        full(
            "static MatchCollection Matches(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
            all,
        ),
        full(
            "static string Replace(string input, string pattern, string replacement)",
            replace_static,
        ),
        full(
            "static string Replace(string input, string pattern, string replacement, RegexOptions options)",
            replace_static,
        ),
        full(
            "static string Replace(string input, string pattern, string replacement, RegexOptions options, TimeSpan matchTimeout)",
            replace_static,
        ),
        full(
            "static string Replace(string input, string pattern, Func<Match,string> evaluator)",
            replace_static,
        ),
        full(
            "static string Replace(string input, string pattern, Func<Match,string> evaluator, RegexOptions options)",
            replace_static,
        ),
        full(
            "static string Replace(string input, string pattern, Func<Match,string> evaluator, RegexOptions options, TimeSpan matchTimeout)",
            replace_static,
        ),
        full("static string[] Split(string input, string pattern)", parts),
        full(
            "static string[] Split(string input, string pattern, RegexOptions options)",
            parts,
        ),
        full(
            "static string[] Split(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
            parts,
        ),
        pure("static string Unescape(string str)", |budget, args| {
            let source = text(args, 0, "str")?;
            budget.allocate(source.len().saturating_mul(4))?;
            unescape(source).map(Value::from).map_err(|problem| {
                Exception::new(
                    names::REGEX_PARSE,
                    format!(
                        "Invalid pattern '{}' at offset {}. {}",
                        source.as_str(),
                        problem.offset,
                        problem.message
                    ),
                )
            })
        }),
    ],
};

fn construct(budget: &mut Budget, args: &[Value]) -> Outcome {
    let source = text(args, 0, "pattern")?;
    let timeout = timeout(args)?;
    let pattern = Pattern::get(budget, source, options(args))?;
    Ok(Value::foreign(RegexObject { pattern, timeout }))
}

fn matches(machine: &mut Machine<'_>, search: &Search) -> Outcome {
    Ok(Value::foreign(Matches(search.all(machine, None)?)))
}

fn replace(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let search = Search::of_object(machine, args, 4)?;
    search.replace(machine, &value(args, 2), limit(args, 3)?)
}

/// A count of 0 is no limit.
fn split(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let limit = match value(args, 2) {
        Value::Int(0) => None,
        Value::Int(count) => Some(
            usize::try_from(count)
                .map_err(|_| Exception::argument_range("Count cannot be less than -1.", "count"))?,
        ),
        _ => None,
    };
    Search::of_object(machine, args, 3)?.split(machine, limit)
}

fn is_match(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    Search::fixed(machine, args)?.is_match(machine)
}

fn first(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    Search::fixed(machine, args)?.first(machine)
}

fn all(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let search = Search::fixed(machine, args)?;
    matches(machine, &search)
}

fn replace_static(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let search = Search::fixed(machine, args)?;
    search.replace(machine, &value(args, 2), None)
}

fn parts(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    Search::fixed(machine, args)?.split(machine, None)
}
