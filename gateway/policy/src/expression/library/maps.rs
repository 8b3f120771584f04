//! `Dictionary` and its interfaces, which parts of `context` have too.

use std::sync::Arc;

use indexmap::IndexMap;

use super::arguments::{object, token, value};
use super::registry::Group;
use super::string_comparers::comparer_ignores_case;
use super::strings::int_of;
use super::{full, variables};
use crate::expression::exception::{Exception, names};
use crate::expression::key::Key;
use crate::expression::machine::Machine;
use crate::expression::object::{Object, lock};
use crate::expression::types::{Family, Type};
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

pub(super) static DICTIONARY: Group = Group {
    owner: "Dictionary<TKey,TValue>",
    entries: &[
        full("new()", |_, args| Ok(dictionary(args, false))),
        full("new(int capacity)", |_, args| Ok(dictionary(args, false))),
        full("new(IEqualityComparer<TKey> comparer)", |_, args| {
            Ok(dictionary(args, comparer_ignores_case(args, 0)))
        }),
        full(
            "new(IDictionary<TKey,TValue> dictionary)",
            |machine, args| {
                let made = dictionary(args, false);
                for (key, item) in pairs(machine, &value(args, 0))? {
                    add(machine, &[made.clone(), key, item], true)?;
                }
                Ok(made)
            },
        ),
        full("bool ContainsValue(TValue value)", |machine, args| {
            let wanted = value(args, 1);
            let all = pairs(machine, &value(args, 0))?;
            Ok(Value::Bool(
                all.iter()
                    .any(|(_, v)| crate::expression::key::equals(v, &wanted)),
            ))
        }),
        full("bool TryAdd(TKey key, TValue value)", |machine, args| {
            if lookup(machine, args)?.is_some() {
                return Ok(Value::Bool(false));
            }
            add(machine, args, true)?;
            Ok(Value::Bool(true))
        }),
    ],
};

pub(super) static IDICTIONARY: Group = Group {
    owner: "IDictionary<TKey,TValue>",
    entries: &[
        full("TValue this[TKey key]", get),
        full("void this[TKey key, TValue value]", |machine, args| {
            add(machine, args, true)
        }),
        full("void Add(TKey key, TValue value)", |machine, args| {
            add(machine, args, false)
        }),
        full("bool ContainsKey(TKey key)", |m, args| {
            Ok(Value::Bool(lookup(m, args)?.is_some()))
        }),
        full("bool TryGetValue(TKey key, out TValue value)", try_get),
        full("bool Remove(TKey key)", |machine, args| {
            // What is behind the removed entry moves.
            super::collections::charge_receiver(machine, args)?;
            let removed = match object(args, 0, "this")?.as_ref() {
                Object::Dictionary {
                    entries,
                    ignore_case,
                    ..
                } => lock(entries).shift_remove(&Key::of(&not_null(args)?, *ignore_case)),
                _ => None,
            };
            Ok(Value::Bool(removed.is_some()))
        }),
        full("int Count", |m, args| {
            Ok(int_of(pairs(m, &value(args, 0))?.len()))
        }),
        full("ICollection<TKey> Keys", keys),
        full("ICollection<TValue> Values", values),
        full("TValue GetValueOrDefault(TKey key)", or_default),
        full(
            "TValue GetValueOrDefault(TKey key, TValue defaultValue)",
            or_default,
        ),
    ],
};

pub(super) static READ_ONLY_DICTIONARY: Group = Group {
    owner: "IReadOnlyDictionary<TKey,TValue>",
    entries: &[
        full("TValue this[TKey key]", get),
        full("bool ContainsKey(TKey key)", |m, args| {
            Ok(Value::Bool(lookup(m, args)?.is_some()))
        }),
        full("bool TryGetValue(TKey key, out TValue value)", try_get),
        full("int Count", |m, args| {
            Ok(int_of(pairs(m, &value(args, 0))?.len()))
        }),
        full("IEnumerable<TKey> Keys", keys),
        full("IEnumerable<TValue> Values", values),
        full("TValue GetValueOrDefault(TKey key)", or_default),
        full(
            "TValue GetValueOrDefault(TKey key, TValue defaultValue)",
            or_default,
        ),
    ],
};

fn dictionary(args: &[Value], ignore_case: bool) -> Value {
    let (key, value) = match token(args) {
        Type::Generic(_, arguments) => match arguments.as_ref() {
            [key, value] => (key.clone(), value.clone()),
            _ => (Type::OBJECT, Type::OBJECT),
        },
        _ => (Type::OBJECT, Type::OBJECT),
    };
    made(key, value, ignore_case)
}

/// An empty dictionary.
pub(super) fn made(key: Type, value: Type, ignore_case: bool) -> Value {
    let entries = IndexMap::new().into();
    Value::object(Object::Dictionary {
        key,
        value,
        ignore_case,
        entries,
    })
}

