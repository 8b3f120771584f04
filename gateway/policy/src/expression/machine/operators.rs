//! Operators on values. The checker has made operands agree, so that what is left is arithmetic.

use rust_decimal::Decimal;

use crate::expression::ast::{BinaryOp, UnaryOp};
use crate::expression::decimals;
use crate::expression::exception::{Exception, names};
use crate::expression::key;
use crate::expression::time::{DateTime, DateTimeOffset, MAX_TICKS, TimeSpan};
use crate::expression::types::Basic;
use crate::expression::value::Value;

pub(crate) fn unary(op: UnaryOp, value: &Value) -> Result<Value, Exception> {
    Ok(match (op, value) {
        (_, Value::Null) => Value::Null,
        (UnaryOp::Not, Value::Bool(value)) => Value::Bool(!value),
        (UnaryOp::Plus, value) => value.clone(),
        (UnaryOp::Minus, Value::Int(value)) => Value::Int(value.wrapping_neg()),
        (UnaryOp::Minus, Value::Long(value)) => Value::Long(value.wrapping_neg()),
        (UnaryOp::Minus, Value::Float(value)) => Value::Float(-value),
        (UnaryOp::Minus, Value::Double(value)) => Value::Double(-value),
        (UnaryOp::Minus, Value::Decimal(value)) => Value::Decimal(-*value),
        (UnaryOp::Minus, Value::TimeSpan(TimeSpan(ticks))) => {
            Value::TimeSpan(TimeSpan(ticks.checked_neg().ok_or_else(span_overflow)?))
        }
        (UnaryOp::Complement, Value::Int(value)) => Value::Int(!value),
        (UnaryOp::Complement, Value::UInt(value)) => Value::UInt(!value),
        (UnaryOp::Complement, Value::Long(value)) => Value::Long(!value),
        (UnaryOp::Complement, Value::ULong(value)) => Value::ULong(!value),
        _ => return Err(mismatch()),
    })
}

/// Applies an operator. A `null` operand lifts: arithmetic gives `null`, comparisons `false`.
pub(crate) fn binary(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Exception> {
    match op {
        BinaryOp::Equal => return Ok(Value::Bool(equal(left, right))),
        BinaryOp::NotEqual => return Ok(Value::Bool(!equal(left, right))),
        _ => {}
    }
    if left.is_null() || right.is_null() {
        return Ok(lifted(op, left, right));
    }
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => int(op, *a, *b),
        (Value::Long(a), Value::Long(b)) => long(op, *a, *b),
        (Value::UInt(a), Value::UInt(b)) => uint(op, *a, *b),
        (Value::ULong(a), Value::ULong(b)) => ulong(op, *a, *b),
        (Value::Double(a), Value::Double(b)) => {
            real(op, *a, *b, Value::Double).ok_or_else(mismatch)
        }
        (Value::Float(a), Value::Float(b)) => {
            let wrap = |value: f64| {
                #[expect(clippy::cast_possible_truncation, reason = "float arithmetic rounds")]
                Value::Float(value as f32)
            };
            real(op, f64::from(*a), f64::from(*b), wrap).ok_or_else(mismatch)
        }
        (Value::Decimal(a), Value::Decimal(b)) => decimal(op, *a, *b),
        (Value::Bool(a), Value::Bool(b)) => Ok(Value::Bool(match op {
            BinaryOp::And => a & b,
            BinaryOp::Or => a | b,
            BinaryOp::Xor => a ^ b,
            _ => return Err(mismatch()),
        })),
        // Shifts: the count is an int whatever is shifted.
        (Value::Long(a), Value::Int(b)) => shift(op, *b).map(|right| {
            Value::Long(if right {
                a.wrapping_shr(count(*b))
            } else {
                a.wrapping_shl(count(*b))
            })
        }),
        (Value::UInt(a), Value::Int(b)) => shift(op, *b).map(|right| {
            Value::UInt(if right {
                a.wrapping_shr(count(*b))
            } else {
                a.wrapping_shl(count(*b))
            })
        }),
        (Value::ULong(a), Value::Int(b)) => shift(op, *b).map(|right| {
            Value::ULong(if right {
                a.wrapping_shr(count(*b))
            } else {
                a.wrapping_shl(count(*b))
            })
        }),
        (Value::Enum(enumeration, a), Value::Enum(_, b)) => match op {
            BinaryOp::Or => Ok(Value::Enum(*enumeration, a | b)),
            BinaryOp::And => Ok(Value::Enum(*enumeration, a & b)),
            BinaryOp::Xor => Ok(Value::Enum(*enumeration, a ^ b)),
            _ => compare(op, a, b),
        },
        _ => time(op, left, right),
    }
}

