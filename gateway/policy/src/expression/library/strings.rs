//! `String`: looking at and comparing strings. Indexes count UTF-16 units.

use std::cmp::Ordering;

use super::arguments::{ignores_case, int, optional_text, text, unit, value};
use super::pure;
use super::registry::Group;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::key::{fold, lower};
use crate::expression::text::{Text, utf16_at, utf16_len};
use crate::expression::value::Value;

pub(super) type Pure = Result<Value, Exception>;

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
    ],
};

pub(super) fn int_of(value: usize) -> Value {
    Value::Int(i32::try_from(value).unwrap_or(i32::MAX))
}

pub(super) fn order(ordering: Ordering) -> Value {
    Value::Int(match ordering {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

/// Receiver and first argument, in upper case if case does not matter.
pub(super) fn folded(args: &[Value], ignore_case: bool) -> Result<(String, String), Exception> {
    let this = text(args, 0, "this")?;
    let other = text(args, 1, "value")?;
    Ok(if ignore_case {
        (fold(this), fold(other))
    } else {
        (this.to_string(), other.to_string())
    })
}

pub(super) fn equals_comparison(_: &mut Budget, args: &[Value]) -> Pure {
    let equal = match (optional_text(args, 0), optional_text(args, 1)) {
        (Some(a), Some(b)) if ignores_case(args, 2) => fold(a) == fold(b),
        (a, b) => a == b,
    };
    Ok(Value::Bool(equal))
}

pub(super) fn compare(args: &[Value], ignore_case: bool, culture: bool) -> Ordering {
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
