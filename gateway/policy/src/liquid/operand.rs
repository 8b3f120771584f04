//! Values as templates write them: literals, ranges, and paths such as `body.items[0].name`.

use std::sync::Arc;

use super::Finding;
use crate::expression::Value;

/// A value as written.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Literal(Value),
    /// Equal to what has no elements.
    Empty,
    /// Equal to what is missing, false, blank or without elements.
    Blank,
    /// `(first..last)`
    Range(Box<Self>, Box<Self>),
    Path(Box<[Step]>),
}

/// A step of a path.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// `.name`
    Name(Arc<str>),
    /// `[value]`
    Index(Operand),
}

/// Brackets within brackets.
const MAX_DEPTH: u32 = 16;

/// Members of `context` that are documented for templates and not there.
const NOT_YET: [&str; 2] = ["OriginalMethod", "ClientCertificates"];

impl Operand {
    /// What a fragment of markup says; `offset` is its place.
    pub(super) fn parse(fragment: &str, offset: usize, findings: &mut Vec<Finding>) -> Self {
        parse(fragment, offset, findings, MAX_DEPTH)
    }

    /// The name, if it is one without further steps.
    pub(super) fn text(value: &str) -> Self {
        Self::Literal(Value::from(value))
    }
}

fn parse(fragment: &str, offset: usize, findings: &mut Vec<Finding>, depth: u32) -> Operand {
    match fragment {
        "nil" | "null" | "" => return Operand::Literal(Value::Null),
        "true" => return Operand::Literal(Value::Bool(true)),
        "false" => return Operand::Literal(Value::Bool(false)),
        "blank" => return Operand::Blank,
        "empty" => return Operand::Empty,
        _ => {}
    }
    let Some(depth) = depth.checked_sub(1) else {
        findings.push(Finding::syntax(
            "Too many brackets within brackets.",
            offset,
        ));
        return Operand::Literal(Value::Null);
    };
    if let Some(content) = quoted(fragment) {
        return Operand::text(content);
    }
    if let Some((first, last)) = fragment
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|inner| inner.split_once(".."))
    {
        return Operand::Range(
            Box::new(parse(first, offset + 1, findings, depth)),
            Box::new(parse(last, offset + 3 + first.len(), findings, depth)),
        );
    }
    match number(fragment) {
        Some(number) => Operand::Literal(number),
        None => path(fragment, offset, findings, depth),
    }
}

fn quoted(fragment: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| {
        fragment
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    })
}

/// `int`, `long` beyond that, `decimal` with a point.
fn number(fragment: &str) -> Option<Value> {
    let digits = fragment.strip_prefix(['+', '-']).unwrap_or(fragment);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let unsigned = fragment.strip_prefix('+').unwrap_or(fragment);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return match unsigned.parse::<i64>() {
            Ok(number) => Some(i32::try_from(number).map_or(Value::Long(number), Value::Int)),
            Err(_) => None,
        };
    }
    let shape = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    (shape && digits.len() > 1)
        .then(|| crate::expression::decimal(unsigned).ok())
        .flatten()
        .map(Value::Decimal)
}

fn path(fragment: &str, offset: usize, findings: &mut Vec<Finding>, depth: u32) -> Operand {
    let mut steps = Vec::new();
    let mut at = 0;
    while let Some(rest) = fragment.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let place = offset + at;
        if c == '[' {
            let Some(end) = bracket_end(rest) else {
                findings.push(Finding::syntax("Expected ']'.", place));
                break;
            };
            let inner = rest.get(1..end).unwrap_or_default();
            let trimmed = inner.trim();
            let index = parse(trimmed, place + 1, findings, depth);
            // `["name"]` at the beginning names a root.
            steps.push(match (steps.is_empty(), &index) {
                (true, Operand::Literal(Value::Text(name))) => Step::Name(name.shared()),
                _ => Step::Index(index),
            });
            at += end + 1;
            continue;
        }
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(rest.len());
        if length > 0 {
            let mut name = rest.get(..length).unwrap_or_default();
            at += length;
            if let Some(longer) = rest.get(..length + 1).filter(|name| name.ends_with('?')) {
                name = longer;
                at += 1;
            }
            steps.push(Step::Name(name.into()));
            continue;
        }
        match c {
            '.' => {}
            '=' | '<' | '>' | '!' => {
                findings.push(Finding::syntax(
                    format!("Expected a blank on both sides of the operator at '{c}'."),
                    place,
                ));
                break;
            }
            c => findings.push(Finding::warning(
                "LiquidIgnored",
                format!("'{c}' has no meaning here and is ignored."),
                place,
            )),
        }
        at += c.len_utf8();
    }
    refuse_missing(&steps, offset, findings);
    if steps.is_empty() {
        return Operand::Literal(Value::Null);
    }
    Operand::Path(steps.into())
}

/// Where the bracket at the beginning ends; a quoted index may contain one.
fn bracket_end(rest: &str) -> Option<usize> {
    let inner = rest.get(1..)?;
    let start = inner.len() - inner.trim_start().len();
    let quote = inner.get(start..)?.chars().next()?;
    if matches!(quote, '\'' | '"') {
        let closing = inner.get(start + 1..)?.find(quote)?;
        let after = start + closing + 2;
        return inner.get(after..)?.find(']').map(|at| 1 + after + at);
    }
    inner.find(']').map(|at| at + 1)
}

fn refuse_missing(steps: &[Step], offset: usize, findings: &mut Vec<Finding>) {
    let mut names = steps.iter().map(|step| match step {
        Step::Name(name) => name.as_ref(),
        Step::Index(_) => "",
    });
    if names.next() == Some("context")
        && names.next() == Some("Request")
        && let Some(name) = names.next()
        && NOT_YET.contains(&name)
    {
        findings.push(Finding::error(
            "NotSupported",
            format!("The member 'context.Request.{name}' is not supported in templates yet."),
            offset,
        ));
    }
}
