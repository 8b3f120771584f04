//! Tokens as the roots of templates: members and items without a copy.

use std::sync::Arc;

use super::node::{Class, Tree};
use super::reader;
use super::token::{Token, node_of, value_of};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::value::Value;

/// What a token is to a template.
#[derive(Debug)]
pub(crate) enum Shape {
    Object,
    Array,
    /// What a `JValue` holds.
    Scalar(Value),
}

/// Reads a text; `None` if it is empty. `dates`: whether texts that are dates become dates.
///
/// # Errors
///
/// `Newtonsoft.Json.JsonReaderException` with the place, or the budget's.
pub(crate) fn parse(
    budget: &mut Budget,
    text: &str,
    dates: bool,
) -> Result<Option<Value>, Exception> {
    let (tree, _) = reader::deserialize(budget, text, dates)?;
    Ok(tree.map(value_of))
}

/// The shape of a token; `None` of other values. A property is its value.
pub(crate) fn shape(value: &Value) -> Option<Shape> {
    let node = node_of(value)?;
    Some(match node.class() {
        Class::Object => Shape::Object,
        Class::Array => Shape::Array,
        Class::Property(_) | Class::Value | Class::Raw => {
            Shape::Scalar(node.scalar().map_or(Value::Null, |(_, value)| value))
        }
    })
}

/// The elements of a sequence of .NET.
pub(crate) fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Object(object) => object.elements(),
        _ => None,
    }
}

/// How many children a token has.
pub(crate) fn length(value: &Value) -> usize {
    node_of(value).map_or(0, |node| node.count())
}

fn wrap(value: &Value, select: impl FnOnce(&Tree) -> Option<Tree>) -> Option<Value> {
    let token = value.as_foreign::<Token>()?;
    select(&token.node).map(|node| token.wrap(node))
}

/// The value of an object's property.
pub(crate) fn member(value: &Value, name: &str) -> Option<Value> {
    wrap(value, |node| node.find(name)?.only())
}

/// The item of an array.
pub(crate) fn item(value: &Value, index: usize) -> Option<Value> {
    wrap(value, |node| node.at(index))
}

/// Name and value of an object's property.
pub(crate) fn pair(value: &Value, index: usize) -> Option<(Arc<str>, Value)> {
    let property = node_of(value)?.at(index)?;
    let name = Arc::clone(property.name()?);
    Some((name, wrap(value, |_| property.only())?))
}
