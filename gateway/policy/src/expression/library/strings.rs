//! `String`, `Char` and `StringComparer`. Indexes count UTF-16 units.

use std::cmp::Ordering;

use super::arguments::{
    elements, ignores_case, index, int, optional_text, text, unit, units, value, without_token,
};
use super::formatting::format;
use super::registry::Group;
use super::{full, pure};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::key::{fold, lower, upper};
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::text::{
    Text, byte_offset, unit_to_string, utf16_at, utf16_index, utf16_len, utf16_slice,
};
use crate::expression::types::Type;
use crate::expression::value::Value;

type Pure = Result<Value, Exception>;

pub(super) static STRING: Group = Group {
    owner: "string",
    entries: &[
        pure("static string Empty", |_, _| {
            Ok(Value::Text(Text::literal("")))
        }),
        pure("int Length", |_, args| {
            Ok(int_of(utf16_len(text(args, 0, "this")?)))
        }),
        pure("char this[int index]", |budget, args| {
            let this = text(args, 0, "this")?;
            budget.charge(if this.is_ascii() {
                0
            } else {
                this.len() as u64 / 16
            })?;
            usize::try_from(int(args, 1))
                .ok()
                .and_then(|index| utf16_at(this, index))
                .map(Value::Char)
                .ok_or_else(Exception::index_range)
        }),
        pure("string ToString()", |_, args| Ok(value(args, 0))),
        pure("bool Contains(string value)", |_, args| {
            let needle = text(args, 1, "value")?;
            Ok(Value::Bool(
                text(args, 0, "this")?.contains(needle.as_str()),
            ))
        }),
        pure("bool Contains(char value)", |_, args| {
            Ok(Value::Bool(
                text(args, 0, "this")?
                    .encode_utf16()
                    .any(|u| u == unit(args, 1)),
            ))
        }),
        pure(
            "bool Contains(string value, StringComparison comparisonType)",
            |_, args| {
                let (this, needle) = folded(args, ignores_case(args, 2))?;
                Ok(Value::Bool(this.contains(&needle)))
            },
        ),
        pure("bool StartsWith(string value)", |_, args| {
            let needle = text(args, 1, "value")?;
            Ok(Value::Bool(
                text(args, 0, "this")?.starts_with(needle.as_str()),
            ))
        }),
        pure("bool StartsWith(char value)", |_, args| {
            Ok(Value::Bool(
                utf16_at(text(args, 0, "this")?, 0) == Some(unit(args, 1)),
            ))
        }),
        pure(
            "bool StartsWith(string value, StringComparison comparisonType)",
            |_, args| {
                let (this, needle) = folded(args, ignores_case(args, 2))?;
                Ok(Value::Bool(this.starts_with(&needle)))
            },
        ),
        pure("bool EndsWith(string value)", |_, args| {
            let needle = text(args, 1, "value")?;
            Ok(Value::Bool(
                text(args, 0, "this")?.ends_with(needle.as_str()),
            ))
        }),
        pure("bool EndsWith(char value)", |_, args| {
            let last = text(args, 0, "this")?.encode_utf16().last();
            Ok(Value::Bool(last == Some(unit(args, 1))))
        }),
        pure(
            "bool EndsWith(string value, StringComparison comparisonType)",
            |_, args| {
                let (this, needle) = folded(args, ignores_case(args, 2))?;
                Ok(Value::Bool(this.ends_with(&needle)))
            },
        ),
        pure("bool Equals(string value)", |_, args| {
            Ok(Value::Bool(
                optional_text(args, 0) == optional_text(args, 1),
            ))
        }),
        pure(
            "bool Equals(string value, StringComparison comparisonType)",
            equals_comparison,
        ),
        pure("static bool Equals(string a, string b)", |_, args| {
            Ok(Value::Bool(
                optional_text(args, 0) == optional_text(args, 1),
            ))
        }),
        pure(
            "static bool Equals(string a, string b, StringComparison comparisonType)",
            equals_comparison,
        ),
        pure("static int Compare(string strA, string strB)", |_, args| {
            Ok(order(compare(args, false, true)))
        }),
        pure(
            "static int Compare(string strA, string strB, bool ignoreCase)",
            |_, args| {
                let ignore = matches!(args.get(2), Some(Value::Bool(true)));
                Ok(order(compare(args, ignore, true)))
            },
        ),
        pure(
            "static int Compare(string strA, string strB, StringComparison comparisonType)",
            |_, args| {
                Ok(order(compare(
                    args,
                    ignores_case(args, 2),
                    int(args, 2) < 4,
                )))
            },
        ),
        pure(
            "static int CompareOrdinal(string strA, string strB)",
            |_, args| Ok(order(compare(args, false, false))),
        ),
        pure("int CompareTo(string strB)", |_, args| {
            Ok(order(compare(args, false, true)))
        }),
        pure("int IndexOf(string value)", |_, args| {
            index_of(args, 0, None, false)
        }),
        pure("int IndexOf(char value)", |_, args| {
            index_of(args, 0, None, false)
        }),
        pure("int IndexOf(string value, int startIndex)", |_, args| {
            index_of(args, int(args, 2), None, false)
        }),
        pure("int IndexOf(char value, int startIndex)", |_, args| {
            index_of(args, int(args, 2), None, false)
        }),
        pure(
            "int IndexOf(string value, int startIndex, int count)",
            |_, args| index_of(args, int(args, 2), Some(int(args, 3)), false),
        ),
        pure(
            "int IndexOf(char value, int startIndex, int count)",
            |_, args| index_of(args, int(args, 2), Some(int(args, 3)), false),
        ),
        pure(
            "int IndexOf(string value, StringComparison comparisonType)",
            |_, args| index_of(args, 0, None, ignores_case(args, 2)),
        ),
        pure(
            "int IndexOf(string value, int startIndex, StringComparison comparisonType)",
            |_, args| index_of(args, int(args, 2), None, ignores_case(args, 3)),
        ),
        pure("int LastIndexOf(string value)", |_, args| {
            last_index_of(args, false)
        }),
        pure("int LastIndexOf(char value)", |_, args| {
            last_index_of(args, false)
        }),
        pure(
            "int LastIndexOf(string value, StringComparison comparisonType)",
            |_, args| last_index_of(args, ignores_case(args, 2)),
        ),
        pure("int IndexOfAny(char[] anyOf)", |_, args| {
            let wanted = units(args, 1);
            let found = text(args, 0, "this")?
                .encode_utf16()
                .position(|u| wanted.contains(&u));
            Ok(found.map_or(Value::Int(-1), int_of))
        }),
        pure("string Substring(int startIndex)", |budget, args| {
            let this = text(args, 0, "this")?;
            let length = utf16_len(this);
            let start = substring_start(args, length)?;
            slice(budget, this, start, length - start)
        }),
        pure(
            "string Substring(int startIndex, int length)",
            |budget, args| {
                let this = text(args, 0, "this")?;
                let start = substring_start(args, utf16_len(this))?;
                let length = index(args, 2, "Length cannot be less than zero.", "length")?;
                if start.saturating_add(length) > utf16_len(this) {
                    return Err(Exception::argument_range(
                        "Index and length must refer to a location within the string.",
                        "length",
                    ));
                }
                slice(budget, this, start, length)
            },
        ),
        pure("string Remove(int startIndex)", |budget, args| {
            let this = text(args, 0, "this")?;
            let start = substring_start(args, utf16_len(this))?;
            slice(budget, this, 0, start)
        }),
        pure(
            "string Remove(int startIndex, int count)",
            |budget, args| {
                let this = text(args, 0, "this")?;
                let length = utf16_len(this);
                let start = index(
                    args,
                    1,
                    "StartIndex cannot be less than zero.",
                    "startIndex",
                )?;
                let count = index(args, 2, "Count cannot be less than zero.", "count")?;
                if start.saturating_add(count) > length {
                    return Err(Exception::argument_range(
                        "Index and count must refer to a location within the string.",
                        "count",
                    ));
                }
                let head = utf16_slice(this, 0, start).unwrap_or_default();
                let tail =
                    utf16_slice(this, start + count, length - start - count).unwrap_or_default();
                made(budget, head + &tail)
            },
        ),
        pure(
            "string Insert(int startIndex, string value)",
            |budget, args| {
                let this = text(args, 0, "this")?;
                let part = text(args, 2, "value")?;
                let offset = usize::try_from(int(args, 1))
                .ok()
                .and_then(|index| byte_offset(this, index))
                .ok_or_else(|| {
                    Exception::argument_range(
                        "Index was out of range. Must be non-negative and less than or equal to the \
                         size of the collection.",
                        "startIndex",
                    )
                })?;
                let (head, tail) = this.split_at_checked(offset).unwrap_or((this, ""));
                made(budget, format!("{head}{}{tail}", part.as_str()))
            },
        ),
        pure(
            "string Replace(string oldValue, string newValue)",
            |budget, args| {
                let this = text(args, 0, "this")?;
                let old = text(args, 1, "oldValue")?;
                let new = optional_text(args, 2).map_or("", |text| text);
                if old.is_empty() {
                    return Err(empty_old_value());
                }
                charge_replace(budget, this, old, new)?;
                made(budget, this.replace(old.as_str(), new))
            },
        ),
        pure(
            "string Replace(char oldChar, char newChar)",
            |budget, args| {
                let units: Vec<u16> = text(args, 0, "this")?
                    .encode_utf16()
                    .map(|u| if u == unit(args, 1) { unit(args, 2) } else { u })
                    .collect();
                made(budget, String::from_utf16_lossy(&units))
            },
        ),
        pure(
            "string Replace(string oldValue, string newValue, StringComparison comparisonType)",
            replace_comparison,
        ),
        pure("string[] Split(params char[] separator)", split),
        pure("string[] Split(char[] separator, int count)", split),
        pure(
            "string[] Split(char[] separator, StringSplitOptions options)",
            split,
        ),
        pure(
            "string[] Split(char[] separator, int count, StringSplitOptions options)",
            split,
        ),
        pure(
            "string[] Split(char separator, StringSplitOptions options = 0)",
            split,
        ),
        pure(
            "string[] Split(char separator, int count, StringSplitOptions options = 0)",
            split,
        ),
        pure(
            "string[] Split(string separator, StringSplitOptions options = 0)",
            split,
        ),
        pure(
            "string[] Split(string separator, int count, StringSplitOptions options = 0)",
            split,
        ),
        pure(
            "string[] Split(string[] separator, StringSplitOptions options)",
            split,
        ),
        pure(
            "string[] Split(string[] separator, int count, StringSplitOptions options)",
            split,
        ),
        pure("string Trim()", |budget, args| {
            made(budget, text(args, 0, "this")?.trim().to_owned())
        }),
        pure("string Trim(params char[] trimChars)", |b, args| {
            trim(b, args, true, true)
        }),
        pure("string TrimStart(params char[] trimChars)", |b, args| {
            trim(b, args, true, false)
        }),
        pure("string TrimEnd(params char[] trimChars)", |b, args| {
            trim(b, args, false, true)
        }),
        pure("string ToLower()", |b, args| mapped(b, args, lower)),
        pure("string ToLowerInvariant()", |b, args| {
            mapped(b, args, lower)
        }),
        pure("string ToUpper()", |b, args| mapped(b, args, upper)),
        pure("string ToUpperInvariant()", |b, args| {
            mapped(b, args, upper)
        }),
        pure(
            "string PadLeft(int totalWidth, char paddingChar = null)",
            |b, args| pad(b, args, true),
        ),
        pure(
            "string PadRight(int totalWidth, char paddingChar = null)",
            |b, args| pad(b, args, false),
        ),
        pure("char[] ToCharArray()", |budget, args| {
            let this = text(args, 0, "this")?;
            budget.allocate(this.len().saturating_mul(size_of::<Value>()))?;
            let items = this.encode_utf16().map(Value::Char).collect();
            Ok(Value::object(Object::array(Type::CHAR, items)))
        }),
        pure("static bool IsNullOrEmpty(string value)", |_, args| {
            Ok(Value::Bool(
                optional_text(args, 0).is_none_or(|text| text.is_empty()),
            ))
        }),
        pure("static bool IsNullOrWhiteSpace(string value)", |_, args| {
            Ok(Value::Bool(
                optional_text(args, 0).is_none_or(|text| text.trim().is_empty()),
            ))
        }),
        full(
            "static string Join(string separator, params string[] value)",
            join,
        ),
        full(
            "static string Join(string separator, params object[] values)",
            join,
        ),
        full(
            "static string Join<T>(string separator, IEnumerable<T> values)",
            join,
        ),
        full(
            "static string Join(char separator, params string[] value)",
            join,
        ),
        full("static string Concat(params string[] values)", concat),
        full("static string Concat(params object[] args)", concat),
        full("static string Concat<T>(IEnumerable<T> values)", concat),
        full(
            "static string Format(string format, params object[] args)",
            |machine, args| format(machine.budget, args),
        ),
        pure("new(char c, int count)", |budget, args| {
            let count = index(args, 1, "'count' must be non-negative.", "count")?;
            budget.allocate(count.saturating_mul(3))?;
            Ok(Value::text(unit_to_string(unit(args, 0)).repeat(count)))
        }),
        pure("new(char[] value)", |budget, args| {
            made(budget, String::from_utf16_lossy(&units(args, 0)))
        }),
        pure(
            "new(char[] value, int startIndex, int length)",
            |budget, args| {
                let all = units(args, 0);
                let start = index(
                    args,
                    1,
                    "StartIndex cannot be less than zero.",
                    "startIndex",
                )?;
                let length = index(args, 2, "Length cannot be less than zero.", "length")?;
                let part = start
                    .checked_add(length)
                    .and_then(|end| all.get(start..end))
                    .ok_or_else(|| {
                        Exception::argument_range("Index was out of range.", "startIndex")
                    })?;
                made(budget, String::from_utf16_lossy(part))
            },
        ),
    ],
};

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

