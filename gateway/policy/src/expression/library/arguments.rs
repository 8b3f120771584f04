//! Arguments of library functions, which the checker has converted to what the signature says.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::expression::exception::Exception;
use crate::expression::object::Object;
use crate::expression::text::Text;
use crate::expression::types::Type;
use crate::expression::value::Value;

/// Argument `index`; `null` if it is missing.
pub(super) fn value(arguments: &[Value], index: usize) -> Value {
    arguments.get(index).cloned().unwrap_or(Value::Null)
}

/// A string that must not be `null`; `name` is for the exception.
pub(super) fn text<'a>(
    arguments: &'a [Value],
    index: usize,
    name: &str,
) -> Result<&'a Text, Exception> {
    optional_text(arguments, index).ok_or_else(|| Exception::argument_null(name))
}

/// A string or `null`.
pub(super) fn optional_text(arguments: &[Value], index: usize) -> Option<&Text> {
    match arguments.get(index) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

pub(super) fn int(arguments: &[Value], index: usize) -> i32 {
    match arguments.get(index) {
        Some(Value::Int(value) | Value::Enum(_, value)) => *value,
        _ => 0,
    }
}

pub(super) fn long(arguments: &[Value], index: usize) -> i64 {
    match arguments.get(index) {
        Some(Value::Long(value)) => *value,
        Some(other) => other.as_int().unwrap_or_default(),
        None => 0,
    }
}

pub(super) fn double(arguments: &[Value], index: usize) -> f64 {
    match arguments.get(index) {
        Some(Value::Double(value)) => *value,
        Some(Value::Float(value)) => f64::from(*value),
        _ => 0.0,
    }
}

pub(super) fn decimal(arguments: &[Value], index: usize) -> Decimal {
    match arguments.get(index) {
        Some(Value::Decimal(value)) => *value,
        _ => Decimal::ZERO,
    }
}

pub(super) fn boolean(arguments: &[Value], index: usize) -> bool {
    matches!(arguments.get(index), Some(Value::Bool(true)))
}

pub(super) fn unit(arguments: &[Value], index: usize) -> u16 {
    match arguments.get(index) {
        Some(Value::Char(unit)) => *unit,
        _ => 0,
    }
}

/// A count or index that must not be negative.
pub(super) fn index(
    arguments: &[Value],
    index: usize,
    message: &str,
    name: &str,
) -> Result<usize, Exception> {
    usize::try_from(int(arguments, index)).map_err(|_| Exception::argument_range(message, name))
}

/// An object that must not be `null`.
pub(super) fn object<'a>(
    arguments: &'a [Value],
    index: usize,
    name: &str,
) -> Result<&'a Arc<Object>, Exception> {
    match arguments.get(index) {
        Some(Value::Object(object)) => Ok(object),
        _ => Err(Exception::argument_null(name)),
    }
}

/// The content of a `byte[]` that must not be `null`.
pub(super) fn bytes(arguments: &[Value], index: usize, name: &str) -> Result<Vec<u8>, Exception> {
    arguments
        .get(index)
        .and_then(Value::as_bytes)
        .ok_or_else(|| Exception::argument_null(name))
}

/// The elements of an array or collection in memory; none for `null`.
pub(super) fn elements(arguments: &[Value], index: usize) -> Vec<Value> {
    match arguments.get(index) {
        Some(Value::Object(object)) => object.elements().unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The UTF-16 units of a `char[]`; none for `null`.
pub(super) fn units(arguments: &[Value], index: usize) -> Vec<u16> {
    elements(arguments, index)
        .iter()
        .filter_map(|item| match item {
            Value::Char(unit) => Some(*unit),
            _ => None,
        })
        .collect()
}

/// The type that the checker put last.
pub(super) fn token(arguments: &[Value]) -> Type {
    match arguments.last() {
        Some(Value::Object(object)) => match object.as_ref() {
            Object::Token(ty) => ty.clone(),
            _ => Type::OBJECT,
        },
        _ => Type::OBJECT,
    }
}

/// The element type of the sequence type that the checker put last.
pub(super) fn element_token(arguments: &[Value]) -> Type {
    let ty = token(arguments);
    match &ty {
        Type::Array(element) => element.as_ref().clone(),
        other => other.element().unwrap_or(Type::OBJECT),
    }
}

/// Whether a `StringComparison` ignores case.
pub(super) fn ignores_case(arguments: &[Value], index: usize) -> bool {
    int(arguments, index) % 2 == 1
}

/// The arguments before the type that the checker put last.
pub(super) fn without_token(arguments: &[Value]) -> &[Value] {
    match arguments.split_last() {
        Some((Value::Object(last), rest)) if matches!(last.as_ref(), Object::Token(_)) => rest,
        _ => arguments,
    }
}
