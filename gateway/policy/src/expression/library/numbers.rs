//! Members of the numeric types.

use super::arguments::{double, optional_text, text, value};
use super::formatting::to_string_format;
use super::registry::Group;
use super::{compare_values, full, pure};
use crate::expression::exception::{Exception, names};
use crate::expression::machine::from_integer;
use crate::expression::number_parsing::{parse_double, parse_integer};
use crate::expression::types::Basic;
use crate::expression::value::Value;

/// `NumberStyles`-less parsing of an integer type, with its range.
fn parse(args: &[Value], basic: Basic, low: i128, high: i128) -> Result<Value, Exception> {
    let source = text(args, 0, "s")?;
    let number = parse_integer(source)?;
    if (low..=high).contains(&number) {
        Ok(from_integer(number, basic))
    } else {
        let article = if basic == Basic::Byte {
            "an unsigned byte"
        } else {
            name(basic)
        };
        Err(Exception::new(
            names::OVERFLOW,
            format!("Value was either too large or too small for {article}."),
        ))
    }
}

/// The type's name in messages.
fn name(basic: Basic) -> &'static str {
    match basic {
        Basic::SByte => "a signed byte",
        Basic::Short => "an Int16",
        Basic::UShort => "a UInt16",
        Basic::UInt => "a UInt32",
        Basic::Long => "an Int64",
        Basic::ULong => "a UInt64",
        _ => "an Int32",
    }
}

/// `CompareTo`.
fn compare(args: &[Value]) -> Result<Value, Exception> {
    let ordering = compare_values(&value(args, 0), &value(args, 1), None)?;
    Ok(Value::Int(ordering as i32))
}

macro_rules! integers {
    ($($group:ident $owner:literal $basic:ident $rust:ty, $parse:literal, $try_parse:literal,
        $compare:literal, $min:literal, $max:literal;)*) => {$(
        pub(super) static $group: Group = Group {
            owner: $owner,
            entries: &[
                pure("string ToString(string format)", to_string_format),
                pure($compare, |_, args| compare(args)),
                pure($parse, |_, args| {
                    parse(args, Basic::$basic, <$rust>::MIN as i128, <$rust>::MAX as i128)
                }),
                full($try_parse, |machine, args| {
                    let parsed = match optional_text(args, 0) {
                        Some(_) => parse(args, Basic::$basic, <$rust>::MIN as i128, <$rust>::MAX as i128).ok(),
                        None => None,
                    };
                    let found = parsed.is_some();
                    machine.outs.push(parsed.unwrap_or_else(|| from_integer(0, Basic::$basic)));
                    Ok(Value::Bool(found))
                }),
                pure($min, |_, _| Ok(Value::$basic(<$rust>::MIN))),
                pure($max, |_, _| Ok(Value::$basic(<$rust>::MAX))),
            ],
        };
    )*};
}

integers! {
    SBYTE "sbyte" SByte i8, "static sbyte Parse(string s)", "static bool TryParse(string s, out sbyte result)",
        "int CompareTo(sbyte value)", "static sbyte MinValue", "static sbyte MaxValue";
    BYTE "byte" Byte u8, "static byte Parse(string s)", "static bool TryParse(string s, out byte result)",
        "int CompareTo(byte value)", "static byte MinValue", "static byte MaxValue";
    SHORT "short" Short i16, "static short Parse(string s)", "static bool TryParse(string s, out short result)",
        "int CompareTo(short value)", "static short MinValue", "static short MaxValue";
    USHORT "ushort" UShort u16, "static ushort Parse(string s)", "static bool TryParse(string s, out ushort result)",
        "int CompareTo(ushort value)", "static ushort MinValue", "static ushort MaxValue";
    INT "int" Int i32, "static int Parse(string s)", "static bool TryParse(string s, out int result)",
        "int CompareTo(int value)", "static int MinValue", "static int MaxValue";
    UINT "uint" UInt u32, "static uint Parse(string s)", "static bool TryParse(string s, out uint result)",
        "int CompareTo(uint value)", "static uint MinValue", "static uint MaxValue";
    LONG "long" Long i64, "static long Parse(string s)", "static bool TryParse(string s, out long result)",
        "int CompareTo(long value)", "static long MinValue", "static long MaxValue";
    ULONG "ulong" ULong u64, "static ulong Parse(string s)", "static bool TryParse(string s, out ulong result)",
        "int CompareTo(ulong value)", "static ulong MinValue", "static ulong MaxValue";
}

macro_rules! reals {
    ($($group:ident $owner:literal $basic:ident $rust:ty, $parse:literal, $try_parse:literal, $compare:literal,
        $nan:literal, $infinite:literal, [$($constant:literal $value:expr),*];)*) => {$(
        #[allow(clippy::cast_possible_truncation, trivial_numeric_casts, reason = "float parses as double does")]
        pub(super) static $group: Group = Group {
            owner: $owner,
            entries: &[
                pure("string ToString(string format)", to_string_format),
                pure($compare, |_, args| compare(args)),
                pure($parse, |_, args| parse_double(text(args, 0, "s")?).map(|v| Value::$basic(v as $rust))),
                full($try_parse, |machine, args| {
                    let parsed = optional_text(args, 0).and_then(|text| parse_double(text).ok());
                    machine.outs.push(Value::$basic(parsed.unwrap_or_default() as $rust));
                    Ok(Value::Bool(parsed.is_some()))
                }),
                pure($nan, |_, args| Ok(Value::Bool(double(args, 0).is_nan()))),
                pure($infinite, |_, args| Ok(Value::Bool(double(args, 0).is_infinite()))),
                $(pure($constant, |_, _| Ok(Value::$basic($value))),)*
            ],
        };
    )*};
}

reals! {
    FLOAT "float" Float f32, "static float Parse(string s)", "static bool TryParse(string s, out float result)",
        "int CompareTo(float value)", "static bool IsNaN(float f)", "static bool IsInfinity(float f)",
        ["static float MinValue" f32::MIN, "static float MaxValue" f32::MAX, "static float NaN" f32::NAN];
    DOUBLE "double" Double f64, "static double Parse(string s)", "static bool TryParse(string s, out double result)",
        "int CompareTo(double value)", "static bool IsNaN(double d)", "static bool IsInfinity(double d)",
        ["static double MinValue" f64::MIN, "static double MaxValue" f64::MAX, "static double NaN" f64::NAN,
         "static double PositiveInfinity" f64::INFINITY, "static double NegativeInfinity" f64::NEG_INFINITY];
}