pub(super) static COMPARER: Group = Group {
    owner: "StringComparer",
    entries: &[
        pure("static StringComparer Ordinal", |_, _| Ok(comparer(false))),
        pure("static StringComparer OrdinalIgnoreCase", |_, _| {
            Ok(comparer(true))
        }),
        pure("static StringComparer InvariantCulture", |_, _| {
            Ok(comparer(false))
        }),
        pure(
            "static StringComparer InvariantCultureIgnoreCase",
            |_, _| Ok(comparer(true)),
        ),
        pure("static StringComparer CurrentCulture", |_, _| {
            Ok(comparer(false))
        }),
        pure("static StringComparer CurrentCultureIgnoreCase", |_, _| {
            Ok(comparer(true))
        }),
        pure("bool Equals(string x, string y)", |_, args| {
            let ignore = comparer_ignores_case(args, 0);
            let equal = match (optional_text(args, 1), optional_text(args, 2)) {
                (Some(a), Some(b)) if ignore => fold(a) == fold(b),
                (a, b) => a == b,
            };
            Ok(Value::Bool(equal))
        }),
        pure("int Compare(string x, string y)", |_, args| {
            let ignore = comparer_ignores_case(args, 0);
            let rest = args.get(1..).unwrap_or_default();
            Ok(order(compare(rest, ignore, false)))
        }),
    ],
};

