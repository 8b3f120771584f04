//! Filters on numbers.

use rust_decimal::Decimal;

use super::super::compare::{Number, number};
use super::super::datum::Datum;
use super::super::render::Renderer;
use super::{Outcome, argument, string};
use crate::expression::{
    Exception, Value, decimal, divide_decimals, format_value, parse_double, round_decimal,
};

#[derive(Clone, Copy)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// `+`; a text is continued by what follows.
pub(super) fn plus(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    if let Some(text) = input.as_str() {
        let other = argument(arguments, 0)?.unwrap_or_default();
        renderer.budget.allocate(text.len() + other.len())?;
        return Ok(Datum::text(format!("{text}{other}")));
    }
    calculate(input, arguments, Operation::Add)
}

pub(super) fn minus(input: &Datum, arguments: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    calculate(input, arguments, Operation::Subtract)
}

/// `*`; a text is repeated.
pub(super) fn times(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    let count = arguments.first().and_then(|argument| match argument {
        Datum::Scalar(value @ (Value::Int(_) | Value::Long(_))) => value.as_int(),
        _ => None,
    });
    if let (Some(_), Some(count)) = (input.as_str(), count) {
        let count = usize::try_from(count)
            .map_err(|_| Exception::argument_range("Non-negative number required.", "count"))?;
        let bytes = size_of::<Datum>().saturating_mul(count);
        renderer.budget.allocate(bytes)?;
        return Ok(Datum::List(vec![input.clone(); count].into()));
    }
    calculate(input, arguments, Operation::Multiply)
}

pub(super) fn divided_by(input: &Datum, arguments: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    calculate(input, arguments, Operation::Divide)
}

pub(super) fn modulo(input: &Datum, arguments: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    calculate(input, arguments, Operation::Modulo)
}

fn overflow() -> Exception {
    Exception::format("Arithmetic operation resulted in an overflow.")
}

fn divided_by_zero() -> Exception {
    Exception::format("Attempted to divide by zero.")
}

/// Whole numbers stay whole; with a fraction on one side both are `decimal`, and `double` if that is
/// too small.
fn calculate(input: &Datum, arguments: &[Datum], operation: Operation) -> Outcome {
    let operand = arguments.first().unwrap_or(&Datum::NULL);
    if input.is_null() || operand.is_null() {
        return Ok(Datum::NULL);
    }
    let (a, b) = (side(input)?, side(operand)?);
    let real = |side: &Side| matches!(side, Side::Number(Number::Decimal(_) | Number::Double(_)));
    match (&a, &b) {
        (Side::Number(Number::Whole(a)), Side::Number(Number::Whole(b))) => {
            whole(*a, *b, operation).map(Datum::whole)
        }
        _ if real(&a) || real(&b) => {
            let (a, b) = (a.number()?, b.number()?);
            let exact = a
                .to_decimal()
                .zip(b.to_decimal())
                .and_then(|(a, b)| exact(a, b, operation));
            Ok(Datum::Scalar(match exact {
                Some(result) => Value::Decimal(result),
                None => Value::Double(double(a.to_double(), b.to_double(), operation)),
            }))
        }
        _ => Err(Exception::format(
            "The filter calculates with numbers; one of the values is a text.",
        )),
    }
}

enum Side {
    Number(Number),
    Text(String),
}

impl Side {
    fn number(&self) -> Result<Number, Exception> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Text(text) => decimal(text).map(Number::Decimal),
        }
    }
}

fn side(value: &Datum) -> Result<Side, Exception> {
    if let Datum::Scalar(value) = value
        && let Some(number) = number(value)
    {
        return Ok(Side::Number(number));
    }
    Ok(Side::Text(string(value)?.unwrap_or_default()))
}

