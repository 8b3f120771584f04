//! Strings from strings: parts, case, padding, joining.

use super::arguments::{index, int, text, unit, units, value};
use super::formatting::format;
use super::registry::Group;
use super::strings::Pure;
use super::{full, pure};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::key::{lower, upper};
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::text::{Text, byte_offset, unit_to_string, utf16_len, utf16_slice};
use crate::expression::types::Type;
use crate::expression::value::Value;

pub(super) static STRING_MAKING: Group = Group {
    owner: "string",
    entries: &[
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

/// Pays for and wraps a new string.
pub(super) fn made(budget: &mut Budget, content: String) -> Pure {
    budget.allocate(content.len())?;
    Ok(Value::text(content))
}

pub(super) fn slice(budget: &mut Budget, this: &Text, start: usize, length: usize) -> Pure {
    if start == 0 && length == this.len() {
        return Ok(Value::Text(this.clone()));
    }
    let content = utf16_slice(this, start, length).ok_or_else(Exception::index_range)?;
    made(budget, content)
}

pub(super) fn substring_start(args: &[Value], length: usize) -> Result<usize, Exception> {
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

pub(super) fn trim(budget: &mut Budget, args: &[Value], start: bool, end: bool) -> Pure {
    let this = text(args, 0, "this")?;
    let mut wanted = units(args, 1);
    wanted.sort_unstable();
    let matches = |c: char| {
        if wanted.is_empty() {
            c.is_whitespace()
        } else {
            u16::try_from(u32::from(c)).is_ok_and(|unit| wanted.binary_search(&unit).is_ok())
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

pub(super) fn mapped(budget: &mut Budget, args: &[Value], map: fn(char) -> char) -> Pure {
    let this = text(args, 0, "this")?;
    made(budget, this.chars().map(map).collect())
}

pub(super) fn pad(budget: &mut Budget, args: &[Value], left: bool) -> Pure {
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

pub(super) fn join(machine: &mut Machine<'_>, args: &[Value]) -> Pure {
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

pub(super) fn concat(machine: &mut Machine<'_>, args: &[Value]) -> Pure {
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
