//! Copies of values that another request may read.

use std::sync::Arc;

use super::budget::Budget;
use super::exception::{Exception, names};
use super::object::{Object, lock};
use super::value::Value;

/// How deep collections may be nested in a value that is stored.
const MAX_DEPTH: u32 = 64;

impl Value {
    /// A copy that shares nothing that can change, and about how many bytes it takes.
    ///
    /// # Errors
    /// If it is no data, is nested too deeply, or takes more than `budget` has left.
    pub(crate) fn stored(&self, budget: &mut Budget) -> Result<(Self, usize), Exception> {
        let mut size = 0;
        let copy = copy(self, budget, &mut size, 0)?;
        Ok((copy, size))
    }
}

fn copy(
    value: &Value,
    budget: &mut Budget,
    size: &mut usize,
    depth: u32,
) -> Result<Value, Exception> {
    let object = match value {
        Value::Object(object) => object,
        Value::Handle(_) | Value::Certificate(_) => return Err(refused(value)),
        Value::Text(text) => {
            *size = size.saturating_add(size_of::<Value>() + text.len());
            return Ok(value.clone());
        }
        plain => {
            *size = size.saturating_add(size_of::<Value>());
            return Ok(plain.clone());
        }
    };
    if depth >= MAX_DEPTH {
        return Err(Exception::new(
            names::INVALID_OPERATION,
            "The value is nested too deeply to be stored.",
        ));
    }
    let mut all = |values: Vec<Value>| -> Result<Vec<Value>, Exception> {
        budget.allocate(values.len().saturating_mul(size_of::<Value>()))?;
        values
            .iter()
            .map(|value| copy(value, budget, size, depth + 1))
            .collect()
    };
    let copied = match &**object {
        Object::Bytes(content) => {
            let content = lock(content).clone();
            budget.allocate(content.len())?;
            *size = size.saturating_add(content.len());
            Object::byte_array(content)
        }
        Object::Array { element, items } => {
            let items = lock(items).clone();
            Object::array(element.clone(), all(items)?)
        }
        Object::List { element, items } => {
            let items = lock(items).clone();
            Object::list(element.clone(), all(items)?)
        }
        Object::Dictionary {
            key,
            value,
            ignore_case,
            entries,
        } => {
            let old = lock(entries).clone();
            let mut new = indexmap::IndexMap::with_capacity(old.len());
            for (index, (name, content)) in old {
                let mut pair = all(vec![name, content])?.into_iter();
                if let (Some(name), Some(content)) = (pair.next(), pair.next()) {
                    new.insert(index, (name, content));
                }
            }
            Object::Dictionary {
                key: key.clone(),
                value: value.clone(),
                ignore_case: *ignore_case,
                entries: std::sync::Mutex::new(new),
            }
        }
        Object::Foreign(foreign) => {
            let length = foreign.stored_length();
            budget.allocate(length)?;
            *size = size.saturating_add(length);
            return foreign.copied(budget)?.ok_or_else(|| refused(value));
        }
        _ => return Err(refused(value)),
    };
    *size = size.saturating_add(size_of::<Object>());
    Ok(Value::Object(Arc::new(copied)))
}

fn refused(value: &Value) -> Exception {
    Exception::new(
        names::INVALID_OPERATION,
        format!("A value of type '{}' cannot be stored.", value.type_name()),
    )
}
