//! Policy expressions: what they evaluate to, what is refused, and what they may not do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod assignment;
mod budgets;
mod collections;
mod context;
mod decimals;
mod json;
mod json_budgets;
mod json_conversions;
mod json_members;
mod json_paths;
mod lints;
mod members;
mod mutations;
mod net;
mod people;
mod problems;
mod regex;
mod rows;
mod scanning;
mod security;
mod statements;
mod syntax;
mod tokens;
mod values;
mod xml;
mod zones;

use bytes::Bytes;
use gateway_policy::context::{Body, Context};
use gateway_policy::expression::{
    Budget, Compiled, Exception, Expected, Expression, Names, Value, compile,
};
use gateway_policy::problem::{Position, Severity};
use http::HeaderValue;

/// One row: an expression, its text or `!Type: message`, and where the expectation comes from.
type Case = (&'static str, &'static str, &'static str);

struct Lists;

impl Names for Lists {
    fn identity_lists(&self) -> Vec<String> {
        vec!["partners".to_owned(), "banks".to_owned()]
    }
}

fn compiled(code: &str, expected: Expected) -> Compiled {
    compile(code, expected, &|offset| Position::of(code, offset), &Lists)
}

fn expression(code: &str) -> Expression {
    let compiled = compiled(code, Expected::Any);
    compiled
        .expression
        .unwrap_or_else(|| panic!("{code}\n{:#?}", compiled.problems))
}

/// A request with a certificate, headers, a query, a body and variables.
fn request() -> Context {
    let mut context = support::context_with(support::partner());
    let headers = &mut context.request.headers;
    headers.append("X-Many", HeaderValue::from_static("a"));
    headers.append("X-Many", HeaderValue::from_static("b"));
    headers.append("X-One", HeaderValue::from_static("single"));
    context.request.url.query = "q=1&q=2&name=J%C3%BCrgen+K".to_owned();
    context.request.body = Body::Bytes(Bytes::from_static(b"hello"));
    for (name, value) in [
        ("number", Value::Int(5)),
        ("text", Value::from("some text")),
        ("flag", Value::Bool(true)),
        ("nothing", Value::Null),
    ] {
        context.variables.insert(name.into(), value);
    }
    context
}

fn evaluate(code: &str) -> Result<String, Exception> {
    let world = support::World::default();
    expression(code)
        .evaluate(&mut request(), &world, &mut Budget::default())
        .and_then(|value| value.to_text())
}

/// All rows, so that one failure does not hide another.
fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (code, expected, source) in cases {
        assert!(!source.trim().is_empty(), "{code} has no source");
        let found = match evaluate(code) {
            Ok(text) => text,
            Err(exception) => format!("!{}: {}", exception.type_name, exception.message),
        };
        if found != *expected {
            wrong.push(format!(
                "{code}\n  expected {expected:?} ({source})\n  found    {found:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// Errors and warnings as `line:column code message`.
fn found(code: &str, expected: Expected, severity: Severity) -> Vec<String> {
    compiled(code, expected)
        .problems
        .iter()
        .filter(|problem| problem.severity == severity)
        .map(|p| {
            format!(
                "{}:{} {} {}",
                p.position.line, p.position.column, p.code, p.message
            )
        })
        .collect()
}

#[test]
fn a_compiled_expression_is_shared_by_all_workers() {
    fn shared<T: Send + Sync>(_: &T) {}
    let code = expression(
        "@{ var t = context.Request.Method; return \"GET,PUT\".Split(',').Contains(t); }",
    );
    shared(&code);
    shared(&Value::from("x"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let world = support::World::default();
                    let value = code.evaluate(&mut request(), &world, &mut Budget::default());
                    assert_eq!(value.unwrap().as_bool(), Some(true));
                }
            });
        }
    });
}

/// The errors of an expression, as [`found`] prints them.
fn errors_of(code: &str) -> Vec<String> {
    found(code, Expected::Any, Severity::Error)
}
