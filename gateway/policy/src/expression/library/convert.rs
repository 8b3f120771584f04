//! `Convert`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::arguments::{bytes, int, optional_text, text, value};
use super::pure;
use super::registry::Group;
use crate::expression::budget::Budget;
use crate::expression::decimals;
use crate::expression::exception::{Exception, names};
use crate::expression::machine::{from_integer, integer, numeric};
use crate::expression::number_parsing::{parse_double, parse_integer};
use crate::expression::text::unit_to_string;
use crate::expression::types::{Basic, type_of};
use crate::expression::value::Value;

type Pure = Result<Value, Exception>;

pub(super) static CONVERT: Group = Group {
    owner: "Convert",
    entries: &[
        pure("static int ToInt32(object value)", |_, args| {
            to_integer(args, Basic::Int)
        }),
        pure("static long ToInt64(object value)", |_, args| {
            to_integer(args, Basic::Long)
        }),
        pure("static short ToInt16(object value)", |_, args| {
            to_integer(args, Basic::Short)
        }),
        pure("static byte ToByte(object value)", |_, args| {
            to_integer(args, Basic::Byte)
        }),
        pure("static sbyte ToSByte(object value)", |_, args| {
            to_integer(args, Basic::SByte)
        }),
        pure("static uint ToUInt32(object value)", |_, args| {
            to_integer(args, Basic::UInt)
        }),
        pure("static ulong ToUInt64(object value)", |_, args| {
            to_integer(args, Basic::ULong)
        }),
        pure("static ushort ToUInt16(object value)", |_, args| {
            to_integer(args, Basic::UShort)
        }),
        pure(
            "static int ToInt32(string value, int fromBase)",
            |_, args| from_base(args, Basic::Int),
        ),
        pure(
            "static long ToInt64(string value, int fromBase)",
            |_, args| from_base(args, Basic::Long),
        ),
        pure(
            "static byte ToByte(string value, int fromBase)",
            |_, args| from_base(args, Basic::Byte),
        ),
        pure("static double ToDouble(object value)", |_, args| {
            to_double(args)
        }),
        pure("static float ToSingle(object value)", |_, args| {
            Ok(numeric(&to_double(args)?, Basic::Float))
        }),
        pure("static decimal ToDecimal(object value)", |_, args| {
            to_decimal(args)
        }),
        pure("static bool ToBoolean(object value)", |_, args| {
            to_boolean(args)
        }),
        pure("static char ToChar(int value)", |_, args| {
            Ok(numeric(&value(args, 0), Basic::Char))
        }),
        pure("static string ToString(object value)", to_text),
        pure(
            "static string ToString(int value, int toBase)",
            |_, args| to_base(args),
        ),
        pure(
            "static string ToBase64String(byte[] inArray)",
            |budget, args| {
                let bytes = bytes(args, 0, "inArray")?;
                budget.allocate(bytes.len().saturating_mul(2))?;
                Ok(Value::text(STANDARD.encode(bytes)))
            },
        ),
        pure(
            "static byte[] FromBase64String(string s)",
            |budget, args| {
                let source = text(args, 0, "s")?;
                budget.allocate(source.len())?;
                // Blanks are allowed anywhere, as in MIME.
                let clean: String = source
                    .chars()
                    .filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'))
                    .collect();
                STANDARD.decode(clean).map(Value::bytes).map_err(|_| {
                Exception::format(
                    "The input is not a valid Base-64 string as it contains a non-base 64 character, \
                     more than two padding characters, or an illegal character among the padding \
                     characters.",
                )
            })
            },
        ),
    ],
};

fn invalid(value: &Value, target: Basic) -> Exception {
    let from = type_of(value).map(|ty| ty.full_name()).unwrap_or_default();
    Exception::new(
        names::INVALID_CAST,
        format!("Invalid cast from '{from}' to '{}'.", target.full_name()),
    )
}

/// The values of an integer type.
fn range(basic: Basic) -> (i128, i128) {
    match basic {
        Basic::SByte => (i8::MIN.into(), i8::MAX.into()),
        Basic::Byte => (0, u8::MAX.into()),
        Basic::Short => (i16::MIN.into(), i16::MAX.into()),
        Basic::UShort => (0, u16::MAX.into()),
        Basic::UInt => (0, u32::MAX.into()),
        Basic::Long => (i64::MIN.into(), i64::MAX.into()),
        Basic::ULong => (0, u64::MAX.into()),
        _ => (i32::MIN.into(), i32::MAX.into()),
    }
}