/// All keys and values of a dictionary or a part of `context` that is one.
pub(super) fn pairs(
    machine: &mut Machine<'_>,
    map: &Value,
) -> Result<Vec<(Value, Value)>, Exception> {
    let found = match map {
        Value::Object(object) => match object.as_ref() {
            Object::Dictionary { entries, .. } => lock(entries).values().cloned().collect(),
            _ => return Err(Exception::null_reference()),
        },
        Value::Handle(handle) => variables::pairs(machine, *handle)?,
        _ => return Err(Exception::null_reference()),
    };
    machine.budget.charge(found.len() as u64)?;
    Ok(found)
}

fn not_null(args: &[Value]) -> Outcome {
    match value(args, 1) {
        Value::Null => Err(Exception::argument_null("key")),
        key => Ok(key),
    }
}

/// The value of the key at argument 1.
pub(super) fn lookup(
    machine: &mut Machine<'_>,
    args: &[Value],
) -> Result<Option<Value>, Exception> {
    let key = not_null(args)?;
    match args.first() {
        Some(Value::Object(object)) => match object.as_ref() {
            Object::Dictionary {
                entries,
                ignore_case,
                ..
            } => Ok(lock(entries)
                .get(&Key::of(&key, *ignore_case))
                .map(|(_, value)| value.clone())),
            _ => Err(Exception::null_reference()),
        },
        Some(Value::Handle(handle)) => variables::lookup(machine, *handle, &key),
        _ => Err(Exception::null_reference()),
    }
}

fn missing(key: &Value) -> Exception {
    let shown = key.to_text().unwrap_or_default();
    Exception::new(
        names::KEY_NOT_FOUND,
        format!("The given key '{shown}' was not present in the dictionary."),
    )
}

pub(super) fn get(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    lookup(machine, args)?.ok_or_else(|| missing(&value(args, 1)))
}

fn try_get(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let found = lookup(machine, args)?;
    let present = found.is_some();
    let default = match args.first() {
        Some(Value::Object(object)) => match object.type_of() {
            Type::Generic(Family::Dictionary, arguments) => arguments
                .get(1)
                .map_or(Value::Null, super::linq::default_value),
            _ => Value::Null,
        },
        _ => Value::Null,
    };
    machine.outs.push(found.unwrap_or(default));
    Ok(Value::Bool(present))
}

fn or_default(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    if let Some(found) = lookup(machine, args)? {
        return Ok(found);
    }
    let rest = super::arguments::without_token(args);
    Ok(match rest.get(2) {
        Some(default) => default.clone(),
        None => match args.first() {
            Some(Value::Object(object)) => match object.type_of() {
                Type::Generic(Family::Dictionary, arguments) => arguments
                    .get(1)
                    .map_or(Value::Null, super::linq::default_value),
                _ => Value::Null,
            },
            _ => Value::Null,
        },
    })
}

/// `Add`, or the assignment of an element if `replace`.
pub(super) fn add(machine: &mut Machine<'_>, args: &[Value], replace: bool) -> Outcome {
    machine.budget.allocate(3 * size_of::<Value>())?;
    let key = not_null(args)?;
    for held in [&key, &value(args, 2)] {
        super::collections::check_cycle(machine, &value(args, 0), held)?;
    }
    match object(args, 0, "this")?.as_ref() {
        Object::Dictionary {
            entries,
            ignore_case,
            ..
        } => {
            let folded = Key::of(&key, *ignore_case);
            let mut entries = lock(entries);
            if !replace && entries.contains_key(&folded) {
                let shown = key.to_text().unwrap_or_default();
                return Err(Exception::new(
                    names::ARGUMENT,
                    format!("An item with the same key has already been added. Key: {shown}"),
                ));
            }
            let old = entries.insert(folded, (key, value(args, 2)));
            drop(entries);
            drop(old);
            Ok(Value::Null)
        }
        _ => Err(Exception::new(
            names::NOT_SUPPORTED,
            "Collection is read-only.",
        )),
    }
}

fn key_type(args: &[Value], position: usize) -> Type {
    match args.first() {
        Some(Value::Object(object)) => match object.type_of() {
            Type::Generic(_, arguments) => arguments.get(position).cloned().unwrap_or(Type::OBJECT),
            _ => Type::OBJECT,
        },
        Some(Value::Handle(handle)) => {
            match (Type::Basic(handle.basic()).bases().first(), position) {
                (Some(Type::Generic(_, arguments)), position) => {
                    arguments.get(position).cloned().unwrap_or(Type::OBJECT)
                }
                _ => Type::OBJECT,
            }
        }
        _ => Type::OBJECT,
    }
}

fn keys(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let all = pairs(machine, &value(args, 0))?
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    Ok(Value::object(Object::list(key_type(args, 0), all)))
}

fn values(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let all = pairs(machine, &value(args, 0))?
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    Ok(Value::object(Object::list(key_type(args, 1), all)))
}

/// Pairs as objects.
pub(super) fn objects(pairs: Vec<(Value, Value)>, types: &Arc<[Type]>) -> Vec<Value> {
    pairs
        .into_iter()
        .map(|(key, value)| Value::object(Object::pair(types, key, value)))
        .collect()
}
