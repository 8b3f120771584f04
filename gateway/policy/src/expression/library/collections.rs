//! What arrays and collections share: elements, searching, and what it costs.

use std::collections::HashSet;
use std::sync::Arc;

use super::arguments::{object, token, value};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::key::{Key, equals};
use crate::expression::machine::Machine;
use crate::expression::object::{Object, lock};
use crate::expression::types::Type;
use crate::expression::value::Value;

pub(super) type Outcome = Result<Value, Exception>;

pub(super) const ITEM: usize = size_of::<Value>();

pub(super) fn argument(args: &[Value], index: usize) -> Type {
    match token(args) {
        Type::Generic(_, arguments) => arguments.get(index).cloned().unwrap_or(Type::OBJECT),
        _ => Type::OBJECT,
    }
}

/// Number of elements of the receiver.
pub(super) fn count(args: &[Value]) -> Result<usize, Exception> {
    match args.first() {
        Some(Value::Object(object)) => object.count().ok_or_else(Exception::null_reference),
        _ => Err(Exception::null_reference()),
    }
}

/// Pays for copying or comparing all elements of an object.
pub(super) fn charge_elements(machine: &mut Machine<'_>, object: &Object) -> Result<(), Exception> {
    machine
        .budget
        .charge(object.count().unwrap_or_default() as u64 / 4)
}

/// The same for the receiver; what is `null` costs nothing.
pub(super) fn charge_receiver(machine: &mut Machine<'_>, args: &[Value]) -> Result<(), Exception> {
    match args.first() {
        Some(Value::Object(object)) => charge_elements(machine, object),
        _ => Ok(()),
    }
}

/// Pays for a search of `wanted` among all elements.
pub(super) fn charge_search(
    budget: &mut Budget,
    object: &Object,
    wanted: &Value,
) -> Result<(), Exception> {
    if matches!(object, Object::Set { .. }) {
        return Ok(());
    }
    let each = match wanted {
        Value::Text(text) => 1 + text.len() as u64 / 16,
        _ => 1,
    };
    budget.charge((object.count().unwrap_or_default() as u64 / 4).saturating_mul(each))
}

pub(super) fn at(args: &[Value]) -> Option<Value> {
    let index = usize::try_from(args.get(1)?.as_int()?).ok()?;
    match args.first() {
        Some(Value::Object(object)) => object.at(index),
        _ => None,
    }
}

fn set(args: &[Value]) -> Option<Value> {
    let index = usize::try_from(args.get(1)?.as_int()?).ok()?;
    match args.first() {
        Some(Value::Object(object)) => object.set_at(index, value(args, 2)).then_some(Value::Null),
        _ => None,
    }
}

/// Whether an object in memory has an element equal to `wanted`.
pub(super) fn contains(object: &Object, wanted: &Value) -> bool {
    match object {
        Object::Set {
            entries,
            ignore_case,
            ..
        } => lock(entries).contains_key(&Key::of(wanted, *ignore_case)),
        Object::Array { items, .. } | Object::List { items, .. } | Object::Stack { items, .. } => {
            lock(items).iter().any(|item| equals(item, wanted))
        }
        Object::Bytes(content) => match wanted {
            Value::Byte(byte) => lock(content).contains(byte),
            _ => false,
        },
        other => other
            .elements()
            .unwrap_or_default()
            .iter()
            .any(|item| equals(item, wanted)),
    }
}

/// Refuses to put into a collection what holds that collection: nothing would ever free either.
pub(super) fn check_cycle(
    machine: &mut Machine<'_>,
    container: &Value,
    item: &Value,
) -> Result<(), Exception> {
    let (Value::Object(container), Value::Object(item)) = (container, item) else {
        return Ok(());
    };
    let mut pending = vec![Arc::clone(item)];
    let mut seen = HashSet::new();
    while let Some(object) = pending.pop() {
        if Arc::ptr_eq(&object, container) {
            return Err(Exception::new(
                names::INVALID_OPERATION,
                "An object cannot be put into itself.",
            ));
        }
        machine
            .budget
            .charge(1 + object.count().unwrap_or_default() as u64 / 16)?;
        object.visit_objects(&mut |inner| {
            if seen.insert(Arc::as_ptr(inner).addr()) {
                pending.push(Arc::clone(inner));
            }
            true
        });
    }
    Ok(())
}

/// The setter of elements of arrays and lists; `false` past the end.
pub(super) fn set_checked(machine: &mut Machine<'_>, args: &[Value]) -> Result<bool, Exception> {
    check_cycle(machine, &value(args, 0), &value(args, 2))?;
    Ok(set(args).is_some())
}

/// Adds to any collection; whether it grew.
pub(super) fn add(machine: &mut Machine<'_>, args: &[Value]) -> Result<bool, Exception> {
    machine.budget.allocate(ITEM)?;
    let item = value(args, 1);
    check_cycle(machine, &value(args, 0), &item)?;
    match object(args, 0, "this")?.as_ref() {
        Object::List { items, .. } | Object::Stack { items, .. } => lock(items).push(item),
        Object::Queue { items, .. } => lock(items).push_back(item),
        Object::Set {
            entries,
            ignore_case,
            ..
        } => {
            machine.budget.allocate(ITEM)?;
            let key = Key::of(&item, *ignore_case);
            let mut entries = lock(entries);
            if entries.contains_key(&key) {
                return Ok(false);
            }
            entries.insert(key, item);
        }
        _ => {
            return Err(Exception::new(
                names::NOT_SUPPORTED,
                "Collection was of a fixed size.",
            ));
        }
    }
    Ok(true)
}

/// A list of strings, for members of `context` that are one.
pub(super) fn strings<'a>(items: impl Iterator<Item = &'a str>) -> Value {
    Value::object(Object::array(
        Type::STRING,
        items.map(Value::from).collect(),
    ))
}
