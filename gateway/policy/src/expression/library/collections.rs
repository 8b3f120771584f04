//! Arrays, lists, sets, queues and stacks.

use std::collections::VecDeque;

use super::arguments::{element_token, elements, index, int, object, token, value};
use super::registry::Group;
use super::strings::{comparer_ignores_case, int_of};
use super::{compare_values, full, pure};
use crate::expression::exception::{Exception, names};
use crate::expression::key::{Key, equals};
use crate::expression::machine::Machine;
use crate::expression::object::{Object, lock};
use crate::expression::types::Type;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

const ITEM: usize = size_of::<Value>();

pub(super) static ARRAY: Group = Group {
    owner: "T[]",
    entries: &[
        pure("int Length", |_, args| Ok(int_of(count(args)?))),
        pure("T this[int index]", |_, args| {
            at(args).ok_or_else(Exception::index_range)
        }),
        full("void this[int index, T value]", |_, args| {
            set(args).ok_or_else(Exception::index_range)
        }),
        pure("T this[long index]", |_, args| {
            at(args).ok_or_else(Exception::index_range)
        }),
        full("object Clone()", |machine, args| {
            let object = object(args, 0, "this")?;
            machine.budget.allocate(count(args)?.saturating_mul(ITEM))?;
            let items = object.elements().unwrap_or_default();
            Ok(Value::object(match object.type_of() {
                Type::Array(element) => Object::array(element.as_ref().clone(), items),
                _ => return Err(Exception::null_reference()),
            }))
        }),
        full("void CopyTo(T[] array, int index)", |machine, args| {
            let length = count(args)?;
            copy(
                machine,
                &[
                    value(args, 0),
                    Value::Int(0),
                    value(args, 1),
                    value(args, 2),
                    int_of(length),
                ],
            )
        }),
        pure("bool Contains(T value)", |budget, args| {
            let object = object(args, 0, "source")?;
            budget.charge(object.count().unwrap_or_default() as u64 / 4)?;
            Ok(Value::Bool(contains(object, &value(args, 1))))
        }),
    ],
};