fn comparer(ignore_case: bool) -> Value {
    Value::object(Object::Comparer { ignore_case })
}

/// Whether the comparer at `index` ignores case; `false` for none.
pub(super) fn comparer_ignores_case(args: &[Value], index: usize) -> bool {
    match args.get(index) {
        Some(Value::Object(object)) => {
            matches!(object.as_ref(), Object::Comparer { ignore_case: true })
        }
        _ => false,
    }
}

fn is_decimal_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric() && !c.is_alphabetic())
}

fn test(args: &[Value], predicate: impl Fn(char) -> bool) -> Value {
    Value::Bool(char::from_u32(u32::from(unit(args, 0))).is_some_and(predicate))
}

fn map_unit(args: &[Value], map: impl Fn(char) -> char) -> Value {
    let unit = unit(args, 0);
    let mapped = char::from_u32(u32::from(unit))
        .map(map)
        .and_then(|c| u16::try_from(u32::from(c)).ok());
    Value::Char(mapped.unwrap_or(unit))
}

pub(super) fn int_of(value: usize) -> Value {
    Value::Int(i32::try_from(value).unwrap_or(i32::MAX))
}

fn order(ordering: Ordering) -> Value {
    Value::Int(match ordering {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

/// Pays for and wraps a new string.
pub(super) fn made(budget: &mut Budget, content: String) -> Pure {
    budget.allocate(content.len())?;
    Ok(Value::text(content))
}

fn slice(budget: &mut Budget, this: &Text, start: usize, length: usize) -> Pure {
    if start == 0 && length == this.len() {
        return Ok(Value::Text(this.clone()));
    }
    let content = utf16_slice(this, start, length).ok_or_else(Exception::index_range)?;
    made(budget, content)
}

fn substring_start(args: &[Value], length: usize) -> Result<usize, Exception> {
    let start = index(
        args,
        1,
        "StartIndex cannot be less than zero.",
        "startIndex",
    )?;
    if start > length {
        return Err(Exception::argument_range(
            "startIndex cannot be larger than length of string.",
            "startIndex",
        ));
    }
    Ok(start)
}

/// Receiver and first argument, in upper case if case does not matter.
fn folded(args: &[Value], ignore_case: bool) -> Result<(String, String), Exception> {
    let this = text(args, 0, "this")?;
    let other = text(args, 1, "value")?;
    Ok(if ignore_case {
        (fold(this), fold(other))
    } else {
        (this.to_string(), other.to_string())
    })
}

fn equals_comparison(_: &mut Budget, args: &[Value]) -> Pure {
    let equal = match (optional_text(args, 0), optional_text(args, 1)) {
        (Some(a), Some(b)) if ignores_case(args, 2) => fold(a) == fold(b),
        (a, b) => a == b,
    };
    Ok(Value::Bool(equal))
}

fn compare(args: &[Value], ignore_case: bool, culture: bool) -> Ordering {
    match (optional_text(args, 0), optional_text(args, 1)) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(a), Some(b)) if culture => compare_culture(a, b, ignore_case),
        (Some(a), Some(b)) if ignore_case => compare_ordinal(&fold(a), &fold(b)),
        (Some(a), Some(b)) => compare_ordinal(a, b),
    }
}

/// By UTF-16 units.
pub(super) fn compare_ordinal(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        a.cmp(b)
    } else {
        a.encode_utf16().cmp(b.encode_utf16())
    }
}

