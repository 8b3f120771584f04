//! Conversions of tokens: the operators of `JToken`, and `Convert.ChangeType` behind `Value<T>`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::node::{Kind, Tree};
use super::token::{node_of, value_of};
use crate::expression::budget::Budget;
use crate::expression::date_parsing::{parse_date_time, parse_offset, parse_span};
use crate::expression::exception::{Exception, names};
use crate::expression::guid;
use crate::expression::library::arguments::value;
use crate::expression::library::convert::{to_boolean, to_decimal, to_double, to_integer};
use crate::expression::library::pure;
use crate::expression::library::registry::{Entry, Group};
use crate::expression::machine::numeric;
use crate::expression::time::{DateTime, DateTimeOffset, Kind as Zone};
use crate::expression::types::{Basic, Type, is_instance, type_of};
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

macro_rules! explicit {
    ($ty:literal, $target:ident) => {
        pure(
            concat!("static ", $ty, " op_Explicit(JToken value)"),
            |budget, args| cast(budget, &value(args, 0), &Type::Basic(Basic::$target), false),
        )
    };
    ($ty:literal, $target:ident, nullable) => {
        pure(
            concat!("static ", $ty, " op_Explicit(JToken value)"),
            |budget, args| cast(budget, &value(args, 0), &Type::Basic(Basic::$target), true),
        )
    };
}

const fn implicit(signature: &'static str) -> Entry {
    pure(signature, |budget, args| {
        let source = value(args, 0);
        super::token::pay(budget)?;
        // Whole numbers are kept as `long`.
        let widened = match type_of(&source) {
            Some(ty) if ty.is_integral() && ty != Type::CHAR && ty != Type::Basic(Basic::ULong) => {
                numeric(&source, Basic::Long)
            }
            _ => source,
        };
        Ok(super::token::scalar_of(&widened).map_or(Value::Null, value_of))
    })
}

/// The conversion operators of `JToken`.
pub(in crate::expression::library) static CASTS: Group = Group {
    owner: "JToken",
    entries: &[
        explicit!("string", String, nullable),
        explicit!("bool", Bool),
        explicit!("bool?", Bool, nullable),
        explicit!("int", Int),
        explicit!("int?", Int, nullable),
        explicit!("long", Long),
        explicit!("long?", Long, nullable),
        explicit!("short", Short),
        explicit!("short?", Short, nullable),
        explicit!("ushort", UShort),
        explicit!("ushort?", UShort, nullable),
        explicit!("uint", UInt),
        explicit!("uint?", UInt, nullable),
        explicit!("ulong", ULong),
        explicit!("ulong?", ULong, nullable),
        explicit!("byte", Byte),
        explicit!("byte?", Byte, nullable),
        explicit!("sbyte", SByte),
        explicit!("sbyte?", SByte, nullable),
        explicit!("char", Char),
        explicit!("char?", Char, nullable),
        explicit!("double", Double),
        explicit!("double?", Double, nullable),
        explicit!("decimal", Decimal),
        explicit!("decimal?", Decimal, nullable),
        explicit!("float", Float),
        explicit!("float?", Float, nullable),
        explicit!("DateTime", DateTime),
        explicit!("DateTime?", DateTime, nullable),
        explicit!("DateTimeOffset", DateTimeOffset),
        explicit!("DateTimeOffset?", DateTimeOffset, nullable),
        explicit!("TimeSpan", TimeSpan),
        explicit!("TimeSpan?", TimeSpan, nullable),
        explicit!("Guid", Guid),
        explicit!("Guid?", Guid, nullable),
        pure("static byte[] op_Explicit(JToken value)", |budget, args| {
            let bytes = Type::array(Type::Basic(Basic::Byte));
            cast(budget, &value(args, 0), &bytes, true)
        }),
        implicit("static JToken op_Implicit(string value)"),
        implicit("static JToken op_Implicit(bool value)"),
        implicit("static JToken op_Implicit(bool? value)"),
        implicit("static JToken op_Implicit(int value)"),
        implicit("static JToken op_Implicit(int? value)"),
        implicit("static JToken op_Implicit(long value)"),
        implicit("static JToken op_Implicit(long? value)"),
        implicit("static JToken op_Implicit(short value)"),
        implicit("static JToken op_Implicit(short? value)"),
        implicit("static JToken op_Implicit(ushort value)"),
        implicit("static JToken op_Implicit(ushort? value)"),
        implicit("static JToken op_Implicit(uint value)"),
        implicit("static JToken op_Implicit(uint? value)"),
        implicit("static JToken op_Implicit(ulong value)"),
        implicit("static JToken op_Implicit(ulong? value)"),
        implicit("static JToken op_Implicit(byte value)"),
        implicit("static JToken op_Implicit(byte? value)"),
        implicit("static JToken op_Implicit(sbyte value)"),
        implicit("static JToken op_Implicit(sbyte? value)"),
        implicit("static JToken op_Implicit(double value)"),
        implicit("static JToken op_Implicit(double? value)"),
        implicit("static JToken op_Implicit(decimal value)"),
        implicit("static JToken op_Implicit(decimal? value)"),
        implicit("static JToken op_Implicit(float value)"),
        implicit("static JToken op_Implicit(float? value)"),
        implicit("static JToken op_Implicit(DateTime value)"),
        implicit("static JToken op_Implicit(DateTime? value)"),
        implicit("static JToken op_Implicit(DateTimeOffset value)"),
        implicit("static JToken op_Implicit(DateTimeOffset? value)"),
        implicit("static JToken op_Implicit(TimeSpan value)"),
        implicit("static JToken op_Implicit(TimeSpan? value)"),
        implicit("static JToken op_Implicit(Guid value)"),
        implicit("static JToken op_Implicit(Guid? value)"),
        implicit("static JToken op_Implicit(byte[] value)"),
    ],
};

