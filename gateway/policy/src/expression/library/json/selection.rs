//! `SelectToken` and `SelectTokens`: `JSONPath`, evaluated.

use std::cmp::Ordering;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::equality::scalar_key;
use super::json_path::{Comparison, Operand, Part, Test};
use super::node::{Class, Kind, Node, Tree};
use super::ordering::compare;
use super::text;
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::value::Value;

/// The tokens a path leads to from `start`, in order.
pub(super) fn select(
    budget: &mut Budget,
    parts: &[Part],
    root: &Tree,
    start: &Tree,
    must_match: bool,
) -> Result<Vec<Tree>, Exception> {
    let mut current = vec![Arc::clone(start)];
    for part in parts {
        let mut next = Vec::new();
        for token in &current {
            budget.charge(1)?;
            apply(budget, part, root, token, must_match, &mut next)?;
        }
        budget.allocate(next.len().saturating_mul(8))?;
        current = next;
    }
    Ok(current)
}

fn missing(message: String) -> Exception {
    Exception::new(names::JSON, message)
}

/// The short name of a token's class.
fn class(token: &Tree) -> String {
    token.type_of().display()
}

fn apply(
    budget: &mut Budget,
    part: &Part,
    root: &Tree,
    token: &Tree,
    must_match: bool,
    out: &mut Vec<Tree>,
) -> Result<(), Exception> {
    match part {
        Part::Root => out.push(Arc::clone(root)),
        Part::Field(name) => named(token, name, must_match, out)?,
        Part::Fields(names) => {
            for name in names {
                named(token, name, must_match, out)?;
            }
        }
        Part::AnyField if *token.class() == Class::Object => {
            budget.charge(token.count() as u64)?;
            out.extend(
                token
                    .children()
                    .iter()
                    .filter_map(|property| property.only()),
            );
        }
        Part::AnyField => {
            if must_match {
                return Err(missing(format!(
                    "Property '*' not valid on {}.",
                    class(token)
                )));
            }
        }
        Part::Scan(name) => {
            descend(budget, token, &mut |under, descendant| {
                let hit = match (name, under) {
                    (None, _) => true,
                    (Some(name), Some(under)) => name == under,
                    (Some(_), None) => false,
                };
                if hit {
                    out.push(Arc::clone(descendant));
                }
            })?;
        }
        Part::ScanFields(names) => {
            descend(budget, token, &mut |under, descendant| {
                if under.is_some_and(|under| names.contains(under)) {
                    out.push(Arc::clone(descendant));
                }
            })?;
        }
        Part::Index(index) => at(token, *index, must_match, out)?,
        Part::Indexes(indexes) => {
            for index in indexes {
                at(token, *index, must_match, out)?;
            }
        }
        Part::AnyIndex => match token.class() {
            Class::Array => out.extend(token.children()),
            _ if must_match => {
                return Err(missing(format!("Index * not valid on {}.", class(token))));
            }
            _ => {}
        },
        Part::Slice(start, end, step) => slice(token, (*start, *end, *step), must_match, out)?,
        Part::Filter { test, scan: false } => {
            for child in values(token) {
                if holds(budget, test, root, &child)? {
                    out.push(child);
                }
            }
        }
        Part::Filter { test, scan: true } => {
            let mut all = Vec::new();
            descend(budget, token, &mut |_, descendant| {
                all.push(Arc::clone(descendant));
            })?;
            for candidate in all {
                for child in values(&candidate) {
                    if holds(budget, test, root, &child)? {
                        out.push(child);
                    }
                }
            }
        }
    }
    budget.charge(out.len() as u64 / 64)
}

/// What a filter looks at: the children, of properties their values.
fn values(token: &Tree) -> Vec<Tree> {
    token
        .children()
        .into_iter()
        .map(|child| match child.name() {
            Some(_) => child.only().unwrap_or_else(Node::null),
            None => child,
        })
        .collect()
}

fn named(token: &Tree, name: &str, must_match: bool, out: &mut Vec<Tree>) -> Result<(), Exception> {
    if *token.class() == Class::Object {
        match token.find(name).and_then(|property| property.only()) {
            Some(value) => out.push(value),
            None if must_match => {
                return Err(missing(format!(
                    "Property '{name}' does not exist on JObject."
                )));
            }
            None => {}
        }
    } else if must_match {
        return Err(missing(format!(
            "Property '{name}' not valid on {}.",
            class(token)
        )));
    }
    Ok(())
}

fn at(token: &Tree, index: i64, must_match: bool, out: &mut Vec<Tree>) -> Result<(), Exception> {
    if *token.class() != Class::Array {
        if must_match {
            return Err(missing(format!(
                "Index {index} not valid on {}.",
                class(token)
            )));
        }
        return Ok(());
    }
    match usize::try_from(index)
        .ok()
        .and_then(|index| token.at(index))
    {
        Some(item) => out.push(item),
        None if must_match => {
            return Err(missing(format!(
                "Index {index} outside the bounds of JArray."
            )));
        }
        None => {}
    }
    Ok(())
}