/// The same in a checked context (§12.8.20): an integer out of range throws.
pub(crate) fn checked(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Exception> {
    macro_rules! arithmetic {
        ($variant:ident, $a:expr, $b:expr) => {
            match op {
                BinaryOp::Add => $a.checked_add(*$b),
                BinaryOp::Subtract => $a.checked_sub(*$b),
                BinaryOp::Multiply => $a.checked_mul(*$b),
                _ => return binary(op, left, right),
            }
            .map(Value::$variant)
            .ok_or_else(overflow)
        };
    }
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => arithmetic!(Int, a, b),
        (Value::UInt(a), Value::UInt(b)) => arithmetic!(UInt, a, b),
        (Value::Long(a), Value::Long(b)) => arithmetic!(Long, a, b),
        (Value::ULong(a), Value::ULong(b)) => arithmetic!(ULong, a, b),
        _ => binary(op, left, right),
    }
}

/// `==` where the types have it: numbers of one type by value, strings by content.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Double(a), Value::Double(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        _ => key::equals(left, right),
    }
}

fn lifted(op: BinaryOp, left: &Value, right: &Value) -> Value {
    match (op, left, right) {
        (BinaryOp::Less | BinaryOp::Greater | BinaryOp::LessEqual | BinaryOp::GreaterEqual, ..) => {
            Value::Bool(false)
        }
        // Three-valued logic of `bool?`.
        (BinaryOp::And, Value::Bool(false), _) | (BinaryOp::And, _, Value::Bool(false)) => {
            Value::Bool(false)
        }
        (BinaryOp::Or, Value::Bool(true), _) | (BinaryOp::Or, _, Value::Bool(true)) => {
            Value::Bool(true)
        }
        _ => Value::Null,
    }
}

fn mismatch() -> Exception {
    Exception::new(
        names::INVALID_OPERATION,
        "Operator cannot be applied to these operands.",
    )
}

fn divide_by_zero() -> Exception {
    Exception::new(names::DIVIDE_BY_ZERO, "Attempted to divide by zero.")
}

fn overflow() -> Exception {
    Exception::new(
        names::OVERFLOW,
        "Arithmetic operation resulted in an overflow.",
    )
}

fn span_overflow() -> Exception {
    Exception::new(
        names::OVERFLOW,
        "TimeSpan overflowed because the duration is too long.",
    )
}

fn date_range() -> Exception {
    Exception::argument_range(
        "The added or subtracted value results in an un-representable DateTime.",
        "value",
    )
}

fn compare<T: PartialOrd>(op: BinaryOp, a: &T, b: &T) -> Result<Value, Exception> {
    Ok(Value::Bool(match op {
        BinaryOp::Less => a < b,
        BinaryOp::Greater => a > b,
        BinaryOp::LessEqual => a <= b,
        BinaryOp::GreaterEqual => a >= b,
        _ => return Err(mismatch()),
    }))
}

/// The shift count as its bits, of which the shift uses the low 5 or 6.
fn count(value: i32) -> u32 {
    u32::from_ne_bytes(value.to_ne_bytes())
}

/// Whether a shift goes right.
fn shift(op: BinaryOp, _count: i32) -> Result<bool, Exception> {
    match op {
        BinaryOp::ShiftLeft => Ok(false),
        BinaryOp::ShiftRight => Ok(true),
        _ => Err(mismatch()),
    }
}

macro_rules! integers {
    ($name:ident $ty:ty, $variant:ident) => {
        fn $name(op: BinaryOp, a: $ty, b: $ty) -> Result<Value, Exception> {
            Ok(Value::$variant(match op {
                BinaryOp::Add => a.wrapping_add(b),
                BinaryOp::Subtract => a.wrapping_sub(b),
                BinaryOp::Multiply => a.wrapping_mul(b),
                BinaryOp::Divide if b == 0 => return Err(divide_by_zero()),
                BinaryOp::Remainder if b == 0 => return Err(divide_by_zero()),
                // Only MIN / -1 has no result.
                BinaryOp::Divide => a.checked_div(b).ok_or_else(overflow)?,
                BinaryOp::Remainder => a.checked_rem(b).ok_or_else(overflow)?,
                BinaryOp::And => a & b,
                BinaryOp::Or => a | b,
                BinaryOp::Xor => a ^ b,
                _ => return compare(op, &a, &b),
            }))
        }
    };
}