pub(super) static ARRAY_CLASS: Group = Group {
    owner: "Array",
    entries: &[
        pure("int Length", |_, args| Ok(int_of(count(args)?))),
        pure("int GetLength(int dimension)", |_, args| {
            Ok(int_of(count(args)?))
        }),
        full(
            "static void Copy(Array sourceArray, Array destinationArray, int length)",
            |machine, args| {
                copy(
                    machine,
                    &[
                        value(args, 0),
                        Value::Int(0),
                        value(args, 1),
                        Value::Int(0),
                        value(args, 2),
                    ],
                )
            },
        ),
        full(
            "static void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)",
            copy,
        ),
        full("static void Reverse(Array array)", |machine, args| {
            machine.budget.charge(count(args)? as u64)?;
            let array = object(args, 0, "array")?;
            let mut items = array.elements().unwrap_or_default();
            items.reverse();
            replace(array, items);
            Ok(Value::Null)
        }),
        full("static void Sort(Array array)", |machine, args| {
            machine.budget.charge(count(args)? as u64 * 8)?;
            let array = object(args, 0, "array")?;
            let items = sort(array.elements().unwrap_or_default())?;
            replace(array, items);
            Ok(Value::Null)
        }),
        full(
            "static void Clear(Array array, int index, int length)",
            |machine, args| {
                let array = object(args, 0, "array")?;
                let start = index(args, 1, "Index was out of range.", "index")?;
                let length = index(args, 2, "Length was out of range.", "length")?;
                machine.budget.charge(length as u64)?;
                for at in start..start.saturating_add(length) {
                    let zero = match array.at(at) {
                        Some(Value::Int(_)) => Value::Int(0),
                        Some(Value::Byte(_)) => Value::Byte(0),
                        Some(Value::Bool(_)) => Value::Bool(false),
                        Some(Value::Char(_)) => Value::Char(0),
                        Some(Value::Long(_)) => Value::Long(0),
                        Some(Value::Double(_)) => Value::Double(0.0),
                        Some(_) => Value::Null,
                        None => return Err(Exception::index_range()),
                    };
                    array.set_at(at, zero);
                }
                Ok(Value::Null)
            },
        ),
        full(
            "static bool Exists<T>(T[] array, Predicate<T> match)",
            |machine, args| {
                let found = find(machine, args)?;
                Ok(Value::Bool(found.is_some()))
            },
        ),
        full(
            "static T Find<T>(T[] array, Predicate<T> match)",
            |machine, args| {
                let found = find(machine, args)?;
                Ok(found.map_or_else(
                    || super::linq::default_value(&token(args)),
                    |(_, item)| item,
                ))
            },
        ),
        full(
            "static int FindIndex<T>(T[] array, Predicate<T> match)",
            |machine, args| Ok(find(machine, args)?.map_or(Value::Int(-1), |(at, _)| int_of(at))),
        ),
        full(
            "static T[] FindAll<T>(T[] array, Predicate<T> match)",
            |machine, args| {
                let found = filter(machine, args)?;
                Ok(Value::object(Object::array(element_token(args), found)))
            },
        ),
        full(
            "static bool TrueForAll<T>(T[] array, Predicate<T> match)",
            |machine, args| Ok(Value::Bool(filter(machine, args)?.len() == count(args)?)),
        ),
        full(
            "static TOut[] ConvertAll<TIn,TOut>(TIn[] array, Func<TIn,TOut> converter)",
            |machine, args| {
                let mut out = Vec::new();
                for item in elements(args, 0) {
                    machine.budget.allocate(ITEM)?;
                    out.push(machine.invoke(&value(args, 1), &[item])?);
                }
                Ok(Value::object(Object::array(element_token(args), out)))
            },
        ),
        pure("static int IndexOf<T>(T[] array, T value)", |_, args| {
            let wanted = value(args, 1);
            let at = object(args, 0, "array")?
                .elements()
                .unwrap_or_default()
                .iter()
                .position(|item| equals(item, &wanted));
            Ok(at.map_or(Value::Int(-1), int_of))
        }),
        full("static T[] Empty<T>()", |_, args| {
            Ok(Value::object(Object::array(
                element_token(args),
                Vec::new(),
            )))
        }),
    ],
};

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
                with(args, |items| {
                    items.extend(more);
                    Ok(Value::Null)
                })
            },
        ),
        full("void Insert(int index, T item)", |machine, args| {
            machine.budget.allocate(ITEM)?;
            with(args, |items| match usize::try_from(int(args, 1)) {
                Ok(at) if at <= items.len() => {
                    items.insert(at, value(args, 2));
                    Ok(Value::Null)
                }
                _ => Err(Exception::index_argument()),
            })
        }),
        full("void RemoveAt(int index)", |_, args| remove_at(args)),
        full("int RemoveAll(Predicate<T> match)", |machine, args| {
            let mut kept = Vec::new();
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
        full("void RemoveRange(int index, int count)", |_, args| {
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
            let sorted = sort(elements(args, 0))?;
            with(args, |items| {
                *items = sorted;
                Ok(Value::Null)
            })
        }),
        full("void ForEach(Action<T> action)", |machine, args| {
            for item in elements(args, 0) {
                machine.budget.charge(1)?;
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
        full("void this[int index, T value]", |_, args| {
            set(args).ok_or_else(Exception::index_argument)
        }),
    ],
};

pub(super) static ILIST: Group = Group {
    owner: "IList<T>",
    entries: &[
        pure("T this[int index]", |_, args| {
            at(args).ok_or_else(Exception::index_argument)
        }),
        full("void this[int index, T value]", |_, args| {
            set(args).ok_or_else(Exception::index_argument)
        }),
        pure("int IndexOf(T item)", |_, args| {
            let wanted = value(args, 1);
            let at = elements(args, 0)
                .iter()
                .position(|item| equals(item, &wanted));
            Ok(at.map_or(Value::Int(-1), int_of))
        }),
        full("void RemoveAt(int index)", |_, args| remove_at(args)),
    ],
};

pub(super) static COLLECTION: Group = Group {
    owner: "ICollection<T>",
    entries: &[
        full("int Count", |_, args| Ok(int_of(count(args)?))),
        full("void Add(T item)", |machine, args| {
            add(machine, args).map(|_| Value::Null)
        }),
        full("bool Remove(T item)", |_, args| {
            let wanted = value(args, 1);
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
            machine
                .budget
                .charge(object.count().unwrap_or_default() as u64 / 4)?;
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

fn argument(args: &[Value], index: usize) -> Type {
    match token(args) {
        Type::Generic(_, arguments) => arguments.get(index).cloned().unwrap_or(Type::OBJECT),
        _ => Type::OBJECT,
    }
}

fn list(args: &[Value], items: Vec<Value>) -> Value {
    Value::object(Object::list(argument(args, 0), items))
}

fn hash_set(args: &[Value], items: Vec<Value>, ignore_case: bool) -> Value {
    Value::object(Object::set(argument(args, 0), ignore_case, items))
}

fn queue(args: &[Value], items: Vec<Value>) -> Value {
    let items = VecDeque::from(items).into();
    Value::object(Object::Queue {
        element: argument(args, 0),
        items,
    })
}

fn stack(args: &[Value], items: Vec<Value>) -> Value {
    Value::object(Object::Stack {
        element: argument(args, 0),
        items: items.into(),
    })
}

/// Number of elements of the receiver.
pub(super) fn count(args: &[Value]) -> Result<usize, Exception> {
    match args.first() {
        Some(Value::Object(object)) => object.count().ok_or_else(Exception::null_reference),
        _ => Err(Exception::null_reference()),
    }
}

fn at(args: &[Value]) -> Option<Value> {
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

fn with(args: &[Value], change: impl FnOnce(&mut Vec<Value>) -> Outcome) -> Outcome {
    match object(args, 0, "this")?.as_ref() {
        Object::List { items, .. } | Object::Stack { items, .. } => change(&mut lock(items)),
        _ => Err(Exception::new(
            names::NOT_SUPPORTED,
            "Collection was of a fixed size.",
        )),
    }
}

/// Adds to any collection; whether it grew.
fn add(machine: &mut Machine<'_>, args: &[Value]) -> Result<bool, Exception> {
    machine.budget.allocate(ITEM)?;
    let item = value(args, 1);
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

fn remove_at(args: &[Value]) -> Outcome {
    with(args, |items| match usize::try_from(int(args, 1)) {
        Ok(at) if at < items.len() => {
            items.remove(at);
            Ok(Value::Null)
        }
        _ => Err(Exception::index_argument()),
    })
}

fn take(args: &[Value], remove: bool, empty: &'static str) -> Outcome {
    let item = match object(args, 0, "this")?.as_ref() {
        Object::Queue { items, .. } if remove => lock(items).pop_front(),
        Object::Queue { items, .. } => lock(items).front().cloned(),
        Object::Stack { items, .. } if remove => lock(items).pop(),
        Object::Stack { items, .. } => lock(items).last().cloned(),
        _ => None,
    };
    item.ok_or_else(|| Exception::invalid_operation(empty))
}

fn find(machine: &mut Machine<'_>, args: &[Value]) -> Result<Option<(usize, Value)>, Exception> {
    let object = object(args, 0, "array")?;
    for (at, item) in object
        .elements()
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        machine.budget.charge(1)?;
        let holds = machine.invoke(&value(args, 1), std::slice::from_ref(&item))?;
        if holds.as_bool() == Some(true) {
            return Ok(Some((at, item)));
        }
    }
    Ok(None)
}

fn filter(machine: &mut Machine<'_>, args: &[Value]) -> Result<Vec<Value>, Exception> {
    let object = object(args, 0, "array")?;
    let mut found = Vec::new();
    for item in object.elements().unwrap_or_default() {
        machine.budget.allocate(ITEM)?;
        if machine
            .invoke(&value(args, 1), std::slice::from_ref(&item))?
            .as_bool()
            == Some(true)
        {
            found.push(item);
        }
    }
    Ok(found)
}

/// `Comparer<T>.Default` order.
fn sort(mut items: Vec<Value>) -> Result<Vec<Value>, Exception> {
    let mut failure = None;
    items.sort_by(|a, b| {
        compare_values(a, b, None).unwrap_or_else(|error| {
            failure = Some(error);
            std::cmp::Ordering::Equal
        })
    });
    failure.map_or(Ok(items), Err)
}

fn replace(array: &Object, items: Vec<Value>) {
    for (at, item) in items.into_iter().enumerate() {
        array.set_at(at, item);
    }
}

/// `Array.Copy(source, sourceIndex, destination, destinationIndex, length)`.
fn copy(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let source = object(args, 0, "sourceArray")?;
    let target = object(args, 2, "destinationArray")?;
    let from = index(
        args,
        1,
        "Number was less than the array's lower bound in the first dimension.",
        "sourceIndex",
    )?;
    let to = index(
        args,
        3,
        "Number was less than the array's lower bound in the first dimension.",
        "destinationIndex",
    )?;
    let length = index(args, 4, "Non-negative number required.", "length")?;
    machine.budget.charge(length as u64)?;
    let fits = |object: &Object, start: usize| {
        start
            .checked_add(length)
            .is_some_and(|end| end <= object.count().unwrap_or_default())
    };
    if !fits(source, from) {
        return Err(Exception::new(
            names::ARGUMENT,
            "Source array was not long enough. Check the source index, length, and the array's lower \
             bounds. (Parameter 'sourceArray')",
        ));
    }
    if !fits(target, to) {
        return Err(Exception::new(
            names::ARGUMENT,
            "Destination array was not long enough. Check the destination index, length, and the \
             array's lower bounds. (Parameter 'destinationArray')",
        ));
    }
    let same = match (source.type_of(), target.type_of()) {
        (Type::Array(a), Type::Array(b)) => a == b || *b == Type::OBJECT || *a == Type::OBJECT,
        _ => false,
    };
    if !same {
        return Err(Exception::new(
            "System.ArrayTypeMismatchException",
            "Source array type cannot be assigned to destination array type.",
        ));
    }
    let items: Vec<Value> = (from..from + length)
        .filter_map(|at| source.at(at))
        .collect();
    for (offset, item) in items.into_iter().enumerate() {
        target.set_at(to + offset, item);
    }
    Ok(Value::Null)
}

/// A list of strings, for members of `context` that are one.
pub(super) fn strings<'a>(items: impl Iterator<Item = &'a str>) -> Value {
    Value::object(Object::array(
        Type::STRING,
        items.map(Value::from).collect(),
    ))
}