fn whole(a: i64, b: i64, operation: Operation) -> Result<i64, Exception> {
    if b == 0 && matches!(operation, Operation::Divide | Operation::Modulo) {
        return Err(divided_by_zero());
    }
    match operation {
        Operation::Add => a.checked_add(b),
        Operation::Subtract => a.checked_sub(b),
        Operation::Multiply => a.checked_mul(b),
        Operation::Divide => a.checked_div(b),
        Operation::Modulo => a.checked_rem(b),
    }
    .ok_or_else(overflow)
}

fn exact(a: Decimal, b: Decimal, operation: Operation) -> Option<Decimal> {
    match operation {
        Operation::Add => a.checked_add(b),
        Operation::Subtract => a.checked_sub(b),
        Operation::Multiply => a.checked_mul(b),
        Operation::Divide if b.is_zero() => None,
        Operation::Divide => divide_decimals(a, b),
        Operation::Modulo => a.checked_rem(b),
    }
}

fn double(a: f64, b: f64, operation: Operation) -> f64 {
    match operation {
        Operation::Add => a + b,
        Operation::Subtract => a - b,
        Operation::Multiply => a * b,
        Operation::Divide => a / b,
        Operation::Modulo => a % b,
    }
}

/// A `decimal` with so many places, half to the even one; nothing of what is no number.
pub(super) fn round(input: &Datum, arguments: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    let rounded = (|| {
        let places = super::int(arguments, 0, 0).ok()?;
        let value = side(input).ok()?.number().ok()?.to_decimal()?;
        round_decimal(value, i32::try_from(places).ok()?, 0).ok()
    })();
    Ok(match rounded {
        _ if input.is_null() => Datum::Scalar(Value::Decimal(Decimal::ZERO)),
        Some(value) => Datum::Scalar(Value::Decimal(value)),
        None => Datum::NULL,
    })
}

/// A `double`; 0 of what is no number.
pub(super) fn abs(input: &Datum, _: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    Ok(Datum::Scalar(Value::Double(
        as_double(input)?.map_or(0.0, f64::abs),
    )))
}

pub(super) fn at_least(input: &Datum, arguments: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    bounded(input, arguments, f64::max)
}

pub(super) fn at_most(input: &Datum, arguments: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    bounded(input, arguments, f64::min)
}

fn bounded(input: &Datum, arguments: &[Datum], choose: fn(f64, f64) -> f64) -> Outcome {
    let bound = arguments.first().unwrap_or(&Datum::NULL);
    Ok(match (as_double(input)?, as_double(bound)?) {
        (Some(value), Some(bound)) => Datum::Scalar(Value::Double(choose(value, bound))),
        _ => input.clone(),
    })
}

/// A number, or the text of one; `null` has no text.
fn as_double(value: &Datum) -> Result<Option<f64>, Exception> {
    let Some(text) = string(value)? else {
        return Err(Exception::null_reference());
    };
    // `NumberStyles.Number` has no exponents.
    Ok((!text.contains(['e', 'E']))
        .then(|| parse_double(&text).ok())
        .flatten())
}

/// A sum of money: without a language with the sign for any currency, in `en-US` with dollars.
pub(super) fn currency(input: &Datum, arguments: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    let Some(text) = string(input)? else {
        return Ok(Datum::NULL);
    };
    let sign = match argument(arguments, 0)?.as_deref().map(str::trim) {
        None | Some("") => "¤",
        Some(language) if language.eq_ignore_ascii_case("en-US") => "$",
        Some(language) => {
            return Err(Exception::format(format!(
                "The language '{language}' is not known to the filter 'Currency'; it knows 'en-US'."
            )));
        }
    };
    let Some(amount) = side(input)?.number().ok().and_then(Number::to_decimal) else {
        return Ok(Datum::text(text));
    };
    let digits = format_value(&Value::Decimal(amount.abs()), "N2")?;
    let negative = amount.is_sign_negative() && !amount.is_zero();
    Ok(Datum::text(match (negative, sign) {
        (false, sign) => format!("{sign}{digits}"),
        (true, "$") => format!("-${digits}"),
        (true, sign) => format!("({sign}{digits})"),
    }))
}