/// The invariant culture's order as far as letters, digits and the rest go: symbols before digits
/// before letters, letters without regard to case, small before capital where that is all.
pub(super) fn compare_culture(a: &str, b: &str, ignore_case: bool) -> Ordering {
    let class = |c: char| {
        (
            if c.is_alphabetic() {
                2
            } else {
                u8::from(c.is_numeric())
            },
            lower(c),
        )
    };
    let letters = a.chars().map(class).cmp(b.chars().map(class));
    if ignore_case || letters != Ordering::Equal {
        return letters;
    }
    let case = |c: char| c.is_uppercase();
    a.chars().map(case).cmp(b.chars().map(case))
}

/// The string or character at argument 1.
fn needle(args: &[Value]) -> Result<String, Exception> {
    match args.get(1) {
        Some(Value::Char(unit)) => Ok(unit_to_string(*unit)),
        _ => Ok(text(args, 1, "value")?.to_string()),
    }
}

fn index_of(args: &[Value], start: i32, count: Option<i32>, ignore_case: bool) -> Pure {
    let this = text(args, 0, "this")?;
    let needle = needle(args)?;
    let range = || {
        Exception::argument_range(
            "Index was out of range. Must be non-negative and less than or equal to the size of the \
             collection.",
            "startIndex",
        )
    };
    let first = usize::try_from(start).map_err(|_| range())?;
    let from = byte_offset(this, first).ok_or_else(range)?;
    let to = match count {
        Some(count) => usize::try_from(count)
            .ok()
            .and_then(|count| byte_offset(this, first.checked_add(count)?))
            .ok_or_else(|| {
                Exception::argument_range(
                    "Count must be positive and count must refer to a location within the \
                     string/array/collection.",
                    "count",
                )
            })?,
        None => this.len(),
    };
    let part = this.get(from..to).unwrap_or_default();
    let found = if ignore_case {
        find_folded(part, &needle)
    } else {
        part.find(&needle)
    };
    Ok(found.map_or(Value::Int(-1), |offset| {
        int_of(utf16_index(this, from + offset))
    }))
}

