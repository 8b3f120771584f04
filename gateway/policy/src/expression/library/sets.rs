//! `HashSet`, `Queue` and `Stack`.

use std::collections::VecDeque;

use super::arguments::{elements, object, value};
use super::collections::{Outcome, add, argument, charge_receiver, contains, count};
use super::full;
use super::lists::with;
use super::registry::Group;
use super::string_comparers::comparer_ignores_case;
use super::strings::int_of;
use crate::expression::exception::Exception;
use crate::expression::key::Key;
use crate::expression::object::{Object, lock};
use crate::expression::value::Value;

pub(super) static SET: Group = Group {
    owner: "HashSet<T>",
    entries: &[
        full("new()", |_, args| Ok(hash_set(args, Vec::new(), false))),
        full("new(IEqualityComparer<T> comparer)", |_, args| {
            Ok(hash_set(args, Vec::new(), comparer_ignores_case(args, 0)))
        }),
        full("new(IEnumerable<T> collection)", |machine, args| {
            let items = machine.collect(&value(args, 0))?;
            Ok(hash_set(args, items, false))
        }),
        full(
            "new(IEnumerable<T> collection, IEqualityComparer<T> comparer)",
            |machine, args| {
                let items = machine.collect(&value(args, 0))?;
                Ok(hash_set(args, items, comparer_ignores_case(args, 1)))
            },
        ),
    ],
};

pub(super) static ISET: Group = Group {
    owner: "ISet<T>",
    entries: &[
        full("bool Add(T item)", |machine, args| {
            add(machine, args).map(Value::Bool)
        }),
        full("void UnionWith(IEnumerable<T> other)", |machine, args| {
            for item in machine.collect(&value(args, 1))? {
                add(machine, &[value(args, 0), item])?;
            }
            Ok(Value::Null)
        }),
        full("void ExceptWith(IEnumerable<T> other)", |machine, args| {
            let others = machine.collect(&value(args, 1))?;
            if let Object::Set {
                entries,
                ignore_case,
                ..
            } = object(args, 0, "this")?.as_ref()
            {
                let mut entries = lock(entries);
                machine
                    .budget
                    .charge((others.len() as u64).saturating_mul(1 + entries.len() as u64 / 16))?;
                for item in others {
                    entries.shift_remove(&Key::of(&item, *ignore_case));
                }
            }
            Ok(Value::Null)
        }),
        full(
            "void IntersectWith(IEnumerable<T> other)",
            |machine, args| {
                let others = machine.collect(&value(args, 1))?;
                if let Object::Set {
                    entries,
                    ignore_case,
                    ..
                } = object(args, 0, "this")?.as_ref()
                {
                    let keys: std::collections::HashSet<Key> = others
                        .iter()
                        .map(|item| Key::of(item, *ignore_case))
                        .collect();
                    lock(entries).retain(|key, _| keys.contains(key));
                }
                Ok(Value::Null)
            },
        ),
        full("bool Overlaps(IEnumerable<T> other)", |machine, args| {
            let others = machine.collect(&value(args, 1))?;
            let set = object(args, 0, "this")?;
            Ok(Value::Bool(others.iter().any(|item| contains(set, item))))
        }),
        full("bool IsSubsetOf(IEnumerable<T> other)", |machine, args| {
            let others: std::collections::HashSet<Key> = machine
                .collect(&value(args, 1))?
                .iter()
                .map(|item| Key::of(item, false))
                .collect();
            charge_receiver(machine, args)?;
            Ok(Value::Bool(
                elements(args, 0)
                    .iter()
                    .all(|item| others.contains(&Key::of(item, false))),
            ))
        }),
        full(
            "bool IsSupersetOf(IEnumerable<T> other)",
            |machine, args| {
                let others = machine.collect(&value(args, 1))?;
                let set = object(args, 0, "this")?;
                Ok(Value::Bool(others.iter().all(|item| contains(set, item))))
            },
        ),
        full("bool SetEquals(IEnumerable<T> other)", |machine, args| {
            let others: std::collections::HashSet<Key> = machine
                .collect(&value(args, 1))?
                .iter()
                .map(|item| Key::of(item, false))
                .collect();
            charge_receiver(machine, args)?;
            let mine = elements(args, 0);
            Ok(Value::Bool(
                mine.len() == others.len()
                    && mine
                        .iter()
                        .all(|item| others.contains(&Key::of(item, false))),
            ))
        }),
    ],
};

pub(super) static QUEUE: Group = Group {
    owner: "Queue<T>",
    entries: &[
        full("new()", |_, args| Ok(queue(args, Vec::new()))),
        full("new(IEnumerable<T> collection)", |machine, args| {
            let items = machine.collect(&value(args, 0))?;
            Ok(queue(args, items))
        }),
        full("int Count", |_, args| Ok(int_of(count(args)?))),
        full("void Enqueue(T item)", |machine, args| {
            add(machine, args).map(|_| Value::Null)
        }),
        full("T Dequeue()", |_, args| take(args, true, "Queue empty.")),
        full("T Peek()", |_, args| take(args, false, "Queue empty.")),
        full("void Clear()", |_, args| {
            if let Object::Queue { items, .. } = object(args, 0, "this")?.as_ref() {
                lock(items).clear();
            }
            Ok(Value::Null)
        }),
    ],
};

pub(super) static STACK: Group = Group {
    owner: "Stack<T>",
    entries: &[
        full("new()", |_, args| Ok(stack(args, Vec::new()))),
        full("new(IEnumerable<T> collection)", |machine, args| {
            let items = machine.collect(&value(args, 0))?;
            Ok(stack(args, items))
        }),
        full("int Count", |_, args| Ok(int_of(count(args)?))),
        full("void Push(T item)", |machine, args| {
            add(machine, args).map(|_| Value::Null)
        }),
        full("T Pop()", |_, args| take(args, true, "Stack empty.")),
        full("T Peek()", |_, args| take(args, false, "Stack empty.")),
        full("void Clear()", |_, args| {
            with(args, |items| {
                items.clear();
                Ok(Value::Null)
            })
        }),
    ],
};

pub(super) fn hash_set(args: &[Value], items: Vec<Value>, ignore_case: bool) -> Value {
    Value::object(Object::set(argument(args, 0), ignore_case, items))
}

pub(super) fn queue(args: &[Value], items: Vec<Value>) -> Value {
    let items = VecDeque::from(items).into();
    Value::object(Object::Queue {
        element: argument(args, 0),
        items,
    })
}

pub(super) fn stack(args: &[Value], items: Vec<Value>) -> Value {
    Value::object(Object::Stack {
        element: argument(args, 0),
        items: items.into(),
    })
}

pub(super) fn take(args: &[Value], remove: bool, empty: &'static str) -> Outcome {
    let item = match object(args, 0, "this")?.as_ref() {
        Object::Queue { items, .. } if remove => lock(items).pop_front(),
        Object::Queue { items, .. } => lock(items).front().cloned(),
        Object::Stack { items, .. } if remove => lock(items).pop(),
        Object::Stack { items, .. } => lock(items).last().cloned(),
        _ => None,
    };
    item.ok_or_else(|| Exception::invalid_operation(empty))
}
