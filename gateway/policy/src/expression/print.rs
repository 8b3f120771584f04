//! `ToString()` without a format, under the invariant culture.

use super::exception::Exception;
use super::numbers;
use super::object::{Object, lock};
use super::text::unit_to_string;
use super::types::{Enumeration, type_of};
use super::value::Value;
use super::{dates, guid};
use crate::expression::BudgetKind;

/// Tuples inside tuples that are printed.
const MAX_NESTING: u32 = 50;

/// Bytes that the parts of one value are printed in. A tuple may hold one tuple twice, and so on: its
/// text is two to the power of its depth long.
const MAX_PARTS: usize = 16 << 20;

/// Bytes that a part counts for at least.
const PART: usize = 64;

/// The text of a value; nothing for `null`, as in concatenation.
pub(crate) fn to_text(value: &Value) -> Result<String, Exception> {
    let mut left = MAX_PARTS;
    print(value, 0, &mut left)
}

fn print(value: &Value, depth: u32, left: &mut usize) -> Result<String, Exception> {
    Ok(match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Char(unit) => unit_to_string(*unit),
        Value::Float(value) => numbers::print_float(*value),
        Value::Double(value) => numbers::print_double(*value),
        Value::Decimal(value) => value.to_string(),
        Value::ULong(value) => value.to_string(),
        Value::Text(text) => text.to_string(),
        Value::Guid(bytes) => guid::print(bytes),
        Value::DateTime(time) => dates::print_date_time(*time, "G")?,
        Value::DateTimeOffset(time) => dates::print_offset(*time, "")?,
        Value::TimeSpan(span) => dates::print_span(*span, "c")?,
        Value::Enum(enumeration, value) => print_enum(*enumeration, *value),
        Value::Handle(_) => type_of(value).map(|ty| ty.full_name()).unwrap_or_default(),
        Value::Certificate(certificate) => certificate.to_dotnet_string(),
        Value::Object(object) => print_object(object, depth, left)?,
        other => other.as_int().unwrap_or_default().to_string(),
    })
}

/// The member's name, or the number if none has it.
pub(crate) fn print_enum(enumeration: Enumeration, value: i32) -> String {
    enumeration
        .members()
        .iter()
        .find(|(_, member)| *member == value)
        .map_or_else(|| value.to_string(), |(name, _)| (*name).to_owned())
}

fn print_object(object: &Object, depth: u32, left: &mut usize) -> Result<String, Exception> {
    if depth >= MAX_NESTING {
        return Err(Exception::budget(
            BudgetKind::Depth,
            "The value is nested too deeply to be printed.",
        ));
    }
    let mut to_text = |value: &Value| {
        let text = print(value, depth + 1, left)?;
        match left.checked_sub(text.len().max(PART)) {
            Some(rest) => {
                *left = rest;
                Ok(text)
            }
            None => Err(Exception::budget(
                BudgetKind::Allocation,
                "The value is too large to be printed.",
            )),
        }
    };
    Ok(match object {
        Object::StringBuilder(text) => lock(text).clone(),
        Object::Pair { key, value, .. } => format!("[{}, {}]", to_text(key)?, to_text(value)?),
        Object::Tuple { items, .. } => {
            let parts = items
                .iter()
                .map(&mut to_text)
                .collect::<Result<Vec<_>, _>>()?;
            format!("({})", parts.join(", "))
        }
        Object::Anonymous { shape, values } => {
            let mut text = String::from("{ ");
            for (at, ((name, _), value)) in shape.iter().zip(values).enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                text.push_str(name);
                text.push_str(" = ");
                text.push_str(&to_text(value)?);
            }
            text.push_str(" }");
            text
        }
        Object::Exception(exception) => format!("{}: {}", exception.type_name, exception.message),
        Object::Foreign(object) => object.print()?,
        other => other.type_of().full_name(),
    })
}