/// Byte offset of the first match without regard to case.
fn find_folded(text: &str, needle: &str) -> Option<usize> {
    let needle: Vec<char> = needle.chars().map(upper).collect();
    if needle.is_empty() {
        return Some(0);
    }
    text.char_indices()
        .map(|(offset, _)| offset)
        .find(|offset| {
            let tail = text.get(*offset..).unwrap_or_default();
            let mut chars = tail.chars().map(upper);
            needle.iter().all(|wanted| chars.next() == Some(*wanted))
        })
}

fn last_index_of(args: &[Value], ignore_case: bool) -> Pure {
    let this = text(args, 0, "this")?;
    let needle = needle(args)?;
    let found = if ignore_case {
        let mut last = None;
        let mut from = 0;
        while let Some(offset) = this.get(from..).and_then(|tail| find_folded(tail, &needle)) {
            last = Some(from + offset);
            let step = this
                .get(from + offset..)
                .and_then(|t| t.chars().next())
                .map(char::len_utf8);
            match step {
                Some(step) => from += offset + step,
                None => break,
            }
        }
        last
    } else {
        this.rfind(&needle)
    };
    Ok(found.map_or(Value::Int(-1), |offset| int_of(utf16_index(this, offset))))
}

fn empty_old_value() -> Exception {
    Exception::new(
        names::ARGUMENT,
        "String cannot be of zero length. (Parameter 'oldValue')",
    )
}

