//! `JValue.Equals` and `JToken.DeepEquals`.

use std::sync::Arc;

use super::node::{Class, Kind, Node, Tree};
use super::ordering::nearly_equal;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::key::Key;
use crate::expression::machine::{integer, numeric};
use crate::expression::types::Basic;
use crate::expression::value::Value;

/// What makes a `JValue` equal to another: its `JTokenType` and its value, whatever the width of a
/// number.
pub(super) fn scalar_key(node: &Node) -> Key {
    let (kind, value) = node.scalar().unwrap_or((Kind::Null, Value::Null));
    let value = match (kind, &value) {
        (Kind::Float, value) => Key::of(&numeric(value, Basic::Double), false),
        (Kind::Integer, Value::Text(_)) | (Kind::String, Value::Text(_)) => Key::of(&value, false),
        (Kind::Integer, value) => Key::Scalar(8, integer(value).unwrap_or_default()),
        (Kind::Bytes, value) => Key::Parts(
            value
                .as_bytes()
                .unwrap_or_default()
                .into_iter()
                .map(|byte| Key::Scalar(3, i128::from(byte)))
                .collect(),
        ),
        (_, value) => Key::of(value, false),
    };
    Key::Parts(vec![Key::Scalar(200, kind as i128), value])
}

/// Whether two trees are equal: objects whatever the order of their properties.
pub(super) fn deep_equals(budget: &mut Budget, a: &Tree, b: &Tree) -> Result<bool, Exception> {
    let mut pending = vec![(Arc::clone(a), Arc::clone(b))];
    while let Some((a, b)) = pending.pop() {
        budget.charge(1)?;
        if Arc::ptr_eq(&a, &b) {
            continue;
        }
        match (a.class(), b.class()) {
            (Class::Value | Class::Raw, Class::Value | Class::Raw) => {
                if !same_scalar(budget, &a, &b)? {
                    return Ok(false);
                }
            }
            (Class::Object, Class::Object) => {
                if a.count() != b.count() {
                    return Ok(false);
                }
                for property in a.children() {
                    let other = property.name().and_then(|name| b.find(name));
                    let (Some(x), Some(y)) =
                        (property.only(), other.and_then(|other| other.only()))
                    else {
                        return Ok(false);
                    };
                    pending.push((x, y));
                }
            }
            (Class::Array, Class::Array) => {
                if a.count() != b.count() {
                    return Ok(false);
                }
                pending.extend(a.children().into_iter().zip(b.children()));
            }
            (Class::Property(x), Class::Property(y)) if x == y => {
                pending.extend(a.only().zip(b.only()));
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn same_scalar(budget: &mut Budget, a: &Tree, b: &Tree) -> Result<bool, Exception> {
    let (Some((x, left)), Some((y, right))) = (a.scalar(), b.scalar()) else {
        return Ok(false);
    };
    budget.charge_reading(&left)?;
    if x == Kind::Float && y == Kind::Float {
        let real = |value: &Value| match numeric(value, Basic::Double) {
            Value::Double(real) => real,
            _ => f64::NAN,
        };
        return Ok(nearly_equal(real(&left), real(&right)));
    }
    Ok(scalar_key(a) == scalar_key(b))
}