/// `(T)token`.
pub(super) fn cast(budget: &mut Budget, source: &Value, target: &Type, nullable: bool) -> Outcome {
    match node_of(source) {
        Some(node) => cast_node(budget, node, target, nullable),
        None if nullable => Ok(Value::Null),
        None => Err(Exception::argument_null("value")),
    }
}

/// The types that an operator takes, and the target's name in its message.
fn accepted(target: &Type) -> (&'static [Kind], String) {
    use Kind::{Boolean, Bytes, Comment, Date, Float, Guid, Integer, Raw, String, TimeSpan, Uri};
    let numbers: &[Kind] = &[Integer, Float, String, Comment, Raw, Boolean];
    let Type::Basic(basic) = target else {
        return (
            &[Bytes, String, Comment, Raw, Integer],
            "byte array".to_owned(),
        );
    };
    let kinds: &[Kind] = match basic {
        Basic::String => &[
            Date, Integer, Float, String, Comment, Raw, Boolean, Bytes, Guid, TimeSpan, Uri,
        ],
        Basic::Char => &[Integer, Float, String, Comment, Raw],
        Basic::DateTime | Basic::DateTimeOffset => &[Date, String, Comment, Raw],
        Basic::Guid => &[String, Comment, Raw, Guid, Bytes],
        Basic::TimeSpan => &[String, Comment, Raw, TimeSpan],
        _ => numbers,
    };
    let full = basic.full_name();
    (
        kinds,
        full.strip_prefix("System.").unwrap_or(full).to_owned(),
    )
}

pub(super) fn cast_node(
    budget: &mut Budget,
    node: &Tree,
    target: &Type,
    nullable: bool,
) -> Outcome {
    // A property stands for its value.
    let node = node.only().unwrap_or_else(|| node.clone());
    let (kinds, name) = accepted(target);
    match node.scalar() {
        Some((kind, value)) if kinds.contains(&kind) => {
            budget.charge_reading(&value)?;
            from_scalar(kind, &value, target)
        }
        Some((Kind::Null | Kind::Undefined, _)) if nullable => Ok(Value::Null),
        _ => Err(Exception::new(
            names::ARGUMENT,
            format!("Can not convert {} to {name}.", node.kind().name()),
        )),
    }
}

fn from_scalar(kind: Kind, source: &Value, target: &Type) -> Outcome {
    let Type::Basic(basic) = target else {
        return match source {
            Value::Text(text) => STANDARD.decode(text.as_bytes()).map(Value::bytes).map_err(|_| {
                Exception::format(
                    "The input is not a valid Base-64 string as it contains a non-base 64 character, \
                     more than two padding characters, or an illegal character among the padding \
                     characters.",
                )
            }),
            other if other.as_bytes().is_some() => Ok(other.clone()),
            _ => Err(Exception::new(
                names::ARGUMENT,
                format!("Can not convert {} to byte array.", kind.name()),
            )),
        };
    };
    if let (Kind::Bytes, Basic::String, Some(bytes)) = (kind, basic, source.as_bytes()) {
        return Ok(Value::text(STANDARD.encode(bytes)));
    }
    if let (Kind::Integer, Basic::Bool, Value::Text(_)) = (kind, basic, source) {
        return to_boolean(&[to_integer(std::slice::from_ref(source), Basic::Int)?]);
    }
    if let (Basic::Guid, Some(bytes)) = (basic, source.as_bytes()) {
        return match <[u8; 16]>::try_from(bytes) {
            Ok(bytes) => Ok(Value::Guid(guid::to_net(&bytes))),
            Err(_) => Err(Exception::new(
                names::ARGUMENT,
                "Byte array for Guid must be exactly 16 bytes long. (Parameter 'b')",
            )),
        };
    }
    change(source, *basic)
}