/// What a replacement can grow to is paid before it is made.
fn charge_replace(budget: &mut Budget, this: &str, old: &str, new: &str) -> Result<(), Exception> {
    let matches = this.matches(old).count();
    budget.allocate(this.len().saturating_add(matches.saturating_mul(new.len())))
}

fn replace_comparison(budget: &mut Budget, args: &[Value]) -> Pure {
    let this = text(args, 0, "this")?;
    let old = text(args, 1, "oldValue")?;
    let new = optional_text(args, 2).map_or("", |text| text);
    if old.is_empty() {
        return Err(empty_old_value());
    }
    if !ignores_case(args, 3) {
        charge_replace(budget, this, old, new)?;
        return made(budget, this.replace(old.as_str(), new));
    }
    let mut out = String::new();
    let mut rest: &str = this;
    let count = old.chars().count();
    while let Some(offset) = find_folded(rest, old) {
        let end = offset
            + rest
                .get(offset..)
                .unwrap_or_default()
                .chars()
                .take(count)
                .map(char::len_utf8)
                .sum::<usize>();
        budget.allocate(end.saturating_add(new.len()))?;
        budget.charge(rest.len() as u64 / 16)?;
        out.push_str(rest.get(..offset).unwrap_or_default());
        out.push_str(new);
        rest = rest.get(end..).unwrap_or_default();
    }
    out.push_str(rest);
    made(budget, out)
}

/// All forms of `Split`, told apart by their arguments.
pub(crate) fn split(budget: &mut Budget, args: &[Value]) -> Pure {
    let args = without_token(args);
    let this = text(args, 0, "this")?;
    let separators: Vec<String> = match args.get(1) {
        Some(Value::Char(unit)) => vec![unit_to_string(*unit)],
        Some(Value::Text(text)) if text.is_empty() => Vec::new(),
        Some(Value::Text(text)) => vec![text.to_string()],
        Some(Value::Object(_)) => elements(args, 1)
            .iter()
            .filter_map(|item| item.to_text().ok())
            .filter(|separator| !separator.is_empty())
            .collect(),
        _ => Vec::new(),
    };
    let mut limit = usize::MAX;
    let mut options = 0;
    for argument in args.iter().skip(2) {
        match argument {
            Value::Int(count) => {
                limit = usize::try_from(*count).map_err(|_| {
                    Exception::argument_range("Count cannot be less than zero.", "count")
                })?;
            }
            Value::Enum(_, value) => options = *value,
            _ => {}
        }
    }
    // Without separators, .NET splits at blanks; an empty string separates nothing.
    let by_blank = separators.is_empty() && !matches!(args.get(1), Some(Value::Text(_)));
    let parts = split_text(
        this,
        &separators,
        by_blank,
        limit,
        options & 1 != 0,
        options & 2 != 0,
    );
    budget.allocate(this.len().saturating_add(parts.len().saturating_mul(64)))?;
    let items = parts.into_iter().map(Value::from).collect();
    Ok(Value::object(Object::array(Type::STRING, items)))
}

