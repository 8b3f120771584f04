//! `decimal`: 96 bits and a scale, as .NET has it.

use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use super::exception::{Exception, names};
use super::types::Basic;
use super::value::Value;

/// The text of a number as `NumberStyles.Number` reads it, and an exponent, which only literals have:
/// blanks around, a sign, thousands separators. Digits beyond the 28th are rounded away.
pub(crate) fn parse(text: &str) -> Result<Decimal, Exception> {
    let malformed = || {
        Exception::format(format!(
            "The input string '{text}' was not in a correct format."
        ))
    };
    let plain: String = text.trim().chars().filter(|c| *c != ',').collect();
    let (mantissa, exponent) = match plain.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| malformed())?),
        None => (plain.as_str(), 0),
    };
    let digits = mantissa.trim_start_matches(['+', '-']);
    let signs = mantissa.len() - digits.len();
    let points = digits.bytes().filter(|b| *b == b'.').count();
    let shape = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !shape || signs > 1 || points > 1 || !digits.bytes().any(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    let number: Decimal = mantissa
        .trim_end_matches('.')
        .parse()
        .map_err(|_| overflow(Basic::Decimal))?;
    scaled(number, exponent).ok_or_else(|| overflow(Basic::Decimal))
}

/// `number × 10^exponent`.
fn scaled(number: Decimal, exponent: i32) -> Option<Decimal> {
    if !(-60..=30).contains(&exponent) {
        return number.is_zero().then_some(Decimal::ZERO);
    }
    let mut number = number;
    for _ in 0..exponent {
        number = number.checked_mul(Decimal::TEN)?;
    }
    for _ in exponent..0 {
        number = number.checked_div(Decimal::TEN)?;
    }
    Some(number)
}

pub(crate) fn from_integer(value: i128) -> Decimal {
    Decimal::try_from_i128_with_scale(value, 0).unwrap_or_default()
}

/// 15 significant digits, as `Convert.ToDecimal(double)`; `None` if it is too large.
pub(crate) fn from_double(value: f64) -> Option<Decimal> {
    Decimal::from_f64(value)
}

pub(crate) fn to_double(value: Decimal) -> f64 {
    // The text is read with the nearest result; the crate's own conversion is off by a bit for some.
    value.to_string().parse().unwrap_or_default()
}

/// The whole part.
pub(crate) fn truncated(value: Decimal) -> i128 {
    value.trunc().to_i128().unwrap_or_default()
}

/// A quotient with the scale .NET gives it: what is left of the dividend's, and more only for digits
/// that are not zero.
pub(crate) fn divide(a: Decimal, b: Decimal) -> Option<Decimal> {
    let mut quotient = a.checked_div(b)?;
    let least = a.scale().saturating_sub(b.scale());
    while quotient.scale() > least && quotient.mantissa() % 10 == 0 {
        quotient =
            Decimal::try_from_i128_with_scale(quotient.mantissa() / 10, quotient.scale() - 1)
                .ok()?;
    }
    if quotient.scale() < least {
        quotient.rescale(least);
    }
    Some(quotient)
}

/// -1, 0 or 1.
pub(crate) fn sign(value: Decimal) -> i32 {
    if value.is_zero() {
        0
    } else if value.is_sign_negative() {
        -1
    } else {
        1
    }
}

/// `Math.Round`, with the number of a `MidpointRounding`.
pub(crate) fn round(value: Decimal, digits: i32, mode: i32) -> Result<Decimal, Exception> {
    let digits = u32::try_from(digits)
        .ok()
        .filter(|digits| *digits <= 28)
        .ok_or_else(|| {
            Exception::argument_range(
                "Decimal can only round to between 0 and 28 digits of precision.",
                "decimals",
            )
        })?;
    let strategy = match mode {
        1 => RoundingStrategy::MidpointAwayFromZero,
        2 => RoundingStrategy::ToZero,
        3 => RoundingStrategy::ToNegativeInfinity,
        4 => RoundingStrategy::ToPositiveInfinity,
        _ => RoundingStrategy::MidpointNearestEven,
    };
    Ok(value.round_dp_with_strategy(digits, strategy))
}

/// An explicit conversion from or to `decimal`, which is always checked (C# 7 §10.3.2).
pub(crate) fn convert(value: Value, target: Basic) -> Result<Value, Exception> {
    match (&value, target) {
        (Value::Null, _) | (Value::Decimal(_), Basic::Decimal) => Ok(value),
        (Value::Decimal(_), Basic::Float | Basic::Double) => {
            Ok(super::machine::numeric(&value, target))
        }
        (Value::Decimal(decimal), _) => {
            let whole = truncated(*decimal);
            let converted = super::machine::from_integer(whole, target);
            if super::machine::integer(&converted) == Some(whole) {
                Ok(converted)
            } else {
                Err(overflow(target))
            }
        }
        (Value::Float(real), _) => float(*real),
        (Value::Double(real), _) => from_double(*real)
            .map(Value::Decimal)
            .ok_or_else(|| overflow(Basic::Decimal)),
        _ => Ok(super::machine::numeric(&value, target)),
    }
}

/// 7 significant digits, as `Convert.ToDecimal(float)`.
fn float(value: f32) -> Result<Value, Exception> {
    Decimal::from_f32(value)
        .map(Value::Decimal)
        .ok_or_else(|| overflow(Basic::Decimal))
}

/// What .NET says of a value that does not fit.
pub(crate) fn overflow(target: Basic) -> Exception {
    let what = match target {
        Basic::Byte => "an unsigned byte",
        Basic::SByte => "a signed byte",
        Basic::Short => "an Int16",
        Basic::UShort => "a UInt16",
        Basic::UInt => "a UInt32",
        Basic::Long => "an Int64",
        Basic::ULong => "a UInt64",
        Basic::Char => "a character",
        Basic::Decimal => "a Decimal",
        _ => "an Int32",
    };
    Exception::new(
        names::OVERFLOW,
        format!("Value was either too large or too small for {what}."),
    )
}
