//! Explicit conversions of elements and attributes: `(int)element`, `(string)attribute`, … as
//! `XmlConvert` reads the types of XML Schema.

use super::forest::Xml;
use crate::expression::budget::Budget;
use crate::expression::date_parsing::{parse_date_time, parse_offset};
use crate::expression::exception::{Exception, names};
use crate::expression::library::pure;
use crate::expression::library::registry::Group;
use crate::expression::machine::from_integer;
use crate::expression::number_parsing::{parse_double, parse_integer};
use crate::expression::time::{DAY, HOUR, MINUTE, SECOND, TimeSpan};
use crate::expression::types::Basic;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

/// The text of the element or attribute; `None` for `null`.
fn source(budget: &mut Budget, args: &[Value]) -> Result<Option<String>, Exception> {
    let Some(node) = args.first().and_then(Value::as_foreign::<Xml>) else {
        return Ok(None);
    };
    let visited = node.with(|tree, id| tree.descendants(id).count());
    budget.charge(visited as u64)?;
    let text = node.with(|tree, id| match tree.node(id).attribute() {
        Some((_, value)) => value.to_string(),
        None => tree.text(id),
    });
    budget.allocate(text.len())?;
    Ok(Some(text))
}

fn required(
    budget: &mut Budget,
    args: &[Value],
    parameter: &str,
    read: fn(&str) -> Outcome,
) -> Outcome {
    match source(budget, args)? {
        Some(text) => read(&text),
        None => Err(Exception::argument_null(parameter)),
    }
}

fn optional(budget: &mut Budget, args: &[Value], read: fn(&str) -> Outcome) -> Outcome {
    match source(budget, args)? {
        Some(text) => read(&text),
        None => Ok(Value::Null),
    }
}

fn text(budget: &mut Budget, args: &[Value]) -> Outcome {
    optional(budget, args, |text| Ok(Value::text(text)))
}

fn integer(text: &str, basic: Basic, range: std::ops::RangeInclusive<i128>, name: &str) -> Outcome {
    let number = parse_integer(text)?;
    if range.contains(&number) {
        Ok(from_integer(number, basic))
    } else {
        Err(Exception::new(
            names::OVERFLOW,
            format!("Value was either too large or too small for {name}."),
        ))
    }
}

fn int(text: &str) -> Outcome {
    let range = i128::from(i32::MIN)..=i128::from(i32::MAX);
    integer(text, Basic::Int, range, "an Int32")
}

fn long(text: &str) -> Outcome {
    let range = i128::from(i64::MIN)..=i128::from(i64::MAX);
    integer(text, Basic::Long, range, "an Int64")
}

fn uint(text: &str) -> Outcome {
    integer(text, Basic::UInt, 0..=i128::from(u32::MAX), "a UInt32")
}

fn ulong(text: &str) -> Outcome {
    integer(text, Basic::ULong, 0..=i128::from(u64::MAX), "a UInt64")
}

/// The conversion lowers the case first, so that `True` is one too.
fn boolean(text: &str) -> Outcome {
    match text.trim().to_lowercase().as_str() {
        "true" | "1" => Ok(Value::Bool(true)),
        "false" | "0" => Ok(Value::Bool(false)),
        other => Err(Exception::format(format!(
            "The string '{other}' is not a valid Boolean value."
        ))),
    }
}

fn real(text: &str) -> Result<f64, Exception> {
    match text.trim() {
        "INF" => Ok(f64::INFINITY),
        "-INF" => Ok(f64::NEG_INFINITY),
        // Thousands separators are for people, not for XML Schema.
        trimmed if trimmed.contains(',') => Err(Exception::format(format!(
            "The input string '{trimmed}' was not in a correct format."
        ))),
        trimmed => parse_double(trimmed),
    }
}

fn double(text: &str) -> Outcome {
    real(text).map(Value::Double)
}

fn float(text: &str) -> Outcome {
    let number = real(text)?;
    #[expect(clippy::cast_possible_truncation, reason = "a float is rounded")]
    Ok(Value::Float(number as f32))
}

fn date_time(text: &str) -> Outcome {
    parse_date_time(text)
        .map(Value::DateTime)
        .ok_or_else(|| not_a_date(text))
}

fn date_time_offset(text: &str) -> Outcome {
    parse_offset(text)
        .map(Value::DateTimeOffset)
        .ok_or_else(|| not_a_date(text))
}

fn not_a_date(text: &str) -> Exception {
    Exception::format(format!(
        "String '{text}' was not recognized as a valid DateTime."
    ))
}

fn guid(text: &str) -> Outcome {
    crate::expression::guid::parse(text.trim())
        .map(Value::Guid)
        .ok_or_else(|| Exception::format("Unrecognized Guid format."))
}

fn time_span(text: &str) -> Outcome {
    duration(text.trim())
        .map(|ticks| Value::TimeSpan(TimeSpan(ticks)))
        .ok_or_else(|| {
            Exception::format(format!(
                "The string '{text}' is not a valid TimeSpan value."
            ))
        })
}

/// Ticks of an `xs:duration`; a year counts 365 days and a month 30, as .NET has them.
fn duration(text: &str) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let rest = rest.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return None,
        None => (rest, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let date = parts(date, &[('Y', 365 * DAY), ('M', 30 * DAY), ('D', DAY)])?;
    let time = parts(time, &[('H', HOUR), ('M', MINUTE), ('S', SECOND)])?;
    let ticks = date.checked_add(time)?;
    Some(if negative { -ticks } else { ticks })
}

fn parts(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut rest, mut total) = (text, 0_i64);
    for (letter, unit) in units {
        let Some((number, after)) = rest.split_once(*letter) else {
            continue;
        };
        let ticks = match number.split_once('.') {
            Some((whole, fraction)) if *letter == 'S' => {
                let all = fraction.bytes().all(|b| b.is_ascii_digit());
                let digits: String = fraction.chars().chain("0000000".chars()).take(7).collect();
                if fraction.is_empty() || !all {
                    return None;
                }
                digits_of(whole)?
                    .checked_mul(SECOND)?
                    .checked_add(digits_of(&digits)?)?
            }
            Some(_) => return None,
            None => digits_of(number)?.checked_mul(*unit)?,
        };
        total = total.checked_add(ticks)?;
        rest = after;
    }
    rest.is_empty().then_some(total)
}

fn digits_of(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

macro_rules! conversions {
    ($group:ident $owner:literal $parameter:literal: $($ty:literal $read:ident,)*) => {
        pub(super) static $group: Group = Group {
            owner: $owner,
            entries: &[
                pure(concat!("static string op_Explicit(", $owner, " value)"), text),
                $(
                    pure(
                        concat!("static ", $ty, " op_Explicit(", $owner, " value)"),
                        |budget, args| required(budget, args, $parameter, $read),
                    ),
                    pure(
                        concat!("static ", $ty, "? op_Explicit(", $owner, " value)"),
                        |budget, args| optional(budget, args, $read),
                    ),
                )*
            ],
        };
    };
}

conversions! {
    OF_ELEMENT "XElement" "element":
    "int" int, "long" long, "uint" uint, "ulong" ulong, "bool" boolean, "double" double,
    "float" float, "DateTime" date_time, "DateTimeOffset" date_time_offset, "Guid" guid,
    "TimeSpan" time_span,
}

conversions! {
    OF_ATTRIBUTE "XAttribute" "attribute":
    "int" int, "long" long, "uint" uint, "ulong" ulong, "bool" boolean, "double" double,
    "float" float, "DateTime" date_time, "DateTimeOffset" date_time_offset, "Guid" guid,
    "TimeSpan" time_span,
}