/// `Convert.ToInt32(value, CultureInfo.InvariantCulture)` and its like.
pub(super) fn change(source: &Value, target: Basic) -> Outcome {
    let args = std::slice::from_ref(source);
    match target {
        Basic::String => Ok(match source {
            Value::Null => Value::Null,
            other => Value::text(other.to_text()?),
        }),
        Basic::Bool => to_boolean(args),
        Basic::Double => to_double(args),
        Basic::Decimal => to_decimal(args),
        Basic::Float => Ok(numeric(&to_double(args)?, Basic::Float)),
        Basic::Char => match source {
            Value::Text(text) => {
                let mut units = text.encode_utf16();
                match (units.next(), units.next()) {
                    (Some(unit), None) => Ok(Value::Char(unit)),
                    _ => Err(Exception::format(
                        "String must be exactly one character long.",
                    )),
                }
            }
            Value::Char(_) => Ok(source.clone()),
            Value::Float(_) | Value::Double(_) | Value::Decimal(_) => Err(invalid(source, target)),
            other => Ok(numeric(
                &to_integer(std::slice::from_ref(other), Basic::UShort)?,
                Basic::Char,
            )),
        },
        Basic::DateTime => match source {
            Value::DateTime(_) => Ok(source.clone()),
            Value::DateTimeOffset(time) => Ok(Value::DateTime(DateTime {
                ticks: time.local_ticks,
                kind: Zone::Unspecified,
            })),
            Value::Text(text) => parse_date_time(text).map(Value::DateTime).ok_or_else(|| {
                Exception::format(format!(
                    "String '{}' was not recognized as a valid DateTime.",
                    text.as_str()
                ))
            }),
            other => Err(invalid(other, target)),
        },
        Basic::DateTimeOffset => match source {
            Value::DateTimeOffset(_) => Ok(source.clone()),
            Value::DateTime(time) => Ok(Value::DateTimeOffset(DateTimeOffset {
                local_ticks: time.ticks,
                offset_minutes: 0,
            })),
            Value::Text(text) => parse_offset(text)
                .map(Value::DateTimeOffset)
                .ok_or_else(|| {
                    Exception::format(format!(
                        "String '{}' was not recognized as a valid DateTime.",
                        text.as_str()
                    ))
                }),
            other => Err(invalid(other, target)),
        },
        Basic::TimeSpan => match source {
            Value::TimeSpan(_) => Ok(source.clone()),
            Value::Text(text) => parse_span(text).map(Value::TimeSpan).ok_or_else(|| {
                Exception::format(format!(
                    "String '{}' was not recognized as a valid TimeSpan.",
                    text.as_str()
                ))
            }),
            other => Err(invalid(other, target)),
        },
        Basic::Guid => match source {
            Value::Guid(_) => Ok(source.clone()),
            Value::Text(text) => guid::parse(text)
                .map(Value::Guid)
                .ok_or_else(|| Exception::format("Unrecognized Guid format.")),
            other => Err(invalid(other, target)),
        },
        integer if Type::Basic(integer).is_integral() => to_integer(args, integer),
        other => Err(invalid(source, other)),
    }
}

fn invalid(source: &Value, target: Basic) -> Exception {
    let from = type_of(source).map(|ty| ty.full_name()).unwrap_or_default();
    Exception::new(
        names::INVALID_CAST,
        format!("Invalid cast from '{from}' to '{}'.", target.full_name()),
    )
}

/// `Extensions.Convert<JToken, T>`, which `Value<T>` and `Values<T>` use.
pub(super) fn extract(budget: &mut Budget, token: Value, target: &Type) -> Outcome {
    let Some(node) = node_of(&token) else {
        return Ok(token);
    };
    if *target == Type::OBJECT || is_instance(&token, target) {
        return Ok(token);
    }
    let Some((_, value)) = node.scalar() else {
        return Err(Exception::new(
            names::INVALID_CAST,
            format!(
                "Cannot cast {} to Newtonsoft.Json.Linq.JToken.",
                node.type_of().full_name()
            ),
        ));
    };
    budget.charge_reading(&value)?;
    if is_instance(&value, target) {
        return Ok(value);
    }
    if value.is_null() {
        return if target.is_value_type() {
            Err(Exception::new(
                names::INVALID_CAST,
                "Null object cannot be converted to a value type.",
            ))
        } else {
            Ok(Value::Null)
        };
    }
    match target.unwrap_nullable() {
        // `ChangeType` knows only the types of `TypeCode`.
        Type::Basic(basic @ (Basic::Guid | Basic::TimeSpan | Basic::DateTimeOffset)) => {
            Err(invalid(&value, *basic))
        }
        Type::Basic(basic)
            if Type::Basic(*basic).is_numeric()
                || matches!(basic, Basic::Bool | Basic::String | Basic::DateTime) =>
        {
            match value {
                Value::Guid(_)
                | Value::TimeSpan(_)
                | Value::DateTimeOffset(_)
                | Value::Object(_) => Err(Exception::new(
                    names::INVALID_CAST,
                    "Object must implement IConvertible.",
                )),
                ref other => change(other, *basic),
            }
        }
        other => {
            let from = type_of(&value).map(|ty| ty.full_name()).unwrap_or_default();
            Err(Exception::new(
                names::INVALID_CAST,
                format!("Invalid cast from '{from}' to '{}'.", other.full_name()),
            ))
        }
    }
}
