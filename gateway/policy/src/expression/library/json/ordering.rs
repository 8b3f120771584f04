//! `JValue.CompareTo`.

use std::cmp::Ordering;

use super::casts::change;
use super::node::Kind;
use crate::expression::exception::{Exception, names};
use crate::expression::library::compare_values;
use crate::expression::library::convert::{to_boolean, to_double, to_integer};
use crate::expression::types::Basic;
use crate::expression::value::Value;

/// How two values compare: by the type of the first, to which the second is converted, or the other
/// way around if only the first is a string.
///
/// # Errors
///
/// If the conversion fails, as it does in Newtonsoft.
pub(super) fn compare(
    (x, a): (Kind, &Value),
    (y, b): (Kind, &Value),
) -> Result<Ordering, Exception> {
    match (a, b) {
        (Value::Null, Value::Null) => return Ok(Ordering::Equal),
        (_, Value::Null) => return Ok(Ordering::Greater),
        (Value::Null, _) => return Ok(Ordering::Less),
        _ => {}
    }
    let kind = if x == Kind::String { y } else { x };
    let one = std::slice::from_ref;
    match kind {
        Kind::Integer if x == Kind::Float || y == Kind::Float => real(a, b),
        Kind::Integer => match (digits(x, a), digits(y, b)) {
            (None, None) => compare_values(
                &to_integer(one(a), Basic::Long)?,
                &to_integer(one(b), Basic::Long)?,
                None,
            ),
            (x, y) => {
                let wide = |digits: Option<&str>, value: &Value| match digits {
                    Some(digits) => digits.parse::<i128>().ok(),
                    None => crate::expression::machine::integer(value),
                };
                match (wide(x, a), wide(y, b)) {
                    (Some(a), Some(b)) => Ok(a.cmp(&b)),
                    _ => real(a, b),
                }
            }
        },
        Kind::Float => real(a, b),
        Kind::Boolean => compare_values(&to_boolean(one(a))?, &to_boolean(one(b))?, None),
        Kind::Date => {
            let target = match (a, b) {
                (Value::DateTimeOffset(_), _) => Basic::DateTimeOffset,
                _ => Basic::DateTime,
            };
            compare_values(&change(a, target)?, &change(b, target)?, None)
        }
        Kind::Bytes => match (a.as_bytes(), b.as_bytes()) {
            (Some(a), Some(b)) => Ok(a.cmp(&b)),
            _ => Err(of_type("byte[]")),
        },
        Kind::Guid => match (a, b) {
            (Value::Guid(a), Value::Guid(b)) => Ok(a.cmp(b)),
            _ => Err(of_type("Guid")),
        },
        Kind::TimeSpan => match (a, b) {
            (Value::TimeSpan(a), Value::TimeSpan(b)) => Ok(a.cmp(b)),
            _ => Err(of_type("TimeSpan")),
        },
        _ => compare_values(
            &Value::text(a.to_text()?),
            &Value::text(b.to_text()?),
            Some(false),
        ),
    }
}

/// The digits of an integer beyond 64 bits.
fn digits(kind: Kind, value: &Value) -> Option<&str> {
    match value {
        Value::Text(digits) if kind == Kind::Integer => Some(digits),
        _ => None,
    }
}

/// Numbers as `MathUtils.ApproxEquals` sees them, which forgives errors of rounding.
fn real(a: &Value, b: &Value) -> Result<Ordering, Exception> {
    let one = std::slice::from_ref;
    match (to_double(one(a))?, to_double(one(b))?) {
        (Value::Double(a), Value::Double(b)) if nearly_equal(a, b) => Ok(Ordering::Equal),
        (a, b) => compare_values(&a, &b, None),
    }
}

/// Whether two numbers differ by no more than rounding.
pub(super) fn nearly_equal(a: f64, b: f64) -> bool {
    let tolerance = (a.abs() + b.abs() + 10.0) * f64::EPSILON;
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() < tolerance
}

fn of_type(name: &str) -> Exception {
    Exception::new(names::ARGUMENT, format!("Object must be of type {name}."))
}
