//! `Char`.

use super::arguments::{text, unit};
use super::pure;
use super::registry::Group;
use crate::expression::exception::Exception;
use crate::expression::key::{lower, upper};
use crate::expression::text::unit_to_string;
use crate::expression::value::Value;

pub(super) static CHAR: Group = Group {
    owner: "char",
    entries: &[
        pure("static bool IsDigit(char c)", |_, args| {
            Ok(test(args, is_decimal_digit))
        }),
        pure("static bool IsLetter(char c)", |_, args| {
            Ok(test(args, char::is_alphabetic))
        }),
        pure("static bool IsLetterOrDigit(char c)", |_, args| {
            Ok(test(args, |c| c.is_alphabetic() || is_decimal_digit(c)))
        }),
        pure("static bool IsWhiteSpace(char c)", |_, args| {
            Ok(test(args, char::is_whitespace))
        }),
        pure("static bool IsUpper(char c)", |_, args| {
            Ok(test(args, char::is_uppercase))
        }),
        pure("static bool IsLower(char c)", |_, args| {
            Ok(test(args, char::is_lowercase))
        }),
        pure("static bool IsNumber(char c)", |_, args| {
            Ok(test(args, char::is_numeric))
        }),
        pure("static bool IsControl(char c)", |_, args| {
            Ok(test(args, char::is_control))
        }),
        pure("static bool IsPunctuation(char c)", |_, args| {
            Ok(test(args, |c| {
                c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c)
            }))
        }),
        pure("static char ToLower(char c)", |_, args| {
            Ok(map_unit(args, lower))
        }),
        pure("static char ToLowerInvariant(char c)", |_, args| {
            Ok(map_unit(args, lower))
        }),
        pure("static char ToUpper(char c)", |_, args| {
            Ok(map_unit(args, upper))
        }),
        pure("static char ToUpperInvariant(char c)", |_, args| {
            Ok(map_unit(args, upper))
        }),
        pure("static string ToString(char c)", |_, args| {
            Ok(Value::text(unit_to_string(unit(args, 0))))
        }),
        pure("static double GetNumericValue(char c)", |_, args| {
            let digit = char::from_u32(u32::from(unit(args, 0))).and_then(|c| c.to_digit(10));
            Ok(Value::Double(digit.map_or(-1.0, f64::from)))
        }),
        pure("static char Parse(string s)", |_, args| {
            let this = text(args, 0, "s")?;
            let mut all = this.encode_utf16();
            match (all.next(), all.next()) {
                (Some(unit), None) => Ok(Value::Char(unit)),
                _ => Err(Exception::format(
                    "String must be exactly one character long.",
                )),
            }
        }),
        pure("int CompareTo(char value)", |_, args| {
            Ok(Value::Int(
                i32::from(unit(args, 0)) - i32::from(unit(args, 1)),
            ))
        }),
        pure("static char MinValue", |_, _| Ok(Value::Char(0))),
        pure("static char MaxValue", |_, _| Ok(Value::Char(u16::MAX))),
    ],
};

pub(super) fn is_decimal_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric() && !c.is_alphabetic())
}

pub(super) fn test(args: &[Value], predicate: impl Fn(char) -> bool) -> Value {
    Value::Bool(char::from_u32(u32::from(unit(args, 0))).is_some_and(predicate))
}

pub(super) fn map_unit(args: &[Value], map: impl Fn(char) -> char) -> Value {
    let unit = unit(args, 0);
    let mapped = char::from_u32(u32::from(unit))
        .map(map)
        .and_then(|c| u16::try_from(u32::from(c)).ok());
    Value::Char(mapped.unwrap_or(unit))
}
