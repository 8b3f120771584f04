//! `Split`.

use super::arguments::{elements, text, without_token};
use super::pure;
use super::registry::Group;
use super::strings::Pure;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::object::Object;
use crate::expression::text::unit_to_string;
use crate::expression::types::Type;
use crate::expression::value::Value;

pub(super) static STRING_SPLITTING: Group = Group {
    owner: "string",
    entries: &[
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
    ],
};

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
        budget,
        this,
        &separators,
        by_blank,
        limit,
        options & 1 != 0,
        options & 2 != 0,
    )?;
    budget.allocate(this.len())?;
    let items = parts.into_iter().map(Value::from).collect();
    Ok(Value::object(Object::array(Type::STRING, items)))
}

/// Where a separator stands next.
struct Ahead<'s> {
    separator: &'s str,
    /// `None`: nowhere any more.
    at: Option<usize>,
}

pub(super) fn split_text<'a>(
    budget: &mut Budget,
    this: &'a str,
    separators: &[String],
    by_blank: bool,
    limit: usize,
    remove_empty: bool,
    trim: bool,
) -> Result<Vec<&'a str>, Exception> {
    let mut parts = Vec::new();
    if limit == 0 {
        return Ok(parts);
    }
    let clean = |part: &'a str| if trim { part.trim() } else { part };
    // Each separator is looked for again only once it has been passed: a text is read once for each
    // separator, however many parts it has.
    let mut ahead = Vec::new();
    for separator in separators {
        budget.charge(1 + this.len() as u64 / 64)?;
        let at = this.find(separator.as_str());
        ahead.push(Ahead { separator, at });
    }
    let mut from = 0;
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
            budget.charge(ahead.len() as u64 / 8)?;
            for one in &mut ahead {
                if one.at.is_some_and(|at| at < from) {
                    one.at = rest.find(one.separator).map(|offset| from + offset);
                }
            }
            ahead
                .iter()
                .filter_map(|one| Some((one.at? - from, one.separator.len())))
                .min_by_key(|(offset, _)| *offset)
        };
        let Some((offset, length)) = found else { break };
        let part = clean(rest.get(..offset).unwrap_or_default());
        rest = rest.get(offset + length..).unwrap_or_default();
        from += offset + length;
        if !(remove_empty && part.is_empty()) {
            budget.allocate(64)?;
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
        budget.allocate(64)?;
        parts.push(last);
    }
    Ok(parts)
}
