//! Comparing values of different types, as `Convert.ChangeType` brings them together.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::datum::Datum;
use crate::expression::{
    Budget, Exception, Value, decimal, decimal_of, double_of, parse_date_time, round_decimal,
    whole_decimal,
};

/// An operator of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Contains,
    StartsWith,
    EndsWith,
    HasKey,
    HasValue,
}

impl Operator {
    /// In camel case, or all small.
    pub(super) fn find(written: &str) -> Option<Self> {
        Some(match written {
            "==" => Self::Equal,
            "!=" | "<>" => Self::NotEqual,
            "<" => Self::Less,
            ">" => Self::Greater,
            "<=" => Self::LessOrEqual,
            ">=" => Self::GreaterOrEqual,
            "contains" => Self::Contains,
            "startsWith" | "startswith" => Self::StartsWith,
            "endsWith" | "endswith" => Self::EndsWith,
            "hasKey" | "haskey" => Self::HasKey,
            "hasValue" | "hasvalue" => Self::HasValue,
            _ => return None,
        })
    }

    pub(super) fn holds(
        self,
        left: &Datum,
        right: &Datum,
        budget: &mut Budget,
    ) -> Result<bool, Exception> {
        budget.charge(1)?;
        let ordered = |budget: &mut Budget, fits: fn(Ordering) -> bool| {
            if left.is_null() || right.is_null() {
                return Ok(false);
            }
            compare(left, right, budget).map(fits)
        };
        match self {
            Self::Equal => equal(left, right, budget),
            Self::NotEqual => Ok(!equal(left, right, budget)?),
            Self::Less => ordered(budget, Ordering::is_lt),
            Self::Greater => ordered(budget, Ordering::is_gt),
            Self::LessOrEqual => ordered(budget, Ordering::is_le),
            Self::GreaterOrEqual => ordered(budget, Ordering::is_ge),
            Self::Contains => contains(left, right, budget),
            Self::StartsWith | Self::EndsWith => ends(self, left, right, budget),
            Self::HasKey => {
                let name = right.as_str().map(str::to_owned);
                match name {
                    Some(name) if left.is_dictionary() => Ok(left.member(&name, budget)?.is_some()),
                    _ => Ok(false),
                }
            }
            Self::HasValue => {
                if !left.is_dictionary() {
                    return Ok(false);
                }
                for item in left.elements(0, usize::MAX, budget)?.unwrap_or_default() {
                    let value = match &item {
                        Datum::Pair(pair) => &pair.1,
                        other => other,
                    };
                    if same(value, right, budget)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

fn contains(left: &Datum, right: &Datum, budget: &mut Budget) -> Result<bool, Exception> {
    if let Some(text) = left.as_str() {
        if right.is_null() {
            return Ok(false);
        }
        let Some(part) = right.as_str() else {
            return Err(Exception::invalid_cast(&type_name(right), "System.String"));
        };
        budget.charge(1 + text.len() as u64 / 16)?;
        return Ok(text.contains(part));
    }
    for item in left.elements(0, usize::MAX, budget)?.unwrap_or_default() {
        // Texts and numbers are never the same here.
        let crosses = item.as_str().is_some() != right.as_str().is_some();
        if !(crosses && !item.is_null() && !right.is_null()) && same(&item, right, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn ends(
    operator: Operator,
    left: &Datum,
    right: &Datum,
    budget: &mut Budget,
) -> Result<bool, Exception> {
    let first = operator == Operator::StartsWith;
    match (left, right.as_str()) {
        (Datum::List(_) | Datum::JsonArray(_) | Datum::Range(..), _) => {
            let end = left.item(if first { 0 } else { -1 }, budget)?;
            equal(&end.unwrap_or(Datum::NULL), right, budget)
        }
        _ => Ok(match (left.as_str(), right.as_str()) {
            (Some(text), Some(part)) if first => text.starts_with(part),
            (Some(text), Some(part)) => text.ends_with(part),
            _ => false,
        }),
    }
}

/// `==` of templates.
pub(super) fn equal(left: &Datum, right: &Datum, budget: &mut Budget) -> Result<bool, Exception> {
    match (left, right) {
        (Datum::Empty, other) | (other, Datum::Empty) => Ok(other.length(budget)? == Some(0)),
        (Datum::Blank, other) | (other, Datum::Blank) => Ok(match other {
            Datum::Scalar(Value::Null | Value::Bool(false)) => true,
            Datum::Scalar(Value::Text(text)) => text.trim().is_empty(),
            other => other.length(budget)? == Some(0),
        }),
        _ => same(left, right, budget),
    }
}

fn same(left: &Datum, right: &Datum, budget: &mut Budget) -> Result<bool, Exception> {
    budget.charge(1)?;
    match (left, right) {
        (Datum::Scalar(a), Datum::Scalar(b)) => Ok(scalars(a, b)),
        (Datum::Pair(a), Datum::Pair(b)) => {
            Ok(a.0 == b.0 && within(budget, |budget| same(&a.1, &b.1, budget))?)
        }
        (Datum::Part(a), Datum::Part(b)) => Ok(a == b),
        _ if left.as_str().is_some() || right.as_str().is_some() => Ok(false),
        _ => {
            let (a, b) = (left.length(budget)?, right.length(budget)?);
            if a.is_none() || a != b {
                return Ok(false);
            }
            let a = left.elements(0, usize::MAX, budget)?.unwrap_or_default();
            let b = right.elements(0, usize::MAX, budget)?.unwrap_or_default();
            for (a, b) in a.iter().zip(&b) {
                if !within(budget, |budget| same(a, b, budget))? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

/// One level further down in a tree of values.
pub(super) fn within<T>(
    budget: &mut Budget,
    work: impl FnOnce(&mut Budget) -> Result<T, Exception>,
) -> Result<T, Exception> {
    const HEIGHT: u32 = 4;
    budget.enter(HEIGHT)?;
    let result = work(budget);
    budget.leave(HEIGHT);
    result
}

/// Whether one equals the other, converted to its type if they have two.
fn scalars(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::Text(a), Value::Text(b)) => a.as_str() == b.as_str(),
        _ => match convert(right, left) {
            Some(right) => is(left, &right),
            None => convert(left, right).is_some_and(|left| is(&left, right)),
        },
    }
}

/// Equality of one type.
fn is(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => a.as_str() == b.as_str(),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::DateTime(a), Value::DateTime(b)) => a.ticks == b.ticks,
        _ => match (number(left), number(right)) {
            (Some(a), Some(b)) => a.order(b) == Some(Ordering::Equal),
            _ => left.to_text().ok() == right.to_text().ok(),
        },
    }
}

/// `Comparer.Default.Compare(left, Convert.ChangeType(right, left.GetType()))`.
pub(super) fn compare(
    left: &Datum,
    right: &Datum,
    budget: &mut Budget,
) -> Result<Ordering, Exception> {
    let (Datum::Scalar(left), Datum::Scalar(right)) = (left, right) else {
        let (from, to) = (type_name(right), type_name(left));
        return Err(Exception::invalid_cast(&from, &to));
    };
    let Some(right) = convert(right, left) else {
        let shown = |value: &Value| value.type_name();
        return Err(Exception::invalid_cast(&shown(right), &shown(left)));
    };
    if let Some(text) = left.as_str() {
        budget.charge(text.len() as u64 / 64)?;
    }
    Ok(match (left, &right) {
        (Value::Text(a), Value::Text(b)) => a.as_str().cmp(b.as_str()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.ticks.cmp(&b.ticks),
        _ => match (number(left), number(&right)) {
            (Some(a), Some(b)) => a.order(b).unwrap_or(Ordering::Less),
            _ => left.to_text()?.cmp(&right.to_text()?),
        },
    })
}

/// `Convert.ChangeType(value, like.GetType())`.
fn convert(value: &Value, like: &Value) -> Option<Value> {
    Some(match like {
        Value::Text(_) => match value {
            Value::Text(_) => value.clone(),
            other => Value::text(other.to_text().ok()?),
        },
        Value::Bool(_) => Value::Bool(match value {
            Value::Bool(value) => *value,
            Value::Text(text) => match text.trim() {
                text if text.eq_ignore_ascii_case("true") => true,
                text if text.eq_ignore_ascii_case("false") => false,
                _ => return None,
            },
            other => number(other)?.order(Number::Whole(0)) != Some(Ordering::Equal),
        }),
        Value::DateTime(_) => match value {
            Value::DateTime(_) => value.clone(),
            Value::Text(text) => Value::DateTime(parse_date_time(text)?),
            _ => return None,
        },
        like => {
            let to = number(like)?;
            let from = match value {
                Value::Bool(value) => Number::Whole(i64::from(*value)),
                Value::Text(text) => match to {
                    Number::Whole(_) => Number::Whole(
                        i64::try_from(crate::expression::parse_integer(text).ok()?).ok()?,
                    ),
                    Number::Decimal(_) => Number::Decimal(decimal(text).ok()?),
                    Number::Double(_) => {
                        Number::Double(crate::expression::parse_double(text).ok()?)
                    }
                },
                other => number(other)?,
            };
            match to {
                Number::Whole(_) => Value::Long(from.to_whole()?),
                Number::Decimal(_) => Value::Decimal(from.to_decimal()?),
                Number::Double(_) => Value::Double(from.to_double()),
            }
        }
    })
}

/// A number of any type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Whole(i64),
    Decimal(Decimal),
    Double(f64),
}

/// The number a value is; texts are none.
pub(super) fn number(value: &Value) -> Option<Number> {
    Some(match value {
        Value::Decimal(value) => Number::Decimal(*value),
        Value::Double(value) => Number::Double(*value),
        Value::Float(value) => Number::Double(f64::from(*value)),
        other => Number::Whole(other.as_int()?),
    })
}

impl Number {
    /// Half goes to the even one, as `Convert.ToInt64` has it.
    pub(super) fn to_whole(self) -> Option<i64> {
        match self {
            Self::Whole(value) => Some(value),
            Self::Decimal(value) => {
                let rounded = round_decimal(value, 0, 0).ok()?;
                i64::try_from(rounded).ok()
            }
            Self::Double(value) => {
                i64::try_from(round_decimal(decimal_of(value)?, 0, 0).ok()?).ok()
            }
        }
    }

    /// As an index: a whole number of any type.
    pub(super) fn exact(self) -> Option<i64> {
        match self {
            Self::Whole(value) => Some(value),
            Self::Decimal(value) => value.fract().is_zero().then(|| self.to_whole()).flatten(),
            Self::Double(value) => (value.fract() == 0.0).then(|| self.to_whole()).flatten(),
        }
    }

    pub(super) fn to_decimal(self) -> Option<Decimal> {
        match self {
            Self::Whole(value) => Some(whole_decimal(i128::from(value))),
            Self::Decimal(value) => Some(value),
            Self::Double(value) => decimal_of(value),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "what Convert.ToDouble does with a long"
    )]
    pub(super) fn to_double(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Decimal(value) => double_of(value),
            Self::Double(value) => value,
        }
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (Self::Double(_), _) | (_, Self::Double(_)) => {
                self.to_double().partial_cmp(&other.to_double())
            }
            _ => Some(self.to_decimal()?.cmp(&other.to_decimal()?)),
        }
    }
}

/// What the type is called in messages.
pub(super) fn type_name(value: &Datum) -> String {
    match value {
        Datum::Scalar(value) => value.type_name(),
        Datum::JsonObject(_) | Datum::Map(_) | Datum::Xml(_) => "a dictionary".to_owned(),
        _ => "a list".to_owned(),
    }
}
