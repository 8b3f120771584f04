//! Finding and replacing in strings.

use super::arguments::{ignores_case, int, optional_text, text, unit, units};
use super::pure;
use super::registry::Group;
use super::string_making::made;
use super::strings::{Pure, int_of};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::key::upper;
use crate::expression::text::{byte_offset, unit_to_string, utf16_index};
use crate::expression::value::Value;

pub(super) static STRING_SEARCH: Group = Group {
    owner: "string",
    entries: &[
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
            let mut wanted = units(args, 1);
            wanted.sort_unstable();
            let found = text(args, 0, "this")?
                .encode_utf16()
                .position(|u| wanted.binary_search(&u).is_ok());
            Ok(found.map_or(Value::Int(-1), int_of))
        }),
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
    ],
};

/// The string or character at argument 1.
pub(super) fn needle(args: &[Value]) -> Result<String, Exception> {
    match args.get(1) {
        Some(Value::Char(unit)) => Ok(unit_to_string(*unit)),
        _ => Ok(text(args, 1, "value")?.to_string()),
    }
}

pub(super) fn index_of(args: &[Value], start: i32, count: Option<i32>, ignore_case: bool) -> Pure {
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

/// A text in which letters of either case are the same: as many characters as before, so that a
/// search takes time in proportion to the lengths and not to their product.
fn folded(text: &str) -> String {
    text.chars().map(upper).collect()
}

/// Where the text goes on behind its first `count` characters.
fn behind(text: &str, count: usize) -> usize {
    text.char_indices()
        .nth(count)
        .map_or(text.len(), |(offset, _)| offset)
}

/// The offset in `text` for one in `folded`, its folded form.
fn unfolded(text: &str, folded: &str, offset: usize) -> usize {
    behind(
        text,
        folded.get(..offset).unwrap_or_default().chars().count(),
    )
}

/// Byte offset of the first match without regard to case.
fn find_folded(text: &str, needle: &str) -> Option<usize> {
    let all = folded(text);
    let found = all.find(&folded(needle))?;
    Some(unfolded(text, &all, found))
}

/// Byte offset of the last match without regard to case.
fn rfind_folded(text: &str, needle: &str) -> Option<usize> {
    let all = folded(text);
    let found = all.rfind(&folded(needle))?;
    Some(unfolded(text, &all, found))
}

pub(super) fn last_index_of(args: &[Value], ignore_case: bool) -> Pure {
    let this = text(args, 0, "this")?;
    let needle = needle(args)?;
    let found = if ignore_case {
        rfind_folded(this, &needle)
    } else {
        this.rfind(&needle)
    };
    Ok(found.map_or(Value::Int(-1), |offset| int_of(utf16_index(this, offset))))
}

pub(super) fn empty_old_value() -> Exception {
    Exception::new(
        names::ARGUMENT,
        "String cannot be of zero length. (Parameter 'oldValue')",
    )
}

/// What a replacement can grow to is paid before it is made.
pub(super) fn charge_replace(
    budget: &mut Budget,
    this: &str,
    old: &str,
    new: &str,
) -> Result<(), Exception> {
    let matches = this.matches(old).count();
    budget.allocate(this.len().saturating_add(matches.saturating_mul(new.len())))
}

pub(super) fn replace_comparison(budget: &mut Budget, args: &[Value]) -> Pure {
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
    let (all, wanted) = (folded(this), folded(old));
    let count = wanted.chars().count();
    let mut out = String::new();
    let mut rest: &str = this;
    let mut done = 0;
    for (offset, found) in all.match_indices(&wanted) {
        let before = all.get(done..offset).unwrap_or_default().chars().count();
        let kept = behind(rest, before);
        budget.allocate(kept.saturating_add(new.len()))?;
        budget.charge(1)?;
        out.push_str(rest.get(..kept).unwrap_or_default());
        out.push_str(new);
        rest = rest.get(kept..).unwrap_or_default();
        rest = rest.get(behind(rest, count)..).unwrap_or_default();
        done = offset + found.len();
    }
    out.push_str(rest);
    made(budget, out)
}
