//! `List` and the interfaces of collections.

use super::arguments::{element_token, elements, int, object, value};
use super::arrays::{find, sort};
use super::collections::{
    ITEM, Outcome, add, argument, at, charge_receiver, charge_search, check_cycle, contains, count,
    set_checked,
};
use super::registry::Group;
use super::strings::int_of;
use super::{full, pure};
use crate::expression::exception::{Exception, names};
use crate::expression::key::{Key, equals};
use crate::expression::machine::Machine;
use crate::expression::object::{Object, lock};
use crate::expression::value::Value;

pub(super) static LIST: Group = Group {
    owner: "List<T>",
    entries: &[
        full("new()", |_, args| Ok(list(args, Vec::new()))),
        full("new(int capacity)", |_, args| Ok(list(args, Vec::new()))),
        full("new(IEnumerable<T> collection)", |machine, args| {
            if value(args, 0).is_null() {
                return Err(Exception::argument_null("collection"));
            }
            let items = machine.collect(&value(args, 0))?;
            Ok(list(args, items))
        }),
        full(
            "void AddRange(IEnumerable<T> collection)",
            |machine, args| {
                if value(args, 1).is_null() {
                    return Err(Exception::argument_null("collection"));
                }
                let more = machine.collect(&value(args, 1))?;
                for item in &more {
                    check_cycle(machine, &value(args, 0), item)?;
                }
                with(args, |items| {
                    items.extend(more);
                    Ok(Value::Null)
                })
            },
        ),
        full("void Insert(int index, T item)", |machine, args| {
            machine.budget.allocate(ITEM)?;
            charge_receiver(machine, args)?;
            check_cycle(machine, &value(args, 0), &value(args, 2))?;
            with(args, |items| match usize::try_from(int(args, 1)) {
                Ok(at) if at <= items.len() => {
                    items.insert(at, value(args, 2));
                    Ok(Value::Null)
                }
                _ => Err(Exception::index_argument()),
            })
        }),
        full("void RemoveAt(int index)", remove_at),
        full("int RemoveAll(Predicate<T> match)", |machine, args| {
            let mut kept = Vec::new();
            charge_receiver(machine, args)?;
            let all = elements(args, 0);
            let before = all.len();
            for item in all {
                if machine
                    .invoke(&value(args, 1), std::slice::from_ref(&item))?
                    .as_bool()
                    != Some(true)
                {
                    kept.push(item);
                }
            }
            let removed = before - kept.len();
            with(args, |items| {
                *items = kept;
                Ok(int_of(removed))
            })
        }),
        full("void RemoveRange(int index, int count)", |machine, args| {
            charge_receiver(machine, args)?;
            with(args, |items| {
                let range = usize::try_from(int(args, 1))
                    .ok()
                    .zip(usize::try_from(int(args, 2)).ok());
                match range {
                    Some((start, count)) if start.saturating_add(count) <= items.len() => {
                        items.drain(start..start + count);
                        Ok(Value::Null)
                    }
                    _ => Err(Exception::new(
                        names::ARGUMENT,
                        "Offset and length were out of bounds for the array or count is greater than \
                         the number of elements from index to the end of the source collection.",
                    )),
                }
            })
        }),
        full("void Reverse()", |machine, args| {
            machine.budget.charge(count(args)? as u64)?;
            with(args, |items| {
                items.reverse();
                Ok(Value::Null)
            })
        }),
        full("void Sort()", |machine, args| {
            machine.budget.charge(count(args)? as u64 * 8)?;
            let sorted = sort(machine, elements(args, 0))?;
            with(args, |items| {
                *items = sorted;
                Ok(Value::Null)
            })
        }),
        full("void ForEach(Action<T> action)", |machine, args| {
            charge_receiver(machine, args)?;
            for item in elements(args, 0) {
                machine.invoke(&value(args, 1), &[item])?;
            }
            Ok(Value::Null)
        }),
        full("bool Exists(Predicate<T> match)", |machine, args| {
            Ok(Value::Bool(find(machine, args)?.is_some()))
        }),
        full("int FindIndex(Predicate<T> match)", |machine, args| {
            Ok(find(machine, args)?.map_or(Value::Int(-1), |(at, _)| int_of(at)))
        }),
        full("T[] ToArray()", |machine, args| {
            machine.budget.allocate(count(args)?.saturating_mul(ITEM))?;
            Ok(Value::object(Object::array(
                element_token(args),
                elements(args, 0),
            )))
        }),
        pure("T this[int index]", |_, args| {
            at(args).ok_or_else(Exception::index_argument)
        }),
        full(
            "void this[int index, T value]",
            |machine, args| match set_checked(machine, args)? {
                true => Ok(Value::Null),
                false => Err(Exception::index_argument()),
            },
        ),
    ],
};

