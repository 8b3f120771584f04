//! Members of `String` and `Char` that compare, search and test parts.

use super::arguments::{
    elements, ignores_case, index, int, optional_text, text, unit, units, value,
};
use super::characters::is_decimal_digit;
use super::registry::Group;
use super::string_making::{join, made, trim};
use super::strings::{Pure, compare, int_of, order};
use super::{full, pure};
use crate::expression::exception::{Exception, names};
use crate::expression::object::Object;
use crate::expression::text::{Text, unit_to_string, utf16_at, utf16_len, utf16_slice};
use crate::expression::types::Type;
use crate::expression::value::Value;

pub(super) static STRING_MEMBERS: Group = Group {
    owner: "string",
    entries: &[
        pure("string Trim(char trimChar)", |budget, args| {
            trim(budget, &one_unit(args), true, true)
        }),
        pure("string TrimStart(char trimChar)", |budget, args| {
            trim(budget, &one_unit(args), true, false)
        }),
        pure("string TrimEnd(char trimChar)", |budget, args| {
            trim(budget, &one_unit(args), false, true)
        }),
        pure(
            "int LastIndexOf(string value, int startIndex)",
            |_, args| last_index_from(args),
        ),
        pure("int LastIndexOf(char value, int startIndex)", |_, args| {
            last_index_from(args)
        }),
        pure("int IndexOfAny(char[] anyOf, int startIndex)", |_, args| {
            let all: Vec<u16> = text(args, 0, "this")?.encode_utf16().collect();
            let wanted = units(args, 1);
            let start = index(args, 2, RANGE, "startIndex")?;
            let part = all
                .get(start..)
                .ok_or_else(|| Exception::argument_range(RANGE, "startIndex"))?;
            let found = part.iter().position(|unit| wanted.contains(unit));
            Ok(found.map_or(Value::Int(-1), |at| int_of(start + at)))
        }),
        pure("int LastIndexOfAny(char[] anyOf)", |_, args| {
            let all: Vec<u16> = text(args, 0, "this")?.encode_utf16().collect();
            let wanted = units(args, 1);
            let found = all.iter().rposition(|unit| wanted.contains(unit));
            Ok(found.map_or(Value::Int(-1), int_of))
        }),
        pure(
            "static int Compare(string strA, int indexA, string strB, int indexB, int length)",
            |_, args| compare_parts(args, false, true),
        ),
        pure(
            "static int Compare(string strA, int indexA, string strB, int indexB, int length, bool ignoreCase)",
            |_, args| compare_parts(args, super::arguments::boolean(args, 5), true),
        ),
        pure(
            "static int Compare(string strA, int indexA, string strB, int indexB, int length, StringComparison comparisonType)",
            |_, args| compare_parts(args, ignores_case(args, 5), int(args, 5) < 4),
        ),
        pure(
            "static int CompareOrdinal(string strA, int indexA, string strB, int indexB, int length)",
            |_, args| compare_parts(args, false, false),
        ),
        pure(
            "char[] ToCharArray(int startIndex, int length)",
            |budget, args| {
                let all: Vec<u16> = text(args, 0, "this")?.encode_utf16().collect();
                let start = index(args, 1, RANGE, "startIndex")?;
                let length = index(args, 2, RANGE, "length")?;
                budget.allocate(length.saturating_mul(size_of::<Value>()))?;
                let part = start
                    .checked_add(length)
                    .and_then(|end| all.get(start..end))
                    .ok_or_else(|| Exception::argument_range(RANGE, "startIndex"))?;
                let items = part.iter().map(|unit| Value::Char(*unit)).collect();
                Ok(Value::object(Object::array(Type::CHAR, items)))
            },
        ),
        full(
            "static string Join(string separator, string[] value, int startIndex, int count)",
            |machine, args| {
                let items = elements(args, 1);
                let start = index(args, 2, RANGE, "startIndex")?;
                let count = index(args, 3, "Count cannot be less than zero.", "count")?;
                let part = start
                    .checked_add(count)
                    .and_then(|end| items.get(start..end))
                    .ok_or_else(|| Exception::argument_range(RANGE, "startIndex"))?;
                let part = Value::object(Object::array(Type::STRING, part.to_vec()));
                join(machine, &[value(args, 0), part])
            },
        ),
        full(
            "static string Join(char separator, params object[] values)",
            join,
        ),
        full(
            "static string Join<T>(char separator, IEnumerable<T> values)",
            join,
        ),
        pure("static string Copy(string str)", |_, args| {
            Ok(Value::Text(text(args, 0, "str")?.clone()))
        }),
        pure("object Clone()", |_, args| {
            Ok(Value::Text(text(args, 0, "this")?.clone()))
        }),
    ],
};

const RANGE: &str = "Index was out of range. Must be non-negative and less than or equal to the size \
                     of the collection.";

/// The receiver, and the character in argument 1 as an array.
fn one_unit(args: &[Value]) -> [Value; 2] {
    let items = vec![value(args, 1)];
    [
        value(args, 0),
        Value::object(Object::array(Type::CHAR, items)),
    ]
}

