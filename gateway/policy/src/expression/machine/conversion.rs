//! Conversions that the checker chose.

use crate::expression::budget::Budget;
use crate::expression::decimals;
use crate::expression::exception::{Exception, names};
use crate::expression::node::Conversion;
use crate::expression::time::DateTimeOffset;
use crate::expression::types::{Basic, Enumeration, Type, is_instance, type_of};
use crate::expression::value::Value;

pub(crate) fn convert(
    conversion: &Conversion,
    value: Value,
    budget: &mut Budget,
) -> Result<Value, Exception> {
    match conversion {
        Conversion::Numeric(target) | Conversion::Checked(target)
            if *target == Basic::Decimal || matches!(value, Value::Decimal(_)) =>
        {
            decimals::convert(value, *target)
        }
        Conversion::Numeric(target) => Ok(numeric(&value, *target)),
        Conversion::Checked(target) => checked_numeric(&value, *target),
        Conversion::Unbox(target) => unbox(value, target),
        Conversion::Reference(target) => {
            if value.is_null() || is_instance(&value, target) {
                Ok(value)
            } else {
                Err(cast_error(&value, target))
            }
        }
        Conversion::Value => {
            if value.is_null() {
                Err(Exception::new(
                    names::INVALID_OPERATION,
                    "Nullable object must have a value.",
                ))
            } else {
                Ok(value)
            }
        }
        Conversion::Enumeration(enumeration) => Ok(match numeric(&value, Basic::Int) {
            Value::Int(number) => Value::Enum(*enumeration, number),
            other => other,
        }),
        Conversion::Underlying(target) => Ok(match value {
            Value::Enum(_, number) => numeric(&Value::Int(number), *target),
            other => other,
        }),
        Conversion::Operator(operator) => operator(budget, &[value]),
        Conversion::Offset => Ok(match value {
            Value::DateTime(time) => Value::DateTimeOffset(DateTimeOffset {
                local_ticks: time.ticks,
                offset_minutes: 0,
            }),
            other => other,
        }),
    }
}

/// `(T)object` of a value type: the box must hold exactly that type (§10.3.7).
fn unbox(value: Value, target: &Type) -> Result<Value, Exception> {
    if value.is_null() {
        return match target {
            Type::Nullable(_) => Ok(value),
            _ => Err(Exception::null_reference()),
        };
    }
    let target = target.unwrap_nullable();
    if is_instance(&value, target) {
        return Ok(value);
    }
    // .NET lets an enumeration be unboxed as its number and the other way around.
    match (&value, target) {
        (Value::Enum(_, number), Type::Basic(Basic::Int)) => Ok(Value::Int(*number)),
        (Value::Int(number), Type::Enumeration(enumeration)) => {
            Ok(Value::Enum(Enumeration::clone(enumeration), *number))
        }
        _ => Err(cast_error(&value, target)),
    }
}

fn cast_error(value: &Value, target: &Type) -> Exception {
    let from = type_of(value).map(|ty| ty.full_name()).unwrap_or_default();
    Exception::invalid_cast(&from, &target.full_name())
}

/// A numeric conversion in an unchecked context (§10.3.2): integers wrap; a floating point value out
/// of range becomes what .NET on x64 gives: the least value of the wider integer, cut.
pub(crate) fn numeric(value: &Value, target: Basic) -> Value {
    if let Value::Decimal(decimal) = value {
        return match target {
            Basic::Decimal => value.clone(),
            Basic::Float | Basic::Double => from_real(decimals::to_double(*decimal), target),
            _ => from_integer(decimals::truncated(*decimal), target),
        };
    }
    let real = match value {
        Value::Float(value) => Some(f64::from(*value)),
        Value::Double(value) => Some(*value),
        _ => None,
    };
    match (real, integer(value)) {
        (Some(real), _) => from_real(real, target),
        (None, Some(integer)) => from_integer(integer, target),
        (None, None) => value.clone(),
    }
}

/// A numeric conversion in a checked context (§10.3.2).
pub(crate) fn checked_numeric(value: &Value, target: Basic) -> Result<Value, Exception> {
    let overflow = || {
        Exception::new(
            names::OVERFLOW,
            "Arithmetic operation resulted in an overflow.",
        )
    };
    let converted = numeric(value, target);
    let Some(result) = integer(&converted) else {
        return Ok(converted);
    };
    let fits = match (value, integer(value)) {
        (_, Some(before)) => before == result,
        (Value::Float(_) | Value::Double(_), None) => match numeric(value, Basic::Double) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "what does not fit differs from the result"
            )]
            Value::Double(real) => real.is_finite() && real.trunc() as i128 == result,
            _ => false,
        },
        _ => true,
    };
    if fits { Ok(converted) } else { Err(overflow()) }
}

/// Any integral value or character, widened.
pub(crate) fn integer(value: &Value) -> Option<i128> {
    Some(match value {
        Value::Char(value) => i128::from(*value),
        Value::ULong(value) => i128::from(*value),
        Value::Enum(_, value) => i128::from(*value),
        other => i128::from(other.as_int()?),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "C#'s unchecked conversions keep the low bits"
)]
pub(crate) fn from_integer(value: i128, target: Basic) -> Value {
    match target {
        Basic::Char => Value::Char(value as u16),
        Basic::SByte => Value::SByte(value as i8),
        Basic::Byte => Value::Byte(value as u8),
        Basic::Short => Value::Short(value as i16),
        Basic::UShort => Value::UShort(value as u16),
        Basic::UInt => Value::UInt(value as u32),
        Basic::Long => Value::Long(value as i64),
        Basic::ULong => Value::ULong(value as u64),
        Basic::Float => Value::Float(value as f32),
        Basic::Double => Value::Double(value as f64),
        Basic::Decimal => Value::Decimal(decimals::from_integer(value)),
        _ => Value::Int(value as i32),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "range is checked, the fraction is cut"
)]
fn from_real(value: f64, target: Basic) -> Value {
    match target {
        Basic::Float => Value::Float(value as f32),
        Basic::Double => Value::Double(value),
        Basic::Decimal => Value::Decimal(decimals::from_double(value).unwrap_or_default()),
        _ => {
            // NaN and values out of range: 0x8000… of the wider integer.
            let limit = 9_223_372_036_854_775_808.0;
            let integer = if target == Basic::ULong {
                if value.is_nan() || value >= 2.0 * limit || value <= -limit {
                    i128::from(i64::MIN)
                } else {
                    value as i128
                }
            } else if value.is_nan() || !(-limit..limit).contains(&value) {
                i128::from(i64::MIN)
            } else {
                value as i128
            };
            let narrow = matches!(target, Basic::Int)
                && (integer < i128::from(i32::MIN) || integer > i128::from(i32::MAX));
            if narrow {
                Value::Int(i32::MIN)
            } else {
                from_integer(integer, target)
            }
        }
    }
}