integers!(long i64, Long);
integers!(uint u32, UInt);
integers!(ulong u64, ULong);
integers!(int_arithmetic i32, Int);

fn int(op: BinaryOp, a: i32, b: i32) -> Result<Value, Exception> {
    match op {
        BinaryOp::ShiftLeft => Ok(Value::Int(a.wrapping_shl(count(b)))),
        BinaryOp::ShiftRight => Ok(Value::Int(a.wrapping_shr(count(b)))),
        _ => int_arithmetic(op, a, b),
    }
}

fn real(op: BinaryOp, a: f64, b: f64, wrap: impl Fn(f64) -> Value) -> Option<Value> {
    Some(match op {
        BinaryOp::Add => wrap(a + b),
        BinaryOp::Subtract => wrap(a - b),
        BinaryOp::Multiply => wrap(a * b),
        BinaryOp::Divide => wrap(a / b),
        BinaryOp::Remainder => wrap(a % b),
        _ => compare(op, &a, &b).ok()?,
    })
}

fn decimal(op: BinaryOp, a: Decimal, b: Decimal) -> Result<Value, Exception> {
    if b.is_zero() && matches!(op, BinaryOp::Divide | BinaryOp::Remainder) {
        return Err(divide_by_zero());
    }
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Subtract => a.checked_sub(b),
        BinaryOp::Multiply => a.checked_mul(b),
        BinaryOp::Divide => decimals::divide(a, b),
        BinaryOp::Remainder => a.checked_rem(b),
        _ => return compare(op, &a, &b),
    }
    .map(Value::Decimal)
    .ok_or_else(|| decimals::overflow(Basic::Decimal))
}

/// Dates and spans.
fn time(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Exception> {
    let in_range = |ticks: Option<i64>| {
        ticks
            .filter(|ticks| (0..=MAX_TICKS).contains(ticks))
            .ok_or_else(date_range)
    };
    match (left, right) {
        (Value::DateTime(a), Value::DateTime(b)) => match op {
            BinaryOp::Subtract => Ok(Value::TimeSpan(TimeSpan(a.ticks - b.ticks))),
            _ => compare(op, &a.ticks, &b.ticks),
        },
        (Value::DateTimeOffset(a), Value::DateTimeOffset(b)) => match op {
            BinaryOp::Subtract => Ok(Value::TimeSpan(TimeSpan(a.utc_ticks() - b.utc_ticks()))),
            _ => compare(op, &a.utc_ticks(), &b.utc_ticks()),
        },
        (Value::DateTime(a), Value::TimeSpan(b)) => {
            let ticks = match op {
                BinaryOp::Add => a.ticks.checked_add(b.0),
                BinaryOp::Subtract => a.ticks.checked_sub(b.0),
                _ => return Err(mismatch()),
            };
            Ok(Value::DateTime(DateTime {
                ticks: in_range(ticks)?,
                kind: a.kind,
            }))
        }
        (Value::DateTimeOffset(a), Value::TimeSpan(b)) => {
            let ticks = match op {
                BinaryOp::Add => a.local_ticks.checked_add(b.0),
                BinaryOp::Subtract => a.local_ticks.checked_sub(b.0),
                _ => return Err(mismatch()),
            };
            let local_ticks = in_range(ticks)?;
            Ok(Value::DateTimeOffset(DateTimeOffset { local_ticks, ..*a }))
        }
        (Value::TimeSpan(a), Value::TimeSpan(b)) => match op {
            BinaryOp::Add => {
                a.0.checked_add(b.0)
                    .map(|t| Value::TimeSpan(TimeSpan(t)))
                    .ok_or_else(span_overflow)
            }
            BinaryOp::Subtract => {
                a.0.checked_sub(b.0)
                    .map(|t| Value::TimeSpan(TimeSpan(t)))
                    .ok_or_else(span_overflow)
            }
            _ => compare(op, &a.0, &b.0),
        },
        _ => Err(mismatch()),
    }
}