/// Searches backwards from `startIndex`, where the match must end at the latest.
fn last_index_from(args: &[Value]) -> Pure {
    let this: Vec<u16> = text(args, 0, "this")?.encode_utf16().collect();
    let needle: Vec<u16> = match args.get(1) {
        Some(Value::Char(unit)) => vec![*unit],
        _ => text(args, 1, "value")?.encode_utf16().collect(),
    };
    if this.is_empty() {
        return Ok(Value::Int(if needle.is_empty() { 0 } else { -1 }));
    }
    let start = index(args, 2, RANGE, "startIndex")?;
    if start > this.len() {
        return Err(Exception::argument_range(RANGE, "startIndex"));
    }
    let end = (start + 1).min(this.len());
    let part = this.get(..end).unwrap_or_default();
    if needle.is_empty() {
        return Ok(int_of(end));
    }
    let found = part
        .windows(needle.len())
        .rposition(|window| window == needle.as_slice());
    Ok(found.map_or(Value::Int(-1), int_of))
}

fn compare_parts(args: &[Value], ignore_case: bool, culture: bool) -> Pure {
    let length = index(args, 4, "Length cannot be less than zero.", "length")?;
    let part = |at: usize, name: &str| -> Result<Value, Exception> {
        let Some(source) = optional_text(args, at) else {
            return Ok(Value::Null);
        };
        let start = index(args, at + 1, RANGE, name)?;
        let rest = utf16_len(source)
            .checked_sub(start)
            .ok_or_else(|| Exception::argument_range(RANGE, name))?;
        let part = utf16_slice(source, start, length.min(rest)).unwrap_or_default();
        Ok(Value::Text(Text::new(part)))
    };
    let parts = [part(0, "indexA")?, part(2, "indexB")?];
    Ok(order(compare(&parts, ignore_case, culture)))
}

pub(super) static CHAR_MEMBERS: Group = Group {
    owner: "char",
    entries: &[
        pure("static bool IsDigit(string s, int index)", |_, args| {
            tested(args, is_decimal_digit)
        }),
        pure("static bool IsLetter(string s, int index)", |_, args| {
            tested(args, char::is_alphabetic)
        }),
        pure(
            "static bool IsLetterOrDigit(string s, int index)",
            |_, args| tested(args, |c| c.is_alphabetic() || is_decimal_digit(c)),
        ),
        pure(
            "static bool IsWhiteSpace(string s, int index)",
            |_, args| tested(args, char::is_whitespace),
        ),
        pure("static bool IsUpper(string s, int index)", |_, args| {
            tested(args, char::is_uppercase)
        }),
        pure("static bool IsLower(string s, int index)", |_, args| {
            tested(args, char::is_lowercase)
        }),
        pure("static bool IsControl(string s, int index)", |_, args| {
            tested(args, char::is_control)
        }),
        pure("static bool IsSurrogate(char c)", |_, args| {
            Ok(Value::Bool((0xd800..=0xdfff).contains(&unit(args, 0))))
        }),
        pure("static bool IsHighSurrogate(char c)", |_, args| {
            Ok(Value::Bool((0xd800..=0xdbff).contains(&unit(args, 0))))
        }),
        pure("static bool IsLowSurrogate(char c)", |_, args| {
            Ok(Value::Bool((0xdc00..=0xdfff).contains(&unit(args, 0))))
        }),
        pure(
            "static bool IsSurrogatePair(char highSurrogate, char lowSurrogate)",
            |_, args| {
                Ok(Value::Bool(
                    (0xd800..=0xdbff).contains(&unit(args, 0))
                        && (0xdc00..=0xdfff).contains(&unit(args, 1)),
                ))
            },
        ),
        pure(
            "static string ConvertFromUtf32(int utf32)",
            |budget, args| {
                let c = u32::try_from(int(args, 0))
                .ok()
                .and_then(char::from_u32)
                .ok_or_else(|| {
                    Exception::argument_range(
                        "A valid UTF32 value is between 0x000000 and 0x10ffff, inclusive, and should \
                         not include surrogate codepoint values (0x00d800 ~ 0x00dfff).",
                        "utf32",
                    )
                })?;
                made(budget, c.to_string())
            },
        ),
        pure(
            "static int ConvertToUtf32(string s, int index)",
            |_, args| {
                let source = text(args, 0, "s")?;
                let at = index(args, 1, RANGE, "index")?;
                let high = utf16_at(source, at)
                    .ok_or_else(|| Exception::argument_range(RANGE, "index"))?;
                let low = utf16_at(source, at.saturating_add(1));
                let pair = [high, low.unwrap_or_default()];
                match char::decode_utf16(pair).next() {
                    Some(Ok(c)) => Ok(Value::Int(i32::try_from(u32::from(c)).unwrap_or_default())),
                    _ => Err(Exception::new(
                        names::ARGUMENT,
                        format!(
                            "Found a high surrogate char without a following low surrogate at index: {at}. (Parameter 's')"
                        ),
                    )),
                }
            },
        ),
        full(
            "static bool TryParse(string s, out char result)",
            |machine, args| {
                let mut all = optional_text(args, 0)
                    .map(|text| text.encode_utf16().take(2).collect::<Vec<u16>>())
                    .unwrap_or_default();
                let only = if all.len() == 1 { all.pop() } else { None };
                machine.outs.push(Value::Char(only.unwrap_or_default()));
                Ok(Value::Bool(only.is_some()))
            },
        ),
    ],
};

/// Tests the UTF-16 unit of the string in argument 0 at the index in argument 1.
fn tested(args: &[Value], predicate: impl Fn(char) -> bool) -> Pure {
    let at = index(args, 1, RANGE, "index")?;
    let unit = utf16_at(text(args, 0, "s")?, at)
        .ok_or_else(|| Exception::argument_range(RANGE, "index"))?;
    Ok(Value::Bool(
        unit_to_string(unit)
            .chars()
            .next()
            .is_some_and(|c| c != char::REPLACEMENT_CHARACTER && predicate(c)),
    ))
}