/// `[start:end:step]`: negative bounds count from the end.
fn slice(
    token: &Tree,
    (start, end, step): (Option<i64>, Option<i64>, Option<i64>),
    must_match: bool,
    out: &mut Vec<Tree>,
) -> Result<(), Exception> {
    if step == Some(0) {
        return Err(missing("Step cannot be zero.".to_owned()));
    }
    if *token.class() != Class::Array {
        if must_match {
            return Err(missing(format!(
                "Array slice is not valid on {}.",
                class(token)
            )));
        }
        return Ok(());
    }
    let items = token.children();
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let step = step.unwrap_or(1);
    let forward = step > 0;
    let from_end = |bound: i64| if bound < 0 { bound + count } else { bound };
    let first = start.map_or(if forward { 0 } else { count - 1 }, from_end);
    let stop = end.map_or(if forward { count } else { -1 }, from_end);
    let first = first
        .max(if forward { 0 } else { i64::MIN })
        .min(if forward { count } else { count - 1 });
    let stop = stop.max(-1).min(count);
    let valid = if forward { first < stop } else { first > stop };
    if !valid {
        if must_match {
            let shown = |bound: Option<i64>| bound.map_or("*".to_owned(), |b| b.to_string());
            return Err(missing(format!(
                "Array slice of {} to {} returned no results.",
                shown(start),
                shown(end)
            )));
        }
        return Ok(());
    }
    let mut index = first;
    while (forward && index < stop) || (!forward && index > stop) {
        out.extend(
            usize::try_from(index)
                .ok()
                .and_then(|i| items.get(i).cloned()),
        );
        index = index.saturating_add(step);
    }
    Ok(())
}

/// What is called with each token and the name of its property.
type Visitor<'a> = dyn FnMut(Option<&Arc<str>>, &Tree) + 'a;

/// Visits a token and everything below it in document order, values of properties with their names.
fn descend(budget: &mut Budget, token: &Tree, visit: &mut Visitor<'_>) -> Result<(), Exception> {
    let mut pending: Vec<(Option<Arc<str>>, Tree)> = vec![(None, Arc::clone(token))];
    while let Some((name, token)) = pending.pop() {
        budget.charge(1)?;
        visit(name.as_ref(), &token);
        for child in token.children().into_iter().rev() {
            match child.name() {
                Some(name) => {
                    if let Some(value) = child.only() {
                        pending.push((Some(Arc::clone(name)), value));
                    }
                }
                None => pending.push((None, child)),
            }
        }
    }
    Ok(())
}

fn holds(budget: &mut Budget, test: &Test, root: &Tree, token: &Tree) -> Result<bool, Exception> {
    budget.charge(1)?;
    match test {
        Test::And(all) => {
            for test in all {
                if !holds(budget, test, root, token)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Test::Or(any) => {
            for test in any {
                if holds(budget, test, root, token)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Test::Exists(operand) => Ok(!operands(budget, operand, root, token)?.is_empty()),
        Test::Compare(left, comparison, right) => {
            let left = operands(budget, left, root, token)?;
            let right = operands(budget, right, root, token)?;
            for a in &left {
                for b in &right {
                    budget.charge(1)?;
                    if matches(a, *comparison, b)? {
                        return Ok(true);
                    }
                }
            }
            Ok(false)
        }
    }
}

fn operands(
    budget: &mut Budget,
    operand: &Operand,
    root: &Tree,
    token: &Tree,
) -> Result<Vec<Tree>, Exception> {
    match operand {
        Operand::Path(parts) => select(budget, parts, root, token, false),
        Operand::Literal(kind, value) => Ok(vec![Node::value(*kind, value.clone())]),
    }
}

/// Filters on values.
fn matches(left: &Tree, comparison: Comparison, right: &Tree) -> Result<bool, Exception> {
    let (Some((x, a)), Some((y, b))) = (left.scalar(), right.scalar()) else {
        // Only values are compared: anything else is different.
        return Ok(comparison == Comparison::NotEqual);
    };
    let order = || compare((x, &a), (y, &b));
    let number = |kind| matches!(kind, Kind::Integer | Kind::Float);
    let strict = || -> Result<bool, Exception> {
        if x != y && number(x) && number(y) {
            return Ok(order()? == Ordering::Equal);
        }
        Ok(scalar_key(left) == scalar_key(right))
    };
    let loose = || -> Result<bool, Exception> {
        if strict()? {
            return Ok(true);
        }
        // A string on the right equals what is written like it.
        Ok(match &b {
            Value::Text(text) if y == Kind::String => {
                written(x, &a)?.is_some_and(|written| written == text.as_str())
            }
            _ => false,
        })
    };
    Ok(match comparison {
        Comparison::StrictEqual => strict()?,
        Comparison::StrictNotEqual => !strict()?,
        Comparison::Equal => loose()?,
        Comparison::NotEqual => !loose()?,
        Comparison::Less => order()? == Ordering::Less,
        Comparison::Greater => order()? == Ordering::Greater,
        Comparison::LessEqual => order()? != Ordering::Greater,
        Comparison::GreaterEqual => order()? != Ordering::Less,
    })
}

/// How a date, a GUID, a span or bytes are written in JSON.
fn written(kind: Kind, value: &Value) -> Result<Option<String>, Exception> {
    Ok(match (kind, value) {
        (Kind::Date, Value::DateTime(time)) => Some(text::date_time(*time)?),
        (Kind::Date, Value::DateTimeOffset(time)) => Some(text::date_time_offset(*time)?),
        (Kind::Guid | Kind::TimeSpan, value) => Some(value.to_text()?),
        (Kind::Bytes, value) => value.as_bytes().map(|bytes| STANDARD.encode(bytes)),
        _ => None,
    })
}