pub(super) static ILIST: Group = Group {
    owner: "IList<T>",
    entries: &[
        pure("T this[int index]", |_, args| {
            at(args).ok_or_else(Exception::index_argument)
        }),
        full(
            "void this[int index, T value]",
            |machine, args| match set_checked(machine, args)? {
                true => Ok(Value::Null),
                false => Err(Exception::index_argument()),
            },
        ),
        pure("int IndexOf(T item)", |budget, args| {
            let wanted = value(args, 1);
            charge_search(budget, object(args, 0, "this")?, &wanted)?;
            let at = elements(args, 0)
                .iter()
                .position(|item| equals(item, &wanted));
            Ok(at.map_or(Value::Int(-1), int_of))
        }),
        full("void RemoveAt(int index)", remove_at),
    ],
};

pub(super) static COLLECTION: Group = Group {
    owner: "ICollection<T>",
    entries: &[
        full("int Count", |_, args| Ok(int_of(count(args)?))),
        full("void Add(T item)", |machine, args| {
            add(machine, args).map(|_| Value::Null)
        }),
        full("bool Remove(T item)", |machine, args| {
            let wanted = value(args, 1);
            charge_receiver(machine, args)?;
            charge_search(machine.budget, object(args, 0, "this")?, &wanted)?;
            match object(args, 0, "this")?.as_ref() {
                Object::Set {
                    entries,
                    ignore_case,
                    ..
                } => {
                    let removed = lock(entries).shift_remove(&Key::of(&wanted, *ignore_case));
                    Ok(Value::Bool(removed.is_some()))
                }
                _ => with(args, |items| {
                    let at = items.iter().position(|item| equals(item, &wanted));
                    Ok(Value::Bool(at.map(|at| items.remove(at)).is_some()))
                }),
            }
        }),
        full("void Clear()", |_, args| {
            match object(args, 0, "this")?.as_ref() {
                Object::Set { entries, .. } => lock(entries).clear(),
                Object::Dictionary { entries, .. } => lock(entries).clear(),
                _ => {
                    return with(args, |items| {
                        items.clear();
                        Ok(Value::Null)
                    });
                }
            }
            Ok(Value::Null)
        }),
        full("bool Contains(T item)", |machine, args| {
            let object = object(args, 0, "source")?;
            charge_search(machine.budget, object, &value(args, 1))?;
            Ok(Value::Bool(contains(object, &value(args, 1))))
        }),
    ],
};

pub(super) static READ_ONLY_COLLECTION: Group = Group {
    owner: "IReadOnlyCollection<T>",
    entries: &[full("int Count", |_, args| Ok(int_of(count(args)?)))],
};

pub(super) static READ_ONLY_LIST: Group = Group {
    owner: "IReadOnlyList<T>",
    entries: &[pure("T this[int index]", |_, args| {
        at(args).ok_or_else(Exception::index_argument)
    })],
};

pub(super) fn list(args: &[Value], items: Vec<Value>) -> Value {
    Value::object(Object::list(argument(args, 0), items))
}

pub(super) fn with(args: &[Value], change: impl FnOnce(&mut Vec<Value>) -> Outcome) -> Outcome {
    match object(args, 0, "this")?.as_ref() {
        Object::List { items, .. } | Object::Stack { items, .. } => change(&mut lock(items)),
        _ => Err(Exception::new(
            names::NOT_SUPPORTED,
            "Collection was of a fixed size.",
        )),
    }
}

pub(super) fn remove_at(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    charge_receiver(machine, args)?;
    with(args, |items| match usize::try_from(int(args, 1)) {
        Ok(at) if at < items.len() => {
            items.remove(at);
            Ok(Value::Null)
        }
        _ => Err(Exception::index_argument()),
    })
}
