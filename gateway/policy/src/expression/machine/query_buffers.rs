//! The steps of LINQ queries that need all elements first.

use super::Machine;
use crate::expression::exception::Exception;
use crate::expression::key::Key;
use crate::expression::library;
use crate::expression::object::Object;
use crate::expression::query::SortKey;
use crate::expression::types::Type;
use crate::expression::value::Value;
use std::cmp::Ordering;
use std::sync::Arc;

/// Stable, with keys computed once per element.
pub(super) fn sorted(
    machine: &mut Machine<'_>,
    source: &Value,
    keys: &[SortKey],
) -> Result<Vec<Value>, Exception> {
    let items = machine.collect(source)?;
    let mut rows: Vec<(Vec<Value>, Value)> = Vec::with_capacity(items.len());
    for item in items {
        let mut row = Vec::with_capacity(keys.len());
        for key in keys {
            machine.budget.allocate(size_of::<Value>())?;
            row.push(machine.invoke(&key.selector, std::slice::from_ref(&item))?);
        }
        rows.push((row, item));
    }
    for index in 0..keys.len() {
        let column: Vec<&Value> = rows.iter().filter_map(|(row, _)| row.get(index)).collect();
        library::check_order(machine.budget, &column)?;
    }
    rows.sort_by(|(a, _), (b, _)| {
        for ((a, b), key) in a.iter().zip(b).zip(keys) {
            match library::compare_values(a, b, key.comparer) {
                // An order for all was made sure of above.
                Ok(Ordering::Equal) | Err(_) => {}
                Ok(order) => {
                    return if key.descending {
                        order.reverse()
                    } else {
                        order
                    };
                }
            }
        }
        Ordering::Equal
    });
    Ok(rows.into_iter().map(|(_, item)| item).collect())
}

pub(super) fn grouped(
    machine: &mut Machine<'_>,
    source: &Value,
    key: &Value,
    element: Option<&Value>,
    types: &Arc<[Type]>,
) -> Result<Vec<Value>, Exception> {
    let mut groups: indexmap::IndexMap<Key, (Value, Vec<Value>)> = indexmap::IndexMap::new();
    for item in machine.collect(source)? {
        let key = machine.invoke(key, std::slice::from_ref(&item))?;
        let item = match element {
            Some(selector) => machine.invoke(selector, &[item])?,
            None => item,
        };
        let entry = groups
            .entry(Key::of(&key, false))
            .or_insert_with(|| (key, Vec::new()));
        entry.1.push(item);
    }
    Ok(groups
        .into_values()
        .map(|(key, items)| {
            Value::object(Object::Grouping {
                types: Arc::clone(types),
                key,
                items,
            })
        })
        .collect())
}
