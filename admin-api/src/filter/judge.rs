//! Whether a filter holds for a resource.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Comparison, Expression, Literal, TextFunction};

pub(super) fn holds(expression: &Expression, name: &str, properties: &Value) -> bool {
    match expression {
        Expression::And(left, right) => {
            holds(left, name, properties) && holds(right, name, properties)
        }
        Expression::Or(left, right) => {
            holds(left, name, properties) || holds(right, name, properties)
        }
        Expression::Not(inner) => !holds(inner, name, properties),
        Expression::Compare(field, comparison, literal) => {
            let values = values(field, name, properties);
            match (literal, values.is_empty()) {
                // What is absent equals null, differs from everything else, and has no order.
                (Literal::Null, absent) => match comparison {
                    Comparison::Equal => absent,
                    Comparison::NotEqual => !absent,
                    _ => false,
                },
                (_, true) => *comparison == Comparison::NotEqual,
                (_, false) if *comparison == Comparison::NotEqual => values
                    .iter()
                    .all(|value| !compares(value, Comparison::Equal, literal)),
                (_, false) => values
                    .iter()
                    .any(|value| compares(value, *comparison, literal)),
            }
        }
        Expression::Text(field, function, text) => {
            let text = text.to_lowercase();
            values(field, name, properties)
                .iter()
                .filter_map(Value::as_str)
                .any(|value| {
                    let value = value.to_lowercase();
                    match function {
                        TextFunction::Contains => value.contains(&text),
                        TextFunction::StartsWith => value.starts_with(&text),
                        TextFunction::EndsWith => value.ends_with(&text),
                    }
                })
        }
    }
}

/// The values of a field; of an array, its elements.
fn values(field: &str, name: &str, properties: &Value) -> Vec<Value> {
    if field.eq_ignore_ascii_case("name") {
        return vec![Value::from(name)];
    }
    let found = properties.as_object().and_then(|object| {
        object
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(field))
    });
    match found.map(|(_, value)| value) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(elements)) => elements.clone(),
        Some(value) => vec![value.clone()],
    }
}

fn compares(value: &Value, comparison: Comparison, literal: &Literal) -> bool {
    let Some(order) = order(value, literal) else {
        return false;
    };
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
    }
}

/// How a value relates to a literal; `None` if they cannot be compared.
fn order(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::String(value), Literal::Text(text)) => Some(match (date(value), date(text)) {
            (Some(value), Some(text)) => value.cmp(&text),
            _ => value.to_lowercase().cmp(&text.to_lowercase()),
        }),
        // A number in a text field such as `apiRevision eq 1`.
        (Value::String(value), Literal::Number(number)) => {
            value.parse::<f64>().ok()?.partial_cmp(number)
        }
        (Value::Number(value), Literal::Number(number)) => value.as_f64()?.partial_cmp(number),
        (Value::Bool(value), Literal::Flag(flag)) => Some(value.cmp(flag)),
        // Older clients write booleans in quotes.
        (Value::Bool(value), Literal::Text(text)) => {
            Some(value.cmp(&text.to_ascii_lowercase().parse::<bool>().ok()?))
        }
        _ => None,
    }
}

/// A date or an instant, in unix nanoseconds.
pub(super) fn date(text: &str) -> Option<i128> {
    let first = text.bytes().next()?;
    if !first.is_ascii_digit() || text.len() < 10 {
        return None;
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_nanosecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_nanosecond())
}
