//! Composite formatting: `string.Format`, `ToString(format)`.

use super::arguments::{text, value};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::machine::push_aligned;
use crate::expression::types::type_of;
use crate::expression::value::Value;
use crate::expression::{dates, guid};

/// `IFormattable.ToString(format)`; what has no formats prints as always.
pub(crate) fn format_value(value: &Value, format: &str) -> Result<String, Exception> {
    if format.is_empty() {
        return value.to_text();
    }
    match value {
        Value::DateTime(time) => dates::print_date_time(*time, format),
        Value::DateTimeOffset(time) => dates::print_offset(*time, format),
        Value::TimeSpan(span) => dates::print_span(*span, format),
        Value::Guid(bytes) => guid::print_format(bytes, format),
        Value::Enum(_, number) => match format {
            "G" | "g" | "F" | "f" => value.to_text(),
            "D" | "d" => Ok(number.to_string()),
            "X" | "x" => Ok(format!("{number:08X}")),
            _ => Err(Exception::format(
                "Format string can be only \"G\", \"g\", \"X\", \"x\", \"F\", \"f\", \"D\" or \"d\".",
            )),
        },
        // `char` and `bool` have no formats.
        Value::Char(_) | Value::Bool(_) => value.to_text(),
        other if type_of(other).is_some_and(|ty| ty.is_numeric()) => {
            crate::expression::number_formats::print_format(other, format)
        }
        other => match super::json::scalar(other) {
            // A `JValue` hands the format to what it holds.
            Some(scalar) => format_value(&scalar, format),
            None => other.to_text(),
        },
    }
}

/// `ToString(format)` as a member.
pub(super) fn to_string_format(budget: &mut Budget, args: &[Value]) -> Result<Value, Exception> {
    let format = match args.get(1) {
        Some(Value::Text(format)) => format.as_str(),
        _ => "",
    };
    let text = format_value(&value(args, 0), format)?;
    budget.allocate(text.len())?;
    Ok(Value::text(text))
}

/// `string.Format(format, args)`, the arguments as an array.
pub(super) fn format(budget: &mut Budget, args: &[Value]) -> Result<Value, Exception> {
    let pattern = text(args, 0, "format")?;
    let items = super::arguments::elements(args, 1);
    composite(budget, pattern, &items).map(Value::text)
}

/// "Composite formatting": `{index,alignment:format}`, braces doubled.
pub(super) fn composite(
    budget: &mut Budget,
    pattern: &str,
    items: &[Value],
) -> Result<String, Exception> {
    let bad = || Exception::format("Input string was not in a correct format.");
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let (literal, tail) = rest.split_at_checked(at).ok_or_else(bad)?;
        budget.allocate(literal.len())?;
        out.push_str(literal);
        if let Some(after) = tail.strip_prefix("{{") {
            out.push('{');
            rest = after;
            continue;
        }
        if let Some(after) = tail.strip_prefix("}}") {
            out.push('}');
            rest = after;
            continue;
        }
        let inner = tail.strip_prefix('{').ok_or_else(bad)?;
        let end = inner.find('}').ok_or_else(bad)?;
        let (hole, after) = inner.split_at_checked(end).ok_or_else(bad)?;
        rest = after.get(1..).unwrap_or_default();
        let (place, format) = hole.split_once(':').unwrap_or((hole, ""));
        let (index, alignment) = place.split_once(',').unwrap_or((place, "0"));
        let index: usize = index.trim().parse().map_err(|_| bad())?;
        let alignment: i32 = alignment.trim().parse().map_err(|_| bad())?;
        let item = items.get(index).ok_or_else(|| {
            Exception::format(
                "Index (zero based) must be greater than or equal to zero and less than the size of \
                 the argument list.",
            )
        })?;
        let part = format_value(item, format)?;
        push_aligned(budget, &mut out, &part, alignment)?;
    }
    budget.allocate(rest.len())?;
    out.push_str(rest);
    Ok(out)
}