fn split_text<'a>(
    this: &'a str,
    separators: &[String],
    by_blank: bool,
    limit: usize,
    remove_empty: bool,
    trim: bool,
) -> Vec<&'a str> {
    let mut parts = Vec::new();
    if limit == 0 {
        return parts;
    }
    let clean = |part: &'a str| if trim { part.trim() } else { part };
    let mut rest = this;
    loop {
        if parts.len() + 1 >= limit {
            break;
        }
        let found = if by_blank {
            rest.char_indices()
                .find(|(_, c)| c.is_whitespace())
                .map(|(offset, c)| (offset, c.len_utf8()))
        } else {
            separators
                .iter()
                .filter_map(|s| rest.find(s.as_str()).map(|offset| (offset, s.len())))
                .min_by_key(|(offset, _)| *offset)
        };
        let Some((offset, length)) = found else { break };
        let part = clean(rest.get(..offset).unwrap_or_default());
        rest = rest.get(offset + length..).unwrap_or_default();
        if !(remove_empty && part.is_empty()) {
            parts.push(part);
        }
    }
    let mut last = rest;
    if remove_empty {
        // Separators before the last part count as empty parts too.
        while let Some(separator) = separators.iter().find(|s| last.starts_with(s.as_str())) {
            if parts.len() + 1 < limit {
                break;
            }
            last = last.get(separator.len()..).unwrap_or_default();
        }
    }
    let last = clean(last);
    if !(remove_empty && last.is_empty()) {
        parts.push(last);
    }
    parts
}

fn trim(budget: &mut Budget, args: &[Value], start: bool, end: bool) -> Pure {
    let this = text(args, 0, "this")?;
    let wanted = units(args, 1);
    let matches = |c: char| {
        if wanted.is_empty() {
            c.is_whitespace()
        } else {
            u16::try_from(u32::from(c)).is_ok_and(|unit| wanted.contains(&unit))
        }
    };
    let mut part: &str = this;
    if start {
        part = part.trim_start_matches(matches);
    }
    if end {
        part = part.trim_end_matches(matches);
    }
    if part.len() == this.len() {
        return Ok(Value::Text(this.clone()));
    }
    made(budget, part.to_owned())
}

fn mapped(budget: &mut Budget, args: &[Value], map: fn(char) -> char) -> Pure {
    let this = text(args, 0, "this")?;
    made(budget, this.chars().map(map).collect())
}

fn pad(budget: &mut Budget, args: &[Value], left: bool) -> Pure {
    let this = text(args, 0, "this")?;
    let width = index(args, 1, "Non-negative number required.", "totalWidth")?;
    let filler = match args.get(2) {
        Some(Value::Char(unit)) => unit_to_string(*unit),
        _ => " ".to_owned(),
    };
    let missing = width.saturating_sub(utf16_len(this));
    budget.allocate(missing.saturating_mul(filler.len()))?;
    let padding = filler.repeat(missing);
    let content = if left {
        format!("{padding}{}", this.as_str())
    } else {
        format!("{}{padding}", this.as_str())
    };
    made(budget, content)
}

fn join(machine: &mut Machine<'_>, args: &[Value]) -> Pure {
    let separator = match args.first() {
        Some(Value::Char(unit)) => unit_to_string(*unit),
        Some(Value::Text(text)) => text.to_string(),
        _ => String::new(),
    };
    let source = value(args, 1);
    if source.is_null() {
        return Err(Exception::argument_null("values"));
    }
    let items = machine.collect(&source)?;
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            machine.budget.allocate(separator.len())?;
            out.push_str(&separator);
        }
        machine.append(&mut out, item)?;
    }
    Ok(Value::text(out))
}

fn concat(machine: &mut Machine<'_>, args: &[Value]) -> Pure {
    let source = value(args, 0);
    if source.is_null() {
        return Err(Exception::argument_null("values"));
    }
    let mut out = String::new();
    for item in machine.collect(&source)? {
        machine.append(&mut out, &item)?;
    }
    Ok(Value::text(out))
}