/// Rounds to even, parses texts, and overflows with an exception.
pub(super) fn to_integer(args: &[Value], target: Basic) -> Pure {
    let source = value(args, 0);
    if let Some(converted) = super::json::convert(&source, target) {
        return converted;
    }
    let number = match &source {
        Value::Null => 0,
        Value::Bool(value) => i128::from(*value),
        Value::Text(text) => parse_integer(text)?,
        Value::Decimal(value) => decimals::truncated(decimals::round(*value, 0, 0)?),
        Value::Double(_) | Value::Float(_) => {
            let real = match numeric(&source, Basic::Double) {
                Value::Double(real) => real.round_ties_even(),
                _ => f64::NAN,
            };
            if real.is_nan() || real.abs() > 1e19 {
                i128::MAX
            } else {
                #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
                {
                    real as i128
                }
            }
        }
        other => integer(other).ok_or_else(|| invalid(other, target))?,
    };
    let (low, high) = range(target);
    if !(low..=high).contains(&number) {
        let name = match target {
            Basic::Byte => "an unsigned byte".to_owned(),
            Basic::SByte => "a signed byte".to_owned(),
            other => {
                let short = other.full_name().trim_start_matches("System.");
                let article = if short.starts_with('I') { "an" } else { "a" };
                format!("{article} {short}")
            }
        };
        return Err(Exception::new(
            names::OVERFLOW,
            format!("Value was either too large or too small for {name}."),
        ));
    }
    Ok(from_integer(number, target))
}

fn from_base(args: &[Value], target: Basic) -> Pure {
    let base = u32::try_from(int(args, 1)).unwrap_or_default();
    if !matches!(base, 2 | 8 | 10 | 16) {
        return Err(Exception::new(names::ARGUMENT, "Invalid Base."));
    }
    let Some(source) = optional_text(args, 0) else {
        return Ok(from_integer(0, target));
    };
    if base == 10 {
        return to_integer(args, target);
    }
    let digits = match base {
        16 => source.trim_start_matches("0x").trim_start_matches("0X"),
        _ => source.as_str(),
    };
    let number = u64::from_str_radix(digits, base)
        .map_err(|_| Exception::format("Could not find any recognizable digits."))?;
    // The digits are the bits of the type.
    let (low, high) = range(target);
    if i128::from(number) > high - low {
        return Err(Exception::new(
            names::OVERFLOW,
            "Value was either too large or too small.",
        ));
    }
    Ok(from_integer(i128::from(number), target))
}

fn to_base(args: &[Value]) -> Pure {
    let number = int(args, 0);
    Ok(Value::text(match int(args, 1) {
        2 => format!("{number:b}"),
        8 => format!("{number:o}"),
        10 => number.to_string(),
        16 => format!("{number:x}"),
        _ => return Err(Exception::new(names::ARGUMENT, "Invalid Base.")),
    }))
}

pub(super) fn to_double(args: &[Value]) -> Pure {
    if let Some(converted) = super::json::convert(&value(args, 0), Basic::Double) {
        return converted;
    }
    Ok(match value(args, 0) {
        Value::Null => Value::Double(0.0),
        Value::Bool(value) => Value::Double(f64::from(u8::from(value))),
        Value::Text(text) => Value::Double(parse_double(&text)?),
        other if type_of(&other).is_some_and(|ty| ty.is_numeric()) => {
            numeric(&other, Basic::Double)
        }
        other => return Err(invalid(&other, Basic::Double)),
    })
}

pub(super) fn to_decimal(args: &[Value]) -> Pure {
    let source = value(args, 0);
    if let Some(converted) = super::json::convert(&source, Basic::Decimal) {
        return converted;
    }
    match &source {
        Value::Null => Ok(Value::Decimal(rust_decimal::Decimal::ZERO)),
        Value::Bool(value) => Ok(from_integer(i128::from(*value), Basic::Decimal)),
        Value::Text(text) => decimals::parse(text).map(Value::Decimal),
        Value::Char(_) => Err(invalid(&source, Basic::Decimal)),
        other if type_of(other).is_some_and(|ty| ty.is_numeric()) => {
            decimals::convert(source.clone(), Basic::Decimal)
        }
        other => Err(invalid(other, Basic::Decimal)),
    }
}

pub(super) fn to_boolean(args: &[Value]) -> Pure {
    let source = value(args, 0);
    if let Some(converted) = super::json::convert(&source, Basic::Bool) {
        return converted;
    }
    Ok(Value::Bool(match &source {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Text(text) => super::objects::parse_bool(text).ok_or_else(|| {
            Exception::format(format!(
                "String '{}' was not recognized as a valid Boolean.",
                text.as_str()
            ))
        })?,
        Value::Double(value) => *value != 0.0,
        Value::Float(value) => *value != 0.0,
        Value::Decimal(value) => !value.is_zero(),
        Value::Char(_) => return Err(invalid(&source, Basic::Bool)),
        other => integer(other).ok_or_else(|| invalid(other, Basic::Bool))? != 0,
    }))
}

fn to_text(budget: &mut Budget, args: &[Value]) -> Pure {
    let content = match value(args, 0) {
        Value::Char(unit) => unit_to_string(unit),
        other => other.to_text()?,
    };
    super::string_making::made(budget, content)
}
